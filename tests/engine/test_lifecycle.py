"""Both stacks from the first preview to the last resource, as their users go through it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.workspace import Run, Workspace
from toolchain.simulated import IN_USE

pytestmark = pytest.mark.engine


def deploy(workspace: Workspace) -> None:
    """Through both stages."""
    workspace.configure(stage="ordered")
    workspace.pulumi("up").succeeded()
    workspace.provision()
    workspace.configure(stage="provisioned")
    workspace.pulumi("up").succeeded()


def tear_down(workspace: Workspace) -> Run:
    """As the documentation says: connections, the provider's step, everything else."""
    targets = [part for urn in IN_USE for part in ("--target", urn)]
    workspace.pulumi("destroy", *targets, "--target-dependents").succeeded()
    workspace.deprovision()
    return workspace.pulumi("destroy").succeeded()


def assert_unchanged_by_up(workspace: Workspace) -> None:
    workspace.pulumi("up").succeeded()
    assert workspace.changes() == {}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_lives_and_dies(stack: str, tmp_path: object, request: pytest.FixtureRequest) -> None:
    workspace: Workspace = request.getfixturevalue(stack)
    workspace.pulumi("preview").succeeded()
    deploy(workspace)
    assert len(workspace.in_azure()) > 20
    assert_unchanged_by_up(workspace)

    workspace.pulumi("refresh").succeeded()
    assert_unchanged_by_up(workspace)

    workspace.configure(preference="ASPath")
    workspace.pulumi("up").succeeded()
    assert workspace.changes() == {"update": 1}

    before = workspace.resources().keys()
    spoke = {"name": "new-spoke", "addressSpace": ["10.77.0.0/24"], "subnets": {"app": "10.77.0.0/26"}}
    workspace.configure(spokes=[*workspace.configured("spokes"), spoke])
    workspace.pulumi("up").succeeded()
    added = workspace.resources().keys() - before
    assert added == {
        "hub-new-spoke-vnet",
        "hub-new-spoke-nsg",
        "hub-new-spoke-app",
        "hub-hub-to-new-spoke",
        "hub-new-spoke-to-hub",
    }
    # The lab's appliance accepts what the spokes announce; the devices of prod are configured by somebody else.
    assert workspace.changes() == {"create": len(added)} | ({"update": 1} if stack == "dev" else {})

    if stack == "prod":
        refused = workspace.pulumi("destroy").failed()
        assert "protect" in refused.output
        workspace.configure(protect=False)
        workspace.pulumi("up").succeeded()
    tear_down(workspace)
    assert workspace.resources() == {}
    assert workspace.in_azure() == []


def test_the_guard_refuses_connections_until_the_provider_is_ready_and_says_what_to_do(dev: Workspace) -> None:
    dev.configure(stage="ordered")
    dev.pulumi("up").succeeded()
    dev.configure(stage="provisioned")
    for verb in ("preview", "up"):
        refused = dev.pulumi(verb).failed()
        assert "circuit-not-provisioned" in refused.output
        assert "NotProvisioned" in refused.output
        assert "service key" in refused.output
    assert "circuits-azure-er-circuit-connection" not in dev.resources()

    dev.provision()
    dev.pulumi("preview").succeeded()
    dev.pulumi("up").succeeded()
    assert "circuits-azure-er-circuit-connection" in dev.resources()

    dev.configure(stage="ordered")
    for verb in ("preview", "up"):
        refused = dev.pulumi(verb).failed()
        assert "stage-going-back" in refused.output
    assert "circuits-azure-er-circuit-connection" in dev.resources()


def test_the_first_preview_of_everything_passes_the_guard_with_a_notice(dev: Workspace) -> None:
    done = dev.pulumi("preview").succeeded()
    assert "the circuit does not exist yet" in done.output


def test_a_wrong_configuration_is_refused_whole_and_registers_nothing(dev: Workspace) -> None:
    dev.configure(preference="VpnGatway", stage="orderd")
    refused = dev.pulumi("up").failed()
    assert "vpner:preference" in refused.output
    assert "vpner:stage" in refused.output
    assert dev.resources() == {}
    assert dev.in_azure() == []


def test_no_generated_secret_is_in_state_logs_or_outputs(dev: Workspace) -> None:
    deploy(dev)
    dev.pulumi("refresh").succeeded()
    dev.run("pulumi", "stack", "output", "--stack", "dev", "--json").succeeded()
    dev.run("pulumi", "stack", "export", "--stack", "dev").succeeded()
    printed = "\n".join(dev.log)
    passwords, told = generated(dev.exported(show_secrets=True))
    assert (len(passwords), len(told)) == (4, 3)
    for secret in passwords | told:
        assert secret not in printed, "a command printed a secret"
    for path in dev.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            # Azure itself keeps service keys and pre-shared keys, and tells those who may ask.
            for secret in passwords if path.name == "azure.json" else passwords | told:
                assert secret.encode() not in content, f"{path} holds a secret in plain text"


def generated(deployment: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Passwords, and what Azure tells too, service keys and pre-shared keys, out of an export with secrets shown."""
    passwords: set[str] = set()
    told: set[str] = set()
    for resource in deployment["resources"]:
        for key in ("result", "serviceKey"):
            value = resource.get("outputs", {}).get(key)
            if isinstance(value, dict):
                known = key == "serviceKey" or resource["urn"].endswith("-psk")
                (told if known else passwords).add(json.loads(value["plaintext"]))
    return passwords, told
