"""The pair of circuits. Limits: Azure's pages on circuit peerings and on optimising ExpressRoute routing."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.expectations import Expected, refused
from vpner.plan.circuits import Circuit, OwnedCircuit, circuit_id, circuit_problems
from vpner.plan.routers import Link, Router
from vpner.problems import Problem

OWNED = OwnedCircuit("Equinix", "Amsterdam2", 1000, "Standard_MeteredData")
FIRST = Circuit("ams", "hub", 2, OWNED, weight=10, vlan_id=101)
SECOND = Circuit("fra", "hub", 3, OWNED)
EDGE = Router(
    "edge",
    65020,
    (
        Link("ams", "primary", IPv4Network("172.31.0.0/30")),
        Link("ams", "secondary", IPv4Network("172.31.0.4/30")),
    ),
)


def problems(first: Circuit, *others: Circuit, routers: tuple[Router, ...] = (EDGE,)) -> list[Problem]:
    return list(circuit_problems([first, *(others or (SECOND,))], routers, ["hub", "branch"]))


def test_a_good_pair_is_accepted() -> None:
    assert problems(FIRST) == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_there_are_exactly_two_circuits(count: int) -> None:
    circuits = [replace(SECOND, name=f"c{index}") for index in range(count)]
    refused(circuit_problems(circuits, [], ["hub"]), ("", "circuit-pair", f"{count} circuits"))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (replace(FIRST, gateway="hbu"), Expected("[0].gateway", "unknown-choice", "'hbu'")),
        (replace(FIRST, weight=-1), Expected("[0].weight", "weight-out-of-range", "-1")),
        (replace(FIRST, weight=32_001), Expected("[0].weight", "weight-out-of-range", "32001")),
        (replace(FIRST, layer=1), Expected("[0].layer", "unknown-choice", "'1'")),
        (replace(FIRST, layer=4), Expected("[0].layer", "unknown-choice", "'4'")),
        (replace(FIRST, vlan_id=None), Expected("[0].vlanId", "vlan-missing", "no VLAN")),
        (replace(FIRST, vlan_id=0), Expected("[0].vlanId", "vlan-out-of-range", "0 is no VLAN")),
        (replace(FIRST, vlan_id=4095), Expected("[0].vlanId", "vlan-out-of-range", "4095 is no VLAN")),
        (
            replace(FIRST, owned=replace(OWNED, sku="Standart_MeteredData")),
            Expected("[0].owned.sku", "unknown-choice", "Standart_MeteredData"),
        ),
        (
            replace(FIRST, owned=replace(OWNED, bandwidth_in_mbps=75)),
            Expected("[0].owned.bandwidthInMbps", "unknown-choice", "75"),
        ),
        (replace(FIRST, name="fra", layer=3), Expected("[1].name", "name-taken", "'fra' is the name of [0] too")),
    ],
    ids=lambda value: value.code if isinstance(value, Expected) else "",
)
def test_each_mistake_is_found_at_its_place(changed: Circuit, expected: Expected) -> None:
    refused(problems(changed), expected)


@pytest.mark.parametrize(
    "changed",
    [
        replace(FIRST, weight=0),
        replace(FIRST, weight=32_000),
        replace(FIRST, vlan_id=1),
        replace(FIRST, vlan_id=4094),
        replace(FIRST, gateway="branch"),
        replace(FIRST, layer=3, vlan_id=None),
        replace(FIRST, owned=None, vlan_id=None),  # its peering is somebody else's
    ],
)
def test_what_lies_just_inside_the_limits_is_accepted(changed: Circuit) -> None:
    assert problems(changed) == []


@pytest.mark.parametrize("missing", ["primary", "secondary"])
def test_at_layer_2_both_paths_are_linked(missing: str) -> None:
    router = replace(EDGE, links=tuple(link for link in EDGE.links if link.path != missing))
    found = problems(FIRST, routers=(router,))
    refused(found, ("[0].layer", "layer2-without-link", f"the {missing} path of ams"))
    assert f"path: {missing}" in found[0].remedy


def test_at_layer_2_both_paths_end_at_one_asn() -> None:
    one, two = EDGE.links
    routers = (replace(EDGE, links=(one,)), replace(EDGE, name="other", asn=65021, links=(two,)))
    refused(problems(FIRST, routers=routers), ("[0].layer", "peering-two-asns", "65020, 65021"))
    assert problems(FIRST, routers=(routers[0], replace(routers[1], asn=65020))) == []


def test_the_mistakes_of_both_circuits_are_found_together() -> None:
    found = problems(replace(FIRST, weight=-5, gateway="x"), replace(SECOND, vlan_id=9999))
    refused(
        found,
        ("[0].gateway", "unknown-choice", "x"),
        ("[0].weight", "weight-out-of-range", "-5"),
        ("[1].vlanId", "vlan-out-of-range", "9999"),
    )


_segment = st.text(alphabet="abcXYZ019-_.", min_size=1, max_size=12)


@given(_segment, _segment, _segment, st.booleans())
def test_a_circuits_id_is_taken_apart(subscription: str, group: str, name: str, upper: bool) -> None:
    # ARM ids are compared without regard to case.
    fixed = ["/subscriptions/", "/resourceGroups/", "/providers/Microsoft.Network/expressRouteCircuits/"]
    first, second, third = [part.upper() if upper else part for part in fixed]
    assert circuit_id("here", f"{first}{subscription}{second}{group}{third}{name}") == (subscription, group, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ams",
        "/subscriptions/s/resourceGroups/g",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/expressRouteCircuits/c/peerings/p",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/expressRouteCircuits",
    ],
)
def test_another_id_is_refused(text: str) -> None:
    found = circuit_id("here", text)
    assert isinstance(found, Problem)
    refused([found], ("here", "circuit-id-malformed", repr(text)))


@pytest.mark.parametrize(
    "text",
    [
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/expressRouteCircuits/c",
        "/subscriptions//resourceGroups/g/providers/Microsoft.Network/expressRouteCircuits/c",
        "subscriptions/s/resourceGroups/g/providers/Microsoft.Network/expressRouteCircuits/c",
    ],
)
def test_an_id_that_azure_would_not_find_is_refused(text: str) -> None:
    assert isinstance(circuit_id("here", text), Problem)
