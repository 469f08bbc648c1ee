"""Every rule on the example network: what it passes, what it refuses, and what it does not let pass unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, cast

import pytest

from vpner.problems import Problem
from vpner.readers.resources import KINDS, UNKNOWN, Value
from vpner.rules import RULES, Network, Outcome, Rule, evaluate
from vpner.rules.examples import example_network
from vpner.rules.registry import MODEL, Edit, Example, Severity, Verdict


def examples(kind: str) -> list[Any]:
    return [
        pytest.param(rule, example, id=f"{rule.id}: {example.says}")
        for rule in RULES.values()
        for example in cast("tuple[Example, ...]", getattr(rule, kind))
    ]


def outcomes(rule: Rule, edits: tuple[Edit, ...]) -> list[Outcome]:
    found = [finding.outcome for finding in rule.run(example_network(edits))]
    return [outcome for outcome in found if outcome is not Outcome.PASS]


def problems(network: Network) -> list[Problem]:
    return [finding.problem for finding in evaluate(network).findings if finding.problem is not None]


def test_the_example_network_breaks_no_rule_and_every_rule_judges_it() -> None:
    assert problems(example_network()) == []
    assert [rule.id for rule in RULES.values() if not rule.run(example_network())] == []


def test_an_example_is_the_same_after_it_was_made() -> None:
    """An edit inside a value that another edit brings must not reach into that edit: others use it, too."""
    every = [
        example for kind in ("passes", "fails", "unknown") for item in examples(kind) for example in item.values[1:]
    ]
    before = deepcopy(every)
    for example in every:
        example_network(example.edits)
    assert every == before


@pytest.mark.parametrize(("rule", "example"), examples("passes"))
def test_a_passing_example_passes(rule: Rule, example: Example) -> None:
    assert outcomes(rule, example.edits) == []


@pytest.mark.parametrize(("rule", "example"), examples("fails"))
def test_a_failing_example_is_a_violation_once(rule: Rule, example: Example) -> None:
    assert outcomes(rule, example.edits) == [Outcome.VIOLATION]


@pytest.mark.parametrize(("rule", "example"), examples("unknown"))
def test_an_unknown_example_is_inconclusive_once(rule: Rule, example: Example) -> None:
    """What the whole model needs and is missing is `network-known`'s finding, once for all rules that need it."""
    found = outcomes(rule, example.edits)
    if MODEL in rule.needs and not found:
        assert not rule.run(example_network(example.edits)), "it must not pass either"
        found = outcomes(RULES["network-known"], example.edits)
    assert found == [Outcome.INCONCLUSIVE]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_has_examples_of_every_kind_and_sources_with_dates(rule: Rule) -> None:
    assert rule.passes
    assert rule.unknown
    assert rule.needs
    assert rule.description.endswith(".")
    assert rule.fails or rule.id == "network-known", "only what nobody knows breaks that one"
    assert rule.facts
    assert [fact for fact in rule.facts if not re.search(r", 20\d\d(-\d\d(-\d\d)?)?$", fact)] == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_a_rule_needs_is_kept_by_the_reader(rule: Rule) -> None:
    kinds = {need.partition(".")[0] for need in rule.needs}
    assert kinds <= KINDS | {MODEL, "component", "declared"}


MUTANTS: tuple[tuple[str, str, Value, str], ...] = (
    ("connection", "useLocalAzureIpAddress", None, "private-address-pair"),
    ("connection", "useLocalAzureIpAddress", False, "private-address-pair"),
    ("vpn-gateway", "enablePrivateIpAddress", None, "private-address-pair"),
    ("vpn-gateway", "enablePrivateIpAddress", False, "private-address-pair"),
    ("vpn-gateway", "vpnType", "PolicyBased", "route-based-gateway"),
    ("vpn-gateway", "sku.name", "VpnGw1", "az-gateway-sku"),
    ("vpn-address-0", "zones", None, "zonal-gateway-addresses"),
    ("gateway-subnet", "addressPrefix", "10.0.0.32/28", "gateway-subnet-size"),
    ("gateway-subnet", "networkSecurityGroup", {"id": UNKNOWN}, "no-nsg-on-platform-subnets"),
    ("route-server-subnet", "routeTable", {"id": UNKNOWN}, "platform-subnet-routes"),
    ("vpn-gateway", "enableBgp", None, "bgp-on-both-ends"),
    ("local", "bgpSettings.bgpPeeringAddress", "169.254.22.2", "apipa-distinct"),
    ("connection", "ipsecPolicies", None, "explicit-ipsec-policy"),
    ("connection", "ipsecPolicies.0.dhGroup", "DHGroup2", "strong-algorithms"),
    ("connection", "ipsecPolicies.0.saLifeTimeSeconds", 86400, "sane-lifetimes"),
    ("connection", "connectionProtocol", "IKEv1", "ikev2-only"),
    ("connection", "made-from.sharedKey", None, "key-not-literal"),
)
"""One edit of the network, and a rule that says so. The truth is Azure's: the documents that the rules cite."""


