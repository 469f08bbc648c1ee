"""What the on-premises side of the tunnels is configured with, planned before Azure has chosen its addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from vpner.plan.crypto import CryptoProfile
from vpner.problems import Problem, refuse
from vpner.topology import Address, Symbol

INSTANCES = 2
"""Instances of an active-active VPN gateway, and so tunnels of each device."""


@dataclass(frozen=True, slots=True)
class VpnGateway:
    """What a device has to know of the VPN gateway."""

    name: str
    asn: int
    gateway_subnet: IPv4Network
    apipa: tuple[IPv4Address, ...]
    """BGP address inside the tunnel of each instance, in the instances' order."""

    @property
    def tunnel_addresses(self) -> tuple[Symbol, ...]:
        """The private tunnel address of each instance. Azure chooses it when the gateway is created."""
        return tuple(Symbol(self.name, f"instances[{index}].tunnel", self.gateway_subnet) for index in range(INSTANCES))


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of the device."""

    name: str
    address: IPv4Address
    default_gateway: IPv4Address
    prefix_length: int = 32
    """Of the subnet that the address lies in, where it is configured by hand."""


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A static route of the device. A single :data:`Address` means its /32."""

    destination: IPv4Network | Address
    interface: str
    next_hop: IPv4Address


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One IPsec tunnel: outer addresses (``local``, ``remote``) and the BGP addresses inside it."""

    name: str
    local: IPv4Address
    remote: Address
    inner_local: IPv4Address
    inner_remote: IPv4Address


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """A device's side of the tunnels. ``endpoint`` is what Azure sees, ``inside`` the same address behind a NAT."""

    name: str
    asn: int
    endpoint: IPv4Address
    inside: IPv4Address
    gateway_asn: int
    expressroute: Interface
    lan: Interface | None
    statics: tuple[StaticRoute, ...]
    tunnels: tuple[Tunnel, ...]
    crypto: CryptoProfile
    advertises: tuple[IPv4Network, ...]
    prepend: int
    accepts: tuple[IPv4Network, ...] = ()
    """Azure's prefixes, the only ones that it takes from inside the tunnels. Empty: not known here."""
    endpoints: tuple[IPv4Address, ...] = ()
    """Endpoints of the gateway's other devices: no more to be announced inside a tunnel than its own."""

    @property
    def unbound(self) -> tuple[Symbol, ...]:
        """Addresses that Azure has not chosen yet."""
        used = (*(tunnel.remote for tunnel in self.tunnels), *(static.destination for static in self.statics))
        return tuple(dict.fromkeys(address for address in used if isinstance(address, Symbol)))

    def bind(self, addresses: Mapping[Symbol, IPv4Address]) -> DevicePlan:
        """The same plan with addresses in place of the symbols that Azure has resolved."""

        def known(address: Address) -> Address:
            return addresses.get(address, address) if isinstance(address, Symbol) else address

        return replace(
            self,
            statics=tuple(
                route
                if isinstance(route.destination, IPv4Network)
                else replace(route, destination=known(route.destination))
                for route in self.statics
            ),
            tunnels=tuple(
                replace(tunnel, remote=addresses.get(tunnel.remote, tunnel.remote))
                if isinstance(tunnel.remote, Symbol)
                else tunnel
                for tunnel in self.tunnels
            ),
        )

    def contract(self) -> dict[str, object]:
        """The plan as a component registers it: camelCase, plain values, symbols by name. Known at preview."""
        return {
            "name": self.name,
            "asn": self.asn,
            "endpoint": str(self.endpoint),
            "inside": str(self.inside),
            "interfaces": [_interface(item) for item in (self.expressroute, self.lan) if item is not None],
            "expressRouteInterface": self.expressroute.name,
            "statics": [
                {
                    "destination": _destination(route.destination),
                    "interface": route.interface,
                    "nextHop": str(route.next_hop),
                }
                for route in self.statics
            ],
            "tunnels": [
                {
                    "name": tunnel.name,
                    "local": str(tunnel.local),
                    "remote": str(tunnel.remote),
                    "innerLocal": str(tunnel.inner_local),
                    "innerRemote": str(tunnel.inner_remote),
                }
                for tunnel in self.tunnels
            ],
            "neighbours": [
                {"address": str(t.inner_remote), "asn": self.gateway_asn, "tunnel": t.name} for t in self.tunnels
            ],
            "ikeProposal": self.crypto.ike_proposal,
            "espProposal": self.crypto.esp_proposal,
            "ipsecPolicy": self.crypto.ipsec_policy(),
            "advertises": [str(prefix) for prefix in self.advertises],
            "accepts": [str(prefix) for prefix in self.accepts],
            "prepend": self.prepend,
        }


