"""What the engineer on premises gets, as tables for people and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

from vpner.device.crypto import negotiate
from vpner.device.filters import exports, imports, prepend
from vpner.device.mtu import (
    AZURE_MSS,
    ETHERNET_MTU,
    EXPRESSROUTE_UNFRAGMENTED,
    Encapsulation,
    mss_clamp,
    tcp_mss,
    tunnel_mtu,
)
from vpner.device.provider import ProviderRouter, unannounced
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan
from vpner.render.grid import Grid


def handoff_lines(plans: Iterable[DevicePlan], routers: Iterable[ProviderRouter]) -> Iterator[str]:
    """Everything as text, a device after the other, then the routers."""
    plans, routers = tuple(plans), tuple(routers)
    for plan in plans:
        yield from device_lines(plan)
    for router in routers:
        yield from (*router.lines(), "")
    for endpoint in unannounced(routers, (plan.endpoint for plan in plans)):
        yield f"No router here announces {endpoint}/32 over ExpressRoute: without it Azure looks the endpoint up in the"
        yield "prefix that the tunnel brings, and the tunnel breaks down."


def device_lines(plan: DevicePlan) -> Iterator[str]:
    """A device's plan, section by section."""
    behind = f", its own address {plan.inside}" if plan.inside != plan.endpoint else ""
    yield f"Device {plan.name}, AS {plan.asn}, tunnel endpoint {plan.endpoint}{behind}"
    for role, side in (("ExpressRoute", plan.expressroute), ("LAN", plan.lan)):
        if side is not None:
            name = f" {side.name}" if side.name else ""
            yield f"  {role} side{name}: {side.address}, next hop {side.default_gateway}"
    yield from ("", "Static routes", *_indented(_statics(plan)))
    yield "  and behind each /32 to a tunnel address a discard of a worse distance, so that a lost ExpressRoute never"
    yield "  lets the lookup fall into the tunnel."
    yield from ("", "Tunnels", *_indented(_tunnels(plan)), "", "IPsec, the same at both ends")
    yield from (f"  {line}" for line in _crypto(plan.crypto))
    yield from ("", "Sizes in bytes", *_indented(_sizes(plan.crypto)))
    yield f"  Clamp TCP's MSS at {AZURE_MSS} or less (Learn: About VPN devices)."
    least = mss_clamp(plan.crypto, Encapsulation.UDP, EXPRESSROUTE_UNFRAGMENTED)
    yield f"  At {least} no packet exceeds the {EXPRESSROUTE_UNFRAGMENTED} bytes above which ExpressRoute may fragment"
    yield "  (Learn: ExpressRoute FAQ)."
    yield from ("", "BGP")
    yield from (f"  {line}" for line in _bgp(plan))
    yield ""


def handoff_json(plans: Iterable[DevicePlan], routers: Iterable[ProviderRouter]) -> dict[str, object]:
    """The same as plain values. It holds no secret."""
    plans, routers = tuple(plans), tuple(routers)
    return {
        "devices": [_device_json(plan) for plan in plans],
        "routers": [router.document() for router in routers],
        "unannouncedEndpoints": [str(item) for item in unannounced(routers, (plan.endpoint for plan in plans))],
    }


def _device_json(plan: DevicePlan) -> dict[str, object]:
    return {
        **plan.contract(),
        "imports": [{"action": rule.action, "match": rule.match} for rule in imports(plan)],
        "exports": [{"action": rule.action, "match": rule.match} for rule in exports(plan)],
        "negotiated": negotiate(plan.crypto, plan.crypto).document(),
        "sizes": [
            {
                "encapsulation": encapsulation.value,
                "linkMtu": link,
                "tunnelMtu": tunnel_mtu(plan.crypto, encapsulation, link),
                "mss": tcp_mss(tunnel_mtu(plan.crypto, encapsulation, link)),
            }
            for encapsulation, link in _CASES
        ],
        "mssClamp": mss_clamp(plan.crypto, Encapsulation.UDP),
    }


_CASES = [
    (encapsulation, link) for link in (ETHERNET_MTU, EXPRESSROUTE_UNFRAGMENTED) for encapsulation in Encapsulation
]


def _statics(plan: DevicePlan) -> Grid:
    inner = None if plan.lan is None else plan.lan.default_gateway
    return Grid(
        ("Destination", "Next hop", "Side"),
        tuple(
            (
                str(static.destination) if isinstance(static.destination, IPv4Network) else f"{static.destination}/32",
                str(static.next_hop),
                "LAN" if static.next_hop == inner else "ExpressRoute",
            )
            for static in plan.statics
        ),
    )


def _tunnels(plan: DevicePlan) -> Grid:
    return Grid(
        ("Tunnel", "Local", "Remote", "Inner local", "Inner remote"),
        tuple(
            (item.name, str(item.local), str(item.remote), str(item.inner_local), str(item.inner_remote))
            for item in plan.tunnels
        ),
    )


def _crypto(profile: CryptoProfile) -> Iterator[str]:
    found = negotiate(profile, profile).document()
    yield f"IKEv2, pre-shared key, {profile.ike_proposal}: {found['ike']}"
    yield f"ESP, any to any, {profile.esp_proposal}: {found['child']}, after a rekeying {found['rekeyed']}"
    yield f"Azure's lifetimes: IKE 28800 s, ESP {profile.sa_life_time_seconds} s or {profile.sa_data_size_kilobytes} KB"


def _sizes(profile: CryptoProfile) -> Grid:
    return Grid(
        ("Link MTU", "ESP", "Largest inner packet", "TCP MSS"),
        tuple(
            (
                str(link),
                "in UDP 4500" if encapsulation is Encapsulation.UDP else "protocol 50",
                str(mtu := tunnel_mtu(profile, encapsulation, link)),
                str(tcp_mss(mtu)),
            )
            for encapsulation, link in _CASES
        ),
    )


def _bgp(plan: DevicePlan) -> Iterator[str]:
    for tunnel in plan.tunnels:
        yield f"neighbour {tunnel.inner_remote} (AS {plan.gateway_asn}) from {tunnel.inner_local}"
    if any(tunnel.inner_remote.is_link_local for tunnel in plan.tunnels):
        yield "this end connects: with link-local addresses Azure waits (Learn: VPN Gateway FAQ)"
    for verb, rules in (("accept", imports(plan)), ("announce", exports(plan))):
        yield from (f"{verb}: {rule.action} {rule.match}" for rule in rules)
        yield f"{verb}: nothing else"
    if plan.prepend:
        yield f"announce with {prepend(plan)}"


def _indented(grid: Grid) -> Iterator[str]:
    return (f"  {line}" for line in str(grid).splitlines())
