"""What a network does to protected flows in each state of a cutover, and which steps between states are windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from vpner.cutover.order import Done, Order
from vpner.routing import DEFAULT, SEVERITY, Assumptions, FlowVerdict, Verdict, judge, solve
from vpner.routing.classes import without
from vpner.routing.effective import DROPPED, LINK_LOCAL
from vpner.topology import Topology


class Fate(StrEnum):
    """What becomes of a flow, as far as a cutover is concerned."""

    ENCRYPTED = "encrypted"
    """Or it never leaves Azure, or the site."""
    CLEARTEXT = "in clear"
    LOST = "lost"
    """In a loop, dropped, or not there yet."""
    FLAPPING = "flapping"
    """Routing goes round in phases that differ for this flow."""
    UNKNOWN = "unknown"


_FATES = {
    Verdict.ENCRYPTED: Fate.ENCRYPTED,
    Verdict.LOCAL: Fate.ENCRYPTED,
    Verdict.CLEARTEXT: Fate.CLEARTEXT,
    Verdict.LOOP: Fate.LOST,
    Verdict.BLACKHOLE: Fate.LOST,
    Verdict.INCONCLUSIVE: Fate.UNKNOWN,
}
_OUTSIDE = frozenset({Verdict.TRANSPORT, Verdict.EXEMPT})

FlowKey = tuple[str, str, IPv4Address]
"""Intent, source and an address that stands for all that no state treats otherwise."""


@dataclass(frozen=True, slots=True)
class FlowState:
    """A protected flow in one state."""

    fate: Fate
    verdict: Verdict | None
    why: str
    phases: frozenset[Fate]
    """What becomes of it by turns; one fate where routing settles."""


_NOT_THERE = FlowState(Fate.LOST, None, "its source is not there yet", frozenset({Fate.LOST}))


@dataclass(frozen=True, slots=True)
class State:
    """A network at one moment of a cutover."""

    flows: Mapping[FlowKey, FlowState]
    assumed: tuple[str, ...]

    def of(self, key: FlowKey) -> FlowState:
        return self.flows.get(key, _NOT_THERE)


class Harm(StrEnum):
    """What a step must not do to a protected flow."""

    CLEARTEXT = "in clear"
    """In clear though it was encrypted, or in clear again and again."""
    LOST = "lost"
    """Or by turns lost and in clear, as it was before."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Window:
    """A step after which a protected flow is worse off than the two ends of the cutover allow."""

    harm: Harm
    flow: FlowKey
    was: Fate
    becomes: Fate
    done: Done
    """The changes that are made then, the last one included."""
    change: str
    """Key of the last one."""
    why: str


