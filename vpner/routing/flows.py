"""Which traffic there is to judge: sources, and classes of addresses that every table treats alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from vpner.routing.bgp import PrefixSet
from vpner.routing.lookup import LongestPrefix
from vpner.routing.solution import Tables
from vpner.topology import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, Intent, Mode, Router, Symbol, Topology

GATEWAYS_ONLY = frozenset({GATEWAY_SUBNET, ROUTE_SERVER_SUBNET})
"""Subnets in which nothing but gateways and Route Servers live."""


@dataclass(frozen=True, slots=True)
class AddressClass:
    """The addresses of a prefix, without those of more specific prefixes (``holes``) that something treats apart.

    No table, user-defined route, intent or exemption tells two of its addresses apart, so that one trace, to
    ``sample``, speaks for all of them.
    """

    prefix: IPv4Network
    holes: tuple[IPv4Network, ...]
    sample: IPv4Address

    def __str__(self) -> str:
        if not self.holes:
            return str(self.prefix)
        shown = ", ".join(map(str, self.holes[:4])) + (", ..." if len(self.holes) > 4 else "")
        return f"{self.prefix} except {shown}"


class SourceKind(StrEnum):
    """``undeclared``: an intent names it, but nothing in the topology has it."""

    SUBNET = "subnet"
    ROUTER = "router"
    UNDECLARED = "undeclared"


@dataclass(frozen=True, slots=True)
class Source:
    """Where packets start: a subnet (``VNET/SUBNET``) or a network behind a router. ``prefixes``: which of it."""

    kind: SourceKind
    name: str
    prefixes: tuple[IPv4Network, ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of traffic. ``intent`` and ``mode`` are empty where nobody asked for it to be protected."""

    source: Source
    destination: AddressClass
    intent: str = ""
    mode: Mode | None = None

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}"


def name_of(topology: Topology, intent: Intent) -> str:
    """As declared, or by position."""
    return intent.name or f"intent[{topology.intent.index(intent)}]"


def classes(topology: Topology, phases: Sequence[Tables]) -> tuple[AddressClass, ...]:
    """The whole address space, in classes. Every address is in exactly one."""
    prefixes = sorted({IPv4Network("0.0.0.0/0"), *_mentioned(topology), *_in_tables(phases)})
    children: dict[IPv4Network, list[IPv4Network]] = {prefix: [] for prefix in prefixes}
    stack: list[IPv4Network] = []
    for prefix in prefixes:  # sorted: a prefix comes after those that hold it
        while stack and not prefix.subnet_of(stack[-1]):
            stack.pop()
        if stack:
            children[stack[-1]].append(prefix)
        stack.append(prefix)
    found: list[AddressClass] = []
    for prefix, holes in children.items():
        sample = _sample(prefix, holes)
        if sample is not None:
            found.append(AddressClass(prefix, tuple(holes), sample))
    return tuple(found)


def _sample(prefix: IPv4Network, holes: Sequence[IPv4Network]) -> IPv4Address | None:
    """The first address outside the holes, which are sorted and disjoint."""
    candidate = int(prefix.network_address)
    for hole in holes:
        if candidate < int(hole.network_address):
            break
        candidate = int(hole.broadcast_address) + 1
    return IPv4Address(candidate) if candidate <= int(prefix.broadcast_address) else None


def _mentioned(topology: Topology) -> Iterator[IPv4Network]:
    """Everything that the topology treats apart, routes aside."""
    found: list[object] = []
    for vnet in topology.vnets:
        found += [*vnet.prefixes, *(subnet.prefix for subnet in vnet.subnets)]
    for table in topology.route_tables:
        found += [route.prefix for route in table.routes]
    for router in topology.routers:
        found += [*router.networks, *(item.prefix for item in router.statics)]
        found += [item.prefix for item in router.announces]
        found += [*router.addresses, *(nic.ip for nic in router.nics)]
    for gateway in topology.vpn_gateways:
        found += [address for item in gateway.instances for address in (item.tunnel, item.bgp)]
    for connection in topology.vpn_connections:
        found += [*connection.static_prefixes, *connection.remote_static_prefixes]
        found += [connection.remote_endpoint, connection.remote_ip]
    for intent in topology.intent:
        found += [*intent.sources, *intent.destinations]
        for exemption in intent.exempt:
            found += [*exemption.sources, *exemption.destinations]
    for item in found:
        if isinstance(item, IPv4Network | IPv4Address):
            yield IPv4Network(item)
        elif isinstance(item, Symbol):
            yield item.within


