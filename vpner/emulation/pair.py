"""Two charons and a wire: what two crypto profiles negotiate, and how large a packet passes their tunnel whole."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

from vpner.emulation.cradle import Cradle
from vpner.emulation.ipsec import associations, child_of, configure, initiate, rekey, start_charon, terminate
from vpner.emulation.nodes import TunnelEnd
from vpner.plan.crypto import CryptoProfile

LINK_MTU = 1400
"""kernel-libipsec takes no larger inner packets than this."""
NO_PROPOSAL_CHOSEN = "NO_PROPOSAL_CHOSEN"
_WAIT = 4.0
"""Seconds after which a rekeying that has brought nothing new has been refused."""
_INSIDE = (IPv4Address("198.51.100.1"), IPv4Address("198.51.100.2"))


class Pair:
    """Two ends, in a cradle of their own."""

    def __init__(self, cradle: Cradle, one: IPv4Address, other: IPv4Address) -> None:
        self.cradle = cradle
        self.key = secrets.token_urlsafe(32)
        self.ends = (
            TunnelEnd("one", "one", 0, 0, one, other, initiates=False, tunnel="pair/0"),
            TunnelEnd("other", "other", 0, 0, other, one, initiates=False, tunnel="pair/0"),
        )
        cradle.script(
            [
                *(f"ip netns add {end.helper}" for end in self.ends),
                "ip link add wire netns one type veth peer name wire netns other",
                *(f"ip -n {end.helper} addr add {end.local}/24 dev wire" for end in self.ends),
                *(f"ip -n {end.helper} link set {link} up" for end in self.ends for link in ("lo", "wire")),
            ]
        )
        for end in self.ends:
            start_charon(cradle, end)

    def connect(self, one: CryptoProfile, other: CryptoProfile) -> bool:
        """Begin anew with these profiles; True if a child association comes up."""
        for end, profile in zip(self.ends, (one, other), strict=True):
            terminate(self.cradle, end)
            configure(self.cradle, end, profile, self.key)
        initiate(self.cradle, self.ends[1])
        return all(child_of(self.cradle, end) is not None for end in self.ends)

    def negotiate(self, one: CryptoProfile, other: CryptoProfile) -> dict[str, str]:
        """The suite of each exchange (``ike``, ``child``, ``rekeyed``), by the initiator's word."""
        found: dict[str, str] = dict.fromkeys(("ike", "child", "rekeyed"), NO_PROPOSAL_CHOSEN)
        up, end = self.connect(one, other), self.ends[1]
        for item in associations(self.cradle, end):
            if item.get("state") == b"ESTABLISHED":
                found["ike"] = _suite(item)
        child = child_of(self.cradle, end) if up else None
        if child is None:
            return found
        found["child"] = _suite(child)
        rekey(self.cradle, end)
        until = time.monotonic() + _WAIT
        while time.monotonic() < until and found["rekeyed"] == NO_PROPOSAL_CHOSEN:
            new = child_of(self.cradle, end)
            if new is not None and new["uniqueid"] != child["uniqueid"]:
                found["rekeyed"] = _suite(new)
            time.sleep(0.1)
        return found

    def fragments(self, size: int) -> int:
        """How many fragments a packet of ``size`` bytes, sent through the tunnel, becomes on the wire.

        The wire's MTU is :data:`LINK_MTU`, less than the tunnel's, so that a packet is not cut before it is encrypted.
        """
        capture = self.cradle.run_dir / f"{size}.pcap"
        lines = [f"ip -n {end.helper} link set wire mtu {LINK_MTU}" for end in self.ends]
        for end, mine, other in zip(self.ends, _INSIDE, reversed(_INSIDE), strict=True):
            lines.append(f"ip -n {end.helper} addr replace {mine}/32 dev ipsec0")
            lines.append(f"ip -n {end.helper} route replace {other}/32 dev ipsec0")
        sniff = f"tcpdump --immediate-mode -U -n -Z root -i wire -w {capture} 2>/dev/null & sniffer=$!"
        ping = f"ping -c 2 -i 0.2 -W 1 -M do -s {size - _ICMP} {_INSIDE[1]} >/dev/null || true"
        self.cradle.script(lines)
        until_written = f"while ! [ -s {capture} ]; do sleep 0.05; done"
        watch = f"{sniff}; {until_written}; {ping}; sleep 0.3; kill $sniffer; wait $sniffer || true"
        self.cradle.run("sh", "-c", watch, netns=self.ends[0].helper)
        assert self.cradle.run("tcpdump", "-nn", "-r", str(capture), "udp port 4500").strip(), "nothing was sent"
        return len(self.cradle.run("tcpdump", "-nn", "-r", str(capture), "ip[6:2] & 0x3fff != 0").splitlines())


_ICMP = 28
"""Bytes of the IPv4 and ICMP headers of an echo request."""


def _suite(item: Mapping[str, Any]) -> str:
    """An association's algorithms, as :class:`vpner.device.crypto.Suite` prints them."""
    words = [f"{item['encr-alg'].decode()}_{item['encr-keysize'].decode()}"]
    words += [item[key].decode() for key in ("integ-alg", "prf-alg", "dh-group") if key in item]
    return "/".join(words)
