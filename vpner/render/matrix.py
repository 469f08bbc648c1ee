"""Combinations of settings as a table, and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vpner.render.grid import Grid
from vpner.whatif import Combination

NOW = "as it is now"


def matrix_grid(names: Sequence[str], combinations: Sequence[Combination]) -> Grid:
    """A line for combinations that differ in one setting and come to the same; values of it stand side by side."""
    lines = [(tuple((value,) for value in item.values), item) for item in combinations]
    for column in reversed(range(len(names))):
        lines = _joined(lines, column)
    rows = (
        (*(", ".join(values) for values in cells), item.steady, item.under_failure, NOW if item.current else "")
        for cells, item in lines
    )
    return Grid((*names, "Steady", "Under failure", ""), tuple(rows))


_Line = tuple[tuple[tuple[str, ...], ...], Combination]


def _joined(lines: Sequence[_Line], column: int) -> list[_Line]:
    """Lines that are equal but for one column; the network as it is keeps a line of its own."""
    found: dict[tuple[object, ...], _Line] = {}
    for cells, item in lines:
        key = (*cells[:column], *cells[column + 1 :], item.steady, item.under_failure, item.current)
        known = found.get(key)
        if known is not None:
            values = (*known[0][column], *cells[column])
            cells = (*cells[:column], values, *cells[column + 1 :])  # noqa: PLW2901
            item = known[1]  # noqa: PLW2901
        found[key] = cells, item
    return list(found.values())


def matrix_json(names: Sequence[str], combinations: Sequence[Combination]) -> dict[str, Any]:
    """Every combination."""
    return {
        "predicted": True,
        "combinations": [
            {
                "settings": dict(zip(names, item.values, strict=True)),
                "steady": item.steady,
                "underFailure": item.under_failure,
                "outcome": item.outcome.value,
                "current": item.current,
            }
            for item in combinations
        ],
    }
