from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpner.arm import RESOURCE_TYPES, ResourceType, arm_id, by_arm, by_token, parse_arm_id
from vpner.simulator.schema import inputs_of, outputs_of

SUBSCRIPTION = "5f9a1c0e-0000-4000-8000-000000000001"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.", min_size=1, max_size=20)

# Ids as Azure's REST reference writes them.
EXAMPLES = [
    ("azure-native:resources:ResourceGroup", {"resourceGroupName": "rg"}, "/resourceGroups/rg"),
    (
        "azure-native:network:Subnet",
        {"resourceGroupName": "rg", "virtualNetworkName": "v", "subnetName": "s"},
        "/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
    ),
    (
        "azure-native:network/v20240501:VirtualNetworkGatewayConnection",
        {"resourceGroupName": "rg", "virtualNetworkGatewayConnectionName": "c"},
        "/resourceGroups/rg/providers/Microsoft.Network/connections/c",
    ),
    (
        "azure-native:network:VirtualHubBgpConnection",
        {"resourceGroupName": "rg", "virtualHubName": "h", "connectionName": "c"},
        "/resourceGroups/rg/providers/Microsoft.Network/virtualHubs/h/bgpConnections/c",
    ),
    (
        "azure-native:compute:VirtualMachineExtension",
        {"resourceGroupName": "rg", "vmName": "m", "vmExtensionName": "e"},
        "/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m/extensions/e",
    ),
]


@pytest.mark.parametrize(("token", "inputs", "expected"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_ids_are_those_of_azures_reference(token: str, inputs: dict[str, object], expected: str) -> None:
    assert arm_id(token, inputs, SUBSCRIPTION) == f"/subscriptions/{SUBSCRIPTION}{expected}"


@pytest.mark.parametrize(
    "inputs",
    [
        {"resourceGroupName": "rg"},
        {"resourceGroupName": "rg", "virtualNetworkName": ""},
        {"resourceGroupName": "rg", "virtualNetworkName": UNKNOWN},
        {"resourceGroupName": "rg", "virtualNetworkName": 7},
    ],
    ids=["missing", "empty", "unknown", "a number"],
)
def test_there_is_no_id_without_every_path_parameter(inputs: dict[str, object]) -> None:
    assert arm_id("azure-native:network:VirtualNetwork", inputs, SUBSCRIPTION) is None


def test_a_type_that_is_not_known_has_no_id() -> None:
    assert arm_id("random:index/randomPassword:RandomPassword", {}, SUBSCRIPTION) is None
    assert by_token("azure-native:network:AzureFirewall") is None


@given(st.sampled_from(RESOURCE_TYPES), st.lists(NAMES, min_size=3, max_size=3))
def test_an_id_can_be_taken_apart_again(kind: ResourceType, names: list[str]) -> None:
    given_names = tuple(names[: len(kind.parameters)])
    inputs = dict(zip(kind.parameters, given_names, strict=True))
    text = arm_id(kind.token, inputs, SUBSCRIPTION)
    assert text is not None
    identity = parse_arm_id(text)
    assert identity is not None
    assert (identity.resource_group, *identity.names) == given_names
    assert str(identity) == text
    assert by_arm(identity.type.upper()) is kind
    assert identity.name == given_names[-1]


def test_a_part_knows_its_parent_and_its_group() -> None:
    identity = parse_arm_id(
        "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    )
    assert identity is not None
    assert str(identity.parent) == "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v"
    assert identity.parent is not None
    assert identity.parent.parent is None
    assert identity.group_id == "/subscriptions/S/resourceGroups/rg"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/subscriptions/S",
        "/subscriptions/S/resourceGroups",
        "/subscriptions/S/resourceGroups/",
        "/subscriptions/S/providers/Microsoft.Network/virtualNetworks/v",
        "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network",
        "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks",
        "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets",
        "/subscriptions/S/resourceGroups/rg/somewhere/Microsoft.Network/virtualNetworks/v",
        "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks//subnets/s",
        "a name",
    ],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert parse_arm_id(text) is None


@pytest.mark.parametrize("kind", RESOURCE_TYPES, ids=lambda kind: kind.token)
def test_the_sdk_has_the_path_parameters_as_inputs_and_not_as_outputs(kind: ResourceType) -> None:
    assert set(kind.parameters) <= set(inputs_of(kind))
    assert not set(kind.parameters) & set(outputs_of(kind))
