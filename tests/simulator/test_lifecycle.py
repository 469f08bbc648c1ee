"""What Azure does over a resource's life: states, dynamic addresses, parts, deletion."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.simulator.lab import (
    GROUP,
    LOCATION,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    Lab,
    circuit,
    circuit_connection,
    express_route_gateway,
    nic,
    peering,
    public_address,
    resource,
    vnet,
    vpn_connection,
)
from vpner.simulator import carrier
from vpner.simulator.errors import AzureError

OUT, BACK = "virtualNetworks/hub/virtualNetworkPeerings/out", "virtualNetworks/spoke/virtualNetworkPeerings/back"
CIRCUIT = "expressRouteCircuits/circuit"


def states(lab: Lab) -> tuple[object, ...]:
    return tuple(lab.get(path)["peeringState"] for path in (OUT, BACK) if lab.exists(path))


def test_a_peering_is_initiated_then_connected_then_disconnected(lab: Lab) -> None:
    lab.hub().spoke()
    assert lab.put(OUT, peering("spoke"))["peeringState"] == "Initiated"
    assert lab.put(BACK, peering("hub"))["peeringState"] == "Connected"
    assert states(lab) == ("Connected", "Connected")
    lab.delete(BACK)
    assert states(lab) == ("Disconnected",)
    assert lab.put(OUT, peering("spoke"))["peeringState"] == "Initiated", "an update begins anew"
    lab.put(BACK, peering("hub"))
    assert states(lab) == ("Connected", "Connected")


def test_deleting_a_network_takes_its_peerings_along_and_disconnects_the_others(lab: Lab) -> None:
    lab.hub().spoke()
    lab.put(OUT, peering("spoke"))
    lab.put(BACK, peering("hub"))
    lab.delete("virtualNetworks/spoke")
    assert not lab.exists(BACK)
    assert states(lab) == ("Disconnected",)


def test_a_peering_knows_when_the_other_side_has_grown(lab: Lab) -> None:
    lab.hub().spoke()
    lab.put(OUT, peering("spoke"))
    lab.put(BACK, peering("hub"))
    assert {lab.get(path)["peeringSyncLevel"] for path in (OUT, BACK)} == {"FullyInSync"}
    lab.put("virtualNetworks/spoke", vnet("10.0.1.0/24", "10.0.5.0/24"))
    assert lab.get(OUT)["peeringSyncLevel"] == "RemoteNotInSync"
    assert lab.get(BACK)["peeringSyncLevel"] == "LocalNotInSync"
    lab.put(OUT, peering("spoke"))
    assert {lab.get(path)["peeringSyncLevel"] for path in (OUT, BACK)} == {"FullyInSync"}


def test_route_server_counts_as_a_gateway_for_a_spoke(lab: Lab) -> None:
    lab.hub().spoke().route_server()
    lab.put(OUT, peering("spoke", allowGatewayTransit=True))
    assert lab.put(BACK, peering("hub", useRemoteGateways=True))["peeringState"] == "Connected"


def test_a_gateway_can_go_while_another_one_serves_the_spokes(lab: Lab) -> None:
    lab.hub().spoke().express_route().vpn()
    lab.put(OUT, peering("spoke", allowGatewayTransit=True))
    lab.put(BACK, peering("hub", useRemoteGateways=True))
    lab.delete("virtualNetworkGateways/ergw")
    with pytest.raises(AzureError, match="SimGatewayUsedByPeering"):
        lab.delete("virtualNetworkGateways/vpngw")


def test_dynamic_addresses_are_the_lowest_free_ones_and_stay(lab: Lab) -> None:
    def address(name: str) -> object:
        return cast("list[dict[str, Any]]", lab.get(f"networkInterfaces/{name}")["ipConfigurations"])[0][
            "privateIPAddress"
        ]

    lab.hub()
    lab.put("networkInterfaces/a", nic("hub/subnets/subnet1"))
    lab.put("networkInterfaces/b", nic("hub/subnets/subnet1", "10.0.0.5"))
    lab.put("networkInterfaces/c", nic("hub/subnets/subnet1"))
    assert [address(name) for name in "abc"] == ["10.0.0.4", "10.0.0.5", "10.0.0.6"]
    lab.delete("networkInterfaces/a")
    lab.put("networkInterfaces/c", {**nic("hub/subnets/subnet1"), "enableIPForwarding": True})
    assert address("c") == "10.0.0.6"
    lab.put("networkInterfaces/d", nic("hub/subnets/subnet1"))
    assert address("d") == "10.0.0.4"


def test_a_full_subnet_gives_no_address(lab: Lab) -> None:
    lab.hub()
    lab.put("virtualNetworks/hub/subnets/tiny", {"addressPrefix": "10.0.0.64/29"})
    for index in range(3):  # eight addresses, of which Azure keeps five
        lab.put(f"networkInterfaces/n{index}", nic("hub/subnets/tiny"))
    with pytest.raises(AzureError, match="SubnetIsFull"):
        lab.put("networkInterfaces/n3", nic("hub/subnets/tiny"))


def test_public_addresses_are_documentation_addresses_and_come_again(lab: Lab) -> None:
    lab.hub()
    first = {name: lab.get(f"publicIPAddresses/{name}")["ipAddress"] for name in ("pip-er", "pip-rs", "pip-vpn-1")}
    lab.store.clear()
    lab.hub()
    again = {name: lab.get(f"publicIPAddresses/{name}")["ipAddress"] for name in first}
    assert again == first
    assert len(set(first.values())) == len(first)
    assert all(str(value).startswith(("192.0.2.", "198.51.100.", "203.0.113.")) for value in first.values())


def test_listed_subnets_are_resources_and_replace_what_was_there(lab: Lab) -> None:
    lab.group()
    listed = [{"name": "a", "addressPrefix": "10.0.0.0/27"}, {"name": "b", "addressPrefix": "10.0.0.32/27"}]
    lab.put("virtualNetworks/v", {**vnet("10.0.0.0/24"), "subnets": listed})
    assert lab.exists("virtualNetworks/v/subnets/a")
    shown = lab.put("virtualNetworks/v", {**vnet("10.0.0.0/24"), "subnets": listed[1:]})
    assert [item["name"] for item in cast("list[dict[str, object]]", shown["subnets"])] == ["b"]
    assert not lab.exists("virtualNetworks/v/subnets/a")
    lab.put("virtualNetworks/v", vnet("10.0.0.0/24"))
    assert lab.exists("virtualNetworks/v/subnets/b"), "what is not mentioned stays"


def test_a_listed_part_that_is_refused_takes_everything_back(lab: Lab) -> None:
    lab.group()
    listed = [{"name": "a", "addressPrefix": "10.9.0.0/27"}]
    with pytest.raises(AzureError, match="NetcfgInvalidSubnet"):
        lab.put("virtualNetworks/v", {**vnet("10.0.0.0/24"), "subnets": listed})
    assert not lab.exists("virtualNetworks/v")


def test_enumerations_are_kept_in_azures_spelling(lab: Lab) -> None:
    lab.group()
    shown = lab.put("virtualHubs/rs", {**LOCATION, "sku": "Standard", "hubRoutingPreference": "aspath"})
    assert shown["hubRoutingPreference"] == "ASPath"


def test_ids_are_not_case_sensitive(lab: Lab) -> None:
    lab.hub()
    assert lab.azure.get(resource("VIRTUALNETWORKS/HUB").lower())["id"] == resource("virtualNetworks/hub")


def test_a_route_server_is_provisioned_by_its_configuration(lab: Lab) -> None:
    lab.hub()
    shown = lab.put("virtualHubs/rs", {**LOCATION, "sku": "Standard"})
    assert (shown["routingState"], shown["virtualRouterIps"]) == ("None", [])
    lab.route_server()
    shown = lab.get("virtualHubs/rs")
    assert (shown["routingState"], shown["virtualRouterAsn"]) == ("Provisioned", 65515)
    assert shown["virtualRouterIps"] == ["10.0.0.132", "10.0.0.133"]


def test_what_azure_and_the_provider_write_is_not_the_callers_to_set(lab: Lab) -> None:
    lab.group()
    claimed = {"serviceKey": "mine", "serviceProviderProvisioningState": "Provisioned"}
    shown = lab.put(CIRCUIT, circuit(**claimed))
    assert shown["serviceKey"] != "mine"
    assert shown["serviceProviderProvisioningState"] == "NotProvisioned"
    assert lab.put(CIRCUIT, circuit(tags={"a": "b"}))["serviceKey"] == shown["serviceKey"]


def test_a_connection_is_as_good_as_its_circuit(lab: Lab) -> None:
    lab.hub().express_route().provisioned()
    assert lab.put("connections/er", circuit_connection())["connectionStatus"] == "Connected"


def test_nobody_knows_whether_a_device_answers(lab: Lab) -> None:
    lab.hub().vpn().device()
    assert lab.put("connections/vpn", vpn_connection())["connectionStatus"] == "Unknown"


def test_deleting_a_group_deletes_what_is_in_it(lab: Lab) -> None:
    lab.hub().express_route().vpn().device().ordered().route_server().virtual_machine().spoke()
    lab.put("connections/vpn", vpn_connection())
    lab.put(OUT, peering("spoke", allowGatewayTransit=True))
    lab.put(BACK, peering("hub", useRemoteGateways=True))
    lab.azure.delete(GROUP)
    assert lab.ids() == set()


def test_a_group_with_a_provisioned_circuit_stays_with_it(lab: Lab) -> None:
    lab.hub().provisioned()
    with pytest.raises(AzureError, match="ResourceGroupDeletionBlocked") as refused:
        lab.azure.delete(GROUP)
    assert "ConflictError" in refused.value.message
    left = {GROUP, resource(CIRCUIT), resource(f"{CIRCUIT}/peerings/AzurePrivatePeering")}
    assert lab.ids() == left, "what could be deleted is gone"
    carrier.deprovision(lab.store, "circuit")
    lab.azure.delete(GROUP)
    assert lab.ids() == set()


def test_a_group_whose_network_is_used_from_outside_stays(lab: Lab) -> None:
    lab.hub()
    lab.azure.put(f"{GROUP}-2", LOCATION)
    outside = resource("networkInterfaces/n", group=f"{GROUP}-2")
    lab.azure.put(outside, nic("hub/subnets/subnet1"))
    with pytest.raises(AzureError, match="InUseSubnetCannotBeDeleted"):
        lab.azure.delete(GROUP)
    lab.azure.delete(outside)
    lab.azure.delete(GROUP)
    assert lab.ids() == {f"{GROUP}-2"}


def test_deleting_what_is_gone_is_no_error(lab: Lab) -> None:
    lab.group()
    lab.delete("virtualNetworks/none")
    lab.azure.delete(GROUP)
    lab.azure.delete(GROUP)


@pytest.mark.parametrize(
    ("prepare", "code"), [(lambda _: None, "ResourceGroupNotFound"), (Lab.group, "ResourceNotFound")]
)
def test_reading_what_is_not_there_is_a_404(lab: Lab, prepare: Any, code: str) -> None:
    prepare(lab)
    with pytest.raises(AzureError) as refused:
        lab.get("virtualNetworks/none")
    assert (refused.value.status, refused.value.code) == (404, code)


def test_an_authorisation_belongs_to_one_connection(lab: Lab) -> None:
    lab.hub().express_route().provisioned()
    key = lab.put(f"{CIRCUIT}/authorizations/a", {})["authorizationKey"]
    assert lab.get(f"{CIRCUIT}/authorizations/a")["authorizationUseStatus"] == "Available"
    lab.put("connections/er", circuit_connection(authorizationKey=key))
    shown = lab.get(f"{CIRCUIT}/authorizations/a")
    assert shown["authorizationUseStatus"] == "InUse"
    assert shown["connectionResourceUri"] == resource("connections/er")
    assert shown["authorizationKey"] == key


def test_a_connection_to_another_subscriptions_circuit_needs_its_authorisation(lab: Lab) -> None:
    lab.hub().express_route()
    theirs = resource(CIRCUIT, group=GROUP.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION))
    lab.azure.put(GROUP.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION), LOCATION)
    lab.azure.put(theirs, circuit())
    carrier.provision(lab.store, theirs, carrier.PrivatePeering(100, 65001, "169.254.98.60/30"))
    key = lab.azure.put(f"{theirs}/authorizations/ours", {})["authorizationKey"]
    with pytest.raises(AzureError, match="SimAuthorizationRequired"):
        lab.put("connections/er", circuit_connection(peer={"id": theirs}))
    shown = lab.put("connections/er", circuit_connection(peer={"id": theirs}, authorizationKey=key))
    assert shown["connectionStatus"] == "Connected"
    assert "authorizationKey" not in shown
    assert lab.azure.get(f"{theirs}/authorizations/ours")["authorizationUseStatus"] == "InUse"
    lab.spoke()
    lab.put("virtualNetworks/spoke/subnets/GatewaySubnet", {"addressPrefix": "10.0.1.0/27"})
    lab.put("publicIPAddresses/pip-s", public_address())
    lab.put("virtualNetworkGateways/second", express_route_gateway("spoke", "pip-s"))
    second = {"virtualNetworkGateway1": {"id": resource("virtualNetworkGateways/second")}}
    with pytest.raises(AzureError, match="SimAuthorizationInUse"):
        lab.put("connections/two", circuit_connection(peer={"id": theirs}, authorizationKey=key, **second))


def test_a_refused_request_changes_nothing(lab: Lab) -> None:
    lab.hub()
    before = (lab.store.folder / "azure.json").read_bytes()
    with pytest.raises(AzureError):
        lab.put("networkInterfaces/n", nic("hub/subnets/subnet1", "10.0.0.3"))
    assert (lab.store.folder / "azure.json").read_bytes() == before
