"""What a device takes from Azure and announces to it, played through as FRR plays a prefix list."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.device.plans import LAB, lab
from vpner.device.filters import PrefixRule, exports, imports, prepend

AZURE = tuple(IPv4Network(f"10.0.{index}.0/24") for index in range(3))
ENDPOINT = IPv4Network("10.100.0.4/32")
# What the gateway offers with branch-to-branch: its own network and spokes, and what it has learned over ExpressRoute.
OFFERED = (*AZURE, IPv4Network("10.100.0.0/24"), ENDPOINT, IPv4Network("10.0.0.0/8"), IPv4Network("0.0.0.0/0"))

prefixes = st.builds(
    lambda number, length: IPv4Network((number, length), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32)
)


def passes(rules: tuple[PrefixRule, ...], prefix: IPv4Network) -> bool:
    """FRR: the first entry that matches decides, and no entry means no."""
    for rule in rules:
        if prefix == rule.prefix or (rule.longer and prefix.subnet_of(rule.prefix)):
            return rule.permit
    return False


def test_only_azures_prefixes_are_taken() -> None:
    assert [prefix for prefix in OFFERED if passes(imports(lab(accepts=AZURE)), prefix)] == list(AZURE)


@given(prefixes)
def test_nothing_but_azures_prefixes_is_taken_whatever_is_offered(prefix: IPv4Network) -> None:
    assert passes(imports(lab(accepts=AZURE)), prefix) == (prefix in AZURE)


def test_where_azures_prefixes_are_unknown_the_own_ones_the_endpoints_and_the_default_route_are_refused() -> None:
    assert [prefix for prefix in OFFERED if passes(imports(LAB), prefix)] == list(AZURE)


def test_the_networks_are_announced_and_nothing_else() -> None:
    announced = [prefix for prefix in OFFERED if passes(exports(LAB), prefix)]
    assert announced == list(LAB.advertises[::-1])


OTHER = IPv4Address("10.100.0.5")
ENDS = (ENDPOINT, IPv4Network(OTHER), IPv4Network("10.0.0.36"), IPv4Network("10.0.0.37"))


@pytest.mark.parametrize("end", ENDS)
def test_no_end_of_a_tunnel_is_announced_even_if_the_plan_lists_it(end: IPv4Network) -> None:
    plan = lab(endpoints=(OTHER,), advertises=(*LAB.advertises, end))
    assert not passes(exports(plan), end)
    assert passes(exports(plan), LAB.advertises[0])


@pytest.mark.parametrize("times", [0, 1, 3])
def test_the_own_asn_is_prepended_as_often_as_planned(times: int) -> None:
    assert prepend(lab(prepend=times)) == ("as-path prepend" + " 65510" * times if times else "")
