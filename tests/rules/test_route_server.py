"""Route Server: ASNs and addresses of its peers, the exchange between branches, and its limits."""

from __future__ import annotations

import pytest

from tests.rules.support import PASS, VIOLATION, declare, worst
from vpner.readers.resources import Value
from vpner.rules import RULES, Outcome
from vpner.rules.examples import example_network
from vpner.rules.limits import networks, sessions
from vpner.rules.registry import Edit

# Route Server FAQ, 2025-09-17: reserved by Azure 8074, 8075, 12076, 65515, 65517 to 65520; by IANA 23456, 64496 to
# 64511, 65535 to 65551; 16 bits only.
ASNS: tuple[tuple[Value, Outcome], ...] = (
    (8073, PASS),
    (8074, VIOLATION),
    (8075, VIOLATION),
    (8076, PASS),
    (12075, PASS),
    (12076, VIOLATION),
    (23456, VIOLATION),
    (64495, PASS),
    (64496, VIOLATION),
    (64511, VIOLATION),
    (64512, PASS),
    (65514, PASS),
    (65515, VIOLATION),
    (65516, PASS),
    (65517, VIOLATION),
    (65520, VIOLATION),
    (65521, PASS),
    (65534, PASS),
    (65535, VIOLATION),
    (65552, VIOLATION),
    (0, VIOLATION),
    (None, VIOLATION),
    (65001.0, PASS),  # azure-native sends ASNs as floats
)


@pytest.mark.parametrize(("asn", "outcome"), ASNS, ids=str)
def test_a_peer_has_an_asn_that_route_server_accepts(asn: Value, outcome: Outcome) -> None:
    assert worst("route-server-peers-legal", Edit("appliance-peer", "peerAsn", asn)) is outcome


ADDRESSES = (
    ("10.0.0.68", PASS, "an appliance in the hub"),
    ("10.0.1.68", PASS, "an appliance in a spoke"),
    ("10.0.2.4", VIOLATION, "in no network"),
    ("10.200.0.4", VIOLATION, "at the site"),
    ("10.0.0.31", PASS, "the last address before GatewaySubnet"),
    ("10.0.0.32", VIOLATION, "the first of GatewaySubnet"),
    ("10.0.0.63", VIOLATION, "the last of GatewaySubnet"),
    ("10.0.0.132", VIOLATION, "an instance of Route Server itself"),
)


@pytest.mark.parametrize(("address", "outcome", "says"), ADDRESSES, ids=[item[2] for item in ADDRESSES])
def test_a_peer_has_an_address_that_route_server_reaches(address: str, outcome: Outcome, says: str) -> None:
    assert worst("route-server-peers-legal", Edit("appliance-peer", "peerIp", address)) is outcome


def test_without_the_exchange_a_preference_for_the_tunnel_is_no_protection() -> None:
    """Hub routing preference, 2023-07-31: it applies when branch-to-branch is enabled."""
    off = Edit("route-server", "allowBranchToBranchTraffic", False)
    both = declare(
        "topology.routers.edge.statics", [{"prefix": "10.210.0.0/16", "next_hop": "10.200.0.4", "redistribute": True}]
    )
    finer = declare("topology.routers.fw.networks", ["10.210.0.0/17", "10.210.128.0/17"])
    rule = "branch-to-branch-when-needed"
    assert worst(rule, off, both) is VIOLATION
    assert worst(rule, off) is PASS, "ExpressRoute does not bring the prefix"
    assert worst(rule, off, both, finer) is PASS, "the longest prefix wins before any preference"
    (finding,) = RULES[rule].run(example_network((off, both)))
    assert finding.problem is not None
    assert "10.210.0.0/16" in finding.problem.what
    assert "allowBranchToBranchTraffic: true" in finding.problem.remedy


LIMITS = (
    ("route-server-peer-limit", sessions(6), PASS, "7 peers"),
    ("route-server-peer-limit", sessions(7), PASS, "8 peers"),
    ("route-server-peer-limit", sessions(8), VIOLATION, "9 peers"),
    ("route-server-routes-undisputed", networks("nva", 999), PASS, "999 routes"),
    ("route-server-routes-undisputed", networks("nva", 1000), PASS, "1000 routes"),
    ("route-server-routes-undisputed", networks("nva", 1001), VIOLATION, "1001 routes"),
    ("route-server-route-limit", networks("nva", 3999), PASS, "3999 routes"),
    ("route-server-route-limit", networks("nva", 4000), PASS, "4000 routes"),
    ("route-server-route-limit", networks("nva", 4001), VIOLATION, "4001 routes"),
)
"""Limits of 2025-02-07 (8 peers, 1,000 routes a peer) and FAQ of 2025-09-17 (4,000 routes a peer)."""


@pytest.mark.parametrize(("rule", "edit", "outcome", "says"), LIMITS, ids=[item[3] for item in LIMITS])
def test_a_limit_is_broken_by_one_more(rule: str, edit: Edit, outcome: Outcome, says: str) -> None:
    assert worst(rule, edit) is outcome
