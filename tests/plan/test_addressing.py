"""Prefixes, subnets and addresses. Azure's limits are those of its Virtual Network FAQ and of each service's page."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.expectations import refused, said_well
from tests.plan.strategies import addresses, prefixes, subnets_of
from vpner.plan.addressing import (
    VNet,
    default_gateway,
    overlaps,
    parse_address,
    parse_all,
    parse_prefix,
    static_address,
)
from vpner.problems import Problem

address_like = st.text(alphabet="0123456789./- ", max_size=20)
SPACE = IPv4Network("10.0.0.0/28")


@given(prefixes())
def test_every_prefix_is_read_back_from_its_text(prefix: IPv4Network) -> None:
    assert parse_prefix("here", str(prefix)) == prefix


@given(addresses)
def test_every_address_is_read_back_from_its_text(address: IPv4Address) -> None:
    assert parse_address("here", str(address)) == address


@given(st.text() | address_like)
def test_any_text_is_a_prefix_or_a_problem_at_its_place(text: str) -> None:
    parsed = parse_prefix("here", text)
    if isinstance(parsed, Problem):
        assert parsed.where == "here"
        assert parsed.code in ("prefix-malformed", "prefix-host-bits")


@given(st.text() | address_like)
def test_any_text_is_an_address_or_a_problem_at_its_place(text: str) -> None:
    parsed = parse_address("here", text)
    if isinstance(parsed, Problem):
        refused([parsed], ("here", "address-malformed", repr(text)))
    else:
        assert str(parsed) == text


@given(addresses, st.integers(0, 32))
def test_host_bits_are_refused_and_the_prefix_around_them_is_offered(address: IPv4Address, length: int) -> None:
    text = f"{address}/{length}"
    around = IPv4Network((int(address) >> (32 - length) << (32 - length), length))
    parsed = parse_prefix("here", text)
    if address == around.network_address:
        assert parsed == around
    else:
        assert isinstance(parsed, Problem)
        refused([parsed], ("here", "prefix-host-bits", text))
        assert f"write {around}," in parsed.remedy


@pytest.mark.parametrize(
    "text",
    ["", "hub", "10.0.0/24", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.256/24", "10.0.0.0/24 ", "fd00::/64", "10/8/8"],
)
def test_what_is_no_prefix_is_refused_with_its_text(text: str) -> None:
    parsed = parse_prefix("here", text)
    assert isinstance(parsed, Problem)
    refused([parsed], ("here", "prefix-malformed", repr(text)))


@pytest.mark.parametrize("text", ["10.0.0.0", "10.0.0.0/255.255.255.0", "10.0.0.0/0.0.0.255", "10.0.0.0/024"])
def test_a_prefix_has_a_length_after_a_slash(text: str) -> None:
    assert isinstance(parse_prefix("here", text), Problem)


def test_a_list_gives_the_good_prefixes_and_a_problem_for_each_bad_one() -> None:
    parsed, problems = parse_all("networks", ["10.0.0.0/24", "10.0.1.1/24", "10.0.2.0/24", "spoke"])
    assert parsed == (IPv4Network("10.0.0.0/24"), IPv4Network("10.0.2.0/24"))
    refused(
        problems,
        ("networks[1]", "prefix-host-bits", "10.0.1.1/24"),
        ("networks[3]", "prefix-malformed", "spoke"),
    )


# Azure Virtual Network FAQ: the first four addresses and the last one of every subnet are Azure's.
@given(prefixes(22, 29))
def test_a_network_interface_can_have_every_address_but_azures_five(subnet: IPv4Network) -> None:
    allowed = [address for address in subnet if not list(static_address("here", address, subnet))]
    assert allowed == list(subnet)[4:-1]


@given(prefixes(8, 29), addresses)
def test_a_network_interface_has_no_address_of_another_subnet(subnet: IPv4Network, address: IPv4Address) -> None:
    if address not in subnet:
        refused(static_address("here", address, subnet), ("here", "address-not-usable", str(address)))


def test_the_addresses_that_are_offered_instead_can_be_had() -> None:
    (problem,) = static_address("here", IPv4Address("10.0.0.3"), IPv4Network("10.0.0.0/27"))
    assert problem.remedy == "choose one from 10.0.0.4 to 10.0.0.30"


@pytest.mark.parametrize("text", ["10.0.0.0/30", "10.0.0.0/31", "10.0.0.8/32", "0.0.0.0/32", "255.255.255.255/32"])
def test_a_subnet_without_any_usable_address_offers_none(text: str) -> None:
    subnet = IPv4Network(text)
    (problem,) = static_address("here", subnet.network_address, subnet)
    said_well(problem)
    assert "choose one from" not in problem.remedy


@given(prefixes(0, 29))
def test_the_default_gateway_is_the_first_address_after_the_subnets_own(subnet: IPv4Network) -> None:
    assert default_gateway(subnet) == subnet[1]


@given(st.lists(subnets_of(SPACE, 32), max_size=6))
def test_overlaps_are_the_pairs_that_share_an_address(networks: list[IPv4Network]) -> None:
    named = [(f"n{index}", network) for index, network in enumerate(networks)]
    expected = [
        (f"n{i}", "prefix-overlap", f"{networks[i]} overlaps with {networks[j]} of n{j}")
        for i, j in combinations(range(len(networks)), 2)
        if set(networks[i]) & set(networks[j])
    ]
    refused(overlaps(named), *expected)


@given(st.lists(subnets_of(SPACE, 32), max_size=6))
def test_overlaps_do_not_depend_on_the_order(networks: list[IPv4Network]) -> None:
    named = [(f"n{index}", network) for index, network in enumerate(networks)]

    def pairs(order: list[tuple[str, IPv4Network]]) -> set[frozenset[str]]:
        return {frozenset((item.where, item.what.rpartition(" ")[2])) for item in overlaps(order)}

    assert pairs(named) == pairs(named[::-1])


# GatewaySubnet: "Configure ExpressRoute and site-to-site coexisting connections"; RouteServerSubnet: Route Server
# quickstart; AzureBastionSubnet: Bastion configuration settings; the others: Virtual Network FAQ (smallest is /29).
@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("GatewaySubnet", 27),
        ("RouteServerSubnet", 26),
        ("AzureBastionSubnet", 26),
        ("subnet1", 29),
        ("gatewaysubnet", 29),  # Azure's names are exact: this one is an ordinary subnet
    ],
)
def test_each_subnet_may_be_as_small_as_its_service_allows(name: str, longest: int) -> None:
    space = IPv4Network("10.0.0.0/16")
    fits = VNet((space,), {name: IPv4Network(("10.0.0.0", longest))})
    assert list(fits.problems()) == []
    small = IPv4Network(("10.0.0.0", longest + 1))
    problems = list(VNet((space,), {name: small}).problems())
    refused(problems, (f"subnets.{name}", "subnet-too-small", str(small)))
    assert f"/{longest}" in problems[0].remedy
    assert problems[0].source


@pytest.mark.parametrize(
    ("subnet", "inside"),
    [
        ("10.0.0.0/24", True),
        ("10.0.0.128/25", True),
        ("10.0.1.0/24", False),
        ("10.0.0.0/23", False),
        ("10.9.0.0/25", True),
        ("10.9.0.128/25", False),
    ],
)
def test_a_subnet_lies_in_one_prefix_of_its_network(subnet: str, inside: bool) -> None:
    network = VNet((IPv4Network("10.0.0.0/24"), IPv4Network("10.9.0.0/25")), {"subnet1": IPv4Network(subnet)})
    expected = [] if inside else [("subnets.subnet1", "subnet-outside-vnet", subnet)]
    refused(network.problems(), *expected)


def test_overlapping_prefixes_and_subnets_are_found_apart() -> None:
    network = VNet(
        (IPv4Network("10.0.0.0/23"), IPv4Network("10.0.1.0/24")),
        {"a": IPv4Network("10.0.0.0/25"), "b": IPv4Network("10.0.0.64/26"), "c": IPv4Network("10.0.0.128/25")},
    )
    refused(
        network.problems(),
        ("addressSpace[0]", "prefix-overlap", "10.0.1.0/24 of addressSpace[1]"),
        ("subnets.a", "prefix-overlap", "10.0.0.64/26 of subnets.b"),
    )


def test_every_rule_that_a_subnet_breaks_is_named() -> None:
    network = VNet((IPv4Network("10.0.0.0/24"),), {"GatewaySubnet": IPv4Network("10.1.0.0/28")})
    refused(
        network.problems(),
        ("subnets.GatewaySubnet", "subnet-outside-vnet", "10.1.0.0/28"),
        ("subnets.GatewaySubnet", "subnet-too-small", "10.1.0.0/28"),
    )
