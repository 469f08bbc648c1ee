"""Rules on the tunnels' own packets: each end reaches the other over ExpressRoute, outside every tunnel."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from vpner.readers.resources import UNKNOWN, Resource, Value, has_unknown
from vpner.readers.stack.draft import prefix, text_list
from vpner.rules.model import NO_ROUTERS, contract_verdicts
from vpner.rules.network import IpsecConnection, Network, parse_address
from vpner.rules.registry import (
    DECLARED,
    MODEL,
    Edit,
    Example,
    Severity,
    Verdict,
    inconclusive,
    passed,
    rule,
    violation,
)

_PRIVATE_PEERING = "Learn: Site-to-site VPN over ExpressRoute private peering, 2025"
_BGP_FAQ = "Learn: VPN Gateway FAQ, BGP and connections, 2026"
_APIPA = IPv4Network("169.254.0.0/16")
_SPACE = "localNetworkAddressSpace"


@rule(
    "endpoint-over-expressroute",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=(_PRIVATE_PEERING, "Learn: Virtual network traffic routing (longest prefix match), 2025"),
    why="The gateway's packets to the device must take ExpressRoute, by a route that nothing brought through a tunnel "
    "can beat; else the tunnel carries its own packets, dies, and traffic falls back to ExpressRoute in clear",
    remedy="announce the endpoint's /32 over ExpressRoute",
    fails=(
        Example(
            "nobody announces the endpoint over ExpressRoute",
            (Edit(DECLARED, "topology.routers.edge.networks", ["10.220.0.0/16"]),),
        ),
        Example(
            "the tunnel brings a prefix that covers it, and ExpressRoute nothing as specific",
            (
                Edit(DECLARED, "topology.routers.edge.networks", ["10.200.0.0/24"]),
                Edit(DECLARED, "topology.routers.fw.networks", ["10.210.0.0/16", "10.200.0.0/24"]),
            ),
        ),
    ),
    passes=(
        Example("the edge announces the endpoint's /32"),
        Example(
            "the tunnel brings a shorter prefix that covers it",
            (Edit(DECLARED, "topology.routers.fw.networks", ["10.210.0.0/16", "10.200.0.0/24"]),),
        ),
    ),
    unknown=(NO_ROUTERS,),
)
def endpoint_over_expressroute(network: Network) -> Iterator[Verdict]:
    """GatewaySubnet's selected route to every device endpoint is ExpressRoute's, more specific than any tunnel's."""
    yield from contract_verdicts(
        network,
        ("endpoint-through-tunnel", "endpoint-not-over-expressroute", "endpoint-route-not-more-specific"),
        ("tunnel-endpoint-unknown",),
    )


@rule(
    "tunnel-addresses-over-expressroute",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=(_PRIVATE_PEERING, "Learn: About highly available gateway configurations, 2025"),
    why="The device learns the hub's whole prefix through the tunnel; without a /32 of its own to each of the "
    "gateway's tunnel addresses, its packets enter the tunnel, and it breaks down. Azure cannot announce these /32",
    remedy="give the device a /32 static to each tunnel address through its ExpressRoute side",
    fails=(
        Example("the static to one instance is missing", (Edit(DECLARED, "topology.routers.fw.statics.1", None),)),
        Example(
            "a static is wider than /32, and the tunnel brings something more specific",
            (Edit(DECLARED, "topology.routers.fw.statics", [{"prefix": "10.0.0.0/16", "next_hop": "10.200.0.1"}]),),
        ),
    ),
    passes=(Example("there is a static to each instance's tunnel address"),),
    unknown=(Example("no static is declared", (Edit(DECLARED, "topology.routers.fw.statics", None),)),),
)
def tunnel_addresses_over_expressroute(network: Network) -> Iterator[Verdict]:
    """Every device reaches each of the gateway's tunnel addresses outside every tunnel, whatever is lost."""
    yield from contract_verdicts(
        network,
        ("device-route-through-tunnel", "device-route-falls-into-tunnel"),
        ("device-route-unknown", "tunnel-address-unknown"),
    )


