"""Longest-prefix lookups: in effective routes, in BGP tables and in a device's own routes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Address
from typing import Generic, TypeVar

from vpner.routing.fabric import members_of
from vpner.routing.solution import BgpRoute, EffectiveRoute, RouteState, Tables
from vpner.topology import Address, Prefix, Router, State, Topology

Row = TypeVar("Row")


class LongestPrefix(Generic[Row]):
    """Rows by IPv4 prefix, for lookups that take as many steps as there are prefix lengths."""

    def __init__(self, rows: Iterable[tuple[Prefix, Row]]) -> None:
        self._by_length: dict[int, dict[int, list[Row]]] = {}
        for prefix, row in rows:
            if isinstance(prefix, IPv4Network):
                network = int(prefix.network_address) >> (32 - prefix.prefixlen)
                self._by_length.setdefault(prefix.prefixlen, {}).setdefault(network, []).append(row)
        self._lengths = sorted(self._by_length, reverse=True)

    def covering(self, within: IPv4Network) -> Iterator[list[Row]]:
        """Rows of every prefix that covers the whole of ``within``, the longest prefix first."""
        address, longest = int(within.network_address), within.prefixlen
        for length in self._lengths:
            if length <= longest:
                rows = self._by_length[length].get(address >> (32 - length))
                if rows is not None:
                    yield rows


@dataclass(frozen=True, slots=True)
class Way:
    """Where a route of a device leads. ``peer`` and ``connection`` are empty for connected and static routes."""

    next_hop: Address | None
    peer: str = ""
    connection: str = ""


@dataclass(frozen=True, slots=True)
class DeviceRoute:
    """A route of a device. ``kind`` is ``connected``, ``static``, ``network`` (its own), ``announced`` or ``BGP``."""

    prefix: Prefix
    kind: str
    ways: tuple[Way, ...]
    decided_by: str

    @property
    def connections(self) -> frozenset[str]:
        """The sessions that brought it."""
        return frozenset(way.connection for way in self.ways)


Route = EffectiveRoute | BgpRoute | DeviceRoute


@dataclass(frozen=True, slots=True)
class Decision:
    """The route that a place uses. ``losers``: for the same prefix; ``shorter``: less specific ones."""

    route: Route
    losers: tuple[Route, ...] = ()
    shorter: tuple[Route, ...] = ()

    @property
    def prefix(self) -> Prefix:
        return self.route.prefix

    @property
    def next_hops(self) -> tuple[Address | IPv6Address, ...]:
        """Addresses, where there are any."""
        return _hops(self.route)

    @property
    def origin(self) -> str:
        """What kind of route it is: an effective route's source, ``BGP``, ``static``, ``connected``, ``network``."""
        return _origin(self.route)

    @property
    def rule(self) -> str:
        """The fact that made it win."""
        if self.shorter and not self.losers:
            return "longest-prefix-match"
        return self.route.decided_by

    @property
    def beaten(self) -> tuple[str, ...]:
        """Every route that lost, readably, the closest first. One that came from several speakers stands once."""
        senders: dict[Route, list[str]] = {}
        for route in (*self.losers, *self.shorter):
            if isinstance(route, BgpRoute) and route.peer:
                alike = replace(route, peer="", decided_by="", weight=0)
                senders.setdefault(alike, []).append(route.peer)
            else:
                senders.setdefault(route, [])
        return tuple(dict.fromkeys(describe(route, names) for route, names in senders.items()))


def _hops(route: Route) -> tuple[Address | IPv6Address, ...]:
    if isinstance(route, EffectiveRoute):
        return route.next_hops
    if isinstance(route, BgpRoute):
        return () if route.next_hop is None else (route.next_hop,)
    return tuple(way.next_hop for way in route.ways if way.next_hop is not None)


def _origin(route: Route) -> str:
    if isinstance(route, EffectiveRoute):
        return route.source
    return "BGP" if isinstance(route, BgpRoute) else route.kind


