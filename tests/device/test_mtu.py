"""Sizes of packets in a tunnel, against packets built field by field as the RFCs draw them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpner.device.mtu import Encapsulation, mss_clamp, outer_size, tcp_mss, tunnel_mtu
from vpner.plan.crypto import CryptoProfile

GCM = CryptoProfile()
CBC = CryptoProfile(ipsec_encryption="AES256", ipsec_integrity="SHA256")
encapsulations = st.sampled_from(list(Encapsulation))
profiles = st.sampled_from([GCM, CBC])


def built(profile: CryptoProfile, inner: int, encapsulation: Encapsulation) -> int:
    """Length of the outer packet, put together byte by byte: RFC 4303 section 2, RFC 3948 section 2.1."""
    outer = bytes(20)
    udp = bytes(8) if encapsulation is Encapsulation.UDP else b""
    spi, sequence = bytes(4), bytes(4)
    # RFC 4106, section 3: IV of 8, ciphertext ends on 4 bytes; RFC 3602, section 2: IV and block of 16.
    iv, multiple = (bytes(8), 4) if profile is GCM else (bytes(16), 16)
    payload, padding = bytes(inner), b""
    while (len(payload) + len(padding) + 2) % multiple:
        padding += b"\0"
    icv = bytes(16)  # RFC 4106, section 6: 16; RFC 4868, section 2.1.1: HMAC-SHA-256-128
    return len(outer + udp + spi + sequence + iv + payload + padding + bytes(2) + icv)


@given(profiles, encapsulations, st.integers(20, 2000))
def test_the_outer_size_is_that_of_a_packet_put_together(
    profile: CryptoProfile, encapsulation: Encapsulation, inner: int
) -> None:
    assert outer_size(profile, inner, encapsulation) == built(profile, inner, encapsulation)


@given(profiles, encapsulations, st.integers(576, 9000))
def test_the_tunnels_mtu_is_the_largest_packet_that_fits_and_no_larger_one_does(
    profile: CryptoProfile, encapsulation: Encapsulation, link: int
) -> None:
    mtu = tunnel_mtu(profile, encapsulation, link)
    assert built(profile, mtu, encapsulation) <= link < built(profile, mtu + 1, encapsulation)


@pytest.mark.parametrize(
    ("profile", "encapsulation", "mtu"),
    [
        (GCM, Encapsulation.NATIVE, 1446),
        (GCM, Encapsulation.UDP, 1438),
        (CBC, Encapsulation.NATIVE, 1438),
        (CBC, Encapsulation.UDP, 1422),
    ],
)
def test_on_ethernet_the_known_sizes_come_out(profile: CryptoProfile, encapsulation: Encapsulation, mtu: int) -> None:
    # 1438 and 1422 are what AES-CBC with SHA-256 leaves of 1500 bytes (strongSwan and Cisco both publish them).
    assert tunnel_mtu(profile, encapsulation) == mtu
    assert tcp_mss(mtu) == mtu - 40


@given(profiles, encapsulations, st.integers(576, 9000))
def test_the_clamp_is_never_above_azures_and_every_segment_fits(
    profile: CryptoProfile, encapsulation: Encapsulation, link: int
) -> None:
    clamp = mss_clamp(profile, encapsulation, link)
    assert clamp <= 1350  # Learn: About VPN devices
    assert built(profile, clamp + 40, encapsulation) <= link


def test_where_expressroute_may_fragment_above_1400_bytes_azures_clamp_is_not_enough() -> None:
    # Learn: ExpressRoute FAQ, maximum supported limits.
    assert built(GCM, 1350 + 40, Encapsulation.UDP) > 1400
    assert mss_clamp(GCM, Encapsulation.UDP, 1400) == 1298
