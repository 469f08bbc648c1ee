"""A comparison as text and as plain values."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from vpner.comparison import Comparison
from vpner.render.grid import Grid


def difference_table(found: Comparison) -> Grid:
    """A line a difference."""
    return Grid(
        ("Cause", "Where", "Subject", "Predicted", "Observed"),
        tuple(
            (item.cause.value, item.where, item.subject, item.predicted or "-", item.observed or "-")
            for item in found.differences
        ),
    )


def proof_table(found: Comparison) -> Grid:
    """What Azure shows of each tunnel connection."""
    return Grid(
        ("Connection", "Status", "Bytes in", "Bytes out", "Why"),
        tuple((item.connection, item.status, str(item.ingress), str(item.egress), item.says) for item in found.proofs),
    )


def asymmetry_lines(found: Comparison) -> list[str]:
    """A line for each way in which a path of a circuit has more than the other."""
    lines: list[str] = []
    for item in found.asymmetries:
        end = " (as predicted)" if item.predicted else ""
        if item.prefixes:
            lines.append(f"{item.circuit}: only {item.path} has {', '.join(item.prefixes)}{end}")
        if item.shorter:
            lines.append(f"{item.circuit}: {item.path} has a shorter AS path for {', '.join(item.shorter)}{end}")
    return lines


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Everything that ``vpner compare`` says."""
    return {
        "equal": not found.differences and not found.unclear,
        "tables": found.tables,
        "rows": found.rows,
        "causes": dict(sorted(Counter(item.cause.value for item in found.differences).items())),
        "differences": [asdict(item) for item in found.differences],
        "ties": [asdict(item) for item in found.ties],
        "proofs": [asdict(item) for item in found.proofs],
        "asymmetries": [asdict(item) for item in found.asymmetries],
        "unclear": list(found.unclear),
        "notes": list(found.notes),
        "phase": found.phase,
        "phases": found.phases,
        "assumed": list(found.assumed),
    }
