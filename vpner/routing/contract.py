"""The /32 contract of IPsec over ExpressRoute, decided from the routes that are selected.

The gateway must reach the device's endpoint, and the device each of the gateway's tunnel addresses, over ExpressRoute
and by routes that nothing learned through a tunnel can beat, in every state that failures lead to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from vpner.problems import Problem
from vpner.routing.failures import Reached
from vpner.routing.journey import Carrier, End, Journey
from vpner.routing.lookup import Decision, DeviceRoute, describe, is_tunnel_route
from vpner.routing.solution import BgpRoute, EffectiveRoute, Source, Tables
from vpner.routing.trace import Tracer
from vpner.routing.tunnels import Outer, outer_packets, through_tunnel
from vpner.topology import GATEWAY_SUBNET, Address, Router, State, Topology, VpnGateway

SOURCE = "Learn: Site-to-site VPN over ExpressRoute private peering; longest-prefix-match, tunnel-uses-gateway-subnet"


def contract_findings(topology: Topology, states: Iterable[Reached]) -> tuple[Problem, ...]:
    """What breaks the contract in any of the states, each finding once, with the first state that shows it.

    Codes that end in ``-unknown`` say that something must be declared before this can be decided.
    """
    found: dict[tuple[str, str], Problem] = {}
    for state in states:
        for tables in state.solution.phases:
            checker = _Checker(topology, tables, state.events)
            for problem in checker.findings():
                found.setdefault((problem.where, problem.code), problem)
    return tuple(sorted(found.values()))


class _Checker:
    def __init__(self, topology: Topology, tables: Tables, events: tuple[str, ...]) -> None:
        self.topology = topology
        self.tables = tables
        self.tracer = Tracer(topology, tables)
        self.after = f" after {', '.join(events)}" if events else ""
        self.healthy = not events

    def findings(self) -> Iterator[Problem]:
        endpoints: set[tuple[str, Address | None]] = set()
        for outer in outer_packets(self.tracer):
            connection = outer.connection
            down = f"vpn_connections/{connection.name}" in self.tables.failed
            if connection.state is not State.UP or down:
                continue
            gateway = self.tracer.gateways[connection.gateway]
            if (gateway.name, outer.endpoint) not in endpoints:
                endpoints.add((gateway.name, outer.endpoint))
                yield from self._azure_side(outer, gateway)
            yield from self._device_side(outer, gateway)

    # Azure side

    def _azure_side(self, outer: Outer, gateway: VpnGateway) -> Iterator[Problem]:
        connection, journeys = outer.connection, outer.to_device
        where = f"{gateway.vnet}/{GATEWAY_SUBNET} -> {connection.remote} {outer.endpoint or ''}".strip()
        if journeys is None:
            if self.healthy:
                yield Problem(
                    f"vpn_connections.{connection.name}",
                    "the device's tunnel endpoint is not declared",
                    "Whether outer packets stay outside tunnels is decided by the route to it",
                    "declare remote_endpoint, the local network gateway's address",
                    "tunnel-endpoint-unknown",
                    SOURCE,
                )
            return
        remedy = self._announce(outer, gateway)
        first = journeys[0].steps[0].decision
        if through_tunnel(journeys):
            way = next(item for item in journeys if through_tunnel((item,)))
            code, culprit, undo = self._culprit(way, outer)
            yield Problem(
                where,
                f"{_shown(way.steps[0].decision)} takes the outer packets into the tunnel "
                f"{next(step.tunnel for step in way.steps if step.tunnel)}{self.after}{culprit}",
                "No endpoint may resolve through a tunnel: it dies, its routes are withdrawn, it returns, and so on",
                undo or remedy,
                code,
                SOURCE,
            )
        elif not self.healthy:
            return
        elif not _leaves_over_expressroute(journeys):
            yield Problem(
                where,
                f"{_shown(first)} does not take the outer packets over ExpressRoute: {journeys[0].why}",
                "The tunnel runs over ExpressRoute, so that the selected route to the endpoint must be ExpressRoute's",
                remedy,
                "endpoint-not-over-expressroute",
                SOURCE,
            )
        elif first is not None:
            yield from self._rivals(outer, gateway, first, where, remedy)

    def _rivals(self, outer: Outer, gateway: VpnGateway, first: Decision, where: str, remedy: str) -> Iterator[Problem]:
        """Routes through tunnels that are as specific as the one that wins now."""
        if not isinstance(outer.endpoint, IPv4Address):
            return
        rivals = [
            row
            for index in range(len(gateway.instances))
            for row in self.tables.gateway_learned.get(f"{gateway.name}/{index}", ())
            if isinstance(row.prefix, IPv4Network)
            and outer.endpoint in row.prefix
            and row.prefix.prefixlen >= first.prefix.prefixlen
            and is_tunnel_route(self.topology, row)
            and not self._host_of_peer(row)
        ]
        if rivals:
            yield Problem(
                where,
                f"{_shown(first)} wins against {describe(rivals[0])} only by preference",
                "The endpoint's route must be more specific than whatever covers it through a tunnel, so that no "
                "setting and no failure can turn the outer packets into the tunnel",
                remedy,
                "endpoint-route-not-more-specific",
                SOURCE,
            )

    def _host_of_peer(self, row: BgpRoute) -> bool:
        """The host route of a BGP peer, which never leaves its VPN gateway (vpn-host-routes-stay)."""
        connection = self.tracer.connections[row.connection]
        own = not row.peer and row.prefix not in connection.static_prefixes
        return own and isinstance(connection.remote_ip, IPv4Address) and row.prefix == IPv4Network(connection.remote_ip)

    def _culprit(self, way: Journey, outer: Outer) -> tuple[str, str, str]:
        """Code of the finding, who captured the endpoint, and how to undo it, if it is not the device's own prefix."""
        host = f"{outer.endpoint}/32"
        for step in way.steps:
            route = step.decision.route if step.decision else None
            if isinstance(route, EffectiveRoute) and route.source is Source.USER:
                undo = f"remove {route.prefix} from the route table of {step.name}"
                return "endpoint-captured", f" (a user-defined route on {step.name})", undo
            if isinstance(route, BgpRoute) and route.connection and not route.peer:
                undo = f"take {route.prefix} out of the local network gateway, or write what it is for without {host}"
                return "endpoint-captured", f" (a prefix of the local network gateway of {route.connection})", undo
            if isinstance(route, BgpRoute) and route.connection and route.peer != outer.connection.remote:
                undo = f"deny {host} in what {route.peer} announces into {route.connection}"
                return "endpoint-announced-by-other", f" ({route.peer} announces it)", undo
        return "endpoint-through-tunnel", "", ""

    def _announce(self, outer: Outer, gateway: VpnGateway) -> str:
        """The route to add for the endpoint, and where."""
        endpoint = outer.endpoint
        near = {
            item.circuit
            for item in self.topology.er_connections
            if self.tracer.er_gateways[item.gateway].vnet == gateway.vnet
        }
        device = self.tracer.routers[outer.connection.remote]
        homes = {nic.vnet for nic in device.nics}
        far = {
            item.circuit
            for item in self.topology.er_connections
            if self.tracer.er_gateways[item.gateway].vnet in homes - {gateway.vnet}
        }
        paths = [(item.name, path) for item in self.topology.circuits for path in item.paths if path.router]
        routers = sorted({str(path.router) for name, path in paths if name in near})
        hops = sorted(
            {
                str(path.msee_peer_ip)
                for name, path in paths
                if name in far and path.msee_peer_ip and path.router in routers
            }
        )
        towards = f" via {' or '.join(hops)}" if hops else f" towards {device.name}"
        place = " and ".join(routers) if routers else "the provider's router"
        return (
            f"add the static route {endpoint}/32{towards} on {place}, announce it over ExpressRoute "
            f"({', '.join(sorted(near)) or 'no circuit is connected'}), and never through a tunnel"
        )

    # Device side

    def _device_side(self, outer: Outer, gateway: VpnGateway) -> Iterator[Problem]:
        connection, device = outer.connection, self.tracer.routers[outer.connection.remote]
        if outer.tunnel is None or outer.to_gateway is None:
            if self.healthy:
                yield Problem(
                    f"vpn_gateways.{gateway.name}.instances[{outer.instance}]",
                    "the private tunnel address is not declared",
                    f"The tunnel {outer.name} over ExpressRoute ends at it, and {device.name} needs a route to it",
                    "declare tunnel (it exists with enablePrivateIpAddress)",
                    "tunnel-address-unknown",
                    SOURCE,
                )
            return
        known = f" {outer.tunnel}" if isinstance(outer.tunnel, IPv4Address) else ""
        where = f"{device.name} -> {gateway.name}.instances[{outer.instance}].tunnel{known}"
        host = f"{outer.tunnel}/32"
        remedy = f"add the static route {host} via {_underlay_gateway(self.tracer, device, outer)} on {device.name}"
        decision = self.tracer.device(device).lookup(
            outer.tunnel, IPv4Network(outer.tunnel) if isinstance(outer.tunnel, IPv4Address) else outer.tunnel.within
        )
        if decision is None:
            return
        tunnels = [
            route
            for route in (decision.route, *decision.losers, *decision.shorter)
            if is_tunnel_route(self.topology, route)
        ]
        route = decision.route
        assert isinstance(route, DeviceRoute)
        if not tunnels or (route.kind in {"static", "connected"} and route not in tunnels):
            return
        if not device.statics and self.healthy:
            yield Problem(
                where,
                f"no static route of {device.name} is declared, and {describe(tunnels[0])} covers {host}",
                "Without a route of its own the outer packets would enter the tunnel",
                f"declare the statics of routers.{device.name}; if there are none, {remedy}",
                "device-route-unknown",
                SOURCE,
            )
        elif device.statics and route in tunnels:
            yield Problem(
                where,
                f"{describe(route)} takes the outer packets of {connection.name} into a tunnel{self.after}",
                "The device's outer packets must stay outside every tunnel, or the tunnel dies of itself",
                remedy,
                "device-route-through-tunnel",
                SOURCE,
            )
        elif device.statics:
            yield Problem(
                where,
                f"{describe(route)} is withdrawn when ExpressRoute is lost; then {describe(tunnels[0])} is used",
                "When ExpressRoute is lost, the lookup must not fall into the tunnel",
                remedy,
                "device-route-falls-into-tunnel",
                SOURCE,
            )


