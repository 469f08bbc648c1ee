"""The policy pack on the real engine: each single input that a rule watches, removed or altered, fails the preview."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.engine.workspace import Run, Workspace
from tests.support.stacks import ROOT
from vpner.rules import RULES

pytestmark = pytest.mark.engine

BEFORE = """
import pulumi
def edit(args):
    if args.type_ == {type!r} and ({condition}):
        props = dict(args.props)
        {change}
        return pulumi.ResourceTransformResult(props, args.opts)
    return None
pulumi.runtime.register_resource_transform(edit)
"""
CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"
GATEWAY = "azure-native:network:VirtualNetworkGateway"
IPSEC, VPN = "props_of(args).get('connectionType') == 'IPsec'", "props_of(args).get('gatewayType') == 'Vpn'"
STATICS = """
from vpner.plan.device import DevicePlan
known = DevicePlan.contract
def contract(self):
    plan = known(self)
    {change}
    return plan
DevicePlan.contract = contract
"""


def edited(kind: str, condition: str, change: str) -> str:
    helper = "def props_of(args):\n    return args.props\n"
    return helper + BEFORE.format(type=kind, condition=condition, change=change)


MUTANTS: dict[str, tuple[str, str]] = {
    "the gateway has no private address": (
        edited(GATEWAY, VPN, "props['enablePrivateIpAddress'] = False"),
        "private-address-pair",
    ),
    "the connection has no IPsec policy": (
        edited(CONNECTION, IPSEC, "props.pop('ipsecPolicies')"),
        "explicit-ipsec-policy",
    ),
    "the device lacks one /32": (
        STATICS.format(change="plan['statics'] = plan['statics'][1:]"),
        "tunnel-addresses-over-expressroute",
    ),
}
EFFECT = {"protected-traffic-encrypted", "encrypted-under-failure", "protected-traffic-arrives"}
"""Rules that say what becomes of the traffic, beside the one that says why."""


def violations(output: str) -> set[str]:
    """The rules of the messages, whose first lines end with them."""
    return set(re.findall(r"\[([a-z0-9-]+)\]$", output, re.MULTILINE)) & set(RULES)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_one_wrong_input_fails_the_preview_with_its_cause(dev: Workspace, mutant: str) -> None:
    prologue, rule = MUTANTS[mutant]
    main = dev.folder / "__main__.py"
    main.write_text(prologue + main.read_text().replace('"""', "#", 1).replace('"""', "", 1))
    output = dev.pulumi("preview").failed().output
    assert violations(output) - EFFECT == {rule}
    assert "Remedy:" in output


def test_without_the_providers_route_the_preview_fails_and_prints_the_route(dev: Workspace) -> None:
    (router,) = dev.configured("routers")
    dev.configure(routers=[{**router, "statics": []}])
    output = dev.pulumi("preview").failed().output
    assert "endpoint-over-expressroute" in violations(output)
    assert "add the static route 10.100.0.4/32 via 169.254.98.66 on provider-mcr" in " ".join(output.split())


def test_the_lab_passes_with_its_verdicts_and_names_its_fallback(dev: Workspace) -> None:
    output = dev.pulumi("preview").succeeded().output
    assert violations(output) == set()
    assert re.search(r"ENCRYPTED +az-hub-vnet/subnet1, .* 10\.100\.0\.96/27 +ExpressRoute", output)
    assert "Fallbacks that mode preferred allows:" in output


def test_the_lab_with_preference_expressroute_fails_and_names_the_flows_in_clear(dev: Workspace) -> None:
    dev.configure(preference="ExpressRoute")
    output = dev.pulumi("preview").failed().output
    assert violations(output) == {"protected-traffic-encrypted"}
    assert "az-spk1-vnet/subnet1 -> 10.100.0.96/27" in " ".join(output.split())


def test_the_lab_with_mode_required_fails_and_names_its_fallback(dev: Workspace) -> None:
    (intent,) = dev.configured("intent")
    dev.configure(intent=[{**intent, "mode": "required"}])
    output = dev.pulumi("preview").failed().output
    assert violations(output) == {"encrypted-under-failure"}
    assert "filter 10.100.0.0/24" in " ".join(output.split())


def test_the_pack_says_of_an_exported_state_what_it_says_at_preview_and_at_update(dev: Workspace) -> None:
    dev.configure(stage="ordered")
    updated = dev.pulumi("up").succeeded().output
    state = {"version": 3, "deployment": dev.exported()}
    good = analyzed(dev, state)
    assert (violations(updated), violations(good.succeeded().output)) == (set(), set())
    for resource in state["deployment"]["resources"]:
        if resource.get("inputs", {}).get("enablePrivateIpAddress"):
            resource["inputs"]["enablePrivateIpAddress"] = resource["outputs"]["enablePrivateIpAddress"] = False
    prologue, rule = MUTANTS["the gateway has no private address"]
    main = dev.folder / "__main__.py"
    main.write_text(prologue + main.read_text().replace('"""', "#", 1).replace('"""', "", 1))
    previewed = violations(dev.pulumi("preview").failed().output)
    assert violations(analyzed(dev, state).failed().output) == previewed
    assert rule in previewed


def analyzed(dev: Workspace, state: dict[str, Any]) -> Run:
    """What the pack says of a state."""
    file = dev.folder / "state.json"
    file.write_text(json.dumps(state))
    return dev.run("pulumi", "policy", "analyze", "--policy-pack", str(ROOT / "policies"), "--file", str(file))
