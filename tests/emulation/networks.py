"""Random networks for the emulation: every kind of speaker, and every rule that they follow between themselves."""

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
    Peering,
    Preference,
    Router,
    RouterNic,
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

AZURE = [IPv4Network(text) for text in ("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.9.0.0/24")]
SITES = [
    IPv4Network(text)
    for text in ("10.100.0.0/24", "10.100.0.0/16", "10.100.0.4/32", "10.0.0.0/8", "0.0.0.0/0", "10.0.1.128/25")
]
EVERY = [*AZURE, *SITES]
DEVICE_ASNS = [65010, 65011, 65010, 3320]


def some(values: list[IPv4Network], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[IPv4Network, ...]]:
    return st.lists(st.sampled_from(values), unique=True, min_size=least, max_size=most).map(tuple)


@st.composite
def filters(draw: DrawFn, asn: int) -> Filter:
    """Nothing, mostly: what is rare in life is rare here."""
    kind = draw(st.sampled_from(["none", "none", "none", "deny", "permit", "prepend", "some"]))
    if kind == "deny":
        return Filter(deny=draw(some(EVERY, 1)))
    if kind == "permit":
        return Filter(permit=draw(some(EVERY)))
    if kind == "prepend":
        return Filter(prepend=(asn,) * draw(st.integers(1, 3)))
    if kind == "some":
        return Filter(prepend=(asn, asn), prepend_only=draw(some(SITES, 1)))
    return Filter()


@st.composite
def circuits(draw: DrawFn, number: int, routers: list[tuple[str, int]]) -> Circuit:
    name, asn = draw(st.sampled_from(routers))
    paths: list[CircuitPath] = []
    for index, path in enumerate(("primary", "secondary")):
        base = IPv4Address(f"172.16.{number}.0") + 4 * index
        state = draw(st.sampled_from([State.UP, State.UP, State.UP, State.DOWN]))
        to_router, from_router = draw(filters(12076)), draw(filters(asn))
        msee = IPv4Address(f"192.0.2.{10 * number + index + 1}")
        paths.append(CircuitPath(path, msee, name, base + 2, base + 1, state, to_router, from_router))
    only = draw(st.sampled_from([None, None, None, True]))
    return Circuit(f"c{number}", tuple(paths), advertises_only=draw(some(EVERY, 1, 6)) if only else None)


