"""The project's own program and components through the pack, as preview and update show them."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.registry import RULES
from tests.policies.support import ArmMocks, Sent, judge, sent
from tests.support.mocks import PASSWORD, build, tag
from tests.support.stacks import run_program, stack_config

STACKS = ("dev", "prod")


@cache
def _registered(stack: str, stage: str, *, preview: bool) -> list[Sent]:
    config = {**stack_config(stack), "vpner:stage": stage}
    monitor, _ = build(run_program, ArmMocks(unknown=preview), config)
    return sent(monitor, preview=preview)


def resources(stack: str, stage: str, *, preview: bool = True) -> list[Sent]:
    return deepcopy(_registered(stack, stage, preview=preview))


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("stage", ["ordered", "provisioned"])
@pytest.mark.parametrize("stack", STACKS)
def test_both_stacks_pass_in_both_stages_at_preview_and_at_update(stack: str, stage: str, preview: bool) -> None:
    answer = judge(resources(stack, stage, preview=preview))
    assert [item.message for item in answer.messages] == []
    connections_only = {"strong-ipsec-policy"}
    assert answer.not_applicable == (connections_only if stage == "ordered" else frozenset())


def change(items: list[Sent], kind: str, path: str, value: Any) -> None:
    """Change the first resource of a kind that has the input, or what a component registered.

    At preview an output that is no longer set is unknown, not absent.
    """
    (item, *_) = [
        found for found in items if tag(found.type) == kind and _has_path(found.inputs or found.outputs, path)
    ]
    if item.inputs:
        _set(item.inputs, path, value)
    if value is None and item.inputs and "." not in path:
        item.outputs[path] = UNKNOWN_STRING_VALUE
    elif _has_path(item.outputs, path):
        _set(item.outputs, path, value)


def _has_path(holder: Any, path: str) -> bool:
    for part in path.split("."):
        try:
            holder = holder[int(part)] if isinstance(holder, list) else holder[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _set(holder: Any, path: str, value: Any) -> None:
    *parts, last = path.split(".")
    for part in parts:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    key: Any = int(last) if isinstance(holder, list) else last
    if value is None:
        del holder[key]
    else:
        holder[key] = value


DEV: tuple[tuple[str, str, Any, str], ...] = (
    ("VirtualNetworkGatewayConnection", "useLocalAzureIpAddress", None, "private-address-pair"),
    ("VirtualNetworkGatewayConnection", "ipsecPolicies", None, "strong-ipsec-policy"),
    ("VirtualNetworkGatewayConnection", "ipsecPolicies.0.dhGroup", "DHGroup2", "strong-ipsec-policy"),
    ("VirtualNetworkGateway", "enablePrivateIpAddress", False, "private-address-pair"),
    ("VirtualNetworkGateway", "activeActive", False, "route-server-exchange-gateway"),
    ("VirtualNetworkGateway", "bgpSettings.asn", 65514, "route-server-exchange-gateway"),
    ("LocalNetworkGateway", "gatewayIpAddress", "10.100.0.5", "tunnel-ends-known"),
    ("OpnsenseNva", "device.endpoint", "10.100.0.5", "tunnel-ends-known"),
    ("OpnsenseNva", "device.statics.0", None, "device-routes-to-tunnel-addresses"),
    ("OpnsenseNva", "device.statics.1.interface", "LAN", "device-routes-to-tunnel-addresses"),
    ("OpnsenseNva", "device.tunnels.1", None, "device-routes-to-tunnel-addresses"),
    ("ErCircuitPair", "routers.0.statics.0", None, "endpoint-announced-over-expressroute"),
    ("ErCircuitPair", "routers.0.statics.0.prefix", "10.100.0.0/24", "endpoint-announced-over-expressroute"),
    ("ErCircuitPair", "routers.0.links.0", None, "endpoint-announced-over-expressroute"),
)


@pytest.mark.parametrize(("kind", "path", "value", "rule"), DEV, ids=lambda value: str(value) or "-")
def test_one_wrong_input_of_the_lab_fails_with_one_message(kind: str, path: str, value: Any, rule: str) -> None:
    items = resources("dev", "provisioned")
    change(items, kind, path, value)
    (message,) = judge(items).messages
    assert message.policyName == rule
    assert message.urn
    assert f"[{rule}]" in message.message
    assert "Remedy:" in message.message
    assert message.message.startswith(RULES[rule].description)


ORDERED: tuple[tuple[str, str, Any, str], ...] = (
    ("VirtualNetworkGateway", "enablePrivateIpAddress", False, "private-address-pair"),
    ("IpsecOverEr", "devices.0.statics.0", None, "device-routes-to-tunnel-addresses"),
    ("IpsecOverEr", "devices.1.endpoint", "10.200.0.99", "tunnel-ends-known"),
    ("IpsecOverEr", "gateway.name", "another", "tunnel-ends-known"),
    ("ErCircuitPair", "circuits.0.gateway", "another", ""),
)


@pytest.mark.parametrize(("kind", "path", "value", "rule"), ORDERED, ids=lambda value: str(value) or "-")
def test_before_the_circuits_are_provisioned_the_plans_are_judged(kind: str, path: str, value: Any, rule: str) -> None:
    items = resources("prod", "ordered")
    change(items, kind, path, value)
    assert set(judge(items).rules) == ({rule} if rule else set())


def test_in_stage_ordered_a_gateway_without_any_circuit_is_inconclusive_for_each_device() -> None:
    items = resources("prod", "ordered")
    for index in (0, 1):
        change(items, "ErCircuitPair", f"circuits.{index}.gateway", "another")
    messages = judge(items).messages
    assert {item.policyName for item in messages} == {"endpoint-announced-over-expressroute"}
    assert all("INCONCLUSIVE" in item.message for item in messages)


def test_the_rules_do_not_depend_on_the_components() -> None:
    """The lab's Azure resources without any component: what only a component can say is asked for by its key."""
    items = [item for item in resources("dev", "provisioned") if not item.type.startswith("vpner:")]
    messages = judge(items).messages
    assert [item.policyName for item in messages] == ["tunnel-ends-known", "endpoint-announced-over-expressroute"]
    assert "`devices`" in messages[0].message
    assert "`routers`" in messages[1].message


def test_no_generated_secret_is_in_a_message() -> None:
    items = resources("dev", "provisioned", preview=False)
    assert PASSWORD in str([item.inputs for item in items])
    for kind, path, value, _ in DEV:
        if tag(kind) != "OpnsenseNva":
            mutated = resources("dev", "provisioned", preview=False)
            change(mutated, kind, path, value)
            assert PASSWORD not in str(judge(mutated).messages)


def test_after_the_update_the_addresses_that_azure_chose_are_accepted_in_a_plan_and_others_are_not() -> None:
    items = resources("dev", "provisioned", preview=False)
    for index, address in enumerate(("10.0.0.36", "10.0.0.37")):
        change(items, "OpnsenseNva", f"device.statics.{index}.destination", f"{address}/32")
        change(items, "OpnsenseNva", f"device.tunnels.{index}.remote", address)
    assert judge(items).rules == []
    change(items, "OpnsenseNva", "device.statics.1.destination", "10.0.0.38/32")
    assert judge(items).rules == ["device-routes-to-tunnel-addresses"]