def describe(route: Route, senders: Sequence[str] = ()) -> str:
    """A route in one line: ``10.100.0.0/24 via 10.3.129.58 (BGP, AS path 12076 65001 12076, from az-hub-rs/0)``.

    ``senders``: all from which it came alike, if not only from its peer.
    """
    detail = [_origin(route)]
    if isinstance(route, EffectiveRoute) and route.type != route.source:
        detail.append(route.type)
    if isinstance(route, BgpRoute):
        detail += [f"AS path {' '.join(map(str, route.as_path))}"] if route.as_path else []
        if senders or route.peer:
            detail.append(f"from {', '.join(dict.fromkeys(senders or (route.peer,)))}")
        else:
            detail.append(f"of {route.connection}" if route.connection else "its own")
    if isinstance(route, DeviceRoute):
        detail += [f"from {way.peer}" for way in route.ways if way.peer]
    hops = ", ".join(map(str, _hops(route)))
    return f"{route.prefix}{f' via {hops}' if hops else ''} ({', '.join(detail)})"


class EffectiveTable:
    """Effective routes of a subnet, for lookups (longest-prefix-match). ``rows`` are sorted by prefix.

    There is no index: with hundreds of subnets, each with thousands of routes, few lookups are made in each.
    """

    def __init__(self, rows: Iterable[EffectiveRoute]) -> None:
        active = [row for row in rows if row.state is RouteState.ACTIVE]
        self._rows = [row for row in active if isinstance(row.prefix, IPv4Network)]
        self._lengths = sorted({row.prefix.prefixlen for row in self._rows}, reverse=True)

    def lookup(self, within: IPv4Network) -> Decision | None:
        address = int(within.network_address)
        networks = ((address >> 32 - it << 32 - it, it) for it in self._lengths if it <= within.prefixlen)
        found = [row for row in map(self._row, networks) if row is not None]
        return Decision(found[0], found[0].beaten, tuple(found[1:])) if found else None

    def _row(self, prefix: tuple[int, int]) -> EffectiveRoute | None:
        position = bisect_left(self._rows, prefix, key=_network_and_length)
        found = position < len(self._rows) and _network_and_length(self._rows[position]) == prefix
        return self._rows[position] if found else None


def _network_and_length(row: EffectiveRoute) -> tuple[int, int]:
    return int(row.prefix.network_address), row.prefix.prefixlen


class BgpTableIndex:
    """A BGP table of a gateway or an edge, for lookups: of each prefix the selected row and its equals."""

    def __init__(self, rows: Iterable[BgpRoute]) -> None:
        self._rows = LongestPrefix((row.prefix, row) for row in rows)

    def lookup(self, within: IPv4Network) -> tuple[Decision, tuple[BgpRoute, ...]] | None:
        """The decision, and every row that carries traffic."""
        found = [rows for rows in self._rows.covering(within) if rows[0].selected]
        if not found:
            return None
        chosen, *others = found[0]
        alike = (chosen, *(row for row in others if _equally_good(row, chosen)))
        losers = tuple(row for row in others if row not in alike)
        return Decision(chosen, losers, tuple(rows[0] for rows in found[1:])), alike


class DeviceTable:
    """What a device does with packets (device-administrative-distance)."""

    def __init__(self, topology: Topology, router: Router, tables: Tables) -> None:
        self._by_symbol = {static.prefix: static for static in router.statics}
        routes = [*_connected(topology, router), *_static(router), *_through_tunnels(topology, router, tables)]
        routes += [
            DeviceRoute(prefix, "network", (Way(None),), "router-own-routes-first") for prefix in router.networks
        ]
        if not router.nics:  # what it announces it has, beyond what is described
            own = (item.prefix for item in router.announces)
            routes += [DeviceRoute(prefix, "announced", (Way(None),), "router-own-routes-first") for prefix in own]
        routes += _learned(tables.router_routes.get(router.name, ()))
        self._rows = LongestPrefix((route.prefix, route) for route in routes)

    def lookup(self, target: Address, within: IPv4Network) -> Decision | None:
        """For an address, of which at least ``within`` is known."""
        found = list(self._rows.covering(within))
        shorter = tuple(rows[0] for rows in found)
        named = self._by_symbol.get(target)  # type: ignore[arg-type]
        if named is not None:
            return Decision(DeviceRoute(within, "static", (Way(named.next_hop),), "only-route"), (), shorter)
        return Decision(found[0][0], tuple(found[0][1:]), shorter[1:]) if found else None


