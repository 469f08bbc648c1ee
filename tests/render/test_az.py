"""Tables column for column like the Azure CLI's."""

from __future__ import annotations

from tests.routing.networks import case_named
from vpner.render.az import circuit_table, effective_json, effective_table, learned_table, router_table
from vpner.routing.solve import solve
from vpner.topology import Topology

LAB = case_named("13-ipsec-over-er-lab-er-only").topology


def gateway_rows(topology: Topology, vnet: str, subnet: str) -> list[str]:
    table = str(effective_table(solve(topology).tables.effective[vnet, subnet]))
    return [line for line in table.splitlines() if "VirtualNetworkGateway" in line]


def test_expressroute_only_listing_of_the_reference_lab() -> None:
    """The rows that the lab's author printed with ``-o table | grep VirtualNetworkGateway``."""
    for vnet in ("az-hub-vnet", "az-spk1-vnet", "az-spk2-vnet"):
        assert gateway_rows(LAB, vnet, "subnet1") == [
            "VirtualNetworkGateway  Active  10.100.0.0/24   VirtualNetworkGateway  10.3.129.58",
            "VirtualNetworkGateway  Active  10.100.0.4/32   VirtualNetworkGateway  10.3.129.58",
        ]


def test_effective_table_has_the_headers_and_the_rule_of_az() -> None:
    lines = str(effective_table(solve(LAB).tables.effective["branch-vnet", "subnet1"])).splitlines()
    assert lines[0] == "Source                 State   Address Prefix  Next Hop Type          Next Hop IP"
    assert lines[1] == "---------------------  ------  --------------  ---------------------  -----------"
    assert [line.split()[2] for line in lines if line.startswith("VirtualNetworkGateway")] == [
        "10.0.0.0/24",
        "10.0.1.0/24",
        "10.0.2.0/24",
    ]


def test_route_with_two_next_hops_has_two_lines_and_one_json_entry() -> None:
    rows = solve(case_named("14-ipsec-over-er-lab-aspath").topology).tables.effective["az-hub-vnet", "subnet1"]
    assert [line.split()[-1] for line in str(effective_table(rows)).splitlines() if " 10.100.0.0/24 " in line] == [
        "10.0.0.46",
        "10.0.0.47",
    ]
    [entry] = [entry for entry in effective_json(rows)["value"] if entry["addressPrefix"] == ["10.100.0.0/24"]]
    assert entry["nextHopIpAddress"] == ["10.0.0.46", "10.0.0.47"]
    assert (entry["nextHopType"], entry["source"], entry["state"]) == (
        "VirtualNetworkGateway",
        "VirtualNetworkGateway",
        "Active",
    )


def test_learned_routes_show_the_peer_that_sent_them() -> None:
    topology = case_named("16-rs-transit-er-and-bgp-vpn").topology
    rows = solve(topology).tables.gateway_learned["vgw-hub-dev01/0"]
    lines = str(learned_table(rows, "vgw-hub-dev01/0", topology)).splitlines()
    assert lines[0].split() == ["Network", "NextHop", "Origin", "SourcePeer", "AsPath", "Weight"]
    assert any(line.split()[:4] == ["192.168.29.0/24", "10.0.2.15", "IBgp", "10.0.2.15"] for line in lines)
    assert any(line.split()[:3] == ["10.0.0.0/16", "Network", "10.0.2.14"] for line in lines)


def test_circuit_and_router_tables_show_as_paths() -> None:
    tables = solve(LAB).tables
    assert any(
        line.split() == ["10.100.0.0/24", "65001", "12076", "0"]
        for line in str(circuit_table(tables.circuit_routes["azure-er-circuit/primary"])).splitlines()
    )
    lines = str(router_table(tables.router_routes["provider-mcr"])).splitlines()
    assert any(line.split()[:2] == [">", "10.0.1.0/24"] and line.split()[-1] == "12076" for line in lines)
