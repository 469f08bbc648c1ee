"""ASNs and APIPA addresses that Azure accepts."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, summarize_address_range

from vpner.problems import Problem

AZURE_ASN = 65515
"""ASN of every ExpressRoute gateway and Route Server, and the default of a VPN gateway."""
MSEE_ASN = 12076
"""ASN of Microsoft's edge routers (MSEE) on every circuit."""

_VPN_FAQ = "Learn: VPN Gateway FAQ, BGP"
_RESERVED: tuple[tuple[range, str], ...] = (
    (range(8074, 8076), "Azure"),
    (range(12076, 12077), "Azure"),
    (range(65515, 65516), "Azure"),
    (range(65517, 65521), "Azure"),
    (range(23456, 23457), "IANA"),
    (range(64496, 64512), "IANA"),
    (range(65535, 65552), "IANA"),
)

AZURE_APIPA = tuple(
    summarize_address_range(IPv4Address("169.254.21.0"), IPv4Address("169.254.22.255")),
)
"""Custom APIPA BGP addresses that a VPN gateway's instance may have."""
_LINK_LOCAL = IPv4Network("169.254.0.0/16")


def device_asn(where: str, asn: int) -> Iterator[Problem]:
    """Whether a device or router on the other side of Azure may use the ASN."""
    if not 1 <= asn <= 2**32 - 2:
        yield Problem(
            where,
            f"{asn} is not an ASN",
            "An ASN is a number from 1 to 4294967294",
            "use a private one, 64512 to 65514 or 65521 to 65534",
            "asn-out-of-range",
            _VPN_FAQ,
        )
        return
    for numbers, owner in _RESERVED:
        if asn in numbers:
            yield Problem(
                where,
                f"ASN {asn} is reserved by {owner}",
                "Azure refuses it for a local network gateway and for a peer",
                "use another one, for example 64512 to 65514 or 65521 to 65534",
                "asn-reserved",
                _VPN_FAQ,
            )


def gateway_asn(where: str, asn: int) -> Iterator[Problem]:
    """Whether a VPN gateway may use the ASN. 65515, its default, is the one reserved number that it may have."""
    if asn != AZURE_ASN:
        yield from device_asn(where, asn)


def router_asn(where: str, asn: int) -> Iterator[Problem]:
    """Whether a router may use the ASN on a private peering, where Azure keeps one number more."""
    if asn == 65516:
        yield Problem(
            where,
            f"ASN {asn} is reserved by Azure",
            "On a private peering Azure keeps 65515 to 65520 for itself",
            "use another one, for example 64512 to 65514 or 65521 to 65534",
            "asn-reserved",
            "Learn: ExpressRoute routing requirements",
        )
    else:
        yield from device_asn(where, asn)


def route_server_peer(where: str, asn: int) -> Iterator[Problem]:
    """Whether an appliance that peers with Route Server may use the ASN."""
    if 2**16 <= asn <= 2**32 - 2:
        yield Problem(
            where,
            f"ASN {asn} has more than 16 bits",
            "Route Server peers only with 16-bit ASNs",
            "use another one, for example 64512 to 65514 or 65521 to 65534",
            "asn-not-16-bit",
            "Learn: Azure Route Server FAQ, 2025-09-17",
        )
    else:
        yield from device_asn(where, asn)


def azure_apipa(where: str, address: IPv4Address) -> Iterator[Problem]:
    """Whether a VPN gateway's instance may have the address as a custom BGP address."""
    if not any(address in block for block in AZURE_APIPA):
        yield Problem(
            where,
            f"{address} is outside Azure's range",
            "A gateway's custom BGP addresses come from 169.254.21.0 to 169.254.22.255",
            "choose one from that range, another for each instance",
            "apipa-outside-azure-range",
            _VPN_FAQ,
        )


def device_apipa(where: str, address: IPv4Address) -> Iterator[Problem]:
    """Whether a device may have the address as its BGP address inside the tunnel."""
    usable = address in _LINK_LOCAL and IPv4Address("169.254.0.1") <= address <= IPv4Address("169.254.255.254")
    if not usable:
        yield Problem(
            where,
            f"{address} is not an APIPA address",
            "With custom BGP addresses on the gateway the device's own must be from 169.254.0.1 to 169.254.255.254",
            "choose one from that range that no gateway instance has",
            "apipa-malformed",
            _VPN_FAQ,
        )
