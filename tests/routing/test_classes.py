"""Which prefixes are judged as one, and that this never joins what anything tells apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.networks import hub_and_spokes
from tests.routing.lab import TODAY, change
from tests.routing.networks import HUB, VPN, network, routers
from vpner.routing import AddressClass, Verdict, all_flows, judge, solve
from vpner.routing.classes import without
from vpner.topology import Announcement, Exemption, Filter, Intent, Mode, Router, Static, Topology

A, B, C = (IPv4Network(f"172.31.{number}.0/24") for number in range(3))
SITES = network(HUB + VPN + routers(device=(65001, [str(A), str(B), str(C)])))


def intent(*exempt: Exemption, to: tuple[IPv4Network, ...] = (IPv4Network("172.31.0.0/16"),)) -> Intent:
    return Intent((IPv4Network("10.0.1.0/27"),), to, Mode.REQUIRED, "site", exempt)


def together(topology: Topology) -> set[frozenset[IPv4Network]]:
    """A, B and C as the classes hold them."""
    found = {item.flow.destination for item in all_flows(topology, solve(topology))}
    of = {prefix: next(item for item in found if prefix.network_address in item) for prefix in (A, B, C)}
    return {frozenset(prefix for prefix in of if of[prefix] is item) for item in of.values()}


def device(topology: Topology, **changes: object) -> Topology:
    return change(topology, "device", lambda router: replace(router, **changes))


def test_prefixes_that_everything_treats_alike_are_judged_once() -> None:
    assert together(SITES) == {frozenset({A, B, C})}


def test_as_paths_alone_do_not_part_prefixes() -> None:
    paths = (Announcement(A, (65001, 64500)), Announcement(B, (65001, 64501)), Announcement(C, (65001, 64502)))
    assert together(device(SITES, networks=(), announces=paths)) == {frozenset({A, B, C})}


EXEMPT = Exemption("test", date(2100, 1, 1), destinations=(A,))
PARTED = {
    "an exemption": replace(SITES, intent=(intent(EXEMPT),)),
    "an intent": replace(SITES, intent=(intent(to=(A,)),)),
    "a static route": device(SITES, statics=(Static(A, IPv4Address("192.0.2.77")),)),
    "a network of another router": replace(SITES, routers=(*SITES.routers, Router("other", networks=(A,)))),
    "a filter": replace(
        SITES, vpn_connections=tuple(replace(item, imports=Filter(deny=(A,))) for item in SITES.vpn_connections)
    ),
}


@pytest.mark.parametrize("name", PARTED)
def test_prefix_is_judged_apart_because_of(name: str) -> None:
    assert together(PARTED[name]) == {frozenset({A}), frozenset({B, C})}


def test_prefix_is_judged_apart_because_of_a_less_specific_route() -> None:
    """None of the three is announced to Azure; what covers one of them is."""
    wider = replace(
        device(SITES, networks=(A, B, C, IPv4Network("172.31.2.0/23"))),
        vpn_connections=tuple(replace(item, imports=Filter(deny=(A, B, C))) for item in SITES.vpn_connections),
    )
    assert together(wider) == {frozenset({A, B}), frozenset({C})}


def test_large_network_has_one_verdict_per_pair_of_places() -> None:
    topology = hub_and_spokes(3, 100)
    found = judge(topology, solve(topology), TODAY)
    assert len(found) == 2 * 3
    assert {item.verdict for item in found} == {Verdict.ENCRYPTED}
    there = next(item.flow.destination for item in found if item.flow.source.name == "spoke0000/vm")
    assert all(address in there for address in (IPv4Address("172.16.0.0"), IPv4Address("172.16.99.255")))
    assert IPv4Address("172.16.100.0") not in there


def test_class_of_many_prefixes_is_short_in_print() -> None:
    many = tuple(IPv4Network(f"10.{number}.0.0/24") for number in range(9))
    assert str(AddressClass(many, (), IPv4Address("10.0.0.0"))) == (
        "10.0.0.0/24, 10.1.0.0/24, 10.2.0.0/24, 10.3.0.0/24, ... (9 prefixes)"
    )


SMALL = st.builds(
    lambda number, length: IPv4Network((number >> 32 - length << 32 - length, length)),
    st.integers(0x0A000000, 0x0A00003F),
    st.integers(26, 32),
)


@given(prefixes=st.lists(SMALL, max_size=5), holes=st.lists(SMALL, max_size=5))
def test_what_is_left_after_cutting_holes_is_what_no_hole_has(
    prefixes: list[IPv4Network], holes: list[IPv4Network]
) -> None:
    left = without(prefixes, holes)
    for address in IPv4Network("10.0.0.0/26"):
        expected = any(address in item for item in prefixes) and not any(address in item for item in holes)
        assert sum(address in item for item in left) == expected
