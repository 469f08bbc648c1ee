"""Published networks as observations: compare finds what replay misses, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.compare.published import documents
from tests.routing.networks import CASES, LATER
from vpner.comparison import Cause, compare
from vpner.matching import Fit, fits, row_text, varies
from vpner.readers.case import Case, read_case
from vpner.readers.observed import read_observed
from vpner.readers.shape import ExpectShape
from vpner.replay import score_case
from vpner.routing.assumptions import DEFAULT, SWITCHES
from vpner.routing.converge import Unsettled
from vpner.routing.solve import solve


def published(path: Path) -> Case:
    """A case as far as Azure's commands print it: not tables of devices, nor pings, nor that something is absent."""
    case = read_case(path.read_text(encoding="utf-8"), path.name)
    kept: dict[str, Any] = {
        kind: {key: table.model_copy(update={"absent": []}) for key, table in getattr(case.expect, kind).items()}
        for kind in ExpectShape.model_fields
        if kind not in {"router_routes", "reach"}
    }
    learned = kept["gateway_learned"]
    whole = {owner: all(table.complete for _, table in tables) for owner, tables in _by_owner(learned)}
    kept["gateway_learned"] = {
        key: table.model_copy(update={"complete": whole[_owner(key)]}) for key, table in learned.items()
    }
    return replace(case, expect=ExpectShape(**kept))


def _by_owner(tables: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """One command prints the tables of both instances of a gateway."""
    for owner, found in groupby(sorted(tables.items()), key=lambda item: _owner(item[0])):
        yield owner, list(found)


def _owner(key: str) -> str:
    owner, _, index = key.rpartition("/")
    return owner if index.isdigit() else key


def sides(found: list[Fit]) -> tuple[Counter[str], Counter[str]]:
    """Observed rows that are not predicted, and predicted ones that are not observed."""
    extra = [row_text(row) for fit in found for row in fit.unpredicted if not varies(row)]
    missing = [row_text(row) for fit in found for row in fit.unobserved]
    return Counter(extra), Counter(missing)


@pytest.mark.parametrize("path", [*CASES, *LATER], ids=lambda path: path.stem)
def test_a_published_network_differs_where_replay_misses(path: Path) -> None:
    case = published(path)
    observed = read_observed(documents(case), case.topology)
    assert observed.unclear == ()
    score = score_case(case)
    found = compare(case.topology, observed)
    assert {(item.where, item.observed) for item in found.differences if item.observed} == {
        (miss.table, miss.expected) for miss in score.misses
    }
    assert {(item.where, item.predicted) for item in found.differences if item.cause is Cause.MISSING} <= set(
        score.extra
    )


NEEDED = {"er_gateway_weight_first", "er_instances_agree", "gateways_peer_despite_route_server", "msee_accepts_own_asn"}
"""Switches without whose default several networks are predicted wrongly. One network always is."""


@pytest.mark.parametrize("switch", sorted(SWITCHES))
def test_a_wrong_model_differs_in_the_same_rows(switch: str) -> None:
    """A switch set the other way makes a model that is wrong about some networks, in a way of its own."""
    wrong: list[str] = []
    for path in CASES:
        case = published(path)
        observed = read_observed(documents(case), case.topology)
        try:
            solution = solve(case.topology, DEFAULT.flipped(switch))
        except Unsettled:
            continue
        expected = sides(list(fits(case.topology, solution, case.expect)))
        assert sides(list(fits(case.topology, solution, observed.tables))) == expected, case.name
        equal = expected == (Counter(), Counter())
        assert equal == (not compare(case.topology, observed, DEFAULT.flipped(switch)).differences), case.name
        wrong += [] if equal else [case.name]
    assert wrong
    assert switch not in NEEDED or len(wrong) > 1
