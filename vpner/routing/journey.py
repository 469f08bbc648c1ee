"""The way of a packet: places, what carries it from one to the next, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vpner.routing.lookup import Decision
from vpner.topology import Address


class Place(StrEnum):
    """Where a packet can be."""

    SUBNET = "subnet"
    ROUTER = "router"
    VPN_GATEWAY = "vpn-gateway"
    EDGE = "edge"


class Carrier(StrEnum):
    """What takes a packet from one place to the next. ``overlay``: a router's own tunnel, of unknown encryption."""

    AZURE = "Azure"
    TUNNEL = "IPsec"
    EXPRESSROUTE = "ExpressRoute"
    HAIRPIN = "MSEE hairpin"
    INTERNET = "Internet"
    SITE = "site"
    OVERLAY = "overlay"


@dataclass(frozen=True, slots=True)
class Step:
    """A place on the way: the address by which the packet came, the route that it takes on, and what carries it."""

    place: Place
    name: str
    address: Address | None = None
    decision: Decision | None = None
    carrier: Carrier | None = None
    tunnel: str = ""
    """``CONNECTION/INSTANCE``, where an IPsec tunnel carries it."""


class End(StrEnum):
    """``arrived``: at the network of the address, of which nothing more is known; ``left``: to the Internet;
    ``unknown``: the packet comes to something of which the topology does not say enough."""

    DELIVERED = "delivered"
    ARRIVED = "arrived"
    DROPPED = "dropped"
    LEFT = "left"
    LOOP = "loop"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Journey:
    """One way that a packet can take; with several equal routes there are several."""

    end: End
    why: str
    steps: tuple[Step, ...]

    @property
    def hops(self) -> tuple[Step, ...]:
        """Routers, gateways and edges on the way, without the source."""
        return tuple(step for step in self.steps[1:] if step.place is not Place.SUBNET)
