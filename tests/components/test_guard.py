"""The guards between the two stages of a circuit's life."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components import ErCircuitPair
from components.circuit_guard import circuit_of, circuit_state_problems, require_provisioned
from tests.components.scenarios import CIRCUIT, PAIR_ORDERED, PAIR_PROVISIONED
from tests.support.mocks import AzureMocks, build, said_by_hook

PEERED = {"peerings": [{"peeringType": "AzurePrivatePeering"}]}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"peer": {"id": CIRCUIT}}, ("rg", "existing")),
        ({"peer": {"id": CIRCUIT.replace("expressRouteCircuits", "EXPRESSROUTECIRCUITS")}}, ("rg", "existing")),
        ({"peer": {"id": pulumi.UNKNOWN}}, None),
        ({"peer": {}}, None),
        ({"resourceGroupName": "rg", "circuitName": "one"}, ("rg", "one")),
        ({"resourceGroupName": "rg", "circuitName": pulumi.UNKNOWN}, None),
        ({}, None),
    ],
)
def test_a_connections_circuit_is_read_from_its_inputs(inputs: dict[str, Any], expected: object) -> None:
    assert circuit_of(inputs) == expected


@pytest.mark.parametrize(
    ("state", "peering", "code"),
    [
        ({"serviceProviderProvisioningState": "NotProvisioned"}, True, "circuit-not-provisioned"),
        ({"serviceProviderProvisioningState": "Provisioning"}, True, "circuit-not-provisioned"),
        ({"serviceProviderProvisioningState": "Deprovisioning", **PEERED}, True, "circuit-not-provisioned"),
        ({}, True, "circuit-not-provisioned"),
        ({"serviceProviderProvisioningState": "Provisioned"}, True, "circuit-without-peering"),
        ({"serviceProviderProvisioningState": "Provisioned", "peerings": None}, True, "circuit-without-peering"),
        ({"serviceProviderProvisioningState": "Provisioned"}, False, None),
        ({"serviceProviderProvisioningState": "Provisioned", **PEERED}, True, None),
    ],
)
def test_a_circuit_is_ready_only_when_provisioned_and_peered(
    state: dict[str, Any], peering: bool, code: str | None
) -> None:
    found = circuit_state_problems("one", state, peering=peering)
    assert [problem.code for problem in found] == ([code] if code else [])


def hook_result(azure: AzureMocks, circuit: object) -> str:
    """What the hook of a connection says when the engine calls it."""
    arguments = pulumi.ResourceHookArgs("urn", "", "it-one-connection", "type", {"peer": {"id": circuit}})
    return said_by_hook(
        lambda: require_provisioned("one", pulumi.InvokeOptions(), peering=True).before_create, arguments, azure
    )


def test_the_hook_refuses_a_connection_to_a_circuit_that_is_not_provisioned_and_says_what_to_do() -> None:
    said = hook_result(AzureMocks(circuit_state="NotProvisioned"), CIRCUIT)
    assert "it-one-connection cannot be created yet" in said
    assert "NotProvisioned" in said
    assert "service key" in said


def test_the_hook_lets_a_provisioned_circuit_pass() -> None:
    assert hook_result(AzureMocks(), CIRCUIT) == ""


def test_the_hook_lets_a_circuit_pass_that_does_not_exist_yet() -> None:
    assert hook_result(AzureMocks(circuit_state="NotProvisioned"), pulumi.UNKNOWN) == ""


def test_every_connection_and_peering_to_an_owned_circuit_is_guarded() -> None:
    monitor, _ = build(lambda: ErCircuitPair("it", PAIR_PROVISIONED))
    guarded = monitor.of_type("VirtualNetworkGatewayConnection") + monitor.of_type("ExpressRouteCircuitPeering")
    assert len(guarded) == 3
    assert all(item.hooks for item in guarded)


def test_going_back_is_refused_while_a_connection_lives() -> None:
    with pytest.raises(Exception, match="stage-going-back") as refused:
        build(lambda: ErCircuitPair("it", PAIR_ORDERED), AzureMocks(existing=("one-conn-hub",)))
    assert "one-conn-hub" in str(refused.value)
    assert "pulumi destroy --target" in str(refused.value)


def test_stage_ordered_is_accepted_when_no_connection_is_left() -> None:
    monitor, _ = build(lambda: ErCircuitPair("it", PAIR_ORDERED))
    assert len(monitor.of_type("ExpressRouteCircuit")) == 2
    assert monitor.of_type("VirtualNetworkGatewayConnection") == []


def test_going_back_is_not_judged_before_the_resource_group_is_known() -> None:
    monitor, _ = build(
        lambda: ErCircuitPair("it", {**PAIR_ORDERED, "resource_group_name": unknown_output()}), AzureMocks(unknown=True)
    )
    assert len(monitor.of_type("ExpressRouteCircuit")) == 2


def unknown_output() -> pulumi.Output[str]:
    return pulumi.Output(set(), asyncio.sleep(0, ""), asyncio.sleep(0, False))
