"""A device plan for a plain Linux device: strongSwan (swanctl) for the tunnels, FRR for every route, nftables for MSS.

Each tunnel ends in an XFRM interface of its own, told apart by ``if_id``, so that both may have the same selectors.
strongSwan 5.8, FRR 8.0 and Linux 4.19 or newer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.device.common import HOLD, KEEPALIVE, KEY_PLACEHOLDER, REKEY_IKE_SECONDS, rekey_esp_seconds, require_bound
from vpner.device.filters import EXPORTS, IMPORTS, PREPEND, PrefixRule, exports, imports, prepend
from vpner.device.mtu import Encapsulation, mss_clamp, tunnel_mtu
from vpner.plan.device import DevicePlan, Tunnel
from vpner.problems import Problem, Problems

DISCARD_DISTANCE = 250
"""Of the discard behind a /32 to a tunnel address: worse than any route, so that it shows only where that is lost."""
PULL_UP_DISTANCE = 254
"""Of the discard that stands for an announced prefix where the plan has no route to it."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the device, with the mode that it needs."""

    path: str
    text: str
    mode: int = 0o644


def linux_files(plan: DevicePlan, *, pre_shared_key: str | None = None) -> tuple[File, ...]:
    """Every file that a bound plan asks for. Without a key, a placeholder stands in its place.

    A static whose interface is empty is routed by its next hop alone. Raises :class:`vpner.device.common.Unbound` if
    Azure has not chosen every tunnel address, and :class:`Problems` if a name or the key cannot be written here.
    """
    require_bound(plan)
    _check_words(plan)
    key = KEY_PLACEHOLDER if pre_shared_key is None else pre_shared_key
    return (
        File("/etc/swanctl/conf.d/azure.conf", _lines(_swanctl(plan, key)), 0o600),
        File("/etc/frr/frr.conf", _lines(frr_lines(plan)), 0o640),
        File("/etc/nftables.d/azure-mss.nft", _lines(_nftables(plan))),
        File("/usr/local/sbin/azure-tunnels", _lines(_interfaces(plan)), 0o755),
        File("/etc/sysctl.d/90-azure-tunnels.conf", "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 2\n"),
    )


def interface_name(index: int) -> str:
    """Of the XFRM interface of a tunnel, by the tunnel's position. Its ``if_id`` is one more."""
    return f"azure{index}"


def frr_lines(plan: DevicePlan) -> Iterator[str]:
    """FRR's configuration: statics and BGP."""
    yield from ("frr defaults traditional", f"hostname {plan.name}", "!")
    routed = set[IPv4Network]()
    for static in plan.statics:
        prefix = IPv4Network(str(static.destination))
        routed.add(prefix)
        # With its interface named, a next hop is never looked up through another one, or through the tunnel.
        yield f"ip route {prefix} {static.next_hop} {static.interface}".rstrip()
        if isinstance(static.destination, IPv4Address):
            yield f"ip route {prefix} blackhole {DISCARD_DISTANCE}"
    # FRR announces a network only if exactly this prefix is in the routing table.
    yield from (f"ip route {prefix} blackhole {PULL_UP_DISTANCE}" for prefix in plan.advertises if prefix not in routed)
    yield "!"
    yield from _prefix_list(IMPORTS, imports(plan))
    yield from _prefix_list(EXPORTS, exports(plan))
    if plan.prepend:
        yield from (f"route-map {PREPEND} permit 10", f" set {prepend(plan)}", "exit", "!")
    yield from (f"router bgp {plan.asn}", f" bgp router-id {plan.endpoint}", " no bgp default ipv4-unicast")
    yield " bgp log-neighbor-changes"
    for tunnel in plan.tunnels:
        peer = f" neighbor {tunnel.inner_remote}"
        yield f"{peer} remote-as {plan.gateway_asn}"
        yield f"{peer} description {tunnel.name}"
        yield f"{peer} update-source {tunnel.inner_local}"
        yield f"{peer} ebgp-multihop 255"
        yield f"{peer} timers {KEEPALIVE} {HOLD}"
    yield " address-family ipv4 unicast"
    yield from (f"  network {prefix}" for prefix in plan.advertises)
    for tunnel in plan.tunnels:
        peer = f"  neighbor {tunnel.inner_remote}"
        yield from (f"{peer} activate", f"{peer} prefix-list {IMPORTS} in", f"{peer} prefix-list {EXPORTS} out")
        if plan.prepend:
            yield f"{peer} route-map {PREPEND} out"
    yield from (" exit-address-family", "exit", "!")


