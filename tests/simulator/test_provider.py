"""The provider protocol, over gRPC as the engine speaks it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb

from tests.simulator.client import Engine, connected, refusal, struct
from tests.simulator.lab import (
    GROUP,
    LOCATION,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    Lab,
    circuit,
    circuit_connection,
    nic,
    resource,
    vpn_connection,
)
from vpner.simulator import carrier
from vpner.simulator.kinds import KINDS
from vpner.simulator.protocol import UNKNOWN

NETWORK = "azure-native:network:"


@pytest.fixture
def engine(ports: Mapping[str, str]) -> Iterator[Engine]:
    with connected(ports["azure-native"], location="westeurope") as engine:
        yield engine


def test_its_schema_has_what_it_simulates_in_the_words_of_the_sdk(engine: Engine) -> None:
    package = json.loads(engine.stub.GetSchema(pb.GetSchemaRequest()).schema)
    assert (package["name"], package["version"]) == ("azure-native", "3.29.0")
    assert len(package["resources"]) == len(KINDS)
    peering = package["resources"][f"{NETWORK}VirtualNetworkPeering"]
    assert peering["requiredInputs"] == ["resourceGroupName", "virtualNetworkName"]
    assert peering["inputProperties"]["useRemoteGateways"] == {"type": "boolean"}
    assert peering["properties"]["peeringState"] == {"type": "string"}
    group = package["resources"]["azure-native:resources:ResourceGroup"]
    assert group["inputProperties"]["tags"] == {"type": "object", "additionalProperties": {"type": "string"}}


def test_it_has_the_sdks_version_and_supports_previews(engine: Engine) -> None:
    assert engine.stub.GetPluginInfo(Empty()).version == "3.29.0"
    answer = engine.stub.Configure(pb.ConfigureRequest())
    assert (answer.supportsPreview, answer.acceptSecrets) == (True, False)


def test_a_type_that_is_not_simulated_fails_the_check(engine: Engine) -> None:
    _, failures = engine.check(f"{NETWORK}AzureFirewall", "f", {})
    assert failures == ["not simulated: azure-native:network:AzureFirewall"]


def test_a_function_that_is_not_simulated_is_refused(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as error:
        engine.invoke(f"{NETWORK}listActiveConnectivityConfigurations")
    assert "not simulated: azure-native:network:listActiveConnectivityConfigurations" in refusal(error)


def test_a_resource_of_its_own_gets_a_random_name_and_keeps_it(engine: Engine) -> None:
    inputs = engine.checked(f"{NETWORK}RouteTable", "table", {"resourceGroupName": "lab"})
    assert inputs["routeTableName"].startswith("table")
    assert len(inputs["routeTableName"]) == len("table") + 8
    again, _ = engine.check(f"{NETWORK}RouteTable", "table", {"resourceGroupName": "lab"}, olds=inputs)
    assert again == inputs


def test_a_part_gets_the_programs_name(engine: Engine) -> None:
    place = {"resourceGroupName": "lab", "virtualNetworkName": "hub"}
    assert engine.checked(f"{NETWORK}Subnet", "apps", place)["subnetName"] == "apps"


def test_a_project_can_propose_names_or_forbid_them(engine: Engine) -> None:
    options = pb.CheckRequest.AutonamingOptions
    news = struct({"resourceGroupName": "lab"})

    def check(autonaming: pb.CheckRequest.AutonamingOptions) -> pb.CheckResponse:
        token = f"{NETWORK}RouteTable"
        return engine.stub.Check(pb.CheckRequest(urn=engine.urn(token, "t"), news=news, autonaming=autonaming))

    proposed = check(options(mode=options.PROPOSE, proposed_name="t-dev"))
    assert proposed.inputs["routeTableName"] == "t-dev"
    forbidden = check(options(mode=options.DISABLE))
    assert [item.reason for item in forbidden.failures] == ["missing required property 'routeTableName'"]


def test_a_connection_that_was_not_configured_is_refused(ports: Mapping[str, str]) -> None:
    with connected(ports["azure-native"], configure=False) as engine, pytest.raises(grpc.RpcError) as error:
        engine.check(f"{NETWORK}RouteTable", "t", {})
    assert "not configured" in refusal(error)


def test_the_location_is_the_configured_one_else_the_groups(engine: Engine, ports: Mapping[str, str], lab: Lab) -> None:
    lab.azure.put(GROUP, {"location": "northeurope"})
    news = {"resourceGroupName": "lab", "routeTableName": "t"}
    assert engine.checked(f"{NETWORK}RouteTable", "t", news)["location"] == "westeurope"
    with connected(ports["azure-native"]) as other:
        assert other.checked(f"{NETWORK}RouteTable", "t", news)["location"] == "northeurope"
        unknown = {**news, "resourceGroupName": UNKNOWN}
        assert other.checked(f"{NETWORK}RouteTable", "t", unknown)["location"] == UNKNOWN


def test_missing_and_mistyped_inputs_fail_the_check(engine: Engine) -> None:
    news = {"resourceGroupName": "lab", "connectionType": "IPsec", "routingWeight": "heavy"}
    _, failures = engine.check(f"{NETWORK}VirtualNetworkGatewayConnection", "c", news)
    assert sorted(failures) == [
        "'routingWeight' should be of type 'number' but got a str",
        "missing required property 'virtualNetworkGateway1'",
    ]


def test_a_preview_touches_nothing_and_knows_only_the_inputs(engine: Engine, lab: Lab) -> None:
    lab.hub()
    before = lab.ids()
    inputs = engine.checked(
        f"{NETWORK}NetworkInterface", "n", {"resourceGroupName": "lab", **nic("hub/subnets/subnet1")}
    )
    resource_id, outputs = engine.create(f"{NETWORK}NetworkInterface", "n", inputs, preview=True)
    assert (resource_id, lab.ids()) == ("", before)
    assert outputs["location"] == "westeurope"
    assert outputs["macAddress"] == UNKNOWN
    (configuration,) = outputs["ipConfigurations"]
    assert configuration["subnet"]["id"] == resource("virtualNetworks/hub/subnets/subnet1")
    assert configuration["privateIPAddress"] == UNKNOWN
    assert "resourceGroupName" not in outputs


def test_create_read_update_delete(engine: Engine, lab: Lab) -> None:
    lab.hub()
    token = f"{NETWORK}NetworkInterface"
    news = {"resourceGroupName": "lab", "networkInterfaceName": "n", **nic("hub/subnets/subnet1")}
    resource_id, inputs, outputs = engine.build(token, "n", news)
    assert resource_id == resource("networkInterfaces/n")
    assert outputs["ipConfigurations"][0]["privateIPAddress"] == "10.0.0.4"
    assert outputs["azureApiVersion"] == "2024-05-01"
    assert "networkInterfaceName" not in outputs
    assert engine.read(token, resource_id, outputs, inputs) == (resource_id, outputs, inputs)
    changed = {**inputs, "enableIPForwarding": True}
    assert engine.update(token, resource_id, outputs, changed, preview=True)["macAddress"] == UNKNOWN
    updated = engine.update(token, resource_id, outputs, changed)
    assert (updated["enableIPForwarding"], updated["etag"] == outputs["etag"]) == (True, False)
    engine.delete(token, resource_id)
    assert engine.read(token, resource_id, updated, changed) == ("", {}, {})
    engine.delete(token, resource_id)


def test_what_exists_is_not_created(engine: Engine, lab: Lab) -> None:
    lab.hub()
    inputs = engine.checked(f"{NETWORK}VirtualNetwork", "v", {"resourceGroupName": "lab", "virtualNetworkName": "hub"})
    with pytest.raises(grpc.RpcError) as error:
        engine.create(f"{NETWORK}VirtualNetwork", "v", inputs)
    assert refusal(error) == f"cannot create already existing resource '{resource('virtualNetworks/hub')}'"


def test_azures_refusal_reaches_the_engine(engine: Engine, lab: Lab) -> None:
    lab.group()
    news = {"resourceGroupName": "lab", "virtualNetworkName": "v", "addressSpace": {"addressPrefixes": ["10.0.0.1/24"]}}
    with pytest.raises(grpc.RpcError) as error:
        engine.create(f"{NETWORK}VirtualNetwork", "v", engine.checked(f"{NETWORK}VirtualNetwork", "v", news))
    assert 'Status=400 Code="InvalidCIDRNotation"' in refusal(error)


DIFFS = [
    ("a path parameter", "Subnet", {"subnetName": "a"}, {"subnetName": "b"}, ["subnetName"], True),
    ("a network's region", "VirtualNetwork", {"location": "a"}, {"location": "b"}, ["location"], True),
    ("a gateway's region", "VirtualNetworkGateway", {"location": "a"}, {"location": "b"}, [], False),
    ("an address's SKU", "PublicIPAddress", {"sku": {"name": "a"}}, {"sku": {"name": "b"}}, ["sku"], True),
    ("a subnet's prefix", "Subnet", {"addressPrefix": "a"}, {"addressPrefix": "b"}, [], False),
    (
        "what was named by the provider",
        "RouteTable",
        {"routeTableName": "a", "__createBeforeDelete": True},
        {"routeTableName": "b", "__createBeforeDelete": True},
        ["routeTableName"],
        False,
    ),
]


@pytest.mark.parametrize(
    ("kind", "before", "now", "replaces", "first"), [row[1:] for row in DIFFS], ids=[row[0] for row in DIFFS]
)
def test_what_replaces_a_resource(
    engine: Engine, kind: str, before: dict[str, object], now: dict[str, object], replaces: list[str], first: bool
) -> None:
    answer = engine.diff(f"{NETWORK}{kind}", before, now)
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == replaces
    assert answer.deleteBeforeReplace is first
    assert engine.diff(f"{NETWORK}{kind}", now, now).changes == pb.DiffResponse.DIFF_NONE


def test_a_refresh_copies_what_the_provider_wrote_into_the_inputs(engine: Engine, lab: Lab) -> None:
    lab.group()
    token = f"{NETWORK}ExpressRouteCircuit"
    resource_id, inputs, outputs = engine.build(
        token, "c", {"resourceGroupName": "lab", "circuitName": "circuit", **circuit()}
    )
    carrier.provision(lab.store, "circuit", carrier.PrivatePeering(100, 65001, "169.254.98.60/30"))
    _, now, refreshed = engine.read(token, resource_id, outputs, inputs)
    assert now["serviceProviderProvisioningState"] == "Provisioned"
    assert [item["vlanId"] for item in now["peerings"]] == [100]
    # Parts that are resources of their own stay out of the inputs.
    assert refreshed == {**inputs, "serviceProviderProvisioningState": "Provisioned"}


def test_an_import_has_the_path_parameters_and_no_secret(engine: Engine, lab: Lab) -> None:
    lab.hub().vpn().device()
    lab.put("connections/conn", vpn_connection())
    resource_id, _, inputs = engine.read(
        f"{NETWORK}VirtualNetworkGatewayConnection", resource("connections/conn"), {}, {}
    )
    assert resource_id == resource("connections/conn")
    assert inputs["resourceGroupName"] == "lab"
    assert inputs["virtualNetworkGatewayConnectionName"] == "conn"
    assert inputs["connectionType"] == "IPsec"
    assert "sharedKey" not in inputs


def test_routes_that_a_program_does_not_give_stay(engine: Engine, lab: Lab) -> None:
    lab.group()
    token = f"{NETWORK}RouteTable"
    routes = [{"name": "r", "addressPrefix": "10.0.0.0/8", "nextHopType": "Internet"}]
    news = {"resourceGroupName": "lab", "routeTableName": "t", "routes": routes}
    resource_id, inputs, outputs = engine.build(token, "t", news)
    without = {name: value for name, value in inputs.items() if name != "routes"}
    updated = engine.update(token, resource_id, outputs, {**without, "tags": {"a": "b"}})
    assert [route["name"] for route in updated["routes"]] == ["r"]


def test_every_connection_has_its_own_subscription(engine: Engine, ports: Mapping[str, str], lab: Lab) -> None:
    with connected(ports["azure-native"], location="westus", subscriptionId=OTHER_SUBSCRIPTION) as other:
        token = "azure-native:resources:ResourceGroup"
        first, _, _ = engine.build(token, "rg", {"resourceGroupName": "rg"})
        second, _, outputs = other.build(token, "rg", {"resourceGroupName": "rg"})
        assert [resource_id.split("/")[2] for resource_id in (first, second)] == [SUBSCRIPTION, OTHER_SUBSCRIPTION]
        assert outputs["location"] == "westus"
        own = other.invoke("azure-native:authorization:getClientConfig")
        assert own["subscriptionId"] == OTHER_SUBSCRIPTION
    assert lab.ids() == {first, second}


def test_another_subscription_replaces_what_a_provider_has_built(engine: Engine) -> None:
    answer = engine.stub.DiffConfig(
        pb.DiffRequest(old_inputs=struct({"subscriptionId": "a"}), news=struct({"subscriptionId": "b"}))
    )
    assert list(answer.replaces) == ["subscriptionId"]


def test_getters_return_what_azure_has(engine: Engine, lab: Lab) -> None:
    lab.hub().express_route().provisioned()
    lab.put("connections/er", circuit_connection())
    found = engine.invoke(f"{NETWORK}getExpressRouteCircuit", resourceGroupName="lab", circuitName="circuit")
    assert found["id"] == resource("expressRouteCircuits/circuit")
    assert found["serviceProviderProvisioningState"] == "Provisioned"
    connection = engine.invoke(
        f"{NETWORK}getVirtualNetworkGatewayConnection",
        resourceGroupName="lab",
        virtualNetworkGatewayConnectionName="er",
    )
    assert connection["connectionStatus"] == "Connected"


def test_a_getter_of_what_is_not_there_says_so(engine: Engine, lab: Lab) -> None:
    lab.group()
    for group, code in (("lab", "ResourceNotFound"), ("none", "ResourceGroupNotFound")):
        with pytest.raises(grpc.RpcError) as error:
            engine.invoke(f"{NETWORK}getVirtualNetwork", resourceGroupName=group, virtualNetworkName="v")
        assert f'Status=404 Code="{code}"' in refusal(error)


def test_a_secret_is_understood_and_not_returned(engine: Engine, lab: Lab) -> None:
    lab.hub().vpn().device()
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "a-key-for-the-tunnel"}
    news = {"resourceGroupName": "lab", **vpn_connection(sharedKey=secret)}
    inputs = engine.checked(f"{NETWORK}VirtualNetworkGatewayConnection", "c", news)
    assert inputs["sharedKey"] == "a-key-for-the-tunnel"
    _, outputs = engine.create(f"{NETWORK}VirtualNetworkGatewayConnection", "c", inputs)
    assert "sharedKey" not in outputs


def test_an_empty_group_needs_a_location(engine: Engine) -> None:
    inputs = engine.checked("azure-native:resources:ResourceGroup", "rg", dict(LOCATION))
    assert inputs["location"] == "westeurope"
