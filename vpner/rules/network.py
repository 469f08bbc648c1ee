"""The network that the rules judge: a stack's resources, what is declared outside it, and what the model makes of both.

A network that somebody wrote down has a topology and no resources; rules on resources do not apply to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from ipaddress import IPv4Address

from vpner.plan.addressing import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET
from vpner.problems import Problem, Problems
from vpner.readers.addresses import is_private
from vpner.readers.resources import UNKNOWN, Elsewhere, Resource, Snapshot, Unknown, Value, VNet, mappings
from vpner.readers.stack import read_stack
from vpner.routing import Assessment, Failures, Solution, assess, solve
from vpner.routing.converge import Unsettled
from vpner.rules.declared import NOTHING, Declared
from vpner.topology import Topology, Underlay

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


class Network:
    """A network and its reading. Everything is computed once, when a rule first asks."""

    def __init__(
        self,
        snapshot: Snapshot,
        declared: Declared = NOTHING,
        *,
        today: date,
        failures: Failures = Failures.AUTO,
        written: Topology | None = None,
        origin: str = "the stack",
        not_exported: Sequence[Problem] = (),
        unanswered: Sequence[Problem] = (),
    ) -> None:
        self.snapshot = snapshot
        self.declared = declared
        self.today = today
        self.failures = failures
        self.origin = origin
        self.not_exported = tuple(not_exported)
        """What resources refer to and an export has not; routes need not depend on it."""
        self._unanswered = tuple(unanswered)
        self._written = written

    @classmethod
    def of_topology(
        cls, topology: Topology, declared: Declared = NOTHING, *, today: date, failures: Failures = Failures.AUTO
    ) -> Network:
        """A network that is written down."""
        return cls(Snapshot(()), declared, today=today, failures=failures, written=topology)

    # What the model makes of it

    @cached_property
    def _reading(self) -> tuple[Topology | None, tuple[Problem, ...]]:
        if self._written is not None:
            return self._written, ()
        try:
            topology = read_stack(self.snapshot, self.declared.topology, self.origin, planned=True)
        except Problems as problems:
            return None, tuple(dict.fromkeys([*self._unanswered, *self.not_exported, *problems.problems]))
        return (None, self._unanswered) if self._unanswered else (topology, ())

    @property
    def topology(self) -> Topology | None:
        """None where something is missing that routes depend on: see :attr:`missing`."""
        return self._reading[0]

    @property
    def missing(self) -> tuple[Problem, ...]:
        """What is unknown, outside the stack or not modelled, each with the key to declare."""
        return self._reading[1]

    @cached_property
    def solution(self) -> Solution | None:
        """Every table in steady state; None where there is no topology, or nothing to judge in it."""
        if self.topology is None or not self.concerned:
            return None
        try:
            return solve(self.topology)
        except Unsettled as error:
            self.unsettled = str(error)
            return None

    @cached_property
    def assessment(self) -> Assessment | None:
        """Verdicts and findings of the model, also under failure; None as for :attr:`solution`."""
        if self.topology is None or self.solution is None:
            return None
        try:
            return assess(self.topology, self.today, failures=self.failures, steady=self.solution)
        except Unsettled as error:
            self.unsettled = str(error)
            return None

    unsettled: str = ""
    """Why the model gave up, if it did."""

    @cached_property
    def concerned(self) -> bool:
        """Whether there is anything to protect here: an intent, or a tunnel over private peering.

        What may be one counts. An intent that is declared empty says that there is nothing.
        """
        if self._written is not None:
            tunnels = any(item.over is Underlay.EXPRESSROUTE for item in self._written.vpn_connections)
            return bool(self._written.intent) or tunnels
        declared = self.declared.topology.get("intent")
        if declared is not None and not declared:
            return False
        return bool(declared) or self._registers_intent or self.has_tunnel

    @property
    def has_tunnel(self) -> bool:
        """Whether the stack has, plans, or may have a tunnel over private peering."""
        return any(item.over_private_peering is not False for item in self.ipsec_connections) or any(
            mappings(item.get("gateway.connections")) for item in self.components
        )

    @cached_property
    def planned_gateways(self) -> tuple[Resource, ...]:
        """VPN gateways for which a component plans tunnels over private peering, built yet or not."""
        plans = [entry for _, entry in self.snapshot.registered("gateway") if mappings(entry.get("connections"))]
        names = {entry.get("name") for entry in plans}
        return tuple(item for item in self.gateways("Vpn") if item.physical_name in names)

    @property
    def says_what_is_protected(self) -> bool:
        """Whether anybody has declared an intent, if only an empty one. Who writes a network down leaves out what it
        has not got."""
        if self._written is not None:
            return True
        return self.declared.topology.get("intent") is not None or self._registers_intent

    @property
    def _registers_intent(self) -> bool:
        return any(item.get("intent") is UNKNOWN or bool(mappings(item.get("intent"))) for item in self.components)

    def named(self, name: str) -> Resource | None:
        """The resource with this name in Azure, if it is one: connections and gateways have names of their own."""
        found = [item for item in self.snapshot.resources if item.arm_type is not None and item.physical_name == name]
        return found[0] if len(found) == 1 else None

    # Resources

    @cached_property
    def components(self) -> tuple[Resource, ...]:
        """What is no Azure resource: components, of which the registered outputs are kept."""
        return tuple(item for item in self.snapshot.resources if item.arm_type is None)

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
