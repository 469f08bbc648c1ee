"""Drift on the real engine: what somebody changed beside the program is seen, and nothing else is."""

from __future__ import annotations

import sys

import pytest

from tests.engine.test_lifecycle import deploy
from tests.engine.workspace import Run, Workspace
from tests.simulator.rest.deployed import Deployed
from tests.support.stacks import ROOT
from toolchain.drift import CHANGED, UNCHANGED, UNKNOWN, answer, verdict
from vpner.simulator.provider import DEFAULT_SUBSCRIPTION

pytestmark = pytest.mark.engine


def drift(workspace: Workspace) -> Run:
    group = str(workspace.configured("resourceGroup"))
    given = ("--stack", workspace.stack, "--subscription", DEFAULT_SUBSCRIPTION, "--resource-group", group)
    return workspace.run(sys.executable, str(ROOT / "toolchain" / "drift.py"), *given)


def test_what_somebody_changes_beside_the_program_is_drift_and_nothing_else_is(dev: Workspace) -> None:
    deploy(dev)
    deployed = Deployed(dev.state)
    found = drift(dev)
    assert "Drift: configuration as deployed, network as deployed" in found.output
    assert found.code == UNCHANGED, found.output

    outputs = deployed.registered("routers")
    router = outputs["routers"][0]
    deployed.register({**outputs, "routers": [{**router, "statics": []}]})  # the provider drops the endpoint's /32
    found = drift(dev)
    assert "Drift: configuration as deployed, network CHANGED" in found.output
    assert found.code == CHANGED
    assert "10.100.0.4/32" in found.output
    deployed.register({**outputs, "routers": [router]})

    deployed.change("virtualHubs/az-hub-rs", hubRoutingPreference="ASPath")  # somebody, in the portal
    found = drift(dev)
    assert "Drift: configuration CHANGED, network" in found.output
    assert found.code == CHANGED
    assert "hubRoutingPreference" in found.output

    deployed.change("virtualHubs/az-hub-rs", hubRoutingPreference="VpnGateway")
    found = drift(dev)
    assert found.code == UNCHANGED, "and it is over when the change is taken back: " + found.output


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        ("configuration", 0, UNCHANGED),
        ("configuration", 255, CHANGED),
        ("network", 0, UNCHANGED),
        ("network", 1, CHANGED),
        ("network", 2, UNKNOWN),
        ("network", 3, UNKNOWN),
    ],
)
def test_an_answer_that_was_not_given_is_not_known(question: str, code: int, said: int) -> None:
    assert answer(question, code) == said


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((UNCHANGED, UNCHANGED), UNCHANGED),
        ((UNCHANGED, UNKNOWN), UNKNOWN),
        ((UNKNOWN, CHANGED), CHANGED),
        ((CHANGED, UNCHANGED), CHANGED),
    ],
)
def test_a_change_counts_more_than_what_is_not_known(answers: tuple[int, int], said: int) -> None:
    assert verdict(answers) == said
