"""Does a network do what its intents ask for? The one entrance for whoever wants a yes or a no."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from vpner.routing.flows import Atlas, Flow
from vpner.routing.judge import Court
from vpner.routing.lookup import is_tunnel_route, live_tunnels
from vpner.routing.solution import Solution
from vpner.routing.solve import solve
from vpner.routing.trace import Carrier, Place, Step
from vpner.routing.verdicts import SEVERITY, Evidence, FlowVerdict, Verdict, weakest
from vpner.topology import Mode, Topology

PAIRS_UP_TO = 30
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
    topology: Topology, today: date, assumptions: Assumptions = DEFAULT, failures: Failures = Failures.AUTO
) -> Assessment:
    """Solve a network, judge its protected flows, check the /32 contract, and repeat all of it under failure.

    ``today`` decides which exemptions have expired. ``required`` is violated by CLEARTEXT in any state that can be
    reached; ``preferred`` by CLEARTEXT while a tunnel that could carry the flow is up.
    """
    if failures is Failures.AUTO:
        failures = Failures.PAIRS if len(failable(topology)) <= PAIRS_UP_TO else Failures.SINGLE
    depth = {Failures.NONE: 0, Failures.SINGLE: 1, Failures.PAIRS: 2}[failures]
    steady = solve(topology, assumptions)
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
        findings = contract_findings(self.topology, self.states)
        contract = tuple(item for item in findings if not item.code.endswith("-unknown"))
        unknown = [item for item in findings if item.code.endswith("-unknown")]
        sorted_out = _Sorted(self.topology)
        up = _Carriers(self.topology, self.steady)
        for item in flows:
            sorted_out.add(
                item, (), up.could_carry(item.flow), bool(self.atlas.places_of(item.flow.destination.sample))
            )
        under: dict[tuple[Flow, Verdict], FailureVerdict] = {}
        before = {item.flow: item for item in flows}
        for state in self.states:
            if not state.events:
                continue
            up = _Carriers(self.topology, state.solution)
            for item in self._protected(state.solution):
                was = before[item.flow]
                if item.verdict is was.verdict:
                    continue
                key = item.flow, item.verdict
                allowed = sorted_out.allowed(item, up.could_carry(item.flow), state.events)
                known = under.get(key)
                if known is None or (known.allowed and not allowed):
                    under[key] = FailureVerdict(item.flow, item.verdict, was.verdict, state.events, item.why, allowed)
                    sorted_out.add(item, state.events, up.could_carry(item.flow), False)
        violations, inconclusive = sorted_out.problems(_VIOLATIONS), sorted_out.problems({"inconclusive"})
        inconclusive = tuple(sorted({*inconclusive, *unknown}))
        outcome = Outcome.AS_INTENDED
        if violations or contract:
            outcome = Outcome.VIOLATED
        elif inconclusive:
            outcome = Outcome.INCONCLUSIVE
        return Assessment(
            outcome,
            self.steady,
            flows,
            tuple(sorted(under.values(), key=_severity)),
            violations,
            inconclusive,
            contract,
            sorted_out.problems({"fallback"}),
            tuple(self._notes()),
            tuple(sorted({name for item in flows for name in item.assumed})),
            len(self.states),
            failures,
        )

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
                    if row.connection == name and isinstance(row.prefix, IPv4Network) and is_tunnel_route(topology, row)
                ]
        self._known = PrefixSet(known)

    def could_carry(self, flow: Flow) -> bool:
        """A tunnel is up that leads to the flow's site, whichever end that is."""
        ends = (IPv4Network(flow.destination.sample), *flow.source.prefixes)
        return any(self._known.covers(end) for end in ends)


_VIOLATIONS = frozenset(
    {"cleartext", "cleartext-under-failure", "required-has-fallback", "loop", "blackhole", "flapping"}
)


