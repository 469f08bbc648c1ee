"""The phases of a cutover: changes that may be made together, because no order of theirs opens a window.

Inside a phase nobody promises an order but that of references (:attr:`Change.needs`): Pulumi makes what is independent
in parallel, a provider and an on-premises engineer work on their own. So every ideal of that order is judged. Between
phases somebody looks, and goes on or back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from vpner.cutover.changes import Change, Kind, differences
from vpner.cutover.order import Done, Order
from vpner.cutover.states import Fate, FlowKey, Harm, State, States, Window
from vpner.routing import DEFAULT, Assessment, Assumptions, Failures, Outcome, assess
from vpner.topology import Topology

MOST_STATES = 5000
"""A search that has judged so many states gives up, without an answer."""
MOST_IN_A_PHASE = 600
"""States of one phase: more changes than can be checked in every order go into several phases."""


class Stage(StrEnum):
    """What a phase is for. A phase has changes of one stage only, so that there is something to look at after it."""

    PREPARE = "prepare"
    """Nothing of it carries traffic."""
    CONNECT = "connect"
    """Tunnels and sessions come up."""
    SWITCH = "switch"
    """Traffic moves."""


_CONNECT = frozenset({Kind.BGP_SESSION, Kind.VPN_CONNECTION})
_SWITCH = frozenset(
    {
        Kind.TUNNEL_FILTER,
        Kind.STATIC_PREFIXES,
        Kind.BRANCH_TO_BRANCH,
        Kind.PREFERENCE,
        Kind.CIRCUIT_FILTER,
        Kind.ASSOCIATION,
    }
)


def stage_of(change: Change) -> Stage:
    """By what is changed."""
    if change.kind in _SWITCH:
        return Stage.SWITCH
    return Stage.CONNECT if change.kind in _CONNECT else Stage.PREPARE


@dataclass(frozen=True, slots=True)
class Phase:
    """Changes that may be made in any order that references allow, and the network before and after them."""

    stage: Stage
    changes: tuple[Change, ...]
    states: int
    """Ideals of their order: the states that this phase can pass through, both ends included."""
    orders: int
    """Linearizations."""
    topology: Topology
    """After it."""
    before: State
    after: State


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Every order of a set of changes, judged."""

    changes: int
    states: int
    orders: int
    windows: tuple[Window, ...]
    """One for each flow, step and state."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to get from one network to another, or why there is no way without a window."""

    outcome: Outcome
    phases: tuple[Phase, ...]
    back: tuple[Phase, ...]
    """The same states the other way round."""
    flows: tuple[FlowKey, ...]
    first: State
    last: State
    judged: int
    obstacles: tuple[Window, ...]
    """No way: what the best way comes up against. Each harm and change once."""
    target: Assessment
    """The network after the cutover, while nothing has failed."""

    def gained(self) -> tuple[FlowKey, ...]:
        """Flows that the cutover encrypts."""
        return _turned(self, to_encrypted=True)

    def given_up(self) -> tuple[FlowKey, ...]:
        """Flows that are encrypted before the cutover, and not after it."""
        return _turned(self, to_encrypted=False)

    def encrypted_from(self) -> int | None:
        """The number of the phase, from 1, after which everything that is to be encrypted is, and stays so."""
        gained = self.gained()
        sealed = (
            number
            for number, phase in enumerate(self.phases, 1)
            if all(phase.after.of(key).fate is Fate.ENCRYPTED for key in gained)
        )
        return next(sealed, None) if gained else None

    def clear_from(self) -> int | None:
        """The number of the phase, from 1, in which the first protected flow is given up."""
        given_up = self.given_up()
        opened = (
            number
            for number, phase in enumerate(self.phases, 1)
            if any(phase.after.of(key).fate is not Fate.ENCRYPTED for key in given_up)
        )
        return next(opened, None)


def _turned(plan: Plan, *, to_encrypted: bool) -> tuple[FlowKey, ...]:
    return tuple(
        key
        for key in plan.flows
        if (plan.first.of(key).fate is Fate.ENCRYPTED) is not to_encrypted
        and (plan.last.of(key).fate is Fate.ENCRYPTED) is to_encrypted
    )


def plan(before: Topology, after: Topology, today: date, assumptions: Assumptions = DEFAULT) -> Plan:
    """Phases that lead from one network to another, and back.

    ``today`` decides which exemptions have expired. Raises :class:`Problems` if the networks differ in something that
    is no step of a cutover.
    """
    there = _Search(before, after, today, assumptions)
    target = assess(after, today, assumptions, Failures.NONE)
    found = None
    if there.loses():  # the way back of a cutover is the cutover, backwards
        ascent = _Search(after, before, today, assumptions).plan(target)
        if ascent.phases:
            found = replace(ascent, first=ascent.last, last=ascent.first, phases=ascent.back, back=ascent.phases)
    found = found or there.plan(target)
    return found if found.target.outcome is Outcome.AS_INTENDED else replace(found, outcome=found.target.outcome)


