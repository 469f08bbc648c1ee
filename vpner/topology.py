"""Networks in neutral form, in the words of topology format 1. Imports nothing of the project.

Everything is frozen. A topology does not know the order in which it was written: whatever has a name is sorted by it,
so that equal networks are equal values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """An address that only Azure will know, for example "instance 0 of the VPN gateway, somewhere in 10.0.0.32/27".

    Azure chooses addresses in GatewaySubnet, and the choice depends on the order of deployment: computing them would be
    guessing. Plans name them instead, and bind the names when the gateway exists.
    """

    owner: str
    """Name of the resource that will have the address."""
    attribute: str
    """Which of its addresses, in the words of the topology format: ``instances[0].tunnel``."""
    within: IPv4Network
    """The subnet that it will come from."""

    def __str__(self) -> str:
        return f"{self.owner}.{self.attribute}"


Address = IPv4Address | Symbol
"""An address that is known, or the name of one that will be. Unknown is a Symbol, never None."""

Prefix = IPv4Network | IPv6Network
"""IPv6 is modelled where Azure itself hands it on: VNets, peerings, route tables and ExpressRoute."""

ANYWHERE = IPv4Network("0.0.0.0/0")


class State(StrEnum):
    """Of a session, connection, instance or peering. ``absent``: nobody built it."""

    UP = "up"
    DOWN = "down"
    ABSENT = "absent"


class NextHopType(StrEnum):
    """Of a route and of an effective route, in Azure's spelling."""

    VNET_LOCAL = "VnetLocal"
    VNET_PEERING = "VNetPeering"
    VNET_GLOBAL_PEERING = "VNetGlobalPeering"
    VIRTUAL_NETWORK_GATEWAY = "VirtualNetworkGateway"
    VIRTUAL_APPLIANCE = "VirtualAppliance"
    INTERNET = "Internet"
    NONE = "None"


class Preference(StrEnum):
    """Hub routing preference of a Route Server."""

    EXPRESSROUTE = "ExpressRoute"
    VPN_GATEWAY = "VpnGateway"
    AS_PATH = "ASPath"


class Underlay(StrEnum):
    """What carries the outer packets of an IPsec connection."""

    INTERNET = "internet"
    EXPRESSROUTE = "expressroute"


class Mode(StrEnum):
    """``required``: never in clear, whatever fails; ``preferred``: encrypted while a tunnel is up."""

    REQUIRED = "required"
    PREFERRED = "preferred"


PATHS = ("primary", "secondary")
"""The two paths of a circuit, in the order in which equal routes over them are preferred."""

GATEWAY_SUBNET = "GatewaySubnet"
ROUTE_SERVER_SUBNET = "RouteServerSubnet"


def prefix_key(prefix: Prefix) -> tuple[int, int, int]:
    """Sorts prefixes: IPv4 before IPv6, then by address, shorter first."""
    return prefix.version, int(prefix.network_address), prefix.prefixlen


def _name(item: Any) -> str:
    return item.name


def _prefix_of(item: Any) -> tuple[int, int, int]:
    return prefix_key(item.prefix)


def _path_order(path: CircuitPath) -> int:
    return PATHS.index(path.name)


def _sort(item: object, field: str, key: Callable[[Any], Any] | None) -> None:
    """Sort a tuple of a frozen value while it is made."""
    values = getattr(item, field)
    if values is not None:
        object.__setattr__(item, field, tuple(sorted(values, key=key)))


@dataclass(frozen=True, slots=True)
class Subnet:
    name: str
    prefix: IPv4Network
    route_table: str | None = None


@dataclass(frozen=True, slots=True)
class VNet:
    name: str
    prefixes: tuple[Prefix, ...]
    subnets: tuple[Subnet, ...] = ()
    region: str | None = None

    def __post_init__(self) -> None:
        _sort(self, "prefixes", prefix_key)
        _sort(self, "subnets", _name)

    def subnet(self, name: str) -> Subnet | None:
        return next((subnet for subnet in self.subnets if subnet.name == name), None)


@dataclass(frozen=True, slots=True)
class Peering:
    """One direction of a VNet peering, as in ARM."""

    vnet: str
    remote: str
    allow_gateway_transit: bool = False
    use_remote_gateways: bool = False
    allow_forwarded_traffic: bool = True
    is_global: bool = False
    state: State = State.UP


