"""The whole program on mocks, for both stack files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.golden import assert_golden
from tests.support.graph import plain, render
from tests.support.mocks import PASSWORD, SERVICE_KEY, AzureMocks, RecordingMonitor, build, is_secret, resolve, tag
from tests.support.stacks import run_program, stack_config
from vpner.problems import Problems

GOLDEN = Path(__file__).parent / "golden"
both_stacks = pytest.mark.parametrize("stack", ["dev", "prod"])


def run(stack: str, azure: AzureMocks | None = None, **changes: object) -> tuple[RecordingMonitor, dict[str, Any]]:
    """Run the program with keys of its configuration changed."""
    config = stack_config(stack)
    for key, value in changes.items():
        config[f"vpner:{key}"] = value if isinstance(value, str) else json.dumps(value)
    return build(run_program, azure, config)


@both_stacks
def test_the_resource_graph_is_the_golden_one(stack: str) -> None:
    monitor, _ = run(stack)
    assert_golden(GOLDEN / f"{stack}.yaml", render(monitor))


@both_stacks
def test_preview_registers_what_update_registers(stack: str) -> None:
    preview, _ = run(stack, AzureMocks(unknown=True))
    update, _ = run(stack)
    assert preview.registrations.keys() == update.registrations.keys()


@both_stacks
def test_no_secret_leaves_the_program_in_plain_text(stack: str) -> None:
    monitor, exports = run(stack)
    sent = json.dumps([[plain(item.inputs), plain(item.outputs)] for item in monitor.registrations.values()])
    assert PASSWORD not in sent
    assert SERVICE_KEY not in sent
    for name, value in exports.items():
        text = json.dumps(resolve(value), default=str) if hasattr(value, "future") else json.dumps(value)
        if PASSWORD in text or SERVICE_KEY in text:
            assert is_secret(value), f"output {name} is not marked as a secret"


def test_the_reference_lab_has_the_labs_addresses() -> None:
    monitor, _ = run("dev")
    addresses = {
        item.inputs["networkInterfaceName"]: item.inputs["ipConfigurations"][0]["privateIPAddress"]
        for item in monitor.of_type("NetworkInterface")
    }
    # The published lab's own values.
    assert addresses == {
        "az-hub-lxvm-nic": "10.0.0.4",
        "az-spk1-lxvm-nic": "10.0.1.4",
        "az-spk2-lxvm-nic": "10.0.2.4",
        "branch-vm1VMNic": "10.100.0.100",
        "branch-opnnva-Untrusted-NIC": "10.100.0.4",
        "branch-opnnva-Trusted-NIC": "10.100.0.20",
    }


def test_without_tunnels_the_branch_is_not_forced_to_the_appliance() -> None:
    monitor, _ = run("dev", tunnel={"enabled": False})
    assert monitor.of_type("RouteTable") == []
    assert {tag(item.type) for item in monitor.registrations.values() if not item.custom} == {
        "BranchEmulation",
        "ErCircuitPair",
        "HubSpoke",
        "RouteServerPreference",
    }


def test_stage_ordered_builds_everything_but_peerings_and_connections() -> None:
    ordered, exports = run("dev", stage="ordered")
    provisioned, _ = run("dev")
    missing = provisioned.registrations.keys() - ordered.registrations.keys()
    assert {tag(provisioned.registrations[urn].type) for urn in missing} == {"VirtualNetworkGatewayConnection"}
    (hub_side, branch_side) = resolve(exports["handOffToProvider"])
    assert hub_side["service_key"] == SERVICE_KEY
    assert any("announce 10.100.0.4/32" in line for line in hub_side["routers"])
    assert any("static route 10.100.0.4/32" in line for line in branch_side["routers"])


def test_an_unusable_configuration_registers_nothing() -> None:
    config = stack_config("dev")
    config["vpner:preference"] = "Vpn"
    registered: list[RecordingMonitor] = []
    with pytest.raises(Problems, match="preference"):
        registered.append(build(run_program, None, config)[0])
    assert registered == []


def test_parts_in_other_subscriptions_get_their_own_provider_group_and_an_authorisation() -> None:
    hub, branch = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    monitor, _ = run("dev", subscriptions={"hub": hub, "branch": branch})
    assert len(monitor.of_type("ResourceGroup")) == 3
    providers = {item.name: item.inputs.get("subscriptionId") for item in monitor.of_type("azure-native")}
    assert providers == {"hub-subscription": hub, "branch-subscription": branch}
    assert len(monitor.of_type("ExpressRouteCircuitAuthorization")) == 2


def test_a_given_pre_shared_key_replaces_the_generated_one() -> None:
    config = stack_config("prod")
    config["vpner:preSharedKeys"] = json.dumps({"hq-fw1": "chosen-by-somebody"})
    monitor, _ = build(run_program, None, config, ("vpner:preSharedKeys",))
    assert {item.name for item in monitor.of_type("RandomPassword")} == {"tunnel-hq-fw2-psk"}
