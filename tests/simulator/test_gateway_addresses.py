"""Addresses in GatewaySubnet. Truth: the reference lab, its second variant, and lab 01 of azure-network-terraform."""

from __future__ import annotations

import tempfile
from ipaddress import IPv4Address, IPv4Network
from itertools import permutations
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.lab import Lab, circuit_connection, custom_bgp, vpn_gateway

SPACE = IPv4Network("10.0.0.32/27")


def bgp_settings(lab: Lab, gateway: str) -> dict[str, Any]:
    return cast("dict[str, Any]", lab.get(f"virtualNetworkGateways/{gateway}")["bgpSettings"])


def tunnels(lab: Lab) -> list[str]:
    """Private tunnel address of each instance."""
    instances = bgp_settings(lab, "vpngw")["bgpPeeringAddresses"]
    return [address for item in instances for address in item["tunnelIpAddresses"] if IPv4Address(address) in SPACE]


def edges(lab: Lab) -> list[str]:
    record = next(record for record in lab.store.snapshot().all("Microsoft.Network/connections"))
    return cast("list[str]", record.chosen["addresses"])


def test_the_reference_labs_order_gives_its_addresses(lab: Lab) -> None:
    lab.hub().express_route().vpn()
    assert tunnels(lab) == ["10.0.0.36", "10.0.0.37"]
    assert bgp_settings(lab, "ergw")["bgpPeeringAddress"] == "10.0.0.44,10.0.0.45"
    assert bgp_settings(lab, "vpngw")["bgpPeeringAddress"] == "10.0.0.46,10.0.0.47"


def test_the_edges_come_after_the_tunnels_in_that_order(lab: Lab) -> None:
    lab.hub().express_route().vpn().provisioned()
    lab.put("connections/er", circuit_connection())
    assert edges(lab) == ["10.0.0.38", "10.0.0.39"]


def test_the_second_variants_order_gives_other_addresses(lab: Lab) -> None:
    lab.hub().vpn().express_route().provisioned()
    lab.put("connections/er", circuit_connection())
    assert tunnels(lab) == ["10.0.0.36", "10.0.0.37"]
    assert bgp_settings(lab, "vpngw")["bgpPeeringAddress"] == "10.0.0.38,10.0.0.39"
    assert edges(lab)[0] == "10.0.0.40"
    assert bgp_settings(lab, "ergw")["bgpPeeringAddress"] == "10.0.0.44,10.0.0.45"


def test_express_route_alone_has_its_edges_first(lab: Lab) -> None:
    lab.hub().express_route().provisioned()
    lab.put("connections/er", circuit_connection())
    assert edges(lab) == ["10.0.0.36", "10.0.0.37"]


def test_the_public_address_comes_before_the_private_one(lab: Lab) -> None:
    lab.hub().vpn()
    public = [lab.get(f"publicIPAddresses/pip-vpn-{index}")["ipAddress"] for index in (1, 2)]
    shown = [item["tunnelIpAddresses"] for item in bgp_settings(lab, "vpngw")["bgpPeeringAddresses"]]
    assert shown == [[public[0], "10.0.0.36"], [public[1], "10.0.0.37"]]


def test_private_tunnel_addresses_are_shown_once_the_flag_is_set(lab: Lab) -> None:
    lab.hub().vpn(enablePrivateIpAddress=False)
    assert tunnels(lab) == []
    lab.put("virtualNetworkGateways/vpngw", vpn_gateway())
    assert tunnels(lab) == ["10.0.0.36", "10.0.0.37"]


def test_custom_addresses_are_shown_with_their_instance(lab: Lab) -> None:
    lab.hub().vpn(bgpSettings=custom_bgp("169.254.21.1", "169.254.21.2"))
    shown = [item["customBgpIpAddresses"] for item in bgp_settings(lab, "vpngw")["bgpPeeringAddresses"]]
    assert shown == [["169.254.21.1"], ["169.254.21.2"]]


@pytest.mark.parametrize("order", list(permutations(["express_route", "vpn", "route_server"])))
def test_addresses_survive_what_is_built_later(lab: Lab, order: tuple[str, ...]) -> None:
    lab.hub()
    seen: dict[str, str] = {}
    for step in order:
        getattr(lab, step)()
        for gateway in ("ergw", "vpngw"):
            if lab.exists(f"virtualNetworkGateways/{gateway}"):
                addresses = bgp_settings(lab, gateway)["bgpPeeringAddress"]
                assert seen.setdefault(gateway, addresses) == addresses


@settings(deadline=None, max_examples=25)
@given(st.integers(24, 27), st.permutations(["express_route", "vpn"]), st.booleans())
def test_nobody_shares_an_address_and_none_is_reserved(length: int, order: list[str], again: bool) -> None:
    space = IPv4Network(("10.0.0.0", length))
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder)).hub()
        lab.delete("virtualNetworks/hub")
        lab.put("virtualNetworks/hub", {"location": "westeurope", "addressSpace": {"addressPrefixes": [str(space)]}})
        lab.put("virtualNetworks/hub/subnets/GatewaySubnet", {"addressPrefix": str(space)})
        for step in order:
            getattr(lab, step)()
        lab.provisioned()
        lab.put("connections/er", circuit_connection())
        if again:
            lab.delete("virtualNetworkGateways/vpngw")
            lab.vpn()
        given_away = [
            IPv4Address(value)
            for record in lab.store.snapshot().all()
            for value in cast("list[str]", record.chosen.get("addresses", []))
        ]
    assert len(given_away) == 8
    assert len(set(given_away)) == len(given_away)
    usable = set(list(space)[4:-1])  # Azure keeps five addresses of a subnet
    assert set(given_away) <= usable
