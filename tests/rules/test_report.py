"""Exceptions: what they cover, and what is said of those that cover nothing, have expired or soon will."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from vpner.render.report import report_json, report_text
from vpner.rules import Network, Report, RuleException, evaluate
from vpner.rules.examples import TODAY, example_network
from vpner.rules.registry import DECLARED, Edit

WEAK = Edit("connection", "connectionProtocol", "IKEv1")
RULE = "ikev2-only"


def exception(rule: str = RULE, resource: str = "connection", expiry: date = TODAY) -> RuleException:
    return RuleException(rule=rule, resource=resource, reason="legacy device", owner="network team", expiry=expiry)


def judged(*exceptions: RuleException, edits: tuple[Edit, ...] = (WEAK,)) -> Report:
    network = example_network(edits)
    declared = replace(network.declared, exceptions=exceptions)
    return evaluate(Network(network.snapshot, declared, today=TODAY, failures=network.failures))


def left(report: Report) -> list[str]:
    return [finding.rule for finding in report.findings if finding.problem is not None]


def test_without_an_exception_the_finding_counts() -> None:
    assert left(judged()) == [RULE]


@pytest.mark.parametrize("resource", ["connection", "VirtualNetworkGatewayConnection connection"])
def test_an_exception_covers_a_rule_on_a_resource_through_its_last_day(resource: str) -> None:
    report = judged(exception(resource=resource, expiry=TODAY + timedelta(days=60)))
    assert left(report) == []
    assert [finding.rule for finding in report.excepted] == [RULE]
    assert report.exceptions == ()
    assert f"Excepted: VirtualNetworkGatewayConnection connection [{RULE}]" in report_text(report)


CASES: list[tuple[str, RuleException, list[str], str]] = [
    ("on its last day", exception(), [], "exception-expires-soon"),
    ("14 days ahead", exception(expiry=TODAY + timedelta(days=14)), [], "exception-expires-soon"),
    ("15 days ahead", exception(expiry=TODAY + timedelta(days=15)), [], ""),
    ("a day too late", exception(expiry=TODAY - timedelta(days=1)), [RULE], "exception-expired"),
    ("of another resource", exception(resource="er-connection"), [RULE], "exception-unused"),
    ("of another rule", exception(rule="sane-lifetimes"), [RULE], "exception-unused"),
    ("of no rule", exception(rule="ikev2"), [RULE], "exception-unknown-rule"),
]


@pytest.mark.parametrize(("given", "findings", "code"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_wrong_with_an_exception_is_said(given: RuleException, findings: list[str], code: str) -> None:
    report = judged(given)
    assert left(report) == findings
    assert [item.code for item in report.exceptions] == ([code] if code else [])


def test_an_expired_exception_that_covers_nothing_any_more_is_to_be_removed() -> None:
    (note,) = judged(exception(expiry=TODAY - timedelta(days=1)), edits=()).exceptions
    assert note.remedy == "remove it"


def test_the_json_has_findings_with_rule_resource_and_remedy_and_the_verdicts() -> None:
    document: dict[str, Any] = report_json(judged())
    (finding,) = document["findings"]
    assert (finding["rule"], finding["outcome"]) == (RULE, "violation")
    assert finding["resource"] == "urn:example::connection"
    assert finding["remedy"]
    assert {flow["verdict"] for flow in document["flows"]} >= {"ENCRYPTED"}


def test_a_network_with_nothing_to_protect_is_not_applicable_and_says_so_once() -> None:
    network = example_network((Edit(DECLARED, "intent", []),))
    report = evaluate(network)
    assert not network.concerned
    assert (
        report_text(report) == "Encrypted ExpressRoute: not applicable (no intent, and no tunnel over private peering)"
    )
