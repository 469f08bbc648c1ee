"""The rules on IPsec/IKE policies and keys: every algorithm that ARM knows, boundaries, spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_azure_native import network

from vpner.readers.resources import SECRET, UNKNOWN, Value
from vpner.rules import RULES, Outcome
from vpner.rules.examples import example_network
from vpner.rules.registry import MADE_FROM, Edit

VIOLATION, INCONCLUSIVE = Outcome.VIOLATION, Outcome.INCONCLUSIVE


def judge(rule: str, *edits: Edit) -> list[Outcome]:
    """Everything that the rule says about the example network with the edits, but passes."""
    found = [finding.outcome for finding in RULES[rule].run(example_network(edits))]
    return [outcome for outcome in found if outcome is not Outcome.PASS]


def policy(key: str, value: Value) -> Edit:
    return Edit("connection", f"ipsecPolicies.0.{key}", value)


STRONG = {
    "ikeEncryption": ("AES128", "AES192", "AES256", "GCMAES128", "GCMAES256"),
    "ikeIntegrity": ("SHA256", "SHA384", "GCMAES128", "GCMAES256"),
    "dhGroup": ("DHGroup14", "DHGroup2048", "DHGroup24", "ECP256", "ECP384"),
    "ipsecEncryption": ("AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256"),
    "ipsecIntegrity": ("SHA256", "GCMAES128", "GCMAES192", "GCMAES256"),
    "pfsGroup": ("PFS2048", "PFS14", "PFS24", "PFSMM", "ECP256", "ECP384"),
}
WEAK = {
    "ikeEncryption": ("DES", "DES3"),
    "ikeIntegrity": ("MD5", "SHA1"),
    "dhGroup": ("None", "DHGroup1", "DHGroup2"),
    "ipsecEncryption": ("None", "DES", "DES3"),
    "ipsecIntegrity": ("MD5", "SHA1"),
    "pfsGroup": ("None", "PFS1", "PFS2"),
}
"""Together every value of ARM's enumerations (IkeEncryption, IkeIntegrity, DhGroup, IpsecEncryption, IpsecIntegrity,
PfsGroup). What is weak is RFC 8247's and RFC 8221's."""


def pairs(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(key, value) for key, values in table.items() for value in values]


def test_the_table_holds_every_algorithm_that_arm_knows() -> None:
    for key, strong in STRONG.items():
        enumeration = getattr(network, key[0].upper() + key[1:])
        assert {item.value for item in enumeration} == {*strong, *WEAK[key]}, key


@pytest.mark.parametrize(("key", "value"), pairs(STRONG))
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_a_strong_algorithm_passes_in_any_case(key: str, value: str, spell: type[str]) -> None:
    assert judge("strong-algorithms", policy(key, spell(value))) == []


@pytest.mark.parametrize(("key", "value"), pairs(WEAK))
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_a_weak_algorithm_fails_in_any_case(key: str, value: str, spell: type[str]) -> None:
    assert judge("strong-algorithms", policy(key, spell(value))) == [VIOLATION]


@pytest.mark.parametrize("value", ["AES512", "", 14, True, ["AES256"]])
def test_what_is_no_algorithm_does_not_count_as_a_strong_one(value: Value) -> None:
    assert judge("strong-algorithms", policy("ikeEncryption", value)) == [VIOLATION]


def test_all_weak_algorithms_of_a_connection_are_one_message() -> None:
    edits = [policy(key, values[0]) for key, values in WEAK.items()]
    (problem,) = [item.problem for item in RULES["strong-algorithms"].run(example_network(edits)) if item.problem]
    assert all(f"{key} is {values[0]}" in problem.what for key, values in WEAK.items())


def test_a_weak_algorithm_is_a_violation_even_if_another_is_unknown() -> None:
    assert judge("strong-algorithms", policy("dhGroup", "DHGroup2"), policy("pfsGroup", UNKNOWN)) == [VIOLATION]


@pytest.mark.parametrize(
    ("encryption", "integrity", "expected"),
    [
        ("GCMAES256", "GCMAES256", []),
        ("GCMAES256", "gcmaes256", []),
        ("GCMAES128", "GCMAES128", []),
        ("AES256", "SHA256", []),
        ("GCMAES256", "GCMAES128", [VIOLATION]),
        ("GCMAES256", "SHA256", [VIOLATION]),
        ("AES256", "GCMAES256", [VIOLATION]),
        ("GCMAES256", UNKNOWN, [INCONCLUSIVE]),
        (UNKNOWN, "SHA256", [INCONCLUSIVE]),
        (None, "GCMAES256", [VIOLATION]),
    ],
)
def test_gcm_stands_in_both_fields_of_phase_2_or_in_none(
    encryption: Value, integrity: Value, expected: list[Outcome]
) -> None:
    edits = policy("ipsecEncryption", encryption), policy("ipsecIntegrity", integrity)
    assert judge("explicit-ipsec-policy", *edits) == expected


@pytest.mark.parametrize("key", [*STRONG, "saLifeTimeSeconds", "saDataSizeKilobytes"])
def test_a_policy_without_any_one_of_its_eight_properties_fails(key: str) -> None:
    assert judge("explicit-ipsec-policy", policy(key, None)) == [VIOLATION]


@pytest.mark.parametrize(
    ("policies", "expected"),
    [([], [VIOLATION]), (None, [VIOLATION]), ([{}, {}], [VIOLATION]), ([UNKNOWN], [INCONCLUSIVE])],
)
def test_there_is_exactly_one_policy(policies: Value, expected: list[Outcome]) -> None:
    assert judge("explicit-ipsec-policy", Edit("connection", "ipsecPolicies", policies)) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("saLifeTimeSeconds", 0, [VIOLATION]),
        ("saLifeTimeSeconds", 299, [VIOLATION]),
        ("saLifeTimeSeconds", 300, []),
        ("saLifeTimeSeconds", 3600, []),
        ("saLifeTimeSeconds", 28800, []),
        ("saLifeTimeSeconds", 28801, [VIOLATION]),
        ("saLifeTimeSeconds", "27000", [VIOLATION]),
        ("saDataSizeKilobytes", 1023, [VIOLATION]),
        ("saDataSizeKilobytes", 1024, []),
        ("saDataSizeKilobytes", 2147483647, []),
        ("saDataSizeKilobytes", UNKNOWN, [INCONCLUSIVE]),
    ],
)
def test_lifetimes_at_their_limits(key: str, value: Value, expected: list[Outcome]) -> None:
    assert judge("sane-lifetimes", policy(key, value)) == expected


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [("IKEv2", []), ("ikev2", []), (None, []), ("IKEv1", [VIOLATION]), ("ikev1", [VIOLATION]), ("", [VIOLATION])],
)
def test_ikev2_is_the_only_protocol(protocol: Value, expected: list[Outcome]) -> None:
    assert judge("ikev2-only", Edit("connection", "connectionProtocol", protocol)) == expected


@pytest.mark.parametrize("rule", ["explicit-ipsec-policy", "strong-algorithms", "ikev2-only", "sane-lifetimes"])
def test_nothing_protected_means_no_rule_on_cryptography(rule: str) -> None:
    edits = (Edit("declared", "intent", []), policy("dhGroup", "DHGroup1"))
    assert RULES[rule].run(example_network(edits)) == []


MADE = f"{MADE_FROM}sharedKey"


@pytest.mark.parametrize(
    ("key", "makers", "expected"),
    [
        (SECRET, ("key",), []),
        (UNKNOWN, ("key",), []),
        (None, None, []),
        (SECRET, None, [VIOLATION]),
        ("", None, [VIOLATION]),
        (UNKNOWN, None, [INCONCLUSIVE]),
    ],
)
def test_a_key_is_judged_by_what_made_it(key: Value, makers: Value, expected: list[Outcome]) -> None:
    edits = Edit("connection", "sharedKey", key), Edit("connection", MADE, makers)
    assert judge("key-not-literal", *edits) == expected


OTHER = "/subscriptions/0/resourceGroups/lab/providers/Microsoft.Network/localNetworkGateways/other"


def second_tunnel(local: Value = OTHER, made_from: tuple[str, ...] = ("key",)) -> tuple[Edit, ...]:
    """The example's second connection as a tunnel to another device."""
    return (
        Edit("hub-er-connection", "connectionType", "IPsec"),
        Edit("hub-er-connection", "peer", None),
        Edit("hub-er-connection", "localNetworkGateway2", {"id": local}),
        Edit("hub-er-connection", "sharedKey", SECRET),
        Edit("hub-er-connection", MADE, made_from),
    )


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (second_tunnel(), [VIOLATION]),
        (second_tunnel(made_from=("hub-er-authorization",)), []),
        (second_tunnel(made_from=()), []),
        (second_tunnel(UNKNOWN), [INCONCLUSIVE]),
        # Both lead to the one local network gateway: two gateways of one device.
        ((*second_tunnel(UNKNOWN), Edit("hub-er-connection", f"{MADE_FROM}localNetworkGateway2", ("local",))), []),
    ],
    ids=["same key", "own key", "literal", "device unknown", "same device"],
)
def test_two_devices_do_not_share_a_key(edits: tuple[Edit, ...], expected: list[Outcome]) -> None:
    assert judge("key-not-shared", *edits) == expected


@pytest.mark.parametrize("rule", ["key-not-literal", "key-not-shared"])
@given(key=st.text("abcdefghij", min_size=12))
def test_no_message_holds_a_key(rule: str, key: str) -> None:
    """Even if a key reached the rules: the readers keep only that there is one."""
    edits = (*second_tunnel(), Edit("connection", "sharedKey", key))
    edits += (Edit("connection", MADE, None),) if rule == "key-not-literal" else ()
    found = [item.problem for item in RULES[rule].run(example_network(edits)) if item.problem]
    assert found
    assert not any(key in str(problem) for problem in found)
