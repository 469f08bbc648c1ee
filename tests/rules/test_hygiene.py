"""Around the tunnel: next hops, forwarding, address spaces, retired SKUs."""

from __future__ import annotations

import pytest

from tests.rules.support import INCONCLUSIVE, PASS, VIOLATION, declare, worst
from vpner.readers.resources import UNKNOWN, Value
from vpner.rules import RULES, Outcome
from vpner.rules.examples import example_network
from vpner.rules.registry import Edit

HOP = "routes.0.nextHopIpAddress"
HOPS = (
    ("10.0.0.68", PASS, "the appliance in the peered hub"),
    ("10.0.0.69", INCONCLUSIVE, "beside the appliance"),
    ("10.0.0.64", VIOLATION, "the network address"),
    ("10.0.0.67", VIOLATION, "the last that Azure keeps at the start"),
    ("10.0.0.94", INCONCLUSIVE, "the last that can be used"),
    ("10.0.0.95", VIOLATION, "the broadcast address"),
    ("10.0.0.132", VIOLATION, "Route Server"),
    ("10.0.0.46", VIOLATION, "a gateway"),
    ("10.0.1.130", INCONCLUSIVE, "in the spoke, in no subnet that is known"),
)


@pytest.mark.parametrize(("hop", "outcome", "says"), HOPS, ids=[item[2] for item in HOPS])
def test_a_next_hop_is_the_address_of_something_near_by(hop: str, outcome: Outcome, says: str) -> None:
    assert worst("next-hop-reachable", Edit("spoke-routes", HOP, hop)) is outcome


def test_a_next_hop_at_the_site_or_in_a_network_that_is_not_peered_is_out_of_reach() -> None:
    other = declare("topology.vnets", {"other-vnet": {"prefixes": ["10.0.9.0/24"]}})
    assert worst("next-hop-in-reach", Edit("spoke-routes", HOP, "10.0.9.4"), other) is VIOLATION
    assert worst("next-hop-in-reach", Edit("spoke-routes", HOP, "10.210.0.1")) is VIOLATION


FORWARDING: tuple[tuple[Value, Outcome], ...] = (
    (True, PASS),
    (False, VIOLATION),
    (None, VIOLATION),
    (UNKNOWN, INCONCLUSIVE),
)
UNUSED_AS_HOP = Edit("spoke-routes", HOP, "10.0.0.70")
UNUSED_AS_PEER = Edit("appliance-peer", "peerIp", "10.0.0.70")


@pytest.mark.parametrize("edit", [UNUSED_AS_HOP, UNUSED_AS_PEER], ids=["as a peer", "as a next hop"])
@pytest.mark.parametrize(("forwards", "outcome"), FORWARDING, ids=str)
def test_what_packets_are_sent_through_forwards_them(forwards: Value, outcome: Outcome, edit: Edit) -> None:
    assert worst("appliance-forwards", Edit("appliance", "enableIPForwarding", forwards), edit) is outcome


def test_an_interface_that_nothing_is_sent_through_need_not_forward() -> None:
    edits = (Edit("appliance", "enableIPForwarding", False), UNUSED_AS_HOP, UNUSED_AS_PEER)
    assert RULES["appliance-forwards"].run(example_network(edits)) == []


SPACES: tuple[tuple[list[str], Outcome], ...] = (
    (["10.0.1.0/24"], PASS),
    (["10.0.1.0/24", "10.0.2.0/24"], PASS),
    (["10.0.0.0/24"], VIOLATION),
    (["10.0.1.0/24", "10.0.0.255/32"], VIOLATION),
    (["10.0.0.0/23"], VIOLATION),
    (["10.0.1.0/24", "10.1.0.0/24"], PASS),
)


@pytest.mark.parametrize(("prefixes", "outcome"), SPACES, ids=str)
def test_a_spoke_does_not_overlap_with_the_hub(prefixes: list[str], outcome: Outcome) -> None:
    edit = Edit("spoke", "addressSpace.addressPrefixes", prefixes)
    assert worst("address-spaces-disjoint", edit) is outcome
    known = [item.problem.what for item in RULES["network-known"].run(example_network((edit,))) if item.problem]
    assert not any("overlap" in what for what in known), "it is known, and wrong: one message"


ENDS: tuple[tuple[str, Outcome], ...] = (
    ("10.210.0.0/16", PASS),
    ("10.0.0.0/8", PASS),
    ("10.0.0.0/23", PASS),
    ("10.0.0.0/24", VIOLATION),
    ("10.0.1.128/25", VIOLATION),
    ("10.0.1.255/32", VIOLATION),
    ("10.0.2.0/32", PASS),
)


@pytest.mark.parametrize(("prefix", "outcome"), ENDS, ids=str)
def test_a_protected_site_is_not_inside_the_networks_of_its_gateway(prefix: str, outcome: Outcome) -> None:
    assert worst("protected-site-outside-azure", declare("intent.0.to", [prefix])) is outcome


INTERNET = Edit("vpn-gateway", "enablePrivateIpAddress", False)
SKUS: tuple[tuple[str, str, Value, Outcome], ...] = (
    *(("vpn-gateway", "sku.name", f"VpnGw{size}", VIOLATION) for size in range(1, 6)),
    *(("vpn-gateway", "sku.name", f"VpnGw{size}AZ", PASS) for size in range(1, 6)),
    ("vpn-gateway", "sku.name", "vpngw1", VIOLATION),
    ("vpn-gateway", "sku.name", "Standard", VIOLATION),
    ("vpn-gateway", "sku.name", "HighPerformance", VIOLATION),
    ("vpn-gateway", "sku.name", "Basic", PASS),
    ("er-gateway", "sku.name", "Standard", PASS),
    ("er-gateway", "sku.name", "HighPerformance", PASS),
    ("vpn-address-0", "sku.name", "Standard", PASS),
    ("vpn-address-0", "sku.name", "Basic", VIOLATION),
    ("vpn-address-0", "sku", None, VIOLATION),
    ("vpn-address-0", "sku", UNKNOWN, INCONCLUSIVE),
)


@pytest.mark.parametrize(("resource", "path", "value", "outcome"), SKUS, ids=str)
def test_a_retired_sku_is_named(resource: str, path: str, value: Value, outcome: Outcome) -> None:
    assert worst("no-retired-sku", INTERNET, Edit(resource, path, value)) is outcome


def test_a_gateway_with_private_tunnel_addresses_is_left_to_the_rule_that_asks_for_more() -> None:
    assert worst("no-retired-sku", Edit("vpn-gateway", "sku.name", "VpnGw1")) is PASS
