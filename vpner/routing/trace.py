"""Where a packet goes, hop by hop, by the tables that the model predicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from vpner.routing.bgp import PrefixSet
from vpner.routing.effective import DROPPED, LINK_LOCAL, hubs
from vpner.routing.journey import Carrier, End, Journey, Place, Step
from vpner.routing.lookup import BgpTableIndex, Decision, DeviceRoute, DeviceTable, EffectiveTable, Way
from vpner.routing.solution import BgpRoute, EffectiveRoute, Tables
from vpner.topology import ANYWHERE, GATEWAY_SUBNET, Address, NextHopType, Router, Symbol, Topology, VpnConnection


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether two ends reach each other and back, and the addresses on the way there."""

    works: bool
    why: str
    hops: tuple[Address, ...] = field(default=())


def reach(topology: Topology, tables: Tables, source: str, destination: str) -> Reach:
    """Between two NICs, or routers, by name. All equal routes must lead there, and all of those back."""
    tracer = Tracer(topology, tables)
    last = Reach(False, f"{source} or {destination} has no address")
    for target in tracer.addresses(destination):
        for origin in tracer.addresses(source):
            there = tracer.trace(source, target)
            back = tracer.trace(destination, origin)
            lost = [item for item in (*there, *back) if item.end is not End.DELIVERED]
            hops = tuple(hop.address for hop in there[0].hops if hop.address is not None)
            last = Reach(not lost, lost[0].why if lost else "delivered", hops)
            if last.works:
                return last
    return last


Steps = tuple[Step, ...]


