"""A new pre-shared key in real daemons: what it does to tunnels that are up, and that the next ones need it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address

import pytest

from tests.routing.lab import BRANCH, lab
from vpner.emulation.cradle import Cradle
from vpner.emulation.ipsec import associations, child_of, initiate, load_key, rekey, renew, terminate
from vpner.emulation.lab import Lab
from vpner.emulation.nodes import TunnelEnd
from vpner.emulation.pair import Pair
from vpner.emulation.traffic import Watch, populate
from vpner.emulation.wires import plan_wires
from vpner.plan.crypto import CryptoProfile

pytestmark = [pytest.mark.root, pytest.mark.timeout(1800)]

_WAIT = 20.0
_TRAFFIC = 18.0
"""Seconds in which all packets are sent, at some 50 a second."""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Cradle() as cradle:
        yield Pair(cradle, IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))


def ike_of(cradle: Cradle, end: TunnelEnd) -> frozenset[str]:
    """SPIs of the IKE associations of an end that are established, as the initiator chose them."""
    found = associations(cradle, end)
    return frozenset(item["initiator-spi"].decode() for item in found if item["state"] == b"ESTABLISHED")


def becomes(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + _WAIT
    while not true() and time.monotonic() < until:
        time.sleep(0.2)
    return true()


def connected(pair: Pair) -> frozenset[str]:
    """The pair is up with one key at both ends; its IKE association."""
    assert pair.connect(CryptoProfile(), CryptoProfile())
    return ike_of(pair.cradle, pair.ends[1])


def test_tunnels_that_are_up_are_renewed_while_the_ends_have_different_keys(pair: Pair) -> None:
    """RFC 7296, section 2.8: rekeying is a CREATE_CHILD_SA exchange, in which nobody authenticates."""
    before, [_, end] = connected(pair), pair.ends
    load_key(pair.cradle, end, secrets.token_urlsafe(32))
    child = child_of(pair.cradle, end)
    assert child is not None
    rekey(pair.cradle, end)
    assert becomes(lambda: (child_of(pair.cradle, end) or child)["uniqueid"] != child["uniqueid"])
    renew(pair.cradle, end, authenticate=False)
    assert becomes(lambda: bool(now := ike_of(pair.cradle, end)) and not now & before)
    assert all(child_of(pair.cradle, item) is not None for item in pair.ends)


@pytest.mark.parametrize("changed", [0, 1], ids=["the responder's key", "the initiator's key"])
def test_who_authenticates_with_another_key_gets_no_tunnel(pair: Pair, changed: int) -> None:
    connected(pair)
    load_key(pair.cradle, pair.ends[changed], secrets.token_urlsafe(32))
    renew(pair.cradle, pair.ends[1], authenticate=True)
    assert becomes(lambda: not ike_of(pair.cradle, pair.ends[1]))
    initiate(pair.cradle, pair.ends[1])
    assert ike_of(pair.cradle, pair.ends[1]) == frozenset()


def test_with_the_new_key_at_both_ends_they_authenticate_again(pair: Pair) -> None:
    before, key = connected(pair), secrets.token_urlsafe(32)
    for end in pair.ends:
        load_key(pair.cradle, end, key)
    renew(pair.cradle, pair.ends[1], authenticate=True)
    assert becomes(lambda: bool(now := ike_of(pair.cradle, pair.ends[1])) and not now & before)
    assert becomes(lambda: all(child_of(pair.cradle, end) is not None for end in pair.ends))
    for end in pair.ends:
        terminate(pair.cradle, end)


def test_the_labs_key_is_rotated_under_traffic_and_one_tunnel_is_always_up() -> None:
    """As rotate-key does it: the device, then Azure's instances, then each tunnel authenticates anew."""
    network = populate(lab())
    plan = plan_wires(network)
    nics = [
        (nic.name, nic.ip) for nic in network.nics if nic.name.startswith("az-") and isinstance(nic.ip, IPv4Address)
    ]
    with Lab(plan) as running:
        running.settle()
        tunnels = sorted({end.tunnel for end in plan.tunnels})
        ends = {
            name: sorted((e for e in plan.tunnels if e.tunnel == name), key=lambda e: e.initiates) for name in tunnels
        }
        assert [len(found) for found in ends.values()] == [2, 2]
        watch = Watch(running)
        begun = watch.begin([(name, ip, IPv4Address(BRANCH)) for name, ip in nics])
        sent = time.monotonic() + _TRAFFIC
        at_first = {end.helper: ike_of(running.cradle, end) for end in plan.tunnels}
        assert all(len(found) == 1 for found in at_first.values())

        key = secrets.token_urlsafe(32)
        for end in sorted(plan.tunnels, key=lambda end: not end.owner.startswith("branch")):
            load_key(running.cradle, end, key)
        assert {end.helper: ike_of(running.cradle, end) for end in plan.tunnels} == at_first, (
            "loading tears nothing down"
        )

        for name, others in zip(tunnels, reversed(tunnels), strict=True):
            untouched = {end.helper: ike_of(running.cradle, end) for end in ends[others]}
            initiator = ends[name][1]
            renew(running.cradle, initiator, authenticate=True)
            assert becomes(
                lambda end=initiator: bool(now := ike_of(running.cradle, end)) and not now & at_first[end.helper]
            )
            assert becomes(lambda: all(running.tunnels_up().values()))
            assert {end.helper: ike_of(running.cradle, end) for end in ends[others]} == untouched, "the other stays up"
            assert list(running.control.down()) == [], "no BGP session is lost"

        time.sleep(max(0.0, sent - time.monotonic()))
        for item in watch.ended(begun):
            assert item.clear == 0
            assert item.lost < item.sent / 4, item

        load_key(running.cradle, ends[tunnels[0]][0], secrets.token_urlsafe(32))
        renew(running.cradle, ends[tunnels[0]][1], authenticate=True)
        assert becomes(lambda: not running.tunnels_up()[tunnels[0]]), "a wrong key at one end"
        assert running.tunnels_up()[tunnels[1]]
