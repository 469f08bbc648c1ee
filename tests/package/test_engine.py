"""A program of somebody else on the package: previewed, deployed and refused by the real engine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.package.consumer import Consumer
from toolchain.yaml_host import installed

pytestmark = pytest.mark.engine

KEY = "a-key-that-nobody-may-see-0123456789"
OTHER = "22222222-2222-2222-2222-222222222222"


@pytest.fixture(params=["python", "yaml"])
def consumer(request: pytest.FixtureRequest, tmp_path: Path, example: dict[str, Any]) -> Consumer:
    """The example, in both languages."""
    if request.param == "python":
        return Consumer.of(tmp_path, example)
    if not installed():
        pytest.skip("YAML's language host is not installed: python -m toolchain.yaml_host")
    return Consumer.in_yaml(tmp_path, example)


def test_the_example_lives_and_dies(consumer: Consumer) -> None:
    previewed = consumer.pulumi("preview").succeeded().output
    assert "ENCRYPTED  plant-hub-vnet/shared, plant-scada-vnet/app  10.91.0.0/16" in previewed
    consumer.pulumi("up").succeeded()
    urns = consumer.urns()
    assert (
        "urn:pulumi:dev::plant::vpner:index:IpsecOverEr$azure-native:network:VirtualNetworkGateway::tunnel-vpngw"
        in urns
    )

    consumer.stage("provisioned")
    refused = consumer.pulumi("preview", policies=False).failed().output
    # The first refusal ends the program, and the other one may not have been said by then.
    assert re.search(r"plant-er-(dublin|london) \[circuit-not-provisioned\]", refused)
    consumer.provision()
    consumer.pulumi("up").succeeded()
    assert {name for name in consumer.resources() if name.endswith("-connection")} == {
        "circuits-plant-er-dublin-connection",
        "circuits-plant-er-london-connection",
        "tunnel-plant-fw-connection",
    }
    consumer.pulumi("up", policies=False).succeeded()
    assert consumer.changes() == {}

    consumer.stage("ordered")
    assert "stage-going-back" in consumer.pulumi("preview", policies=False).failed().output
    consumer.stage("provisioned")
    connections = ("--target", "**network:VirtualNetworkGatewayConnection**", "--target-dependents")
    consumer.pulumi("destroy", *connections).succeeded()
    for circuit in ("plant-er-dublin", "plant-er-london"):
        consumer.simulate("provision", circuit, "--deprovision").succeeded()
    consumer.pulumi("destroy").succeeded()
    assert consumer.in_azure() == []


def test_a_secret_stays_one_on_both_ways_over_the_border(plant: Consumer, example: dict[str, Any]) -> None:
    example["resources"]["tunnel"]["properties"]["devices"][0]["preSharedKey"] = {"fn::secret": KEY}
    plant.write(example)
    # A key from configuration is against the policies, and allowed by the package.
    plant.pulumi("up", policies=False).succeeded()
    plant.provision()
    plant.stage("provisioned")
    plant.pulumi("up", policies=False).succeeded()
    shown = json.dumps(plant.exported(show_secrets=True))
    stored = plant.exported()
    service_keys = {
        item["outputs"]["name"]: json.loads(item["outputs"]["serviceKey"]["plaintext"])
        for item in json.loads(shown)["resources"]
        if item["type"].endswith(":ExpressRouteCircuit")
    }
    assert len(service_keys) == 2
    for secret in (KEY, *service_keys.values()):
        assert secret in shown, "it is kept"
        assert secret not in json.dumps(stored), "encrypted"
        assert all(secret not in printed for printed in plant.log)
    # Circuits' service keys are in the output for the provider, by the schema's names.
    (stack,) = (item for item in json.loads(shown)["resources"] if item["type"] == "pulumi:pulumi:Stack")
    handed = json.loads(stack["outputs"]["handOffToProvider"]["plaintext"])
    assert [(item["circuit"], item["peeringLocation"]) for item in handed] == [
        ("plant-er-dublin", "Dublin"),
        ("plant-er-london", "London"),
    ]
    assert {item["circuit"]: item["serviceKey"] for item in handed} == service_keys
    assert json.loads(stack["outputs"]["preSharedKeys"]["plaintext"]) == {"plant-fw": KEY}


def test_everything_wrong_is_refused_at_once_in_words_and_without_a_secret(
    plant: Consumer, example: dict[str, Any]
) -> None:
    tunnel = example["resources"]["tunnel"]["properties"]
    tunnel["devices"][0]["preSharedKey"] = {"fn::secret": KEY}
    tunnel["devices"][0]["apipa"] = "10.0.0.1"
    tunnel["sku"] = "Basic"
    plant.write(example)
    refused = plant.pulumi("preview").failed().output
    assert "vpner:index:IpsecOverEr resource 'tunnel' has a problem: IpsecOverEr 'tunnel': 2 problems" in refused
    assert "devices[0].apipa [" in refused
    assert "sku [" in refused
    assert "Remedy: " in refused
    assert "/components/" not in refused, "a traceback of the package"
    assert KEY not in refused


@pytest.mark.parametrize(
    ("path", "given", "expected"),
    [
        (("hub", "name"), "${group.name}", "hub.name [not-plain]"),
        (("hub", "name"), "${group.id}", "hub.name [not-plain]"),
        (("hub", "subnets", "shared"), {"fn::secret": KEY}, "[not-plain]"),
        (("hub", "adressSpace"), ["10.0.0.0/8"], "did you mean addressSpace?"),
        (("spokes",), {"name": "one"}, "It must be a list"),
    ],
)
def test_what_the_schema_does_not_allow_is_refused_at_the_border(
    plant: Consumer, example: dict[str, Any], path: tuple[str, ...], given: Any, expected: str
) -> None:
    *outer, last = path
    place = example["resources"]["network"]["properties"]
    for part in outer:
        place = place[part]
    place[last] = given
    plant.write(example)
    refused = plant.pulumi("preview", policies=False).failed().output
    assert "vpner:index:HubSpoke resource 'network' has a problem: HubSpoke: 1 problem" in refused
    assert expected in refused
    assert "/components/" not in refused, "a traceback of the package"
    assert KEY not in refused


def test_a_gateway_of_another_subscription_is_connected_through_its_provider(
    plant: Consumer, example: dict[str, Any]
) -> None:
    resources = example["resources"]
    foreign = {"type": "pulumi:providers:azure-native", "properties": {"subscriptionId": OTHER}}
    abroad = {
        **resources["group"],
        "options": {"provider": "${foreign}"},
    }
    network, circuits = resources["network"], resources["circuits"]
    network["options"] = {"providers": ["${foreign}"]}
    network["properties"]["resourceGroupName"] = "${abroad.name}"
    circuits["properties"]["gateways"][0]["provider"] = "${foreign}"
    for circuit in circuits["properties"]["circuits"]:
        circuit["authorize"] = True
    del resources["tunnel"]
    example["resources"] = {"foreign": foreign, "abroad": abroad, **resources}
    example["outputs"] = {}
    plant.write(example)
    plant.pulumi("up", policies=False).succeeded()
    plant.provision()
    plant.stage("provisioned")
    plant.pulumi("up", policies=False).succeeded()
    ids = {name: item["id"] for name, item in plant.resources().items()}
    assert f"/{OTHER}/" in ids["circuits-plant-er-dublin-connection"]
    assert f"/{OTHER}/" not in ids["circuits-plant-er-dublin"]
