"""The difference between two networks as single changes, each of which somebody makes at one moment.

A change is the smallest thing that takes effect alone: a resource that ARM creates, updates or deletes with one call, a
line of a device's configuration. What the order of two changes must be because one names the other (a connection its
gateway, a subnet its route table) is in :attr:`Change.needs`; it holds for Pulumi and ARM whatever anybody plans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from vpner.problems import Problem, refuse
from vpner.topology import BgpSession, Peering, Static, Symbol, Topology, VpnConnection


class Party(StrEnum):
    """Who makes a change."""

    AZURE = "Azure"
    PROVIDER = "provider"
    DEVICE = "device"


class Kind(StrEnum):
    """What is changed, in the order in which encryption is put in place."""

    VPN_GATEWAY = "VPN gateway"
    ROUTE_SERVER = "Route Server"
    ROUTER = "device"
    STATIC = "static route"
    NETWORK = "originated network"
    ANNOUNCEMENT = "announcement"
    ROUTE_TABLE = "route table"
    PEERING = "peering"
    BGP_SESSION = "BGP session"
    VPN_CONNECTION = "connection"
    TUNNEL_FILTER = "filter in the tunnel"
    STATIC_PREFIXES = "prefixes of the local network gateway"
    BRANCH_TO_BRANCH = "branch-to-branch"
    PREFERENCE = "hub routing preference"
    CIRCUIT_FILTER = "filter on the circuit"
    ASSOCIATION = "route table of a subnet"


KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``location`` leads to an attribute of the topology, by turns an attribute and a name.

    ``member``: the attribute is a tuple of which ``old`` goes and ``new`` comes (None: nothing does). Otherwise ``old``
    and ``new`` are values of the attribute.
    """

    location: tuple[str, ...]
    kind: Kind
    party: Party
    old: Any
    new: Any
    member: bool
    needs: frozenset[str] = frozenset()
    """Keys of the changes that ARM, or a device, wants to have been made before."""

    @property
    def key(self) -> str:
        """Names it among the changes of one cutover: ``routers/device/statics/10.0.0.36/32``."""
        own = (identity(self.new if self.new is not None else self.old),) if self.member else ()
        return "/".join((*self.location, *own))

    def undone(self) -> Change:
        """The change that takes it back."""
        return replace(self, old=self.new, new=self.old, needs=frozenset())

    def apply(self, topology: Topology) -> Topology:
        """The network after it."""
        return self._put(topology, self.location)

    def _put(self, item: Any, location: Sequence[str]) -> Any:
        attribute, *rest = location
        value = getattr(item, attribute)
        if rest:
            name, *inner = rest
            edited = tuple(self._put(each, inner) if identity(each) == name else each for each in value)
        elif self.member:
            gone = {identity(self.old), identity(self.new)}
            kept = tuple(each for each in value if identity(each) not in gone)
            edited = kept if self.new is None else (*kept, self.new)
        else:
            edited = self.new
        return replace(item, **{attribute: edited})


def identity(item: Any) -> str:
    """The name of a thing in its collection."""
    if isinstance(item, Peering):
        return f"{item.vnet}>{item.remote}"
    if isinstance(item, Static):
        return f"{item.prefix} via {item.next_hop}"
    name = getattr(item, "name", None)
    return str(item) if name is None else str(name)


@dataclass(frozen=True, slots=True)
class _Spec:
    """What may differ in the things of a collection. ``kind``: the thing itself may come and go."""

    kind: Kind | None = None
    at_once: bool = False
    """One call replaces the thing."""
    values: Mapping[str, Kind] = field(default_factory=dict[str, Kind])
    members: Mapping[str, Kind] = field(default_factory=dict[str, Kind])
    nested: Mapping[str, _Spec] = field(default_factory=dict[str, "_Spec"])


