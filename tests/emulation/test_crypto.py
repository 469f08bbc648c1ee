"""What two profiles agree on, and what fits into a tunnel: predicted, and by strongSwan's own word."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from itertools import product

import pytest

from tests.emulation.tier import EVERYTHING
from vpner.device.crypto import NO_PROPOSAL_CHOSEN, negotiate
from vpner.device.mtu import Encapsulation, tunnel_mtu
from vpner.emulation.cradle import Cradle
from vpner.emulation.pair import LINK_MTU, Pair
from vpner.plan.crypto import CryptoProfile

pytestmark = [pytest.mark.root, pytest.mark.timeout(1800)]

PROFILES = (
    CryptoProfile(),
    CryptoProfile(ipsec_encryption="AES256", ipsec_integrity="SHA256"),
    CryptoProfile(ike_encryption="AES128", ike_integrity="SHA256", dh_group="ECP256", pfs_group="ECP256"),
    CryptoProfile(ike_integrity="SHA384", dh_group="ECP384", pfs_group="ECP384"),
    CryptoProfile(pfs_group="ECP384"),
    CryptoProfile(ipsec_encryption="GCMAES128", ipsec_integrity="GCMAES128"),
    CryptoProfile(dh_group="ECP256"),
    CryptoProfile(ipsec_encryption="AES128", ipsec_integrity="SHA256", pfs_group="ECP256"),
)
PAIRS = list(product(range(len(PROFILES)), repeat=2))


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Cradle() as cradle:
        yield Pair(cradle, IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))


@pytest.mark.parametrize(("one", "other"), PAIRS if EVERYTHING else PAIRS[: len(PROFILES)])
def test_strongswan_negotiates_what_is_predicted(pair: Pair, one: int, other: int) -> None:
    predicted = negotiate(PROFILES[one], PROFILES[other])
    found = pair.negotiate(PROFILES[one], PROFILES[other])
    assert found == predicted.document()


def test_pairs_hold_every_outcome() -> None:
    outcomes = {
        tuple(value == NO_PROPOSAL_CHOSEN for value in negotiate(PROFILES[a], PROFILES[b]).document().values())
        for a, b in PAIRS
    }
    assert outcomes == {(False, False, False), (False, False, True), (False, True, True), (True, True, True)}


@pytest.mark.parametrize("number", range(len(PROFILES)) if EVERYTHING else [0, 1])
def test_largest_predicted_packet_passes_whole_and_a_larger_one_in_pieces(pair: Pair, number: int) -> None:
    profile = PROFILES[number]
    largest = tunnel_mtu(profile, Encapsulation.UDP, LINK_MTU)
    assert pair.connect(profile, profile)
    assert pair.fragments(largest) == 0
    assert pair.fragments(largest + 1) > 0
