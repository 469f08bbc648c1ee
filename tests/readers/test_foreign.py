"""Stacks of anybody's programs: plain resources, references inside and outside the stack, and what cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.policies.test_foreign import CONFIGURATION, hub
from tests.readers.stacks import HUB, NETWORK, azure, component, written
from vpner.problems import Problems
from vpner.readers.compare import differences
from vpner.readers.resources import UNKNOWN, Resource, Snapshot, Value
from vpner.readers.stack import read_stack
from vpner.rules.declared import POLICY
from vpner.topology import GATEWAY_SUBNET, Topology, Underlay

CARRIER = {
    "routers": {"pe": {"asn": 65001, "networks": ["172.16.9.1/32"]}},
    "circuits": {"carrier-1": {"paths": {"primary": {"router": "pe"}}}},
}


def read(*resources: Resource, declared: Mapping[str, Any] | None = None) -> Topology:
    return read_stack(Snapshot(resources), declared)


def problems(*resources: Resource, declared: Mapping[str, Any] | None = None) -> list[tuple[str, str, str]]:
    """Place, code and remedy of each problem."""
    with pytest.raises(Problems) as raised:
        read(*resources, declared=declared)
    return [(item.where, item.code, item.remedy) for item in raised.value.problems]


def edited(resources: tuple[Resource, ...], name: str, path: str, value: Value) -> tuple[Resource, ...]:
    """The resources with one property of one of them changed."""

    def change(resource: Resource) -> Resource:
        if resource.name != name:
            return resource
        properties = cast("dict[str, Any]", deepcopy(resource.properties))
        found: Any = properties
        *way, last = path.split(".")
        for key in way:
            found = found[int(key)] if key.isdigit() else found.setdefault(key, {})
        found[last] = value
        return replace(resource, properties=properties)

    return tuple(change(item) for item in resources)


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_literal_ids_and_references_make_the_same_topology(tmp_path: Path, preview: bool) -> None:
    topologies = [
        read_stack(written(tmp_path / "snapshot.json", hub(literal=literal), preview=preview), CARRIER)
        for literal in (True, False)
    ]
    assert differences(*topologies) == []
    topology = topologies[0]
    (connection,) = topology.vpn_connections
    assert (connection.gateway, connection.remote, connection.over) == ("vpn-gw", "site", Underlay.EXPRESSROUTE)
    assert [str(prefix) for prefix in connection.static_prefixes] == ["172.20.0.0/16"]
    assert [item.circuit for item in topology.er_connections] == ["carrier-1"]
    assert [gateway.vnet for gateway in (*topology.vpn_gateways, *topology.er_gateways)] == ["core", "core"]


def test_a_circuit_elsewhere_is_asked_for_once_with_what_to_declare(tmp_path: Path) -> None:
    found = written(tmp_path / "snapshot.json", hub(literal=True), preview=True)
    ((where, code, remedy),) = problems(*found.resources)
    assert (where, code) == ("VirtualNetworkGatewayConnection er-conn", "stack-outside")
    assert "circuits: {carrier-1: {paths: {primary: {router: ROUTER}}}}" in remedy


def test_what_the_packs_configuration_declares_completes_the_stack(tmp_path: Path) -> None:
    found = written(tmp_path / "snapshot.json", hub(literal=True), preview=True)
    topology = read_stack(found, CONFIGURATION[POLICY]["topology"])
    (connection,) = topology.vpn_connections
    assert connection.remote == "fw"
    (device,) = [router for router in topology.routers if router.name == "fw"]
    assert [str(static.prefix) for static in device.statics] == ["vpn-gw.instances[0].tunnel"]


def test_plain_resources_need_no_component() -> None:
    topology = read(*HUB)
    (vnet,) = topology.vnets
    assert {subnet.name for subnet in vnet.subnets} == {"GatewaySubnet", "RouteServerSubnet", "work"}
    (gateway,) = topology.vpn_gateways
    assert (gateway.name, gateway.asn, len(gateway.instances)) == ("vpn-gw", 65515, 1)
    (connection,) = topology.vpn_connections
    assert (connection.over, connection.bgp, str(connection.remote_endpoint)) == (Underlay.INTERNET, False, "192.0.2.1")


OTHER_VNET = f"{NETWORK}/virtualNetworks/elsewhere"
PEERING = azure(
    "VirtualNetworkPeering",
    "to-elsewhere",
    {"virtualNetworkName": "core", "remoteVirtualNetwork": {"id": OTHER_VNET}, "allowGatewayTransit": True},
)
NIC = azure("NetworkInterface", "nic", {"networkInterfaceName": "nic"})
WORK = f"{NETWORK}/virtualNetworks/core/subnets/work"
MISSING: list[tuple[str, tuple[Resource, ...], str, str, str]] = [
    ("unknown address space", edited(HUB, "hub", "addressSpace", UNKNOWN), "VirtualNetwork hub", "stack-unknown", ""),
    ("unknown gateway type", edited(HUB, "vpn", "gatewayType", UNKNOWN), "VirtualNetworkGateway vpn", "", "Vpn"),
    ("unknown flag", edited(HUB, "vpn", "activeActive", UNKNOWN), "VirtualNetworkGateway vpn", "stack-unknown", ""),
    ("unknown endpoint", edited(HUB, "local", "gatewayIpAddress", UNKNOWN), "LocalNetworkGateway local", "", "literal"),
    (
        "gateway in a network elsewhere",
        edited(HUB, "vpn", "ipConfigurations.0.subnet.id", f"{OTHER_VNET}/subnets/GatewaySubnet"),
        "VirtualNetworkGateway vpn",
        "stack-unknown",
        "vpn_gateways: {vpn-gw: {vnet: VNET}}",
    ),
    (
        "gateway of a connection elsewhere",
        edited(HUB, "s2s", "virtualNetworkGateway1.id", f"{NETWORK}/virtualNetworkGateways/other-gw"),
        "VirtualNetworkGatewayConnection s2s",
        "stack-outside",
        "vpn_gateways: {other-gw: {vnet: VNET}}",
    ),
    (
        "local network gateway elsewhere",
        edited(HUB, "s2s", "localNetworkGateway2.id", f"{NETWORK}/localNetworkGateways/other"),
        "VirtualNetworkGatewayConnection s2s",
        "stack-outside",
        "vpn_connections: [{name: s2s, remote: ROUTER",
    ),
    ("peer elsewhere", (*HUB, PEERING), "VirtualNetworkPeering to-elsewhere", "stack-outside", "vnets: {elsewhere:"),
    (
        "BGP with a device of which only the address is known",
        edited(edited(HUB, "s2s", "enableBgp", True), "local", "bgpSettings", {"asn": 65010}),
        "LocalNetworkGateway local",
        "stack-outside",
        "routers: {site: {networks: [...]",
    ),
    (
        "appliance that peers with Route Server",
        (
            *HUB,
            azure("VirtualHub", "rs", {"virtualHubName": "rs"}),
            azure(
                "VirtualHubIpConfiguration",
                "rs-ip",
                {
                    "virtualHubName": "rs",
                    "subnet": {"id": f"{NETWORK}/virtualNetworks/core/subnets/RouteServerSubnet"},
                },
            ),
            azure(
                "VirtualHubBgpConnection",
                "nva",
                {"virtualHubName": "rs", "connectionName": "nva", "peerIp": "10.0.1.4", "peerAsn": 65020},
            ),
        ),
        "VirtualHubBgpConnection nva",
        "stack-outside",
        "routers: {nva: {networks: [...]}}",
    ),
    (
        "network interface in an unknown subnet",
        (*HUB, edited((NIC,), "nic", "ipConfigurations", [{"subnet": {"id": UNKNOWN}}])[0]),
        "NetworkInterface nic",
        "stack-unknown",
        "nics: {nic: {vnet: ..., subnet: ..., ip: ...}}",
    ),
    (
        "service tag as destination",
        (
            *HUB,
            azure(
                "RouteTable",
                "table",
                {
                    "routeTableName": "udr",
                    "routes": [{"addressPrefix": "AzureCloud", "nextHopType": "Internet"}],
                },
            ),
        ),
        "RouteTable table",
        "stack-not-modelled",
        "route_tables: {udr:",
    ),
    (
        "policy-based traffic selectors",
        edited(HUB, "s2s", "usePolicyBasedTrafficSelectors", True),
        "VirtualNetworkGatewayConnection s2s",
        "stack-not-modelled",
        "vpn_connections: [{name: s2s",
    ),
    ("virtual WAN", (*HUB, Resource("w", "azure-native:network:VirtualWan", "w", {})), "VirtualWan w", "", "vnets"),
    (
        "single route of another API version",
        (*HUB, Resource("r", "azure-native:network/v20240501:Route", "r", {})),
        "Route r",
        "stack-not-modelled",
        "route_tables",
    ),
    (
        "classic provider",
        (*HUB, Resource("v", "azure:network/virtualNetwork:VirtualNetwork", "v", {"device": {}})),
        "VirtualNetwork v",
        "stack-not-modelled",
        "",
    ),
    (
        "device whose statics are unknown",
        (
            *HUB,
            component("site", device={"name": "fw", "endpoint": "192.0.2.1", "statics": UNKNOWN, "advertises": []}),
        ),
        "Site site",
        "stack-unknown",
        "routers: {fw:",
    ),
    ("unknown intent", (*HUB, component("site", intent=UNKNOWN)), "Site site", "stack-unknown", ""),
]


@pytest.mark.parametrize(("what", "resources", "where", "code", "remedy"), MISSING, ids=[item[0] for item in MISSING])
def test_what_is_missing_is_named_with_the_key_to_declare(
    what: str, resources: tuple[Resource, ...], where: str, code: str, remedy: str
) -> None:
    ((found_where, found_code, found_remedy),) = problems(*resources)
    assert found_where == where
    assert found_code.startswith(code or "stack-")
    assert remedy in found_remedy


def test_everything_that_is_missing_is_reported_at_once() -> None:
    resources = edited(edited(HUB, "vpn", "activeActive", UNKNOWN), "local", "gatewayIpAddress", UNKNOWN)
    assert len(problems(*resources, PEERING)) == 3


def test_a_declaration_completes_the_stack() -> None:
    declared = {
        "vnets": {"elsewhere": {"prefixes": ["10.9.0.0/16"], "subnets": {"vm": {"prefix": "10.9.0.0/24"}}}},
        "peerings": [{"vnet": "elsewhere", "remote": "core", "use_remote_gateways": True}],
        "nics": {"far": {"vnet": "elsewhere", "subnet": "vm", "ip": "10.9.0.4"}},
    }
    topology = read(*HUB, PEERING, declared=declared)
    assert [vnet.name for vnet in topology.vnets] == ["core", "elsewhere"]
    assert [(item.vnet, item.allow_gateway_transit) for item in topology.peerings] == [
        ("core", True),
        ("elsewhere", False),
    ]


def test_a_declaration_wins_and_changes_nothing_else() -> None:
    declared = {"vpn_connections": [{"name": "s2s", "state": "down"}], "routers": {"site": {"asn": 65010}}}
    topology, plain = read(*HUB, declared=declared), read(*HUB)
    assert topology.vpn_connections == (replace(plain.vpn_connections[0], state=topology.vpn_connections[0].state),)
    assert topology.vpn_connections[0].state == "down"
    assert topology.routers == (replace(plain.routers[0], asn=65010),)


def test_a_mistake_in_a_declaration_is_reported_by_name() -> None:
    declared = {"peerings": [{"vnet": "core", "remote": "nowhere"}]}
    ((where, code, _),) = problems(*HUB, declared=declared)
    assert (where, code) == ("peerings[core to nowhere].remote", "unknown-reference")


def test_overlapping_subnets_are_reported_like_in_a_file() -> None:
    resources = edited(HUB, "hub", "subnets.2.addressPrefixes", ["10.0.0.0/28"])
    ((where, code, _),) = problems(*resources)
    assert (where, code) == ("vnets.core.subnets.work.prefix", "overlap")


def test_networks_of_one_name_in_two_resource_groups_are_told_apart() -> None:
    space = {"virtualNetworkName": "core", "addressSpace": {"addressPrefixes": ["10.8.0.0/16"]}}
    topology = read(*HUB, azure("VirtualNetwork", "second", space, group="rg2"))
    assert [vnet.name for vnet in topology.vnets] == ["rg/core", "rg2/core"]
    assert [gateway.vnet for gateway in topology.vpn_gateways] == ["rg/core"]


def test_a_dynamic_address_is_a_symbol_of_its_subnet() -> None:
    (nic,) = edited((NIC,), "nic", "ipConfigurations", [{"privateIPAddress": UNKNOWN, "subnet": {"id": WORK}}])
    (found,) = read(*HUB, nic).nics
    assert (str(found.ip), str(getattr(found.ip, "within", ""))) == ("nic.ip", "10.0.1.0/24")


def test_of_several_subnets_the_one_that_holds_the_address_is_meant() -> None:
    """At preview no id is known, and the property was made from every subnet of the network."""
    subnets = [
        azure(
            "Subnet",
            name,
            {"virtualNetworkName": "core", "subnetName": name, "addressPrefix": prefix},
        )
        for name, prefix in (("left", "10.0.2.0/24"), ("right", "10.0.3.0/24"))
    ]
    configurations = [{"privateIPAddress": "10.0.3.9", "subnet": {"id": UNKNOWN}}]
    properties = {"networkInterfaceName": "nic", "ipConfigurations": configurations}
    nic = azure("NetworkInterface", "nic", properties, {"ipConfigurations": ("left", "right")})
    (found,) = read(*HUB, *subnets, nic).nics
    assert found.subnet == "right"


def test_an_active_active_gateway_has_the_addresses_of_each_instance_whatever_their_order() -> None:
    gateway = f"{NETWORK}/virtualNetworkGateways/vpn-gw"
    properties = {
        "virtualNetworkGatewayName": "vpn-gw",
        "gatewayType": "Vpn",
        "activeActive": True,
        "enablePrivateIpAddress": True,
        "ipConfigurations": [
            {"name": name, "subnet": {"id": f"{NETWORK}/virtualNetworks/core/subnets/{GATEWAY_SUBNET}"}}
            for name in ("first", "second")
        ],
        "bgpSettings": {
            "asn": 65020,
            "bgpPeeringAddresses": [
                {
                    "ipconfigurationId": f"{gateway}/ipConfigurations/{name}",
                    "defaultBgpIpAddresses": [f"10.0.0.{last}"],
                    "tunnelIpAddresses": [f"198.51.100.{last}", f"10.0.0.{last + 8}"],
                }
                for name, last in (("second", 5), ("first", 4))
            ],
        },
    }
    resources = [item for item in HUB if item.name != "vpn"]
    (found,) = read(*resources, azure("VirtualNetworkGateway", "vpn", properties)).vpn_gateways
    assert [(str(item.bgp), str(item.tunnel)) for item in found.instances] == [
        ("10.0.0.4", "10.0.0.12"),
        ("10.0.0.5", "10.0.0.13"),
    ]
    assert found.asn == 65020


def test_two_connections_between_two_gateways_are_one_tunnel() -> None:
    second = azure(
        "VirtualNetworkGateway",
        "vpn2",
        {**HUB[1].properties, "virtualNetworkGatewayName": "vpn-gw-2"},
    )
    ends = ("vpn-gw", "vpn-gw-2")
    connections = [
        azure(
            "VirtualNetworkGatewayConnection",
            f"{one}-{other}",
            {
                "virtualNetworkGatewayConnectionName": f"{one}-{other}",
                "connectionType": "Vnet2Vnet",
                "enableBgp": True,
                "virtualNetworkGateway1": {"id": f"{NETWORK}/virtualNetworkGateways/{one}"},
                "virtualNetworkGateway2": {"id": f"{NETWORK}/virtualNetworkGateways/{other}"},
            },
        )
        for one, other in (ends, ends[::-1])
    ]
    topology = read(*HUB[:2], second, *connections)
    (tunnel,) = topology.vpn_connections
    assert {tunnel.gateway, tunnel.remote} == set(ends)
    assert tunnel.bgp


def test_a_stack_without_network_is_an_empty_topology() -> None:
    assert read() == Topology(())
