"""The pure part of the provider: what it makes of properties."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpner.arm import by_token
from vpner.simulator.properties import carry_over, compare, expected, type_failures
from vpner.simulator.protocol import UNKNOWN
from vpner.simulator.schema import inputs_of, outputs_of

NAMES = st.sampled_from(["a", "b", "c", "location"])
VALUES = st.recursive(
    st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(NAMES, VALUES, max_size=4)

SUBNET = by_token("azure-native:network:Subnet")
GATEWAY = by_token("azure-native:network:VirtualNetworkGateway")
assert SUBNET is not None
assert GATEWAY is not None

DIFFERENCES: list[tuple[str, dict[str, object], dict[str, object], dict[str, str]]] = [
    ("nothing", {"a": 1}, {"a": 1}, {}),
    ("a value", {"a": 1}, {"a": 2}, {"a": "UPDATE"}),
    ("a new one", {}, {"a": 1}, {"a": "ADD"}),
    ("one less", {"a": 1}, {}, {"a": "DELETE"}),
    ("inside an object", {"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 1}}, {"a.b": "UPDATE"}),
    ("inside a list", {"a": [{"b": 1}, 2]}, {"a": [{"b": 1}, 3, 4]}, {"a[1]": "UPDATE", "a[2]": "ADD"}),
    ("a shorter list", {"a": [1, 2]}, {"a": [1]}, {"a[1]": "DELETE"}),
    ("a name", {"name": "x"}, {"name": "y"}, {"name": "UPDATE_REPLACE"}),
    ("a name that is not known yet", {"name": "x"}, {"name": UNKNOWN}, {"name": "UPDATE_REPLACE"}),
    ("below what replaces", {"sku": {"name": "x"}}, {"sku": {"name": "y"}}, {"sku.name": "UPDATE_REPLACE"}),
    ("another spelling of a region", {"location": "West Europe"}, {"location": "westeurope"}, {}),
]


@pytest.mark.parametrize(
    ("before", "now", "changes"), [row[1:] for row in DIFFERENCES], ids=[r[0] for r in DIFFERENCES]
)
def test_differences(before: dict[str, object], now: dict[str, object], changes: dict[str, str]) -> None:
    assert compare(before, now, {"name", "sku"}) == changes


@given(BODIES, BODIES)
def test_there_is_a_difference_exactly_between_different_inputs(before: Any, now: Any) -> None:
    assert compare(before, before, {"a"}) == {}
    assert bool(compare(before, now, {"a"})) == (before != now) or "location" in {**before, **now}


def test_a_preview_knows_the_inputs_and_nothing_else() -> None:
    inputs = {
        "subnetName": "s",
        "resourceGroupName": "rg",
        "addressPrefix": "10.0.0.0/27",
        "networkSecurityGroup": {"id": "/x"},
        "serviceEndpoints": [{"service": "Microsoft.Storage"}],
    }
    outputs = expected(inputs, outputs_of(SUBNET))
    assert set(outputs) == set(outputs_of(SUBNET))
    assert outputs["addressPrefix"] == "10.0.0.0/27"
    assert outputs["etag"] == UNKNOWN
    group = cast("dict[str, object]", outputs["networkSecurityGroup"])
    assert group["id"] == "/x"
    assert group["securityRules"] == UNKNOWN
    (endpoint,) = cast("list[dict[str, object]]", outputs["serviceEndpoints"])
    assert endpoint["service"] == "Microsoft.Storage"
    assert endpoint["provisioningState"] == UNKNOWN


def test_an_unknown_input_is_an_unknown_output() -> None:
    outputs = expected({"ipConfigurations": UNKNOWN, "activeActive": UNKNOWN}, outputs_of(GATEWAY))
    assert outputs["ipConfigurations"] == outputs["activeActive"] == UNKNOWN


TYPES: list[tuple[dict[str, object], list[str]]] = [
    ({"addressPrefix": "10.0.0.0/27"}, []),
    ({"addressPrefix": UNKNOWN, "serviceEndpoints": UNKNOWN}, []),
    ({"addressPrefix": 7}, ["'addressPrefix' should be of type 'string' but got a int"]),
    ({"serviceEndpoints": "x"}, ["'serviceEndpoints' should be of type 'array' but got a str"]),
    (
        {"serviceEndpoints": [{"service": 7}]},
        ["'serviceEndpoints[0].service' should be of type 'string' but got a int"],
    ),
    ({"defaultOutboundAccess": "yes"}, ["'defaultOutboundAccess' should be of type 'boolean' but got a str"]),
]


@pytest.mark.parametrize(("inputs", "failures"), TYPES)
def test_inputs_of_another_type_are_failures(inputs: dict[str, object], failures: list[str]) -> None:
    assert type_failures(inputs, inputs_of(SUBNET)) == failures


def test_what_changed_in_azure_comes_into_the_inputs_and_what_azure_filled_in_does_not() -> None:
    inputs: dict[str, object] = {"a": 1, "list": [{"x": 1}], "gone": 1, "mine": 1}
    before = {"a": 1, "list": [{"x": 1, "filled": "f"}], "gone": 1, "filled": "f"}
    now = {"a": 2, "list": [{"x": 3, "filled": "f"}, {"x": 4}], "filled": "f", "new": 5}
    assert carry_over(inputs, before, now) == {"a": 2, "list": [{"x": 3}, {"x": 4}], "mine": 1, "new": 5}


@given(BODIES, BODIES)
def test_a_refresh_without_change_leaves_the_inputs(inputs: Any, state: Any) -> None:
    assert carry_over(inputs, state, state) == inputs


@given(BODIES, BODIES)
def test_inputs_that_azure_shows_as_they_are_follow_it(before: Any, now: Any) -> None:
    assert carry_over(before, before, now) == now