@st.composite
def networks(draw: DrawFn) -> Topology:
    """A hub with gateways, spokes, another VNet behind ExpressRoute, a provider, devices and an appliance."""
    er, vpn, server = (draw(st.sampled_from([True, True, False])) for _ in range(3))
    branch = er and draw(st.booleans())
    devices = [
        Router(f"device{index}", draw(st.sampled_from(DEVICE_ASNS)), (), (IPv4Address(f"10.100.255.{index + 1}"),),
               draw(some(SITES, 1)))
        for index in range(draw(st.integers(1, 2)))
    ]  # fmt: skip
    provider = Router("provider", 65001, (), (IPv4Address("10.100.255.9"),), draw(some(SITES, 0, 2)))
    circuit_list: list[Circuit] = []
    if er:
        ends = [("provider", 65001), ("provider", 65001), (devices[0].name, devices[0].asn or 0)]
        circuit_list = [draw(circuits(number, ends)) for number in range(1 + (branch or draw(st.booleans())))]
        statics = [
            Static(prefix, draw(st.sampled_from([path.msee_peer_ip for c in circuit_list for path in c.paths])), True)
            for prefix in draw(some(SITES[2:4], 0, 2))
        ]
        provider = Router("provider", 65001, (), provider.addresses, provider.networks, tuple(statics))
    connections = [
        VpnConnection(
            f"site{index}",
            "vpn",
            device.name,
            instances=draw(st.sampled_from([None, None, (0,)])),
            remote_ip=IPv4Address(f"169.254.0.{index + 1}"),
            over=Underlay.INTERNET,
            bgp=draw(st.sampled_from([True, True, True, False])),
            static_prefixes=draw(st.sampled_from([(), (), (SITES[0],), (SITES[1],)])),
            exports=draw(filters(65515)),
            imports=draw(filters(device.asn or 0)),
        )
        for index, device in enumerate(devices)
        if vpn
    ]
    transit = draw(st.booleans())
    preference = draw(st.sampled_from(Preference))
    sessions: list[BgpSession] = []
    if server and transit and draw(st.booleans()):
        nva = Router("nva", draw(st.sampled_from([65020, 65010])), (RouterNic("hub", "vm", IPv4Address("10.0.0.9")),),
                     (), draw(some(SITES, 1)))  # fmt: skip
        devices.append(nva)
        for index in (68, 69):
            ip = IPv4Address(f"10.0.0.{index}")
            sessions.append(
                BgpSession(f"nva{index}", "nva", "rs", IPv4Address("10.0.0.9"), ip, draw(filters(nva.asn or 0)))
            )
    if draw(st.booleans()):
        sessions.append(
            BgpSession("inner", "provider", devices[0].name, provider.addresses[0], devices[0].addresses[0],
                       draw(filters(65001)), draw(filters(devices[0].asn or 0)))
        )  # fmt: skip
    gateway_asn = draw(st.sampled_from([65515, 65515, 65515, 65514])) if vpn else 65515
    instances = tuple(
        VpnInstance(IPv4Address(f"10.0.0.{46 + index}"), IPv4Address(f"10.0.0.{36 + index}"),
                    apipa=(IPv4Address(f"169.254.21.{index + 1}"),))
        for index in range(draw(st.integers(1, 2)))
    )  # fmt: skip
    vnets = [
        VNet("hub", (AZURE[0],), (Subnet("vm", IPv4Network("10.0.0.0/27")),)),
        VNet("spoke", (AZURE[1],), (Subnet("vm", AZURE[1]),)),
        VNet("other", (AZURE[2],), (Subnet("vm", AZURE[2]),)),
        VNet("branch", (AZURE[3],), (Subnet("vm", IPv4Network("10.9.0.0/25")),)),
    ]
    er_connections = [
        ErConnection(f"er-{item.name}", "er", item.name, draw(st.sampled_from([0, 0, 10])))
        for item in circuit_list
        if not branch or item.name == "c0"
    ]
    if branch:
        home = draw(st.sampled_from(["c0", "c1"]))
        er_connections.append(ErConnection("branch-er", "branch-er", home))
    ers = tuple(IPv4Address(f"10.0.0.{44 + index}") for index in range(draw(st.integers(1, 2))))
    er_gateways = [ErGateway("er", "hub", ers, allow_remote_vnet_traffic=draw(st.booleans()))]
    if branch:
        ips = IPv4Address("10.9.0.244"), IPv4Address("10.9.0.245")
        er_gateways.append(ErGateway("branch-er", "branch", ips, allow_remote_vnet_traffic=draw(st.booleans())))
    servers = (IPv4Address("10.0.0.68"), IPv4Address("10.0.0.69"))
    return Topology(
        vnets=tuple(vnets),
        peerings=(
            Peering("hub", "spoke", allow_gateway_transit=True),
            Peering("spoke", "hub", use_remote_gateways=draw(st.booleans())),
        ),
        vpn_gateways=(VpnGateway("vpn", "hub", instances, gateway_asn, len(instances) == 2),) if vpn else (),
        er_gateways=tuple(er_gateways) if er else (),
        route_servers=(RouteServer("rs", "hub", servers, 65515, transit, preference),) if server else (),
        circuits=tuple(circuit_list),
        er_connections=tuple(er_connections) if er else (),
        routers=(provider, *devices),
        vpn_connections=tuple(connections),
        bgp_sessions=tuple(sessions),
    )
