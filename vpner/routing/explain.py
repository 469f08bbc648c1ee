"""Why a packet goes where it goes: hop by hop, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from textwrap import indent

from vpner.problems import Problem, Problems
from vpner.routing.facts import facts
from vpner.routing.flows import Flow, Source
from vpner.routing.journey import Journey
from vpner.routing.judge import Court
from vpner.routing.lookup import describe
from vpner.routing.solution import Solution
from vpner.routing.verdicts import FlowVerdict
from vpner.topology import Topology


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happens between two addresses, there and back."""

    source: IPv4Address
    destination: IPv4Address
    there: FlowVerdict
    back: FlowVerdict

    @property
    def asymmetric(self) -> bool:
        return self.there.verdict is not self.back.verdict


def why(topology: Topology, solution: Solution, source: IPv4Address, destination: IPv4Address) -> Explanation:
    """Between two addresses, whether an intent protects them or not.

    Raises :class:`Problems` for an address that no subnet and no router's network has.
    """
    court = Court(topology, solution)
    problems = [
        Problem(
            str(address),
            f"nothing in the topology has the address {address}",
            "A packet starts in a subnet, or in a network of a router",
            "use an address of a subnet other than GatewaySubnet and RouteServerSubnet, or of a router's networks",
            "address-nowhere",
        )
        for address in dict.fromkeys((source, destination))
        if not court.atlas.places_of(address)
    ]
    if problems:
        raise Problems("cannot explain", problems)
    there, back = _one(court, source, destination), _one(court, destination, source)
    differs = there.verdict is not back.verdict
    return Explanation(source, destination, replace(there, asymmetric=differs), replace(back, asymmetric=differs))


def _one(court: Court, source: IPv4Address, destination: IPv4Address) -> FlowVerdict:
    atlas = court.atlas
    name = atlas.places_of(source)[0]
    place = next(item for item in atlas.places if item.name == name)
    target = atlas.class_of(destination)
    # the class is for the table; the trace is to the address itself, which a NIC or router may have
    flow = Flow(Source(place.kind, place.name, (IPv4Network(source),)), replace(target, sample=destination))
    return court.flow(flow)


def explain_lines(explanation: Explanation) -> tuple[str, ...]:
    """As text: each hop with the route that wins, those that lose, and the rule with its source."""
    lines: list[str] = []
    for title, verdict in (("there", explanation.there), ("back", explanation.back)):
        ends = (explanation.source, explanation.destination)
        first, last = ends if title == "there" else ends[::-1]
        over = f" over {', '.join(verdict.underlay)}" if verdict.underlay else ""
        lines.append(f"{first} -> {last}: {verdict.verdict}{over} (predicted; evidence: {verdict.evidence})")
        lines.append(f"  {verdict.why}")
        if len(set(verdict.phases)) > 1:
            lines.append(f"  routing oscillates through {', '.join(verdict.phases)}")
        for number, journey in enumerate(verdict.journeys, 1):
            if len(verdict.journeys) > 1:
                lines.append(f"  way {number} of {len(verdict.journeys)}, equally good")
            lines += [indent(line, "  ") for line in journey_lines(journey)]
    if explanation.asymmetric:
        lines.append(f"asymmetric: {explanation.there.verdict} there, {explanation.back.verdict} back")
    return tuple(lines)


def journey_lines(journey: Journey) -> Iterator[str]:
    """The hops of one way."""
    for number, step in enumerate(journey.steps, 1):
        came = f", reached as {step.address}" if step.address is not None else ""
        yield f"{number}. {step.place} {step.name}{came}"
        if step.decision is not None:
            fact = facts()[step.decision.rule]
            yield f"     route  {describe(step.decision.route)}"
            yield f"     rule   {fact.id}: {fact.statement} [{fact.source}; {fact.grade}]"
            for loser in step.decision.beaten:
                yield f"     beats  {loser}"
        if step.carrier is not None:
            tunnel = f" (tunnel {step.tunnel})" if step.tunnel else ""
            yield f"     onto   {step.carrier}{tunnel}"
    yield f"   end: {journey.end}, {journey.why}"
