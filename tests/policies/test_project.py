"""The project's own program and components through the pack, as preview and update show them."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from tests.policies.support import ArmMocks, Sent, judge, sent
from tests.support.mocks import PASSWORD, build, tag
from tests.support.stacks import run_program, stack_config
from vpner.rules import RULES

STACKS = ("dev", "prod")


@cache
def _registered(stack: str, stage: str, *, preview: bool) -> list[Sent]:
    config = {**stack_config(stack), "vpner:stage": stage}
    monitor, _ = build(run_program, ArmMocks(unknown=preview), config)
    return sent(monitor, preview=preview)


def resources(stack: str, stage: str, *, preview: bool = True) -> list[Sent]:
    return deepcopy(_registered(stack, stage, preview=preview))


STAGELESS = {"explicit-ipsec-policy"}
"""Needs a connection, and in stage ordered there is none."""


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("stage", ["ordered", "provisioned"])
@pytest.mark.parametrize("stack", STACKS)
def test_both_stacks_pass_in_both_stages_at_preview_and_at_update(stack: str, stage: str, preview: bool) -> None:
    answer = judge(resources(stack, stage, preview=preview))
    assert [item.message for item in answer.messages] == []
    judged = set(RULES) - answer.not_applicable
    assert {"network-known", "protected-traffic-encrypted", "endpoint-over-expressroute"} <= judged
    assert (judged & STAGELESS == STAGELESS) is (stage == "provisioned")


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


EFFECT = {"protected-traffic-encrypted", "encrypted-under-failure", "protected-traffic-arrives"}
"""Rules that say what becomes of the traffic, beside the one that says why."""
DEV: tuple[tuple[str, str, Any, str], ...] = (
    ("VirtualNetworkGatewayConnection", "useLocalAzureIpAddress", None, "private-address-pair"),
    ("VirtualNetworkGatewayConnection", "ipsecPolicies", None, "explicit-ipsec-policy"),
    ("VirtualNetworkGatewayConnection", "ipsecPolicies.0.dhGroup", "DHGroup2", "strong-algorithms"),
    ("VirtualNetworkGateway", "enablePrivateIpAddress", False, "private-address-pair"),
    ("VirtualNetworkGateway", "activeActive", False, "route-server-exchange-gateway"),
    ("VirtualNetworkGateway", "bgpSettings.asn", 65514, "route-server-exchange-gateway"),
    ("LocalNetworkGateway", "gatewayIpAddress", "10.100.0.5", "network-known"),
    ("OpnsenseNva", "device.endpoint", "10.100.0.5", "network-known"),
    ("OpnsenseNva", "device.statics.0", None, "tunnel-addresses-over-expressroute"),
    ("OpnsenseNva", "device.statics.1.destination", "10.0.0.0/16", "tunnel-addresses-over-expressroute"),
    ("ErCircuitPair", "routers.0.statics.0", None, "endpoint-over-expressroute"),
    ("ErCircuitPair", "routers.0.statics.0.prefix", "10.100.0.0/24", "endpoint-over-expressroute"),
    ("ErCircuitPair", "routers.0.links.0", None, "network-known"),
)


@pytest.mark.parametrize(("kind", "path", "value", "rule"), DEV, ids=lambda value: str(value) or "-")
def test_one_wrong_input_of_the_lab_is_one_message_on_its_cause(kind: str, path: str, value: Any, rule: str) -> None:
    items = resources("dev", "provisioned")
    change(items, kind, path, value)
    messages = [item for item in judge(items).messages if item.policyName not in EFFECT]
    assert {item.policyName for item in messages} == {rule}
    assert all(f"[{rule}]" in item.message and "Remedy:" in item.message for item in messages)
    assert messages[0].message.startswith(RULES[rule].description)


ORDERED: tuple[tuple[str, str, Any, str], ...] = (
    ("VirtualNetworkGateway", "enablePrivateIpAddress", False, "private-address-pair"),
    ("IpsecOverEr", "devices.0.statics.0", None, "tunnel-addresses-over-expressroute"),
    ("IpsecOverEr", "devices.1.endpoint", "10.200.0.99", "network-known"),
    ("IpsecOverEr", "gateway.name", "another", "network-known"),
    ("ErCircuitPair", "circuits.0.gateway", "another", "network-known"),
)


@pytest.mark.parametrize(("kind", "path", "value", "rule"), ORDERED, ids=lambda value: str(value) or "-")
def test_before_the_circuits_are_provisioned_the_plans_are_judged(kind: str, path: str, value: Any, rule: str) -> None:
    items = resources("prod", "ordered")
    change(items, kind, path, value)
    assert set(judge(items).rules) - EFFECT == {rule}


def test_the_rules_do_not_depend_on_the_components() -> None:
    """The lab's Azure resources without any component: what only a component can say is asked for by its key."""
    items = [item for item in resources("dev", "provisioned") if not item.type.startswith("vpner:")]
    messages = judge(items).messages
    assert {item.policyName for item in messages} == {"network-known", "circuit-provisioned-before-connection"}
    asked = " ".join(" ".join(item.message.split()) for item in messages)
    assert "circuits: {azure-er-circuit: {paths:" in asked
    assert "routers: {" in asked
    assert "`intent: [{from:" in asked