_COLLECTIONS: Mapping[str, _Spec] = {
    "vnets": _Spec(nested={"subnets": _Spec(values={"route_table": Kind.ASSOCIATION})}),
    "peerings": _Spec(Kind.PEERING, at_once=True),
    "route_tables": _Spec(Kind.ROUTE_TABLE, at_once=True),
    "nics": _Spec(),
    "vpn_gateways": _Spec(Kind.VPN_GATEWAY),
    "er_gateways": _Spec(),
    "route_servers": _Spec(
        Kind.ROUTE_SERVER, values={"branch_to_branch": Kind.BRANCH_TO_BRANCH, "preference": Kind.PREFERENCE}
    ),
    "circuits": _Spec(
        nested={"paths": _Spec(values={"to_router": Kind.CIRCUIT_FILTER, "from_router": Kind.CIRCUIT_FILTER})}
    ),
    "er_connections": _Spec(),
    "routers": _Spec(
        Kind.ROUTER,
        members={"statics": Kind.STATIC, "networks": Kind.NETWORK, "announces": Kind.ANNOUNCEMENT},
    ),
    "vpn_connections": _Spec(
        Kind.VPN_CONNECTION,
        values={
            "imports": Kind.TUNNEL_FILTER,
            "exports": Kind.TUNNEL_FILTER,
            "static_prefixes": Kind.STATIC_PREFIXES,
        },
    ),
    "bgp_sessions": _Spec(Kind.BGP_SESSION, at_once=True),
}


def differences(before: Topology, after: Topology) -> tuple[Change, ...]:
    """Every change that leads from one network to the other, in the order of :class:`Kind`.

    Raises :class:`Problems` with all differences that are no step of a cutover.
    """
    diff = _Difference(before, after)
    found = list(diff.topology())
    refuse("cannot plan this cutover", sorted(diff.problems))
    found.sort(key=lambda change: (KINDS.index(change.kind), change.key))
    return tuple(_ordered(found))


class _Difference:
    def __init__(self, before: Topology, after: Topology) -> None:
        self.before, self.after = before, after
        self.problems: list[Problem] = []
        both = (before, after)
        self._ends = {item.remote for network in both for item in network.vpn_connections}
        self._carriers = {path.router for network in both for item in network.circuits for path in item.paths}

    def topology(self) -> Iterator[Change]:
        for attribute, spec in _COLLECTIONS.items():
            yield from self._collection(
                (attribute,), spec, getattr(self.before, attribute), getattr(self.after, attribute)
            )
        for attribute, why in _FIXED.items():
            if getattr(self.before, attribute) != getattr(self.after, attribute):
                self._refuse(attribute, why)

    def _collection(
        self, location: tuple[str, ...], spec: _Spec, old: Sequence[Any], new: Sequence[Any]
    ) -> Iterator[Change]:
        olds, news = ({identity(item): item for item in side} for side in (old, new))
        for name in sorted({*olds, *news}):
            here, there = olds.get(name), news.get(name)
            if here == there:
                continue
            if here is not None and there is not None and not spec.at_once:
                yield from self._thing((*location, name), spec, here, there)
            elif spec.kind is None:
                self._refuse(f"{'.'.join(location)}.{name}", "it is in one of the two networks only")
            else:
                yield self._change(location, spec.kind, _bare(here, spec), _bare(there, spec), member=True)
                for attribute, kind in spec.members.items():
                    yield from self._members((*location, name, attribute), kind, here, there)

    def _thing(self, location: tuple[str, ...], spec: _Spec, here: Any, there: Any) -> Iterator[Change]:
        for item in fields(here):
            old, new = getattr(here, item.name), getattr(there, item.name)
            at = (*location, item.name)
            if old == new:
                continue
            if item.name in spec.values:
                yield self._change(at, spec.values[item.name], old, new, member=False)
            elif item.name in spec.members:
                yield from self._members(at, spec.members[item.name], here, there)
            elif item.name in spec.nested:
                yield from self._collection(at, spec.nested[item.name], old, new)
            else:
                self._refuse(".".join(at), "it differs between the two networks")

    def _members(self, location: tuple[str, ...], kind: Kind, here: Any, there: Any) -> Iterator[Change]:
        old, new = ({identity(it): it for it in getattr(side, location[-1], ())} for side in (here, there))
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield self._change(location, kind, old.get(name), new.get(name), member=True)

    def _change(self, location: tuple[str, ...], kind: Kind, old: Any, new: Any, *, member: bool) -> Change:
        return Change(location, kind, self._party(location, kind, old, new), old, new, member)

    def _party(self, location: tuple[str, ...], kind: Kind, old: Any, new: Any) -> Party:
        if location[0] == "routers":
            name = location[1] if len(location) > 1 else identity(new if new is not None else old)
            return Party.PROVIDER if name in self._carriers and name not in self._ends else Party.DEVICE
        if kind is Kind.CIRCUIT_FILTER:
            circuit = next(item for item in self.after.circuits if item.name == location[1])
            router = next(path.router for path in circuit.paths if path.name == location[3])
            return Party.DEVICE if router in self._ends else Party.PROVIDER
        return Party.DEVICE if kind is Kind.TUNNEL_FILTER else Party.AZURE

    def _refuse(self, where: str, what: str) -> None:
        why = "A cutover changes how traffic travels between networks that stay what they are"
        remedy = "make this change before or after the cutover, and give both files as they are then"
        self.problems.append(Problem(where, what, why, remedy, "no-step-of-a-cutover"))


