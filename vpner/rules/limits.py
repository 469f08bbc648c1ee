"""Rules on Azure's limits: what is beyond them is refused, or drops a BGP session with all its routes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network

from vpner.footprint.facts import limits
from vpner.readers.resources import UNKNOWN, Value
from vpner.routing import BgpRoute
from vpner.rules.expressroute import connected_gateways, planned
from vpner.rules.model import NO_ROUTERS
from vpner.rules.network import Network
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
from vpner.topology import PATHS

_PEERS = limits()["route-server-peers"]
_CONNECTED = limits()["circuits-per-expressroute-gateway"]

BGP_PEERS = max(_PEERS.all)
"""Of a Route Server. Its gateways do not count."""
PEER_ROUTES = 4_000
"""From one of a Route Server's peers, since September 2025."""
PEER_ROUTES_BEFORE = 1_000
"""From one of a Route Server's peers, as the page of limits still says: more after a request to support."""
FROM_SITE: Mapping[str, int] = {"Standard": 4_000, "Premium": 10_000}
"""IPv4 prefixes that a private peering accepts, by the circuit's tier. The Local tier is no Premium."""
TO_SITE = 1_000
"""IPv4 prefixes that a gateway announces over one connection."""
FEWEST_CIRCUITS, MOST_CIRCUITS = min(_CONNECTED.all), max(_CONNECTED.all)
"""Circuits that an ExpressRoute gateway can be connected to, by its SKU."""
CIRCUITS_OF_LOCATION = 4

_ROUTE_SERVER_FAQ = "Learn: Azure Route Server FAQ, 2025-09-17"
_ROUTE_SERVER = _PEERS.citation
_EXPRESSROUTE = "Learn: Azure subscription and service limits (ExpressRoute), 2025"
_GATEWAYS = _CONNECTED.citation


def sessions(count: int) -> Edit:
    """More sessions of the example's appliance."""
    listed = [{"name": f"nva{index}", "a": "hub-rs", "b": "nva"} for index in range(count)]
    return Edit(DECLARED, "topology.bgp_sessions", listed)


def networks(router: str, count: int) -> Edit:
    """So many prefixes of one of the example's routers, instead of its own."""
    own = ["10.200.0.4/32"] if router == "edge" else []
    blocks = [str(IPv4Network((0x14000000 + index * 256, 24))) for index in range(count - len(own))]
    return Edit(DECLARED, f"topology.routers.{router}.networks", [*own, *blocks])


def spokes(count: int) -> Edit:
    """A longer address space of the example's spoke, so that the gateway announces so many prefixes.

    Others are the hub's, and those of the site and of the appliance, which Route Server brings.
    """
    blocks = [str(IPv4Network((0x0A000000 + (256 + index) * 256, 24))) for index in range(count - 4)]
    return Edit("spoke", "addressSpace.addressPrefixes", ["10.0.1.0/24", *blocks])


@rule(
    "route-server-peer-limit",
    Severity.HIGH,
    needs=(MODEL,),
    facts=(_ROUTE_SERVER,),
    why=f"Route Server has at most {BGP_PEERS} BGP peers, and Azure refuses more",
    remedy="remove some, or let appliances share a peer",
    fails=(Example("nine peers", (sessions(BGP_PEERS),)),),
    passes=(Example("one peer"), Example("eight peers", (sessions(BGP_PEERS - 1),))),
    unknown=(NO_ROUTERS,),
)
def route_server_peer_limit(network: Network) -> Iterator[Verdict]:
    """No Route Server has more BGP peers than Azure allows. Gateways do not count."""
    topology = network.topology
    if topology is None or not network.concerned:
        return
    peers = Counter(end for session in topology.bgp_sessions for end in {session.a, session.b})
    for server in topology.route_servers:
        yield _within(network, server.name, f"Route Server {server.name}", peers[server.name], BGP_PEERS, "BGP peers")


@rule(
    "route-server-route-limit",
    Severity.HIGH,
    needs=(MODEL,),
    facts=(_ROUTE_SERVER_FAQ,),
    why=f"Above {PEER_ROUTES} routes from one peer Route Server drops the session, with all of the peer's routes",
    remedy="let the appliance announce aggregates",
    fails=(Example("an appliance announces 4001 prefixes", (networks("nva", PEER_ROUTES + 1),)),),
    passes=(Example("an appliance announces one prefix"),),
    unknown=(NO_ROUTERS,),
)
def route_server_route_limit(network: Network) -> Iterator[Verdict]:
    """No BGP peer sends Route Server more routes than it takes."""
    yield from _routes_of_peers(network, PEER_ROUTES)


