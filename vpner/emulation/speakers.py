"""BGP speakers and sessions of an emulation: what a control plan consists of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network

from vpner.topology import PASS, Filter, Preference, Router, State, Topology, VpnGateway

TRANSPORT = IPv4Network("198.18.0.0/15")
"""Addresses between platform speakers, whose real transport Azure hides (benchmarking space, RFC 2544)."""


class Role(IntEnum):
    ROUTER = 1
    EDGE = 2
    ER_GATEWAY = 3
    VPN_GATEWAY = 4
    ROUTE_SERVER = 5


class Kind(IntEnum):
    """Why a speaker has a prefix of its own."""

    VNET = 1
    STATIC = 2
    """A prefix of a local network gateway."""
    PEER = 3
    """The host route of a BGP peer."""
    LISTED_PEER = 4
    """The same, also listed in the local network gateway."""
    NETWORK = 5


class Link(IntEnum):
    """What a session runs over."""

    PLATFORM = 1
    """Inside Azure, where no daemon can look."""
    CIRCUIT = 2
    TUNNEL = 3
    ROUTERS = 4


@dataclass(frozen=True, slots=True)
class Speaker:
    """A BGP daemon: an instance of a gateway or Route Server, the edge of a circuit's path, or a router."""

    role: Role
    owner: str
    member: str
    asn: int
    address: IPv4Address | None
    vnet: str = ""
    networks: tuple[tuple[IPv4Network, Kind], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.owner}/{self.member}" if self.member else self.owner


@dataclass(frozen=True, slots=True)
class End:
    """One end of a session. ``address`` is what the other end takes for a next hop, None where it is not published."""

    speaker: str
    address: IPv4Address | None
    sends: Filter = PASS
    withholds: tuple[IPv4Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """``ends[0]`` waits, ``ends[1]`` initiates: a device initiates towards a gateway's APIPA address."""

    index: int
    link: Link
    ends: tuple[End, End]
    name: str = ""
    """What the topology calls it, empty for what Azure implies."""
    order: int = 0
    """Of equal paths, the one over the session with the lower order wins: primary before secondary."""
    weight: int = 0
    """Routing weight of an ExpressRoute connection."""
    tunnel: int | None = None
    """The gateway instance that ends the tunnel."""


@dataclass(slots=True)
class ControlPlan:
    """Every speaker and session of a topology. ``wired``: circuits and tunnels exist, and BGP runs in them."""

    topology: Topology
    wired: bool = False
    speakers: dict[str, Speaker] = field(default_factory=dict[str, Speaker])
    sessions: list[Session] = field(default_factory=list[Session])
    given: dict[tuple[str, IPv4Network], set[str]] = field(default_factory=dict[tuple[str, IPv4Network], "set[str]"])
    """Connections from which a gateway instance has a prefix of its own: without any that is up it has it no more."""

    def talks_at(self, session: Session, end: int) -> IPv4Address:
        """By which address an end talks BGP: the real one on a wire, else one of its own."""
        real = session.ends[end].address
        if self.wired and session.link in {Link.CIRCUIT, Link.TUNNEL} and real is not None:
            return real
        return TRANSPORT[256 + 2 * session.index + end]

    def of(self, speaker: str) -> Iterator[tuple[Session, int]]:
        """Sessions of a speaker, with the number of its own end."""
        for session in self.sessions:
            for end in (0, 1):
                if session.ends[end].speaker == speaker:
                    yield session, end


def known(address: object) -> IPv4Address | None:
    """An address that the topology knows."""
    return address if isinstance(address, IPv4Address) else None


def host_of(address: IPv4Address | None) -> tuple[IPv4Network, ...]:
    return () if address is None else (IPv4Network(address),)


def first_address(router: Router) -> IPv4Address | None:
    """The address by which a router is told from others."""
    return known(router.nics[0].ip) if router.nics else known(next(iter(router.addresses), None))


def gateway_named(topology: Topology, name: str) -> VpnGateway:
    return next(item for item in topology.vpn_gateways if item.name == name)


def preference_of(topology: Topology, server: str) -> Preference:
    """What a Route Server prefers. Learn: Hub routing preference (Route Server), 2023: it is chosen for
    branch-to-branch; without, ExpressRoute is preferred.
    """
    found = next(item for item in topology.route_servers if item.name == server)
    return found.preference if found.branch_to_branch else Preference.EXPRESSROUTE


def indexes(gateway: VpnGateway, chosen: Sequence[int] | None) -> tuple[int, ...]:
    """Instances that take part in a connection."""
    return tuple(range(len(gateway.instances))) if chosen is None else tuple(chosen)


def space(topology: Topology, vnet: str) -> tuple[IPv4Network, ...]:
    """What gateways of a VNet announce: its prefixes, and those of peers that use its gateways."""
    users = {
        item.vnet
        for item in topology.peerings
        if item.remote == vnet and item.use_remote_gateways and item.state is State.UP
    }
    lends = {
        item.remote
        for item in topology.peerings
        if item.vnet == vnet and item.allow_gateway_transit and item.state is State.UP
    }
    return tuple(
        prefix
        for item in topology.vnets
        if item.name == vnet or item.name in users & lends
        for prefix in item.prefixes
        if isinstance(prefix, IPv4Network)
    )
