"""A stack that lives on ExpressRoute alone gets its tunnel, and loses it again, on the real engine."""

from __future__ import annotations

import shlex

import pytest

from tests.cutover.walks import ENCRYPTED, EXPRESSROUTE_ONLY, TODAY
from tests.engine.test_lifecycle import assert_unchanged_by_up, deploy
from tests.engine.workspace import Run, Workspace
from vpner.cutover import Plan, plan
from vpner.render.cutover import commands

pytestmark = pytest.mark.engine

SUBNET, TABLE, CONNECTION = "branch-subnet1", "branch-forcevpn-udr", "tunnel-branch-opnnva-connection"


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The lab without its tunnel, in use."""
    workspace = Workspace.create(tmp_path_factory.mktemp("living"), "dev")
    workspace.configure(tunnel={**workspace.configured("tunnel"), "enabled": False})
    deploy(workspace)
    return workspace


def forced(workspace: Workspace) -> bool:
    """Whether the branch's workload is sent to the appliance."""
    return bool(workspace.resources()[SUBNET]["inputs"].get("routeTable"))


def phase(workspace: Workspace, found: Plan, number: int) -> None:
    """The commands that vpner cutover prints."""
    for line in commands(found.phases, number):
        run(workspace, line).succeeded()


def run(workspace: Workspace, line: str) -> Run:
    tool, verb, *rest = shlex.split(line)
    assert tool == "pulumi"
    if verb == "up":
        return workspace.pulumi("up", *rest, policies=False)
    return workspace.run(tool, verb, *rest, "--stack", workspace.stack)


def test_the_tunnel_is_put_in_place_and_taken_away_in_the_phases_of_the_plan_and_not_at_once(living: Workspace) -> None:
    there, back = plan(EXPRESSROUTE_ONLY, ENCRYPTED, TODAY), plan(ENCRYPTED, EXPRESSROUTE_ONLY, TODAY)
    configured = living.configured("tunnel")

    living.configure(tunnel={**configured, "enabled": True})
    for verb in ("preview", "up"):
        refused = living.pulumi(verb, policies=False).failed()
        assert "switched-before-tunnel" in refused.output
        assert "pulumi up --exclude '**network:Subnet::**'" in " ".join(refused.output.split())
        assert not forced(living)

    phase(living, there, 0)
    assert TABLE in living.resources()
    assert CONNECTION not in living.resources()
    assert "switched-before-tunnel" in living.pulumi("preview", policies=False).failed().output
    phase(living, there, 1)
    assert CONNECTION in living.resources()
    assert not forced(living)
    phase(living, there, 2)
    assert forced(living)
    assert living.changes() == {"update": 1}
    assert_unchanged_by_up(living)

    phase(living, back, 0)
    assert not forced(living)
    assert CONNECTION in living.resources()
    phase(living, back, 1)
    assert CONNECTION not in living.resources()
    assert TABLE in living.resources()
    phase(living, back, 2)
    assert TABLE not in living.resources()
    living.configure(tunnel={**configured, "enabled": False})
    assert_unchanged_by_up(living)
