"""Differences of route tables, and of the two paths of a circuit."""

from __future__ import annotations

from collections.abc import Iterator

from vpner.comparison.findings import Asymmetry, Cause, Difference
from vpner.comparison.ties import Ties, only_a_tie
from vpner.matching import Fit, Row, row_text, varies
from vpner.topology import PATHS


def differences_of(fit: Fit, ties: Ties) -> Iterator[Difference]:
    """Rows of one table that do not match: of one prefix, the two rows that are most alike make one difference."""
    observed, predicted = list(fit.unpredicted), list(fit.unmatched)
    pairs = [
        (_alike(row, other), -i, -j)
        for i, row in enumerate(observed)
        for j, other in enumerate(predicted)
        if row["prefix"] == other["prefix"]
    ]
    mine: set[int] = set()
    theirs: set[int] = set()
    for _, i, j in sorted(pairs, reverse=True):
        if -i not in mine and -j not in theirs:
            mine.add(-i)
            theirs.add(-j)
            row, other = observed[-i], predicted[-j]
            cause = _cause(row, other)
            if cause is Cause.PATH and only_a_tie(row, other, ties):
                cause = Cause.TIE
            yield Difference(fit.table, row["prefix"], cause, row_text(other), row_text(row))
    for i, row in enumerate(observed):
        if i not in mine and not varies(row):
            yield Difference(fit.table, row["prefix"], Cause.EXTRA, "", row_text(row))
    missing = {id(row) for row in fit.unobserved}
    for j, row in enumerate(predicted):
        if j not in theirs and id(row) in missing:
            yield Difference(fit.table, row["prefix"], Cause.MISSING, row_text(row), "")


def _alike(row: Row, other: Row) -> int:
    return sum(other.get(key) == value for key, value in row.items())


_CAUSES = (
    ("state", Cause.STATE),
    ("type", Cause.TYPE),
    ("source", Cause.TYPE),
    ("as_path", Cause.PATH),
    ("next_hops", Cause.NEXT_HOP),
    ("next_hop", Cause.NEXT_HOP),
)


def _cause(row: Row, other: Row) -> Cause:
    for key, cause in _CAUSES:
        mine, theirs = row.get(key), other.get(key)
        if mine is None or theirs is None:
            continue
        if (set(mine) != set(theirs)) if key == "next_hops" else (mine != theirs):
            return cause
    return Cause.ATTRIBUTE


def hops(row: Row) -> list[str | None]:
    if "next_hops" in row:
        return list(row["next_hops"])
    return [row["next_hop"]] if row.get("origin") != "Network" and "next_hop" in row else []


def asymmetries(found: list[Fit]) -> Iterator[Asymmetry]:
    tables = {fit.key: fit for fit in found if fit.kind == "circuit_routes"}
    for circuit in sorted({key.rpartition("/")[0] for key in tables}):
        ends = [tables[f"{circuit}/{path}"] for path in PATHS if f"{circuit}/{path}" in tables]
        if len(ends) < len(PATHS):
            continue
        observed = [_shortest(_observed_rows(fit)) for fit in ends]
        predicted = [_shortest(list(fit.predicted)) for fit in ends]
        for index, path in enumerate(PATHS):
            only, shorter = _more(observed[index], observed[1 - index])
            if only or shorter:
                same = (only, shorter) == _more(predicted[index], predicted[1 - index])
                yield Asymmetry(circuit, path, only, shorter, same)


def _observed_rows(fit: Fit) -> list[Row]:
    left = {id(row) for row in fit.unmatched}
    return [*(row for row in fit.predicted if id(row) not in left), *fit.unpredicted]


def _shortest(rows: list[Row]) -> dict[str, int]:
    """By prefix the length of the shortest AS path."""
    lengths: dict[str, int] = {}
    for row in rows:
        length = len(row.get("as_path") or ())
        lengths[row["prefix"]] = min(length, lengths.get(row["prefix"], length))
    return lengths


def _more(mine: dict[str, int], theirs: dict[str, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    only = sorted(mine.keys() - theirs.keys())
    shorter = sorted(prefix for prefix in mine.keys() & theirs.keys() if mine[prefix] < theirs[prefix])
    return tuple(only), tuple(shorter)