class Tracer:
    """Traces packets through one set of tables."""

    def __init__(self, topology: Topology, tables: Tables) -> None:
        self.topology = topology
        self.tables = tables
        self.routers = {router.name: router for router in topology.routers}
        self.nics = {nic.name: nic for nic in topology.nics}
        self.gateways = {gateway.name: gateway for gateway in topology.vpn_gateways}
        self.er_gateways = {gateway.name: gateway for gateway in topology.er_gateways}
        self.connections = {connection.name: connection for connection in topology.vpn_connections}
        self.vnets = {vnet.name: vnet for vnet in topology.vnets}
        self.space = PrefixSet(prefix for vnet in topology.vnets for prefix in vnet.prefixes)
        self.owners: dict[Address, str] = {
            ip: router.name for router in topology.routers for ip in (*router.addresses, *(n.ip for n in router.nics))
        }
        self.in_vnets: set[Address] = {nic.ip for nic in topology.nics}
        self.in_vnets |= {nic.ip for router in topology.routers for nic in router.nics}
        for vpn in topology.vpn_gateways:
            self.in_vnets |= {ip for item in vpn.instances for ip in (item.bgp, item.tunnel) if ip is not None}
        self.networks = {router.name: PrefixSet(router.networks) for router in topology.routers}
        self._effective: dict[int, EffectiveTable] = {}
        self._bgp: dict[str, BgpTableIndex] = {}
        self._devices: dict[str, DeviceTable] = {}
        self.hubs = hubs(topology)

    # Tables

    def effective(self, vnet: str, subnet: str) -> EffectiveTable:
        """Effective routes of a subnet; subnets that share them share the index."""
        rows = self.tables.effective[vnet, subnet]
        if id(rows) not in self._effective:
            self._effective[id(rows)] = EffectiveTable(rows)
        return self._effective[id(rows)]

    def device(self, router: Router) -> DeviceTable:
        if router.name not in self._devices:
            self._devices[router.name] = DeviceTable(self.topology, router, self.tables)
        return self._devices[router.name]

    def _table(self, name: str, rows: Sequence[BgpRoute]) -> BgpTableIndex:
        if name not in self._bgp:
            self._bgp[name] = BgpTableIndex(rows)
        return self._bgp[name]

    def addresses(self, name: str) -> list[IPv4Address]:
        """Addresses of a NIC or router."""
        if name in self.nics:
            found: Sequence[Address] = [self.nics[name].ip]
        else:
            router = self.routers[name]
            found = [*(nic.ip for nic in router.nics), *router.addresses]
        return [ip for ip in found if isinstance(ip, IPv4Address)]

    # Entrances

    def trace(self, source: str, target: IPv4Address) -> list[Journey]:
        """All ways of a packet from a NIC or router to an address."""
        if source in self.nics:
            nic = self.nics[source]
            return self.trace_from_subnet(nic.vnet, nic.subnet, target)
        return self.trace_from_router(source, target)

    def trace_from_subnet(self, vnet: str, subnet: str, target: Address) -> list[Journey]:
        """All ways of a packet that leaves a subnet, for example a gateway's own from GatewaySubnet."""
        return list(self._at_subnet(_Packet(target), vnet, subnet, ()))

    def trace_from_router(self, name: str, target: Address) -> list[Journey]:
        """All ways of a packet that a router sends or forwards. A Symbol stands for any address of its subnet."""
        return list(self._at_router(_Packet(target), Step(Place.ROUTER, name), ()))

    # Places

    def _go(self, packet: _Packet, arrival: Step, steps: Steps) -> Iterator[Journey]:
        """To a router, gateway or edge. ``steps`` are complete, ``arrival`` is where the packet comes to."""
        if any(old.place is arrival.place and old.name == arrival.name for old in steps):
            yield Journey(End.LOOP, f"comes back to {arrival.name}", (*steps, arrival))
        elif arrival.place is Place.ROUTER:
            yield from self._at_router(packet, arrival, steps)
        elif arrival.place is Place.VPN_GATEWAY:
            yield from self._at_vpn_gateway(packet, arrival, steps)
        else:
            yield from self._at_edge(packet, arrival, steps)

    def _at_subnet(self, packet: _Packet, vnet: str, subnet: str, steps: Steps) -> Iterator[Journey]:
        here = Step(Place.SUBNET, f"{vnet}/{subnet}")
        decision = self.effective(vnet, subnet).lookup(packet.within)
        if decision is None:
            yield Journey(End.DROPPED, f"{here.name} has no route to {packet}", (*steps, here))
            return
        route = decision.route
        assert isinstance(route, EffectiveRoute)
        if route.type in {NextHopType.VNET_LOCAL, NextHopType.VNET_PEERING, NextHopType.VNET_GLOBAL_PEERING}:
            path = (*steps, _onto(here, decision, Carrier.AZURE))
            if packet.target in self.in_vnets:
                yield Journey(End.DELIVERED, f"{packet} is in {route.prefix}", path)
            elif self.space.covers(packet.within):
                yield Journey(End.ARRIVED, f"nothing in {route.prefix} is known to have the address {packet}", path)
            else:
                yield Journey(End.UNKNOWN, f"{here.name} takes {packet} for an address of a VNet", path)
        elif route.type is NextHopType.NONE:
            path = (*steps, _onto(here, decision, None))
            yield Journey(End.DROPPED, f"{here.name} sends {route.prefix} to {route.type}", path)
        elif route.type is NextHopType.INTERNET:
            private = _private(packet.within)
            path = (*steps, _onto(here, decision, None if private else Carrier.INTERNET))
            yield Journey(End.DROPPED if private else End.LEFT, f"{here.name} sends {route.prefix} to Internet", path)
        else:
            yield from self._by_next_hops(packet, vnet, here, decision, route, steps)

    def _by_next_hops(
        self, packet: _Packet, vnet: str, here: Step, decision: Decision, route: EffectiveRoute, steps: Steps
    ) -> Iterator[Journey]:
        for address in route.next_hops:
            found = None
            if isinstance(address, Symbol | IPv4Address):
                if not isinstance(address, IPv4Address) or route.type is NextHopType.VIRTUAL_NETWORK_GATEWAY:
                    found = self._gateway_hop(self.hubs.get(vnet), address)
                if found is None and address in self.owners:
                    found = Step(Place.ROUTER, self.owners[address], address)
            if found is None:
                why = f"nothing is known to have the next hop {address} of {route.prefix}"
                yield Journey(End.UNKNOWN, why, (*steps, _onto(here, decision, None)))
                continue
            carrier = Carrier.AZURE
            if found.place is Place.EDGE:
                carrier = Carrier.EXPRESSROUTE
            elif found.place is Place.ROUTER and not self.routers[found.name].nics:
                carrier = Carrier.OVERLAY
            yield from self._go(packet, found, (*steps, _onto(here, decision, carrier)))
        if not route.next_hops:
            path = (*steps, _onto(here, decision, None))
            yield Journey(End.UNKNOWN, f"{route.prefix} names no next hop", path)

    def _gateway_hop(self, hub: str | None, address: Address) -> Step | None:
        """The VPN gateway instance or circuit edge that a NIC shows as next hop."""
        for gateway in self.topology.vpn_gateways:
            for index, instance in enumerate(gateway.instances):
                if gateway.vnet == hub and address in {instance.bgp, instance.public, _public(gateway.name, index)}:
                    return Step(Place.VPN_GATEWAY, f"{gateway.name}/{index}", address)
        circuits = {circuit.name: circuit for circuit in self.topology.circuits}
        for connection in self.topology.er_connections:
            shown = dict(connection.next_hops)
            for path in circuits[connection.circuit].paths:
                ours = self.er_gateways[connection.gateway].vnet == hub
                if ours and shown.get(path.name, path.msee) == address:
                    return Step(Place.EDGE, f"{connection.circuit}/{path.name}", address)
        return None

    def _at_router(self, packet: _Packet, here: Step, steps: Steps) -> Iterator[Journey]:
        router = self.routers[here.name]
        if f"routers/{router.name}" in self.tables.failed:
            yield Journey(End.DROPPED, f"{router.name} is down", (*steps, here))
            return
        if self.owners.get(packet.target) == router.name:
            yield Journey(End.DELIVERED, f"{router.name} has the address {packet}", (*steps, here))
            return
        decision = self.device(router).lookup(packet.target, packet.within)
        if decision is None:
            yield from self._without_route(packet, router, here, steps)
            return
        route = decision.route
        assert isinstance(route, DeviceRoute)
        for way in route.ways:
            if way.peer:
                yield from self._to_peer(packet, router, way, here, decision, steps)
            else:
                yield from self._static(packet, router, way.next_hop, here, decision, steps)

    def _without_route(self, packet: _Packet, router: Router, here: Step, steps: Steps) -> Iterator[Journey]:
        if any(nic.subnet is not None for nic in router.nics):
            yield from self._from_nic(packet, router, packet.target, _onto(here, None, Carrier.AZURE), steps)
        else:
            end = End.DROPPED if router.statics else End.UNKNOWN
            yield Journey(end, f"{router.name} has no route to {packet}", (*steps, here))

    def _static(
        self, packet: _Packet, router: Router, next_hop: Address | None, here: Step, decision: Decision, steps: Steps
    ) -> Iterator[Journey]:
        """By a connected or static route, or a network of its own."""
        for circuit in self.topology.circuits:
            for path in circuit.paths:
                if path.router == router.name and next_hop is not None and path.msee_peer_ip == next_hop:
                    edge = f"{circuit.name}/{path.name}"
                    if (router.name, edge) in self.tables.adjacent:
                        along = _onto(here, decision, Carrier.EXPRESSROUTE)
                        yield from self._go(packet, Step(Place.EDGE, edge, next_hop), (*steps, along))
                    else:
                        why = f"the link from {router.name} to {edge} is down"
                        yield Journey(End.DROPPED, why, (*steps, _onto(here, decision, None)))
                    return
        owner = self.owners.get(next_hop) if next_hop is not None else None
        if any(nic.subnet is not None for nic in router.nics):
            along = _onto(here, decision, Carrier.AZURE)
            yield from self._from_nic(packet, router, next_hop or packet.target, along, steps)
        elif owner is not None and owner != router.name:
            along = _onto(here, decision, self._between(router.name, owner))
            yield from self._go(packet, Step(Place.ROUTER, owner, next_hop), (*steps, along))
        elif self.networks[router.name].covers(packet.within):
            path = (*steps, _onto(here, decision, None))
            yield Journey(End.DELIVERED, f"{packet} is in a network of {router.name}", path)
        else:
            # the site behind a static route; but if the address is in Azure, the way there is not described
            end = End.UNKNOWN if self.space.covers(packet.within) else End.ARRIVED
            why = f"{router.name} sends {packet} to {next_hop or 'where it has it from'}, which is not described"
            yield Journey(end, why, (*steps, _onto(here, decision, Carrier.SITE)))

    def _from_nic(
        self, packet: _Packet, router: Router, towards: Address, along: Step, steps: Steps
    ) -> Iterator[Journey]:
        """Out of the NIC whose subnet holds an address (else the first): Azure then routes by the destination."""
        nics = [nic for nic in router.nics if nic.subnet is not None]
        for nic in sorted(nics, key=lambda nic: not _in_subnet(self.vnets[nic.vnet].subnet(nic.subnet or ""), towards))[
            :1
        ]:
            yield from self._at_subnet(packet, nic.vnet, nic.subnet or "", (*steps, along))

    def _to_peer(
        self, packet: _Packet, router: Router, way: Way, here: Step, decision: Decision, steps: Steps
    ) -> Iterator[Journey]:
        peer, owner = way.peer, way.peer.rpartition("/")[0]
        if owner in self.gateways:
            along = _onto(here, decision, Carrier.TUNNEL, self._tunnel(way.connection, peer))
            yield from self._go(packet, Step(Place.VPN_GATEWAY, peer, way.next_hop), (*steps, along))
        elif peer in self.tables.circuit_routes:
            along = _onto(here, decision, Carrier.EXPRESSROUTE)
            yield from self._go(packet, Step(Place.EDGE, peer, way.next_hop), (*steps, along))
        elif peer in self.routers and way.next_hop not in {nic.ip for nic in self.routers[peer].nics}:
            along = _onto(here, decision, self._between(router.name, peer))
            yield from self._go(packet, Step(Place.ROUTER, peer, way.next_hop), (*steps, along))
        elif not any(nic.subnet is not None for nic in router.nics):
            path = (*steps, _onto(here, decision, None))
            yield Journey(End.UNKNOWN, f"how {router.name} reaches {peer} is not described", path)
        else:
            local: Address = next((nic.ip for nic in router.nics), packet.target)
            for session in self.topology.bgp_sessions:
                if router.name == session.a and session.b in {peer, owner}:
                    local = session.a_ip or local
                elif router.name == session.b and session.a in {peer, owner}:
                    local = session.b_ip or local
            yield from self._from_nic(packet, router, local, _onto(here, decision, Carrier.AZURE), steps)

    def _between(self, first: str, second: str) -> Carrier:
        """Between two routers: inside one site if both are on premises."""
        in_azure = bool(self.routers[first].nics) or bool(self.routers[second].nics)
        return Carrier.OVERLAY if in_azure else Carrier.SITE

    def _tunnel(self, connection: str, instance: str) -> str:
        """The name of the tunnel of a connection that an instance ends."""
        return f"{connection}/{instance.rpartition('/')[2]}"

    def _at_vpn_gateway(self, packet: _Packet, here: Step, steps: Steps) -> Iterator[Journey]:
        owner = here.name.rpartition("/")[0]
        if here.name not in self.tables.gateway_learned:
            yield Journey(End.DROPPED, f"{here.name} is down", (*steps, here))
            return
        found = self._table(here.name, self.tables.gateway_learned[here.name]).lookup(packet.within)
        if found is None:
            yield Journey(End.DROPPED, f"{here.name} has no route to {packet}", (*steps, here))
            return
        decision, rows = found
        onward = dict.fromkeys(self._onward(here.name, row) for row in rows)
        for arrival, tunnel in onward:
            if arrival is None:
                along = _onto(here, decision, Carrier.AZURE)
                yield from self._at_subnet(packet, self.gateways[owner].vnet, GATEWAY_SUBNET, (*steps, along))
            else:
                along = _onto(here, decision, Carrier.TUNNEL if tunnel else Carrier.AZURE, tunnel)
                yield from self._go(packet, arrival, (*steps, along))

    def _onward(self, instance: str, row: BgpRoute) -> tuple[Step | None, str]:
        """Where a VPN gateway's route leads, and through which tunnel. None: out of GatewaySubnet."""
        owner = instance.rpartition("/")[0]
        if row.connection and not row.peer:
            connection = self.connections[row.connection]
            tunnel = self._tunnel(connection.name, self._near(connection, instance))
            other = connection.remote if connection.gateway == owner else connection.gateway
            if other in self.gateways:
                return Step(Place.VPN_GATEWAY, f"{other}/0"), tunnel
            return Step(Place.ROUTER, other, connection.remote_ip), tunnel
        peer = row.peer.rpartition("/")[0]
        if row.peer in self.routers:
            return Step(Place.ROUTER, row.peer, row.next_hop), self._tunnel(row.connection, instance)
        if peer in self.gateways:
            remote = peer != owner
            near = self._near(self.connections[row.connection], instance, row.peer) if remote else ""
            tunnel = self._tunnel(row.connection, near) if remote else ""
            return Step(Place.VPN_GATEWAY, row.peer, row.next_hop), tunnel
        return None, ""

    def _near(self, connection: VpnConnection, instance: str, peer: str = "") -> str:
        """Of two instances of a connection, the one of its own gateway, which gives the tunnel its index."""
        return instance if instance.rpartition("/")[0] == connection.gateway else peer or f"{connection.gateway}/0"

    def _at_edge(self, packet: _Packet, here: Step, steps: Steps) -> Iterator[Journey]:
        if here.name not in self.tables.circuit_routes:
            yield Journey(End.DROPPED, f"{here.name} is down", (*steps, here))
            return
        found = self._table(here.name, self.tables.circuit_routes[here.name]).lookup(packet.within)
        if found is None:
            yield Journey(End.DROPPED, f"{here.name} has no route to {packet}", (*steps, here))
            return
        decision, rows = found
        along = (*steps, _onto(here, decision, Carrier.EXPRESSROUTE))
        for arrival in dict.fromkeys(self._behind_edge(row) for row in rows):
            if isinstance(arrival, Step):
                yield from self._go(packet, arrival, along)
            else:
                yield from self._at_subnet(packet, arrival, GATEWAY_SUBNET, along)

    def _behind_edge(self, row: BgpRoute) -> Step | str:
        """The router or other edge that an edge's route leads to, or the VNet of a gateway."""
        if row.peer in self.routers:
            return Step(Place.ROUTER, row.peer, row.next_hop)
        if row.peer in self.tables.circuit_routes:
            return Step(Place.EDGE, row.peer, row.next_hop)
        return self.er_gateways[row.peer.rpartition("/")[0]].vnet


class _Packet:
    """A destination. Of a Symbol only the subnet is known, which stands for it in lookups."""

    __slots__ = ("target", "within")

    def __init__(self, target: Address) -> None:
        self.target = target
        self.within = IPv4Network(target) if isinstance(target, IPv4Address) else target.within

    def __str__(self) -> str:
        return str(self.target)


def _onto(step: Step, decision: Decision | None, carrier: Carrier | None, tunnel: str = "") -> Step:
    return Step(step.place, step.name, step.address, decision, carrier, tunnel)


def _public(gateway: str, index: int) -> Symbol:
    return Symbol(gateway, f"instances[{index}].public", ANYWHERE)


def _private(within: IPv4Network) -> bool:
    return any(within.subnet_of(block) for block in (*DROPPED, LINK_LOCAL))


def _in_subnet(subnet: object, address: Address) -> bool:
    prefix = getattr(subnet, "prefix", None)
    return isinstance(address, IPv4Address) and isinstance(prefix, IPv4Network) and address in prefix
