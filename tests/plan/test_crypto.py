"""One crypto profile for both ends: strong, complete, and accepted by Azure's own enumerations."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from pulumi_azure_native.network import (
    DhGroup,
    IkeEncryption,
    IkeIntegrity,
    IpsecEncryption,
    IpsecIntegrity,
    PfsGroup,
)

from tests.plan.expectations import Expected, refused
from vpner.plan.crypto import CryptoProfile
from vpner.problems import Problem

AZURE = {
    "ike_encryption": [item.value for item in IkeEncryption],
    "ike_integrity": [item.value for item in IkeIntegrity],
    "dh_group": [item.value for item in DhGroup],
    "ipsec_encryption": [item.value for item in IpsecEncryption],
    "ipsec_integrity": [item.value for item in IpsecIntegrity],
    "pfs_group": [item.value for item in PfsGroup],
}
ARM = {
    "ike_encryption": "ikeEncryption",
    "ike_integrity": "ikeIntegrity",
    "dh_group": "dhGroup",
    "ipsec_encryption": "ipsecEncryption",
    "ipsec_integrity": "ipsecIntegrity",
    "pfs_group": "pfsGroup",
}
# RFC 8247 and RFC 8221: MUST NOT or SHOULD NOT; SHA-1 is MUST- there, and disallowed by NIST SP 800-131A from 2030.
# Without PFS one broken IKE key opens every session. DHGroup24/PFS24 is group 24 (SHOULD NOT); PFSMM names no group.
WEAK = {
    "ike_encryption": {"DES", "DES3"},
    "ike_integrity": {"MD5", "SHA1"},
    "dh_group": {"None", "DHGroup1", "DHGroup2", "DHGroup24"},
    "ipsec_encryption": {"None", "DES", "DES3"},
    "ipsec_integrity": {"MD5", "SHA1"},
    "pfs_group": {"None", "PFS1", "PFS2", "PFS24", "PFSMM"},
}
# Names of strongSwan's documentation ("Cipher Suites"), each with the sizes that Azure's name has.
STRONGSWAN = {
    "AES128": "aes128",
    "AES192": "aes192",
    "AES256": "aes256",
    "GCMAES128": "aes128gcm16",
    "GCMAES192": "aes192gcm16",
    "GCMAES256": "aes256gcm16",
    "SHA256": "sha256",
    "SHA384": "sha384",
    "DHGroup14": "modp2048",
    "DHGroup2048": "modp2048",
    "PFS14": "modp2048",
    "PFS2048": "modp2048",
    "ECP256": "ecp256",
    "ECP384": "ecp384",
}
IKE_FIELDS = ("ike_encryption", "ike_integrity", "dh_group")
ESP_FIELDS = ("ipsec_encryption", "ipsec_integrity", "pfs_group")


def profiles(fields: tuple[str, ...]) -> list[CryptoProfile]:
    """Every profile that Azure's enumerations can express in some fields, the others at their defaults."""
    values = [AZURE[field] for field in fields]
    return [replace(CryptoProfile(), **dict(zip(fields, chosen, strict=True))) for chosen in product(*values)]


def accepted(fields: tuple[str, ...]) -> list[CryptoProfile]:
    return [profile for profile in profiles(fields) if not list(profile.problems())]


def test_azures_enumerations_are_the_ones_that_these_tests_know() -> None:
    known = {name for names in WEAK.values() for name in names} | STRONGSWAN.keys()
    assert {name for names in AZURE.values() for name in names} == known


def test_the_default_is_accepted() -> None:
    assert list(CryptoProfile().problems()) == []


@pytest.mark.parametrize(("field", "weak"), [(field, name) for field, names in WEAK.items() for name in sorted(names)])
def test_no_weak_algorithm_of_azures_is_built(field: str, weak: str) -> None:
    problems = list(replace(CryptoProfile(), **{field: weak}).problems())
    assert (ARM[field], True) in [(problem.where, weak in problem.what) for problem in problems]


@pytest.mark.parametrize(("field", "weak"), [(field, name) for field, names in WEAK.items() for name in sorted(names)])
def test_a_weak_algorithm_is_called_weak(field: str, weak: str) -> None:
    problem = next(item for item in replace(CryptoProfile(), **{field: weak}).problems() if item.where == ARM[field])
    assert "weak" in problem.what
    assert "unknown" not in problem.what


