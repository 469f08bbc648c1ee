"""ExpressRoute: circuits that are ready, enough of them, keys, and limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.support import INCONCLUSIVE, PASS, VIOLATION, declare, worst
from vpner.readers.resources import UNKNOWN, Snapshot, Value
from vpner.rules import RULES, Network, Outcome
from vpner.rules.examples import TODAY, example_network
from vpner.rules.expressroute import planned
from vpner.rules.limits import networks, spokes
from vpner.rules.registry import Edit

READY = "circuit-provisioned-before-connection"
STATE = "serviceProviderProvisioningState"

# The states of the workflow: NotProvisioned, Provisioning, Provisioned, Deprovisioning.
STATES: tuple[tuple[Value, Outcome], ...] = (
    ("Provisioned", PASS),
    ("provisioned", PASS),
    ("NotProvisioned", VIOLATION),
    ("Provisioning", VIOLATION),
    ("Deprovisioning", VIOLATION),
    (None, VIOLATION),
    (UNKNOWN, INCONCLUSIVE),
)


@pytest.mark.parametrize(("state", "outcome"), STATES, ids=str)
def test_a_connection_needs_a_circuit_that_its_provider_has_provisioned(state: Value, outcome: Outcome) -> None:
    assert worst(READY, Edit("hub-er", STATE, state)) is outcome


def test_a_connection_whose_component_guards_the_stage_is_left_to_the_guard() -> None:
    """The guard asks Azure at preview and before the creation; the stack's memory may be days old."""
    network = example_network((Edit("hub-er", STATE, "NotProvisioned"), Edit("component", "stage", "provisioned")))
    owner = next(item for item in network.snapshot.resources if item.name == "component")
    resources = [
        replace(item, parent=owner.urn) if item.name == "hub-er-connection" else item
        for item in network.snapshot.resources
    ]
    guarded = Network(Snapshot(resources), network.declared, today=TODAY)
    assert [item.outcome for item in RULES[READY].run(guarded)] == [PASS]
    assert [item.outcome for item in RULES[READY].run(network)] == [VIOLATION]


def test_a_circuit_of_another_stack_is_not_asked_for_its_state() -> None:
    there = "/subscriptions/s/resourceGroups/other/providers/Microsoft.Network/expressRouteCircuits/theirs"
    assert RULES[READY].run(example_network((Edit("hub-er-connection", "peer.id", there),))) == []


RESILIENCE: tuple[tuple[str, tuple[Value, ...], Outcome], ...] = (
    ("single-circuit", (), PASS),
    ("two-circuits", (), VIOLATION),
    ("two-circuits", ("Amsterdam",), PASS),
    ("two-circuits", (UNKNOWN,), PASS),
    ("two-locations", (), VIOLATION),
    ("two-locations", ("Amsterdam",), VIOLATION),
    ("two-locations", ("amsterdam",), VIOLATION),
    ("two-locations", (UNKNOWN,), INCONCLUSIVE),
    ("two-locations", ("Frankfurt",), PASS),
    ("two-locations", (UNKNOWN, "Frankfurt"), PASS),
)
"""The example's own circuit is in Amsterdam; these are added."""


@pytest.mark.parametrize(("declared", "more", "outcome"), RESILIENCE, ids=str)
def test_as_many_circuits_lead_to_a_gateway_as_is_declared(
    declared: str, more: tuple[Value, ...], outcome: Outcome
) -> None:
    assert worst("circuit-resilience", declare("resilience", declared), *planned(*more)) is outcome


def test_a_circuit_outside_the_stack_is_in_an_unknown_place() -> None:
    there = "/subscriptions/s/resourceGroups/other/providers/Microsoft.Network/expressRouteCircuits/theirs"
    elsewhere = Edit("hub-er-connection", "peer.id", there)
    rule = "circuit-resilience"
    assert worst(rule, elsewhere) is PASS
    assert worst(rule, elsewhere, declare("resilience", "two-locations"), *planned("Frankfurt")) is INCONCLUSIVE


def test_without_a_declaration_resilience_does_not_apply() -> None:
    assert RULES["circuit-resilience"].run(example_network((declare("resilience", None),))) == []


