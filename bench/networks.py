"""Networks of a given size, in the shape of large ones: a hub, spokes peered to it, many prefixes on site."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from vpner.topology import (
    PATHS,
    Circuit,
    CircuitPath,
    ErConnection,
    ErGateway,
    Filter,
    Intent,
    Mode,
    Nic,
    Peering,
    Preference,
    Router,
    RouteServer,
    Static,
    Subnet,
    Topology,
    Underlay,
    VNet,
    VpnConnection,
    VpnGateway,
    VpnInstance,
)

ON_SITE = IPv4Network("172.16.0.0/12")
SPOKES = IPv4Network("10.0.0.0/8")
_ENDPOINT = IPv4Address("192.168.255.4")
_EDGES = (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))
_EDGE_PEERS = (IPv4Address("192.168.254.2"), IPv4Address("192.168.254.6"))
_TUNNELS = (IPv4Address("10.0.0.36"), IPv4Address("10.0.0.37"))


def hub_and_spokes(spokes: int, prefixes: int) -> Topology:
    """A hub with Route Server, VPN and ExpressRoute gateway, ``spokes`` spokes, and a site with ``prefixes`` prefixes.

    The site's one device ends the circuit's two paths and, inside them, a tunnel to each instance of the VPN gateway.
    It announces all prefixes over both; Azure prefers the tunnels by preference, the device by local preference. One
    intent protects the spokes against the site.
    """
    spoke_prefixes = list(SPOKES.subnets(new_prefix=24))[1 : spokes + 1]
    site = tuple(list(ON_SITE.subnets(new_prefix=24))[:prefixes])
    hub = VNet(
        "hub",
        (IPv4Network("10.0.0.0/24"),),
        (
            Subnet("vm", IPv4Network("10.0.0.0/27")),
            Subnet("GatewaySubnet", IPv4Network("10.0.0.32/27")),
            Subnet("RouteServerSubnet", IPv4Network("10.0.0.128/26")),
        ),
    )
    names = [f"spoke{index:04}" for index in range(spokes)]
    vnets = [VNet(name, (net,), (Subnet("vm", net),)) for name, net in zip(names, spoke_prefixes, strict=True)]
    return Topology(
        vnets=(hub, *vnets),
        peerings=tuple(
            peering
            for name in names
            for peering in (
                Peering("hub", name, allow_gateway_transit=True),
                Peering(name, "hub", use_remote_gateways=True),
            )
        ),
        nics=tuple(Nic(f"{vnet.name}-vm", vnet.name, "vm", vnet.subnets[0].prefix[4]) for vnet in (hub, *vnets)),
        vpn_gateways=(
            VpnGateway(
                "vpn",
                "hub",
                tuple(
                    VpnInstance(
                        IPv4Address(f"10.0.0.{46 + index}"), tunnel, apipa=(IPv4Address(f"169.254.21.{index}"),)
                    )
                    for index, tunnel in enumerate(_TUNNELS)
                ),
                active_active=True,
            ),
        ),
        er_gateways=(ErGateway("er", "hub", (IPv4Address("10.0.0.44"), IPv4Address("10.0.0.45"))),),
        route_servers=(
            RouteServer(
                "rs",
                "hub",
                (IPv4Address("10.0.0.132"), IPv4Address("10.0.0.133")),
                branch_to_branch=True,
                preference=Preference.VPN_GATEWAY,
            ),
        ),
        circuits=(
            Circuit(
                "circuit",
                tuple(
                    CircuitPath(name, msee, "device", peer, peer - 1)
                    for name, msee, peer in zip(PATHS, _EDGES, _EDGE_PEERS, strict=True)
                ),
            ),
        ),
        er_connections=(ErConnection("er-circuit", "er", "circuit"),),
        routers=(
            Router(
                "device",
                65010,
                addresses=(_ENDPOINT,),
                networks=(*site, IPv4Network(_ENDPOINT)),
                statics=tuple(
                    Static(IPv4Network(tunnel), edge) for tunnel, edge in zip(_TUNNELS, _EDGE_PEERS, strict=True)
                ),
            ),
        ),
        vpn_connections=(
            VpnConnection(
                "site",
                "vpn",
                "device",
                remote_ip=IPv4Address("169.254.0.1"),
                remote_endpoint=_ENDPOINT,
                over=Underlay.EXPRESSROUTE,
                exports=Filter(local_preference=200),
                imports=Filter(deny=(IPv4Network(_ENDPOINT),)),
            ),
        ),
        intent=(
            Intent(
                tuple(collapse_addresses(spoke_prefixes)),
                tuple(collapse_addresses(site)),
                Mode.PREFERRED,
                "spokes and site",
            ),
        ),
    )
