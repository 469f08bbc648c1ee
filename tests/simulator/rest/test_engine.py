"""After an update by the real engine: what components registered is found, and the prediction was true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.workspace import Workspace
from tests.simulator.rest.deployed import GROUP
from tests.support.mocks import SUBSCRIPTION

pytestmark = pytest.mark.engine


def test_a_deployed_stack_is_what_its_preview_predicts(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, "dev")
    workspace.configure(stage="ordered")
    workspace.pulumi("up").succeeded()
    workspace.provision()
    workspace.configure(stage="provisioned")
    workspace.pulumi("up").succeeded()
    asked = ("--subscription", SUBSCRIPTION, "--resource-group", GROUP)
    done = workspace.run("vpner", "compare", "--stack", "dev", *asked).succeeded()
    assert "EQUAL: 121 rows in 17 route tables as predicted" in done.output
    assert "az-hub-to-branch-opnnva-conn  Connected" in done.output
