"""Resources in ARM's shape, as the unmodified Azure SDK reads them. Its models say what stands where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network.models import NetworkInterface

from tests.simulator.rest.deployed import GROUP
from tests.simulator.rest.serving import Served

Listing = Callable[[NetworkManagementClient], Iterable[Any]]

LISTINGS: dict[str, tuple[Listing, int]] = {
    "network interfaces": (lambda c: c.network_interfaces.list(GROUP), 6),
    "network interfaces of the subscription": (lambda c: c.network_interfaces.list_all(), 6),
    "virtual networks": (lambda c: c.virtual_networks.list(GROUP), 4),
    "subnets": (lambda c: c.subnets.list(GROUP, "branch-vnet"), 5),
    "peerings": (lambda c: c.virtual_network_peerings.list(GROUP, "az-hub-vnet"), 2),
    "route tables": (lambda c: c.route_tables.list(GROUP), 1),
    "public addresses": (lambda c: c.public_ip_addresses.list(GROUP), 6),
    "security groups": (lambda c: c.network_security_groups.list(GROUP), 5),
    "gateways": (lambda c: c.virtual_network_gateways.list(GROUP), 3),
    "connections": (lambda c: c.virtual_network_gateway_connections.list(GROUP), 3),
    "local network gateways": (lambda c: c.local_network_gateways.list(GROUP), 1),
    "circuits": (lambda c: c.express_route_circuits.list(GROUP), 2),
    "circuit peerings": (lambda c: c.express_route_circuit_peerings.list(GROUP, "azure-er-circuit"), 1),
    "virtual hubs": (lambda c: c.virtual_hubs.list_by_resource_group(GROUP), 1),
    "ip configurations of a Route Server": (lambda c: c.virtual_hub_ip_configuration.list(GROUP, "az-hub-rs"), 1),
}
"""What is listed, and how many the reference lab has."""


def unknown(value: Any, where: str = "") -> Iterator[str]:
    """Paths of what the answer has and the SDK's model does not know, at any depth."""
    fields = getattr(type(value), "_attr_to_rest_field", None)
    if fields is not None:
        known = {field._rest_name for field in fields.values()}
        yield from (f"{where}.{name}" for name in dict(value) if name not in known)
        for name in fields:
            yield from unknown(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from unknown(item, f"{where}[]")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from unknown(item, f"{where}.{name}")


def test_a_property_in_the_wrong_place_would_be_noticed() -> None:
    placed = NetworkInterface(
        {"properties": {"ipConfigurations": [{"privateIPAddress": "10.0.0.4"}]}, "macAddress": ""}
    )
    assert set(unknown(placed)) == {".macAddress", ".properties.ip_configurations[].privateIPAddress"}


@pytest.mark.parametrize("what", LISTINGS)
def test_the_sdk_finds_every_property_where_it_looks_for_it(arm: Served, what: str) -> None:
    ask, count = LISTINGS[what]
    with arm.client() as client:
        found = list(ask(client))
    assert len(found) == count
    assert [path for item in found for path in unknown(item)] == []
    assert all(item.id and item.name and item.etag for item in found)


def test_the_sdk_reads_the_labs_addresses(arm: Served) -> None:
    with arm.client() as client:
        nic = client.network_interfaces.get(GROUP, "az-spk1-lxvm-nic")
        gateway = client.virtual_network_gateways.get(GROUP, "az-hub-vpngw")
        server = client.virtual_hubs.get(GROUP, "az-hub-rs")
        circuit = client.express_route_circuits.get(GROUP, "azure-er-circuit")
        network = client.virtual_networks.get(GROUP, "az-hub-vnet")
    assert nic.ip_configurations[0].private_ip_address == "10.0.1.4"
    assert nic.ip_configurations[0].subnet.id.endswith("/az-spk1-vnet/subnets/subnet1")
    assert gateway.sku is not None
    assert (gateway.sku.name, gateway.gateway_type, gateway.enable_private_ip_address) == ("VpnGw1AZ", "Vpn", True)
    tunnels = [item.tunnel_ip_addresses[1] for item in gateway.bgp_settings.bgp_peering_addresses]
    assert tunnels == ["10.0.0.36", "10.0.0.37"]
    assert server.virtual_router_ips == ["10.0.0.132", "10.0.0.133"]
    assert circuit.sku is not None
    assert (circuit.sku.name, circuit.peerings[0].peer_asn) == ("Standard_MeteredData", 65001)
    assert {subnet.name: subnet.address_prefix for subnet in network.subnets or []}["GatewaySubnet"] == "10.0.0.32/27"


def test_no_secret_is_in_an_answer_that_azure_does_not_give_there(arm: Served) -> None:
    with arm.client() as client:
        for item in client.virtual_network_gateway_connections.list(GROUP):
            shown = client.virtual_network_gateway_connections.get(GROUP, str(item.name)).as_dict()
            assert "sharedKey" not in shown["properties"]
            assert "authorizationKey" not in shown["properties"]
