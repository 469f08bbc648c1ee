from __future__ import annotations

from typing import Any, cast

import pytest

from tests.simulator.lab import GROUP, LOCATION, Lab, circuit, circuit_connection, circuit_peering, resource
from vpner.problems import Problems
from vpner.simulator import carrier
from vpner.simulator.carrier import PrivatePeering

CIRCUIT = "expressRouteCircuits/circuit"
PEERING = f"{CIRCUIT}/peerings/AzurePrivatePeering"
LAYER_3 = PrivatePeering(100, 65001, "169.254.98.60/30")


def state(lab: Lab) -> object:
    return lab.get(CIRCUIT)["serviceProviderProvisioningState"]


def test_a_layer_2_provider_leaves_the_peering_to_the_customer(lab: Lab) -> None:
    lab.group().ordered()
    assert state(lab) == "NotProvisioned"
    assert carrier.provision(lab.store, "Circuit", None) == resource(CIRCUIT)
    assert state(lab) == "Provisioned"
    assert not lab.exists(PEERING)
    shown = lab.put(PEERING, circuit_peering())
    assert (shown["azureASN"], shown["lastModifiedBy"]) == (12076, "Customer")


def test_a_layer_3_provider_configures_it(lab: Lab) -> None:
    lab.group().ordered()
    carrier.provision(lab.store, resource(CIRCUIT), LAYER_3)
    shown = lab.get(PEERING)
    assert (shown["vlanId"], shown["peerASN"], shown["lastModifiedBy"]) == (100, 65001, "Provider")
    assert shown["primaryPeerAddressPrefix"] == "169.254.98.60/30"
    listed = cast("list[dict[str, Any]]", lab.get(CIRCUIT)["peerings"])
    assert [item["peeringType"] for item in listed] == ["AzurePrivatePeering"]


def test_doing_it_again_changes_nothing(lab: Lab) -> None:
    lab.group().ordered()
    carrier.provision(lab.store, "circuit", LAYER_3)
    before = (lab.get(CIRCUIT), lab.get(PEERING))
    carrier.provision(lab.store, "circuit", LAYER_3)
    assert (lab.get(CIRCUIT), lab.get(PEERING)) == before


def test_the_way_back_takes_the_providers_peering_along(lab: Lab) -> None:
    lab.group().provisioned()
    carrier.deprovision(lab.store, "circuit")
    assert state(lab) == "NotProvisioned"
    assert not lab.exists(PEERING)
    carrier.deprovision(lab.store, "circuit")
    lab.delete(CIRCUIT)
    assert not lab.exists(CIRCUIT)


def test_a_circuit_in_use_is_not_taken_down(lab: Lab) -> None:
    lab.hub().express_route().provisioned()
    lab.put("connections/er", circuit_connection())
    with pytest.raises(Problems, match="circuit-in-use") as refused:
        carrier.deprovision(lab.store, "circuit")
    assert resource("connections/er") in refused.value.problems[0].what
    assert state(lab) == "Provisioned"


def test_a_customers_peering_is_the_customers_to_remove(lab: Lab) -> None:
    lab.group().ordered()
    carrier.provision(lab.store, "circuit", None)
    lab.put(PEERING, circuit_peering())
    with pytest.raises(Problems, match="circuit-in-use"):
        carrier.deprovision(lab.store, "circuit")
    with pytest.raises(Problems, match="circuit-peering-of-customer"):
        carrier.provision(lab.store, "circuit", LAYER_3)


def test_a_circuit_that_is_not_there_is_named(lab: Lab) -> None:
    lab.group().ordered()
    with pytest.raises(Problems, match="circuit-unknown") as refused:
        carrier.provision(lab.store, "circus", None)
    assert resource(CIRCUIT) in refused.value.problems[0].remedy


def test_a_name_that_two_circuits_have_needs_the_id(lab: Lab) -> None:
    lab.group().ordered()
    second = resource(CIRCUIT, group=f"{GROUP}-2")
    lab.azure.put(f"{GROUP}-2", LOCATION)
    lab.azure.put(second, circuit())
    with pytest.raises(Problems, match="circuit-ambiguous") as refused:
        carrier.provision(lab.store, "circuit", None)
    assert second in refused.value.problems[0].remedy
    assert carrier.provision(lab.store, second, None) == second


@pytest.mark.parametrize(
    "peering",
    [
        PrivatePeering(0, 65001, "169.254.98.60/30"),
        PrivatePeering(100, 65515, "169.254.98.60/30"),
        PrivatePeering(100, 65001, "169.254.98.60/29"),
        PrivatePeering(100, 65001, "169.254.98.61/30"),
        PrivatePeering(100, 65001, "169.254.98.60/30", "169.254.98.60/30"),
    ],
    ids=["VLAN 0", "Azure's ASN", "a /29", "host bits", "one link twice"],
)
def test_a_peering_that_azure_refuses_is_refused(lab: Lab, peering: PrivatePeering) -> None:
    lab.group().ordered()
    with pytest.raises(Problems, match="circuit-peering-refused"):
        carrier.provision(lab.store, "circuit", peering)
    assert state(lab) == "NotProvisioned"
