"""SKUs that can be created, and what they are able to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from vpner.problems import Problem

VPN_GATEWAY_SKUS = ("VpnGw1AZ", "VpnGw2AZ", "VpnGw3AZ", "VpnGw4AZ", "VpnGw5AZ")
_RETIRED_VPN_SKUS = ("VpnGw1", "VpnGw2", "VpnGw3", "VpnGw4", "VpnGw5", "Standard", "HighPerformance", "Basic")
EXPRESS_ROUTE_GATEWAY_SKUS = (
    "Standard",
    "HighPerformance",
    "UltraPerformance",
    "ErGw1AZ",
    "ErGw2AZ",
    "ErGw3AZ",
    "ErGwScale",
)
CIRCUIT_TIERS = ("Standard", "Premium", "Local")
CIRCUIT_FAMILIES = ("MeteredData", "UnlimitedData")
CIRCUIT_BANDWIDTHS = (50, 100, 200, 500, 1000, 2000, 5000, 10000)
"""Mbps, of circuits from a provider."""


def vpn_gateway_sku(where: str, sku: str) -> Iterator[Problem]:
    """Whether a VPN gateway with private tunnel addresses can be created with the SKU."""
    if sku in VPN_GATEWAY_SKUS:
        return
    if sku in _RETIRED_VPN_SKUS:
        better = f"{sku}AZ" if f"{sku}AZ" in VPN_GATEWAY_SKUS else VPN_GATEWAY_SKUS[0]
        yield Problem(
            where,
            f"VPN gateway SKU {sku} has no availability zones",
            "Only VpnGw1AZ to VpnGw5AZ have private tunnel addresses, and others can no longer be created "
            "(NonAzSkusNotAllowedForVPNGateway)",
            f"write {better}",
            "vpn-sku-not-zonal",
            "Learn: VPN Gateway SKU consolidation, 2026-02-03; Site-to-site VPN over ExpressRoute private peering",
        )
        return
    yield unknown_choice(where, "VPN gateway SKU", sku, VPN_GATEWAY_SKUS)


def express_route_gateway_sku(where: str, sku: str) -> Iterator[Problem]:
    """Whether an ExpressRoute gateway can be created with the SKU."""
    if sku not in EXPRESS_ROUTE_GATEWAY_SKUS:
        yield unknown_choice(where, "ExpressRoute gateway SKU", sku, EXPRESS_ROUTE_GATEWAY_SKUS)


def circuit_sku(where: str, sku: str) -> Iterator[Problem]:
    """Whether a circuit's SKU, written ``TIER_FAMILY``, is one of Azure's."""
    choices = [f"{tier}_{family}" for tier in CIRCUIT_TIERS for family in CIRCUIT_FAMILIES]
    choices.remove("Local_MeteredData")  # the Local tier has no metered data plan
    if sku not in choices:
        yield unknown_choice(where, "ExpressRoute circuit SKU", sku, choices)


def circuit_bandwidth(where: str, mbps: int) -> Iterator[Problem]:
    """Whether a provider's circuit can have the bandwidth."""
    if mbps not in CIRCUIT_BANDWIDTHS:
        yield unknown_choice(where, "circuit bandwidth in Mbps", str(mbps), [str(item) for item in CIRCUIT_BANDWIDTHS])


def unknown_choice(where: str, kind: str, value: str, choices: Sequence[str], finding: str = "unknown") -> Problem:
    """A value that is not one of a closed set, with the nearest that is."""
    by_folded = {choice.casefold(): choice for choice in choices}
    nearest = get_close_matches(value.casefold(), by_folded, n=1)
    remedy = "write one of these"
    if nearest:
        remedy = f"did you mean {by_folded[nearest[0]]}? Write that, or another one of these"
    return Problem(
        where,
        f"{kind} {value!r} is {finding}",
        f"It must be one of {', '.join(choices)}" if choices else "There is nothing that it could be",
        remedy if choices else "remove it",
        "unknown-choice",
    )
