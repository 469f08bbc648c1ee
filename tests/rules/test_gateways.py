"""The rules on gateways, their addresses and subnets, and BGP inside the tunnels: boundaries, spellings, places."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpner.readers.resources import UNKNOWN, Value
from vpner.rules import RULES, Network, Outcome
from vpner.rules.examples import example_network
from vpner.rules.registry import DECLARED, MADE_FROM, Edit

VIOLATION, INCONCLUSIVE = Outcome.VIOLATION, Outcome.INCONCLUSIVE
IDS = "/subscriptions/0/resourceGroups/lab/providers/Microsoft.Network"


def judge(rule: str, *edits: Edit) -> list[Outcome]:
    """Everything that the rule says about the example network with the edits, but passes."""
    return findings(rule, example_network(edits))


def findings(rule: str, network: Network) -> list[Outcome]:
    found = [finding.outcome for finding in RULES[rule].run(network)]
    return [outcome for outcome in found if outcome is not Outcome.PASS]


INTERNET = (
    Edit("vpn-gateway", "enablePrivateIpAddress", None),
    Edit("connection", "useLocalAzureIpAddress", None),
    Edit("local", "gatewayIpAddress", "203.0.113.4"),
)
"""The VPN runs over the Internet."""
ON_TUNNELS = (
    "private-address-pair",
    "route-based-gateway",
    "az-gateway-sku",
    "zonal-gateway-addresses",
    "platform-subnet-names",
    "gateway-subnet-size",
    "route-server-subnet-size",
    "route-server-subnet-advised-size",
    "no-nsg-on-platform-subnets",
    "platform-subnet-routes",
    "bgp-on-both-ends",
    "apipa-in-range",
    "apipa-on-both-ends",
    "apipa-distinct",
)


@pytest.mark.parametrize("rule", ON_TUNNELS)
def test_a_network_without_a_tunnel_over_private_peering_is_not_judged(rule: str) -> None:
    assert RULES[rule].run(example_network(INTERNET)) == []


# SKUs and zones


@pytest.mark.parametrize(
    ("sku", "expected"),
    [
        *((f"VpnGw{size}AZ", []) for size in range(1, 6)),
        ("vpngw2az", []),
        *((f"VpnGw{size}", [VIOLATION]) for size in range(1, 6)),
        *((sku, [VIOLATION]) for sku in ("Basic", "Standard", "HighPerformance", "ErGw1AZ", "VpnGw6AZ", "")),
        (UNKNOWN, [INCONCLUSIVE]),
    ],
)
def test_five_skus_have_private_tunnel_addresses(sku: Value, expected: list[Outcome]) -> None:
    edits = Edit("vpn-gateway", "sku.name", sku), Edit("vpn-gateway", "sku.tier", sku)
    assert judge("az-gateway-sku", *edits) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("zones", ["1"], []),
        ("zones", ["1", "2", "3"], []),
        ("zones", [], [VIOLATION]),
        ("zones", None, [VIOLATION]),
        ("zones", ["1", UNKNOWN], [INCONCLUSIVE]),
        ("sku.name", "standard", []),
        ("sku.name", "Basic", [VIOLATION]),
        ("sku", UNKNOWN, [INCONCLUSIVE]),
        ("publicIPAllocationMethod", "static", []),
        ("publicIPAllocationMethod", "Dynamic", [VIOLATION]),
    ],
)
def test_a_public_address_of_the_gateway_is_standard_static_and_zonal(
    path: str, value: Value, expected: list[Outcome]
) -> None:
    assert judge("zonal-gateway-addresses", Edit("vpn-address-1", path, value)) == expected


def addresses(*names: str, made_from: tuple[str, ...] = ("gateway-subnet",)) -> tuple[Edit, ...]:
    """The gateway's public addresses as literal ids."""
    literal = [
        Edit("vpn-gateway", f"ipConfigurations.{index}.publicIPAddress.id", f"{IDS}/publicIPAddresses/{name}")
        for index, name in enumerate(names)
    ]
    return (*literal, Edit("vpn-gateway", f"{MADE_FROM}ipConfigurations", made_from))


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (addresses("vpn-address-0", "vpn-address-1"), []),
        ((*addresses("VPN-ADDRESS-0", "vpn-address-1"), Edit("vpn-address-0", "zones", None)), [VIOLATION]),
        (addresses("vpn-address-0", "of-another-stack"), [INCONCLUSIVE]),
        (addresses("vpn-address-0", made_from=("gateway-subnet",)), [INCONCLUSIVE]),
        (addresses("vpn-address-0", made_from=("gateway-subnet", "vpn-address-1")), []),
    ],
    ids=["literal", "another case", "outside", "one unknown", "one by dependency"],
)
def test_public_addresses_are_found_by_id_and_by_dependency(edits: tuple[Edit, ...], expected: list[Outcome]) -> None:
    assert judge("zonal-gateway-addresses", *edits) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("RouteBased", []), ("routebased", []), (None, []), ("PolicyBased", [VIOLATION]), (UNKNOWN, [INCONCLUSIVE])],
)
def test_the_gateway_is_route_based(value: Value, expected: list[Outcome]) -> None:
    assert judge("route-based-gateway", Edit("vpn-gateway", "vpnType", value)) == expected


