"""Do the outer packets of tunnels over ExpressRoute find a way that is not a tunnel?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from vpner.routing.fabric import Fabric, Tunnel, members_of
from vpner.routing.lookup import device_lookup
from vpner.routing.solution import Tables
from vpner.routing.trace import End, Place, Tracer
from vpner.topology import GATEWAY_SUBNET, Address, Router, Underlay, VpnConnection, VpnGateway


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


def _dead(fabric: Fabric, tables: Tables) -> Iterator[Tunnel]:
    tracer = Tracer(fabric.topology, tables)
    for connection in fabric.topology.vpn_connections:
        router = fabric.routers.get(connection.remote)
        if connection.over is not Underlay.EXPRESSROUTE or router is None:
            continue
        gateway = fabric.gateways[connection.gateway]
        reachable = _azure_side(fabric, tracer, gateway, endpoint_of(connection, router))
        for number in members_of(gateway, connection.instances):
            if not (reachable and _device_side(fabric, tracer, router, gateway, number)):
                yield connection.name, number


def _azure_side(fabric: Fabric, tracer: Tracer, gateway: VpnGateway, endpoint: Address | None) -> bool:
    """tunnel-uses-gateway-subnet: the gateway sends outer packets by the routes of its subnet."""
    if not isinstance(endpoint, IPv4Address):
        return True
    for journey in tracer.trace_from_subnet(gateway.vnet, GATEWAY_SUBNET, endpoint):
        recursive = any(hop.place is Place.VPN_GATEWAY for hop in journey.hops)
        if (recursive or journey.end in {End.DROPPED, End.LOOP}) and fabric.depends("tunnel_uses_gateway_subnet"):
            return False
    return True


def _device_side(fabric: Fabric, tracer: Tracer, router: Router, gateway: VpnGateway, number: int) -> bool:
    """The device sends outer packets by its own routes (device-own-lookup)."""
    tunnel = gateway.instances[number].tunnel
    if tunnel is None:
        return True
    within = IPv4Network(tunnel) if isinstance(tunnel, IPv4Address) else tunnel.within
    table = tracer.tables.router_routes.get(router.name, ())
    found = device_lookup(fabric.topology, router, table, tunnel, within)
    vpn_sessions = {item.name for item in fabric.topology.vpn_connections if item.remote == router.name}
    if found is not None and found.connection in vpn_sessions:
        return not router.statics and fabric.depends("device_without_statics_avoids_tunnel")
    if not router.statics or not isinstance(tunnel, IPv4Address):
        return True
    return all(item.end not in {End.DROPPED, End.LOOP} for item in tracer.trace(router.name, tunnel))
