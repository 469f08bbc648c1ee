"""What the model predicts: tables, and how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv6Address

from vpner.routing.assumptions import DEFAULT, Assumptions
from vpner.routing.bgp import Origin
from vpner.routing.converge import Remembered
from vpner.topology import Address, NextHopType, Prefix


class Source(StrEnum):
    """Of an effective route, in Azure's spelling."""

    DEFAULT = "Default"
    USER = "User"
    VIRTUAL_NETWORK_GATEWAY = "VirtualNetworkGateway"


class RouteState(StrEnum):
    ACTIVE = "Active"
    INVALID = "Invalid"


@dataclass(frozen=True, slots=True)
class BgpRoute:
    """A row of a BGP table. ``decided_by`` is the fact that made the selected route win (or this one lose)."""

    prefix: Prefix
    as_path: tuple[int, ...]
    next_hop: Address | None
    origin: Origin
    peer: str
    """Name of the speaker that sent it; empty for the holder's own."""
    weight: int
    selected: bool
    decided_by: str
    connection: str = ""
    """The VPN connection of a static route or of the session that brought it."""


@dataclass(frozen=True, slots=True)
class EffectiveRoute:
    """A row of a subnet's effective routes. ``beaten`` are the routes for the same prefix that lost to it."""

    prefix: Prefix
    type: NextHopType
    next_hops: tuple[Address | IPv6Address, ...]
    source: Source
    state: RouteState
    decided_by: str
    beaten: tuple[BgpRoute | EffectiveRoute, ...] = ()


BgpTable = tuple[BgpRoute, ...]
Memory = Mapping[Prefix, Remembered]


@dataclass(frozen=True, slots=True)
class Tables:
    """Every table of a network at one moment. Rows are sorted by prefix; BGP tables have the selected path first."""

    effective: Mapping[tuple[str, str], tuple[EffectiveRoute, ...]] = field(repr=False)
    """By VNet and subnet. Every VNet with a gateway has a GatewaySubnet, every one with a Route Server its subnet."""
    gateway_learned: Mapping[str, BgpTable] = field(repr=False)
    """By ``GATEWAY/INDEX``."""
    gateway_advertised: Mapping[tuple[str, str], BgpTable] = field(repr=False)
    """By ``GATEWAY/INDEX`` and peer: a router, circuit or gateway."""
    route_server_learned: Mapping[tuple[str, str], BgpTable] = field(repr=False)
    route_server_advertised: Mapping[tuple[str, str], BgpTable] = field(repr=False)
    circuit_routes: Mapping[str, BgpTable] = field(repr=False)
    """By ``CIRCUIT/PATH``."""
    router_routes: Mapping[str, BgpTable] = field(repr=False)
    adjacent: frozenset[tuple[str, str]] = field(repr=False)
    """Pairs of speakers with a session that is up, in both orders."""
    dead_tunnels: frozenset[tuple[str, int]] = frozenset()
    """Tunnels, by connection and gateway instance, whose outer packets find no way outside tunnels."""
    failed: frozenset[str] = field(default=frozenset(), compare=False)
    """Elements that are down. Equal tables are equal whatever led to them."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The tables in which a network settles, or the phases that it goes round in."""

    phases: tuple[Tables, ...]
    assumed: tuple[str, ...]
    """Switches of :class:`~vpner.routing.assumptions.Assumptions` on which the result depends."""
    memory: Memory = field(repr=False, compare=False)
    """What every speaker holds, for :func:`~vpner.routing.solve.solve` to go on from."""
    assumptions: Assumptions = field(default=DEFAULT, repr=False)

    @property
    def tables(self) -> Tables:
        return self.phases[0]

    @property
    def oscillates(self) -> bool:
        return len(self.phases) > 1