# Subnets


@pytest.mark.parametrize(
    ("rule", "subnet", "prefix", "expected"),
    [
        ("gateway-subnet-size", "gateway-subnet", "10.0.0.32/29", [VIOLATION]),
        ("gateway-subnet-size", "gateway-subnet", "10.0.0.32/28", [VIOLATION]),
        ("gateway-subnet-size", "gateway-subnet", "10.0.0.32/27", []),
        ("gateway-subnet-size", "gateway-subnet", "10.0.0.0/26", []),
        ("route-server-subnet-size", "route-server-subnet", "10.0.0.128/28", [VIOLATION]),
        ("route-server-subnet-size", "route-server-subnet", "10.0.0.128/27", []),
        ("route-server-subnet-advised-size", "route-server-subnet", "10.0.0.128/27", [VIOLATION]),
        ("route-server-subnet-advised-size", "route-server-subnet", "10.0.0.128/26", []),
    ],
)
def test_sizes_at_their_limits(rule: str, subnet: str, prefix: str, expected: list[Outcome]) -> None:
    assert judge(rule, Edit(subnet, "addressPrefix", prefix)) == expected


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [(["10.0.0.32/28"], [VIOLATION]), (["fd00::/64", "10.0.0.32/27"], []), (UNKNOWN, [INCONCLUSIVE])],
)
def test_a_prefix_may_stand_in_the_list(prefixes: Value, expected: list[Outcome]) -> None:
    edits = Edit("gateway-subnet", "addressPrefix", None), Edit("gateway-subnet", "addressPrefixes", prefixes)
    assert judge("gateway-subnet-size", *edits) == expected


def inline(**properties: Value) -> tuple[Edit, ...]:
    """GatewaySubnet written inside the network, and no resource of its own."""
    subnet = {"name": "GatewaySubnet", "addressPrefix": "10.0.0.32/27", **properties}
    return (
        Edit("gateway-subnet", "subnetName", "moved-away"),
        Edit("vnet", "subnets", [subnet]),
        *(Edit(name, f"{MADE_FROM}ipConfigurations", ("vnet",)) for name in ("vpn-gateway", "er-gateway")),
    )


@pytest.mark.parametrize(
    ("rule", "edits", "expected"),
    [
        ("gateway-subnet-size", inline(), []),
        ("gateway-subnet-size", inline(addressPrefix="10.0.0.32/28"), [VIOLATION]),
        ("no-nsg-on-platform-subnets", inline(), []),
        ("no-nsg-on-platform-subnets", inline(networkSecurityGroup={"id": UNKNOWN}), [VIOLATION]),
        ("platform-subnet-routes", inline(), []),
        ("platform-subnet-routes", inline(routeTable={"id": f"{IDS}/routeTables/theirs"}), [INCONCLUSIVE]),
    ],
)
def test_a_subnet_inside_the_network_is_judged_like_one_of_its_own(
    rule: str, edits: tuple[Edit, ...], expected: list[Outcome]
) -> None:
    assert judge(rule, *edits) == expected


def test_what_azure_lists_in_the_network_as_well_is_judged_once() -> None:
    wrong = {"name": "GatewaySubnet", "addressPrefix": "10.0.0.32/28"}
    edits = Edit("vnet", "subnets", [wrong]), Edit("gateway-subnet", "addressPrefix", "10.0.0.32/28")
    assert judge("gateway-subnet-size", *edits) == [VIOLATION]


@pytest.mark.parametrize(
    ("subnet", "name", "expected"),
    [
        ("gateway-subnet", "GatewaySubnet", []),
        ("gateway-subnet", "Gatewaysubnet", [VIOLATION]),
        ("gateway-subnet", "GatewaySubnet1", [VIOLATION]),
        ("route-server-subnet", "routeserversubnet", [VIOLATION]),
        ("spoke-subnet", "gateways", []),
    ],
)
def test_names_are_exact(subnet: str, name: str, expected: list[Outcome]) -> None:
    assert judge("platform-subnet-names", Edit(subnet, "subnetName", name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("GatewaySubnet", []), ("gatewaysubnet", []), ("gateways", [VIOLATION])]
)
def test_an_id_of_a_subnet_that_exists_is_read_without_regard_to_case(name: str, expected: list[Outcome]) -> None:
    subnet = f"{IDS}/virtualNetworks/hub-vnet/subnets/{name}"
    assert judge("platform-subnet-names", Edit("er-gateway", "ipConfigurations.0.subnet.id", subnet)) == expected


