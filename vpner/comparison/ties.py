"""Paths that only a tie-break tells apart. Which of them Azure takes depends on addresses and ages that no plan has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from vpner.matching import Row
from vpner.routing.solution import BgpRoute, Tables

AsPath = tuple[int, ...]
Ties = Mapping[str, tuple[frozenset[AsPath], ...]]
"""By prefix: for each speaker that has a choice, the AS paths of the routes that are equally good there."""


def ties_of(tables: Tables) -> Ties:
    """The choices that tie-breaks decide in these tables."""
    equals: dict[tuple[str, str], set[AsPath]] = defaultdict(set)
    for speaker, row in _learned(tables):
        if row.selected or row.decided_by.startswith("tie-"):
            equals[speaker, str(row.prefix)].add(row.as_path)
    found: dict[str, list[frozenset[AsPath]]] = defaultdict(list)
    for (_, prefix), paths in equals.items():
        if len(paths) > 1:
            found[prefix].append(frozenset(paths))
    return {prefix: tuple(groups) for prefix, groups in found.items()}


def only_a_tie(row: Row, other: Row, ties: Ties) -> bool:
    """Whether the rows differ in nothing but an AS path that a tie-break chose, at their speaker or before it."""
    if any(
        row.get(key) != other.get(key) for key in ("next_hop", "origin", "weight") if row.get(key) and other.get(key)
    ):
        return False
    mine, theirs = tuple(row.get("as_path") or ()), tuple(other.get("as_path") or ())
    return any(
        mine != theirs and theirs == _lead(mine, path) + equal
        for group in ties.get(row["prefix"], ())
        for path in group
        if path and mine[-len(path) :] == path
        for equal in group
    )


def _lead(whole: AsPath, end: AsPath) -> AsPath:
    """What speakers after the choice have put before it."""
    return whole[: len(whole) - len(end)]


def _learned(tables: Tables) -> Iterator[tuple[str, BgpRoute]]:
    for speakers in (tables.gateway_learned, tables.circuit_routes, tables.router_routes):
        for name, rows in speakers.items():
            yield from ((name, row) for row in rows)
    for (server, _), rows in tables.route_server_learned.items():
        yield from ((server, row) for row in rows)
