"""Rules on Route Server: what it exchanges, and with whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

from vpner.plan.bgp import route_server_peer
from vpner.readers.resources import UNKNOWN, Resource
from vpner.routing import FlowVerdict, Solution, solve
from vpner.routing import Verdict as FlowOutcome
from vpner.routing.flows import Atlas
from vpner.routing.judge import Court
from vpner.rules.model import NO_ROUTERS
from vpner.rules.network import Network, parse_address
from vpner.rules.reach import PLATFORM_SUBNETS, holds, near
from vpner.rules.registry import DECLARED, MODEL, Edit, Example, Severity, Verdict, passed, rule, violation
from vpner.topology import RouteServer, Topology

_FAQ = "Learn: Azure Route Server FAQ, 2025-09-17"
_PREFERENCE = "Learn: Hub routing preference with Azure Route Server, 2023-07-31"
_SUPPORT = "Learn: About Azure Route Server support for ExpressRoute and VPN, 2025"
_OFF = Edit("route-server", "allowBranchToBranchTraffic", False)
_LOST = frozenset({FlowOutcome.CLEARTEXT, FlowOutcome.BLACKHOLE})


@rule(
    "branch-to-branch-when-needed",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=(_PREFERENCE, _SUPPORT),
    why="Without allowBranchToBranchTraffic Route Server exchanges no routes between ExpressRoute, VPN gateway and "
    "appliances: the hub routing preference decides nothing, ExpressRoute wins, and no traffic passes between them",
    remedy="set allowBranchToBranchTraffic: true on the VirtualHub; the VPN gateway must be active-active with ASN "
    "65515",
    fails=(
        Example(
            "the preference is VpnGateway, both bring the site's prefix, and Route Server exchanges nothing",
            (
                _OFF,
                Edit(
                    DECLARED,
                    "topology.routers.edge.statics",
                    [{"prefix": "10.210.0.0/16", "next_hop": "10.200.0.4", "redistribute": True}],
                ),
                Edit(DECLARED, "intent.0.mode", "preferred"),
            ),
        ),
    ),
    passes=(
        Example("Route Server exchanges routes between branches"),
        Example("it does not, and only the tunnel brings the site's prefix", (_OFF,)),
    ),
    unknown=(
        Example("whether it exchanges is unknown", (Edit("route-server", "allowBranchToBranchTraffic", UNKNOWN),)),
        NO_ROUTERS,
    ),
)
def branch_to_branch_when_needed(network: Network) -> Iterator[Verdict]:
    """Route Server exchanges routes between branches where protected traffic is lost or in clear without it.

    Judged by cause: flows of the network with the exchange beside those without it.
    """
    found, topology = network.assessment, network.topology
    if found is None or topology is None or not found.flows:
        return
    for server in topology.route_servers:
        hub = network.named(server.name)
        saved = [] if server.branch_to_branch else _saved(network, topology, found.solution, server)
        if saved:
            more = f" and {len(saved) - 1} more" if len(saved) > 1 else ""
            what = f"allowBranchToBranchTraffic is off; without it {saved[0].flow} is {saved[0].verdict}{more}"
            yield violation(hub, what, where=f"Route Server {server.name}")
        else:
            yield passed(hub)


def _saved(network: Network, topology: Topology, now: Solution, server: RouteServer) -> list[FlowVerdict]:
    """Protected flows without the exchange that would be encrypted with it."""
    others = (item for item in topology.route_servers if item.name != server.name)
    exchanging = replace(topology, route_servers=(*others, replace(server, branch_to_branch=True)))
    then = solve(exchanging)
    atlas = Atlas(topology, [*now.phases, *then.phases])
    before = Court(topology, now, atlas).protected(network.today)
    after = Court(exchanging, then, atlas).protected(network.today)
    return [
        old
        for old, new in zip(before, after, strict=True)
        if old.verdict in _LOST and new.verdict is FlowOutcome.ENCRYPTED
    ]


@rule(
    "route-server-peers-legal",
    Severity.HIGH,
    needs=(
        "VirtualHubBgpConnection.virtualHubName",
        "VirtualHubBgpConnection.peerAsn",
        "VirtualHubBgpConnection.peerIp",
        MODEL,
    ),
    facts=("Learn: Dual-homed network with Azure Route Server, 2025", _FAQ),
    why="Route Server peers with an appliance in its own virtual network or one peered with it, by an ASN of 16 bits "
    "that neither Azure nor IANA keeps for itself, once for each address; otherwise no session comes up",
    remedy="write the appliance's own address as peerIp, and an ASN such as 65001 as peerAsn",
    fails=(
        Example("the ASN is Route Server's own", (Edit("appliance-peer", "peerAsn", 65515),)),
        Example("the ASN has 32 bits", (Edit("appliance-peer", "peerAsn", 4_200_000_000),)),
        Example("the address is in no network near by", (Edit("appliance-peer", "peerIp", "10.200.0.4"),)),
        Example("the address is in GatewaySubnet", (Edit("appliance-peer", "peerIp", "10.0.0.40"),)),
    ),
    passes=(
        Example("an appliance in the hub, with a private ASN"),
        Example("an appliance in a spoke", (Edit("appliance-peer", "peerIp", "10.0.1.68"),)),
    ),
    unknown=(
        Example("the ASN is unknown", (Edit("appliance-peer", "peerAsn", UNKNOWN),)),
        Example("the address is unknown", (Edit("appliance-peer", "peerIp", UNKNOWN),)),
    ),
)
def route_server_peers_legal(network: Network) -> Iterator[Verdict]:
    """Each BGP peer of Route Server has an address that it reaches, used once, and an ASN that it accepts.

    What is unknown is `network-known`'s finding: routes depend on it.
    """
    if not network.concerned:
        return
    seen: set[tuple[str | None, IPv4Address]] = set()
    for peer in network.snapshot.of_kind("VirtualHubBgpConnection"):
        hub, asn, address = _hub_of(network, peer), peer.get("peerAsn"), parse_address(peer.get("peerIp"))
        wrong: list[str] = []
        if asn is not UNKNOWN:
            number = int(asn) if isinstance(asn, int | float) else 0  # absent: no ASN
            wrong += [f"peerAsn: {problem.what}" for problem in route_server_peer("peerAsn", number)]
        if isinstance(address, IPv4Address):
            if (hub, address) in seen:
                wrong.append(f"peerIp {address} is that of another peer")
            seen.add((hub, address))
            wrong += _out_of_reach(network, hub, address)
        if wrong:
            yield violation(peer, "; ".join(wrong))
        elif asn is not UNKNOWN and address is not UNKNOWN:
            yield passed(peer)


def _hub_of(network: Network, peer: Resource) -> str | None:
    return network.snapshot.named(peer, "virtualHubName", "VirtualHub")


def _out_of_reach(network: Network, hub: str | None, address: IPv4Address) -> Iterator[str]:
    """Why Route Server cannot peer with the address, as far as the networks are known."""
    topology = network.topology
    servers = [item for item in topology.route_servers if item.name == hub] if topology is not None else []
    if topology is None or len(servers) != 1:
        return
    home = servers[0].vnet
    reached = near(topology, home)
    holders = [vnet for vnet in topology.vnets if vnet.name in reached and holds(vnet, address)]
    if not holders:
        yield f"peerIp {address} is neither in {home}, Route Server's network, nor in one peered with it"
    for vnet in holders:
        for subnet in vnet.subnets:
            if address in subnet.prefix and subnet.name in PLATFORM_SUBNETS:
                yield f"peerIp {address} is in {subnet.name}, where no appliance can be"
