"""The engine is killed at every kind of moment; `make recover` and the next `up` lead to where it was going."""

from __future__ import annotations

import sys

import pytest

from tests.engine.test_lifecycle import deploy
from tests.engine.workspace import Run, Workspace
from tests.support.stacks import ROOT

pytestmark = pytest.mark.engine

KILL = "VPNER_SIMULATOR_KILL"


def killed(workspace: Workspace, point: str) -> Run:
    """An update that dies at the point."""
    arguments = ["pulumi", "up", "--stack", workspace.stack, "--non-interactive", "--yes", "--skip-preview"]
    return workspace.run(*arguments, env={KILL: point}).failed()


def recover(workspace: Workspace) -> Run:
    return workspace.run(sys.executable, str(ROOT / "toolchain" / "recover.py"), "--stack", workspace.stack).succeeded()


def assert_converged(workspace: Workspace) -> None:
    """Another update changes nothing, and state and Azure hold the same resources."""
    workspace.pulumi("up").succeeded()
    assert workspace.changes() == {}
    in_state = {str(item["id"]).lower() for item in workspace.resources().values() if str(item["id"]).startswith("/")}
    in_azure = {str(item["id"]).lower() for item in workspace.in_azure()}
    # What others than the program make: the peerings that a layer 3 provider configures.
    assert {item for item in in_azure - in_state if not item.endswith("/peerings/azureprivatepeering")} == set()
    assert in_state - in_azure == set()


@pytest.mark.parametrize(
    ("point", "exists"),
    [
        pytest.param("create before azure-native:network:VirtualNetworkGateway/hub-hub-ergw", False, id="before"),
        pytest.param("create after azure-native:network:VirtualNetworkGateway/hub-hub-ergw", True, id="unrecorded"),
        pytest.param("create after azure-native:network:Subnet/hub-hub-gatewaysubnet", True, id="child"),
        pytest.param(
            "create after azure-native:network:ExpressRouteCircuit/circuits-azure-er-circuit", True, id="circuit"
        ),
    ],
)
def test_a_run_killed_in_a_creation_is_repaired(dev: Workspace, point: str, exists: bool) -> None:
    dev.configure(stage="ordered")
    killed(dev, point)
    name = point.rpartition("/")[2]
    assert name not in dev.resources(), "the engine had no time to record it"
    before = len(dev.in_azure())
    assert before > 0

    refused = dev.pulumi("up").failed()
    assert "locked" in refused.output
    repaired = recover(dev)
    assert f"::{name}: {'exists' if exists else 'does not exist, dropped'}" in repaired.output
    assert (name in dev.resources()) == exists

    dev.pulumi("up").succeeded()
    assert_converged(dev)


def test_without_the_repair_what_exists_is_not_created_again(dev: Workspace) -> None:
    dev.configure(stage="ordered")
    killed(dev, "create after azure-native:network:VirtualHub/route-server-rs")
    dev.run("pulumi", "cancel", "--yes", "--stack", "dev").succeeded()
    refused = dev.pulumi("up").failed()
    assert "cannot create already existing resource" in refused.output


def test_a_run_killed_in_an_update_and_one_killed_in_a_deletion_are_repaired(dev: Workspace) -> None:
    deploy(dev)
    dev.configure(preference="ASPath")
    killed(dev, "update after azure-native:network:VirtualHub/route-server-rs")
    recover(dev)
    dev.pulumi("up").succeeded()
    assert dev.resources()["route-server-rs"]["outputs"]["hubRoutingPreference"] == "ASPath"
    assert_converged(dev)

    (intent,) = dev.configured("intent")
    kept = [prefix for prefix in intent["from"] if prefix != "10.0.2.0/24"]
    dev.configure(spokes=dev.configured("spokes")[:1], intent=[{**intent, "from": kept}])
    killed(dev, "delete after azure-native:network:VirtualNetworkPeering/hub-az-spk2-to-hub")
    recover(dev)
    dev.pulumi("up").succeeded()
    assert "hub-az-spk2-vnet" not in dev.resources()
    assert_converged(dev)


def test_nothing_is_repaired_where_nothing_was_interrupted(dev: Workspace) -> None:
    dev.configure(stage="ordered")
    dev.pulumi("up").succeeded()
    assert "nothing to repair" in recover(dev).output
    assert_converged(dev)
