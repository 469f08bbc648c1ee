"""What Azure returns, compared with the SDK's own classes. The networks are those of the lab."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from tests.simulator.lab import (
    LOCATION,
    Lab,
    circuit_connection,
    ip_configuration,
    peering,
    vpn_connection,
)
from vpner.arm import RESOURCE_TYPES, ResourceType
from vpner.simulator.kinds import KINDS
from vpner.simulator.schema import Property, inputs_of, outputs_of, shape_of

# Read-only properties that Azure leaves out while there is nothing to say.
SOMETIMES_ABSENT = {
    "azure-native:network:PublicIPAddress": {"ipConfiguration"},
    "azure-native:network:NetworkInterface": {"virtualMachine", "privateEndpoint", "dscpConfiguration"},
    "azure-native:network:VirtualNetworkPeering": {"remoteVirtualNetworkEncryption"},
    "azure-native:network:VirtualNetworkGateway": {"inboundDnsForwardingEndpoint"},
    "azure-native:network:ExpressRouteCircuit": {"stag", "authorizationStatus"},
    "azure-native:compute:VirtualMachine": {"instanceView", "managedBy", "systemData"},
    "azure-native:compute:VirtualMachineExtension": {"systemData"},
}
ADDED_BY_THE_PROVIDER = {"azureApiVersion"}


def everything(lab: Lab) -> None:
    """A resource of every type."""
    lab.hub().express_route().vpn().device().provisioned().route_server().virtual_machine().spoke()
    lab.put("networkSecurityGroups/nsg", dict(LOCATION))
    routes = [{"name": "r", "addressPrefix": "10.9.0.0/16", "nextHopType": "None"}]
    lab.put("routeTables/udr", {**LOCATION, "routes": routes})
    lab.put("virtualNetworks/hub/virtualNetworkPeerings/out", peering("spoke", allowGatewayTransit=True))
    lab.put("virtualNetworks/spoke/virtualNetworkPeerings/back", peering("hub", useRemoteGateways=True))
    lab.put("connections/vpn", vpn_connection())
    lab.put("connections/er", circuit_connection())
    lab.put("expressRouteCircuits/circuit/authorizations/a", {})
    lab.put("virtualHubs/rs/bgpConnections/n", {"peerAsn": 65010, "peerIp": "10.0.0.9"})
    lab.put("virtualNetworks/spoke/subnets/AzureBastionSubnet", {"addressPrefix": "10.0.1.64/26"})
    lab.put("publicIPAddresses/pip-b", {**LOCATION, "sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"})
    bastion = [ip_configuration("a", "spoke/subnets/AzureBastionSubnet", "pip-b")]
    lab.put("bastionHosts/bastion", {**LOCATION, "ipConfigurations": bastion})
    extension = {**LOCATION, "publisher": "P", "type": "T", "typeHandlerVersion": "1.0"}
    lab.put("virtualMachines/vm/extensions/e", extension, "Microsoft.Compute")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[dict[str, object]]]:
    """Every resource as Azure returns it, by the type's token."""
    lab = Lab(tmp_path_factory.mktemp("azure"))
    everything(lab)
    found: dict[str, list[dict[str, object]]] = {}
    for record in lab.store.snapshot().all():
        found.setdefault(KINDS[record.type].type.token, []).append(lab.azure.get(record.id))
    return found


def unknown_properties(value: object, prop: Property, where: str) -> Iterator[str]:
    """Paths at which a value has what the SDK's class has not, or is of another kind."""
    kinds: Mapping[str, Any] = {"string": str, "boolean": bool, "number": (int, float), "array": list}
    if prop.kind in kinds and not isinstance(value, kinds[prop.kind]):
        yield f"{where}: {type(value).__name__} instead of {prop.kind}"
    elif prop.choices and value not in prop.choices:
        yield f"{where}: {value}"
    elif isinstance(value, list) and prop.item is not None:
        for index, item in enumerate(cast("list[object]", value)):
            yield from unknown_properties(item, prop.item, f"{where}[{index}]")
    elif isinstance(value, dict) and prop.kind == "object":
        for name, item in cast("dict[str, object]", value).items():
            if name not in prop.shape:
                yield f"{where}.{name}"
            else:
                yield from unknown_properties(item, prop.shape[name], f"{where}.{name}")


