"""What Azure has shown others, in the forms of several years: see published/README.md."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.mgmt.network.models as sdk
import pytest
import yaml

from tests.cli.commands import vpner
from vpner.cli.inputs import read_network
from vpner.problems import Problems
from vpner.readers.case import read_case
from vpner.readers.export import _PEERING, _SPELLED, Export, read_export  # pyright: ignore[reportPrivateUsage]
from vpner.readers.gaps import not_exported, unanswered
from vpner.readers.stack import read_stack

PUBLISHED = Path(__file__).parent / "published"
SUBNET = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/active-active/providers/Microsoft.Network"
    "/virtualNetworks/vnet1/subnets/GatewaySubnet"
)
NETWORKS = sorted(folder.name for folder in PUBLISHED.iterdir() if (folder / "expected.yaml").exists())


def expected(network: str) -> Any:
    return read_case((PUBLISHED / network / "expected.yaml").read_text(encoding="utf-8"), "expected.yaml").topology


@pytest.mark.parametrize("network", NETWORKS)
def test_a_published_network_is_read_as_its_publication_describes_it(network: str) -> None:
    folder = PUBLISHED / network
    assert read_network(None, None, str(folder / "outside.yaml"), [folder]) == expected(network)


@pytest.mark.parametrize("spell", [str.lower, str.upper], ids=["lower", "upper"])
def test_ids_are_compared_without_their_case(spell: Callable[[str], str]) -> None:
    """Azure itself has resourcegroups and RESOURCEGROUPS in places, and names in the case in which they were typed."""
    folder = PUBLISHED / "active-active"

    def respelled(value: Any) -> Any:
        """References in another case; a resource's own id in the third that occurs, with its name as it is."""
        if isinstance(value, dict):
            mine = "name" in value
            return {
                key: (str.title if mine and key == "id" else spell)(item)
                if key in ("id", "ipconfigurationId")
                else respelled(item)
                for key, item in value.items()
            }
        return [respelled(item) for item in value] if isinstance(value, list) else value

    documents = {file.name: respelled(json.loads(file.read_text())) for file in folder.glob("*.json")}
    declared = yaml.safe_load((folder / "outside.yaml").read_text())["topology"]
    assert read_stack(read_export(documents), declared) == expected("active-active")


def single(name: str) -> Export:
    return read_export({name: json.loads((PUBLISHED / "single" / f"{name}.json").read_text(encoding="utf-8"))})


@pytest.mark.parametrize(("year", "asn"), [(2017, 7671), (2020, 10001)])
def test_a_circuits_peering_has_its_as_number_in_both_spellings(year: int, asn: int) -> None:
    (peering,) = single(f"circuit-peering-{year}").of_kind("ExpressRouteCircuitPeering")
    assert peering.get("peerASN") == asn


def test_an_object_of_nulls_only_refers_to_a_gateway() -> None:
    export = single("connection-of-nulls-2017")
    assert [item.kind for item in export.resources] == ["VirtualNetworkGatewayConnection"]
    (missing,) = not_exported(export)
    assert missing.remedy.startswith("az network vnet-gateway list -g Vnet-Vnet -o json")


def test_a_route_server_without_its_subnet_is_known_and_its_subnet_asked_for() -> None:
    export = single("route-server-2021")
    (server,) = export.of_kind("VirtualHub")
    assert (server.get("virtualRouterAsn"), server.get("virtualRouterIps")) == (65515, ["172.16.3.4", "172.16.3.5"])
    with pytest.raises(Problems, match="VirtualHubIpConfiguration"):
        read_stack(export, {})


def test_a_peering_of_subnets_is_not_taken_for_one_of_networks() -> None:
    with pytest.raises(Problems, match="peerCompleteVnets is false"):
        read_stack(single("subnet-peering-2024"), {"vnets": {"Lab12-hub1-vnet": {"prefixes": [], "subnets": {}}}})


def changed_gateway(network: str = "active-active", **properties: Any) -> list[Any]:
    documents = [json.loads(file.read_text()) for file in (PUBLISHED / network).glob("*.json")]
    for document in documents:
        if document["type"].endswith("/virtualNetworkGateways"):
            document["properties"] |= properties
    return documents