def _prefix_list(name: str, rules: tuple[PrefixRule, ...]) -> Iterator[str]:
    for index, rule in enumerate(rules):
        yield f"ip prefix-list {name} seq {10 * (index + 1)} {rule.action} {rule.match}"
    yield "!"


def _swanctl(plan: DevicePlan, key: str) -> Iterator[str]:
    yield "connections {"
    for index, tunnel in enumerate(plan.tunnels):
        yield from (f"    {line}" if line else "" for line in _connection(plan, tunnel, index))
    yield from ("}", "secrets {")
    for index, tunnel in enumerate(plan.tunnels):
        yield f"    ike-azure{index} {{"
        yield from (f"        id-local = {plan.endpoint}", f"        id-remote = {tunnel.remote}")
        yield from (f"        secret = {_quoted(plan, key)}", "    }")
    yield "}"


def _connection(plan: DevicePlan, tunnel: Tunnel, index: int) -> Iterator[str]:
    yield f"# {tunnel.name}"
    yield f"azure{index} {{"
    yield from ("    version = 2", f"    local_addrs = {tunnel.local}", f"    remote_addrs = {tunnel.remote}")
    yield from (f"    proposals = {plan.crypto.ike_proposal}", f"    rekey_time = {REKEY_IKE_SECONDS}s")
    yield from ("    mobike = no", "    unique = replace", "    keyingtries = 0", "    dpd_delay = 10s")
    yield f"    if_id_in = {index + 1}"
    yield f"    if_id_out = {index + 1}"
    yield from ("    local {", "        auth = psk", f"        id = {plan.endpoint}", "    }")
    yield from ("    remote {", "        auth = psk", f"        id = {tunnel.remote}", "    }")
    yield from ("    children {", f"        azure{index} {{")
    yield from (
        f"            {line}"
        for line in (
            "local_ts = 0.0.0.0/0",
            "remote_ts = 0.0.0.0/0",
            f"esp_proposals = {plan.crypto.esp_proposal}",
            f"rekey_time = {rekey_esp_seconds(plan)}s",
            f"life_time = {plan.crypto.sa_life_time_seconds}s",
            "start_action = start",
            "close_action = start",
            "dpd_action = restart",
        )
    )
    yield from ("        }", "    }", "}")


def _interfaces(plan: DevicePlan) -> Iterator[str]:
    mtu = tunnel_mtu(plan.crypto, Encapsulation.UDP)
    yield from (
        "#!/bin/sh",
        "# Makes the interfaces that the tunnels end in. To be run at boot, before strongSwan.",
        "set -eu",
    )
    for index, tunnel in enumerate(plan.tunnels):
        name = interface_name(index)
        yield f"ip link show {name} >/dev/null 2>&1 || ip link add {name} type xfrm if_id {index + 1}"
        yield f"ip address replace {tunnel.inner_local}/32 peer {tunnel.inner_remote}/32 dev {name}"
        yield f"ip link set {name} mtu {mtu} up"


def _nftables(plan: DevicePlan) -> Iterator[str]:
    clamp = mss_clamp(plan.crypto, Encapsulation.UDP)
    names = ", ".join(f'"{interface_name(index)}"' for index in range(len(plan.tunnels)))
    yield "table ip azure_mss {"
    yield from ("    chain forward {", "        type filter hook forward priority mangle; policy accept;")
    for direction in ("iifname", "oifname"):
        match = f"{direction} {{ {names} }} tcp flags & (syn | rst) == syn tcp option maxseg size > {clamp}"
        yield f"        {match} tcp option maxseg size set {clamp}"
    yield from ("    }", "}")


def _check_words(plan: DevicePlan) -> None:
    """Names stand in these files as they are, so that each must be one plain word."""
    interfaces = (static.interface for static in plan.statics if static.interface)
    for name in (plan.name, *(tunnel.name for tunnel in plan.tunnels), *interfaces):
        if not name.isascii() or not name.replace("-", "").replace(".", "").replace("_", "").isalnum():
            what, why = f"{name!r} is no plain word", "It stands in FRR's and strongSwan's configuration as it is"
            remedy = "use letters, digits, dots, dashes and underscores"
            raise Problems(plan.name, [Problem("name", what, why, remedy, "device-name")])


def _quoted(plan: DevicePlan, key: str) -> str:
    """A string of strongSwan's configuration; every printable character may be in it."""
    if not key.isprintable():
        what, why = "the pre-shared key has a character that is not printable", "Azure refuses it, too"
        raise Problems(plan.name, [Problem("preSharedKey", what, why, "use printable ASCII", "device-key")])
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"
