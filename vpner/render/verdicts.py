"""Verdicts as tables for people and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from vpner.problems import Problem
from vpner.render.az import address_text
from vpner.render.grid import Grid
from vpner.routing import Assessment, Explanation, FailureVerdict, FlowVerdict, Journey
from vpner.topology import Symbol


def flow_table(verdicts: Iterable[FlowVerdict]) -> Grid:
    """A line a flow and direction: what happens to it, over what, how well that is known, and the hop that decides."""
    return Grid(
        ("Verdict", "From", "To", "Over", "Evidence", "Why"),
        tuple(
            (
                _verdict_text(item),
                str(item.flow.source),
                str(item.flow.destination),
                ", ".join(carrier.value for carrier in item.underlay),
                item.evidence.value,
                item.why,
            )
            for item in verdicts
        ),
    )


def _verdict_text(item: FlowVerdict) -> str:
    text = item.verdict.value
    if len(item.phases) > 1:
        text += f" (oscillates: {', '.join(phase.value for phase in item.phases)})"
    if item.beneath is not None:
        text += f" (would be {item.beneath.value})"
    return f"{text} (asymmetric)" if item.asymmetric else text


def failure_table(verdicts: Iterable[FailureVerdict]) -> Grid:
    """What failures lead to, where it differs from the steady state."""
    return Grid(
        ("Verdict", "From", "To", "After", "Allowed", "Why"),
        tuple(
            (
                item.verdict.value,
                str(item.flow.source),
                str(item.flow.destination),
                ", ".join(item.events),
                "yes" if item.allowed else "no",
                item.why,
            )
            for item in verdicts
        ),
    )


def failure_summary(verdicts: Iterable[FailureVerdict]) -> Grid:
    """The same in few lines: flows that come to one verdict by one failure, and the first of them with its reason."""
    groups: dict[tuple[str, ...], list[FailureVerdict]] = {}
    for item in verdicts:
        key = item.verdict.value, ", ".join(item.events), "yes" if item.allowed else "no"
        groups.setdefault(key, []).append(item)
    return Grid(
        ("Verdict", "After", "Allowed", "Flows", "The first of them", "Why"),
        tuple((*key, str(len(items)), str(items[0].flow), items[0].why) for key, items in groups.items()),
    )


def assessment_json(found: Assessment) -> dict[str, Any]:
    """Verdicts in steady state and under failure, without what the rules make of them."""
    return {
        "flows": [flow_json(item) for item in found.flows],
        "fallbacks": _problems(found.fallbacks),
        "under_failure": [
            {
                **_ends(item),
                "verdict": item.verdict.value,
                "steady": item.steady.value,
                "events": list(item.events),
                "allowed": item.allowed,
                "why": item.why,
            }
            for item in found.under_failure
        ],
        "failures": found.failures.value,
        "states": found.states,
        "notes": list(found.notes),
        "assumed": list(found.assumed),
    }


def flow_json(item: FlowVerdict) -> dict[str, Any]:
    """One verdict with the ways that the packets take, worst first."""
    return {
        **_ends(item),
        "verdict": item.verdict.value,
        "beneath": item.beneath.value if item.beneath else None,
        "phases": [phase.value for phase in item.phases],
        "asymmetric": item.asymmetric,
        "underlay": [carrier.value for carrier in item.underlay],
        "evidence": item.evidence.value,
        "why": item.why,
        "assumed": list(item.assumed),
        "journeys": [_journey(journey) for journey in item.journeys],
    }


def explanation_json(found: Explanation) -> dict[str, Any]:
    """Both directions between two addresses."""
    return {
        "predicted": True,
        "there": flow_json(found.there),
        "back": flow_json(found.back),
        "asymmetric": found.asymmetric,
    }


def _ends(item: FlowVerdict | FailureVerdict) -> dict[str, Any]:
    flow = item.flow
    return {
        "intent": flow.intent,
        "mode": flow.mode.value if flow.mode else None,
        "from": str(flow.source),
        "to": str(flow.destination),
        "prefixes": [str(prefix) for prefix in flow.destination.prefixes],
        "except": [str(hole) for hole in flow.destination.holes],
    }


def _journey(journey: Journey) -> dict[str, Any]:
    return {
        "end": journey.end.value,
        "why": journey.why,
        "hops": [
            {
                "place": step.place.value,
                "name": step.name,
                "address": address_text(step.address),
                "carrier": step.carrier.value if step.carrier else None,
                "tunnel": step.tunnel,
                "route": step.decision
                and {
                    "prefix": str(step.decision.prefix),
                    "nextHops": [_hop(hop) for hop in step.decision.next_hops],
                    "origin": step.decision.origin,
                    "rule": step.decision.rule,
                    "beaten": list(step.decision.beaten),
                },
            }
            for step in journey.steps
        ],
    }


def _hop(address: object) -> str:
    return f"<{address}>" if isinstance(address, Symbol) else str(address)


def _problems(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [asdict(problem) for problem in problems]