class States:
    """The states of a cutover, each solved and judged once."""

    def __init__(
        self, before: Topology, after: Topology, order: Order, today: date, assumptions: Assumptions = DEFAULT
    ) -> None:
        self.order = order
        self._before, self._today, self._assumptions = before, today, assumptions
        self._points = _points((before, after))
        self._known: dict[Done, State] = {}
        self.first, self.last = self.at(0), self._judged(after)
        self.keys = sorted({*self.first.flows, *self.last.flows})

    def topology(self, done: Done) -> Topology:
        """The network after a set of changes."""
        found = self._before
        for change in self.order.of(done):
            found = change.apply(found)
        return found

    def at(self, done: Done) -> State:
        """The network after a set of changes, judged."""
        if done not in self._known:
            self._known[done] = self._judged(self.topology(done))
        return self._known[done]

    @property
    def judged(self) -> int:
        """How many different states were looked at."""
        return len(self._known)

    def windows(self, start: Done, position: int, end: Done) -> Iterator[Window]:
        """What is wrong with a step from one set of changes to another by one more change.

        A flow goes once from what it was before the cutover to what it is after it: what was in clear may be so until
        it is encrypted and not again, what is encrypted stays so until it is given up, and what worked is never lost.
        The rule holds for the way back as it does for the way there.
        """
        here, there = self.at(start), self.at(end)
        for key in self.keys:
            was, becomes = here.of(key), there.of(key)
            first, last = self.first.of(key).fate, self.last.of(key).fate
            expected = becomes.fate in {first, last} and becomes.fate is not Fate.UNKNOWN
            returns = first is not last and was.fate is last and becomes.fate is first
            if returns or not expected:
                change = self.order.changes[position].key
                yield Window(_harm({first, was.fate}, becomes), key, was.fate, becomes.fate, end, change, becomes.why)

    def clean(self, start: Done, until: Done) -> bool:
        """No order of the changes between two sets opens a window."""
        return not any(
            any(self.windows(done, position, following))
            for done in self.order.ideals(start, until)
            for position, following in self.order.steps(done, until)
        )

    def _judged(self, topology: Topology) -> State:
        solution = solve(topology, self._assumptions)
        worst: dict[FlowKey, FlowVerdict] = {}
        for item in judge(topology, solution, self._today):
            if item.verdict in _OUTSIDE:
                continue
            for point in self._points:
                if point in item.flow.destination:
                    key = item.flow.intent, item.flow.source.name, point
                    known = worst.get(key)
                    if known is None or SEVERITY.index(item.verdict) < SEVERITY.index(known.verdict):
                        worst[key] = item
        flows = {key: _flow_state(item) for key, item in worst.items()}
        return State(flows, solution.assumed)


def _harm(earlier: set[Fate], becomes: FlowState) -> Harm:
    """Encrypted is harm only where it does not last. Now lost, now in clear is a loss, if it was in clear before."""
    if becomes.fate is Fate.UNKNOWN:
        return Harm.UNKNOWN
    if becomes.fate is Fate.FLAPPING:
        exposed = Fate.CLEARTEXT in becomes.phases and Fate.ENCRYPTED in earlier | becomes.phases
        return Harm.CLEARTEXT if exposed else Harm.LOST
    return Harm.LOST if becomes.fate is Fate.LOST else Harm.CLEARTEXT


def _flow_state(item: FlowVerdict) -> FlowState:
    phases = frozenset(_FATES[phase] for phase in item.phases if phase in _FATES)
    fate = Fate.FLAPPING if len(phases) > 1 else _FATES[item.verdict]
    return FlowState(fate, item.verdict, item.why, phases)


def _points(networks: Iterable[Topology]) -> tuple[IPv4Address, ...]:
    """An address for every part of the protected prefixes that some state of a cutover could treat apart.

    Every prefix of every table comes from a prefix of the two networks, or is Azure's own, so that their atoms are fine
    enough.
    """
    networks = tuple(networks)
    asked = {
        prefix for item in networks for intent in item.intent for prefix in (*intent.sources, *intent.destinations)
    }
    mentioned = {prefix for item in networks for prefix in _prefixes(replace(item, intent=()))}
    mentioned |= {*DROPPED, LINK_LOCAL}
    exempt = {prefix for item in networks for prefix in _prefixes(item.intent)}
    prefixes = asked | exempt | {prefix for prefix in mentioned if any(prefix.overlaps(wanted) for wanted in asked)}
    found: set[IPv4Address] = set()
    for prefix in prefixes:
        if any(prefix.subnet_of(wanted) for wanted in asked):
            left = without((prefix,), [inner for inner in prefixes if inner != prefix and inner.subnet_of(prefix)])
            found |= {piece.network_address for piece in left[:1]}
    return tuple(sorted(found))


def _prefixes(item: Any) -> Iterator[IPv4Network]:
    """Every IPv4 prefix, and every address as one, in a value of the topology."""
    if isinstance(item, IPv4Network):
        yield item
    elif isinstance(item, IPv4Address):
        yield IPv4Network(item)
    elif isinstance(item, tuple):
        for each in item:  # pyright: ignore[reportUnknownVariableType]
            yield from _prefixes(each)
    elif is_dataclass(item):
        for each in fields(item):
            yield from _prefixes(getattr(item, each.name))
