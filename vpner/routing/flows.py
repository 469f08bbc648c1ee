"""Which traffic there is to judge: sources, and the classes of addresses that it can go to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from vpner.routing.bgp import PrefixSet
from vpner.routing.classes import GATEWAYS_ONLY, AddressClass, classes, gateway_subnets, without
from vpner.routing.lookup import LongestPrefix
from vpner.routing.solution import Tables
from vpner.topology import Intent, Mode, Router, Topology


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


class Atlas:
    """Places and address classes of a network, by the tables of one or several solutions."""

    def __init__(self, topology: Topology, phases: Sequence[Tables]) -> None:
        self.classes = classes(topology, phases)
        self.places = tuple(_places(topology))
        gateways = gateway_subnets(topology)
        self._known = [*(prefix for place in self.places for prefix in place.prefixes), *gateways]
        self._gateways = PrefixSet(gateways)
        self._hosts = [(item, IPv4Network(item.sample)) for item in self.classes]
        self._places: dict[IPv4Address, tuple[str, ...]] = {}
        self._by_class = LongestPrefix((prefix, item) for item in self.classes for prefix in item.prefixes)
        self._by_prefix = LongestPrefix((prefix, place) for place in self.places for prefix in place.prefixes)

    def within(self, prefixes: Iterable[IPv4Network]) -> list[AddressClass]:
        """Classes inside prefixes, each of which must be one of the prefixes that cut the classes."""
        wanted = PrefixSet(prefixes)
        return [item for item, host in self._hosts if wanted.covers(host)]

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
        if address not in self._places:
            nowhere: list[Source] = []
            found = next(self._by_prefix.covering(IPv4Network(address)), nowhere)
            self._places[address] = tuple(place.name for place in found)
        return self._places[address]

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
