"""How large a packet may be to pass a tunnel whole: what ESP adds, by the algorithms and the encapsulation.

ESP in tunnel mode (RFC 4303, section 2): outer IPv4 header, SPI and sequence number, IV, the inner packet with padding,
pad length and next header up to a whole block, ICV. Through NAT, or where asked for, a UDP header goes before ESP
(RFC 3948, section 2.1). Sizes of IV, block and ICV: AES-CBC RFC 3602, AES-GCM RFC 4106, HMAC-SHA-256-128 RFC 4868.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vpner.plan.crypto import CryptoProfile

ETHERNET_MTU = 1500
"""MTU of an ExpressRoute interface (Learn: Router configuration samples)."""
EXPRESSROUTE_UNFRAGMENTED = 1400
"""Larger packets may be fragmented on ExpressRoute (Learn: ExpressRoute FAQ, maximum supported limits)."""
AZURE_MSS = 1350
"""What a device must clamp TCP's MSS at (Learn: About VPN devices)."""

_IPV4, _UDP, _TCP = 20, 8, 20
_SPI_AND_SEQUENCE = 8
_PAD_LENGTH_AND_NEXT_HEADER = 2
_ICV = 16
"""Of AES-GCM-16 and of HMAC-SHA-256-128, the two that a profile may have."""


class Encapsulation(StrEnum):
    """How ESP travels: as IP protocol 50, or in UDP port 4500."""

    NATIVE = "native"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class _Cipher:
    iv: int
    block: int
    """The inner packet is padded to a multiple of it: the cipher's block, or ESP's own 4 bytes."""


_CBC, _GCM = _Cipher(iv=16, block=16), _Cipher(iv=8, block=4)


def outer_size(profile: CryptoProfile, inner: int, encapsulation: Encapsulation) -> int:
    """Size in bytes of the IPv4 packet that carries an inner packet of ``inner`` bytes."""
    cipher = _cipher(profile)
    blocks = -(-(inner + _PAD_LENGTH_AND_NEXT_HEADER) // cipher.block)
    return _around(cipher, encapsulation) + blocks * cipher.block


def tunnel_mtu(profile: CryptoProfile, encapsulation: Encapsulation, link_mtu: int = ETHERNET_MTU) -> int:
    """Size in bytes of the largest inner packet whose outer packet fits ``link_mtu``, so that nothing is fragmented."""
    cipher = _cipher(profile)
    blocks = (link_mtu - _around(cipher, encapsulation)) // cipher.block
    return blocks * cipher.block - _PAD_LENGTH_AND_NEXT_HEADER


def tcp_mss(mtu: int) -> int:
    """The largest TCP segment, without options, in an IPv4 packet of ``mtu`` bytes (RFC 9293, section 3.7.1)."""
    return mtu - _IPV4 - _TCP


def mss_clamp(profile: CryptoProfile, encapsulation: Encapsulation, link_mtu: int = ETHERNET_MTU) -> int:
    """What the device clamps TCP's MSS at: as Azure demands, and lower where the link wants it."""
    return min(AZURE_MSS, tcp_mss(tunnel_mtu(profile, encapsulation, link_mtu)))


def _cipher(profile: CryptoProfile) -> _Cipher:
    return _GCM if profile.combined else _CBC


def _around(cipher: _Cipher, encapsulation: Encapsulation) -> int:
    udp = _UDP if encapsulation is Encapsulation.UDP else 0
    return _IPV4 + udp + _SPI_AND_SEQUENCE + cipher.iv + _ICV
