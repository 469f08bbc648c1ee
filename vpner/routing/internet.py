"""Prefixes that a hub's routing preference moves from ExpressRoute to a VPN over the Internet."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from vpner.problems import Problem
from vpner.routing.lookup import is_tunnel_route
from vpner.routing.solution import Solution, Tables
from vpner.topology import Preference, RouteServer, Topology, Underlay, VpnConnection, VpnGateway

SOURCE = "hub-routing-preference: Learn: Hub routing preference with Azure Route Server"


def flipped_to_internet(topology: Topology, solution: Solution) -> tuple[Problem, ...]:
    """One problem a connection. With preference ExpressRoute there are none: of one prefix the circuit's route wins."""
    found: set[Problem] = set()
    servers = {item.vnet: item for item in topology.route_servers if item.preference is not Preference.EXPRESSROUTE}
    for connection in topology.vpn_connections:
        gateway = next((item for item in topology.vpn_gateways if item.name == connection.gateway), None)
        server = servers.get(gateway.vnet) if gateway else None
        if gateway is None or server is None or connection.over is not Underlay.INTERNET:
            continue
        prefixes = {prefix for tables in solution.phases for prefix in _both(topology, tables, gateway, connection)}
        if prefixes:
            found.add(_problem(connection, server, sorted(prefixes)))
    return tuple(sorted(found))


def _both(topology: Topology, tables: Tables, gateway: VpnGateway, connection: VpnConnection) -> Iterator[IPv4Network]:
    """Prefixes whose selected route is the connection's, and which a circuit brings to the same network too."""
    nearby = [item for item in topology.er_gateways if item.vnet == gateway.vnet]
    circuits = {item.name for item in topology.circuits}
    over_circuit = {
        row.prefix
        for item in nearby
        for index in range(len(item.instances))
        for row in tables.gateway_learned.get(f"{item.name}/{index}", ())
        if row.peer.rpartition("/")[0] in circuits
    }
    for index in range(len(gateway.instances)):
        for row in tables.gateway_learned.get(f"{gateway.name}/{index}", ()):
            mine = row.selected and row.connection == connection.name and is_tunnel_route(topology, row)
            if mine and row.prefix in over_circuit and isinstance(row.prefix, IPv4Network):
                yield row.prefix


def _problem(connection: VpnConnection, server: RouteServer, prefixes: list[IPv4Network]) -> Problem:
    shown = ", ".join(map(str, prefixes[:3])) + (f" and {len(prefixes) - 3} more" if len(prefixes) > 3 else "")
    return Problem(
        f"vpn_connections.{connection.name}",
        f"preference {server.preference} of {server.name} sends {shown} through the Internet, although a circuit "
        "brings it too",
        "The preference holds for every prefix of the hub, not only for those of the tunnels over ExpressRoute",
        f"announce {shown} more specifically over ExpressRoute, or with a longer AS path over {connection.name} and "
        "preference ASPath",
        "flipped-to-internet",
        SOURCE,
    )
