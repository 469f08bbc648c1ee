"""``vpner emulate``: what it prints, and how it ends."""

from __future__ import annotations

import json

import pytest

from tests.cli.commands import ROOT, vpner
from tests.emulation.tier import EVERYTHING
from vpner.emulation import RULES


def test_what_is_not_emulated_is_bad_input_with_a_remedy() -> None:
    result = vpner("emulate", "--topology", ROOT / "examples" / "production-site.yaml")
    assert result.exit_code == 3
    assert "routers.hq-fw1 [not-emulated]" in result.stderr
    assert "Remedy: say how it is connected" in result.stderr


@pytest.mark.root
@pytest.mark.timeout(600)
@pytest.mark.skipif(not EVERYTHING, reason="long: make emulate-all runs it")
def test_report_says_what_was_compared_and_what_was_imposed() -> None:
    element = "circuits/circuit/primary"
    result = vpner("emulate", "--topology", ROOT / "examples" / "only-the-endpoint.yaml", "--fail", element, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["agrees"] is True
    assert [state["failed"] for state in document["states"]] == [None, element]
    steady, broken = document["states"]
    assert {flow["verdict"] for flow in steady["flows"]} == {"ENCRYPTED"}
    assert {flow["verdict"] for flow in broken["flows"]} == {"BLACKHOLE"}, (
        "mode required: there is nothing to fall back to"
    )
    assert {flow["clear"] for state in document["states"] for flow in state["flows"]} == {0}
    assert sum(steady["paths"].values()) > 0
    assert len(document["rules"]) == len(RULES)
    assert {rule["basis"] for rule in document["rules"]} == {"emulated-standard", "emulated-assumption"}
