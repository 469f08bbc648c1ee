"""Do the outer packets of tunnels over ExpressRoute find a way that is not a tunnel?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from vpner.routing.fabric import Fabric, Tunnel, members_of
from vpner.routing.journey import Carrier, End, Journey
from vpner.routing.lookup import is_tunnel_route
from vpner.routing.solution import Tables
from vpner.routing.trace import Tracer
from vpner.topology import GATEWAY_SUBNET, Address, Router, Topology, Underlay, VpnConnection


def dead_tunnels(fabric: Fabric, phases: Sequence[Tables]) -> frozenset[Tunnel]:
    """Tunnels that the routes of any of the phases do not let live."""
    return frozenset(tunnel for tables in phases for tunnel in _dead(fabric, tables))


def endpoint_of(connection: VpnConnection, router: Router | None) -> Address | None:
    """The device's tunnel endpoint: as declared, or its BGP address if that is an address of one of its NICs."""
    if connection.remote_endpoint is not None:
        return connection.remote_endpoint
    if router is not None and connection.remote_ip in {nic.ip for nic in router.nics}:
        return connection.remote_ip
    return None


@dataclass(frozen=True, slots=True)
class Outer:
    """A tunnel over ExpressRoute and the ways of its outer packets. None: an address of an end is not declared."""

    connection: VpnConnection
    instance: int
    endpoint: Address | None
    tunnel: Address | None
    to_device: tuple[Journey, ...] | None
    to_gateway: tuple[Journey, ...] | None

    @property
    def name(self) -> str:
        return f"{self.connection.name}/{self.instance}"


def outer_packets(tracer: Tracer) -> Iterator[Outer]:
    """Every tunnel over ExpressRoute between a gateway and a device."""
    for connection in tracer.topology.vpn_connections:
        router = tracer.routers.get(connection.remote)
        if connection.over is not Underlay.EXPRESSROUTE or router is None:
            continue
        gateway = tracer.gateways[connection.gateway]
        endpoint = endpoint_of(connection, router)
        there = None
        if endpoint is not None:
            there = tuple(tracer.trace_from_subnet(gateway.vnet, GATEWAY_SUBNET, endpoint))
        for number in members_of(gateway, connection.instances):
            tunnel = gateway.instances[number].tunnel
            back = None if tunnel is None else tuple(tracer.trace_from_router(router.name, tunnel))
            yield Outer(connection, number, endpoint, tunnel, there, back)


def through_tunnel(journeys: Sequence[Journey]) -> bool:
    """A way of an outer packet that enters a tunnel."""
    return any(step.carrier is Carrier.TUNNEL for journey in journeys for step in journey.steps)


def _dead(fabric: Fabric, tables: Tables) -> Iterator[Tunnel]:
    tracer = Tracer(fabric.topology, tables)
    for outer in outer_packets(tracer):
        azure = azure_side_fails(outer) and fabric.depends("tunnel_uses_gateway_subnet")
        if azure or device_side_fails(
            fabric.topology, outer, lambda: fabric.depends("device_without_statics_avoids_tunnel")
        ):
            yield outer.connection.name, outer.instance


def azure_side_fails(outer: Outer) -> str:
    """Why the gateway's outer packets do not arrive, by the routes of its subnet (tunnel-uses-gateway-subnet)."""
    journeys = outer.to_device or ()
    if through_tunnel(journeys):
        return f"the gateway's outer packets to {outer.endpoint} enter a tunnel themselves"
    lost = [journey for journey in journeys if journey.end in {End.DROPPED, End.LOOP}]
    return f"the gateway's outer packets to {outer.endpoint} are lost: {lost[0].why}" if lost else ""


def device_side_fails(topology: Topology, outer: Outer, avoids: Callable[[], bool]) -> str:
    """Why the device's outer packets do not arrive, by its own routes (device-own-lookup).

    ``avoids`` is asked only for a device without static routes (device-without-statics-avoids-tunnel).
    """
    router = next(item for item in topology.routers if item.name == outer.connection.remote)
    journeys = outer.to_gateway or ()
    first = next((journey.steps[0].decision for journey in journeys), None)
    if first is not None and is_tunnel_route(topology, first.route):
        if not router.statics and avoids():
            return ""
        return f"{router.name}'s outer packets to {outer.tunnel} enter a tunnel themselves, by {first.prefix}"
    if not router.statics or not isinstance(outer.tunnel, IPv4Address):
        return ""
    lost = [journey for journey in journeys if journey.end in {End.DROPPED, End.LOOP}]
    return f"{router.name}'s outer packets to {outer.tunnel} are lost: {lost[0].why}" if lost else ""
