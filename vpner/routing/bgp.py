"""The words of the model: paths, speakers and sessions. No rule of Azure's stands here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from vpner.topology import PASS, Address, Filter, Prefix, Symbol


class Origin(StrEnum):
    """Where a speaker has a path from, in Azure's spelling."""

    NETWORK = "Network"
    EBGP = "EBgp"
    IBGP = "IBgp"


class Kind(StrEnum):
    """What a path was when the first speaker of an AS put it into BGP."""

    VNET = "vnet"
    STATIC = "static"
    """A prefix of a local network gateway."""
    PEER = "peer"
    """The host route of a BGP peer, which Azure adds itself."""
    LISTED_PEER = "listed-peer"
    """The same, also listed in the local network gateway."""
    NETWORK = "network"
    """A network, or a redistributed static route, of a router."""
    EXTERNAL = "external"
    """Whatever came over eBGP, which does not say what it was."""


class Role(IntEnum):
    """What a speaker is. The order is the one in which the model lets them speak."""

    ROUTER = 0
    MSEE = 1
    ER_GATEWAY = 2
    ROUTE_SERVER = 3
    VPN_GATEWAY = 4


@dataclass(frozen=True, slots=True)
class Path:
    """A path of one prefix, as its receiver holds it."""

    as_path: tuple[int, ...]
    next_hop: Address | None
    origin: Origin
    kind: Kind
    session: int = -1
    """Index of the session that brought it, -1 for what the speaker has itself."""
    weight: int = 32768
    local_preference: int = 100
    med: int = 0
    from_gateway: str = ""
    """The ExpressRoute gateway that announced it to an edge, however far it has come since."""
    connection: str = ""
    """The VPN connection that a static prefix or host route belongs to."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks BGP: an instance of a gateway or Route Server, the edge of a circuit's path, or a router."""

    role: Role
    owner: str
    """Name of the gateway, Route Server, circuit or router."""
    member: str
    """Index of the instance, or the path's name; empty for a router."""
    asn: int
    address: Address | None
    vnet: str = ""
    table: str = ""

    @property
    def name(self) -> str:
        return f"{self.owner}/{self.member}" if self.member else self.owner


@dataclass(frozen=True, slots=True)
class Session:
    """One direction of a BGP session, from the speaker ``sender`` to ``receiver`` (indexes)."""

    index: int
    sender: int
    receiver: int
    sender_ip: Address | None
    """Address of the sender, as the receiver sees it."""
    receiver_ip: Address | None
    reverse: int
    """Index of the other direction."""
    name: str = ""
    """What the topology calls it: ``CIRCUIT/PATH``, a VPN connection or a BGP session; empty if it is implied."""
    policy: Filter = PASS
    """What the two ends do to routes in this direction."""
    order: int = 0
    """Of equal paths, the one over the session with the lower order wins: primary before secondary."""
    weight: int = 32768
    """What the receiver gives to paths over this session."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A path that a router sends over given sessions whatever it knows."""

    sessions: frozenset[int]
    as_path: tuple[int, ...]
    next_hop: Address | None
    med: int


Held = Mapping[int, Path]
"""Paths of one prefix that a speaker holds, by session; what it has itself has negative keys."""


def tie_key(address: Address | None) -> tuple[int, int, str]:
    """Lower addresses first, then the ones that nobody knows."""
    if address is None or isinstance(address, Symbol):
        return 1, 0, str(address or "")
    return 0, int(address), ""


class PrefixSet:
    """Prefixes that can say quickly whether they cover another one."""

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        self._by_length: dict[tuple[int, int], set[int]] = {}
        for prefix in prefixes:
            key = prefix.version, prefix.prefixlen
            bits = prefix.max_prefixlen - prefix.prefixlen
            self._by_length.setdefault(key, set()).add(int(prefix.network_address) >> bits)

    def covers(self, prefix: Prefix) -> bool:
        """True if the prefix equals one of these, or lies in one."""
        address, bits = int(prefix.network_address), prefix.max_prefixlen
        return any(
            version == prefix.version and length <= prefix.prefixlen and address >> (bits - length) in networks
            for (version, length), networks in self._by_length.items()
        )