@pytest.mark.parametrize("kind", RESOURCE_TYPES, ids=lambda kind: kind.token)
def test_every_property_is_one_of_the_sdks_class(kind: ResourceType, answers: Mapping[str, list[Any]]) -> None:
    shape = outputs_of(kind)
    for body in answers[kind.token]:
        outputs = {name: value for name, value in body.items() if name != "id"}
        assert not set(outputs) - set(shape)
        assert not [problem for name in outputs for problem in unknown_properties(outputs[name], shape[name], name)]


@pytest.mark.parametrize("kind", RESOURCE_TYPES, ids=lambda kind: kind.token)
def test_every_property_that_the_sdk_counts_on_is_there(kind: ResourceType, answers: Mapping[str, list[Any]]) -> None:
    needed = {name for name, prop in outputs_of(kind).items() if prop.required}
    needed -= ADDED_BY_THE_PROVIDER | SOMETIMES_ABSENT.get(kind.token, set())
    for body in answers[kind.token]:
        assert not needed - set(body), body["id"]


@pytest.mark.parametrize("kind", RESOURCE_TYPES, ids=lambda kind: kind.token)
def test_there_is_a_kind_for_every_type_and_its_defaults_are_properties(kind: ResourceType) -> None:
    simulated = KINDS[kind.arm]
    assert simulated.type is kind
    known = set(inputs_of(kind))
    assert set(simulated.defaults) <= known
    assert set(simulated.keeps) <= known
    assert set(simulated.inline) <= known
    assert {path.split(".", maxsplit=1)[0] for path in simulated.immutable} <= known


def test_reading_again_gives_the_same(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    everything(lab)
    first = {resource_id: lab.azure.get(resource_id) for resource_id in lab.ids()}
    again = {resource_id: Lab(tmp_path).azure.get(resource_id) for resource_id in lab.ids()}
    assert first == again


def test_putting_what_is_there_changes_nothing(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    everything(lab)
    before = {resource_id: lab.azure.get(resource_id) for resource_id in lab.ids()}
    for resource_id, body in before.items():
        # The SDK has one name for an extension's type and the resource's.
        hidden = {"id", "type"} if resource_id.endswith("/extensions/e") else {"id"}
        lab.azure.put(resource_id, {name: value for name, value in body.items() if name not in hidden})
    after = {resource_id: lab.azure.get(resource_id) for resource_id in lab.ids()}
    assert without_etags(after) == without_etags(before)


def without_etags(value: object) -> object:
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return {name: without_etags(item) for name, item in entries.items() if name != "etag"}
    return [without_etags(item) for item in cast("list[object]", value)] if isinstance(value, list) else value


def test_references_are_shown_as_ids_only(answers: Mapping[str, list[dict[str, Any]]]) -> None:
    for body in answers["azure-native:network:NetworkInterface"]:
        assert [set(item["subnet"]) for item in body["ipConfigurations"]] == [{"id"}]


def test_the_sdks_classes_can_be_read_at_any_depth() -> None:
    seen: set[type] = set()

    def visit(prop: Property) -> None:
        if prop.item is not None:
            visit(prop.item)
        if prop.sdk_class is not None and prop.sdk_class not in seen:
            seen.add(prop.sdk_class)
            for inner in shape_of(prop.sdk_class).values():
                visit(inner)

    for kind in RESOURCE_TYPES:
        for prop in (*inputs_of(kind).values(), *outputs_of(kind).values()):
            visit(prop)
    assert len(seen) > 100