@dataclass(frozen=True, slots=True)
class UserRoute:
    """A user-defined route. ``next_hop`` belongs to ``VirtualAppliance``."""

    prefix: Prefix
    next_hop_type: NextHopType
    next_hop: Address | IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class RouteTable:
    name: str
    routes: tuple[UserRoute, ...] = ()
    propagate_gateway_routes: bool = True

    def __post_init__(self) -> None:
        _sort(self, "routes", _prefix_of)


@dataclass(frozen=True, slots=True)
class Nic:
    name: str
    vnet: str
    subnet: str
    ip: Address


@dataclass(frozen=True, slots=True)
class VpnInstance:
    """An instance of a VPN gateway. ``tunnel`` and ``public`` are None where it has no such address."""

    bgp: Address
    tunnel: Address | None = None
    public: Address | None = None
    apipa: tuple[IPv4Address, ...] = ()
    state: State = State.UP


@dataclass(frozen=True, slots=True)
class VpnGateway:
    name: str
    vnet: str
    instances: tuple[VpnInstance, ...]
    asn: int = 65515
    active_active: bool = False


@dataclass(frozen=True, slots=True)
class ErGateway:
    name: str
    vnet: str
    instances: tuple[Address, ...]
    asn: int = 65515
    allow_remote_vnet_traffic: bool = True


@dataclass(frozen=True, slots=True)
class RouteServer:
    name: str
    vnet: str
    instances: tuple[Address, ...]
    asn: int = 65515
    branch_to_branch: bool = False
    preference: Preference = Preference.EXPRESSROUTE


@dataclass(frozen=True, slots=True)
class Filter:
    """What a session does to routes. ``deny`` goes before ``permit`` (None: all); both name exact prefixes."""

    permit: tuple[Prefix, ...] | None = None
    deny: tuple[Prefix, ...] = ()
    prepend: tuple[int, ...] = ()
    prepend_only: tuple[Prefix, ...] | None = None
    next_hop: Address | None = None
    as_override: bool = False
    local_preference: int | None = None

    def __post_init__(self) -> None:
        for field in ("permit", "deny", "prepend_only"):
            _sort(self, field, prefix_key)


PASS = Filter()
"""The filter that lets everything pass unchanged."""


@dataclass(frozen=True, slots=True)
class CircuitPath:
    """A path of a circuit. ``state`` is that of the session between Microsoft's edge and the router."""

    name: str
    msee: Address
    router: str | None = None
    msee_peer_ip: Address | None = None
    router_peer_ip: Address | None = None
    state: State = State.UP
    to_router: Filter = PASS
    from_router: Filter = PASS


@dataclass(frozen=True, slots=True)
class Circuit:
    """``advertises_only``: the only prefixes that Microsoft's edges hand to gateways (None: all)."""

    name: str
    paths: tuple[CircuitPath, ...]
    asn: int = 12076
    advertises_only: tuple[Prefix, ...] | None = None

    def __post_init__(self) -> None:
        _sort(self, "paths", _path_order)
        _sort(self, "advertises_only", prefix_key)


@dataclass(frozen=True, slots=True)
class ErConnection:
    """``next_hops`` is what NICs of this gateway show for a path, where that differs from the circuit's ``msee``."""

    name: str
    gateway: str
    circuit: str
    weight: int = 0
    next_hops: tuple[tuple[str, Address], ...] = ()
    state: State = State.UP

    def __post_init__(self) -> None:
        _sort(self, "next_hops", None)


@dataclass(frozen=True, slots=True)
class RouterNic:
    vnet: str
    subnet: str | None
    ip: Address


@dataclass(frozen=True, slots=True)
class Static:
    """A static route. A Symbol stands for the /32 of an address that Azure has not chosen yet."""

    prefix: Prefix | Symbol
    next_hop: Address | None = None
    redistribute: bool = False


@dataclass(frozen=True, slots=True)
class Announcement:
    """A route of which only the announcement is known: ``as_path`` is the whole path as the peer receives it."""

    prefix: Prefix
    as_path: tuple[int, ...]
    to: tuple[str, ...] | None = None
    next_hop: Address | None = None
    med: int | None = None


