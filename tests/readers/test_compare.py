"""Comparing and binding topologies."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.readers.stacks import example
from tests.routing.networks import network
from vpner.readers.compare import bind, bindings, differences
from vpner.topology import Symbol

LAB = example("reference-lab")
NAMED = """
vnets: {hub: {prefixes: [10.0.0.0/24], subnets: {GatewaySubnet: {prefix: 10.0.0.32/27}}}}
vpn_gateways: {vpn: {vnet: hub, active_active: true, instances: [{tunnel: null}, {tunnel: null}]}}
routers: {fw: {asn: 65010, statics: [{prefix: "vpn.instances[1].tunnel", next_hop: 192.168.0.1}]}}
"""


@pytest.mark.parametrize("name", ["reference-lab", "reference-lab-expressroute-only", "production-site"])
def test_a_topology_does_not_differ_from_itself(name: str) -> None:
    assert differences(example(name), example(name)) == []


CHANGES = [
    (
        "preference",
        replace(LAB, route_servers=(replace(LAB.route_servers[0], branch_to_branch=False),)),
        ["route_servers.az-hub-rs.branch_to_branch: True against nothing"],
    ),
    (
        "one peering less",
        replace(LAB, peerings=LAB.peerings[1:]),
        [
            (
                "peerings[az-hub-vnet to az-spk1-vnet]: {'vnet': 'az-hub-vnet', 'remote': 'az-spk1-vnet', "
                "'allow_gateway_transit': True, 'allow_forwarded_traffic': False} against nothing"
            )
        ],
    ),
    (
        "another next hop of a static",
        replace(
            LAB,
            routers=tuple(
                replace(r, statics=(*r.statics[:-1], replace(r.statics[-1], next_hop=None)))
                if r.name == "branch-opnnva"
                else r
                for r in LAB.routers
            ),
        ),
        ["routers.branch-opnnva.statics[10.100.0.0/24].next_hop: 10.100.0.17 against nothing"],
    ),
]


@pytest.mark.parametrize(("what", "changed", "expected"), CHANGES, ids=[item[0] for item in CHANGES])
def test_a_difference_is_one_line_with_its_key_path(what: str, changed: object, expected: list[str]) -> None:
    assert differences(LAB, changed) == expected  # type: ignore[arg-type]


def test_a_symbol_of_another_subnet_is_a_difference_too() -> None:
    topology = network(NAMED)
    (gateway,) = topology.vpn_gateways
    first, second = gateway.instances
    assert isinstance(first.bgp, Symbol)
    moved = replace(first, bgp=replace(first.bgp, within=IPv4Network("10.0.0.32/28")))
    other = replace(topology, vpn_gateways=(replace(gateway, instances=(moved, second)),))
    assert len(differences(topology, other)) == 1


def test_binding_reaches_every_place_where_a_symbol_stands() -> None:
    topology = network(NAMED)
    tunnel = IPv4Address("10.0.0.37")
    symbol = Symbol("vpn", "instances[1].tunnel", IPv4Network("10.0.0.32/27"))
    bound = bind(topology, {symbol: tunnel})
    assert bound.vpn_gateways[0].instances[1].tunnel == tunnel
    assert bound.routers[0].statics[0].prefix == IPv4Network("10.0.0.37/32")
    assert bindings(topology, bound) == {symbol: tunnel}
    assert bind(topology, {}) == topology