@pytest.mark.parametrize(
    ("propagation", "expected"), [(None, []), (False, []), (True, [VIOLATION]), (UNKNOWN, [INCONCLUSIVE])]
)
def test_a_literal_route_table_of_gateway_subnet_lets_gateway_routes_in(
    propagation: Value, expected: list[Outcome]
) -> None:
    edits = (
        Edit("gateway-subnet", "routeTable", {"id": f"{IDS}/routeTables/spoke-routes"}),
        *(() if propagation is None else (Edit("spoke-routes", "disableBgpRoutePropagation", propagation),)),
    )
    assert judge("platform-subnet-routes", *edits) == expected


@pytest.mark.parametrize("subnet", ["gateway-subnet", "route-server-subnet"])
@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"id": f"{IDS}/networkSecurityGroups/nsg"}, [VIOLATION]),
        ({"id": UNKNOWN}, [VIOLATION]),
        ({}, []),
        (UNKNOWN, [INCONCLUSIVE]),
    ],
)
def test_a_security_group_is_found_by_its_presence(subnet: str, group: Value, expected: list[Outcome]) -> None:
    assert judge("no-nsg-on-platform-subnets", Edit(subnet, "networkSecurityGroup", group)) == expected


# BGP inside the tunnels


FIRST, LAST = IPv4Address("169.254.21.0"), IPv4Address("169.254.22.255")
CUSTOM = "bgpSettings.bgpPeeringAddresses.{}.customBgpIpAddresses"
PEER = "bgpSettings.bgpPeeringAddress"


@given(address=st.ip_addresses(v=4, network="169.254.16.0/20") | st.ip_addresses(v=4))
def test_an_instance_has_addresses_from_azures_range_only(address: IPv4Address) -> None:
    inside = FIRST <= address <= LAST
    found = judge("apipa-in-range", Edit("vpn-gateway", CUSTOM.format(0), [str(address)]))
    assert found == ([] if inside else [VIOLATION])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("169.254.0.0", [VIOLATION]),
        ("169.254.0.1", []),
        ("169.254.255.254", []),
        ("169.254.255.255", [VIOLATION]),
        ("10.210.0.1", []),
        (UNKNOWN, [INCONCLUSIVE]),
    ],
)
def test_a_device_has_a_link_local_address_that_is_a_hosts(address: Value, expected: list[Outcome]) -> None:
    assert judge("apipa-in-range", Edit("local", PEER, address)) == expected


@pytest.mark.parametrize(
    ("first", "second", "peer", "expected"),
    [
        (["169.254.21.2"], ["169.254.22.2"], "169.254.21.1", []),
        (["169.254.21.1"], ["169.254.21.2"], "169.254.0.1", []),
        (["169.254.21.2", "169.254.21.10"], ["169.254.22.2", "169.254.22.10"], "169.254.21.9", []),
        (["169.254.21.2"], ["169.254.21.2"], "169.254.21.1", [VIOLATION]),
        (["169.254.21.2", "169.254.21.2"], ["169.254.22.2"], "169.254.21.1", [VIOLATION]),
        (["169.254.21.2"], ["169.254.22.2", "169.254.21.2"], "169.254.21.1", [VIOLATION]),
        (["169.254.21.2"], ["169.254.22.2"], "169.254.21.2", [VIOLATION]),
        (["169.254.21.2"], [UNKNOWN], "169.254.21.2", [INCONCLUSIVE, VIOLATION]),
    ],
)
def test_no_address_is_used_twice(first: Value, second: Value, peer: str, expected: list[Outcome]) -> None:
    edits = (
        Edit("vpn-gateway", CUSTOM.format(0), first),
        Edit("vpn-gateway", CUSTOM.format(1), second),
        Edit("local", PEER, peer),
    )
    assert judge("apipa-distinct", *edits) == expected


