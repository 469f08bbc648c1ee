"""Classes of addresses: what no table, route, network, intent or exemption tells apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses, summarize_address_range

from vpner.routing.bgp import PrefixSet
from vpner.routing.effective import DROPPED, LINK_LOCAL
from vpner.routing.solution import BgpRoute, EffectiveRoute, Tables
from vpner.topology import ANYWHERE, GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, Symbol, Topology

GATEWAYS_ONLY = frozenset({GATEWAY_SUBNET, ROUTE_SERVER_SUBNET})
"""Subnets in which nothing but gateways and Route Servers live."""
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class AddressClass:
    """The addresses of ``prefixes``, which are disjoint, without those of ``holes``, which something treats apart.

    Several prefixes are in one class if they belong to one place, and if their routes send packets the same way by the
    same rules, wherever a packet can come. So one trace, to ``sample``, speaks for all of its addresses.
    """

    prefixes: tuple[IPv4Network, ...]
    holes: tuple[IPv4Network, ...]
    sample: IPv4Address

    def __contains__(self, address: IPv4Address) -> bool:
        return any(address in item for item in self.prefixes) and not any(address in item for item in self.holes)

    def __str__(self) -> str:
        return f"{_shown(self.prefixes)} except {_shown(self.holes)}" if self.holes else _shown(self.prefixes)


def _shown(prefixes: Sequence[IPv4Network]) -> str:
    more = f", ... ({len(prefixes)} prefixes)" if len(prefixes) > _SHOWN else ""
    return ", ".join(map(str, prefixes[:_SHOWN])) + more


def without(prefixes: Iterable[IPv4Network], holes: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """What is left of prefixes after the holes are cut out."""
    cut = list(collapse_addresses(holes))
    starts = [int(hole.network_address) for hole in cut]
    covering = PrefixSet(cut)
    left: list[IPv4Network] = []
    for prefix in prefixes:
        if covering.covers(prefix):
            continue
        start, end = int(prefix.network_address), int(prefix.broadcast_address)
        for hole in cut[bisect_left(starts, start) : bisect_right(starts, end)]:
            left += _between(start, int(hole.network_address) - 1)
            start = int(hole.broadcast_address) + 1
        left += _between(start, end)
    return tuple(collapse_addresses(left))


def _between(first: int, last: int) -> Iterator[IPv4Network]:
    if first <= last:
        yield from summarize_address_range(IPv4Address(first), IPv4Address(last))


def gateway_subnets(topology: Topology) -> tuple[IPv4Network, ...]:
    """Where only gateways and Route Servers can be."""
    subnets = (subnet for vnet in topology.vnets for subnet in vnet.subnets)
    return tuple(subnet.prefix for subnet in subnets if subnet.name in GATEWAYS_ONLY)


def classes(topology: Topology, phases: Sequence[Tables]) -> tuple[AddressClass, ...]:
    """The whole address space, in classes, in the order of their first prefixes. Every address is in exactly one."""
    tables = _tables(phases)
    mentions = list(_mentions(topology))
    in_tables = {id(row.prefix): row.prefix for rows in tables for row in rows}.values()
    routed = {ANYWHERE, *(prefix for prefix, _ in mentions), *(it for it in in_tables if isinstance(it, IPv4Network))}
    asked = list(_asked(topology))
    prefixes = sorted(routed.union(*asked))
    parents, holes = _tree(prefixes, routed)
    gateways = PrefixSet(gateway_subnets(topology))
    sets = [PrefixSet(item) for item in asked]
    who_asks = {prefix: tuple(item.covers(prefix) for item in sets) for prefix in prefixes}
    groups: dict[Hashable, list[IPv4Network]] = {}
    leaves: dict[IPv4Network, Hashable] = {}
    result: list[AddressClass] = []
    for prefix in prefixes:
        if gateways.covers(prefix):  # nothing is traced there: only who asks for it counts
            groups.setdefault(who_asks[prefix], []).extend(without((prefix,), holes[prefix]))
        elif not holes[prefix]:
            leaves[prefix] = (parents[prefix], who_asks[prefix], _is_private(prefix))
        else:
            sample = _sample(prefix, holes[prefix])
            if sample is not None:
                result.append(AddressClass((prefix,), tuple(holes[prefix]), sample))
    for group in (*groups.values(), *_alike(leaves, mentions, tables)):
        members = tuple(collapse_addresses(group))
        if members:
            result.append(AddressClass(members, (), members[0].network_address))
    return tuple(sorted(result, key=lambda item: item.prefixes))


def _is_private(prefix: IPv4Network) -> bool:
    """Packets for it do not go to the Internet."""
    return any(prefix.subnet_of(block) for block in (*DROPPED, LINK_LOCAL))


Parents = dict[IPv4Network, IPv4Network | None]
Holes = dict[IPv4Network, list[IPv4Network]]


def _tree(prefixes: Sequence[IPv4Network], routed: Container[IPv4Network]) -> tuple[Parents, Holes]:
    """Of each of some sorted prefixes the next larger one that is ``routed``, and the next smaller ones."""
    parents: Parents = {}
    holes: Holes = {prefix: [] for prefix in prefixes}
    stack: list[IPv4Network] = []
    for prefix in prefixes:  # sorted: a prefix comes after those that hold it
        while stack and not prefix.subnet_of(stack[-1]):
            stack.pop()
        if stack:
            holes[stack[-1]].append(prefix)
        parents[prefix] = next((larger for larger in reversed(stack) if larger in routed), None)
        stack.append(prefix)
    return parents, holes


def _sample(prefix: IPv4Network, holes: Sequence[IPv4Network]) -> IPv4Address | None:
    """The first address outside the holes, which are sorted and disjoint."""
    candidate = int(prefix.network_address)
    for hole in holes:
        if candidate < int(hole.network_address):
            break
        candidate = int(hole.broadcast_address) + 1
    return IPv4Address(candidate) if candidate <= int(prefix.broadcast_address) else None


def _mentions(topology: Topology) -> Iterator[tuple[IPv4Network, Hashable]]:
    """Everything that the topology treats apart, with a mark: prefixes with other marks are treated otherwise."""
    for mark, item in _marked(topology):
        if isinstance(item, IPv4Network):
            yield item, mark
        elif isinstance(item, IPv4Address):
            yield IPv4Network(item), item
        elif isinstance(item, Symbol):
            yield item.within, item


def _marked(topology: Topology) -> Iterator[tuple[Hashable, object]]:
    for vnet in topology.vnets:
        yield from ((("vnet", vnet.name), prefix) for prefix in vnet.prefixes)
        yield from (((vnet.name, subnet.name), subnet.prefix) for subnet in vnet.subnets)
    for table in topology.route_tables:
        yield from (((table.name, item.next_hop_type, item.next_hop), item.prefix) for item in table.routes)
    for router in topology.routers:
        yield from ((("network", router.name), prefix) for prefix in router.networks)
        yield from ((("static", router.name, item.next_hop), item.prefix) for item in router.statics)
        yield from ((("announces", router.name), item.prefix) for item in router.announces)
        yield from (("", address) for address in (*router.addresses, *(nic.ip for nic in router.nics)))
    for gateway in topology.vpn_gateways:
        yield from (("", address) for item in gateway.instances for address in (item.tunnel, item.bgp))
    for connection in topology.vpn_connections:
        yield from ((("near", connection.name), prefix) for prefix in connection.static_prefixes)
        yield from ((("far", connection.name), prefix) for prefix in connection.remote_static_prefixes)
        yield from (("", address) for address in (connection.remote_endpoint, connection.remote_ip))


def _asked(topology: Topology) -> Iterator[Sequence[IPv4Network]]:
    """What intents and exemptions name."""
    for intent in topology.intent:
        yield from (intent.sources, intent.destinations)
        for exemption in intent.exempt:
            yield from (exemption.sources, exemption.destinations)


Rows = tuple[BgpRoute, ...] | tuple[EffectiveRoute, ...]


def _tables(phases: Sequence[Tables]) -> list[Rows]:
    """Every table that packets are looked up in, once where several share it."""
    groups = (
        group
        for tables in phases
        for group in (tables.effective, tables.gateway_learned, tables.circuit_routes, tables.router_routes)
    )
    return list({id(rows): rows for group in groups for rows in group.values()}.values())


def _alike(
    leaves: Mapping[IPv4Network, Hashable], mentions: Iterable[tuple[IPv4Network, Hashable]], tables: Sequence[Rows]
) -> list[list[IPv4Network]]:
    """Prefixes without holes, grouped: same marks, and rows that lead the same way.

    The first mark of each comes with it; the parent is part of that, so that less specific routes are the same, too.
    """
    groups = _Groups()
    for prefix, mark in leaves.items():
        groups.add(prefix, mark)
    for prefix, mark in mentions:
        if prefix in leaves:
            groups.add(prefix, mark)
    groups.refine(tables)
    return groups.groups()


class _Groups:
    """Prefixes by everything that is said of them. What is said, in order, has a number: equal numbers, one group."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, Hashable], int] = {}
        self._state: dict[IPv4Network, int] = {}

    def add(self, prefix: IPv4Network, mark: Hashable) -> None:
        key = self._state.get(prefix, 0), mark
        self._state[prefix] = self._numbers.setdefault(key, len(self._numbers) + 1)

    def groups(self) -> list[list[IPv4Network]]:
        found: dict[int, list[IPv4Network]] = {}
        for prefix, number in self._state.items():
            found.setdefault(number, []).append(prefix)
        return list(found.values())

    def refine(self, tables: Sequence[Rows]) -> None:
        """Part what rows part. By identity, because tables share rows, and rows prefixes: there are millions of them.

        A table with the very rows of another one parts nothing that the other one does not.
        """
        together = [prefix for group in self.groups() if len(group) > 1 for prefix in group]
        if not together:
            return
        slots = {prefix: slot for slot, prefix in enumerate(together)}
        state = [self._state[prefix] for prefix in together]
        prefixes = {id(row.prefix): row.prefix for rows in tables for row in rows}
        of_prefix = {key: slots[it] for key, it in prefixes.items() if isinstance(it, IPv4Network) and it in slots}
        seen: set[tuple[int, ...]] = set()
        of_row: dict[int, int] = {}
        kinds: dict[Hashable, int] = {}
        for number, rows in enumerate(tables):
            mine = [row for row in rows if id(row.prefix) in of_prefix]
            identity = tuple(map(id, mine))
            if identity in seen:
                continue
            seen.add(identity)
            first: dict[int, tuple[int, ...]] = {}
            for row in mine:
                slot = of_prefix[id(row.prefix)]
                if id(row) not in of_row:
                    of_row[id(row)] = kinds.setdefault(_way(row), len(kinds))
                alike = isinstance(row, EffectiveRoute) or row.as_path == first.setdefault(slot, row.as_path)
                key = state[slot], (number, of_row[id(row)], alike)
                state[slot] = self._numbers.setdefault(key, len(self._numbers) + 1)
        self._state.update(zip(together, state, strict=True))


def _way(row: BgpRoute | EffectiveRoute) -> Hashable:
    """What of a row says where packets go, and why. Of AS paths only matters which are the same (multipath)."""
    if isinstance(row, EffectiveRoute):
        return row.type, row.next_hops, row.source, row.state, row.decided_by, bool(row.beaten)
    return row.next_hop, row.origin, row.peer, row.selected, row.decided_by, row.connection
