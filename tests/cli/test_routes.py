"""``vpner routes``: tables as az prints them, chosen by name."""

from __future__ import annotations

import json

import pytest

from tests.cli.commands import EXPRESSROUTE_ONLY, LAB, vpner

PUBLISHED = """
az-hub-lxvm-nic
VirtualNetworkGateway  Active   10.100.0.0/24     VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.100.0.4/32     VirtualNetworkGateway  10.3.129.58
az-spk1-lxvm-nic
VirtualNetworkGateway  Active   10.100.0.0/24     VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.100.0.4/32     VirtualNetworkGateway  10.3.129.58
az-spk2-lxvm-nic
VirtualNetworkGateway  Active   10.100.0.0/24     VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.100.0.4/32     VirtualNetworkGateway  10.3.129.58
branch-vm1VMNic
VirtualNetworkGateway  Active   10.0.0.0/24       VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.0.2.0/24       VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.0.1.0/24       VirtualNetworkGateway  10.3.129.58
"""
"""What the reference lab's author printed with ``az ... -o table | grep VirtualNetworkGateway`` for each NIC."""


def published() -> dict[str, list[list[str]]]:
    tables: dict[str, list[list[str]]] = {}
    for line in PUBLISHED.splitlines():
        words = [str(word) for word in line.split()]
        if len(words) == 1:
            tables[words[0]] = []
        elif words:
            tables[list(tables)[-1]].append(words)
    return tables


@pytest.mark.parametrize("nic", published())
def test_expressroute_only_listing_of_the_reference_lab_is_printed(nic: str) -> None:
    result = vpner("routes", "--topology", EXPRESSROUTE_ONLY, "--nic", nic)
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith("VirtualNetworkGateway")]
    assert sorted(rows) == sorted(published()[nic])


def test_headers_are_those_of_az_and_the_table_says_predicted() -> None:
    lines = vpner("routes", "--topology", LAB, "--nic", "az-hub-lxvm-nic").stdout.splitlines()
    assert "predicted" in lines[0]
    assert lines[1].split("  ")[0] == "Source"
    assert lines[1].split() == ["Source", "State", "Address", "Prefix", "Next", "Hop", "Type", "Next", "Hop", "IP"]
    assert set(lines[2]) == {"-", " "}


def test_all_tables_are_those_of_nics_and_of_the_subnets_that_azure_cannot_show() -> None:
    document = json.loads(vpner("routes", "--topology", LAB, "--json").stdout)
    assert document["predicted"] is True
    [phase] = document["phases"]
    assert [table["node"] for table in phase["tables"]] == [
        *published(),
        "az-hub-vnet/GatewaySubnet",
        "az-hub-vnet/RouteServerSubnet",
        "branch-vnet/GatewaySubnet",
    ]


def test_json_of_a_nic_is_az_own() -> None:
    [phase] = json.loads(vpner("routes", "--topology", LAB, "--nic", "az-spk1-lxvm-nic", "--json").stdout)["phases"]
    [table] = phase["tables"]
    [row] = [row for row in table["value"] if row["addressPrefix"] == ["10.100.0.0/24"]]
    assert row == {
        "addressPrefix": ["10.100.0.0/24"],
        "disableBgpRoutePropagation": False,
        "name": None,
        "nextHopIpAddress": ["10.0.0.46", "10.0.0.47"],
        "nextHopType": "VirtualNetworkGateway",
        "source": "VirtualNetworkGateway",
        "state": "Active",
    }


NODES = [
    ("effective", "branch-vnet/Untrusted-Subnet", 1),
    ("learned", "az-hub-vpngw", 2),
    ("learned", "az-hub-ergw/0", 1),
    ("learned", "az-hub-rs/0", 2),
    ("advertised", "az-hub-vpngw/branch-opnnva", 2),
    ("advertised", "az-hub-rs", 4),
    ("circuit", "azure-er-circuit", 1),
    ("circuit", "azure-er-circuit/primary", 1),
    ("router", "provider-mcr", 1),
]


@pytest.mark.parametrize(("kind", "node", "count"), NODES)
def test_node_chooses_its_tables(kind: str, node: str, count: int) -> None:
    result = vpner("routes", "--topology", LAB, "--table", kind, "--node", node, "--json")
    [phase] = json.loads(result.stdout)["phases"]
    assert [table["table"] for table in phase["tables"]] == [kind] * count
    assert all(table["node"].startswith(node.partition("/")[0]) for table in phase["tables"])
    text = vpner("routes", "--topology", LAB, "--table", kind, "--node", node).stdout
    assert text.count("predicted") == count


def test_device_learns_the_hub_and_both_spokes_over_each_tunnel() -> None:
    """The lab's diagram: Azure announces 10.0.0/24, 10.0.1/24 and 10.0.2/24 to the site."""
    result = vpner("routes", "--topology", LAB, "--table", "router", "--node", "branch-opnnva", "--json")
    rows = json.loads(result.stdout)["phases"][0]["tables"][0]["value"]
    for network in ("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"):
        assert {row["nextHop"] for row in rows if row["network"] == network} == {"169.254.21.1", "169.254.21.2"}


def test_unknown_names_are_bad_input_with_the_nearest_known_one() -> None:
    for option, name, near in (("--nic", "az-hub-lxvm", "az-hub-lxvm-nic"), ("--node", "az-hub-vpn", "az-hub-vpngw")):
        table = ["--table", "learned"] if option == "--node" else []
        result = vpner("routes", "--topology", LAB, *table, option, name)
        assert result.exit_code == 3
        assert near in result.stderr


def test_nic_with_another_table_is_contradictory() -> None:
    result = vpner("routes", "--topology", LAB, "--nic", "az-hub-lxvm-nic", "--table", "learned")
    assert result.exit_code == 3
    assert "--nic already says which table" in result.stderr


def test_assumptions_that_a_prediction_rests_on_are_named() -> None:
    result = vpner("routes", "--topology", LAB)
    assert "msee_accepts_own_asn" in result.stderr


def test_every_phase_of_an_oscillating_network_is_shown() -> None:
    """Without the device's host routes its outer packets follow BGP into the tunnel, which dies and comes back."""
    text = LAB.read_text(encoding="utf-8")
    lost = "\n".join(line for line in text.splitlines() if "next_hop: 10.100.0.1}" not in line)
    result = vpner("routes", "--topology", "-", "--nic", "az-hub-lxvm-nic", stdin=lost)
    assert "phase 1 of 2" in result.stdout
    assert "phase 2 of 2" in result.stdout
