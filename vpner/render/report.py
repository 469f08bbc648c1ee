"""What the rules say, as text at the end of a preview and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from ipaddress import IPv4Network, collapse_addresses
from typing import Any

from vpner.render.grid import Grid, some
from vpner.render.verdicts import assessment_json
from vpner.routing import FlowVerdict, Verdict
from vpner.rules import Finding, Report


def report_text(found: Report) -> str:
    """Verdicts of protected traffic, allowed fallbacks and exceptions; findings are the policies' own messages."""
    assessment = found.network.assessment
    if not found.network.concerned:
        return "Encrypted ExpressRoute: not applicable (no intent, and no tunnel over private peering)"
    lines = ["Encrypted ExpressRoute (predicted)"]
    if assessment is None:
        lines.append("no verdict: see network-known")
    elif not assessment.flows:
        lines.append("no protected flow")
    else:
        lines.append(str(flow_summary(assessment.flows)))
        if assessment.fallbacks:
            lines.append("Fallbacks that mode preferred allows:")
        lines += [f"- {item.what.partition('. ')[0]}" for item in assessment.fallbacks]
    lines += [f"Excepted: {item.problem.where} [{item.rule}]" for item in found.excepted if item.problem]
    return "\n".join(lines)


def flow_summary(verdicts: Iterable[FlowVerdict]) -> Grid:
    """Protected flows in few lines: sources and destinations that have one verdict, underlay and evidence.

    What leads to gateways only is left out, and so is a prefix inside another of the same line: whatever has another
    verdict stands in a line of its own.
    """
    by_destination: dict[tuple[str, str, str, tuple[IPv4Network, ...]], list[str]] = {}
    for item in verdicts:
        if item.verdict is Verdict.TRANSPORT:
            continue
        phases = dict.fromkeys(phase.value for phase in item.phases)
        verdict = " / ".join(phases) if len(phases) > 1 else item.verdict.value
        over = ", ".join(carrier.value for carrier in item.underlay)
        key = verdict, over, item.evidence.value, item.flow.destination.prefixes
        by_destination.setdefault(key, []).append(str(item.flow.source))
    rows: dict[tuple[str, str, str, tuple[str, ...]], list[IPv4Network]] = {}
    for (verdict, over, evidence, prefixes), sources in by_destination.items():
        names = tuple(dict.fromkeys(sources))
        rows.setdefault((verdict, over, evidence, names), []).extend(prefixes)
    return Grid(
        ("Verdict", "From", "To", "Over", "Evidence"),
        tuple(
            (verdict, some(names), some([str(prefix) for prefix in collapse_addresses(prefixes)]), over, evidence)
            for (verdict, over, evidence, names), prefixes in rows.items()
        ),
    )


def report_json(found: Report) -> dict[str, Any]:
    """Everything that the rules say, and the verdicts. Findings have rule, outcome and the problem's fields."""
    assessment = found.network.assessment
    return {
        "predicted": True,
        "applicable": found.network.concerned,
        "findings": [_finding(item) for item in found.findings if item.problem],
        "passed": list(dict.fromkeys(item.rule for item in found.findings if not item.problem)),
        "excepted": [_finding(item) for item in found.excepted if item.problem],
        "exceptions": [asdict(item) for item in found.exceptions],
        **(assessment_json(assessment) if assessment else {}),
    }


def _finding(item: Finding) -> dict[str, Any]:
    assert item.problem is not None
    resource = item.resource.urn if item.resource else None
    return {"rule": item.rule, "outcome": item.outcome.value, "resource": resource, **asdict(item.problem)}
