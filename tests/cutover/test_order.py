"""Ideals and linearizations against brute force, and changes against the networks that they lead between."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cutover.walks import ENCRYPTED, EXPRESSROUTE_ONLY, applied, ideals, site_in_clear, untouched
from vpner.cutover import Change, Kind, Order, Party, differences
from vpner.problems import Problems
from vpner.topology import Mode, Topology


@st.composite
def orders(draw: st.DrawFn) -> list[Change]:
    """Up to six changes, each of which needs some of those before it."""
    names = [f"r{number}" for number in range(draw(st.integers(0, 6)))]
    found: list[Change] = []
    for number, name in enumerate(names):
        needs = draw(st.sets(st.sampled_from(names[:number]))) if number else set()
        keys = frozenset(f"routers/{item}" for item in needs)
        found.append(Change(("routers", name), Kind.ROUTER, Party.DEVICE, None, None, False, keys))
    return found


@given(orders())
def test_ideals_and_linearizations_are_those_of_brute_force(changes: list[Change]) -> None:
    order = Order(changes)
    found = [frozenset(item.key for item in order.of(done)) for done in order.ideals(0, order.all)]
    assert len(found) == len(set(found))
    assert set(found) == {frozenset(item.key for item in chosen) for chosen in ideals(changes)}
    allowed = [
        order
        for order in permutations(changes)
        if all(item.needs <= {before.key for before in order[:place]} for place, item in enumerate(order))
    ]
    assert order.linearizations(0, order.all) == len(allowed)


def test_more_states_than_can_be_judged_are_refused() -> None:
    order = Order([Change(("routers", f"r{n}"), Kind.ROUTER, Party.DEVICE, None, None, False) for n in range(5)])
    assert len(order.ideals(0, order.all, 32)) == 32
    with pytest.raises(Problems, match="too-many-states"):
        order.ideals(0, order.all, 31)


PAIRS = {
    "to the tunnel": (EXPRESSROUTE_ONLY, ENCRYPTED),
    "from an untouched lab": (untouched(), ENCRYPTED),
    "a site": site_in_clear(Mode.REQUIRED),
}


@pytest.mark.parametrize("name", PAIRS)
def test_changes_lead_from_one_network_to_the_other_and_back(name: str) -> None:
    for before, after in (PAIRS[name], PAIRS[name][::-1]):
        changes = differences(before, after)
        in_order = _sorted(changes)
        assert applied(before, in_order) == after
        assert applied(after, [change.undone() for change in reversed(in_order)]) == before


def _sorted(changes: tuple[Change, ...]) -> list[Change]:
    """In an order that their needs allow."""
    found: list[Change] = []
    while len(found) < len(changes):
        done = {item.key for item in found}
        found.append(next(item for item in changes if item.key not in done and item.needs <= done))
    return found


def _needs(before: Topology, after: Topology) -> dict[str, frozenset[str]]:
    return {change.key: change.needs for change in differences(before, after)}


def test_connection_comes_after_its_gateway_and_goes_before_it() -> None:
    gateway, connection = "vpn_gateways/az-hub-vpngw", "vpn_connections/az-hub-to-branch-opnnva-conn"
    assert gateway in _needs(EXPRESSROUTE_ONLY, ENCRYPTED)[connection]
    assert connection in _needs(ENCRYPTED, EXPRESSROUTE_ONLY)[gateway]


def test_route_table_comes_before_its_subnet_and_goes_after_it() -> None:
    table, subnet = "route_tables/branch-forcevpn-udr", "vnets/branch-vnet/subnets/subnet1/route_table"
    assert _needs(EXPRESSROUTE_ONLY, ENCRYPTED)[subnet] == {table}
    assert _needs(ENCRYPTED, EXPRESSROUTE_ONLY)[table] == {subnet}


def test_each_change_is_made_by_the_one_who_can() -> None:
    found = {change.key: change.party for change in differences(untouched(), ENCRYPTED)}
    assert {party for key, party in found.items() if "provider-mcr" in key} == {Party.PROVIDER}
    assert {party for key, party in found.items() if "branch-opnnva/" in key} == {Party.DEVICE}
    assert {party for key, party in found.items() if key.startswith(("vpn_", "route_", "vnets"))} == {Party.AZURE}
