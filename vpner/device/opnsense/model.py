"""What an OPNsense appliance is configured with, as far as the tunnels need it, and how a device plan becomes it.

Names are OPNsense's. A pre-shared key is no part of it: it says only whether there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from vpner.device.common import HOLD, KEEPALIVE, REKEY_IKE_SECONDS, rekey_esp_seconds, require_bound
from vpner.device.filters import PrefixRule, exports, imports
from vpner.device.mtu import Encapsulation, mss_clamp
from vpner.plan.device import DevicePlan, Tunnel
from vpner.problems import Problem, Problems
from vpner.topology import Symbol

RELEASE = "26.1"
WAN, LAN = "wan", "lan"
NULL4 = "Null4"
"""The gateway that OPNsense itself has for routes that discard (core 26.1: etc/inc/system.inc)."""


@dataclass(frozen=True, slots=True)
class Interface:
    """``address`` None: by DHCP. ``mss`` is what TCP's MSS is clamped at, in both directions."""

    role: str
    device: str
    address: IPv4Interface | None
    gateway: str | None
    mss: int | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A next hop by name. ``address`` None: by DHCP."""

    name: str
    interface: str
    address: IPv4Address | None
    default: bool


@dataclass(frozen=True, slots=True)
class Route:
    """A static route to a gateway by its name."""

    prefix: IPv4Network
    gateway: str


@dataclass(frozen=True, slots=True)
class IpsecTunnel:
    """A connection with its child and its VTI. An address or identity None: the interface's own."""

    name: str
    local: IPv4Address | None
    remote: IPv4Address
    local_id: str | None
    remote_id: str | None
    inner_local: IPv4Address
    inner_remote: IPv4Address
    ike_version: int
    ike_proposals: tuple[str, ...]
    esp_proposals: tuple[str, ...]
    ike_seconds: int | None
    esp_seconds: int | None
    has_key: bool


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A BGP neighbour. ``imports`` and ``exports`` None: no prefix list, everything passes. Timers None: FRR's own."""

    address: IPv4Address
    asn: int
    multihop: bool
    keepalive: int | None
    hold: int | None
    imports: tuple[PrefixRule, ...] | None
    exports: tuple[PrefixRule, ...] | None
    prepend: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bgp:
    """``import_check``: a network is announced only if exactly this prefix is in the routing table."""

    asn: int
    router_id: IPv4Address | None
    networks: tuple[IPv4Network, ...]
    import_check: bool
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class OpnsenseConfig:
    """The whole of it."""

    name: str
    interfaces: tuple[Interface, ...]
    gateways: tuple[Gateway, ...]
    routes: tuple[Route, ...]
    tunnels: tuple[IpsecTunnel, ...]
    bgp: Bgp | None


def configuration(plan: DevicePlan) -> OpnsenseConfig:
    """The configuration that a bound plan asks for.

    Raises :class:`Unbound` if Azure has not chosen every tunnel address, and :class:`Problems` if the plan has no inner
    side: a whole configuration has one.
    """
    lan = plan.lan
    if lan is None:
        raise _refused(plan, "has no LAN interface", "give the plan one, or take another format")
    require_bound(plan)
    sides = ((WAN, plan.expressroute), (LAN, lan))
    clamp = mss_clamp(plan.crypto, Encapsulation.UDP)
    return OpnsenseConfig(
        name=plan.name,
        interfaces=tuple(
            Interface(
                role,
                side.name,
                IPv4Interface((side.address, side.prefix_length)),
                gateway_name(role),
                clamp if role == LAN else None,
            )
            for role, side in sides
        ),
        gateways=tuple(Gateway(gateway_name(role), role, side.default_gateway, role == WAN) for role, side in sides),
        routes=_routes(plan),
        tunnels=tuple(_tunnel(plan, tunnel) for tunnel in plan.tunnels),
        bgp=Bgp(
            asn=plan.asn,
            router_id=plan.endpoint,
            networks=plan.advertises,
            import_check=True,
            neighbours=tuple(
                Neighbour(
                    address=tunnel.inner_remote,
                    asn=plan.gateway_asn,
                    multihop=True,  # the peers are the ends of a VTI; Azure answers as if several hops away
                    keepalive=KEEPALIVE,
                    hold=HOLD,
                    imports=imports(plan),
                    exports=exports(plan),
                    prepend=(plan.asn,) * plan.prepend,
                )
                for tunnel in plan.tunnels
            ),
        ),
    )


def gateway_name(role: str) -> str:
    return f"{role.upper()}_GW"


def _routes(plan: DevicePlan) -> tuple[Route, ...]:
    """The plan's statics, and a discard behind each /32 to a tunnel address.

    FreeBSD has one route a prefix, so the discard is one bit shorter instead of a worse distance: when the /32 goes
    with its interface, the lookup ends there and never in the prefix that BGP brings through the tunnel.
    """
    routes: list[Route] = []
    discards: dict[IPv4Network, None] = {}
    for static in plan.statics:
        destination = static.destination
        assert not isinstance(destination, Symbol)
        role = WAN if static.interface == plan.expressroute.name else LAN
        routes.append(Route(IPv4Network(destination), gateway_name(role)))
        if isinstance(destination, IPv4Address):
            discards[IPv4Network((destination, 31), strict=False)] = None
    return (*routes, *(Route(prefix, NULL4) for prefix in discards))


def _tunnel(plan: DevicePlan, tunnel: Tunnel) -> IpsecTunnel:
    assert isinstance(tunnel.remote, IPv4Address)
    return IpsecTunnel(
        name=tunnel.name,
        local=tunnel.local,
        remote=tunnel.remote,
        local_id=str(plan.endpoint),
        remote_id=str(tunnel.remote),
        inner_local=tunnel.inner_local,
        inner_remote=tunnel.inner_remote,
        ike_version=2,
        ike_proposals=(plan.crypto.ike_proposal,),
        esp_proposals=(plan.crypto.esp_proposal,),
        ike_seconds=REKEY_IKE_SECONDS,
        esp_seconds=rekey_esp_seconds(plan),
        has_key=True,
    )


def _refused(plan: DevicePlan, what: str, remedy: str) -> Problems:
    why = "An OPNsense appliance needs a LAN side, to announce prefixes that it has a route to"
    return Problems(plan.name, [Problem(plan.name, what, why, remedy, "device-without-lan")])
