"""The rule on tunnels as the routes leave them: they come up, and they carry something."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from vpner.routing.journey import End, Journey
from vpner.routing.lookup import is_tunnel_route, live_tunnels
from vpner.routing.solution import Tables
from vpner.routing.solve import solve
from vpner.routing.trace import Tracer
from vpner.routing.tunnels import Outer, outer_packets
from vpner.rules.model import NO_ROUTERS
from vpner.rules.network import Network
from vpner.rules.registry import DECLARED, MODEL, Edit, Example, Outcome, Severity, Verdict, passed, rule
from vpner.topology import Topology

_PRIVATE_PEERING = "Learn: Site-to-site VPN over ExpressRoute private peering, 2025"
_VPN_FAQ = "Learn: VPN Gateway FAQ, BGP and connections, 2026"
_LINK_LOCAL = IPv4Network("169.254.0.0/16")


@rule(
    "tunnel-carries-traffic",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=(_PRIVATE_PEERING, _VPN_FAQ),
    why="A tunnel whose outer packets are lost does not come up, and one without routes carries nothing; mode "
    "preferred would let the traffic travel in clear for ever",
    remedy="correct the route that decides",
    fails=(
        Example(
            "BGP is off, no prefix is listed, and mode preferred would not mind",
            (
                Edit("connection", "enableBgp", False),
                Edit("vpn-gateway", "enableBgp", False),
                Edit(DECLARED, "intent.0.mode", "preferred"),
            ),
        ),
        Example(
            "a static leads to the tunnel address through the tunnel itself",
            (Edit(DECLARED, "topology.routers.fw.statics.0.next_hop", "169.254.21.2"),),
        ),
    ),
    passes=(Example("the tunnel brings the site's prefix, and nothing keeps its packets"),),
    unknown=(NO_ROUTERS,),
)
def tunnel_carries_traffic(network: Network) -> Iterator[Verdict]:
    """Every tunnel over private peering comes up when nothing has failed, and brings its gateway a route.

    What breaks the /32 contract is reported by the rules on endpoints, and not repeated here.
    """
    found, topology = network.assessment, network.topology
    if found is None or topology is None or found.contract:
        return
    tables = found.solution.phases[0]
    wrong: dict[str, dict[str, None]] = {}
    for outer in outer_packets(Tracer(topology, _before(topology))):
        what = _outer_lost(topology, outer) or _carries_nothing(topology, tables, outer)
        wrong.setdefault(outer.connection.name, {}).update(dict.fromkeys([what] if what else []))
    for name, problems in wrong.items():
        resource = network.named(name)
        if problems:
            where = "" if resource else f"vpn_connections.{name}"
            yield Verdict(Outcome.VIOLATION, resource, "; ".join(problems), where=where)
        else:
            yield passed(resource)


def _before(topology: Topology) -> Tables:
    """The routes before any tunnel is up: a way that only a tunnel brings does not bring that tunnel up."""
    return solve(
        topology, failed=frozenset(f"vpn_connections/{item.name}" for item in topology.vpn_connections)
    ).phases[0]


def _outer_lost(topology: Topology, outer: Outer) -> str:
    """Why outer packets do not arrive, at either end."""
    device = next(item for item in topology.routers if item.name == outer.connection.remote)
    for static in device.statics:
        covers = static.prefix == outer.tunnel or (
            isinstance(static.prefix, IPv4Network)
            and isinstance(outer.tunnel, IPv4Address)
            and outer.tunnel in static.prefix
        )
        if covers and isinstance(static.next_hop, IPv4Address) and static.next_hop in _LINK_LOCAL:
            return f"{device.name} sends {outer.tunnel} to {static.next_hop}, an address inside the tunnel"
    ways: tuple[tuple[str, tuple[Journey, ...] | None], ...] = (
        (f"the device's outer packets to {outer.tunnel}", outer.to_gateway),
        (f"the gateway's outer packets to {outer.endpoint}", outer.to_device),
    )
    for packets, journeys in ways:
        lost = [item for item in journeys or () if item.end in {End.DROPPED, End.LOOP, End.LEFT}]
        if lost:
            return f"before the tunnel is up, {packets} are lost: {lost[0].why}"
    return ""


def _carries_nothing(topology: Topology, tables: Tables, outer: Outer) -> str:
    """Why nothing goes through the tunnel."""
    if (outer.connection.name, outer.instance) not in set(live_tunnels(topology, tables)):
        return ""
    rows = tables.gateway_learned.get(f"{outer.connection.gateway}/{outer.instance}", ())
    brings = any(row.connection == outer.connection.name and is_tunnel_route(topology, row) for row in rows)
    if brings:
        return ""
    return "neither BGP nor a prefix of the local network gateway brings a route"
