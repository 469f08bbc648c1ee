"""An appliance in Azure, from text to a device plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.plan.expectations import Expected, refused
from vpner.plan.appliance import Appliance, plan_appliance
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan
from vpner.problems import Problem

# The published lab's appliance.
OPNSENSE = Appliance(
    "branch-opnnva",
    "10.100.0.0/28",
    "10.100.0.4",
    "10.100.0.16/28",
    "10.100.0.20",
    65510,
    "169.254.0.1",
    ("10.0.0.0/8", "10.100.0.0/24"),
    0,
    ("203.0.113.0/24",),
)


def planned(appliance: Appliance, **changes: Any) -> tuple[DevicePlan | None, list[Problem]]:
    gateway: dict[str, Any] = {
        "gateway": "az-hub-vpngw",
        "gateway_asn": 65515,
        "gateway_subnet": "10.0.0.32/27",
        "gateway_apipa": ["169.254.21.1", "169.254.21.2"],
        "crypto": CryptoProfile(),
    }
    return plan_appliance(appliance, **{**gateway, **changes})


def test_the_labs_appliance_has_the_labs_routes() -> None:
    plan, problems = planned(OPNSENSE)
    assert problems == []
    assert plan is not None
    # The lab's own config.xml: both tunnel addresses to the WAN gateway, 10.0.0.0/8 to the LAN gateway 10.100.0.17;
    # its screenshot has 10.100.0.0/24 to the LAN gateway too.
    assert [(str(route.destination), route.interface, str(route.next_hop)) for route in plan.statics] == [
        ("az-hub-vpngw.instances[0].tunnel", "hn0", "10.100.0.1"),
        ("az-hub-vpngw.instances[1].tunnel", "hn0", "10.100.0.1"),
        ("10.0.0.0/8", "hn1", "10.100.0.17"),
        ("10.100.0.0/24", "hn1", "10.100.0.17"),
    ]


def test_what_the_appliance_accepts_is_in_its_plan() -> None:
    plan, problems = planned(replace(OPNSENSE, accepts=("10.0.0.0/24", "10.0.1.0/24")))
    assert problems == []
    assert plan is not None
    assert plan.contract()["accepts"] == ["10.0.0.0/24", "10.0.1.0/24"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"untrusted_subnet": "10.100.0.1/28"}, Expected("untrustedSubnet", "prefix-host-bits", "10.100.0.1/28")),
        ({"accepts": ("10.0.0.0/24", "10.0.1.1/24")}, Expected("accepts[1]", "prefix-host-bits", "10.0.1.1/24")),
        ({"trusted_subnet": "lan"}, Expected("trustedSubnet", "prefix-malformed", "lan")),
        ({"untrusted_address": "wan"}, Expected("untrustedAddress", "address-malformed", "wan")),
        ({"untrusted_address": "10.100.0.3"}, Expected("untrustedAddress", "address-not-usable", "10.100.0.3")),
        ({"untrusted_address": "10.100.0.20"}, Expected("untrustedAddress", "address-not-usable", "10.100.0.20")),
        ({"trusted_address": "10.100.0.31"}, Expected("trustedAddress", "address-not-usable", "10.100.0.31")),
        ({"asn": 65515}, Expected("asn", "asn-reserved", "65515")),
        ({"apipa": "169.254.0.0"}, Expected("apipa", "apipa-malformed", "169.254.0.0")),
        ({"apipa": ""}, Expected("apipa", "address-malformed", "''")),
        (
            {"advertises": ("10.0.0.0/8", "10.100.0.1/24")},
            Expected("advertises[1]", "prefix-host-bits", "10.100.0.1/24"),
        ),
        ({"management": ("me",)}, Expected("managementPrefixes[0]", "prefix-malformed", "me")),
        ({"prepend": -1}, Expected("prepend", "prepend-out-of-range", "-1")),
        ({"prepend": 11}, Expected("prepend", "prepend-out-of-range", "11")),
    ],
    ids=lambda value: f"{value.where}-{value.code}" if isinstance(value, Expected) else "",
)
def test_each_mistake_is_found_at_its_place(changed: dict[str, Any], expected: Expected) -> None:
    plan, problems = planned(replace(OPNSENSE, **changed))
    assert plan is None
    refused(problems, expected)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"gateway_subnet": ""}, Expected("gateway.gatewaySubnet", "prefix-malformed", "''")),
        ({"gateway_apipa": ["169.254.21.1", "b"]}, Expected("gateway.apipa[1]", "address-malformed", "b")),
        (
            {"crypto": CryptoProfile(sa_life_time_seconds=299)},
            Expected("ipsecPolicy.saLifeTimeSeconds", "crypto-lifetime", "299"),
        ),
    ],
)
def test_each_mistake_about_the_gateway_is_found_at_its_place(changed: dict[str, Any], expected: Expected) -> None:
    plan, problems = planned(OPNSENSE, **changed)
    assert plan is None
    refused(problems, expected)


@pytest.mark.parametrize("prepend", [0, 10])
def test_prepends_just_inside_the_limits_are_planned(prepend: int) -> None:
    plan, _ = planned(replace(OPNSENSE, prepend=prepend))
    assert plan is not None
    assert plan.prepend == prepend


@pytest.mark.parametrize("subnet", ["0.0.0.0/32", "255.255.255.255/32"])
def test_no_subnet_crashes_the_planner(subnet: str) -> None:
    plan, _ = planned(replace(OPNSENSE, untrusted_subnet=subnet))
    assert plan is None
