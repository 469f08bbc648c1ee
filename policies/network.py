"""The network that a stack's resources make, as far as the rules need it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address

from policies.declared import Declared, Outside
from vpner.arm import parse_arm_id
from vpner.plan.addressing import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET
from vpner.readers.addresses import is_private
from vpner.readers.resources import UNKNOWN, Elsewhere, Resource, Snapshot, Unknown, Value, VNet, mappings

Reference = Resource | Elsewhere | Unknown | None


@dataclass(frozen=True, slots=True)
class IpsecConnection:
    """A site-to-site connection with both its ends."""

    resource: Resource
    gateway: Reference
    local: Reference
    """The local network gateway."""
    uses_private_address: bool | Unknown
    """``useLocalAzureIpAddress``; false if absent, as in Azure."""
    endpoint: IPv4Address | Unknown | None
    """``gatewayIpAddress`` of the local network gateway; None if it is named by FQDN instead."""

    @property
    def over_private_peering(self) -> bool | Unknown:
        """Whether the tunnel is meant to run over ExpressRoute: by its flag, or because its far end is private."""
        if isinstance(self.endpoint, IPv4Address) and is_private(self.endpoint):
            return True
        if self.uses_private_address is False and self.endpoint is UNKNOWN:
            return UNKNOWN
        return self.uses_private_address


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A connection over private peering of which both ends are known: built, or planned by a component."""

    resource: Resource
    """The connection, or the component that plans it."""
    gateway: Resource
    endpoint: IPv4Address


@dataclass(frozen=True, slots=True)
class PlannedConnection:
    """A connection that a component will build when the circuits are provisioned."""

    resource: Resource
    gateway: Resource | None
    endpoint: IPv4Address | Unknown


