"""The VPN gateway and the devices at the other end. Limits: Azure VPN Gateway FAQ, BGP; active-active gateways."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.plan.expectations import Expected, refused
from vpner.plan.crypto import CryptoProfile
from vpner.plan.tunnel import Device, ExpressRouteSide, TunnelPlan, plan_tunnel
from vpner.problems import Problem

FW1 = Device(
    "fw1",
    "10.200.0.4",
    65010,
    "169.254.21.1",
    ("169.254.21.2", "169.254.22.2"),
    ExpressRouteSide("wan0", "192.168.100.4", "192.168.100.1"),
    ("10.210.0.0/16",),
)
FW2 = replace(
    FW1, name="fw2", endpoint="10.200.0.20", apipa="169.254.21.9", gateway_apipa=("169.254.21.10", "169.254.22.10")
)
APIPA = [["169.254.21.2", "169.254.21.10"], ["169.254.22.2", "169.254.22.10"]]


def planned(**changes: Any) -> tuple[TunnelPlan | None, list[Problem]]:
    arguments: dict[str, Any] = {
        "gateway": "hub-vpngw",
        "gateway_subnet": "10.10.0.0/26",
        "sku": "VpnGw2AZ",
        "asn": None,
        "apipa": APIPA,
        "crypto": CryptoProfile(),
        "devices": [FW1, FW2],
    }
    return plan_tunnel(**{**arguments, **changes})


def good(**changes: Any) -> TunnelPlan:
    plan, problems = planned(**changes)
    assert problems == []
    assert plan is not None
    return plan


def test_each_device_gets_a_tunnel_to_the_address_that_it_chose_of_each_instance() -> None:
    plan = good()
    assert plan.asn == 65515  # the default of every VPN gateway
    assert [[str(t.inner_remote) for t in device.tunnels] for device in plan.device_plans] == [
        ["169.254.21.2", "169.254.22.2"],
        ["169.254.21.10", "169.254.22.10"],
    ]
    assert [str(device.inside) for device in plan.device_plans] == ["192.168.100.4", "192.168.100.4"]


def test_without_a_nat_the_endpoint_is_the_devices_own_address() -> None:
    plan = good(devices=[replace(FW1, express_route=ExpressRouteSide("wan0", None, "10.200.0.1"))])
    assert str(plan.device_plans[0].inside) == "10.200.0.4"


def test_a_device_that_is_planned_elsewhere_is_connected_but_not_planned() -> None:
    plan = good(devices=[FW1, replace(FW2, express_route=None)])
    assert [device.name for device in plan.device_plans] == ["fw1"]
    assert [device.name for device in plan.devices] == ["fw1", "fw2"]


def test_one_address_per_instance_needs_no_choice() -> None:
    plan = good(apipa=[["169.254.21.2"], ["169.254.22.2"]], devices=[replace(FW1, gateway_apipa=())])
    assert [str(tunnel.inner_remote) for tunnel in plan.device_plans[0].tunnels] == ["169.254.21.2", "169.254.22.2"]


# "About VPN Gateway SKUs": VpnGw1AZ is Generation1, VpnGw4AZ and VpnGw5AZ are Generation2, the others either.
@pytest.mark.parametrize(
    ("sku", "generations"),
    [
        ("VpnGw1AZ", {"Generation1"}),
        ("VpnGw2AZ", {"Generation1", "Generation2"}),
        ("VpnGw3AZ", {"Generation1", "Generation2"}),
        ("VpnGw4AZ", {"Generation2"}),
        ("VpnGw5AZ", {"Generation2"}),
    ],
)
def test_the_generation_exists_for_the_sku(sku: str, generations: set[str]) -> None:
    assert good(sku=sku).generation in generations


def test_the_contract_names_tunnel_addresses_by_symbol_and_is_plain_json() -> None:
    contract = good().contract()
    assert json.loads(json.dumps(contract)) == contract
    assert contract["tunnelAddressSymbols"] == ["hub-vpngw.instances[0].tunnel", "hub-vpngw.instances[1].tunnel"]
    assert contract["apipa"] == APIPA
    assert contract["connections"] == [
        {"device": "fw1", "endpoint": "10.200.0.4", "asn": 65010, "apipa": "169.254.21.1"},
        {"device": "fw2", "endpoint": "10.200.0.20", "asn": 65010, "apipa": "169.254.21.9"},
    ]


def device(**changes: Any) -> dict[str, Any]:
    return {"devices": [replace(FW1, **changes), FW2]}


MISTAKES: list[tuple[dict[str, Any], list[Expected]]] = [
    ({"sku": "VpnGw1"}, [Expected("sku", "vpn-sku-not-zonal", "VpnGw1")]),
    ({"sku": "VpnGw6AZ"}, [Expected("sku", "unknown-choice", "VpnGw6AZ")]),
    ({"asn": 65520}, [Expected("asn", "asn-reserved", "65520")]),
    ({"asn": 0}, [Expected("asn", "asn-out-of-range", "0")]),
    ({"gateway_subnet": "10.10.0.1/26"}, [Expected("gatewaySubnet", "prefix-host-bits", "10.10.0.1/26")]),
    (
        {"crypto": CryptoProfile(dh_group="DHGroup2")},
        [Expected("ipsecPolicy.dhGroup", "unknown-choice", "DHGroup2")],
    ),
    (
        {"apipa": [["169.254.20.255"], ["169.254.22.2"]], "devices": []},
        [Expected("apipa[0][0]", "apipa-outside-azure-range", "169.254.20.255")],
    ),
    (
        {"apipa": [["169.254.21.2"], ["169.254.23.0"]], "devices": []},
        [Expected("apipa[1][0]", "apipa-outside-azure-range", "169.254.23.0")],
    ),
    (
        {"apipa": [["169.254.21.2"], ["169.254.21.2"]], "devices": []},
        [Expected("apipa[1][0]", "apipa-used-twice", "169.254.21.2 is used twice, in apipa[0][0]")],
    ),
    ({"apipa": [["x"], ["169.254.21.2"]], "devices": []}, [Expected("apipa[0][0]", "address-malformed", "x")]),
    ({"apipa": [["169.254.21.2"]], "devices": []}, [Expected("apipa", "apipa-per-instance", "1 of 2")]),
    ({"apipa": [["169.254.21.2"], []], "devices": []}, [Expected("apipa", "apipa-per-instance", "1 of 2")]),
    ({"apipa": [], "devices": []}, [Expected("apipa", "apipa-per-instance", "0 of 2")]),
    (device(endpoint="10.200.0"), [Expected("devices[0].endpoint", "address-malformed", "10.200.0")]),
    (device(asn=12076), [Expected("devices[0].asn", "asn-reserved", "12076")]),
    ({"asn": 65010, "devices": [FW1]}, [Expected("devices[0].asn", "asn-shared-with-gateway", "65010")]),
    (device(apipa="10.1.1.1"), [Expected("devices[0].apipa", "apipa-malformed", "10.1.1.1")]),
    (device(apipa="y"), [Expected("devices[0].apipa", "address-malformed", "y")]),
    (device(apipa="169.254.22.2"), [Expected("devices[0].apipa", "apipa-used-twice", "169.254.22.2")]),
    (device(gateway_apipa=()), [Expected("devices[0].gatewayApipa", "apipa-not-chosen", "none is chosen")]),
    (
        device(gateway_apipa=("169.254.22.2", "169.254.21.2")),
        [
            Expected(
                "devices[0].gatewayApipa[0]", "apipa-not-of-instance", "169.254.22.2 is no BGP address of instance 0"
            ),
            Expected(
                "devices[0].gatewayApipa[1]", "apipa-not-of-instance", "169.254.21.2 is no BGP address of instance 1"
            ),
        ],
    ),
    (
        device(gateway_apipa=("169.254.21.2",)),
        [Expected("devices[0].gatewayApipa", "apipa-per-instance", "1 addresses")],
    ),
    (
        device(advertises=("10.210.0.0/16", "10.210.1.1/16")),
        [Expected("devices[0].advertises[1]", "prefix-host-bits", "10.210.1.1/16")],
    ),
    (
        device(express_route=ExpressRouteSide("wan0", "a", "b")),
        [
            Expected("devices[0].expressRoute.address", "address-malformed", "a"),
            Expected("devices[0].expressRoute.nextHop", "address-malformed", "b"),
        ],
    ),
    (device(name="fw2"), [Expected("devices[1].name", "device-not-distinct", "fw2")]),
    (device(endpoint="10.200.0.20"), [Expected("devices[1].endpoint", "device-not-distinct", "10.200.0.20")]),
    (device(apipa="169.254.21.9"), [Expected("devices[1].apipa", "device-not-distinct", "169.254.21.9")]),
]


@pytest.mark.parametrize(
    ("change", "expected"), MISTAKES, ids=[row[1][0].where + "-" + row[1][0].code for row in MISTAKES]
)
def test_each_mistake_is_found_at_its_place(change: dict[str, Any], expected: list[Expected]) -> None:
    plan, problems = planned(**change)
    assert plan is None
    refused(problems, *expected)


def test_the_mistakes_of_gateway_and_devices_are_found_together() -> None:
    _, problems = planned(sku="Basic", gateway_subnet="", devices=[replace(FW1, asn=23456), replace(FW2, endpoint="?")])
    refused(
        problems,
        ("devices[0].asn", "asn-reserved", "23456"),
        ("devices[1].endpoint", "address-malformed", "?"),
        ("gatewaySubnet", "prefix-malformed", "''"),
        ("sku", "vpn-sku-not-zonal", "Basic"),
    )


@pytest.mark.parametrize("prepend", [-1, 11])
def test_a_devices_prepends_have_the_limits_of_an_appliances(prepend: int) -> None:
    plan, _ = planned(**device(prepend=prepend))
    assert plan is None
