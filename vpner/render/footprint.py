"""What a stack costs, takes and uses of Azure's limits: as text, and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vpner.footprint import Billing, Cost, Footprint, Outcome, Quota, Step
from vpner.render.grid import Grid, some

_ADJUSTABLE = {True: "yes", False: "no", None: "not said"}


def footprint_text(found: Footprint) -> str:
    """Everything for people, without sources: these are in the JSON."""
    return "\n".join(
        [
            "What Azure bills (no prices: they differ by region, currency and agreement)",
            str(cost_table(found)),
            *cost_notes(found),
            "",
            *duration_lines(found),
            "",
            "Limits (of this stack alone, as if in one subscription)",
            str(quota_table(found)),
            *quota_notes(found),
        ]
    )


def cost_table(found: Footprint) -> Grid:
    """What is billed, by kind and SKU. What costs nothing is left out."""
    return Grid(
        ("Resource", "SKU", "Count", "Billed", "To create", "Names", "Why"),
        tuple(
            (
                cost.kind.name,
                cost.sku,
                str(len(cost.names)),
                cost.kind.billed.value,
                cost.kind.creation.said if cost.kind.creation else "-",
                some(cost.names),
                cost.kind.why,
            )
            for cost in found.costs
            if cost.kind.billed is not Billing.NOTHING
        ),
    )


def cost_notes(found: Footprint) -> Iterator[str]:
    """What is left out of the table, and where the prices are."""
    free = {cost.kind.name: len(cost.names) for cost in found.costs if cost.kind.billed is Billing.NOTHING}
    if free:
        yield f"Costs nothing: {_counted(free)}"
    if found.undocumented:
        yield f"Not known what these cost: {_counted(found.undocumented)}"
    pages = dict.fromkeys(cost.kind.prices for cost in found.costs if cost.kind.prices)
    if pages:
        yield f"Prices: {' '.join(pages)}"


def duration_lines(found: Footprint) -> Iterator[str]:
    """The longest chain of creations."""
    if not found.chain:
        yield "Nothing is to be created of which a page says how long it takes."
        return
    yield f"About {found.minutes} minutes to create what does not exist yet (estimate). The longest chain:"
    yield from (f"- {step.name}, {step.duration.said}" for step in found.chain)
    yield "Other creations count as nothing, as does the time that a provider takes to provision a circuit: days."


def quota_table(found: Footprint) -> Grid:
    """Limits, and what of each is used."""
    return Grid(
        ("Limit", "Of", "Used", "At most", "Left", "Adjustable"),
        tuple(
            (
                quota.limit.what,
                " ".join((quota.limit.per.value, quota.where)).removeprefix("resource ").strip(),
                _used(quota),
                _number(quota.maximum),
                _number(quota.left),
                _ADJUSTABLE[quota.limit.adjustable],
            )
            for quota in found.quotas
        ),
    )


def quota_notes(found: Footprint) -> Iterator[str]:
    """Remarks on the limits in the table, and what to do where one does not hold."""
    remarks = dict.fromkeys((quota.limit.what, quota.limit.remark) for quota in found.quotas if quota.limit.remark)
    yield from (f"{what[:1].upper()}{what[1:]}: {remark}." for what, remark in remarks)
    for quota in found.quotas:
        if quota.outcome is not Outcome.WITHIN:
            what = f"{quota.limit.what} of {quota.where}" if quota.where else quota.limit.what
            yield f"{quota.outcome.value.upper()}: {what}: {_used(quota)} of {_number(quota.maximum)}"
    yield "What else is in the subscriptions counts too: az network list-usages, az vm list-usage (vCPUs)."


def footprint_json(found: Footprint) -> dict[str, Any]:
    """Everything, with sources. Minutes are integers; None is what is not known."""
    return {
        "outcome": found.outcome.value,
        "costs": [_cost(item) for item in found.costs],
        "undocumented": found.undocumented,
        "creation": {"estimate": True, "minutes": found.minutes, "chain": [_step(item) for item in found.chain]},
        "quotas": [_quota(item) for item in found.quotas],
    }


def _cost(item: Cost) -> dict[str, Any]:
    return {
        "kind": item.kind.match.kind,
        "resource": item.kind.name,
        "sku": item.sku or None,
        "count": len(item.names),
        "planned": item.planned,
        "names": list(item.names),
        "billed": item.kind.billed.value,
        "why": item.kind.why,
        "prices": item.kind.prices,
        "source": item.kind.citation,
        "creationMinutes": item.kind.creation.minutes if item.kind.creation else None,
        "creationSource": item.kind.creation.citation if item.kind.creation else None,
    }


def _step(item: Step) -> dict[str, Any]:
    duration = item.duration
    return {
        "name": item.name,
        "minutes": duration.minutes,
        "documented": duration.said,
        "source": duration.citation,
    }


def _quota(item: Quota) -> dict[str, Any]:
    return {
        "limit": item.limit.id,
        "what": item.limit.what,
        "per": item.limit.per.value,
        "where": item.where or None,
        "used": item.used,
        "doubtful": item.doubtful,
        "maximum": item.maximum,
        "left": item.left,
        "adjustable": item.limit.adjustable,
        "outcome": item.outcome.value,
        "remark": item.limit.remark or None,
        "source": item.limit.citation,
    }


def _used(quota: Quota) -> str:
    return f"{quota.used} to {quota.used + quota.doubtful}" if quota.doubtful else str(quota.used)


def _number(value: int | None) -> str:
    return "unknown" if value is None else str(value)


def _counted(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in numbers.items())
