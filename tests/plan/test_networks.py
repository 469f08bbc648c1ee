"""Address plans of hub, spokes and branch, from text."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.expectations import Expected, refused
from tests.plan.strategies import subnets_of
from vpner.plan.addressing import VNet
from vpner.plan.networks import Network, UserRoute, overlapping_networks, parse_network, required_subnets

GOOD: dict[str, Any] = {
    "name": "az-hub",
    "address_space": ["10.0.0.0/24"],
    "subnets": {"subnet1": "10.0.0.0/27", "GatewaySubnet": "10.0.0.32/27"},
    "vm_address": "10.0.0.4",
    "routes": [
        {"name": "all", "prefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHop": "10.100.0.20"},
        {"name": "out", "prefix": "192.0.2.0/24", "nextHopType": "Internet"},
    ],
}


def test_a_good_network_is_read_whole() -> None:
    network, problems = parse_network(**GOOD)
    assert problems == []
    assert network is not None
    assert network.workload_subnets == ("subnet1",)
    assert network.vm_subnet == "subnet1"
    assert [(route.name, str(route.prefix), str(route.next_hop)) for route in network.routes] == [
        ("all", "0.0.0.0/0", "10.100.0.20"),
        ("out", "192.0.2.0/24", "None"),
    ]


def route(**keys: str) -> dict[str, Any]:
    return {"routes": [{"name": "r", **keys}]}


MISTAKES: list[tuple[str, dict[str, Any], Expected]] = [
    (
        "empty address space",
        {"address_space": [], "subnets": {}, "vm_address": None},
        Expected("addressSpace", "address-space-empty", "empty"),
    ),
    (
        "malformed prefix",
        {"address_space": ["10.0.0.0/24", "ten"]},
        Expected("addressSpace[1]", "prefix-malformed", "ten"),
    ),
    (
        "subnet with host bits",
        {"subnets": {"subnet1": "10.0.0.0/27", "b": "10.0.0.33/27"}},
        Expected("subnets.b", "prefix-host-bits", "10.0.0.33/27"),
    ),
    ("malformed VM", {"vm_address": "10.0.0"}, Expected("vmAddress", "address-malformed", "10.0.0")),
    ("VM outside", {"vm_address": "10.0.0.200"}, Expected("vmAddress", "vm-address-outside", "10.0.0.200")),
    ("VM beside the gateways", {"vm_address": "10.0.0.40"}, Expected("vmAddress", "vm-address-outside", "10.0.0.40")),
    ("VM on a reserved address", {"vm_address": "10.0.0.3"}, Expected("vmAddress", "address-not-usable", "10.0.0.3")),
    ("VM on the last address", {"vm_address": "10.0.0.31"}, Expected("vmAddress", "address-not-usable", "10.0.0.31")),
    (
        "route with host bits",
        route(prefix="10.0.0.1/8", nextHopType="Internet"),
        Expected("routes[0].prefix", "prefix-host-bits", "10.0.0.1/8"),
    ),
    (
        "misspelt next hop type",
        route(prefix="10.0.0.0/8", nextHopType="VirtualAplliance"),
        Expected("routes[0].nextHopType", "unknown-choice", "VirtualAplliance"),
    ),
    (
        "malformed next hop",
        route(prefix="10.0.0.0/8", nextHopType="VirtualAppliance", nextHop="nva"),
        Expected("routes[0].nextHop", "address-malformed", "nva"),
    ),
    (
        "appliance without address",
        route(prefix="10.0.0.0/8", nextHopType="VirtualAppliance"),
        Expected("routes[0].nextHop", "next-hop-mismatch", "VirtualAppliance"),
    ),
    (
        "address without appliance",
        route(prefix="10.0.0.0/8", nextHopType="Internet", nextHop="10.0.0.9"),
        Expected("routes[0].nextHop", "next-hop-mismatch", "10.0.0.9"),
    ),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_each_mistake_is_found_at_its_place(change: dict[str, Any], expected: Expected) -> None:
    _, problems = parse_network(**{**GOOD, **change})
    assert problems
    refused(problems, expected)


def test_mistakes_do_not_hide_each_other() -> None:
    _, problems = parse_network(
        "hub",
        ["10.0.0.1/24", "10.1.0.0/24"],
        {"a": "10.1.0.0/30", "b": "x"},
        "10.1.0.x",
        [{"name": "r", "prefix": "y", "nextHopType": "Nowhere"}],
    )
    assert problems
    refused(
        problems,
        ("addressSpace[0]", "prefix-host-bits", "10.0.0.1/24"),
        ("routes[0].nextHopType", "unknown-choice", "Nowhere"),
        ("routes[0].prefix", "prefix-malformed", "y"),
        ("subnets.a", "subnet-too-small", "10.1.0.0/30"),
        ("subnets.b", "prefix-malformed", "x"),
        ("vmAddress", "address-malformed", "10.1.0.x"),
    )


def test_a_misspelt_next_hop_type_is_one_mistake() -> None:
    change = route(prefix="10.0.0.0/8", nextHopType="VirtualAplliance", nextHop="10.100.0.20")
    _, problems = parse_network(**{**GOOD, **change})
    refused(problems, ("routes[0].nextHopType", "unknown-choice", "VirtualAplliance"))


def network_of(name: str, prefixes: list[IPv4Network]) -> Network:
    return Network(name, VNet(tuple(prefixes), {}))


@given(st.lists(st.lists(subnets_of(IPv4Network("10.0.0.0/29"), 32), max_size=2), max_size=4))
def test_overlapping_networks_are_found_prefix_by_prefix(spaces: list[list[IPv4Network]]) -> None:
    placed = [(f"n[{index}]", network_of(f"net{index}", space)) for index, space in enumerate(spaces)]
    expected = [
        (f"n[{j}].addressSpace[{b}]", "address-space-overlap", f"{other} of net{j} overlaps with {prefix} of net{i}")
        for i, first in enumerate(spaces)
        for j, second in enumerate(spaces)
        if i < j
        for a, prefix in enumerate(first)
        for b, other in enumerate(second)
        if set(prefix) & set(other)
    ]
    refused(overlapping_networks(placed), *expected)


def test_two_networks_cannot_have_one_name() -> None:
    placed = [("hub", network_of("a", [])), ("spokes[0]", network_of("b", [])), ("spokes[1]", network_of("a", []))]
    refused(overlapping_networks(placed), ("spokes[1].name", "name-taken", "'a' is the name of hub too"))


def test_each_subnet_that_is_needed_and_missing_is_named() -> None:
    network, _ = parse_network(**GOOD)
    assert network is not None
    problems = list(
        required_subnets(network, ["GatewaySubnet", "RouteServerSubnet", "gatewaysubnet"], "They are needed")
    )
    refused(
        problems, ("subnets", "subnet-missing", "RouteServerSubnet"), ("subnets", "subnet-missing", "gatewaysubnet")
    )


def test_platform_subnets_are_no_place_for_workload() -> None:
    names = ["GatewaySubnet", "RouteServerSubnet", "AzureBastionSubnet", "AzureFirewallSubnet"]
    subnets = {name: f"10.0.{index}.0/24" for index, name in enumerate(["app", *names, "data"])}
    network, problems = parse_network("hub", ["10.0.0.0/16"], subnets)
    assert problems == []
    assert network is not None
    assert network.workload_subnets == ("app", "data")
    assert all(isinstance(item, UserRoute) for item in network.routes)
