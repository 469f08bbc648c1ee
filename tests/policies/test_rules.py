"""Every rule on the example network: what it passes, what it refuses, and what it does not let pass unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from policies.crossguard import TOPICS
from policies.declared import CONTRACT_KEYS
from policies.examples import example_network
from policies.network import Network
from policies.registry import RULES, Edit, Example, Outcome, Rule, Verdict
from vpner.problems import Problem
from vpner.readers.resources import COMPONENT_KEYS, KINDS, UNKNOWN, Snapshot, Value

REGISTERED = TOPICS  # importing the topics registers the rules


def examples(kind: str) -> list[Any]:
    return [
        pytest.param(rule, example, id=f"{rule.id}: {example.says}")
        for rule in RULES.values()
        for example in cast("tuple[Example, ...]", getattr(rule, kind))
    ]


def outcomes(rule: Rule, edits: tuple[Edit, ...]) -> list[Outcome]:
    return [verdict.outcome for verdict in rule.judge(example_network(edits))]


def problems(network: Network) -> list[Problem]:
    return [problem for rule in RULES.values() for _, problem in rule.run(network) if problem is not None]


def test_the_example_network_breaks_no_rule_and_every_rule_judges_it() -> None:
    assert problems(example_network()) == []
    assert all(rule.run(example_network()) for rule in RULES.values())


@pytest.mark.parametrize(("rule", "example"), examples("passes"))
def test_a_passing_example_passes(rule: Rule, example: Example) -> None:
    assert set(outcomes(rule, example.edits)) <= {Outcome.PASS}


@pytest.mark.parametrize(("rule", "example"), examples("fails"))
def test_a_failing_example_is_a_violation_once(rule: Rule, example: Example) -> None:
    found = [outcome for outcome in outcomes(rule, example.edits) if outcome is not Outcome.PASS]
    assert found == [Outcome.VIOLATION]


@pytest.mark.parametrize(("rule", "example"), examples("unknown"))
def test_an_unknown_example_is_inconclusive_once(rule: Rule, example: Example) -> None:
    found = [outcome for outcome in outcomes(rule, example.edits) if outcome is not Outcome.PASS]
    assert found == [Outcome.INCONCLUSIVE]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_has_examples_of_every_kind_and_sources(rule: Rule) -> None:
    assert rule.passes
    assert rule.unknown
    assert rule.facts
    assert rule.needs
    assert rule.description.endswith(".")
    assert rule.fails or rule.id == "gateway-network-known", "only what nobody knows breaks that one"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_a_rule_needs_is_kept_by_the_adapter(rule: Rule) -> None:
    sources = {need.partition(".")[0].removesuffix("[]") for need in rule.needs}
    assert CONTRACT_KEYS <= COMPONENT_KEYS
    assert sources <= KINDS | CONTRACT_KEYS


# One edit of the network, and the one rule that says so. The truth is Azure's: the documents that the rules cite.
MUTANTS: tuple[tuple[str, str, Value, str], ...] = (
    ("connection", "useLocalAzureIpAddress", None, "private-address-pair"),
    ("connection", "useLocalAzureIpAddress", False, "private-address-pair"),
    ("vpn-gateway", "enablePrivateIpAddress", None, "private-address-pair"),
    ("vpn-gateway", "enablePrivateIpAddress", False, "private-address-pair"),
    ("vpn-gateway", "activeActive", None, "route-server-exchange-gateway"),
    ("vpn-gateway", "activeActive", False, "route-server-exchange-gateway"),
    ("vpn-gateway", "ipConfigurations.0", None, "route-server-exchange-gateway"),
    ("vpn-gateway", "bgpSettings.asn", 65514, "route-server-exchange-gateway"),
    ("vpn-gateway", "ipConfigurations", None, "gateway-network-known"),
    ("er-gateway", "ipConfigurations", None, "gateway-network-known"),
    ("route-server-ip", "subnet", None, "gateway-network-known"),
    ("route-server-ip", "virtualHubName", "another", "gateway-network-known"),
    ("connection", "virtualNetworkGateway1", None, "tunnel-ends-known"),
    ("connection", "localNetworkGateway2", None, "tunnel-ends-known"),
    ("local", "gatewayIpAddress", None, "tunnel-ends-known"),
    ("local", "gatewayIpAddress", "10.100.0.5", "tunnel-ends-known"),
    ("local", "gatewayIpAddress", "198.51.100.7", "tunnel-ends-known"),
    ("local", "gatewayIpAddress", "no address", "tunnel-ends-known"),
    ("appliance", "device", None, "tunnel-ends-known"),
    ("appliance", "device.endpoint", None, "tunnel-ends-known"),
    ("appliance", "device.endpoint", "10.100.0.40", "tunnel-ends-known"),
    ("appliance", "device.expressRouteInterface", None, "device-routes-to-tunnel-addresses"),
    ("appliance", "device.expressRouteInterface", "LAN", "device-routes-to-tunnel-addresses"),
    ("appliance", "device.statics", None, "device-routes-to-tunnel-addresses"),
    ("appliance", "device.statics.0", None, "device-routes-to-tunnel-addresses"),
    ("appliance", "device.statics.1", None, "device-routes-to-tunnel-addresses"),
    ("appliance", "device.statics.0.interface", None, "device-routes-to-tunnel-addresses"),
    ("appliance", "device.statics.0.interface", "LAN", "device-routes-to-tunnel-addresses"),
    (
        "appliance",
        "device.statics.1.destination",
        "hub-vpngw.instances[0].tunnel/32",
        "device-routes-to-tunnel-addresses",
    ),
    ("appliance", "device.statics.1.destination", "other.instances[1].tunnel/32", "device-routes-to-tunnel-addresses"),
    ("appliance", "device.statics.1.destination", "10.0.0.32/27", "device-routes-to-tunnel-addresses"),
    ("appliance", "device.tunnels", None, "device-routes-to-tunnel-addresses"),
    ("appliance", "device.tunnels.1", None, "device-routes-to-tunnel-addresses"),
    ("appliance", "device.tunnels.1.remote", "192.0.2.2", "device-routes-to-tunnel-addresses"),
    ("hub-er-connection", "connectionType", None, "endpoint-announced-over-expressroute"),
    ("hub-er-connection", "virtualNetworkGateway1", None, "endpoint-announced-over-expressroute"),
    ("hub-er-connection", "peer", None, "endpoint-announced-over-expressroute"),
    ("circuits", "routers", None, "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0", None, "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.links.0", None, "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.links.0.circuit", "another", "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.statics", None, "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.statics.0", None, "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.statics.0.prefix", "10.100.0.5/32", "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.statics.0.prefix", "10.100.0.4/31", "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.statics.0.circuit", "hub-er", "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.statics.0.circuit", None, "endpoint-announced-over-expressroute"),
    ("circuits", "routers.0.statics.0.redistribute", False, "endpoint-announced-over-expressroute"),
    ("connection", "ipsecPolicies", None, "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0", None, "strong-ipsec-policy"),
    ("connection", "connectionProtocol", "IKEv1", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ikeEncryption", "DES3", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ikeEncryption", "DES", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ikeIntegrity", "SHA1", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ikeIntegrity", "MD5", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ikeIntegrity", "GCMAES256", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.dhGroup", "DHGroup1", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.dhGroup", "DHGroup2", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.dhGroup", "None", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ipsecEncryption", "None", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ipsecEncryption", "DES3", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ipsecEncryption", "GCMAES128", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ipsecIntegrity", "SHA256", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.ipsecIntegrity", "MD5", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.pfsGroup", "None", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.pfsGroup", "PFS1", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.pfsGroup", "PFS2", "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.saLifeTimeSeconds", 299, "strong-ipsec-policy"),
    ("connection", "ipsecPolicies.0.saDataSizeKilobytes", 1023, "strong-ipsec-policy"),
    *(
        ("connection", f"ipsecPolicies.0.{key}", None, "strong-ipsec-policy")
        for key in (
            "saLifeTimeSeconds",
            "saDataSizeKilobytes",
            "ipsecEncryption",
            "ipsecIntegrity",
            "ikeEncryption",
            "ikeIntegrity",
            "dhGroup",
            "pfsGroup",
        )
    ),
)


@pytest.mark.parametrize(("resource", "path", "value", "rule"), MUTANTS, ids=lambda value: str(value) or "-")
def test_one_wrong_input_gives_one_message_with_resource_rule_and_remedy(
    resource: str, path: str, value: Value, rule: str
) -> None:
    (problem,) = problems(example_network((Edit(resource, path, value),)))
    assert problem.code == rule
    assert problem.remedy
    assert problem.where.split()[0] in ("VirtualNetworkGatewayConnection", "VirtualNetworkGateway", "VirtualHub")
    assert f"[{rule}]" in str(problem)


HARMLESS: tuple[tuple[str, str, Value], ...] = (
    ("connection", "connectionProtocol", None),
    ("connection", "connectionType", "ipsec"),
    ("vpn-gateway", "bgpSettings.asn", None),
    ("route-server", "allowBranchToBranchTraffic", False),
    ("appliance", "device.name", None),
    ("appliance", "device.advertises", None),
    ("circuits", "routers.0.statics.0.redistribute", None),
    ("circuits", "circuits", None),
    ("circuits", "stage", None),
    ("connection", "ipsecPolicies.0.dhGroup", "ECP384"),
    ("connection", "ipsecPolicies.0.pfsGroup", "ECP256"),
    ("connection", "ipsecPolicies.0.ikeEncryption", "GCMAES256"),
    ("connection", "ipsecPolicies.0.ikeIntegrity", "SHA384"),
    ("connection", "ipsecPolicies.0.saLifeTimeSeconds", 300),
    ("connection", "ipsecPolicies.0.saDataSizeKilobytes", 1024),
)


@pytest.mark.parametrize(("resource", "path", "value"), HARMLESS, ids=lambda value: str(value) or "-")
def test_a_harmless_edit_gives_no_message(resource: str, path: str, value: Value) -> None:
    assert problems(example_network((Edit(resource, path, value),))) == []


DECIDED_OTHERWISE = {
    # Dependencies lead to the resource while its id is unknown; so does the network through its subnet.
    ("connection", "virtualNetworkGateway1"),
    ("connection", "virtualNetworkGateway1.id"),
    ("connection", "localNetworkGateway2"),
    ("hub-er-connection", "virtualNetworkGateway1"),
    ("hub-er-connection", "peer"),
    ("connection", "localNetworkGateway2.id"),
    ("hub-er-connection", "virtualNetworkGateway1.id"),
    ("hub-er-connection", "peer.id"),
    ("er-gateway", "ipConfigurations.0.subnet.id"),
    ("vpn-gateway", "ipConfigurations.0.subnet.id"),
    ("vpn-gateway", "ipConfigurations.1.subnet.id"),
    ("route-server-ip", "subnet.id"),
    ("er-gateway", "ipConfigurations.0"),
    ("er-gateway", "ipConfigurations.0.subnet"),
    ("er-gateway", "ipConfigurations"),
    ("vpn-gateway", "ipConfigurations.0.subnet"),
    ("vpn-gateway", "ipConfigurations.1.subnet"),
    ("route-server-ip", "subnet"),
    # What may be a VPN gateway or an IPsec connection is judged as one.
    ("vpn-gateway", "gatewayType"),
    ("connection", "connectionType"),
    # Nothing hangs on them here: what is only announced, already covered, for messages, or for later stages.
    ("er-gateway", "virtualNetworkGatewayName"),
    ("appliance", "device.advertises"),
    ("appliance", "device.advertises.0"),
    ("appliance", "device.advertises.1"),
    ("circuits", "routers.0.networks"),
    ("circuits", "routers.0.links.1"),
    ("circuits", "routers.0.links.1.circuit"),
}


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


NEVER_READ = re.compile(
    r"\.name$|^resourceGroupName$|^sku$|^ipConfigName$|^localNetworkGatewayName$|^virtualNetworkGatewayConnectionName$"
    r"|^stage$|^circuits(\.|$)"  # the component's word on connections counts only before there are any
)
RESOURCES = (
    "connection",
    "hub-er-connection",
    "vpn-gateway",
    "er-gateway",
    "route-server",
    "route-server-ip",
    "local",
    "appliance",
    "circuits",
)
WATCHED = [
    (resource.name, path)
    for resource in example_network().snapshot.resources
    if resource.name in RESOURCES
    for path in leaves(resource.properties)
    if not NEVER_READ.search(path)
]


@pytest.mark.parametrize(("resource", "path"), [pair for pair in WATCHED if pair not in DECIDED_OTHERWISE])
def test_an_unknown_at_any_place_does_not_pass(resource: str, path: str) -> None:
    found = problems(example_network((Edit(resource, path, UNKNOWN),)))
    assert found, "an unknown let the network pass"
    assert not any("could not be evaluated" in problem.what for problem in found)


@pytest.mark.parametrize(("resource", "path"), [pair for pair in WATCHED if pair in DECIDED_OTHERWISE])
def test_an_unknown_that_is_decided_otherwise_gives_no_alarm(resource: str, path: str) -> None:
    assert problems(example_network((Edit(resource, path, UNKNOWN),))) == []


SECOND_CIRCUIT = "/subscriptions/0/resourceGroups/lab/providers/Microsoft.Network/expressRouteCircuits/second-er"


@pytest.mark.parametrize(
    ("advertises", "announced_over", "expected"),
    [
        (["10.100.0.0/24"], ["hub-er"], "second-er"),
        (["10.100.0.0/24"], ["hub-er", "second-er"], None),
        ([UNKNOWN], ["hub-er"], "second-er"),
        (None, ["second-er"], "hub-er"),
        (["10.200.0.0/16"], ["hub-er"], None),
        (["10.200.0.0/16"], ["second-er"], None),
        (["10.200.0.0/16"], [], "hub-er, second-er"),
    ],
)
def test_every_circuit_carries_an_endpoint_that_the_tunnel_covers_and_else_one_is_enough(
    advertises: Value, announced_over: list[str], expected: str | None
) -> None:
    routers: list[Value] = [
        {
            "name": f"{circuit}-edge",
            "links": [{"circuit": circuit}],
            "networks": ["10.100.0.4/32"] if circuit in announced_over else [],
        }
        for circuit in ("hub-er", "second-er")
    ]
    lab = example_network(
        (Edit("circuits", "routers", routers), Edit("appliance", "device.advertises", advertises))
    ).snapshot.resources
    (first,) = [item for item in lab if item.name == "hub-er-connection"]
    second = replace(
        first, urn="urn:second", name="second", properties={**first.properties, "peer": {"id": SECOND_CIRCUIT}}
    )
    found = problems(Network(Snapshot([*lab, second])))
    assert [problem.code for problem in found] == (["endpoint-announced-over-expressroute"] if expected else [])
    assert expected is None or f"over circuit {expected}" in found[0].what


def test_a_rule_that_breaks_down_is_a_violation_without_any_value() -> None:
    secret = "the-pre-shared-key"

    def judge(network: Network) -> Iterator[Verdict]:
        raise ValueError(secret)

    broken = Rule(
        id="breaks-down",
        description="It breaks down.",
        severity=next(iter(RULES.values())).severity,
        needs=(),
        facts=(),
        why="",
        remedy="",
        fails=(),
        passes=(),
        unknown=(),
        judge=judge,
    )
    ((_, problem),) = broken.run(example_network())
    assert problem is not None
    assert "breaks-down" in str(problem)
    assert "ValueError at test_rules.py:" in problem.what
    assert "report it" in problem.remedy
    assert secret not in str(problem)


def test_an_unknown_value_cannot_be_taken_for_false() -> None:
    with pytest.raises(TypeError):
        bool(UNKNOWN)
