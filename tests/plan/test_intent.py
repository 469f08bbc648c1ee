"""What traffic is to be protected: a mistake here would leave it unprotected."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.expectations import Expected, refused
from vpner.plan.intent import intent_problems

GOOD: dict[str, Any] = {"name": "n", "from": ["10.0.0.0/24"], "to": ["10.100.0.0/24"], "mode": "required"}
EXEMPT: dict[str, Any] = {"from": ["10.0.0.4/32"], "reason": "monitoring", "expires": "2027-06-30"}


@pytest.mark.parametrize(
    "change", [{}, {"mode": "preferred", "reason": "no other way"}, {"exempt": [EXEMPT]}, {"exempt": []}]
)
def test_a_good_intent_is_accepted(change: dict[str, Any]) -> None:
    assert list(intent_problems([{**GOOD, **change}])) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"from": []}, Expected("[0].from", "intent-empty", "no prefix")),
        ({"to": []}, Expected("[0].to", "intent-empty", "no prefix")),
        ({"to": ["10.0.0.0/8", "10.1.1.1/8"]}, Expected("[0].to[1]", "prefix-host-bits", "10.1.1.1/8")),
        ({"from": ["spokes"]}, Expected("[0].from[0]", "prefix-malformed", "spokes")),
        ({"mode": "prefered", "reason": "x"}, Expected("[0].mode", "unknown-choice", "prefered")),
        ({"mode": "preferred"}, Expected("[0].reason", "intent-without-reason", "preferred")),
        ({"mode": "preferred", "reason": ""}, Expected("[0].reason", "intent-without-reason", "preferred")),
        (
            {"exempt": [EXEMPT, {**EXEMPT, "expires": "June 2027"}]},
            Expected("[0].exempt[1].expires", "intent-expiry-malformed", "June 2027"),
        ),
        (
            {"exempt": [{**EXEMPT, "expires": "2027-02-29"}]},
            Expected("[0].exempt[0].expires", "intent-expiry-malformed", "2027-02-29"),
        ),
        (
            {"exempt": [{**EXEMPT, "to": ["10.0.0.5/24"]}]},
            Expected("[0].exempt[0].to[0]", "prefix-host-bits", "10.0.0.5/24"),
        ),
    ],
)
def test_each_mistake_is_found_at_its_place(change: dict[str, Any], expected: Expected) -> None:
    refused(intent_problems([{**GOOD, **change}]), expected)


def test_the_mistakes_of_every_intent_are_found_together() -> None:
    refused(
        intent_problems([{**GOOD, "from": []}, GOOD, {**GOOD, "to": ["x"], "mode": "preferred"}]),
        ("[0].from", "intent-empty", "no prefix"),
        ("[2].reason", "intent-without-reason", "preferred"),
        ("[2].to[0]", "prefix-malformed", "x"),
    )


@pytest.mark.parametrize("change", [{"protocol": "tpc"}, {"protocol": "tcp", "port": 70000}, {"reason": ""}])
def test_an_exemption_says_what_it_exempts_and_why(change: dict[str, Any]) -> None:
    assert list(intent_problems([{**GOOD, "exempt": [{**EXEMPT, **change}]}])) != []
