"""SKUs, against the enumerations of Azure's own API and the tables of its documentation."""

from __future__ import annotations

import pytest
from pulumi_azure_native.network import (
    ExpressRouteCircuitSkuFamily,
    ExpressRouteCircuitSkuTier,
    VirtualNetworkGatewaySkuName,
)

from tests.plan.expectations import refused
from vpner.plan.skus import (
    circuit_bandwidth,
    circuit_sku,
    express_route_gateway_sku,
    unknown_choice,
    vpn_gateway_sku,
)

GATEWAY_SKUS = [sku.value for sku in VirtualNetworkGatewaySkuName]
# "Site-to-site VPN over ExpressRoute private peering": VpnGw1AZ to VpnGw5AZ only.
ZONAL = {f"VpnGw{number}AZ" for number in range(1, 6)}
# "About ExpressRoute virtual network gateways".
EXPRESS_ROUTE = {"Standard", "HighPerformance", "UltraPerformance", "ErGw1AZ", "ErGw2AZ", "ErGw3AZ", "ErGwScale"}


@pytest.mark.parametrize("sku", GATEWAY_SKUS)
def test_of_azures_gateway_skus_only_the_zonal_vpn_ones_have_private_tunnel_addresses(sku: str) -> None:
    problems = list(vpn_gateway_sku("sku", sku))
    assert (problems == []) == (sku in ZONAL)
    if problems:
        retired = sku in ("Basic", "Standard", "HighPerformance") or sku.startswith("VpnGw")
        refused(problems, ("sku", "vpn-sku-not-zonal" if retired else "unknown-choice", sku))


@pytest.mark.parametrize("sku", GATEWAY_SKUS)
def test_of_azures_gateway_skus_only_expressroutes_own_are_accepted_for_it(sku: str) -> None:
    problems = list(express_route_gateway_sku("sku", sku))
    refused(problems, *([] if sku in EXPRESS_ROUTE else [("sku", "unknown-choice", sku)]))


@pytest.mark.parametrize("number", range(1, 6))
def test_the_remedy_for_a_retired_sku_is_its_zonal_successor(number: int) -> None:
    (problem,) = vpn_gateway_sku("sku", f"VpnGw{number}")
    assert problem.remedy == f"write VpnGw{number}AZ"
    assert "NonAzSkusNotAllowedForVPNGateway" in problem.why


@pytest.mark.parametrize(
    ("sku", "nearest"),
    [
        ("VpnGw1ZA", "VpnGw1AZ"),
        ("VpnGw3-AZ", "VpnGw3AZ"),
        ("vpngw2az", "VpnGw2AZ"),
    ],
)
def test_the_remedy_for_a_misspelt_sku_is_the_nearest_one(sku: str, nearest: str) -> None:
    problems = list(vpn_gateway_sku("sku", sku))
    refused(problems, ("sku", "unknown-choice", sku))
    assert f"did you mean {nearest}?" in problems[0].remedy


def test_a_value_that_resembles_nothing_gets_the_choices_and_no_guess() -> None:
    problem = unknown_choice("here", "colour", "xyz", ("ErGw1AZ", "Standard"))
    refused([problem], ("here", "unknown-choice", "colour 'xyz'"))
    assert "ErGw1AZ, Standard" in problem.why
    assert "did you mean" not in problem.remedy


def test_circuit_skus_are_azures_tiers_and_families_without_a_metered_local() -> None:
    tiers = [tier.value for tier in ExpressRouteCircuitSkuTier]
    families = [family.value for family in ExpressRouteCircuitSkuFamily]
    accepted = {f"{t}_{f}" for t in tiers for f in families if not list(circuit_sku("sku", f"{t}_{f}"))}
    # ExpressRoute FAQ: Local has the unlimited data plan only; Basic is not sold.
    assert accepted == {
        "Standard_MeteredData",
        "Standard_UnlimitedData",
        "Premium_MeteredData",
        "Premium_UnlimitedData",
        "Local_UnlimitedData",
    }


@pytest.mark.parametrize("sku", ["Local_MeteredData", "Standard", "standard_metereddata", "Standard-MeteredData", ""])
def test_another_circuit_sku_is_refused(sku: str) -> None:
    refused(circuit_sku("sku", sku), ("sku", "unknown-choice", repr(sku)))


def test_a_providers_circuit_has_one_of_the_documented_bandwidths() -> None:
    accepted = [mbps for mbps in range(10_001) if not list(circuit_bandwidth("bandwidthInMbps", mbps))]
    assert accepted == [50, 100, 200, 500, 1000, 2000, 5000, 10000]


@pytest.mark.parametrize("mbps", [-50, 0, 51, 10001, 40000])
def test_another_bandwidth_is_refused(mbps: int) -> None:
    refused(circuit_bandwidth("bandwidthInMbps", mbps), ("bandwidthInMbps", "unknown-choice", str(mbps)))
