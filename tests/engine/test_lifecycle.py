"""Both stacks from the first preview to the last resource, as their users go through it."""

from __future__ import annotations

import json

import pytest

from tests.engine.workspace import Run, Workspace

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
    workspace.pulumi(
        "destroy", "--target", "**network:VirtualNetworkGatewayConnection**", "--target-dependents"
    ).succeeded()
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
    # The component registers its spokes, which is no change of a resource.
    assert workspace.changes() == {"create": len(added)}

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
    shown = json.dumps(dev.exported(show_secrets=True))
    secrets = secret_values(json.loads(shown))
    assert len(secrets) >= 6, "pre-shared key, three passwords, two service keys"
    dev.run("pulumi", "stack", "output", "--stack", "dev", "--json").succeeded()
    dev.run("pulumi", "stack", "export", "--stack", "dev").succeeded()
    everything = "\n".join(dev.log)
    for secret in secrets:
        assert secret not in everything, "a command printed a secret"
        for path in dev.folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                if "simulated" in path.parts and b"serviceKey" in content:
                    continue  # Azure itself keeps what it generated, and tells those who may ask
                assert secret.encode() not in content, f"{path} holds a secret in plain text"


def secret_values(deployment: dict[str, object]) -> set[str]:
    """Every text that the state keeps as a secret, out of an export with secrets shown."""
    found: set[str] = set()

    def visit(value: object, *, secret: bool) -> None:
        if isinstance(value, dict):
            inner = "plaintext" in value
            for item in value.values():
                visit(item, secret=secret or inner)
        elif isinstance(value, list):
            for item in value:
                visit(item, secret=secret)
        elif isinstance(value, str) and secret:
            try:
                decoded = json.loads(value)
            except ValueError:
                decoded = None
            if isinstance(decoded, dict | list | str) and decoded != value:
                visit(decoded, secret=True)
            elif len(value) >= 16:
                found.add(value)

    visit(deployment, secret=False)
    return found
