"""Does a network do what its intents ask for? The one entrance for whoever wants a yes or a no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network

from vpner.problems import Problem
from vpner.routing.assumptions import DEFAULT, Assumptions
from vpner.routing.bgp import PrefixSet
from vpner.routing.contract import contract_findings
from vpner.routing.fabric import failable
from vpner.routing.facts import facts
from vpner.routing.failures import MOST_STATES, Reached, explore
from vpner.routing.findings import VIOLATIONS, Code, Findings, allowed, code_of, endpoints_of
from vpner.routing.flows import Atlas, Flow
from vpner.routing.judge import Court
from vpner.routing.lookup import live_tunnels
from vpner.routing.solution import Solution
from vpner.routing.solve import solve
from vpner.routing.verdicts import SEVERITY, Evidence, FlowVerdict, Verdict, weakest
from vpner.topology import Topology

PAIRS_UP_TO = 24
"""Elements that can fail: with more of them, pairs are not tried unless somebody asks."""


class Failures(StrEnum):
    """How many elements may be down at once. ``auto``: two in a small network, else one."""

    NONE = "none"
    SINGLE = "single"
    PAIRS = "pairs"
    AUTO = "auto"


class Outcome(StrEnum):
    AS_INTENDED = "as intended"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class FailureVerdict:
    """What a protected flow comes to when things fail. ``events``: the shortest way there that was found."""

    flow: Flow
    verdict: Verdict
    steady: Verdict
    events: tuple[str, ...]
    why: str
    allowed: bool
    """By the intent's mode."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a network does to its protected flows, in steady state and under failure."""

    outcome: Outcome
    solution: Solution
    flows: tuple[FlowVerdict, ...]
    under_failure: tuple[FailureVerdict, ...]
    forbidden: tuple[Flow, ...]
    """Flows that violate their intent in steady state."""
    violations: tuple[Problem, ...]
    inconclusive: tuple[Problem, ...]
    contract: tuple[Problem, ...]
    fallbacks: tuple[Problem, ...]
    """Mode preferred: where traffic travels in clear while no tunnel is up."""
    notes: tuple[str, ...]
    assumed: tuple[str, ...]
    """Switches on which the verdict of a protected flow depends in steady state."""
    states: int
    failures: Failures


def assess(
    topology: Topology,
    today: date,
    assumptions: Assumptions = DEFAULT,
    failures: Failures = Failures.AUTO,
    steady: Solution | None = None,
) -> Assessment:
    """Solve a network, judge its protected flows, check the /32 contract, and repeat all of it under failure.

    ``today`` decides which exemptions have expired. ``steady`` is the network's solution, if somebody has it already.
    ``required`` is violated by CLEARTEXT in any state that can be
    reached; ``preferred`` by CLEARTEXT while a tunnel that could carry the flow is up.
    """
    if failures is Failures.AUTO:
        failures = Failures.PAIRS if len(failable(topology)) <= PAIRS_UP_TO else Failures.SINGLE
    depth = {Failures.NONE: 0, Failures.SINGLE: 1, Failures.PAIRS: 2}[failures]
    steady = steady or solve(topology, assumptions)
    states = list(explore(topology, assumptions, depth, steady))
    others = {name: solve(topology, assumptions.flipped(name)) for name in steady.assumed}
    phases = [tables for item in (*(s.solution for s in states), *others.values()) for tables in item.phases]
    bench = _Bench(topology, today, Atlas(topology, phases), steady, states)
    flows = bench.flows(others)
    return bench.assessment(flows, failures)