@pytest.mark.parametrize("fields", [IKE_FIELDS, ESP_FIELDS])
def test_what_is_accepted_exists_in_azure_and_is_not_weak(fields: tuple[str, ...]) -> None:
    found = accepted(fields)
    assert found
    for profile in found:
        for field, names in AZURE.items():
            assert getattr(profile, field) in names
            assert getattr(profile, field) not in WEAK[field]


@pytest.mark.parametrize("field", AZURE)
def test_what_azure_does_not_know_is_refused(field: str) -> None:
    for name in ("", "aes256", "SHA512", "ECP521", "DHGroup19", "GCMAES512"):
        assert ARM[field] in [problem.where for problem in replace(CryptoProfile(), **{field: name}).problems()]


def test_every_accepted_profile_has_the_ike_proposal_of_its_algorithms() -> None:
    found = accepted(IKE_FIELDS)
    assert len(found) == 3 * 2 * 4  # AES, SHA-2, groups 14 (twice), 19 and 20
    for profile in found:
        parts = (profile.ike_encryption, profile.ike_integrity, profile.dh_group)
        assert profile.ike_proposal == "-".join(STRONGSWAN[part] for part in parts)


def test_every_accepted_profile_has_the_esp_proposal_of_its_algorithms() -> None:
    found = accepted(ESP_FIELDS)
    assert len(found) == (3 + 3) * 4  # three AES with SHA256, three AES-GCM, four names of groups
    for profile in found:
        parts = [profile.ipsec_encryption, profile.ipsec_integrity, profile.pfs_group]
        if profile.ipsec_encryption.startswith("GCM"):  # combined mode: no integrity algorithm of its own
            parts.remove(profile.ipsec_integrity)
        assert profile.esp_proposal == "-".join(STRONGSWAN[part] for part in parts)


# VPN Gateway FAQ: with GCMAES for IPsec encryption, the same for integrity, and the reverse.
@pytest.mark.parametrize(
    ("encryption", "integrity", "equal"),
    [
        ("GCMAES256", "GCMAES256", True),
        ("GCMAES192", "GCMAES192", True),
        ("GCMAES128", "GCMAES128", True),
        ("AES256", "SHA256", True),
        ("GCMAES256", "GCMAES128", False),
        ("GCMAES256", "SHA256", False),
        ("AES256", "GCMAES256", False),
    ],
)
def test_gcm_is_one_algorithm_for_both(encryption: str, integrity: str, equal: bool) -> None:
    profile = CryptoProfile(ipsec_encryption=encryption, ipsec_integrity=integrity)
    expected = [] if equal else [Expected("ipsecIntegrity", "crypto-gcm-mismatch", f"{encryption} with ipsecIntegrity")]
    refused(profile.problems(), *expected)


def test_the_remedy_for_mixed_modes_can_be_written() -> None:
    (problem,) = CryptoProfile(ipsec_encryption="AES256", ipsec_integrity="GCMAES256").problems()
    assert "write AES256 in both" not in problem.remedy


# VPN Gateway FAQ: 300 s and 1024 KB at least.
@pytest.mark.parametrize(
    ("field", "where", "least"),
    [
        ("sa_life_time_seconds", "saLifeTimeSeconds", 300),
        ("sa_data_size_kilobytes", "saDataSizeKilobytes", 1024),
    ],
)
def test_security_associations_live_as_long_as_azure_wants(field: str, where: str, least: int) -> None:
    assert list(replace(CryptoProfile(), **{field: least}).problems()) == []
    for value in (least - 1, 0, -1):
        refused(replace(CryptoProfile(), **{field: value}).problems(), (where, "crypto-lifetime", str(value)))


def test_a_profile_with_nothing_right_names_every_field() -> None:
    profile = CryptoProfile("DES", "MD5", "DHGroup1", "DES3", "SHA1", "None", 1, 1)
    problems: list[Problem] = list(profile.problems())
    assert [problem.where for problem in problems] == [*ARM.values(), "saLifeTimeSeconds", "saDataSizeKilobytes"]