@rule(
    "no-endpoint-through-another-tunnel",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=(_PRIVATE_PEERING, "Learn: About Azure Route Server support for ExpressRoute and VPN, 2025"),
    why="An endpoint that another site announces is reached through that site's tunnel: each tunnel hangs on the other",
    remedy="deny every endpoint in what the devices announce",
    fails=(
        Example(
            "a second device announces the first one's endpoint, and ExpressRoute only something shorter",
            (
                Edit(DECLARED, "topology.routers.edge.networks", ["10.200.0.0/24"]),
                Edit(
                    DECLARED,
                    "topology.routers.fw2",
                    {
                        "asn": 65011,
                        "addresses": ["10.200.0.20"],
                        "networks": ["10.230.0.0/16", "10.200.0.4/32"],
                        "statics": [
                            {"prefix": f"hub-vpngw.instances[{index}].tunnel", "next_hop": "10.200.0.17"}
                            for index in (0, 1)
                        ],
                    },
                ),
                Edit(
                    DECLARED,
                    "topology.vpn_connections",
                    [
                        {
                            "name": "to-fw2",
                            "gateway": "hub-vpngw",
                            "remote": "fw2",
                            "remote_ip": "169.254.21.9",
                            "remote_endpoint": "10.200.0.20",
                            "over": "expressroute",
                        }
                    ],
                ),
            ),
        ),
    ),
    passes=(Example("no device announces an endpoint"),),
    unknown=(NO_ROUTERS,),
)
def no_endpoint_through_another_tunnel(network: Network) -> Iterator[Verdict]:
    """No device's endpoint is reached through the tunnel of another site."""
    yield from contract_verdicts(network, ("endpoint-announced-by-other",), ())


@rule(
    "nothing-captures-an-endpoint",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=(_BGP_FAQ, "Learn: Virtual network traffic routing, 2025"),
    why="A user-defined route on GatewaySubnet or a prefix of a local network gateway that covers the endpoint sends "
    "the tunnel's own packets into the tunnel",
    remedy="take the endpoint out of it",
    fails=(
        Example(
            "a local network gateway lists the endpoint's own /32",
            (Edit("local", _SPACE, {"addressPrefixes": ["10.200.0.4/32"]}),),
        ),
    ),
    passes=(
        Example("the local network gateway has no prefixes"),
        Example(
            "it has others, which do not cover the endpoint",
            (Edit("local", _SPACE, {"addressPrefixes": ["10.211.0.0/16"]}),),
        ),
    ),
    unknown=(NO_ROUTERS,),
)
def nothing_captures_an_endpoint(network: Network) -> Iterator[Verdict]:
    """No user-defined route and no prefix of a local network gateway takes an endpoint into a tunnel."""
    yield from contract_verdicts(network, ("endpoint-captured",), ())


