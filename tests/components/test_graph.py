"""What each component registers, in every scenario, and what it never does."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from components.network import PLATFORM_SUBNETS
from tests.components.scenarios import SCENARIOS
from tests.support.golden import assert_golden
from tests.support.graph import SECRET, plain, render
from tests.support.mocks import (
    AUTHORIZATION_KEY,
    PASSWORD,
    SERVICE_KEY,
    AzureMocks,
    RecordingMonitor,
    build,
    tag,
)

GOLDEN = Path(__file__).parent / "golden"
GIVEN_SECRETS = ("given-key", "given-authorization")
SECRETS = (PASSWORD, SERVICE_KEY, AUTHORIZATION_KEY, *GIVEN_SECRETS)

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS)


@cache
def registered(scenario: str, *, unknown: bool = False) -> RecordingMonitor:
    monitor, _ = build(SCENARIOS[scenario], AzureMocks(unknown=unknown))
    return monitor


@each_scenario
def test_the_resource_graph_is_the_golden_one(scenario: str) -> None:
    assert_golden(GOLDEN / f"{scenario}.yaml", render(registered(scenario)))


@each_scenario
def test_at_preview_the_same_resources_are_registered_as_at_update(scenario: str) -> None:
    assert registered(scenario, unknown=True).registrations.keys() == registered(scenario).registrations.keys()


@each_scenario
def test_every_resource_is_a_child_of_the_component(scenario: str) -> None:
    monitor = registered(scenario)
    (component,) = [item for item in monitor.registrations.values() if not item.custom]
    assert {item.parent for item in monitor.registrations.values() if item.custom} <= {component.urn}


@each_scenario
def test_child_names_start_with_the_components_name(scenario: str) -> None:
    assert all(item.name.split("-")[0] == "it" for item in registered(scenario).registrations.values())


@each_scenario
def test_no_secret_is_sent_in_plain_text(scenario: str) -> None:
    monitor = registered(scenario)
    for item in monitor.registrations.values():
        sent = json.dumps([plain(item.inputs), plain(item.outputs)])
        for secret in SECRETS:
            assert secret not in sent, f"{item.name} sends {secret} in plain text"


@each_scenario
def test_the_contract_is_registered_and_its_plan_is_known_at_preview(scenario: str) -> None:
    monitor = registered(scenario, unknown=True)
    (component,) = [item for item in monitor.registrations.values() if not item.custom]
    assert component.outputs, "policies see a component's registered outputs only"
    plan_keys = {"stage", "gateway", "devices", "intent", "device", "circuits", "routers", "preference"}
    for key in plan_keys & component.outputs.keys():
        assert "[unknown]" not in json.dumps(plain(component.outputs[key])), key


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name.endswith("max")])
def test_taggable_resources_carry_the_tags_they_were_given(scenario: str) -> None:
    untaggable = {
        "Subnet",
        "VirtualNetworkPeering",
        "VirtualHubIpConfiguration",
        "VirtualHubBgpConnection",
        "ExpressRouteCircuitPeering",
        "ExpressRouteCircuitAuthorization",
        "RandomPassword",
    }
    for item in registered(scenario).registrations.values():
        if item.custom and tag(item.type) not in untaggable:
            assert item.inputs.get("tags") == {"environment": "test"}, item.name


@each_scenario
def test_platform_subnets_have_no_security_group_and_no_route_table(scenario: str) -> None:
    for item in registered(scenario).of_type("Subnet"):
        if item.inputs["subnetName"] in PLATFORM_SUBNETS:
            assert item.inputs.keys().isdisjoint({"networkSecurityGroup", "routeTable"}), item.name


@pytest.mark.parametrize(
    ("scenario", "protected"),
    [
        ("hub_spoke-max", {"VirtualNetworkGateway"}),
        ("branch_emulation-max", {"VirtualNetworkGateway"}),
        ("ipsec_over_er-max", {"VirtualNetworkGateway"}),
        ("er_circuit_pair-provisioned-max", {"ExpressRouteCircuit"}),
        ("route_server_preference-max", {"VirtualHub", "VirtualHubIpConfiguration"}),
        ("hub_spoke-defaults", set()),
        ("er_circuit_pair-ordered", set()),
    ],
)
def test_only_what_hurts_is_protected(scenario: str, protected: set[str]) -> None:
    assert {tag(item.type) for item in registered(scenario).registrations.values() if item.protect} == protected


@pytest.mark.parametrize(
    ("scenario", "resource", "inputs"),
    [
        ("ipsec_over_er-defaults", "it-nva-connection", ["sharedKey"]),
        ("er_circuit_pair-existing", "it-theirs-connection", ["authorizationKey"]),
        ("er_circuit_pair-provisioned-max", "it-one-connection", ["authorizationKey"]),
        ("opnsense_nva-defaults", "it-bootstrap", ["protectedSettings"]),
    ],
)
def test_secret_inputs_are_marked_as_secrets(scenario: str, resource: str, inputs: list[str]) -> None:
    sent: dict[str, Any] = plain(registered(scenario).named(resource).inputs)
    assert {key: sent[key] for key in inputs} == dict.fromkeys(inputs, SECRET)


def test_spokes_use_the_hubs_gateway_only_after_it_is_built_and_offered() -> None:
    monitor = registered("hub_spoke-max")
    gateway = monitor.named("it-hub-ergw")
    outward, inward = monitor.named("it-hub-to-a"), monitor.named("it-a-to-hub")
    assert gateway.urn in outward.depends_on
    assert outward.urn in inward.depends_on
    assert outward.inputs["allowGatewayTransit"] is True
    assert inward.inputs["useRemoteGateways"] is True


def test_without_a_gateway_spokes_do_not_ask_for_one() -> None:
    monitor, _ = build(SCENARIOS["hub_spoke-defaults"])
    assert monitor.of_type("VirtualNetworkPeering") == []


def test_subnets_of_a_network_are_created_one_after_another() -> None:
    subnets = [s for s in registered("hub_spoke-max").of_type("Subnet") if s.name.startswith("it-hub")]
    for before, item in pairwise(subnets):
        assert before.urn in item.depends_on, f"{item.name} does not wait for {before.name}"


def test_route_server_waits_for_the_gateways_of_its_network() -> None:
    monitor = registered("route_server_preference-max")
    peers = monitor.of_type("VirtualHubBgpConnection")
    assert monitor.named("it-ipconfig").urn in peers[0].depends_on
    assert peers[0].urn in peers[1].depends_on
