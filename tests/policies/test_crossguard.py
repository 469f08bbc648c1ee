"""The adapter: what the policy SDK does with unknowns, and what the pack does instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.runtime import proto
from pulumi_policy import (
    EnforcementLevel,
    PolicyResource,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import (
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    unknown_checking_proxy,
)

from policies import crossguard
from policies.crossguard import Pack, plain
from tests.policies.support import Sent, judge, stack_request
from vpner.readers.resources import UNKNOWN, merge
from vpner.rules.declared import POLICY
from vpner.rules.network import Network
from vpner.rules.registry import RULES, Rule, Severity, Verdict

SENTINELS = (
    UNKNOWN_STRING_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_OBJECT_VALUE,
)


def connection(**properties: Any) -> Sent:
    given = {"connectionType": "IPsec", **properties}
    return Sent("azure-native:network:VirtualNetworkGatewayConnection", "c", "urn:c", given, given)


@pytest.mark.parametrize("unknown", SENTINELS)
def test_an_unknown_hides_nothing_beside_it(unknown: str) -> None:
    given = {
        "a": unknown,
        "b": 65515.0,
        "c": [unknown, {"d": unknown, "e": "known"}, [1.5, unknown]],
        "f": {"g": {"h": unknown, "i": None}},
        "j": True,
    }
    assert plain(unknown_checking_proxy(given)) == {
        "a": UNKNOWN,
        "b": 65515,
        "c": [UNKNOWN, {"d": UNKNOWN, "e": "known"}, [1.5, UNKNOWN]],
        "f": {"g": {"h": UNKNOWN, "i": None}},
        "j": True,
    }


def test_numbers_that_are_whole_become_integers_and_plain_data_stays() -> None:
    converted = plain(unknown_checking_proxy({"asn": 65515.0, "flag": True, "list": [1.0, "x"]}))
    assert converted == {"asn": 65515, "flag": True, "list": [1, "x"]}
    assert [type(item) for item in converted["list"]] == [int, str]  # pyright: ignore


@pytest.mark.parametrize(
    ("output", "given", "known"),
    [
        (UNKNOWN, True, True),
        (UNKNOWN, None, None),
        (UNKNOWN, UNKNOWN, UNKNOWN),
        (None, UNKNOWN, UNKNOWN),
        (None, "x", "x"),
        ("chosen", UNKNOWN, "chosen"),
        (False, True, False),
        ({"a": UNKNOWN, "b": 1}, {"a": 2}, {"a": 2, "b": 1}),
        ([{"id": UNKNOWN, "name": "x"}], [{"id": "given"}], [{"id": "given", "name": "x"}]),
        ([1, 2], [1], [1, 2]),
    ],
)
def test_an_output_counts_where_it_is_known_and_else_the_input(output: Any, given: Any, known: Any) -> None:
    assert merge(output, given) == known


def test_a_rule_of_the_stock_sdk_that_touches_an_unknown_becomes_an_advisory() -> None:
    """What the pack must never let happen: a mandatory policy that passes because a value is unknown."""

    def mandatory(args: StackValidationArgs, report: ReportViolation) -> None:
        if not args.resources[0].props.get("useLocalAzureIpAddress"):
            report("violated", None)

    policy = StackValidationPolicy(
        name="stock", description="Stock.", validate=mandatory, enforcement_level=EnforcementLevel.MANDATORY
    )
    servicer = _PolicyAnalyzerServicer("stock", "0.0.1", [policy], EnforcementLevel.MANDATORY)
    (message,) = servicer.AnalyzeStack(
        stack_request([connection(useLocalAzureIpAddress=UNKNOWN_STRING_VALUE)]), None
    ).diagnostics
    assert message.enforcementLevel == proto.ADVISORY
    assert "can't be known during preview" in message.message


def test_the_pack_refuses_the_same_unknown() -> None:
    messages = judge([connection(useLocalAzureIpAddress=UNKNOWN_STRING_VALUE)]).messages
    assert "private-address-pair" in {item.policyName for item in messages}
    assert {item.enforcementLevel for item in messages} == {proto.MANDATORY}
    assert not any("can't run policy" in item.message for item in messages)


def test_a_stack_in_which_everything_is_unknown_is_refused_and_never_an_advisory() -> None:
    def unknown(kind: str, *keys: str) -> Sent:
        values = dict.fromkeys(keys, UNKNOWN_STRING_VALUE)
        return Sent(f"azure-native:network:{kind}", kind, f"urn:{kind}", values, values)

    resources = [
        unknown("VirtualNetworkGateway", "gatewayType", "ipConfigurations", "activeActive", "bgpSettings"),
        unknown("VirtualHub", "sku", "allowBranchToBranchTraffic"),
        unknown("LocalNetworkGateway", "gatewayIpAddress"),
        unknown(
            "VirtualNetworkGatewayConnection",
            "connectionType",
            "useLocalAzureIpAddress",
            "virtualNetworkGateway1",
            "localNetworkGateway2",
            "ipsecPolicies",
        ),
        Sent("other:index:Site", "site", "urn:site", {}, {"devices": UNKNOWN_STRING_VALUE}),
    ]
    messages = judge(resources).messages
    assert {item.enforcementLevel for item in messages} == {proto.MANDATORY}
    assert {"private-address-pair", "network-known", "explicit-ipsec-policy"} <= {item.policyName for item in messages}
    assert all("INCONCLUSIVE" in item.message for item in messages)


def test_a_stack_without_tunnels_is_not_applicable_for_every_rule() -> None:
    vnet = {"virtualNetworkName": "v", "resourceGroupName": "g"}
    answer = judge([Sent("azure-native:network:VirtualNetwork", "v", "urn:v", vnet, {})])
    assert answer.messages == ()
    assert answer.not_applicable == frozenset(RULES)


def test_without_collected_inputs_an_unknown_output_is_still_no_pass() -> None:
    """A resource that the program only reads is not analyzed, and somebody may disable the collector."""
    outputs = {"connectionType": "IPsec", "useLocalAzureIpAddress": UNKNOWN_STRING_VALUE}
    no_options: Any = None
    item = PolicyResource(
        "azure-native:network:VirtualNetworkGatewayConnection",
        unknown_checking_proxy(outputs),
        "urn:c",
        "c",
        no_options,
        None,
        None,
        [],
        {},
    )
    (found,) = Pack().report([item]).network.ipsec_connections
    assert found.uses_private_address is UNKNOWN


def test_a_rule_that_breaks_down_fails_the_stack_and_says_which_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(network: Network) -> Iterator[Verdict]:
        raise RuntimeError("psk-in-plain-text")

    broken = Rule("broken-rule", "topic", "It breaks.", Severity.HIGH, (), (), "", "", (), (), (), crash)
    monkeypatch.setitem(RULES, "broken-rule", broken)
    (message,) = [item for item in judge([connection()]).messages if item.policyName == "broken-rule"]
    assert message.enforcementLevel == proto.MANDATORY
    assert "broken-rule" in message.message
    assert "RuntimeError" in message.message
    assert "psk-in-plain-text" not in message.message


def test_resources_that_cannot_be_read_fail_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(value: Any) -> Any:
        raise RuntimeError("psk-in-plain-text")

    monkeypatch.setattr(crossguard, "plain", crash)
    answer = judge([connection()])
    assert {item.policyName for item in answer.messages} >= set(RULES)
    advice = {rule.id for rule in RULES.values() if not rule.severity.mandatory} | {"verdicts"}
    assert {item.policyName for item in answer.messages if item.enforcementLevel != proto.MANDATORY} <= advice
    assert "psk-in-plain-text" not in str(answer.messages)


EXCEPTION = {"rule": "network-known", "resource": "x", "reason": "because", "owner": "me", "expiry": "2099-01-01"}
INTENT = {"from": ["10.0.0.0/8"], "to": ["10.1.0.0/16"], "mode": "required"}


@pytest.mark.parametrize(
    ("configuration", "where"),
    [
        ({"topologie": {}}, "declared-network:topologie"),
        ({"topology": {"router": {}}}, "declared-network:topology.router"),
        ({"topology": {"routers": {"r": {"asnn": 65001}}}}, "declared-network:topology.routers.r.asnn"),
        ({"topology": {"intent": [INTENT]}}, "declared-network:topology.intent"),
        ({"intent": [{**INTENT, "mod": "required"}]}, "intent[0].mod"),
        ({"intent": [{**INTENT, "mode": "prefered"}]}, "intent[0].mode"),
        ({"resilience": "three-circuits"}, "declared-network:resilience"),
        ({"exceptions": [{**EXCEPTION, "owner": ""}]}, "declared-network:exceptions[0].owner"),
        ({"exceptions": [{**EXCEPTION, "expiry": "soon"}]}, "declared-network:exceptions[0].expiry"),
        ({"exceptions": [{key: EXCEPTION[key] for key in EXCEPTION if key != "reason"}]}, "exceptions[0].reason"),
    ],
)
def test_a_configuration_that_is_not_understood_is_refused_with_its_key_path(
    configuration: dict[str, Any], where: str
) -> None:
    messages = judge([], {POLICY: configuration}).messages
    assert POLICY in {item.policyName for item in messages}
    assert any(where in item.message for item in messages)
    assert {item.enforcementLevel for item in messages} == {proto.MANDATORY}


def test_the_configuration_schema_has_every_key_in_place() -> None:
    schema = crossguard.configuration_schema()
    assert set(schema) == {"topology", "intent", "resilience", "exceptions"}
    assert "$ref" not in str(schema)
    assert schema["intent"]["type"] == "array"
    assert set(schema["exceptions"]["items"]["required"]) == set(EXCEPTION)