def plan_device(
    *,
    name: str,
    asn: int,
    endpoint: IPv4Address,
    inside: IPv4Address,
    apipa: IPv4Address,
    gateway: VpnGateway,
    expressroute: Interface,
    lan: Interface | None,
    crypto: CryptoProfile,
    advertises: Sequence[IPv4Network],
    prepend: int = 0,
    accepts: Sequence[IPv4Network] = (),
) -> DevicePlan:
    """Plan a device's tunnels, one to each instance of the gateway, and the routes that keep them outside each other.

    Each tunnel address gets a /32 through the ExpressRoute side: over BGP the device learns the whole hub prefix
    through the tunnel, and without something more specific the tunnel would carry its own packets. Advertised prefixes
    get a route through the LAN side, where there is one: BGP announces a prefix only if it is in the routing table.

    Raises :class:`Problems` if the gateway has not exactly one BGP address for each of its instances.
    """
    refuse(f"Device plan of {name}", apipa_per_instance("gateway.apipa", gateway.apipa))
    statics = [
        StaticRoute(remote, expressroute.name, expressroute.default_gateway) for remote in gateway.tunnel_addresses
    ]
    if lan is not None:
        statics += [StaticRoute(prefix, lan.name, lan.default_gateway) for prefix in advertises]
    return DevicePlan(
        name=name,
        asn=asn,
        endpoint=endpoint,
        inside=inside,
        gateway_asn=gateway.asn,
        expressroute=expressroute,
        lan=lan,
        statics=tuple(statics),
        tunnels=tuple(
            Tunnel(f"{gateway.name}-{index}", inside, remote, apipa, inner)
            for index, (remote, inner) in enumerate(zip(gateway.tunnel_addresses, gateway.apipa, strict=True))
        ),
        crypto=crypto,
        advertises=tuple(advertises),
        prepend=prepend,
        accepts=tuple(accepts),
    )


def apipa_per_instance(where: str, apipa: Sequence[object]) -> list[Problem]:
    """Whether there is one BGP address for each of the gateway's instances."""
    if len(apipa) == INSTANCES:
        return []
    return [
        Problem(
            where,
            f"custom BGP addresses for {len(apipa)} of {INSTANCES} gateway instances",
            "An active-active gateway has one tunnel from each instance to the device, and BGP in each",
            "give one address for each instance, in the instances' order",
            "apipa-per-instance",
            "Learn: About active-active VPN gateways",
        )
    ]


def prepend_problems(where: str, prepend: int) -> list[Problem]:
    """Whether a device may add its own ASN so often."""
    if 0 <= prepend <= MOST_PREPENDS:
        return []
    return [
        Problem(
            where,
            f"{prepend} prepends",
            f"A device adds its own ASN 0 to {MOST_PREPENDS} times",
            "write 0 to announce the path as it is",
            "prepend-out-of-range",
        )
    ]


def announcement_problems(where: str, advertises: Sequence[IPv4Network], gateway_subnet: IPv4Network) -> list[Problem]:
    """Whether a device announces what would carry its own tunnels: a tunnel address, or a part of GatewaySubnet."""
    return [
        Problem(
            f"{where}[{index}]",
            f"{prefix} lies in GatewaySubnet {gateway_subnet}",
            "Azure ignores a prefix inside its own network, and on the device the route to a tunnel address would "
            "lead to the inner side",
            "announce only networks of the device's own side",
            "announces-gateway-subnet",
            "Learn: VPN Gateway FAQ, BGP",
        )
        for index, prefix in enumerate(advertises)
        if prefix.subnet_of(gateway_subnet)
    ]


MOST_PREPENDS = 10


def _destination(destination: IPv4Network | Address) -> str:
    return str(destination) if isinstance(destination, IPv4Network) else f"{destination}/32"


def _interface(interface: Interface) -> dict[str, object]:
    return {
        "name": interface.name,
        "address": str(interface.address),
        "prefixLength": interface.prefix_length,
        "defaultGateway": str(interface.default_gateway),
    }
