"""Protected flows before and after a change, by address pairs: the two networks cut addresses differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network

from vpner.diff.intents import CHANGED
from vpner.routing import Assessment, Flow, FlowVerdict, SourceKind, Verdict
from vpner.routing.bgp import PrefixSet
from vpner.topology import Topology, own_networks


class Standing(IntEnum):
    """How a protected flow stands in a network, the worse the higher."""

    GONE = 0
    """Its source or its destination does not exist."""
    ENCRYPTED = 1
    """In every state that was judged. Or it never leaves Azure or the site, is the tunnel's own, or exempt."""
    FALLBACK = 2
    """Encrypted, and in clear only as its mode allows."""
    CLEAR_ALLOWED = 3
    """In clear, lost or in a loop already in steady state, as its mode allows."""
    UNKNOWN = 4
    FORBIDDEN_UNDER_FAILURE = 5
    FORBIDDEN = 6

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS = {
    Standing.GONE: "not there",
    Standing.ENCRYPTED: "encrypted",
    Standing.FALLBACK: "encrypted, may fall back to clear",
    Standing.CLEAR_ALLOWED: "not encrypted, which its mode allows",
    Standing.UNKNOWN: "not known",
    Standing.FORBIDDEN_UNDER_FAILURE: "not encrypted under failure",
    Standing.FORBIDDEN: "not encrypted",
}
_FINE = frozenset({Verdict.ENCRYPTED, Verdict.LOCAL, Verdict.TRANSPORT, Verdict.EXEMPT})


@dataclass(frozen=True, slots=True)
class FlowChange:
    """Flows of one source and destination class that stand otherwise after a change."""

    intent: str
    source: str
    destination: str
    before: Standing
    after: Standing
    verdicts: tuple[str, str]
    """Of the steady state, before and after; empty where nobody is there."""
    why: str
    """Of what stands worse: after the change, or before it."""

    @property
    def worse(self) -> bool:
        """Whether the change is to blame: it is in clear, or may be, where it was not."""
        return self.after > max(self.before, Standing.FALLBACK)


@dataclass(frozen=True, slots=True)
class _Side:
    flow: Flow
    verdict: FlowVerdict
    standing: Standing
    why: str


class Flows:
    """The flows of one network, found by an address pair."""

    def __init__(self, topology: Topology, found: Assessment) -> None:
        spaces = [item for vnet in topology.vnets for item in vnet.prefixes if isinstance(item, IPv4Network)]
        behind = [item for router in topology.routers for item in own_networks(topology, router)]
        self._there = PrefixSet((*spaces, *behind))
        forbidden = set(found.forbidden)
        failing: dict[Flow, list[tuple[bool, str]]] = {}
        for item in found.under_failure:
            why = f"after {', '.join(item.events)}: {item.verdict.value}. {item.why}"
            failing.setdefault(item.flow, []).append((item.allowed or item.verdict in _FINE, why))
        self._by_intent: dict[str, list[_Side]] = {}
        for item in found.flows:
            side = _Side(item.flow, item, *_standing(item, item.flow in forbidden, failing.get(item.flow, ())))
            self._by_intent.setdefault(item.flow.intent, []).append(side)

    def pairs(self) -> Iterator[tuple[str, IPv4Address, IPv4Address]]:
        """An intent, and addresses that stand for each of its flows."""
        for intent, sides in self._by_intent.items():
            for side in sides:
                yield intent, side.flow.source.prefixes[0][0], side.flow.destination.sample

    def at(self, intent: str, source: IPv4Address, destination: IPv4Address) -> _Side | None:
        """The flow that an address pair belongs to."""
        for side in self._by_intent.get(intent, ()):
            flow = side.flow
            if any(source in prefix for prefix in flow.source.prefixes) and destination in flow.destination:
                return side
        return None

    def exists(self, address: IPv4Address) -> bool:
        """Whether a VNet or a router's network has the address."""
        return self._there.covers(IPv4Network(address))


def _standing(item: FlowVerdict, forbidden: bool, failing: Sequence[tuple[bool, str]]) -> tuple[Standing, str]:
    if item.flow.source.kind is SourceKind.UNDECLARED:
        return Standing.GONE, item.why
    if forbidden:
        return Standing.FORBIDDEN, item.why
    under = next((why for allowed, why in failing if not allowed), None)
    if under is not None:
        return Standing.FORBIDDEN_UNDER_FAILURE, under
    if item.verdict is Verdict.INCONCLUSIVE:
        return Standing.UNKNOWN, item.why
    if item.verdict not in _FINE:
        return Standing.CLEAR_ALLOWED, item.why
    return (Standing.FALLBACK, failing[0][1]) if failing else (Standing.ENCRYPTED, item.why)


def flow_changes(base: Flows, head: Flows) -> tuple[FlowChange, ...]:
    """What stands otherwise, the worst first. An intent that is new has nothing before it."""
    found: dict[FlowChange, None] = {}
    for intent, source, destination in dict.fromkeys((*base.pairs(), *head.pairs())):
        before = base.at(intent.removesuffix(CHANGED), source, destination)
        after = head.at(intent, source, destination)
        if base.exists(destination) is not head.exists(destination):
            before, after = (before, None) if base.exists(destination) else (None, after)
        was, becomes = (Standing.GONE if side is None else side.standing for side in (before, after))
        if was is becomes:
            continue
        sides = [side for side in (before, after) if side is not None]
        shown = next((side for side in sides[::-1] if side.standing is not Standing.GONE), sides[0])
        worst = max(sides, key=lambda side: side.standing)
        change = FlowChange(
            intent=intent,
            source=str(shown.flow.source),
            destination=str(shown.flow.destination),
            before=was,
            after=becomes,
            verdicts=(_verdict(before), _verdict(after)),
            why=worst.why,
        )
        found[change] = None
    return tuple(sorted(found, key=_order))


def _verdict(side: _Side | None) -> str:
    return "" if side is None else side.verdict.verdict.value


def _order(change: FlowChange) -> tuple[object, ...]:
    return not change.worse, -change.after, change.intent, change.source, change.destination