_FIXED = {
    "intent": "the two networks do not protect the same traffic",
    "global_reach": "it differs between the two networks",
}


def _bare(item: Any, spec: _Spec) -> Any:
    """The thing without its members, which are changes of their own."""
    return item if item is None or not spec.members else replace(item, **dict.fromkeys(spec.members, ()))


def _ordered(changes: Sequence[Change]) -> Iterator[Change]:
    """Changes with what each needs: what it refers to comes first, and goes last."""
    keys = {change.key for change in changes}
    needs: dict[str, set[str]] = {change.key: set() for change in changes}
    for change in changes:
        for owner in _refers(change.location, change.new, change.member) & keys:
            if _comes(changes, owner):
                needs[change.key].add(owner)
        for owner in _refers(change.location, change.old, change.member) & keys:
            if not _comes(changes, owner):
                needs[owner].add(change.key)
        if change.kind in _ONE_A_VNET and change.member and change.new is not None:
            needs[change.key] |= {
                other.key
                for other in changes
                if other.kind is change.kind
                and other.member
                and other.new is None
                and other.old.vnet == change.new.vnet
            }
    for change in changes:
        yield replace(change, needs=frozenset(needs[change.key] - {change.key}))


_ONE_A_VNET = frozenset({Kind.VPN_GATEWAY, Kind.ROUTE_SERVER})
"""A virtual network has one of these at most, so that the old one goes before the new one comes (Learn: VPN Gateway
FAQ, Azure Route Server FAQ)."""


def _comes(changes: Sequence[Change], key: str) -> bool:
    return any(change.key == key and change.new is not None for change in changes)


def _refers(location: tuple[str, ...], value: Any, member: bool) -> set[str]:
    """Keys of the things that a value names, or that it is a part of."""
    if value is None:
        return set()
    found = {"/".join(location[:2])} if member and len(location) > 1 else set[str]()
    if isinstance(value, VpnConnection):
        found |= {f"vpn_gateways/{value.gateway}", f"vpn_gateways/{value.remote}", f"routers/{value.remote}"}
    elif isinstance(value, BgpSession):
        found |= {f"{kind}/{end}" for kind in ("routers", "route_servers") for end in (value.a, value.b)}
    elif isinstance(value, Static) and isinstance(value.prefix, Symbol):
        found.add(f"vpn_gateways/{value.prefix.owner}")
    elif location[-1:] == ("route_table",):
        found.add(f"route_tables/{value}")
    return found
