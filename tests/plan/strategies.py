"""Hypothesis strategies of addresses, prefixes and device plans."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import strategies as st

from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan, Interface, VpnGateway, plan_device

addresses = st.integers(0, 2**32 - 1).map(IPv4Address)


def prefixes(shortest: int = 0, longest: int = 32) -> st.SearchStrategy[IPv4Network]:
    """Any prefix with a length between the two."""
    return st.builds(
        lambda address, length: IPv4Network((address, length), strict=False),
        addresses,
        st.integers(shortest, longest),
    )


def subnets_of(network: IPv4Network, longest: int) -> st.SearchStrategy[IPv4Network]:
    """Any prefix inside a small network, down to a length."""
    inside = [part for length in range(network.prefixlen, longest + 1) for part in network.subnets(new_prefix=length)]
    return st.sampled_from(inside)


def members_of(network: IPv4Network) -> st.SearchStrategy[IPv4Address]:
    """Any address of a network, the first and the last included."""
    return st.integers(int(network.network_address), int(network.broadcast_address)).map(IPv4Address)


HUB = IPv4Network("10.0.0.0/24")
azure_apipa = members_of(IPv4Network("169.254.21.0/24"))

_gateways = st.builds(
    VpnGateway,
    st.sampled_from(["az-hub-vpngw", "gw"]),
    st.sampled_from([65515, 65001, 4200000000]),
    st.sampled_from(list(HUB.subnets(new_prefix=27))),
    st.lists(azure_apipa, min_size=2, max_size=2, unique=True).map(tuple),
)
_lan = st.builds(Interface, st.just("lan0"), addresses, addresses, st.integers(8, 29))
_advertised = st.one_of(prefixes(0, 31), subnets_of(HUB, 31))
"""Around the tunnel addresses too: what a device announces may well cover them."""


@st.composite
def device_plans(draw: st.DrawFn) -> DevicePlan:
    """A plan of :func:`plan_device` for any device, with or without a LAN side."""
    return plan_device(
        name=draw(st.sampled_from(["branch-opnnva", "hq-fw1"])),
        asn=draw(st.integers(1, 65000)),
        endpoint=draw(addresses),
        inside=draw(addresses),
        apipa=draw(members_of(IPv4Network("169.254.0.0/24"))),
        gateway=draw(_gateways),
        expressroute=draw(st.builds(Interface, st.just("wan0"), addresses, addresses, st.integers(8, 29))),
        lan=draw(st.none() | _lan),
        crypto=CryptoProfile(),
        advertises=draw(st.lists(_advertised, max_size=4, unique=True)),
        prepend=draw(st.integers(0, 10)),
    )
