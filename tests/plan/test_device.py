"""The device plan: whatever the device, its tunnels stay outside each other."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.plan.expectations import refused
from tests.plan.strategies import HUB, addresses, device_plans, members_of
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan, Interface, StaticRoute, VpnGateway, announcement_problems, plan_device
from vpner.problems import Problems
from vpner.topology import Symbol

ER = Interface("wan0", IPv4Address("192.0.2.4"), IPv4Address("192.0.2.1"))
LAN = Interface("lan0", IPv4Address("198.51.100.4"), IPv4Address("198.51.100.1"))


def plan(apipa: tuple[str, ...], advertises: tuple[str, ...] = (), lan: Interface | None = LAN) -> DevicePlan:
    return plan_device(
        name="fw",
        asn=65010,
        endpoint=IPv4Address("203.0.113.4"),
        inside=ER.address,
        apipa=IPv4Address("169.254.21.1"),
        gateway=VpnGateway("gw", 65515, HUB, tuple(map(IPv4Address, apipa))),
        expressroute=ER,
        lan=lan,
        crypto=CryptoProfile(),
        advertises=[IPv4Network(prefix) for prefix in advertises],
    )


def symbols(device: DevicePlan) -> list[Symbol]:
    remotes = [tunnel.remote for tunnel in device.tunnels]
    destinations = [static.destination for static in device.statics]
    return [item for item in (*remotes, *destinations) if isinstance(item, Symbol)]


def covering(device: DevicePlan, address: IPv4Address) -> list[StaticRoute]:
    """The statics that a longest-prefix match chooses for an address: several if they are equally long."""

    def prefix(route: StaticRoute) -> IPv4Network:
        assert not isinstance(route.destination, Symbol)
        return IPv4Network(route.destination)

    matching = [route for route in device.statics if address in prefix(route)]
    longest = max((prefix(route).prefixlen for route in matching), default=-1)
    return [route for route in matching if prefix(route).prefixlen == longest]


@st.composite
def bindings(draw: st.DrawFn, device: DevicePlan) -> dict[Symbol, IPv4Address]:
    """Addresses that Azure may choose: different ones, each in the subnet that the symbol names."""
    found: dict[Symbol, IPv4Address] = {}
    for symbol in dict.fromkeys(symbols(device)):
        found[symbol] = draw(members_of(symbol.within).filter(lambda address: address not in found.values()))
    return found


@given(device_plans())
def test_each_tunnel_address_has_one_static_through_the_expressroute_side(device: DevicePlan) -> None:
    assert len(device.tunnels) == 2
    for tunnel in device.tunnels:
        assert [route for route in device.statics if route.destination == tunnel.remote] == [
            StaticRoute(tunnel.remote, device.expressroute.name, device.expressroute.default_gateway)
        ]


@given(device_plans(), st.data())
def test_the_route_to_each_tunnel_address_is_the_expressroute_one_whatever_azure_chooses(
    device: DevicePlan, data: st.DataObject
) -> None:
    bound = device.bind(data.draw(bindings(device)))
    for tunnel in bound.tunnels:
        assert isinstance(tunnel.remote, IPv4Address)
        assert covering(bound, tunnel.remote) == [
            StaticRoute(tunnel.remote, device.expressroute.name, device.expressroute.default_gateway)
        ]


def test_a_device_cannot_announce_a_tunnel_address_or_a_part_of_gateway_subnet() -> None:
    subnet = IPv4Network("10.0.0.32/27")
    announced = [IPv4Network(text) for text in ("10.0.0.36/32", "10.0.0.32/27", "10.0.0.0/24", "10.100.0.0/24")]
    refused(
        announcement_problems("advertises", announced, subnet),
        ("advertises[0]", "announces-gateway-subnet", "10.0.0.36/32"),
        ("advertises[1]", "announces-gateway-subnet", "10.0.0.32/27"),
    )


@given(device_plans())
def test_what_is_announced_has_a_route_through_the_lan_side_if_there_is_one(device: DevicePlan) -> None:
    # FRR, "network import-check": a network is announced only if the routing table has exactly this prefix.
    rest = [route for route in device.statics if isinstance(route.destination, IPv4Network)]
    if device.lan is None:
        assert rest == []
    else:
        lan = device.lan
        assert rest == [StaticRoute(prefix, lan.name, lan.default_gateway) for prefix in device.advertises]


@given(device_plans())
def test_the_tunnels_are_told_apart_by_both_of_the_gateways_addresses(device: DevicePlan) -> None:
    assert len({tunnel.name for tunnel in device.tunnels}) == 2
    assert len({tunnel.remote for tunnel in device.tunnels}) == 2
    assert len({tunnel.inner_remote for tunnel in device.tunnels}) == 2
    assert {tunnel.local for tunnel in device.tunnels} == {device.inside}
    assert len({tunnel.inner_local for tunnel in device.tunnels}) == 1


def test_a_tunnel_leads_to_the_instance_whose_bgp_address_is_in_it() -> None:
    device = plan(("169.254.21.2", "169.254.22.2"))
    assert [(str(tunnel.remote), str(tunnel.inner_remote)) for tunnel in device.tunnels] == [
        ("gw.instances[0].tunnel", "169.254.21.2"),
        ("gw.instances[1].tunnel", "169.254.22.2"),
    ]


@given(device_plans(), st.data())
def test_binding_replaces_every_symbol_and_nothing_else(device: DevicePlan, data: st.DataObject) -> None:
    known = data.draw(bindings(device))
    bound = device.bind(known)
    assert symbols(device) != []
    assert symbols(bound) == []
    assert replace(bound, statics=device.statics, tunnels=device.tunnels) == device
    for before, after in zip(device.tunnels, bound.tunnels, strict=True):
        assert isinstance(before.remote, Symbol)
        assert after == replace(before, remote=known[before.remote])
    for route, new in zip(device.statics, bound.statics, strict=True):
        destination = route.destination
        assert new == (replace(route, destination=known[destination]) if isinstance(destination, Symbol) else route)


@given(device_plans(), st.data())
def test_binding_in_two_steps_is_binding_at_once(device: DevicePlan, data: st.DataObject) -> None:
    known = data.draw(bindings(device))
    first, second = known.items()
    assert symbols(device.bind(dict([first]))) == [symbol for symbol in symbols(device) if symbol != first[0]]
    assert device.bind(dict([first])).bind(dict([second])) == device.bind(known)


@given(device_plans(), addresses)
def test_binding_ignores_symbols_of_other_gateways(device: DevicePlan, address: IPv4Address) -> None:
    foreign = {Symbol("another", symbol.attribute, symbol.within): address for symbol in symbols(device)}
    assume(not foreign.keys() & set(symbols(device)))
    assert device.bind(foreign) == device


@given(device_plans(), st.booleans(), st.data())
def test_the_contract_is_plain_json_in_camel_case(device: DevicePlan, bind: bool, data: st.DataObject) -> None:
    contract = (device.bind(data.draw(bindings(device))) if bind else device).contract()
    assert json.loads(json.dumps(contract)) == contract

    def keys(value: object) -> list[str]:
        if isinstance(value, dict):
            return [*value, *(key for item in value.values() for key in keys(item))]
        return [key for item in value for key in keys(item)] if isinstance(value, list) else []

    assert [key for key in keys(contract) if not re.fullmatch("[a-z]+([A-Z][a-z]+)*", key)] == []


def test_the_contract_says_what_the_plan_says() -> None:
    assert plan(("169.254.21.2", "169.254.22.2"), ("10.210.0.0/16",)).contract() == {
        "name": "fw",
        "asn": 65010,
        "endpoint": "203.0.113.4",
        "inside": "192.0.2.4",
        "interfaces": [
            {"name": "wan0", "address": "192.0.2.4", "prefixLength": 32, "defaultGateway": "192.0.2.1"},
            {"name": "lan0", "address": "198.51.100.4", "prefixLength": 32, "defaultGateway": "198.51.100.1"},
        ],
        "expressRouteInterface": "wan0",
        "statics": [
            {"destination": "gw.instances[0].tunnel/32", "interface": "wan0", "nextHop": "192.0.2.1"},
            {"destination": "gw.instances[1].tunnel/32", "interface": "wan0", "nextHop": "192.0.2.1"},
            {"destination": "10.210.0.0/16", "interface": "lan0", "nextHop": "198.51.100.1"},
        ],
        "tunnels": [
            {
                "name": f"gw-{index}",
                "local": "192.0.2.4",
                "remote": f"gw.instances[{index}].tunnel",
                "innerLocal": "169.254.21.1",
                "innerRemote": inner,
            }
            for index, inner in enumerate(("169.254.21.2", "169.254.22.2"))
        ],
        "neighbours": [
            {"address": "169.254.21.2", "asn": 65515, "tunnel": "gw-0"},
            {"address": "169.254.22.2", "asn": 65515, "tunnel": "gw-1"},
        ],
        "ikeProposal": "aes256-sha256-modp2048",
        "espProposal": "aes256gcm16-modp2048",
        "ipsecPolicy": CryptoProfile().ipsec_policy(),
        "advertises": ["10.210.0.0/16"],
        "accepts": [],
        "prepend": 0,
    }


@pytest.mark.parametrize("apipa", [(), ("169.254.21.2",), ("169.254.21.2", "169.254.21.3", "169.254.21.4")])
def test_a_gateway_has_one_bgp_address_for_each_of_two_instances(apipa: tuple[str, ...]) -> None:
    with pytest.raises(Problems) as raised:
        plan(apipa)
    refused(raised.value.problems, ("gateway.apipa", "apipa-per-instance", str(len(apipa))))