@pytest.mark.parametrize(("resource", "path", "value", "rule"), MUTANTS, ids=lambda value: str(value) or "-")
def test_one_wrong_input_gives_a_message_with_resource_rule_and_remedy(
    resource: str, path: str, value: Value, rule: str
) -> None:
    found = [item for item in problems(example_network((Edit(resource, path, value),))) if item.code == rule]
    (problem,) = found
    assert problem.remedy
    assert problem.where.split()[0] in KINDS
    assert f"[{rule}]" in str(problem)


def leaves(value: Value, path: str = "") -> Iterator[str]:
    """The path of everything in a value, branches and leaves."""
    pairs = (
        cast("Mapping[str, Value]", value).items()
        if isinstance(value, Mapping)
        else enumerate(cast("list[Value]", value) if isinstance(value, list) else ())
    )
    for key, item in pairs:
        here = f"{path}.{key}" if path else str(key)
        yield here
        yield from leaves(item, here)


NOT_READ = re.compile(
    r"\.name$|^ipConfigName$|^publicIpAddressName$|^virtualNetworkPeeringName$|^allowVirtualNetworkAccess$"
    r"|\.ipconfigurationId$"
    # What a circuit costs, and how fast it is.
    r"|^sku\.family$|\.bandwidthInMbps$"
)
"""For messages only, or nothing that routing or a rule depends on."""
DECIDED_OTHERWISE = re.compile(
    # Names of things that the snapshot finds by reference; the group, which is one.
    r"^resourceGroupName$|Name$"
    # Dependencies lead to the resource while its id is unknown; so does the network through its subnet.
    r"|^(virtualNetworkGateway1|localNetworkGateway2|peer|subnet|routeTable|remoteVirtualNetwork)(\.id)?$"
    r"|^ipConfigurations(\.\d(\.(subnet|publicIPAddress)(\.id)?)?)?$"
    # Where a key comes from is judged by dependency.
    r"|^(authorizationKey|sharedKey)$"
)
"""Unknown, and yet decided: what is decided is what the network would be with the value."""
WITHIN_EVERY_LIMIT = {
    # One circuit with few prefixes, where one is asked for, is right with any SKU and in any location.
    *(("er-gateway", path) for path in ("sku", "sku.name", "sku.tier")),
    *(("hub-er", path) for path in ("sku", "sku.name", "sku.tier")),
    *(("hub-er", path) for path in ("serviceProviderProperties", "serviceProviderProperties.peeringLocation")),
    # Route Server has one SKU.
    ("route-server", "sku"),
}
"""Unknown, and yet right whatever the value is."""
WATCHED = [
    pytest.param(resource.name, path, id=f"{resource.name} {path}")
    for resource in example_network().snapshot.resources
    for path in leaves(resource.properties)
    if not NOT_READ.search(path)
]


@pytest.mark.parametrize(("resource", "path"), WATCHED)
def test_an_unknown_at_any_place_does_not_pass(resource: str, path: str) -> None:
    """Or, where references decide, the network is judged as with the value: it has no other reading."""
    found = problems(example_network((Edit(resource, path, UNKNOWN),)))
    assert not any("could not be evaluated" in problem.what for problem in found)
    decided = DECIDED_OTHERWISE.search(path) or (resource, path) in WITHIN_EVERY_LIMIT
    assert found or decided, "an unknown let the network pass"


def broken(secret: str) -> Rule:
    def judge(network: Network) -> Iterator[Verdict]:
        raise ValueError(secret)

    return Rule("breaks-down", "topic", "It breaks down.", Severity.HIGH, (), (), "", "", (), (), (), judge)


def test_a_rule_that_breaks_down_is_a_finding_without_any_value() -> None:
    secret = "the-pre-shared-key"
    (finding,) = broken(secret).run(example_network())
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.problem is not None
    assert "breaks-down" in str(finding.problem)
    assert "ValueError at test_rules.py:" in finding.problem.what
    assert "report it" in finding.problem.remedy
    assert secret not in str(finding.problem)


def test_an_unknown_value_cannot_be_taken_for_false() -> None:
    with pytest.raises(TypeError):
        bool(UNKNOWN)