SECOND = (
    Edit("hub-er-connection", "connectionType", "IPsec"),
    Edit("hub-er-connection", "peer", None),
    Edit("hub-er-connection", "enableBgp", True),
    Edit("hub-er-connection", "useLocalAzureIpAddress", True),
    Edit("hub-er-connection", "localNetworkGateway2", {"id": UNKNOWN}),
    Edit("hub-er-connection", f"{MADE_FROM}localNetworkGateway2", ("local",)),
    Edit("er-gateway", "gatewayType", "Vpn"),
    Edit("er-gateway", "enablePrivateIpAddress", True),
    Edit("er-gateway", "bgpSettings", {"bgpPeeringAddresses": [{"customBgpIpAddresses": ["169.254.22.2"]}]}),
)
"""The second gateway as a VPN gateway with a tunnel to the same device, and an address that the first has too."""


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (SECOND, [VIOLATION]),
        ((*SECOND, Edit("er-gateway", "bgpSettings.bgpPeeringAddresses.0.customBgpIpAddresses.0", "169.254.22.6")), []),
        ((*SECOND, Edit("hub-er-connection", "enableBgp", None)), []),
    ],
    ids=["same address", "own address", "no BGP"],
)
def test_two_gateways_of_one_device_have_different_addresses(edits: tuple[Edit, ...], expected: list[Outcome]) -> None:
    assert judge("apipa-distinct", *edits) == expected


@pytest.mark.parametrize(
    ("peerings", "active_active", "peer", "expected"),
    [
        ([["169.254.21.2"], ["169.254.22.2"]], True, "169.254.21.1", []),
        ([["169.254.21.2"], []], True, "169.254.21.1", [VIOLATION]),
        ([["169.254.21.2"]], True, "169.254.21.1", [VIOLATION]),
        ([["169.254.21.2"]], False, "169.254.21.1", []),
        ([], True, "10.210.0.1", []),
        ([["169.254.21.2"], UNKNOWN], True, "169.254.21.1", [INCONCLUSIVE]),
    ],
)
def test_a_link_local_device_needs_an_address_on_each_instance(
    peerings: list[Value], active_active: bool, peer: str, expected: list[Outcome]
) -> None:
    edits = (
        Edit("vpn-gateway", "activeActive", active_active),
        Edit("vpn-gateway", "bgpSettings.bgpPeeringAddresses", [{"customBgpIpAddresses": item} for item in peerings]),
        Edit("local", PEER, peer),
    )
    assert judge("apipa-on-both-ends", *edits) == expected


@pytest.mark.parametrize(
    ("gateway", "device", "expected"),
    [
        (65515, 65010, []),
        (None, 65010, []),
        (65001, 65010, []),
        (65515, 4200000000, []),
        (65010, 65010, [VIOLATION]),
        (None, 65515, [VIOLATION]),
        *((65515, asn, [VIOLATION]) for asn in (0, 8074, 12076, 23456, 64496, 64511, 65517, 65520, 65535, 65551)),
        *((65515, asn, []) for asn in (64495, 64512, 65514, 65516, 65521, 65534, 65552)),
        (12076, 65010, [VIOLATION]),
        (65515, UNKNOWN, [INCONCLUSIVE]),
        (UNKNOWN, 65010, [INCONCLUSIVE]),
        (UNKNOWN, 65517, [VIOLATION]),
    ],
)
def test_asns_of_both_ends_are_usable_and_different(gateway: Value, device: Value, expected: list[Outcome]) -> None:
    edits = Edit("vpn-gateway", "bgpSettings.asn", gateway), Edit("local", "bgpSettings.asn", device)
    assert judge("bgp-on-both-ends", *edits) == expected


# Tunnels between two VNets


def branch(*, flag: bool = True, prefix: str = "10.200.0.0/24") -> tuple[Edit, ...]:
    """The device's network as a VNet with a gateway that is declared."""
    return (
        Edit(DECLARED, "topology.vnets", {"branch": {"prefixes": [prefix], "subnets": {}}}),
        Edit(DECLARED, "topology.er_gateways", {"branch-ergw": {"vnet": "branch", "allow_remote_vnet_traffic": flag}}),
    )


HUB_FLAG = Edit("er-gateway", "allowRemoteVnetTraffic", True)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((*branch(), HUB_FLAG), []),
        (branch(), [VIOLATION]),
        ((*branch(flag=False), HUB_FLAG), [VIOLATION]),
        (branch(flag=False), [VIOLATION, VIOLATION]),
        (branch(flag=False, prefix="10.201.0.0/24"), []),
        (branch()[:1], []),
    ],
    ids=["both", "not the hub's", "not the branch's", "neither", "device elsewhere", "no gateway there"],
)
def test_a_tunnel_between_two_vnets_needs_the_flag_on_both_gateways(
    edits: tuple[Edit, ...], expected: list[Outcome]
) -> None:
    assert judge("remote-vnet-traffic", *edits) == expected