def _shown(decision: Decision | None) -> str:
    return describe(decision.route) if decision else "no route"


def _leaves_over_expressroute(journeys: Iterable[Journey]) -> bool:
    """Or reaches the device without leaving, where both are in Azure."""
    for journey in journeys:
        over = any(step.carrier is Carrier.EXPRESSROUTE for step in journey.steps)
        inside = journey.end in {End.DELIVERED, End.ARRIVED}
        if not (over or inside) or journey.end in {End.DROPPED, End.LOOP, End.LEFT}:
            return False
    return True


def _underlay_gateway(tracer: Tracer, device: Router, outer: Outer) -> str:
    """The next hop of the ExpressRoute side: of other such routes, or the first address of the NIC's subnet."""
    for static in device.statics:
        if static.next_hop is not None and static.prefix in {
            each.tunnel if not isinstance(each.tunnel, IPv4Address) else IPv4Network(each.tunnel)
            for each in tracer.gateways[outer.connection.gateway].instances
        }:
            return str(static.next_hop)
    for nic in device.nics:
        subnet = tracer.vnets[nic.vnet].subnet(nic.subnet or "")
        if subnet is not None and (outer.endpoint == nic.ip or len(device.nics) == 1):
            return str(subnet.prefix.network_address + 1)
    return "the next hop of the ExpressRoute side"
