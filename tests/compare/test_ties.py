"""Two circuits that announce a prefix alike: which of them Azure takes is not predicted, and is no drift."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.compare.asking import documents
from tests.readers.stacks import snapshot
from tests.simulator.rest.deployed import Deployed, deploy
from tests.support.stacks import stack_config
from vpner.comparison import Cause, Comparison, compare
from vpner.comparison.ties import only_a_tie
from vpner.readers.compare import bind, bindings
from vpner.readers.observed import read_observed
from vpner.readers.stack import read_stack
from vpner.topology import Topology

ENDPOINTS = {"10.200.0.4/32", "10.200.0.20/32"}
"""Of the two devices: both provider's routers announce both of them."""


@pytest.fixture
def site(tmp_path: Path) -> Deployed:
    return deploy(tmp_path / "azure", "prod", stage="provisioned")


def predicted(site: Deployed) -> Topology:
    """As its preview predicts, with the tunnel addresses bound, and nobody knowing Microsoft's edges."""
    previewed = read_stack(snapshot("prod", preview=True, stage="provisioned"))
    return replace(bind(previewed, bindings(previewed, site.network().topology)), circuits=previewed.circuits)


def compared(site: Deployed, topology: Topology) -> Comparison:
    asked = documents(site, topology, [stack_config("prod")["vpner:resourceGroup"]])
    return compare(topology, read_observed(asked, topology))


def test_the_other_of_two_equal_circuits_is_a_note_and_no_difference(site: Deployed) -> None:
    found = compared(site, predicted(site))
    assert found.differences == ()
    assert {item.subject for item in found.ties} == ENDPOINTS
    assert {item.cause for item in found.ties} == {Cause.TIE}
    assert [note for note in found.notes if "as good as the predicted one" in note]


def test_a_circuit_that_announces_an_endpoint_no_longer_is_still_found(site: Deployed) -> None:
    """The other circuit's path is all that is left then, which is no matter of a tie."""
    outputs = site.registered("routers")
    first, *others = outputs["routers"]
    assert set(first["networks"]) == ENDPOINTS
    site.register({**outputs, "routers": [{**first, "networks": ["10.200.0.20/32"]}, *others]})
    found = compared(site, predicted(site))
    missing = {item.subject for item in found.differences if item.cause is Cause.MISSING}
    assert missing == {"10.200.0.4/32"}


CHOICE = {"10.0.0.4/32": (frozenset({(12076, 65020), (12076, 65021)}),)}
ROW = {"prefix": "10.0.0.4/32", "as_path": [65515, 12076, 65020], "next_hop": "10.0.0.9", "origin": "EBgp", "weight": 0}


@pytest.mark.parametrize(
    ("changes", "tie"),
    [
        ({"as_path": [65515, 12076, 65021]}, True),
        ({"as_path": [65515, 12076, 65022]}, False),
        ({"as_path": [65515, 12076, 65021, 65021]}, False),
        ({"as_path": [12076, 65021]}, False),
        ({"as_path": [65001, 12076, 65021]}, False),
        ({"as_path": [65515, 12076, 65021], "next_hop": "10.0.0.10"}, False),
        ({"as_path": [65515, 12076, 65021], "next_hop": None}, True),
        ({"as_path": [65515, 12076, 65021], "prefix": "10.0.0.5/32"}, False),
        ({}, False),
    ],
)
def test_rows_differ_by_a_tie_where_only_the_choice_at_one_speaker_differs(changes: dict[str, Any], tie: bool) -> None:
    assert only_a_tie({**ROW, **changes}, ROW, CHOICE) is tie