class _Bench:
    def __init__(
        self, topology: Topology, today: date, atlas: Atlas, steady: Solution, states: Sequence[Reached]
    ) -> None:
        self.topology = topology
        self.today = today
        self.atlas = atlas
        self.steady = steady
        self.states = states
        self.endpoints = endpoints_of(topology)

    def _protected(self, solution: Solution) -> tuple[FlowVerdict, ...]:
        return Court(self.topology, solution, self.atlas).protected(self.today)

    def flows(self, others: Mapping[str, Solution]) -> tuple[FlowVerdict, ...]:
        """Verdicts in steady state; a switch that would change one weakens its evidence."""
        depends: dict[Flow, list[str]] = {}
        mine = self._protected(self.steady)
        for name, solution in others.items():
            for here, there in zip(mine, self._protected(solution), strict=True):
                if here.verdict is not there.verdict:
                    depends.setdefault(here.flow, []).append(name)
        return tuple(
            replace(item, assumed=tuple(names), evidence=weakest([item.evidence, *map(_grade, names)]))
            if (names := depends.get(item.flow))
            else item
            for item in mine
        )

    def assessment(self, flows: tuple[FlowVerdict, ...], failures: Failures) -> Assessment:
        found = Findings(self.topology)
        up = _Carriers(self.topology, self.steady)
        forbidden: list[Flow] = []
        for item in flows:
            somebody_there = bool(self.atlas.places_of(item.flow.destination.sample))
            code = code_of(item, up.could_carry(item.flow), (), somebody_there, self.endpoints)
            found.add(item, code, ())
            if code in VIOLATIONS:
                forbidden.append(item.flow)
        under_failure = self._under_failure(flows, found)
        findings = contract_findings(self.topology, self.states)
        contract = tuple(item for item in findings if not item.code.endswith("-unknown"))
        unknown = {item for item in findings if item.code.endswith("-unknown")}
        violations = found.problems(VIOLATIONS)
        inconclusive = tuple(sorted({*found.problems({Code.INCONCLUSIVE}), *unknown}))
        outcome = Outcome.INCONCLUSIVE if inconclusive else Outcome.AS_INTENDED
        return Assessment(
            Outcome.VIOLATED if violations or contract else outcome,
            self.steady,
            flows,
            under_failure,
            tuple(forbidden),
            violations,
            inconclusive,
            contract,
            found.problems({Code.FALLBACK}),
            tuple(self._notes()),
            tuple(sorted({name for item in flows for name in item.assumed})),
            len(self.states),
            failures,
        )

    def _under_failure(self, flows: Sequence[FlowVerdict], found: Findings) -> tuple[FailureVerdict, ...]:
        """The first state that leads to each other verdict of a flow, a forbidden one before an allowed one."""
        under: dict[tuple[Flow, Verdict], FailureVerdict] = {}
        for state in self.states[1:]:
            up = _Carriers(self.topology, state.solution)
            for steady, item in zip(flows, self._protected(state.solution), strict=True):
                if item.verdict is steady.verdict:
                    continue
                tunnel_up, events = up.could_carry(item.flow), state.events
                found.add(item, code_of(item, tunnel_up, events, False, self.endpoints), events)
                fine = allowed(item, tunnel_up, events)
                known = under.get((item.flow, item.verdict))
                if known is None or (known.allowed and not fine):
                    verdict = FailureVerdict(item.flow, item.verdict, steady.verdict, events, item.why, fine)
                    under[item.flow, item.verdict] = verdict
        return tuple(sorted(under.values(), key=_severity))

    def _notes(self) -> Iterator[str]:
        if not self.topology.intent:
            yield "no intent: nothing is protected"
        if self.steady.oscillates:
            yield f"routing oscillates through {len(self.steady.phases)} phases; the worst of them counts"
        if len(self.states) >= MOST_STATES:
            yield f"only the first {MOST_STATES} states under failure were judged"
        yield "network security groups and firewalls are not modelled; a tunnel is judged from device to gateway"
        yield "everything here is predicted, nothing is measured on the network itself"


def _grade(switch: str) -> Evidence:
    return Evidence(facts()[switch.replace("_", "-")].grade.value)


def _severity(item: FailureVerdict) -> tuple[object, ...]:
    return SEVERITY.index(item.verdict), item.allowed, item.flow.intent, str(item.flow)


class _Carriers:
    """Tunnels that are up in a solution, and the prefixes that the gateway knows through them."""

    def __init__(self, topology: Topology, solution: Solution) -> None:
        known: list[IPv4Network] = []
        for tables in solution.phases:
            up = {(name, index) for name, index in live_tunnels(topology, tables)}
            gateways = {item.name: item.gateway for item in topology.vpn_connections}
            for name, index in up:
                known += [
                    row.prefix
                    for row in tables.gateway_learned.get(f"{gateways[name]}/{index}", ())
                    if row.connection == name and isinstance(row.prefix, IPv4Network)
                ]
        self._known = PrefixSet(known)

    def could_carry(self, flow: Flow) -> bool:
        """A tunnel is up that leads to the flow's site, whichever end that is."""
        ends = (IPv4Network(flow.destination.sample), *flow.source.prefixes)
        return any(self._known.covers(end) for end in ends)
