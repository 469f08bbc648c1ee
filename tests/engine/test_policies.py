"""The policy pack on the real engine: each single input that a rule watches, removed or altered, fails the preview."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.engine.workspace import Workspace

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


MUTANTS: dict[str, tuple[str, str, str]] = {
    "the connection does not use the private address": (
        edited(CONNECTION, IPSEC, "props['useLocalAzureIpAddress'] = False"),
        "private-address-pair",
        "tunnel-branch-opnnva-connection",
    ),
    "the gateway has no private address": (
        edited(GATEWAY, VPN, "props['enablePrivateIpAddress'] = False"),
        "private-address-pair",
        "tunnel-branch-opnnva-connection",
    ),
    "the gateway's ASN is not Route Server's": (
        edited(GATEWAY, VPN, "props['bgpSettings'] = {**props['bgpSettings'], 'asn': 65514}"),
        "route-server-exchange-gateway",
        "tunnel-vpngw",
    ),
    "the connection has no IPsec policy": (
        edited(CONNECTION, IPSEC, "props.pop('ipsecPolicies')"),
        "strong-ipsec-policy",
        "tunnel-branch-opnnva-connection",
    ),
    "a weak group": (
        edited(CONNECTION, IPSEC, "props['ipsecPolicies'] = [{**props['ipsecPolicies'][0], 'dhGroup': 'DHGroup2'}]"),
        "strong-ipsec-policy",
        "tunnel-branch-opnnva-connection",
    ),
    "the device lacks one /32": (
        STATICS.format(change="plan['statics'] = plan['statics'][1:]"),
        "device-routes-to-tunnel-addresses",
        "tunnel-branch-opnnva-connection",
    ),
    "a /32 leads to the inner side": (
        STATICS.format(change="plan['statics'][1] = {**plan['statics'][1], 'interface': 'hn1'}"),
        "device-routes-to-tunnel-addresses",
        "tunnel-branch-opnnva-connection",
    ),
}
ROUTER_EDITS: dict[str, Any] = {
    "the provider has no static route": [],
    "the provider's route is no /32": [{"prefix": "10.100.0.0/28", "circuit": "branch-er-circuit"}],
}


def violations(output: str) -> list[str]:
    return re.findall(r"\[mandatory[^\]]*\]\s+(\S+)", output)


def assert_one(output: str, rule: str, resource: str) -> None:
    found = violations(output)
    assert len(found) == 1, output
    assert rule in output[output.index("[mandatory") :]
    assert resource in output
    assert "Remedy:" in output


@pytest.mark.parametrize("mutant", MUTANTS)
def test_one_wrong_input_fails_the_preview_with_one_message(dev: Workspace, mutant: str) -> None:
    prologue, rule, resource = MUTANTS[mutant]
    main = dev.folder / "__main__.py"
    main.write_text(prologue + main.read_text().replace('"""', "#", 1).replace('"""', "", 1))
    assert_one(dev.pulumi("preview").failed().output, rule, resource)


@pytest.mark.parametrize("mutant", ROUTER_EDITS)
def test_without_the_providers_route_the_preview_fails(dev: Workspace, mutant: str) -> None:
    (router,) = dev.configured("routers")
    dev.configure(routers=[{**router, "statics": ROUTER_EDITS[mutant]}])
    assert_one(dev.pulumi("preview").failed().output, "endpoint-announced-over-expressroute", "10.100.0.4")