def rehearse(before: Topology, after: Topology, today: date, assumptions: Assumptions = DEFAULT) -> Rehearsal:
    """What could happen if all changes were made in one update, in any order that references allow."""
    order = Order(differences(before, after))
    states = States(before, after, order, today, assumptions)
    ideals = order.ideals(0, order.all, MOST_STATES)
    windows = [
        window
        for done in ideals
        for position, following in order.steps(done, order.all)
        for window in states.windows(done, position, following)
    ]
    return Rehearsal(len(order.changes), len(ideals), order.linearizations(0, order.all), tuple(windows))


class _Search:
    """Looks for a way through clean states, the steps in the order of their kinds, and cuts it into phases."""

    def __init__(self, before: Topology, after: Topology, today: date, assumptions: Assumptions) -> None:
        self.order = Order(differences(before, after))
        self.states = States(before, after, self.order, today, assumptions)

    def loses(self) -> bool:
        """More flows are given up than are encrypted."""
        first, last = self.states.first, self.states.last
        turns = [(first.of(key).fate, last.of(key).fate) for key in self.states.keys]
        encrypted = sum(was is not Fate.ENCRYPTED and becomes is Fate.ENCRYPTED for was, becomes in turns)
        given_up = sum(was is Fate.ENCRYPTED and becomes is not Fate.ENCRYPTED for was, becomes in turns)
        return given_up > encrypted

    def plan(self, target: Assessment) -> Plan:
        states = self.states
        ends = (states.first, states.last)
        unknown = any(end.of(key).fate is Fate.UNKNOWN for end in ends for key in states.keys)
        way, obstacles = ([], ()) if unknown else self._way()
        cuts = self._cuts(way) if way is not None else []
        phases = tuple(self._phases(cuts))
        back = tuple(self._backwards(cuts, phases))
        if unknown or (way is None and self._gave_up(obstacles)):
            outcome = Outcome.INCONCLUSIVE
        else:
            outcome = Outcome.VIOLATED if way is None else Outcome.AS_INTENDED
        return Plan(
            outcome, phases, back, tuple(states.keys), states.first, states.last, states.judged, obstacles, target
        )

    def _gave_up(self, obstacles: Sequence[Window]) -> bool:
        """Too many states, or nothing but unknowns in the way."""
        return self.states.judged >= MOST_STATES or {item.harm for item in obstacles} == {Harm.UNKNOWN}

    def _way(self) -> tuple[list[int] | None, tuple[Window, ...]]:
        """Positions of the changes in an order without a window; else None, and what is in the way.

        The rule for a step knows nothing of the steps before it, so that a set of changes from which there is no way
        need not be tried again: the search is exhaustive.
        """
        dead: set[Done] = set()
        way: list[int] = []
        done: Done = 0
        furthest: tuple[int, list[Window]] = (-1, [])
        trail: list[Done] = []
        while done != self.order.all:
            blocked: list[Window] = []
            for position, following in self.order.steps(done, self.order.all):
                if following in dead:
                    continue
                found = list(self.states.windows(done, position, following))
                if not found:
                    trail.append(done)
                    way.append(position)
                    done = following
                    break
                blocked += found
            else:
                if len(way) > furthest[0]:
                    furthest = len(way), blocked
                dead.add(done)
                if not trail or self.states.judged >= MOST_STATES:
                    return None, tuple({(item.harm, item.change): item for item in furthest[1]}.values())
                done = trail.pop()
                way.pop()
        return way, ()

    def _cuts(self, way: Sequence[int]) -> list[tuple[Done, Done, tuple[int, ...]]]:
        """The way in as few phases as it takes: each with the set before and after it, and its positions."""
        cuts: list[tuple[Done, Done, tuple[int, ...]]] = []
        start: Done = 0
        end: Done = 0
        members: list[int] = []
        for position in way:
            longer = end | 1 << position
            if members and not self._together(start, longer, members[-1], position):
                cuts.append((start, end, tuple(members)))
                start, members = end, []
            end = longer
            members.append(position)
        return [*cuts, (start, end, tuple(members))] if members else cuts

    def _together(self, start: Done, end: Done, last: int, position: int) -> bool:
        changes = self.order.changes
        if stage_of(changes[last]) is not stage_of(changes[position]):
            return False
        if len(self.order.ideals(start, end)) > MOST_IN_A_PHASE:
            return False
        return self.states.clean(start, end)

    def _phases(self, cuts: Sequence[tuple[Done, Done, tuple[int, ...]]]) -> Iterator[Phase]:
        for start, end, members in cuts:
            changes = tuple(self.order.changes[position] for position in members)
            yield Phase(
                stage_of(changes[0]),
                changes,
                len(self.order.ideals(start, end)),
                self.order.linearizations(start, end),
                self.states.topology(end),
                self.states.at(start),
                self.states.at(end),
            )

    def _backwards(
        self, cuts: Sequence[tuple[Done, Done, tuple[int, ...]]], phases: Sequence[Phase]
    ) -> Iterator[Phase]:
        for (start, _, _), phase in zip(reversed(cuts), reversed(phases), strict=True):
            yield replace(
                phase,
                changes=tuple(change.undone() for change in reversed(phase.changes)),
                topology=self.states.topology(start),
                before=phase.after,
                after=phase.before,
            )
