"""Random networks with IPsec over ExpressRoute, small enough to run: one hub, one site, one or two devices.

Everything that decides what happens to packets varies: what goes over the circuit, what the tunnel carries, where outer
packets go, who is preferred, and whether the provider has a router between the circuit and the site.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from vpner.topology import (
    BgpSession,
    Circuit,
    CircuitPath,
    ErConnection,
    ErGateway,
    Filter,
    Intent,
    Mode,
    Peering,
    Preference,
    Router,
    RouteServer,
    State,
    Static,
    Subnet,
    Topology,
    Underlay,
    VNet,
    VpnConnection,
    VpnGateway,
    VpnInstance,
)

HUB, SPOKE, SITE = (IPv4Network(text) for text in ("10.0.0.0/24", "10.0.1.0/24", "10.100.0.0/24"))
ENDPOINT, PROVIDER = IPv4Address("10.100.255.4"), IPv4Address("10.100.255.9")
SPEAKS = IPv4Address("10.100.255.5")
"""By which address the device speaks BGP to the provider: not the endpoint, whose /32 it announces there. FRR takes a
route for unreachable whose next hop is the prefix itself."""
TUNNELS = (IPv4Address("10.0.0.36"), IPv4Address("10.0.0.37"))


@st.composite
def sites(draw: DrawFn) -> Topology:
    """One hub with a spoke, one circuit, one device; a provider's router between them, or none."""
    direct = draw(st.booleans())
    paths = draw(st.sampled_from([1, 2]))
    instances = draw(st.sampled_from([1, 2]))
    over_circuit = draw(st.sampled_from([(), (SITE,), (IPv4Network("10.100.0.0/16"),)]))
    endpoint_known = draw(st.sampled_from([True, True, True, False]))
    aside = draw(st.sampled_from([True, True, True, False]))
    prepend = (65010,) * draw(st.sampled_from([0, 0, 1, 2, 3]))
    host = (IPv4Network(ENDPOINT),) if endpoint_known else ()
    allowed = Filter(permit=(*over_circuit, *host))
    way = IPv4Address("172.16.0.2") if direct else PROVIDER
    device = Router(
        "device",
        65010,
        addresses=(ENDPOINT, SPEAKS),
        networks=(SITE, IPv4Network(ENDPOINT), *(prefix for prefix in over_circuit if prefix != SITE)),
        statics=(
            Static(IPv4Network("10.101.0.0/24"), way),
            *(Static(IPv4Network(ip), way) for ip in TUNNELS[:instances] if aside),
        ),
    )
    provider = Router("provider", 65001, addresses=(PROVIDER,))
    circuit = tuple(
        CircuitPath(
            name,
            IPv4Address(f"192.0.2.{index + 1}"),
            "device" if direct else "provider",
            IPv4Address("172.16.0.2") + 4 * index,
            IPv4Address("172.16.0.1") + 4 * index,
            State.UP if index < paths else State.ABSENT,
            from_router=allowed if direct else Filter(),
        )
        for index, name in enumerate(("primary", "secondary"))
    )
    server = RouteServer(
        "rs",
        "hub",
        (IPv4Address("10.0.0.68"), IPv4Address("10.0.0.69")),
        branch_to_branch=draw(st.booleans()),
        preference=draw(st.sampled_from(Preference)),
    )
    connection = VpnConnection(
        "site",
        "vpn",
        "device",
        remote_ip=IPv4Address("169.254.0.1"),
        remote_endpoint=ENDPOINT,
        over=Underlay.EXPRESSROUTE,
        imports=Filter(deny=(IPv4Network(ENDPOINT),), prepend=prepend),
    )
    inner = BgpSession("inner", "provider", "device", PROVIDER, SPEAKS, b_exports=allowed)
    return Topology(
        vnets=(
            VNet(
                "hub",
                (HUB,),
                (
                    Subnet("vm", IPv4Network("10.0.0.0/27")),
                    Subnet("GatewaySubnet", IPv4Network("10.0.0.32/27")),
                    Subnet("RouteServerSubnet", IPv4Network("10.0.0.64/26")),
                ),
            ),
            VNet("spoke", (SPOKE,), (Subnet("vm", SPOKE),)),
        ),
        peerings=(
            Peering("hub", "spoke", allow_gateway_transit=True),
            Peering("spoke", "hub", use_remote_gateways=True),
        ),
        vpn_gateways=(
            VpnGateway(
                "vpn",
                "hub",
                tuple(
                    VpnInstance(
                        IPv4Address("10.0.0.46") + index, TUNNELS[index], apipa=(IPv4Address("169.254.21.1") + index,)
                    )
                    for index in range(instances)
                ),
                active_active=instances == 2,
            ),
        ),
        er_gateways=(ErGateway("er", "hub", (IPv4Address("10.0.0.44"), IPv4Address("10.0.0.45"))),),
        route_servers=(server,) if draw(st.booleans()) else (),
        circuits=(Circuit("circuit", circuit),),
        er_connections=(ErConnection("er-circuit", "er", "circuit"),),
        routers=(device,) if direct else (device, provider),
        vpn_connections=(connection,),
        bgp_sessions=() if direct else (inner,),
        intent=(Intent((IPv4Network("10.0.0.0/27"), SPOKE), (SITE,), Mode.PREFERRED, "site"),),
    )