def test_a_connection_of_the_same_subscription_needs_no_authorization_key() -> None:
    assert (
        RULES["authorization-key-made"].run(example_network((Edit("hub-er-connection", "authorizationKey", None),)))
        == []
    )


PREMIUM = Edit("hub-er", "sku.tier", "Premium")
NO_TIER = Edit("hub-er", "sku.tier", UNKNOWN)
FROM_SITE, TO_SITE = "expressroute-prefixes-from-site", "expressroute-prefixes-to-site"
PREFIXES: tuple[tuple[str, str, tuple[Edit, ...], Outcome], ...] = (
    ("3999 from the site", FROM_SITE, (networks("edge", 3999),), PASS),
    ("4000 from the site", FROM_SITE, (networks("edge", 4000),), PASS),
    ("4001 from the site", FROM_SITE, (networks("edge", 4001),), VIOLATION),
    ("9999 from the site, Premium", FROM_SITE, (networks("edge", 9999), PREMIUM), PASS),
    ("10000 from the site, Premium", FROM_SITE, (networks("edge", 10000), PREMIUM), PASS),
    ("10001 from the site, Premium", FROM_SITE, (networks("edge", 10001), PREMIUM), VIOLATION),
    ("4000 from the site, tier unknown", FROM_SITE, (networks("edge", 4000), NO_TIER), PASS),
    ("4001 from the site, tier unknown", FROM_SITE, (networks("edge", 4001), NO_TIER), INCONCLUSIVE),
    ("10001 from the site, tier unknown", FROM_SITE, (networks("edge", 10001), NO_TIER), VIOLATION),
)
"""Limits of the service: 4,000 prefixes, with Premium 10,000."""


@pytest.mark.parametrize(("says", "rule", "edits", "outcome"), PREFIXES, ids=[item[0] for item in PREFIXES])
def test_a_circuit_takes_as_many_prefixes_as_its_tier_allows(
    says: str, rule: str, edits: tuple[Edit, ...], outcome: Outcome
) -> None:
    one_path = declare("topology.circuits.hub-er.paths.secondary", None)  # over a second the edge returns Azure's own
    assert worst(rule, *edits, one_path) is outcome


ANNOUNCED = ((999, PASS), (1000, PASS), (1001, VIOLATION))


@pytest.mark.parametrize(("count", "outcome"), ANNOUNCED, ids=str)
def test_a_gateway_announces_at_most_1000_prefixes(count: int, outcome: Outcome) -> None:
    assert worst(TO_SITE, spokes(count)) is outcome


CIRCUITS: tuple[tuple[str, int, Outcome], ...] = (
    ("ErGw1AZ", 3, PASS),
    ("ErGw1AZ", 4, PASS),
    ("ErGw1AZ", 5, VIOLATION),
    ("Standard", 5, VIOLATION),
    ("ErGw2AZ", 7, PASS),
    ("ErGw2AZ", 8, PASS),
    ("ErGw2AZ", 9, VIOLATION),
    ("HighPerformance", 9, VIOLATION),
    ("ErGw3AZ", 15, PASS),
    ("ErGw3AZ", 16, PASS),
    ("ErGw3AZ", 17, VIOLATION),
    ("UltraPerformance", 17, VIOLATION),
    ("ErGwScale", 4, PASS),
    ("ErGwScale", 5, INCONCLUSIVE),
    ("ErGwScale", 17, VIOLATION),
)
"""Gateway documentation of 2026-09-05: 4, 8 and 16 circuits; ErGwScale 4 to 16 by its scale."""


@pytest.mark.parametrize(("sku", "count", "outcome"), CIRCUITS, ids=str)
def test_a_gateway_takes_as_many_circuits_as_its_sku_allows(sku: str, count: int, outcome: Outcome) -> None:
    others = planned(*(f"location {index}" for index in range(count - 1)))
    assert worst("expressroute-circuit-limit", *others, Edit("er-gateway", "sku.name", sku)) is outcome


@pytest.mark.parametrize(("count", "outcome"), [(3, PASS), (4, PASS), (5, VIOLATION)], ids=str)
def test_a_gateway_takes_four_circuits_of_one_location(count: int, outcome: Outcome) -> None:
    others = planned(*["Amsterdam"] * (count - 1))
    assert worst("expressroute-circuit-limit", *others, Edit("er-gateway", "sku.name", "ErGw3AZ")) is outcome