class Network:
    """What the rules look at: a stack's resources, and what is declared about the other side."""

    def __init__(self, snapshot: Snapshot, configuration: Mapping[str, Value] | None = None) -> None:
        self.snapshot = snapshot
        self.outside = Outside(snapshot, configuration or {})

    def gateways(self, kind: str) -> Iterator[Resource]:
        """Gateways whose ``gatewayType`` is Vpn or ExpressRoute; one whose type is unknown is both."""
        for item in self.snapshot.of_kind("VirtualNetworkGateway"):
            if same_word(item.get("gatewayType"), kind) is not False:
                yield item

    @cached_property
    def route_servers(self) -> tuple[Resource, ...]:
        """Virtual hubs that are Route Servers: without a virtual WAN."""
        hubs = self.snapshot.of_kind("VirtualHub")
        return tuple(hub for hub in hubs if hub.get("virtualWan") in (None, UNKNOWN))

    @cached_property
    def exchanging_route_servers(self) -> tuple[Resource, ...]:
        """Route Servers that exchange routes between branches, or may do so: an unknown flag counts."""
        return tuple(hub for hub in self.route_servers if flag(hub, "allowBranchToBranchTraffic") is not False)

    def vnet_of_gateway(self, gateway: Resource) -> VNet | None:
        """The virtual network that a gateway lives in."""
        return self.snapshot.vnet_of(gateway, "ipConfigurations", GATEWAY_SUBNET)

    def vnet_of_route_server(self, hub: Resource) -> VNet | None:
        """The virtual network that a Route Server lives in, by its ip configuration."""
        for item in self.snapshot.of_kind("VirtualHubIpConfiguration"):
            dependent = self.snapshot.named(item, "virtualHubName", "VirtualHub")
            if dependent is not None and dependent == hub.physical_name:
                return self.snapshot.vnet_of(item, "subnet", ROUTE_SERVER_SUBNET)
        return None

    @cached_property
    def ipsec_connections(self) -> tuple[IpsecConnection, ...]:
        """Every site-to-site connection; one whose type is unknown counts unless it has a circuit."""
        found: list[IpsecConnection] = []
        for item in self.snapshot.of_kind("VirtualNetworkGatewayConnection"):
            kind = item.get("connectionType")
            if same_word(kind, "IPsec") is True or (not isinstance(kind, str) and item.get("peer") is None):
                local = self.snapshot.referred(item, "localNetworkGateway2.id", "LocalNetworkGateway")
                gateway = self.snapshot.referred(item, "virtualNetworkGateway1.id", "VirtualNetworkGateway")
                uses = flag(item, "useLocalAzureIpAddress")
                found.append(IpsecConnection(item, gateway, local, uses, _endpoint(local)))
        return tuple(found)

    @cached_property
    def planned_connections(self) -> tuple[PlannedConnection, ...]:
        """Connections that components plan and that are not built."""
        built = {(item.gateway.urn, item.endpoint) for item in self.tunnels_built}
        found: list[PlannedConnection] = []
        for plan in self.outside.planned_gateways:
            if plan.resource is None:
                continue
            gateways = [item for item in self.gateways("Vpn") if item.physical_name == plan.value.get("name")]
            gateway = gateways[0] if len(gateways) == 1 else None
            for connection in mappings(plan.value.get("connections")):
                endpoint = parse_address(connection.get("endpoint"))
                if gateway is None or (gateway.urn, endpoint) not in built:
                    found.append(PlannedConnection(plan.resource, gateway, endpoint))
        return tuple(found)

    @cached_property
    def tunnels_built(self) -> tuple[Tunnel, ...]:
        """Tunnels over private peering that a connection builds, as far as both ends are known."""
        return tuple(
            Tunnel(item.resource, item.gateway, item.endpoint)
            for item in self.ipsec_connections
            if item.over_private_peering is True
            and isinstance(item.gateway, Resource)
            and isinstance(item.endpoint, IPv4Address)
        )

    @cached_property
    def tunnels(self) -> tuple[Tunnel, ...]:
        """Every tunnel over private peering, built or planned, of which both ends are known."""
        planned = [
            Tunnel(item.resource, item.gateway, item.endpoint)
            for item in self.planned_connections
            if item.gateway is not None and isinstance(item.endpoint, IPv4Address)
        ]
        return (*self.tunnels_built, *planned)

    def devices_at(self, endpoint: IPv4Address) -> list[Declared]:
        """Declared devices with this tunnel endpoint."""
        return [item for item in self.outside.devices if parse_address(item.value.get("endpoint")) == endpoint]

    def express_route_gateways(self, vnet: VNet) -> list[Resource]:
        """ExpressRoute gateways in a virtual network."""
        found = [(gateway, self.vnet_of_gateway(gateway)) for gateway in self.gateways("ExpressRoute")]
        return [gateway for gateway, home in found if home is not None and home.is_(vnet)]

    @cached_property
    def express_route_connections(self) -> tuple[tuple[Resource, Reference, frozenset[str]], ...]:
        """Each ExpressRoute connection with its gateway and the names of its circuit; no name: it is unknown."""
        return tuple(
            (
                item,
                self.snapshot.referred(item, "virtualNetworkGateway1.id", "VirtualNetworkGateway"),
                self._circuit_names(item),
            )
            for item in self.snapshot.of_kind("VirtualNetworkGatewayConnection")
            if same_word(item.get("connectionType"), "ExpressRoute") is True
        )

    def _circuit_names(self, connection: Resource) -> frozenset[str]:
        """The circuit's name in Azure, and the one that a component gave to an existing circuit."""
        circuit = self.snapshot.referred(connection, "peer.id", "ExpressRouteCircuit")
        if isinstance(circuit, Resource):
            return frozenset({circuit.physical_name} if circuit.physical_name else ())
        if not isinstance(circuit, Elsewhere):
            return frozenset()
        parsed = parse_arm_id(circuit.id)
        names = {parsed.name} if parsed is not None else set[str]()
        for resource in self.snapshot.resources:
            ids = resource.get("circuitIds") if resource.arm_type is None else None
            if isinstance(ids, Mapping):
                names |= {str(name) for name, value in ids.items() if value == circuit.id}
        return frozenset(names)


def flag(resource: Resource, path: str) -> bool | Unknown:
    """A boolean property; absent is false, as for every flag that the rules read."""
    value = resource.get(path)
    return UNKNOWN if value is UNKNOWN else value is True


def same_word(value: Value, word: str) -> bool | Unknown:
    """Whether an enumeration has this value. Azure ignores case; absent and unknown are UNKNOWN."""
    return value.casefold() == word.casefold() if isinstance(value, str) else UNKNOWN


def parse_address(value: Value) -> IPv4Address | Unknown:
    """An IPv4 address; UNKNOWN if it is absent, unknown or none."""
    try:
        return IPv4Address(value) if isinstance(value, str) else UNKNOWN
    except ValueError:
        return UNKNOWN


def _endpoint(local: Reference) -> IPv4Address | Unknown | None:
    if not isinstance(local, Resource):
        return UNKNOWN
    if local.get("gatewayIpAddress") is None and isinstance(local.get("fqdn"), str):
        return None
    return parse_address(local.get("gatewayIpAddress"))