@dataclass(frozen=True, slots=True)
class Router:
    """A device that Azure does not run: provider router, on-premises router, network virtual appliance."""

    name: str
    asn: int | None = None
    nics: tuple[RouterNic, ...] = ()
    addresses: tuple[Address, ...] = ()
    networks: tuple[Prefix, ...] = ()
    statics: tuple[Static, ...] = ()
    announces: tuple[Announcement, ...] = ()

    def __post_init__(self) -> None:
        _sort(self, "networks", prefix_key)
        _sort(self, "addresses", str)
        _sort(self, "statics", str)
        _sort(self, "announces", str)


@dataclass(frozen=True, slots=True)
class VpnConnection:
    """``remote_ip`` is the device's BGP address, ``remote_endpoint`` its tunnel endpoint.

    ``instances`` and ``remote_instances`` are the gateway instances that take part (None: all). Filters are seen from
    the gateway: what the device does when it sends is in ``imports``.
    """

    name: str
    gateway: str
    remote: str
    instances: tuple[int, ...] | None = None
    remote_instances: tuple[int, ...] | None = None
    remote_ip: Address | None = None
    remote_endpoint: Address | None = None
    over: Underlay = Underlay.INTERNET
    bgp: bool = True
    static_prefixes: tuple[IPv4Network, ...] = ()
    remote_static_prefixes: tuple[IPv4Network, ...] = ()
    exports: Filter = PASS
    imports: Filter = PASS
    state: State = State.UP

    def __post_init__(self) -> None:
        _sort(self, "static_prefixes", prefix_key)
        _sort(self, "remote_static_prefixes", prefix_key)


@dataclass(frozen=True, slots=True)
class BgpSession:
    """Between a router and a Route Server, or two routers."""

    name: str
    a: str
    b: str
    a_ip: Address | None = None
    b_ip: Address | None = None
    a_exports: Filter = PASS
    b_exports: Filter = PASS
    state: State = State.UP


@dataclass(frozen=True, slots=True)
class Exemption:
    """Traffic that need not be encrypted, with the reason and the day after which it must be again."""

    reason: str
    expires: date
    sources: tuple[IPv4Network, ...] = ()
    destinations: tuple[IPv4Network, ...] = ()
    protocol: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """Traffic between two sets of prefixes, in both directions, that must be encrypted."""

    sources: tuple[IPv4Network, ...]
    destinations: tuple[IPv4Network, ...]
    mode: Mode
    name: str | None = None
    exempt: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True)
class Topology:
    """A network. Tuples are sorted by name (peerings by their two VNets), whatever order they were given in."""

    vnets: tuple[VNet, ...]
    peerings: tuple[Peering, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    nics: tuple[Nic, ...] = ()
    vpn_gateways: tuple[VpnGateway, ...] = ()
    er_gateways: tuple[ErGateway, ...] = ()
    route_servers: tuple[RouteServer, ...] = ()
    circuits: tuple[Circuit, ...] = ()
    er_connections: tuple[ErConnection, ...] = ()
    global_reach: tuple[tuple[str, str], ...] = ()
    routers: tuple[Router, ...] = ()
    vpn_connections: tuple[VpnConnection, ...] = ()
    bgp_sessions: tuple[BgpSession, ...] = ()
    intent: tuple[Intent, ...] = ()

    def __post_init__(self) -> None:
        named = ("vnets", "route_tables", "nics", "vpn_gateways", "er_gateways", "route_servers", "circuits")
        for field in (*named, "er_connections", "routers", "vpn_connections", "bgp_sessions"):
            _sort(self, field, _name)
        _sort(self, "peerings", lambda peering: (peering.vnet, peering.remote))
        object.__setattr__(self, "global_reach", tuple(sorted({(min(pair), max(pair)) for pair in self.global_reach})))


def own_networks(topology: Topology, router: Router) -> tuple[IPv4Network, ...]:
    """What a router originates and has itself. An aggregate of VNets it only announces."""
    spaces = [prefix for vnet in topology.vnets for prefix in vnet.prefixes if isinstance(prefix, IPv4Network)]
    return tuple(
        item
        for item in router.networks
        if isinstance(item, IPv4Network)
        if not any(space != item and space.subnet_of(item) for space in spaces)
    )
