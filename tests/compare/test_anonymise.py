"""Anonymous cases: what disappears, what stays, and that the network still routes as it did."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.readers.stacks import example
from tests.routing.networks import CASES, LATER
from vpner import anonymise
from vpner.anonymise import anonymous_case
from vpner.readers.case import Case, read_case
from vpner.readers.shape import ExpectShape
from vpner.replay import score_case
from vpner.topology import Router, Topology, VNet

SPECIAL = [IPv4Network(prefix) for prefix in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")]


@pytest.mark.parametrize("path", [*CASES, *LATER], ids=lambda path: path.stem)
def test_a_published_case_scores_the_same_without_its_names(path: Path) -> None:
    case = read_case(path.read_text(encoding="utf-8"), path.name)
    kept = case.expect.model_copy(update={"reach": []})
    before = score_case(Case(case.topology, expect=kept))
    after = score_case(read_case(anonymous_case(case.topology, kept, "saved")))
    assert (after.matched, after.total, len(after.extra)) == (before.matched, before.total, len(before.extra))


def names(topology: Topology) -> set[str]:
    sections = ("vnets", "nics", "vpn_gateways", "er_gateways", "circuits", "routers", "vpn_connections", "intent")
    named = {str(item.name) for section in sections for item in getattr(topology, section)}
    return named | {subnet.name for vnet in topology.vnets for subnet in vnet.subnets}


def test_no_name_of_the_lab_is_left() -> None:
    lab = example("reference-lab")
    after = read_case(anonymous_case(lab, ExpectShape(), "saved")).topology
    assert names(lab) & names(after) == {"GatewaySubnet", "RouteServerSubnet", "subnet1"}, "the lab's own subnet1"
    assert {vnet.region for vnet in after.vnets} == {"region1"}


def scrambled(monkeypatch: pytest.MonkeyPatch, *prefixes: str) -> list[IPv4Network]:
    """Prefixes as they are after scrambling with one key."""
    monkeypatch.setattr(anonymise, "token_bytes", lambda length: bytes(range(length)))
    return _scrambled(*prefixes)


def _scrambled(*prefixes: str) -> list[IPv4Network]:
    vnets = tuple(VNet(f"v{index:03}", (IPv4Network(prefix),)) for index, prefix in enumerate(prefixes))
    after = read_case(anonymous_case(Topology(vnets), ExpectShape(), "saved")).topology
    ordered = sorted(after.vnets, key=lambda vnet: int(vnet.name.removeprefix("vnet")))
    return [prefix for vnet in ordered for prefix in vnet.prefixes if isinstance(prefix, IPv4Network)]


def test_addresses_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ["10.44.55.0/24", "192.168.77.0/24", "20.30.40.0/24"]
    assert not {str(prefix) for prefix in scrambled(monkeypatch, *before)} & set(before)


lengths = st.integers(min_value=9, max_value=30)
prefixes = st.builds(
    lambda base, bits, length: IPv4Network(
        (int(base.network_address) | bits % base.num_addresses, length), strict=False
    ),
    st.sampled_from(SPECIAL),
    st.integers(min_value=0, max_value=2**24 - 1),
    lengths,
).filter(lambda prefix: any(prefix.subnet_of(block) for block in SPECIAL))


@given(st.lists(prefixes, min_size=2, max_size=6, unique=True))
def test_prefixes_keep_their_length_their_block_and_what_lies_in_what(before: list[IPv4Network]) -> None:
    disjoint = [item for item in before if not any(item != other and item.overlaps(other) for other in before)]
    if len(disjoint) < 2:
        return
    after = _scrambled(*map(str, disjoint))
    for old, new in zip(disjoint, after, strict=True):
        assert old.prefixlen == new.prefixlen
        assert [old.subnet_of(block) for block in SPECIAL] == [new.subnet_of(block) for block in SPECIAL]
        assert int(old.network_address) & 255 == int(new.network_address) & 255
    for (a, b), (c, d) in zip(combinations(disjoint, 2), combinations(after, 2), strict=True):
        assert _common(a, b) == _common(c, d)


def _common(first: IPv4Network, second: IPv4Network) -> int:
    """Bits at the beginning that are equal."""
    return 32 - (int(first.network_address) ^ int(second.network_address)).bit_length()


@pytest.mark.parametrize(("asn", "stays"), [(65010, True), (12076, True), (4_200_000_001, True), (3320, False)])
def test_public_as_numbers_of_sites_are_replaced(asn: int, stays: bool) -> None:
    topology = Topology((VNet("v", (IPv4Network("10.0.0.0/16"),)),), routers=(Router("r", asn=asn),))
    (router,) = read_case(anonymous_case(topology, ExpectShape(), "saved")).topology.routers
    assert (router.asn == asn) == stays
    assert stays or router.asn == 64496
