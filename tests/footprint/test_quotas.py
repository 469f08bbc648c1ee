"""How much of a limit is used, and what is said where that is not known."""

from __future__ import annotations

import pytest

from tests.footprint.test_costs import gateway
from tests.readers.stacks import HUB, NETWORK, azure
from vpner.footprint import Outcome, Quota, footprint
from vpner.readers.resources import UNKNOWN, Resource, Snapshot, Value
from vpner.render.footprint import footprint_text


def tunnels(count: int, kind: Value = "IPsec") -> list[Resource]:
    """Connections of the gateway ``vpn-gw``."""
    leads = {"id": f"{NETWORK}/virtualNetworkGateways/vpn-gw"}
    given = {"connectionType": kind, "virtualNetworkGateway1": leads}
    return [azure("VirtualNetworkGatewayConnection", f"c{index}", given) for index in range(count)]


def addresses(count: int, region: Value = "West Europe", prefix: str = "a") -> list[Resource]:
    given = {"sku": {"name": "Standard"}, "location": region}
    return [azure("PublicIPAddress", f"{prefix}{index}", given) for index in range(count)]


def of(limit: str, *resources: Resource) -> list[Quota]:
    return [quota for quota in footprint(Snapshot(resources)).quotas if quota.limit.id == limit]


SKUS = [
    ("VpnGw1AZ", 30, 30, Outcome.WITHIN),
    ("vpngw1az", 31, 30, Outcome.BEYOND),
    ("VpnGw5AZ", 31, 100, Outcome.WITHIN),
    ("VpnGw5AZ", 101, 100, Outcome.BEYOND),
    (UNKNOWN, 10, None, Outcome.WITHIN),
    (UNKNOWN, 11, None, Outcome.UNKNOWN),
    (UNKNOWN, 101, None, Outcome.BEYOND),
    ("VpnGw9AZ", 11, None, Outcome.UNKNOWN),
]
"""SKU, connections, the page's limit, and whether they are within it: an unknown SKU has at least 10, at most 100."""


@pytest.mark.parametrize(("sku", "count", "maximum", "outcome"), SKUS)
def test_a_gateways_tunnels_are_held_against_its_sku(
    sku: Value, count: int, maximum: int | None, outcome: Outcome
) -> None:
    (quota,) = of("tunnels-per-vpn-gateway", gateway("vpn-gw", sku=sku), *tunnels(count))
    assert (quota.where, quota.used, quota.maximum, quota.outcome) == ("vpn-gw", count, maximum, outcome)
    assert quota.left == (None if maximum is None else maximum - count)


def test_a_connection_of_unknown_type_may_count_and_is_said_to() -> None:
    (quota,) = of("tunnels-per-vpn-gateway", gateway("vpn-gw"), *tunnels(2), *tunnels(3, UNKNOWN))
    assert (quota.used, quota.doubtful, quota.left, quota.outcome) == (2, 3, None, Outcome.WITHIN)
    text = footprint_text(footprint(Snapshot([gateway("vpn-gw"), *tunnels(2), *tunnels(3, UNKNOWN)])))
    assert "2 to 5" in text


def test_a_gateway_outside_the_stack_has_an_unknown_limit() -> None:
    (quota,) = of("tunnels-per-vpn-gateway", *tunnels(1))
    assert (quota.where, quota.used, quota.maximum) == ("vpn-gw", 1, None)


def test_a_connection_whose_gateway_is_not_known_may_be_anybodys() -> None:
    lost = azure(
        "VirtualNetworkGatewayConnection", "l", {"connectionType": "IPsec", "virtualNetworkGateway1": {"id": UNKNOWN}}
    )
    (quota,) = of("tunnels-per-vpn-gateway", gateway("vpn-gw"), *tunnels(1), lost)
    assert (quota.used, quota.doubtful) == (1, 1)
    (alone,) = of("tunnels-per-vpn-gateway", lost)
    assert (alone.where, alone.used, alone.doubtful) == ("unknown", 0, 1)


def test_regions_are_counted_apart_in_any_spelling_and_an_unknown_one_may_be_any() -> None:
    here = [*addresses(2), *addresses(1, "westeurope", "b")]
    found = of("public-addresses", *here, *addresses(1, "northeurope", "c"), *addresses(1, UNKNOWN, "d"))
    assert {quota.where: (quota.used, quota.doubtful) for quota in found} == {
        "westeurope": (3, 1),
        "northeurope": (1, 1),
    }


def test_beyond_a_limit_that_support_raises_nobody_can_tell() -> None:
    (within,), (beyond,) = of("public-addresses", *addresses(10)), of("public-addresses", *addresses(11))
    assert (within.outcome, beyond.outcome, beyond.left) == (Outcome.WITHIN, Outcome.UNKNOWN, -1)
    found = footprint(Snapshot(addresses(11)))
    assert found.outcome is Outcome.UNKNOWN
    assert "UNKNOWN: Standard public IP addresses of westeurope: 11 of 10" in footprint_text(found)


def test_a_second_vpn_gateway_in_one_network_is_beyond_azures_limit() -> None:
    second = azure(
        "VirtualNetworkGateway",
        "second",
        {
            "virtualNetworkGatewayName": "second",
            "gatewayType": "Vpn",
            "ipConfigurations": [{"subnet": {"id": f"{NETWORK}/virtualNetworks/CORE/subnets/GatewaySubnet"}}],
        },
    )
    assert [(item.where, item.used) for item in of("vpn-gateways-per-network", *HUB)] == [("core", 1)]
    (quota,) = of("vpn-gateways-per-network", *HUB, second)
    assert (quota.used, quota.outcome) == (2, Outcome.BEYOND)


def test_peers_of_a_route_server_are_counted_by_its_name() -> None:
    server = azure("VirtualHub", "rs", {"virtualHubName": "hub-rs", "sku": "Standard"})
    peers = [azure("VirtualHubBgpConnection", f"p{index}", {"virtualHubName": "hub-rs"}) for index in range(9)]
    (quota,) = of("route-server-peers", server, *peers)
    assert (quota.where, quota.used, quota.maximum, quota.outcome) == ("hub-rs", 9, 8, Outcome.BEYOND)