def _in_tables(phases: Sequence[Tables]) -> Iterator[IPv4Network]:
    for tables in phases:
        groups = (tables.effective, tables.gateway_learned, tables.circuit_routes, tables.router_routes)
        for rows in {id(rows): rows for group in groups for rows in group.values()}.values():
            for row in rows:
                if isinstance(row.prefix, IPv4Network):
                    yield row.prefix


class Atlas:
    """Places and address classes of a network, by the tables of one or several solutions."""

    def __init__(self, topology: Topology, phases: Sequence[Tables]) -> None:
        self.classes = classes(topology, phases)
        self.places = tuple(_places(topology))
        subnets = [subnet for vnet in topology.vnets for subnet in vnet.subnets]
        gateways = [subnet.prefix for subnet in subnets if subnet.name in GATEWAYS_ONLY]
        self._known = [*(prefix for place in self.places for prefix in place.prefixes), *gateways]
        self._gateways = PrefixSet(gateways)
        self._by_class = LongestPrefix((item.prefix, item) for item in self.classes)
        self._by_prefix = LongestPrefix((prefix, place) for place in self.places for prefix in place.prefixes)

    def within(self, prefixes: Iterable[IPv4Network]) -> list[AddressClass]:
        """Classes inside prefixes, each of which must be one of the prefixes that cut the classes."""
        wanted = PrefixSet(prefixes)
        return [item for item in self.classes if wanted.covers(item.prefix)]

    def sources(self, prefixes: Sequence[IPv4Network]) -> list[Source]:
        """Places in which addresses of the prefixes are, each cut down to them."""
        found: list[Source] = []
        for place in self.places:
            inside = [_common(mine, wanted) for mine in place.prefixes for wanted in prefixes]
            kept = [prefix for prefix in inside if prefix is not None]
            if kept:
                found.append(Source(place.kind, place.name, tuple(collapse_addresses(kept))))
        return found

    def places_of(self, address: IPv4Address) -> tuple[str, ...]:
        """Names of the places in which an address is; several where several routers have the network."""
        nowhere: list[Source] = []
        found = next(self._by_prefix.covering(IPv4Network(address)), nowhere)
        return tuple(place.name for place in found)

    def class_of(self, address: IPv4Address) -> AddressClass:
        """The class that an address is in."""
        return next(self._by_class.covering(IPv4Network(address)))[0]

    def gateways_only(self, item: AddressClass) -> bool:
        """Addresses at which only gateways and Route Servers can be."""
        return self._gateways.covers(IPv4Network(item.sample))

    def undeclared(self, prefixes: Iterable[IPv4Network]) -> list[IPv4Network]:
        """Those of the prefixes in which no subnet and no router's network is."""
        return [prefix for prefix in prefixes if not any(prefix.overlaps(item) for item in self._known)]


def _common(first: IPv4Network, second: IPv4Network) -> IPv4Network | None:
    if first.subnet_of(second):
        return first
    return second if second.subnet_of(first) else None


def without(prefixes: Iterable[IPv4Network], holes: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """What is left of prefixes after the holes are cut out."""
    left = list(prefixes)
    for hole in holes:
        kept: list[IPv4Network] = []
        for prefix in left:
            if hole.subnet_of(prefix):
                kept += prefix.address_exclude(hole)
            elif not prefix.subnet_of(hole):
                kept.append(prefix)
        left = kept
    return tuple(collapse_addresses(left))


def _places(topology: Topology) -> Iterator[Source]:
    """Subnets in which NICs can be, and the networks behind routers.

    A prefix of a VNet is where the VNet is, whoever else originates it. What a router only announces counts as its
    network where no router declares it as one. A default route is nobody's network.
    """
    for vnet in topology.vnets:
        for subnet in vnet.subnets:
            if subnet.name not in GATEWAYS_ONLY:
                yield Source(SourceKind.SUBNET, f"{vnet.name}/{subnet.name}", (subnet.prefix,))
    spaces = [prefix for vnet in topology.vnets for prefix in vnet.prefixes if isinstance(prefix, IPv4Network)]
    declared = [prefix for router in topology.routers for prefix in _networks(router)]
    for router in topology.routers:
        announced = [
            item.prefix
            for item in router.announces
            if isinstance(item.prefix, IPv4Network) and not any(item.prefix.overlaps(prefix) for prefix in declared)
        ]
        own = without((prefix for prefix in (*_networks(router), *announced) if prefix.prefixlen), spaces)
        if own:
            yield Source(SourceKind.ROUTER, router.name, own)


def _networks(router: Router) -> list[IPv4Network]:
    return [prefix for prefix in router.networks if isinstance(prefix, IPv4Network)]