@rule(
    "no-apipa-in-local-network-gateway",
    Severity.HIGH,
    needs=(f"LocalNetworkGateway.{_SPACE}.addressPrefixes[]",),
    facts=(_BGP_FAQ,),
    why="With APIPA addresses as BGP peers the prefixes of the local network gateway must not hold them; Azure adds "
    "the peer's host route by itself",
    remedy="leave addressPrefixes empty for a site with BGP",
    fails=(
        Example("the BGP peer's own /32 is listed", (Edit("local", _SPACE, {"addressPrefixes": ["169.254.21.1/32"]}),)),
        Example("a link-local block is listed", (Edit("local", _SPACE, {"addressPrefixes": ["169.254.0.0/16"]}),)),
    ),
    passes=(
        Example("no prefix is listed"),
        Example("a prefix of the site is listed", (Edit("local", _SPACE, {"addressPrefixes": ["10.210.0.0/16"]}),)),
    ),
    unknown=(
        Example("the prefixes are unknown", (Edit("local", _SPACE, {"addressPrefixes": UNKNOWN}),)),
        Example("one prefix is unknown", (Edit("local", _SPACE, {"addressPrefixes": [UNKNOWN]}),)),
    ),
)
def no_apipa_in_local_network_gateway(network: Network) -> Iterator[Verdict]:
    """No local network gateway of a tunnel lists link-local prefixes."""
    for _, local in _locals(network):
        prefixes = local.get(f"{_SPACE}.addressPrefixes")
        wrong = [item for item in _prefixes(prefixes) if item.overlaps(_APIPA)]
        if wrong:
            yield violation(
                local,
                f"{_SPACE}.addressPrefixes lists {', '.join(map(str, wrong))}",
                f"remove {', '.join(map(str, wrong))} from addressPrefixes",
            )
        elif has_unknown(prefixes) or local.get(_SPACE) is UNKNOWN:
            yield inconclusive(local, f"{_SPACE}.addressPrefixes is unknown", "write the prefixes as literals")
        else:
            yield passed(local)


@rule(
    "no-peer-route-in-local-network-gateway",
    Severity.MEDIUM,
    needs=(
        f"LocalNetworkGateway.{_SPACE}.addressPrefixes[]",
        "LocalNetworkGateway.bgpSettings.bgpPeeringAddress",
    ),
    facts=(_BGP_FAQ,),
    why="Azure adds the BGP peer's host route by itself; listed, it is also announced to other peers",
    remedy="remove the peer's /32 from addressPrefixes",
    fails=(
        Example(
            "the peer's /32 is listed",
            (
                Edit("local", "bgpSettings.bgpPeeringAddress", "10.210.0.1"),
                Edit("local", _SPACE, {"addressPrefixes": ["10.210.0.1/32"]}),
            ),
        ),
    ),
    passes=(Example("no prefix is listed"),),
    unknown=(
        Example("the prefixes are unknown", (Edit("local", _SPACE, {"addressPrefixes": UNKNOWN}),)),
        Example(
            "the peer is unknown",
            (
                Edit("local", "bgpSettings.bgpPeeringAddress", UNKNOWN),
                Edit("local", _SPACE, {"addressPrefixes": ["10.210.0.1/32"]}),
            ),
        ),
    ),
)
def no_peer_route_in_local_network_gateway(network: Network) -> Iterator[Verdict]:
    """No local network gateway lists the host route of its own BGP peer."""
    for _, local in _locals(network):
        prefixes, given = local.get(f"{_SPACE}.addressPrefixes"), local.get("bgpSettings.bgpPeeringAddress")
        hosts = [item for item in _prefixes(prefixes) if item.prefixlen == 32 and not item.overlaps(_APIPA)]
        peer = parse_address(given)
        unknown = has_unknown(prefixes) or local.get(_SPACE) is UNKNOWN or (given is UNKNOWN and bool(hosts))
        if given is not None and any(item.network_address == peer for item in hosts):
            yield violation(local, f"{_SPACE}.addressPrefixes lists {peer}/32, its own BGP peer")
        elif given is not None and unknown:
            yield inconclusive(local, f"{_SPACE}.addressPrefixes or bgpPeeringAddress is unknown", "write literals")
        else:
            yield passed(local)


def _locals(network: Network) -> Iterator[tuple[IpsecConnection, Resource]]:
    """Local network gateways that connections lead to, each once."""
    seen: set[str] = set()
    for connection in network.ipsec_connections:
        if isinstance(connection.local, Resource) and connection.local.urn not in seen:
            seen.add(connection.local.urn)
            yield connection, connection.local


def _prefixes(value: Value) -> list[IPv4Network]:
    """The IPv4 prefixes of a list; what is none is left out."""
    return [found for item in text_list(value) if (found := prefix(item)) is not None]
