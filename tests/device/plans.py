"""Device plans to render: the reference lab's, bound, and variations of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from vpner.device.opnsense import render
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan, Interface, VpnGateway, plan_device

KEY = "recognisable-pre-shared-key"
HASH = "$2b$10$recognisable.root.password.hash"
GATEWAY = VpnGateway(
    "az-hub-vpngw",
    65515,
    IPv4Network("10.0.0.32/27"),
    (IPv4Address("169.254.21.1"), IPv4Address("169.254.21.2")),
)
TUNNEL_ADDRESSES = (IPv4Address("10.0.0.36"), IPv4Address("10.0.0.37"))

UNBOUND = plan_device(
    name="branch-opnnva",
    asn=65510,
    endpoint=IPv4Address("10.100.0.4"),
    inside=IPv4Address("10.100.0.4"),
    apipa=IPv4Address("169.254.0.1"),
    gateway=GATEWAY,
    expressroute=Interface("hn0", IPv4Address("10.100.0.4"), IPv4Address("10.100.0.1"), 28),
    lan=Interface("hn1", IPv4Address("10.100.0.20"), IPv4Address("10.100.0.17"), 28),
    crypto=CryptoProfile(),
    advertises=[IPv4Network("10.0.0.0/8"), IPv4Network("10.100.0.0/24")],
)
LAB = UNBOUND.bind(dict(zip(GATEWAY.tunnel_addresses, TUNNEL_ADDRESSES, strict=True)))


def lab(**changes: Any) -> DevicePlan:
    """The lab's plan with fields changed."""
    return replace(LAB, **changes)


def rendered(plan: DevicePlan, key: str = KEY, management: tuple[str, ...] = ()) -> Element:
    """The configuration, parsed."""
    return ET.fromstring(render(plan, pre_shared_key=key, root_password_hash=HASH, management=management))


def values(element: Element) -> dict[str, str]:
    """The texts of an element's leaves by tag."""
    return {child.tag: child.text or "" for child in element if len(child) == 0}