def _connected(topology: Topology, router: Router) -> Iterator[DeviceRoute]:
    vnets = {vnet.name: vnet for vnet in topology.vnets}
    for nic in router.nics:
        subnet = vnets[nic.vnet].subnet(nic.subnet) if nic.subnet else None
        if subnet is not None:
            yield DeviceRoute(subnet.prefix, "connected", (Way(None),), "device-administrative-distance")


def _static(router: Router) -> Iterator[DeviceRoute]:
    for static in router.statics:
        if isinstance(static.prefix, IPv4Network):
            yield DeviceRoute(static.prefix, "static", (Way(static.next_hop),), "device-administrative-distance")


def live_tunnels(topology: Topology, tables: Tables) -> Iterator[tuple[str, int]]:
    """Tunnels, by connection and gateway instance, that are up."""
    gateways = {gateway.name: gateway for gateway in topology.vpn_gateways}
    for connection in topology.vpn_connections:
        lost = {f"vpn_connections/{connection.name}", f"routers/{connection.remote}"} & tables.failed
        if connection.state is not State.UP or lost:
            continue
        for index in members_of(gateways[connection.gateway], connection.instances):
            up = f"{connection.gateway}/{index}" in tables.gateway_learned
            cut = f"vpn_connections/{connection.name}/{index}" in tables.failed
            if up and not cut and (connection.name, index) not in tables.dead_tunnels:
                yield connection.name, index


def _through_tunnels(topology: Topology, router: Router, tables: Tables) -> Iterator[DeviceRoute]:
    """Static routes into the tunnels of a connection, while one is up."""
    mine = {item.name: item for item in topology.vpn_connections if item.remote == router.name}
    ways: dict[str, list[Way]] = {}
    for name, index in live_tunnels(topology, tables):
        if name in mine and mine[name].remote_static_prefixes:
            ways.setdefault(name, []).append(Way(None, f"{mine[name].gateway}/{index}", name))
    for name, found in ways.items():
        for prefix in mine[name].remote_static_prefixes:
            yield DeviceRoute(prefix, "static", tuple(found), "device-administrative-distance")


def _learned(table: Iterable[BgpRoute]) -> Iterator[DeviceRoute]:
    rows: dict[Prefix, list[BgpRoute]] = {}
    for row in table:
        rows.setdefault(row.prefix, []).append(row)
    for prefix, found in rows.items():
        chosen = next((row for row in found if row.selected), None)
        if chosen is None or not chosen.peer:  # its own network, which it holds itself
            continue
        alike = [row for row in found if row is chosen or _multipath(row, chosen)]
        ways = tuple(Way(row.next_hop, row.peer, row.connection) for row in alike)
        yield DeviceRoute(prefix, "BGP", ways, chosen.decided_by)
        for row in found:
            if row not in alike and row.peer:
                yield DeviceRoute(prefix, "BGP", (Way(row.next_hop, row.peer, row.connection),), row.decided_by)


def _equally_good(row: BgpRoute, chosen: BgpRoute) -> bool:
    """Only a tie-break tells it from the selected one: both carry traffic."""
    return row.origin == chosen.origin and bool(row.peer and chosen.peer) and row.decided_by.startswith("tie-")


def _multipath(row: BgpRoute, chosen: BgpRoute) -> bool:
    """Devices share traffic among paths with one and the same AS path, unless they are told to relax that."""
    return row.as_path == chosen.as_path and _equally_good(row, chosen)


def is_tunnel_route(topology: Topology, route: Route) -> bool:
    """A device's or gateway's route that leads into a tunnel."""
    names = {connection.name for connection in topology.vpn_connections}
    if isinstance(route, DeviceRoute):
        return bool(route.connections & names)
    return isinstance(route, BgpRoute) and route.connection in names
