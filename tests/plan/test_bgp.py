"""ASNs and APIPA addresses. Source of the limits: Azure VPN Gateway FAQ, BGP; ExpressRoute routing requirements."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.expectations import refused
from vpner.plan.bgp import azure_apipa, device_apipa, device_asn, gateway_asn, route_server_peer

RESERVED_BY_AZURE = {8074, 8075, 12076, 65515, 65517, 65518, 65519, 65520}
RESERVED_BY_IANA = {23456, *range(64496, 64512), *range(65535, 65552)}
HIGHEST = 4294967294


def test_exactly_the_reserved_numbers_are_refused_for_a_device() -> None:
    found = {asn for asn in range(1, 70_000) if list(device_asn("asn", asn))}
    assert found == RESERVED_BY_AZURE | RESERVED_BY_IANA


@pytest.mark.parametrize("asn", sorted(RESERVED_BY_AZURE))
def test_a_number_of_azures_is_refused_with_its_owner(asn: int) -> None:
    problems = list(device_asn("asn", asn))
    refused(problems, ("asn", "asn-reserved", f"ASN {asn} is reserved by Azure"))
    assert problems[0].source


@pytest.mark.parametrize("asn", [23456, 64496, 64511, 65535, 65551])
def test_a_number_of_ianas_is_refused_with_its_owner(asn: int) -> None:
    refused(device_asn("asn", asn), ("asn", "asn-reserved", f"ASN {asn} is reserved by IANA"))


@pytest.mark.parametrize("asn", [1, 64495, 64512, 65514, 65521, 65534, 65552, 4200000000, HIGHEST])
def test_usable_numbers_are_accepted_up_to_32_bits(asn: int) -> None:
    assert list(device_asn("asn", asn)) == []
    assert list(gateway_asn("asn", asn)) == []


@pytest.mark.parametrize("asn", [-1, 0, HIGHEST + 1, 2**32])
def test_what_is_no_as_number_is_refused(asn: int) -> None:
    refused(device_asn("asn", asn), ("asn", "asn-out-of-range", str(asn)))
    refused(gateway_asn("asn", asn), ("asn", "asn-out-of-range", str(asn)))


@given(st.integers(-(2**33), 2**33))
def test_a_gateway_differs_from_a_device_in_its_default_only(asn: int) -> None:
    assert list(gateway_asn("asn", asn)) == ([] if asn == 65515 else list(device_asn("asn", asn)))


# Azure Route Server FAQ: only 16-bit ASNs.
@pytest.mark.parametrize(
    ("asn", "code"),
    [
        (65534, None),
        (64512, None),
        (1, None),
        (65536, "asn-not-16-bit"),
        (65552, "asn-not-16-bit"),
        (HIGHEST, "asn-not-16-bit"),
        (65535, "asn-reserved"),
        (65515, "asn-reserved"),
        (0, "asn-out-of-range"),
        (2**32, "asn-out-of-range"),
    ],
)
def test_a_peer_of_route_server_has_16_bits(asn: int, code: str | None) -> None:
    refused(route_server_peer("asn", asn), *([("asn", code, str(asn))] if code else []))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("169.254.20.255", False),
        ("169.254.21.0", True),
        ("169.254.21.1", True),
        ("169.254.22.255", True),
        ("169.254.23.0", False),
        ("10.0.0.46", False),
    ],
)
def test_a_gateways_own_addresses_come_from_two_blocks(address: str, allowed: bool) -> None:
    expected = [] if allowed else [("here", "apipa-outside-azure-range", address)]
    refused(azure_apipa("here", IPv4Address(address)), *expected)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("169.253.255.255", False),
        ("169.254.0.0", False),
        ("169.254.0.1", True),
        ("169.254.255.254", True),
        ("169.254.255.255", False),
        ("169.255.0.0", False),
        ("192.168.1.1", False),
    ],
)
def test_a_devices_address_is_link_local(address: str, allowed: bool) -> None:
    expected = [] if allowed else [("here", "apipa-malformed", address)]
    refused(device_apipa("here", IPv4Address(address)), *expected)
