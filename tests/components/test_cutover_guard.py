"""The guard of a cutover: which change of a subnet it asks about, and what it makes of the connection."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components import BranchEmulation
from components.branch_emulation import TunnelConnectionArgs
from components.cutover_guard import require_tunnel, switch_problems
from tests.components.scenarios import BRANCH_DEFAULTS, BRANCH_MAX
from tests.support.mocks import AzureMocks, build, said_by_hook

CONNECTION = "hub-to-nva-conn"
TABLE = {"id": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/routeTables/forced"}
UNKNOWN_TABLE = {"id": pulumi.UNKNOWN}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "does not exist yet"),
        ({"connectionStatus": "NotConnected"}, "NotConnected"),
        ({"connectionStatus": "Connecting"}, "Connecting"),
        ({"connectionStatus": "Connected"}, None),
        ({"connectionStatus": "Unknown"}, None),
        ({}, None),
    ],
)
def test_traffic_is_not_sent_into_a_tunnel_that_is_missing_or_down(
    state: dict[str, object] | None, said: str | None
) -> None:
    found = switch_problems(CONNECTION, state)
    assert [problem.code for problem in found] == (["switched-before-tunnel"] if said else [])
    assert not said or said in found[0].what


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        ({}, {"routeTable": TABLE}, True),
        ({"routeTable": None}, {"routeTable": UNKNOWN_TABLE}, True),
        ({"routeTable": TABLE}, {"routeTable": TABLE}, False),
        ({"routeTable": TABLE}, {}, False),
        ({}, {}, False),
    ],
)
def test_only_a_subnet_that_gets_a_route_table_is_asked_about(
    old: dict[str, Any], new: dict[str, Any], refused: bool
) -> None:
    assert bool(hook_result(AzureMocks(), old, new)) is refused
    assert hook_result(AzureMocks(existing=(CONNECTION,)), old, new) == ""


def test_a_group_that_is_still_to_be_created_has_no_connection() -> None:
    assert "does not exist yet" in hook_result(AzureMocks(), {}, {"routeTable": TABLE}, pulumi.Output.from_input(None))


def test_the_subnets_that_are_forced_are_guarded_and_no_others() -> None:
    tunnel: TunnelConnectionArgs = {"resource_group_name": "rg", "name": CONNECTION}
    monitor, _ = build(lambda: BranchEmulation("it", {**BRANCH_MAX, "tunnel": tunnel}))
    assert [item.name for item in monitor.of_type("Subnet") if item.hooks] == ["it-subnet1"]
    monitor, _ = build(lambda: BranchEmulation("it", {**BRANCH_DEFAULTS, "tunnel": tunnel}))
    assert [item.name for item in monitor.of_type("Subnet") if item.hooks] == []


def hook_result(azure: AzureMocks, old: dict[str, Any], new: dict[str, Any], group: Any = "rg") -> str:
    """What the hook of a subnet says when the engine calls it."""
    arguments = pulumi.ResourceHookArgs("urn", "id", "branch-subnet1", "type", new_inputs=new, old_inputs=old)
    return said_by_hook(
        lambda: require_tunnel("one", group, CONNECTION, pulumi.InvokeOptions()).before_update, arguments, azure
    )
