"""What the emulation takes on, and names for what only Azure will know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeVar, cast

from vpner.problems import Problem, refuse
from vpner.topology import Filter, Symbol, Topology, Underlay

Value = TypeVar("Value")
PUBLIC = IPv4Network("203.0.113.0/24")
"""Stands for public addresses (documentation space, RFC 5737)."""
_ANYWHERE = IPv4Network("0.0.0.0/0")


def prepare(topology: Topology, wired: bool = False) -> Topology:
    """The topology with an address in place of every Symbol, as Azure might have chosen it.

    ``wired``: for packets too, not only for BGP. Raises :class:`Problems` with everything that is not taken on.
    """
    found = [*limits(topology), *(limits_of_packets(topology) if wired else ())]
    refuse("the emulation does not take on all of this network", found)
    return bind(topology)


def bind(topology: Topology) -> Topology:
    """The same topology with a free address of its subnet in place of every Symbol, the highest first."""
    seen: set[IPv4Address] = set()
    symbols: set[Symbol] = set()
    for value in _leaves(topology):
        if isinstance(value, IPv4Address):
            seen.add(value)
        elif isinstance(value, Symbol):
            symbols.add(value)
    chosen: dict[Symbol, IPv4Address] = {}
    for symbol in sorted(symbols, key=lambda item: (item.owner, item.attribute)):
        within = PUBLIC if symbol.within == _ANYWHERE else symbol.within
        address = int(within.broadcast_address) - 1
        while IPv4Address(address) in seen:
            address -= 1
        chosen[symbol] = IPv4Address(address)
        seen.add(chosen[symbol])
    return _bound(topology, chosen)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for part in cast("tuple[Any, ...]", value):
            yield from _leaves(part)
    elif is_dataclass(value) and not isinstance(value, Symbol):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name))
    else:
        yield value


def _bound(value: Value, chosen: dict[Symbol, IPv4Address]) -> Value:
    def part(item: Any, name: str = "") -> Any:
        if isinstance(item, Symbol):
            return IPv4Network(chosen[item]) if name == "prefix" else chosen[item]
        if isinstance(item, tuple):
            return tuple(part(each, name) for each in cast("tuple[Any, ...]", item))
        if is_dataclass(item):
            return replace(item, **{field.name: part(getattr(item, field.name), field.name) for field in fields(item)})  # type: ignore[type-var]
        return item

    return part(value)


def limits(topology: Topology) -> Iterator[Problem]:
    """Every part of a topology that the daemons are not set up for."""
    yield from _of_addresses(topology)
    if topology.global_reach:
        yield _limit("global_reach", f"{len(topology.global_reach)} pairs", "Global Reach joins edges of one ASN", "")
    for router in topology.routers:
        if router.announces:
            why = "A daemon announces what its configuration and neighbours give it, not a path that was written down"
            remedy = "describe what stands behind the router as routers with networks and bgp_sessions"
            yield _limit(f"routers.{router.name}.announces", f"{len(router.announces)} announcements", why, remedy)
    for where, policy in _filters(topology):
        if policy.as_override:
            why = "FRR never returns a path to the session that it came from, with as-override or without"
            yield _limit(where, "as_override: true", why, "")
    for server in topology.route_servers:
        peers = [item.name for item in topology.bgp_sessions if server.name in {item.a, item.b}]
        gateways = [item for item in (*topology.er_gateways, *topology.vpn_gateways) if item.vnet == server.vnet]
        if not server.branch_to_branch and peers and gateways:
            why = "Without branch-to-branch Route Server tells appliances another path than it programs; FRR has one"
            yield _limit(f"route_servers.{server.name}", "branch_to_branch: false beside a gateway", why, "")


def limits_of_packets(topology: Topology) -> Iterator[Problem]:
    """What BGP alone can be emulated with, but packets cannot."""
    routers = {router.name: router for router in topology.routers}
    for connection in topology.vpn_connections:
        where, device = f"vpn_connections.{connection.name}", routers.get(connection.remote)
        if connection.over is not Underlay.EXPRESSROUTE or device is None:
            what = f"a tunnel over {connection.over} to {connection.remote}"
            yield _limit(where, what, "Only tunnels over ExpressRoute to a device have wires", "")
            continue
        if connection.remote_endpoint is None or (connection.bgp and connection.remote_ip is None):
            why = "The daemons at both ends need each other's addresses"
            yield _limit(
                where, "an address of the device is not declared", why, "declare remote_endpoint and remote_ip"
            )
        if not device.statics:
            why = "The model assumes that it keeps outer packets out of its tunnels; a real device does as it is told"
            yield _limit(f"routers.{device.name}.statics", "no static routes", why, "declare its routes to the tunnels")
        circuits = [path for circuit in topology.circuits for path in circuit.paths if path.router == device.name]
        sessions = [item for item in topology.bgp_sessions if device.name in {item.a, item.b}]
        if not (device.nics or circuits or sessions):
            why = "Outer packets need a wire to the device"
            remedy = "say how it is connected: a NIC, a circuit's path, or a BGP session with the router before it"
            yield _limit(f"routers.{device.name}", "how outer packets reach it is not described", why, remedy)


def _of_addresses(topology: Topology) -> Iterator[Problem]:
    for where, prefixes in (
        *((f"vnets.{item.name}.prefixes", item.prefixes) for item in topology.vnets),
        *((f"routers.{item.name}.networks", item.networks) for item in topology.routers),
    ):
        for prefix in prefixes:
            if not isinstance(prefix, IPv4Network):
                yield _limit(where, str(prefix), "Only IPv4 is emulated", "leave the prefix out")


def _filters(topology: Topology) -> Iterator[tuple[str, Filter]]:
    for circuit in topology.circuits:
        for path in circuit.paths:
            yield f"circuits.{circuit.name}.paths.{path.name}.to_router", path.to_router
            yield f"circuits.{circuit.name}.paths.{path.name}.from_router", path.from_router
    for connection in topology.vpn_connections:
        yield f"vpn_connections.{connection.name}.exports", connection.exports
        yield f"vpn_connections.{connection.name}.imports", connection.imports
    for session in topology.bgp_sessions:
        yield f"bgp_sessions.{session.name}.a_exports", session.a_exports
        yield f"bgp_sessions.{session.name}.b_exports", session.b_exports


def _limit(where: str, what: str, why: str, remedy: str) -> Problem:
    remedy = remedy or "emulate a part of the network that does without it; the model judges the whole"
    return Problem(where, what, why, remedy, "not-emulated", "docs/emulation.md")
