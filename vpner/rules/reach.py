"""Which virtual networks reach each other directly, and what an appliance's address in them can be."""

from __future__ import annotations

from ipaddress import IPv4Address

from vpner.topology import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, Topology, VNet

PLATFORM_SUBNETS = (GATEWAY_SUBNET, ROUTE_SERVER_SUBNET)
"""Subnets in which no appliance can be."""


def near(topology: Topology, *vnets: str) -> set[str]:
    """Virtual networks, and those peered with them."""
    return {*vnets, *(item.remote for item in topology.peerings if item.vnet in vnets)}


def holds(vnet: VNet, address: object) -> bool:
    """Whether an IPv4 address lies in a virtual network's space; nothing else does."""
    return isinstance(address, IPv4Address) and any(address in block for block in vnet.prefixes)
