"""Azure's JSON as rows and states: what ARM, the SDK and the Azure CLI print, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.readers.stacks import example
from vpner.comparison import Cause, compare
from vpner.problems import Problems
from vpner.readers.observed import Document, read_observed
from vpner.readers.observed.states import Connection, Tunnel

LAB = example("reference-lab")
NIC = "effective_routes/az-spk1-lxvm-nic"
TUNNEL = "az-hub-to-branch-opnnva-conn"


def route(prefix: str, kind: str, *hops: str, source: str = "VirtualNetworkGateway", state: str = "Active") -> Any:
    listed = {"addressPrefix": [prefix], "nextHopIpAddress": list(hops)}
    return {**listed, "nextHopType": kind, "source": source, "state": state, "name": None}


def effective(*rows: Any) -> list[dict[str, Any]]:
    observed = read_observed({NIC: Document({"value": list(rows)})}, LAB)
    return [row.model_dump(exclude_unset=True) for row in observed.tables.effective_routes["az-spk1-lxvm-nic"].rows]


def test_next_hops_are_one_row_whether_azure_prints_one_or_several() -> None:
    """Both forms are published: github.com/kaysalawu/azure-network-terraform, github.com/fabferri/az-pattern."""
    one = effective(route("10.100.0.0/24", "VirtualNetworkGateway", "10.0.0.46", "10.0.0.47"))
    several = effective(
        route("10.100.0.0/24", "VirtualNetworkGateway", "10.0.0.46"),
        route("10.100.0.0/24", "VirtualNetworkGateway", "10.0.0.47"),
    )
    assert one == several
    assert one[0]["next_hops"] == ["10.0.0.46", "10.0.0.47"]


def test_rows_of_different_states_stay_apart() -> None:
    rows = effective(
        route("10.0.0.0/8", "VirtualAppliance", "10.0.0.20", source="User"),
        route("10.0.0.0/8", "VirtualNetworkGateway", "10.0.0.46", state="Invalid"),
    )
    assert [(row["type"], row["state"]) for row in rows] == [
        ("VirtualAppliance", "Active"),
        ("VirtualNetworkGateway", "Invalid"),
    ]


def test_routes_of_platform_services_are_left_out_and_named() -> None:
    body = {"value": [route("10.0.1.9/32", "InterfaceEndpoint", source="Default")]}
    observed = read_observed({NIC: Document(body)}, LAB)
    assert observed.tables.effective_routes["az-spk1-lxvm-nic"].rows == []
    assert observed.left_out == (f"{NIC}: 10.0.1.9/32 of type InterfaceEndpoint, which no gateway or peer changes",)


LEARNED = {
    "localAddress": "10.0.0.46",
    "network": "10.100.0.0/24",
    "nextHop": "169.254.0.1",
    "sourcePeer": "169.254.0.1",
    "origin": "EBgp",
    "asPath": "65510",
    "weight": 32768,
}
EDGE = {**LEARNED, "network": "10.100.0.4/32", "nextHop": "10.0.0.38", "asPath": "12076-65001", "origin": "IBgp"}


def test_instances_that_print_together_are_told_apart_by_their_address() -> None:
    body = {"value": [LEARNED, {**LEARNED, "localAddress": "10.0.0.47"}]}
    tables = read_observed({"gateway_learned/az-hub-vpngw": Document(body)}, LAB).tables.gateway_learned
    assert {key: len(table.rows) for key, table in tables.items()} == {"az-hub-vpngw/0": 1, "az-hub-vpngw/1": 1}
    row = tables["az-hub-vpngw/0"].rows[0]
    assert (row.as_path, row.next_hop, row.origin, row.weight) == ([65510], "169.254.0.1", "EBgp", 32768)


def test_an_instance_that_the_topology_does_not_know_makes_it_unclear() -> None:
    body = {"value": [LEARNED, {**LEARNED, "localAddress": "10.0.0.99"}]}
    observed = read_observed({"gateway_learned/az-hub-vpngw": Document(body)}, LAB)
    assert len(observed.unclear) == 1
    assert "10.0.0.99" in observed.unclear[0]


def test_an_edges_address_in_the_gateway_subnet_is_not_compared() -> None:
    tables = read_observed({"gateway_learned/az-hub-vpngw": Document({"value": [EDGE]})}, LAB).tables.gateway_learned
    assert tables["az-hub-vpngw/0"].rows[0].next_hop is None


def test_instances_of_a_route_server_are_one_table() -> None:
    row = {**LEARNED, "nextHop": "10.0.0.20", "asPath": "65020"}
    body = {"RouteServiceRole_IN_0": [row], "RouteServiceRole_IN_1": [{**row, "localAddress": "x"}], "value": None}
    key = "route_server_learned/az-hub-rs/az-hub-vpngw"
    tables = read_observed({key: Document(body)}, LAB).tables.route_server_learned
    assert [item.model_dump(exclude_unset=True) for item in tables["az-hub-rs/az-hub-vpngw"].rows] == [
        {"prefix": "10.100.0.0/24", "as_path": [65020], "next_hop": "10.0.0.20"}
    ]


@pytest.mark.parametrize("peer", ["branch-opnnva", "169.254.0.1"])
def test_a_peer_is_given_by_name_or_address(peer: str) -> None:
    tables = read_observed({f"gateway_advertised/az-hub-vpngw/{peer}": Document([LEARNED])}, LAB).tables
    assert list(tables.gateway_advertised) == ["az-hub-vpngw/branch-opnnva"]


def test_a_circuits_table_has_spaces_in_its_paths() -> None:
    row = {"network": "10.100.0.0/24", "nextHop": "169.254.98.61", "path": "65001 12076", "locPrf": "", "weight": 0}
    tables = read_observed({"circuit_routes/azure-er-circuit/primary": Document({"value": [row]})}, LAB).tables
    assert tables.circuit_routes["azure-er-circuit/primary"].rows[0].as_path == [65001, 12076]


SHOWN = {
    "connectionType": "IPsec",
    "connectionStatus": "Connected",
    "useLocalAzureIpAddress": True,
    "ingressBytesTransferred": 7,
    "egressBytesTransferred": 8,
    "tunnelConnectionStatus": [{"tunnel": "t", "connectionStatus": "Connected", "ingressBytesTransferred": 7}],
}


@pytest.mark.parametrize("body", [SHOWN, {"name": TUNNEL, "properties": SHOWN}], ids=["az", "ARM"])
def test_a_connection_is_read_from_the_cli_and_from_arm(body: Any) -> None:
    observed = read_observed({f"connections/{TUNNEL}": Document(body)}, LAB)
    tunnels = (Tunnel("t", "Connected", 7, 0),)
    assert observed.connections == (Connection(TUNNEL, "IPsec", "Connected", True, 7, 8, tunnels),)


def test_a_gateway_without_any_peer_is_known_to_have_none() -> None:
    observed = read_observed({"bgp_peers/az-hub-vpngw": Document({"value": []})}, LAB)
    assert observed.peers == {"az-hub-vpngw": ()}
    (difference,) = compare(LAB, observed).differences
    assert (difference.cause, difference.predicted, difference.observed) == (Cause.STATE, "2", "0")


def test_what_does_not_exist_and_what_could_not_be_asked_are_different() -> None:
    observed = read_observed({NIC: Document(None), "gateways/az-hub-vpngw": Document(failed="Forbidden: no")}, LAB)
    assert observed.absent == (NIC,)
    assert observed.unclear == ("gateways/az-hub-vpngw: Forbidden: no",)


REFUSED = {
    "another kind": ("x/y", {"value": []}, "observed-unknown", "use one of"),
    "a kind that is nearly one": ("effective_route/x", {"value": []}, "observed-unknown", "write effective_routes"),
    "another name": ("effective_routes/az-spk3-lxvm-nic", {}, "observed-unknown", "write az-spk"),
    "another peer": ("gateway_advertised/az-hub-vpngw/192.0.2.1", {"value": []}, "observed-unknown", "branch-opnnva"),
    "a third path": ("circuit_routes/azure-er-circuit/third", {"value": []}, "observed-unknown", "azure-er-circuit"),
    "no rows": (NIC, {"error": {"code": "x"}}, "observed-unreadable", "-o json"),
    "text": (NIC, "10.0.0.0/8", "observed-unreadable", "-o json"),
    "a table of another command": (NIC, {"value": [LEARNED]}, "observed-unreadable", "-o json"),
    "a row without prefix": ("gateway_learned/az-hub-ergw", {"value": [{}]}, "observed-unreadable", "-o json"),
    "a list of connections": (f"connections/{TUNNEL}", [SHOWN], "observed-unreadable", "-o json"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_refused_with_what_to_do(what: str) -> None:
    key, body, code, remedy = REFUSED[what]
    with pytest.raises(Problems) as refused:
        read_observed({key: Document(body)}, LAB)
    (problem,) = refused.value.problems
    assert (problem.code, problem.where) == (code, key)
    assert remedy in problem.remedy


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = {f"effective_routes/nic{index}": Document({"value": []}) for index in range(3)}
    with pytest.raises(Problems) as refused:
        read_observed(wrong, LAB)
    assert len(refused.value.problems) == 3
