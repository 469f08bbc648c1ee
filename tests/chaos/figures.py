"""What chaos runs came to, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.chaos.story import EVERYTHING, KINDS, WITHDRAWN, Told
from vpner.render.grid import Grid
from vpner.simulator.chaos import Entry, Fault
from vpner.simulator.client import retries, surfaces


def by_kind(told: Sequence[Told]) -> Grid:
    """A line for what went wrong in the runs, and one for all runs."""
    rows = [_row(kind, [run for run in told if run.plan.kind == kind]) for kind in (*KINDS, EVERYTHING)]
    headers = (
        "What goes wrong",
        "Runs",
        "Lab",
        "Requests",
        "Faults",
        "Retries",
        "Errors",
        "Commands",
        "Needed",
        "Repairs",
    )
    return Grid(headers, (*(row for row in rows if row[1] != "0"), _row("sum", told)))


def _row(kind: str, runs: Sequence[Told]) -> tuple[str, ...]:
    entries = [entry for run in runs for entry in run.entries]
    withdrawals = sum(run.withdrawals for run in runs)
    counts = (
        len(runs),
        sum(run.plan.lab for run in runs),
        len(entries),
        sum(entry.fault is not None for entry in entries) + withdrawals,
        sum(map(retries, entries)),
        sum(map(surfaces, entries)) + withdrawals,
        sum(len(run.commands) - run.commands.count("recover") for run in runs),
        sum(run.needed for run in runs),
        sum(run.commands.count("recover") for run in runs),
    )
    return kind, *map(str, counts)


def by_fault(told: Iterable[Told]) -> Grid:
    """A line for every fault, over all runs."""
    runs = list(told)
    rows = [_fault_row(fault, runs) for fault in Fault]
    withdrawals = [run.withdrawals for run in runs if run.withdrawals]
    rows.append((WITHDRAWN, str(len(withdrawals)), str(sum(withdrawals)), "0", str(sum(withdrawals))))
    return Grid(("Fault", "Runs with it", "Injected", "Retries", "Errors"), tuple(rows))


def _fault_row(fault: Fault, runs: Sequence[Told]) -> tuple[str, ...]:
    found: list[Entry] = [entry for run in runs for entry in run.entries if entry.fault is fault]
    hit = sum(any(entry.fault is fault for entry in run.entries) for run in runs)
    return fault, *map(str, (hit, len(found), sum(map(retries, found)), sum(map(surfaces, found))))
