"""Routers at the far end. Addresses of a link: Azure's page on circuit peerings (first usable: yours, second: MSEE)."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given

from tests.plan.expectations import Expected, refused, said_well
from tests.plan.strategies import prefixes
from vpner.plan.routers import Link, Router, Static, router_problems

CIRCUITS = ["azure", "branch"]
# The published lab: the provider's router is .61 and .65, Microsoft's edges are .62 and .66.
MCR = Router(
    "mcr",
    65001,
    (
        Link("azure", "primary", IPv4Network("169.254.98.60/30")),
        Link("branch", "primary", IPv4Network("169.254.98.64/30")),
    ),
    (Static(IPv4Network("10.100.0.4/32"), "branch"),),
    (IPv4Network("192.0.2.0/24"),),
)
FREE = IPv4Network("172.31.0.0/30")


def test_the_labs_router_is_accepted_and_has_the_labs_addresses() -> None:
    assert list(router_problems([MCR], CIRCUITS)) == []
    contract = json.loads(json.dumps(MCR.contract()))
    assert [(link["routerAddress"], link["mseeAddress"], link["mseeAsn"]) for link in contract["links"]] == [
        ("169.254.98.61", "169.254.98.62", 12076),
        ("169.254.98.65", "169.254.98.66", 12076),
    ]
    assert contract["statics"] == [
        {"prefix": "10.100.0.4/32", "circuit": "branch", "nextHops": ["169.254.98.66"], "redistribute": True}
    ]


def test_whoever_runs_the_router_reads_what_to_configure_for_each_circuit() -> None:
    assert list(MCR.lines("branch")) == [
        "mcr: primary path, 169.254.98.64/30: 169.254.98.65 (AS 65001) to 169.254.98.66 (AS 12076)",
        "mcr: static route 10.100.0.4/32 towards this circuit, announced over the others",
        "mcr: announce 192.0.2.0/24",
    ]
    assert list(MCR.lines("azure")) == [
        "mcr: primary path, 169.254.98.60/30: 169.254.98.61 (AS 65001) to 169.254.98.62 (AS 12076)",
        "mcr: announce 10.100.0.4/32, a static route towards branch",
        "mcr: announce 192.0.2.0/24",
    ]
    assert list(MCR.lines("another")) == []


def with_link(link: Link) -> Router:
    return replace(MCR, links=(*MCR.links, link))


@pytest.mark.parametrize(
    ("router", "expected"),
    [
        (replace(MCR, asn=12076), Expected("[0].asn", "asn-reserved", "12076")),
        (replace(MCR, asn=0), Expected("[0].asn", "asn-out-of-range", "0")),
        (with_link(Link("azur", "secondary", FREE)), Expected("[0].links[2].circuit", "unknown-circuit", "'azur'")),
        (with_link(Link("azure", "tertiary", FREE)), Expected("[0].links[2].path", "unknown-path", "'tertiary'")),
        (with_link(Link("azure", "primary", FREE)), Expected("[0].links[2]", "path-linked-twice", "[0].links[0]")),
        (
            with_link(Link("azure", "secondary", IPv4Network("172.31.0.0/29"))),
            Expected("[0].links[2].prefix", "link-not-30", "172.31.0.0/29"),
        ),
        (
            with_link(Link("azure", "secondary", IPv4Network("172.31.0.0/31"))),
            Expected("[0].links[2].prefix", "link-not-30", "172.31.0.0/31"),
        ),
        (
            with_link(Link("azure", "secondary", IPv4Network("169.254.98.60/30"))),
            Expected("[0].links[0].prefix", "prefix-overlap", "[0].links[2].prefix"),
        ),
        (
            replace(MCR, statics=(Static(FREE, "azur"),)),
            Expected("[0].statics[0].circuit", "static-without-link", "'azur'"),
        ),
    ],
    ids=lambda value: value.code if isinstance(value, Expected) else "",
)
def test_each_mistake_is_found_at_its_place(router: Router, expected: Expected) -> None:
    refused(router_problems([router], CIRCUITS), expected)


def test_a_link_without_any_circuit_gets_a_remedy() -> None:
    for problem in router_problems([replace(MCR, statics=())], []):
        said_well(problem)


def test_a_path_ends_at_one_of_all_routers() -> None:
    other = Router("edge", 65002, (Link("azure", "primary", FREE),))
    refused(router_problems([MCR, other], CIRCUITS), ("[1].links[0]", "path-linked-twice", "[0].links[0]"))


def test_a_static_needs_a_link_of_its_own_router() -> None:
    other = Router("edge", 65002, (Link("azure", "secondary", FREE),), (Static(FREE, "branch"),))
    refused(router_problems([MCR, other], CIRCUITS), ("[1].statics[0].circuit", "static-without-link", "'branch'"))


@given(prefixes(8, 32))
def test_a_link_is_a_30_and_the_one_that_is_offered_is_one_too(prefix: IPv4Network) -> None:
    router = Router("edge", 65002, (Link("azure", "primary", prefix),))
    problems = list(router_problems([router], CIRCUITS))
    if prefix.prefixlen == 30:
        assert problems == []
    else:
        refused(problems, ("[0].links[0].prefix", "link-not-30", str(prefix)))
        offered = IPv4Network(problems[0].remedy.removeprefix("write "))
        assert offered.prefixlen == 30
        assert offered.overlaps(prefix)


# ExpressRoute routing requirements: 65515 to 65520 are Microsoft's own.
@pytest.mark.parametrize(
    "asn",
    [65515, 65516, 65520],
)
def test_a_peer_of_a_circuit_has_no_asn_of_microsofts(asn: int) -> None:
    assert list(router_problems([replace(MCR, asn=asn)], CIRCUITS)) != []