class _Sorted:
    """Verdicts as problems: flows that one route decides make one problem."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._groups: dict[tuple[object, ...], list[FlowVerdict]] = {}

    def allowed(self, item: FlowVerdict, tunnel_up: bool, events: tuple[str, ...]) -> bool:
        """By the mode of its intent. ``preferred`` promises nothing about two failures at once."""
        if item.verdict is Verdict.CLEARTEXT:
            several = sum(1 if event.startswith("fail ") else -1 for event in events) > 1
            return item.flow.mode is Mode.PREFERRED and (not tunnel_up or several)
        return item.verdict is not Verdict.INCONCLUSIVE

    def add(self, item: FlowVerdict, events: tuple[str, ...], tunnel_up: bool, somebody_there: bool) -> None:
        code = self._code(item, events, tunnel_up, somebody_there)
        if code:
            step = deciding_step(item)
            route = (step.decision.prefix, step.decision.next_hops) if step and step.decision else item.why
            key = code, item.flow.intent, events, step.place if step else None, route
            self._groups.setdefault(key, []).append(item)

    def _code(self, item: FlowVerdict, events: tuple[str, ...], tunnel_up: bool, somebody_there: bool) -> str:
        verdict = item.verdict
        if verdict is Verdict.INCONCLUSIVE:
            return "inconclusive"
        if verdict is Verdict.CLEARTEXT and len(set(item.phases)) > 1:
            return "flapping"
        if verdict is Verdict.CLEARTEXT:
            if self.allowed(item, tunnel_up, events):
                return "fallback"
            if not events:
                return "cleartext"
            return "cleartext-under-failure" if tunnel_up else "required-has-fallback"
        if events or not somebody_there:
            return ""
        if verdict is Verdict.LOOP:
            return "loop"
        return "blackhole" if verdict is Verdict.BLACKHOLE and (tunnel_up or len(set(item.phases)) > 1) else ""

    def problems(self, codes: Iterable[str]) -> tuple[Problem, ...]:
        wanted = set(codes)
        found: dict[tuple[str, str, str], Problem] = {}
        for key, items in self._groups.items():
            code, intent, events = str(key[0]), str(key[1]), key[2]
            if code in wanted:
                problem = self._problem(code, intent, tuple(map(str, events)), items)  # type: ignore[arg-type]
                found.setdefault((problem.where, code, problem.remedy), problem)
        return tuple(sorted(found.values()))

    def _problem(self, code: str, intent: str, events: tuple[str, ...], items: Sequence[FlowVerdict]) -> Problem:
        shown = "; ".join(str(item.flow) for item in items[:3])
        more = f"; and {len(items) - 3} more" if len(items) > 3 else ""
        after = f" after {', '.join(events)}" if events else ""
        first = items[0]
        phases = f", through the phases {', '.join(first.phases)}" if len(set(first.phases)) > 1 else ""
        what = f"{shown}{more}: {first.verdict}{after}{phases}. {first.why}"
        return Problem(f"intent {intent}", what, _WHY[code], self._remedy(code, first), code, _source(first))

    def _remedy(self, code: str, item: FlowVerdict) -> str:
        step = deciding_step(item)
        if code == "inconclusive":
            return f"declare what is missing: {item.why}"
        if step is None or step.decision is None:
            return "see the hops of the flow"
        prefix, azure = step.decision.prefix, step.place is Place.SUBNET
        if code in {"fallback", "required-has-fallback"}:
            side = "towards Azure" if azure else f"towards {step.name}"
            return (
                f"to close it, filter {prefix} and whatever else covers it on the ExpressRoute side {side}, so that "
                "only the tunnel endpoints' /32 travel over ExpressRoute"
            )
        if code == "flapping":
            return "add the routes that the findings of the /32 contract name"
        if code in {"loop", "blackhole"}:
            return f"correct the route at {step.name}: {item.why}"
        if not azure:
            return (
                f"on {step.name}, prefer what comes through the tunnel for {prefix} by local preference, or filter it "
                "from the ExpressRoute side; AS path cannot decide between paths of one length"
            )
        device = self._device_in(step.name.partition("/")[0])
        if device:
            return (
                f"give {step.name} a route table without gateway route propagation, with a route for {prefix} (or "
                f"0.0.0.0/0) to the VirtualAppliance {device}"
            )
        return (
            f"let the tunnel win for {prefix} in Azure: hub routing preference VpnGateway (or ASPath with a shorter "
            "path), or announce a more specific prefix through the tunnel only"
        )

    def _device_in(self, vnet: str) -> str:
        """The address of a device of a tunnel in a VNet that stands for a site."""
        remotes = {connection.remote for connection in self.topology.vpn_connections}
        found = [
            nic.ip
            for router in self.topology.routers
            if router.name in remotes
            for nic in router.nics
            if nic.vnet == vnet
        ]
        return str(found[-1]) if found else ""


def deciding_step(item: FlowVerdict) -> Step | None:
    """Of the worst way, the step that takes it out in clear, or the last one with a decision."""
    if not item.journeys:
        return None
    steps = item.journeys[0].steps
    clear = {Carrier.EXPRESSROUTE, Carrier.INTERNET}
    out = next((step for step in steps if step.carrier in clear), None)
    return out or next((step for step in reversed(steps) if step.decision), steps[-1])


def _source(item: FlowVerdict) -> str:
    step = deciding_step(item)
    if step is None or step.decision is None:
        return ""
    fact = facts()[step.decision.rule]
    return f"{fact.id}: {fact.source}"


_WHY = {
    "cleartext": "Protected traffic must be encrypted between device and gateway while a tunnel is up",
    "cleartext-under-failure": "A tunnel that could carry this traffic is still up, yet it travels in clear",
    "required-has-fallback": "Mode required means that only the tunnel may cover protected prefixes, whatever fails",
    "fallback": "Mode preferred allows this while no tunnel to the site is up, and when two elements are down at once",
    "flapping": "Routing oscillates; in one of its phases protected traffic travels in clear",
    "loop": "Protected traffic goes round in circles",
    "blackhole": "A tunnel to the site is up, yet protected traffic is lost",
    "inconclusive": "What the model does not know it does not guess; this counts as failure",
}