@rule(
    "route-server-routes-undisputed",
    Severity.MEDIUM,
    needs=(MODEL,),
    facts=(_ROUTE_SERVER, _ROUTE_SERVER_FAQ),
    why=f"Documents say {PEER_ROUTES_BEFORE} routes from one peer, and {PEER_ROUTES}. Routes that an update repeats "
    "count twice, so that a session can drop below the limit",
    remedy="let the appliance announce aggregates, or have Microsoft's support confirm the limit of this Route Server",
    fails=(Example("an appliance announces 1001 prefixes", (networks("nva", PEER_ROUTES_BEFORE + 1),)),),
    passes=(Example("an appliance announces one prefix"),),
    unknown=(NO_ROUTERS,),
)
def route_server_routes_undisputed(network: Network) -> Iterator[Verdict]:
    """No BGP peer sends Route Server more routes than every document allows."""
    yield from _routes_of_peers(network, PEER_ROUTES_BEFORE)


def _routes_of_peers(network: Network, limit: int) -> Iterator[Verdict]:
    """Routes from each appliance, on the instance of Route Server that has most of them."""
    topology, solution = network.topology, network.solution
    if topology is None or solution is None:
        return
    routers = {router.name for router in topology.routers}
    counts: dict[tuple[str, str], int] = {}
    for (instance, peer), rows in solution.tables.route_server_learned.items():
        if peer in routers:
            key = instance.rpartition("/")[0], peer
            counts[key] = max(counts.get(key, 0), _prefixes(rows))
    for (server, peer), count in counts.items():
        yield _within(network, server, f"Route Server {server}", count, limit, f"routes from {peer}")


@rule(
    "expressroute-prefixes-from-site",
    Severity.HIGH,
    needs=(MODEL, "ExpressRouteCircuit.sku.tier"),
    facts=(_EXPRESSROUTE,),
    why="Above the limit of its circuit's tier a private peering drops the BGP session, and with it the route to the "
    "tunnel's endpoint",
    remedy="announce aggregates; over ExpressRoute the endpoints' /32 are enough. Or order tier Premium",
    fails=(
        Example("4001 prefixes on a Standard circuit", (networks("edge", 4_001),)),
        Example(
            "10001 prefixes on a Premium circuit", (networks("edge", 10_001), Edit("hub-er", "sku.tier", "Premium"))
        ),
    ),
    passes=(
        Example("one prefix"),
        Example("4001 prefixes on a Premium circuit", (networks("edge", 4_001), Edit("hub-er", "sku.tier", "Premium"))),
    ),
    unknown=(
        Example("4001 prefixes and an unknown tier", (networks("edge", 4_001), Edit("hub-er", "sku.tier", UNKNOWN))),
    ),
)
def expressroute_prefixes_from_site(network: Network) -> Iterator[Verdict]:
    """No circuit gets more IPv4 prefixes from its site than its tier accepts.

    The tier of a circuit outside the stack is unknown, and matters only above the lowest limit.
    """
    topology, solution = network.topology, network.solution
    if topology is None or solution is None:
        return
    for circuit in topology.circuits:
        resource = network.named(circuit.name)
        tables = solution.tables.circuit_routes
        rows = {path: tables.get(f"{circuit.name}/{path}", ()) for path in PATHS}
        routers = {path.name: path.router for path in circuit.paths}
        count = max(_prefixes(row for row in rows[path] if row.peer == routers.get(path)) for path in PATHS)
        tier = UNKNOWN if resource is None else resource.get("sku.tier")
        limit = _limit(tier, {key.casefold(): value for key, value in FROM_SITE.items()}, FROM_SITE["Standard"])
        where = f"circuit {circuit.name}"
        if limit is None and FROM_SITE["Standard"] < count <= FROM_SITE["Premium"]:
            what = f"{count} prefixes from the site, and sku.tier is unknown"
            yield inconclusive(resource, what, "write sku.tier as a literal, or announce aggregates", where)
        else:
            what = "prefixes from the site"
            yield _within(network, circuit.name, where, count, limit or FROM_SITE["Premium"], what)