def test_a_private_tunnel_address_is_read_where_newer_api_versions_have_it() -> None:
    """Templates take it from ``ipConfigurations[0].properties.privateIPAddress``. [fabferri: Site-to-Site VPN over vnet
    peering using VPN Gateway private IP addresses, 21 November 2023]"""
    configurations = [
        {"name": f"c{index}", "properties": {"privateIPAddress": ip, "subnet": {"id": SUBNET}}}
        for index, ip in enumerate(("10.12.255.6", "10.12.255.7"))
    ]
    documents = changed_gateway(enablePrivateIpAddress=True, ipConfigurations=configurations)
    (gateway,) = read_stack(read_export({"all": documents}), {"routers": {"lgw3": {"networks": []}}}).vpn_gateways
    assert [str(instance.tunnel) for instance in gateway.instances] == ["10.12.255.6", "10.12.255.7"]


def test_a_default_site_is_not_ignored() -> None:
    """Forced tunnelling. [Learn: Configure forced tunneling using default site, 2025]"""
    documents = changed_gateway(gatewayDefaultSite={"id": SUBNET})
    with pytest.raises(Problems, match="gatewayDefaultSite"):
        read_stack(read_export({"all": documents}), {"routers": {"lgw3": {"networks": []}}})


def test_networks_of_one_name_in_two_subscriptions_are_two() -> None:
    vnet = (PUBLISHED / "active-active" / "vnet.json").read_text(encoding="utf-8")
    other = vnet.replace("00000000-0000-0000-0000-000000000000", "11111111-0000-0000-0000-000000000000")
    other = other.replace("10.11.", "10.21.").replace("10.12.", "10.22.")
    found = read_stack(read_export({"one": json.loads(vnet), "two": json.loads(other)}))
    first, second = found.vnets
    assert first.name != second.name
    assert {str(vnet.subnets[0].prefix) for vnet in found.vnets} == {"10.12.255.0/27", "10.22.255.0/27"}


def test_what_stands_in_a_subnet_is_missed() -> None:
    """The ExpressRoute gateway is in the answer only by its ip configuration, in the subnet of the VPN gateway."""
    export = single("gateway-with-its-subnet-2021")
    said = {problem.where: problem.remedy for problem in unanswered(export, {})}
    assert said.keys() == {"virtualNetworkGateways/East-Express-GW", "VirtualNetworkGateway East-VPN-GW"}
    assert said["virtualNetworkGateways/East-Express-GW"].startswith("az network vnet-gateway list -g East-RG1")
    assert said["VirtualNetworkGateway East-VPN-GW"].startswith("az network vpn-connection list -g East-RG1")
    declared = {"er_gateways": {"East-Express-GW": {"vnet": "x"}}, "vpn_connections": []}
    assert unanswered(export, declared) == []


def test_every_spelling_is_that_of_the_sdk() -> None:
    """In the SDK an attribute is ``peer_asn``, with ARM's name beside it; older CLIs made ``peerAsn`` of it."""
    source = inspect.getsource(inspect.getmodule(sdk.Subnet) or sdk)
    fields = re.findall(r"^    (\w+): .*?rest_field\(\s*(?:name=\"(\w+)\")?", source, re.MULTILINE | re.DOTALL)
    older = {(re.sub(r"_(\w)", lambda found: found[1].upper(), python), arm) for python, arm in fields if arm}
    assert len(older) > 500
    assert set(_SPELLED.items()) - older == set()
    assert {(_PEERING, "azureASN"), ("peerAsn", "peerASN")} <= older


def test_check_says_what_is_missing_and_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "outside.yaml"
    file.write_text("intent: [{name: i, from: [172.17.11.0/24], to: [192.168.0.0/24], mode: required}]")
    done = vpner("check", "--arm", PUBLISHED / "single" / "gateway-with-its-subnet-2021.json", "--outside", file)
    assert done.exit_code == 2, done.output
    said = " ".join(done.output.split())
    for command in ("vnet list", "vnet-gateway list", "vpn-connection list", "route-table list"):
        assert f"az network {command} -g East-RG1 -o json" in said
