"""Route tables and states, in all three preferences. Truth is what the lab and others have published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.simulator.rest.deployed import GROUP, Deployed, deploy
from tests.simulator.rest.serving import served
from vpner.simulator.rest.network import OUTSIDE_FILE

PREFERENCES = ("ExpressRoute", "VpnGateway", "ASPath")
OVER_EXPRESSROUTE = ["10.3.129.58"]
OVER_VPN = ["10.0.0.46", "10.0.0.47"]
WORKLOAD, ENDPOINT = "10.100.0.0/24", "10.100.0.4/32"
AZURE_NICS = ("az-hub-lxvm-nic", "az-spk1-lxvm-nic", "az-spk2-lxvm-nic")


def gateway_routes(client: Any, nic: str) -> dict[str, list[str]]:
    """Next hops by prefix of what comes from gateways."""
    table = client.network_interfaces.begin_get_effective_route_table(GROUP, nic).result()
    return {
        row.address_prefix[0]: row.next_hop_ip_address
        for row in table.value
        if row.next_hop_type == "VirtualNetworkGateway"
    }


@pytest.fixture(params=PREFERENCES)
def preferred(request: pytest.FixtureRequest, lab: Deployed) -> Iterator[tuple[str, Any]]:
    """A preference, and a client of the lab that has it."""
    lab.change("virtualHubs/az-hub-rs", hubRoutingPreference=request.param)
    with served(lab.store) as arm, arm.client() as client:
        yield request.param, client


def test_express_route_only_lab_shows_what_it_published(tmp_path: Any) -> None:
    """github.com/dmauser/azure-hub-spoke, vpner-hub-spoke: the listing of the state before the tunnel."""
    tunnel = {"enabled": False, "sku": "VpnGw1AZ", "apipa": [["169.254.21.1"], ["169.254.21.2"]]}
    lab = deploy(tmp_path / "azure", tunnel=tunnel)
    with served(lab.store) as arm, arm.client() as client:
        for nic in AZURE_NICS:
            assert gateway_routes(client, nic) == {WORKLOAD: OVER_EXPRESSROUTE, ENDPOINT: OVER_EXPRESSROUTE}
        spaces = ("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")
        assert gateway_routes(client, "branch-vm1VMNic") == dict.fromkeys(spaces, OVER_EXPRESSROUTE)


def test_preference_decides_the_way_to_the_branch(preferred: tuple[str, Any]) -> None:
    """The lab published two next hops, those of the VPN gateway, for VPN and for ASPath."""
    preference, client = preferred
    expected = OVER_EXPRESSROUTE if preference == "ExpressRoute" else OVER_VPN
    for nic in AZURE_NICS:
        found = gateway_routes(client, nic)
        assert found[WORKLOAD] == expected
        assert found[ENDPOINT] == OVER_EXPRESSROUTE


def test_both_instances_print_what_they_have_learned(preferred: tuple[str, Any]) -> None:
    _, client = preferred
    rows = client.virtual_network_gateways.begin_get_learned_routes(GROUP, "az-hub-vpngw").result().value
    assert {row.local_address for row in rows} == set(OVER_VPN)
    own = [row for row in rows if row.network == WORKLOAD and row.origin == "EBgp"]
    assert [(row.as_path, row.next_hop, row.source_peer) for row in own] == [
        ("65510", "169.254.0.1", "169.254.0.1")
    ] * 2


def test_gateways_know_the_edges_by_addresses_in_their_subnet(preferred: tuple[str, Any]) -> None:
    _, client = preferred
    rows = client.virtual_network_gateways.begin_get_learned_routes(GROUP, "az-hub-ergw").result().value
    assert {row.local_address for row in rows} == {"10.0.0.44"}
    edges = {(row.source_peer, row.next_hop) for row in rows if row.origin == "EBgp"}
    assert edges == {("10.0.0.38", "10.0.0.38")}


def test_peers_are_connected_and_one_can_be_asked_for(preferred: tuple[str, Any]) -> None:
    _, client = preferred
    gateways = client.virtual_network_gateways
    peers = gateways.begin_get_bgp_peer_status(GROUP, "az-hub-vpngw").result().value
    shown = {(peer.neighbor, peer.asn, peer.state) for peer in peers}
    assert ("169.254.0.1", 65510, "Connected") in shown
    assert {("10.0.0.132", 65515, "Connected"), ("10.0.0.133", 65515, "Connected")} <= shown
    one = gateways.begin_get_bgp_peer_status(GROUP, "az-hub-vpngw", peer="169.254.0.1").result().value
    assert {peer.neighbor for peer in one} == {"169.254.0.1"}
    edges = gateways.begin_get_bgp_peer_status(GROUP, "az-hub-ergw").result().value
    assert {peer.asn for peer in edges if peer.neighbor in ("10.0.0.38", "10.0.0.39")} == {12076}


def test_gateway_advertises_the_hub_and_its_spokes_to_the_device(preferred: tuple[str, Any]) -> None:
    _, client = preferred
    advertised = client.virtual_network_gateways.begin_get_advertised_routes
    rows = advertised(GROUP, "az-hub-vpngw", peer="169.254.0.1").result().value
    assert {"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"} <= {row.network for row in rows}
    assert {row.next_hop for row in rows} == {"169.254.21.1", "169.254.21.2"}
    assert advertised(GROUP, "az-hub-vpngw", peer="192.0.2.1").result().value == []


def test_circuit_shows_the_hub_and_the_branch(preferred: tuple[str, Any]) -> None:
    _, client = preferred
    table = client.express_route_circuits.begin_list_routes_table
    rows = table(GROUP, "azure-er-circuit", "AzurePrivatePeering", "primary").result().value
    paths = {(row.network, row.path) for row in rows}
    assert {(WORKLOAD, "65001 12076"), (ENDPOINT, "65001"), ("10.0.1.0/24", "65515")} <= paths
    secondary = table(GROUP, "azure-er-circuit", "AzurePrivatePeering", "secondary").result().value
    assert WORKLOAD not in {row.network for row in secondary}, "the provider built the primary link only"


def test_tunnels_are_connected_and_have_carried_nothing(preferred: tuple[str, Any]) -> None:
    _, client = preferred
    shown = client.virtual_network_gateway_connections.get(GROUP, "az-hub-to-branch-opnnva-conn")
    assert shown.connection_status == "Connected"
    assert [item.connection_status for item in shown.tunnel_connection_status] == ["Connected", "Connected"]
    assert (shown.ingress_bytes_transferred, shown.egress_bytes_transferred) == (0, 0)


def test_without_express_route_at_the_branch_no_tunnel_is_up(lab: Deployed) -> None:
    lab.azure.delete(lab.id("connections/branch-er-circuit-conn-branch"))
    with served(lab.store) as arm, arm.client() as client:
        shown = client.virtual_network_gateway_connections.get(GROUP, "az-hub-to-branch-opnnva-conn")
        assert shown.connection_status == "NotConnected"
        peers = client.virtual_network_gateways.begin_get_bgp_peer_status(GROUP, "az-hub-vpngw").result().value
        assert {peer.state for peer in peers or [] if peer.neighbor == "169.254.0.1"} == {"Connecting"}


def test_what_lies_outside_azure_is_never_guessed_and_can_be_declared(lab: Deployed) -> None:
    lab.stack_file.unlink()
    with served(lab.store) as arm, arm.client() as client:
        with pytest.raises(HttpResponseError, match="SimNetworkUnknown") as refused:
            gateway_routes(client, "az-hub-lxvm-nic")
        assert str(lab.folder / OUTSIDE_FILE) in str(refused.value)
        shown = client.virtual_network_gateway_connections.get(GROUP, "az-hub-to-branch-opnnva-conn")
        assert shown.connection_status == "Unknown"
        (lab.folder / OUTSIDE_FILE).write_text(OUTSIDE)
        assert gateway_routes(client, "az-hub-lxvm-nic")[ENDPOINT] == ["10.3.129.58"]


OUTSIDE = json.dumps(
    {
        "routers": {
            "branch-opnnva-lgw": {
                "addresses": ["10.100.0.4"],
                "networks": ["10.0.0.0/8", WORKLOAD],
                "statics": [{"prefix": f"10.0.0.{last}/32", "next_hop": "10.100.0.1"} for last in (36, 37)],
            },
            "azure-er-circuit-peer": {"networks": [ENDPOINT]},
            "branch-er-circuit-peer": {"networks": []},
        },
        "circuits": {"azure-er-circuit": {"paths": {"primary": {"msee": "10.3.129.58"}}}},
    }
)


def test_route_server_shows_what_an_appliance_announces(lab: Deployed) -> None:
    peer = "virtualHubs/az-hub-rs/bgpConnections/appliance"
    lab.azure.put(lab.id(peer), {"peerIp": "10.0.0.20", "peerAsn": 65020})
    (lab.folder / OUTSIDE_FILE).write_text(json.dumps({"routers": {"appliance": {"networks": ["10.9.0.0/16"]}}}))
    with served(lab.store) as arm, arm.client() as client:
        connections = client.virtual_hub_bgp_connections
        learned = connections.begin_list_learned_routes(GROUP, "az-hub-rs", "appliance").result()
        advertised = connections.begin_list_advertised_routes(GROUP, "az-hub-rs", "appliance").result()
    assert set(learned) == {"RouteServiceRole_IN_0", "RouteServiceRole_IN_1"}
    for rows in learned.values():
        assert [(row.network, row.as_path, row.next_hop) for row in rows] == [("10.9.0.0/16", "65020", "10.0.0.20")]
    assert ("10.0.0.0/24", "65515") in {(row.network, row.as_path) for rows in advertised.values() for row in rows}