def as_published() -> list[Sent]:
    """The lab as its author published it: https://github.com/dmauser/azure-hub-spoke, vpner-hub-spoke.

    The appliance's configuration originates 10.0.0.0/8 only and has no route to the branch's own prefix; the
    connection has no IPsec policy of its own, and the routing preference is the default.
    """
    items = resources("dev", "provisioned")
    change(items, "OpnsenseNva", "device.advertises", ["10.0.0.0/8"])
    change(items, "OpnsenseNva", "device.statics.3", None)
    change(items, "VirtualNetworkGatewayConnection", "ipsecPolicies", None)
    change(items, "VirtualHub", "hubRoutingPreference", "ExpressRoute")
    return items


def test_the_published_lab_fails_with_a_short_list() -> None:
    messages = judge(as_published()).messages
    assert {item.policyName for item in messages} == {"protected-traffic-encrypted", "explicit-ipsec-policy"}
    assert len(messages) == 2
    assert any("10.100.0.0/24" in item.message for item in messages)


def preference(items: list[Sent], value: str) -> None:
    change(items, "VirtualHub", "hubRoutingPreference", value)


def test_the_lab_with_preference_expressroute_fails_and_names_the_flows_in_clear() -> None:
    items = resources("dev", "provisioned")
    preference(items, "ExpressRoute")
    (message,) = judge(items).messages
    assert message.policyName == "protected-traffic-encrypted"
    for flow in ("az-hub-vnet/subnet1", "az-spk1-vnet/subnet1", "az-spk2-vnet/subnet1"):
        assert f"{flow} ->" in " ".join(message.message.split())


def test_the_lab_with_preference_vpngateway_passes_and_names_its_fallback(capsys: pytest.CaptureFixture[str]) -> None:
    assert judge(resources("dev", "provisioned")).messages == ()
    printed = capsys.readouterr().out
    assert "Fallbacks that mode preferred allows:" in printed
    assert "10.100.0.96/27: CLEARTEXT after fail" in printed


def test_the_lab_with_mode_required_fails_and_names_the_fallback() -> None:
    items = resources("dev", "provisioned")
    change(items, "IpsecOverEr", "intent.0.mode", "required")
    messages = judge(items).messages
    assert {item.policyName for item in messages} == {"encrypted-under-failure"}
    assert "filter 10.100.0.0/24" in " ".join(" ".join(item.message.split()) for item in messages)


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
    assert judge(items).rules == []
    change(items, "OpnsenseNva", "device.statics.1.destination", "10.0.0.38/32")
    assert "tunnel-addresses-over-expressroute" in judge(items).rules
