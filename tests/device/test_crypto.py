"""What two profiles agree on, by IKEv2's rules (RFC 7296), and a profile in ARM's words and back."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.test_crypto import AZURE, WEAK
from vpner.device.crypto import NO_PROPOSAL_CHOSEN, negotiate
from vpner.plan.crypto import CryptoProfile

STRONG = {field: [name for name in names if name not in WEAK[field]] for field, names in AZURE.items()}
PROFILES = [
    profile
    for values in product(*STRONG.values())
    if not list((profile := CryptoProfile(**dict(zip(STRONG, values, strict=True)))).problems())  # type: ignore[arg-type]
]
profiles = st.sampled_from(PROFILES)

# As strongSwan 5.9.8 logs and lists them, taken from its output; IANA numbers two names of one group alike.
SEEN = [
    (CryptoProfile(), "AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048", "AES_GCM_16_256", "/MODP_2048"),
    (
        CryptoProfile("AES192", "SHA384", "ECP384", "AES192", "SHA256", "ECP384"),
        "AES_CBC_192/HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/ECP_384",
        "AES_CBC_192/HMAC_SHA2_256_128",
        "/ECP_384",
    ),
    (
        CryptoProfile("AES128", "SHA256", "ECP256", "GCMAES128", "GCMAES128", "ECP256"),
        "AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256",
        "AES_GCM_16_128",
        "/ECP_256",
    ),
]
SAME = {"DHGroup2048": "DHGroup14", "PFS14": "PFS2048"}


def plain(value: str) -> str:
    return SAME.get(value, value)


@pytest.mark.parametrize(("profile", "ike", "child", "group"), SEEN)
def test_a_profile_with_itself_gives_the_suites_that_strongswan_lists(
    profile: CryptoProfile, ike: str, child: str, group: str
) -> None:
    assert negotiate(profile, profile).document() == {"ike": ike, "child": child, "rekeyed": child + group}


def test_another_name_of_the_same_group_makes_no_difference() -> None:
    other = replace(CryptoProfile(), dh_group="DHGroup2048", pfs_group="PFS14")
    assert negotiate(CryptoProfile(), other).stays_up


@given(profiles, profiles)
def test_two_profiles_agree_exactly_where_every_algorithm_of_the_exchange_is_the_same(
    one: CryptoProfile, other: CryptoProfile
) -> None:
    def same(*fields: str) -> bool:
        return all(plain(getattr(one, field)) == plain(getattr(other, field)) for field in fields)

    ike = same("ike_encryption", "ike_integrity", "dh_group")
    child = ike and same("ipsec_encryption", "ipsec_integrity")
    found = negotiate(one, other)
    assert (found.ike is not None, found.comes_up, found.stays_up) == (ike, child, child and same("pfs_group"))
    assert found == negotiate(other, one)


@pytest.mark.parametrize("group", ["ECP256", "ECP384"])
def test_a_difference_in_pfs_group_lets_the_tunnel_up_and_breaks_it_at_the_first_rekeying(group: str) -> None:
    # strongSwan 5.9.8 logs for it, at first: received ESP:AES_GCM_16_256/NO_EXT_SEQ, configured
    # ESP:AES_GCM_16_256/MODP_2048/NO_EXT_SEQ, proposal matches.
    found = negotiate(CryptoProfile(), CryptoProfile(pfs_group=group))
    assert found.comes_up
    assert not found.stays_up
    assert found.document()["rekeyed"] == NO_PROPOSAL_CHOSEN


def test_lifetimes_are_not_negotiated() -> None:
    assert negotiate(CryptoProfile(), CryptoProfile(sa_life_time_seconds=300)).stays_up


def test_there_are_as_many_profiles_as_the_enumerations_make() -> None:
    # 3 ciphers and 2 hashes with 4 names of groups; 3 AES with SHA256 and 3 GCM, with 4 names of groups.
    assert len(PROFILES) == 3 * 2 * 4 * (3 + 3) * 4


@given(profiles, st.integers(300, 10**6), st.integers(1024, 10**9))
def test_a_profile_in_arms_words_is_read_back(profile: CryptoProfile, seconds: int, kilobytes: int) -> None:
    profile = replace(profile, sa_life_time_seconds=seconds, sa_data_size_kilobytes=kilobytes)
    assert CryptoProfile.of_policy(profile.ipsec_policy()) == profile


def test_an_incomplete_policy_is_not_completed_by_guessing() -> None:
    policy = CryptoProfile().ipsec_policy()
    del policy["dhGroup"]
    with pytest.raises(KeyError, match="dhGroup"):
        CryptoProfile.of_policy(policy)


def test_arms_words_are_those_of_the_resource_provider() -> None:
    # Learn: REST API, Virtual Network Gateway Connections, IpsecPolicy.
    assert CryptoProfile().ipsec_policy() == {
        "saLifeTimeSeconds": 27_000,
        "saDataSizeKilobytes": 102_400_000,
        "ipsecEncryption": "GCMAES256",
        "ipsecIntegrity": "GCMAES256",
        "ikeEncryption": "AES256",
        "ikeIntegrity": "SHA256",
        "dhGroup": "DHGroup14",
        "pfsGroup": "PFS2048",
    }
