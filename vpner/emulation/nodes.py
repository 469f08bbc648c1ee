"""Nodes and wires of an emulation: what a plan consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address
from typing import Any

from vpner.emulation.speakers import ControlPlan
from vpner.topology import State, Topology

CONTROL = "control"
"""The node of gateways' and Route Servers' daemons, through which platform sessions run."""
GATE = IPv4Address("198.19.255.254")
"""The fabric's address where a subnet is not described."""
TUNNEL_MTU = 1400


class Use(Enum):
    """What a wire is for."""

    CONTROL = "control"
    FABRIC = "fabric"
    CIRCUIT = "circuit"
    ROUTERS = "routers"
    SITE = "site"
    SIBLINGS = "siblings"
    INNER = "inner"
    OUTER = "outer"


@dataclass(frozen=True, slots=True)
class Port:
    node: str
    addresses: tuple[IPv4Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """A pair of interfaces of the same name, ``w`` and the number. Each end sees the addresses of the other on it."""

    index: int
    use: Use
    ends: tuple[Port, Port]
    about: str = ""
    """What fails with it, in the words of :func:`vpner.routing.failable`, or the subnet that it belongs to."""

    @property
    def interface(self) -> str:
        return f"w{self.index}"


@dataclass(slots=True)
class Node:
    """A network namespace. ``speaker``: with FRR's daemons; ``kernel``: arguments of ``ip``; ``statics``: FRR's."""

    name: str
    speaker: str = ""
    loopback: list[IPv4Address] = field(default_factory=list[IPv4Address])
    kernel: list[str] = field(default_factory=list[str])
    statics: list[str] = field(default_factory=list[str])
    nat: list[str] = field(default_factory=list[str])
    web: str = ""
    """The name that it answers with on port 80."""
    bgpd: str = ""
    """bgpd's configuration, where it is the device's own and not what follows from the topology."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """An interface in a VNet: the fabric's wire to it, its addresses, and the subnet whose routes it goes by."""

    fabric: str
    wire: int
    node: str
    addresses: tuple[IPv4Address, ...]
    vnet: str
    subnet: str


@dataclass(frozen=True, slots=True)
class TunnelEnd:
    """One end of a tunnel: its helper, and what it is to the other end."""

    helper: str
    owner: str
    inner: int
    outer: int
    local: IPv4Address
    remote: IPv4Address
    initiates: bool
    tunnel: str
    """``CONNECTION/INSTANCE``."""
    connection: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Options of strongSwan's connection that are the owner's own, in place of what follows from the profile."""
    child: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The same of its child."""


@dataclass(slots=True)
class WirePlan:
    """Everything that has to be built."""

    control: ControlPlan
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    wires: list[Wire] = field(default_factory=list[Wire])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    tunnels: list[TunnelEnd] = field(default_factory=list[TunnelEnd])
    fabrics: dict[str, str] = field(default_factory=dict[str, str])
    """The fabric of each VNet."""

    @property
    def topology(self) -> Topology:
        return self.control.topology

    def node(self, name: str) -> Node:
        return self.nodes.setdefault(name, Node(name))

    def of(self, node: str, *uses: Use) -> Iterator[tuple[Wire, Port, Port]]:
        """Wires of a node: the wire, its own end and the other one."""
        for wire in self.wires:
            for end in (0, 1):
                if wire.ends[end].node == node and (not uses or wire.use in uses):
                    yield wire, wire.ends[end], wire.ends[1 - end]


def site_of(router: str) -> str:
    """The node that stands for what is behind a router."""
    return f"{router}.site"


def peers_of(topology: Topology, vnet: str) -> tuple[str, ...]:
    """VNets that are peered with one, in both directions."""
    up = {(item.vnet, item.remote) for item in topology.peerings if item.state is State.UP}
    return tuple(sorted(remote for name, remote in up if name == vnet and (remote, name) in up))