@rule(
    "expressroute-prefixes-to-site",
    Severity.HIGH,
    needs=(MODEL,),
    facts=(_GATEWAYS, _ROUTE_SERVER_FAQ),
    why=f"Above {TO_SITE} prefixes of virtual networks and of what Route Server exchanges, Azure drops the BGP session "
    "of the connection",
    remedy="give virtual networks fewer, larger prefixes; filter what devices announce through the tunnel",
    fails=(Example("1001 prefixes", (spokes(TO_SITE + 1),)),),
    passes=(Example("two virtual networks"),),
    unknown=(NO_ROUTERS,),
)
def expressroute_prefixes_to_site(network: Network) -> Iterator[Verdict]:
    """No gateway announces more IPv4 prefixes to a circuit than a connection carries."""
    topology, solution = network.topology, network.solution
    if topology is None or solution is None:
        return
    for connection in topology.er_connections:
        sent = solution.tables.gateway_advertised
        count = max(
            (
                _prefixes(rows)
                for (instance, peer), rows in sent.items()
                if instance.rpartition("/")[0] == connection.gateway and peer == connection.circuit
            ),
            default=0,
        )
        what = f"prefixes to circuit {connection.circuit}"
        where = f"ExpressRoute gateway {connection.gateway}"
        yield _within(network, connection.gateway, where, count, TO_SITE, what)


@rule(
    "expressroute-circuit-limit",
    Severity.HIGH,
    needs=(
        "VirtualNetworkGateway.sku.name",
        "VirtualNetworkGatewayConnection.peer.id",
        "ExpressRouteCircuit.serviceProviderProperties.peeringLocation",
    ),
    facts=(_GATEWAYS,),
    why="A gateway's SKU limits its circuits, and Azure refuses the connection of one more",
    remedy="take a larger SKU, or another gateway; connect circuits of several peering locations",
    fails=(
        Example("five circuits at a small gateway", planned(*"bcde")),
        Example(
            "five circuits of one location",
            (*planned(*["Amsterdam"] * CIRCUITS_OF_LOCATION), Edit("er-gateway", "sku.name", "ErGw2AZ")),
        ),
    ),
    passes=(
        Example("one circuit"),
        Example("four circuits at a small gateway", planned(*"bcd")),
        Example("five circuits at a larger one", (*planned(*"bcde"), Edit("er-gateway", "sku.name", "ErGw2AZ"))),
    ),
    unknown=(
        Example("five circuits and an unknown SKU", (*planned(*"bcde"), Edit("er-gateway", "sku.name", UNKNOWN))),
    ),
)
def expressroute_circuit_limit(network: Network) -> Iterator[Verdict]:
    """No ExpressRoute gateway has more circuits than its SKU allows, nor too many of one peering location."""
    if not network.concerned:
        return
    for gateway in connected_gateways(network):
        count = len(gateway.links)
        where = f"ExpressRoute gateway {gateway.name}"
        sku = UNKNOWN if gateway.resource is None else gateway.resource.get("sku.name")
        limit = _CONNECTED.maximum(sku)
        crowded = {name: number for name, number in gateway.locations.items() if number > CIRCUITS_OF_LOCATION}
        if crowded:
            place, number = max(crowded.items(), key=lambda item: item[1])
            what = f"{number} circuits from {place}, where {CIRCUITS_OF_LOCATION} can be connected"
            yield violation(gateway.resource, what, where=where)
        elif limit is None and FEWEST_CIRCUITS < count <= MOST_CIRCUITS:
            what = f"{count} circuits, and what sku.name allows is unknown"
            yield inconclusive(gateway.resource, what, "write sku.name as a literal, ErGw3AZ for example", where)
        elif count > (limit or MOST_CIRCUITS):
            yield violation(gateway.resource, f"{count} circuits, more than {limit or MOST_CIRCUITS}", where=where)
        else:
            yield passed(gateway.resource)


def _limit(sku: Value, by_sku: Mapping[str, int], otherwise: int) -> int | None:
    """The limit of a SKU in any spelling; None if it is unknown."""
    return by_sku.get(sku.casefold(), otherwise) if isinstance(sku, str) else None


def _prefixes(rows: Iterable[BgpRoute]) -> int:
    """Different IPv4 prefixes of a table."""
    return len({row.prefix for row in rows if isinstance(row.prefix, IPv4Network)})


def _within(network: Network, name: str, where: str, count: int, limit: int, what: str) -> Verdict:
    resource = network.named(name)
    if count <= limit:
        return passed(resource)
    return violation(resource, f"{count} {what}, more than {limit}", where=where)
