"""Where a packet goes, hop by hop, by the tables that the model predicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from vpner.routing.effective import hub_of
from vpner.routing.lookup import device_lookup, effective_lookup
from vpner.routing.solution import BgpRoute, EffectiveRoute, Tables
from vpner.topology import GATEWAY_SUBNET, Address, NextHopType, Router, Topology


class Place(StrEnum):
    """Where a packet can be."""

    SUBNET = "subnet"
    ROUTER = "router"
    VPN_GATEWAY = "vpn-gateway"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Hop:
    """A place on the way, the address by which the packet was sent there, and the route that the place uses next."""

    place: Place
    name: str
    address: Address | None
    route: str = ""


class End(StrEnum):
    """``unknown``: the packet comes to something of which the topology does not say enough."""

    DELIVERED = "delivered"
    DROPPED = "dropped"
    LOOP = "loop"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Journey:
    """One way that a packet can take; with several equal routes there are several."""

    end: End
    why: str
    hops: tuple[Hop, ...]


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


class Tracer:
    """Traces packets through one set of tables."""

    def __init__(self, topology: Topology, tables: Tables) -> None:
        self.topology = topology
        self.tables = tables
        self.routers = {router.name: router for router in topology.routers}
        self.nics = {nic.name: nic for nic in topology.nics}
        self.gateways = {gateway.name: gateway for gateway in topology.vpn_gateways}
        self.er_gateways = {gateway.name: gateway for gateway in topology.er_gateways}
        self.owners: dict[Address, str] = {
            ip: router.name for router in topology.routers for ip in (*router.addresses, *(n.ip for n in router.nics))
        }
        self.in_vnets: set[Address] = {nic.ip for nic in topology.nics}
        self.in_vnets |= {nic.ip for router in topology.routers for nic in router.nics}
        for vpn in topology.vpn_gateways:
            self.in_vnets |= {ip for item in vpn.instances for ip in (item.bgp, item.tunnel) if ip is not None}

    def addresses(self, name: str) -> list[IPv4Address]:
        """Addresses of a NIC or router."""
        if name in self.nics:
            found: Sequence[Address] = [self.nics[name].ip]
        else:
            router = self.routers[name]
            found = [*(nic.ip for nic in router.nics), *router.addresses]
        return [ip for ip in found if isinstance(ip, IPv4Address)]

    def trace(self, source: str, target: IPv4Address) -> list[Journey]:
        """All ways of a packet from a NIC or router to an address."""
        if source in self.nics:
            nic = self.nics[source]
            return self.trace_from_subnet(nic.vnet, nic.subnet, target)
        return list(self._at_router(target, source, ()))

    def trace_from_subnet(self, vnet: str, subnet: str, target: IPv4Address) -> list[Journey]:
        """All ways of a packet that leaves a subnet, for example a gateway's own from GatewaySubnet."""
        return list(self._at_subnet(target, vnet, subnet, ()))

    def _go(self, target: IPv4Address, hop: Hop, hops: tuple[Hop, ...]) -> Iterator[Journey]:
        path = (*hops, hop)
        if any((hop.place, hop.name) == (old.place, old.name) for old in hops):
            yield Journey(End.LOOP, f"comes back to {hop.name}", path)
        elif hop.place is Place.ROUTER:
            yield from self._at_router(target, hop.name, path)
        elif hop.place is Place.VPN_GATEWAY:
            yield from self._at_vpn_gateway(target, hop.name, path)
        else:
            yield from self._at_edge(target, hop.name, path)

    def _at_subnet(self, target: IPv4Address, vnet: str, subnet: str, hops: tuple[Hop, ...]) -> Iterator[Journey]:
        route = effective_lookup(self.tables.effective[vnet, subnet], target)
        if route is None:
            yield Journey(End.DROPPED, f"{vnet}/{subnet} has no route to {target}", hops)
        elif route.type in {NextHopType.VNET_LOCAL, NextHopType.VNET_PEERING, NextHopType.VNET_GLOBAL_PEERING}:
            if target in self.in_vnets:
                yield Journey(End.DELIVERED, f"{target} is in {route.prefix}", hops)
            else:
                yield Journey(End.UNKNOWN, f"nothing in {route.prefix} is known to have the address {target}", hops)
        elif route.type in {NextHopType.NONE, NextHopType.INTERNET}:
            yield Journey(End.DROPPED, f"{vnet}/{subnet} sends {route.prefix} to {route.type}", hops)
        else:
            yield from self._by_next_hops(target, vnet, route, hops)

    def _by_next_hops(
        self, target: IPv4Address, vnet: str, route: EffectiveRoute, hops: tuple[Hop, ...]
    ) -> Iterator[Journey]:
        hub = hub_of(self.topology, vnet)
        for address in route.next_hops:
            found = None
            if not isinstance(address, IPv4Address) or route.type is NextHopType.VIRTUAL_NETWORK_GATEWAY:
                found = self._gateway_hop(hub, address)  # type: ignore[arg-type]
            if found is None and address in self.owners:
                found = Hop(Place.ROUTER, self.owners[address], address)  # type: ignore[index,arg-type]
            if found is None:
                yield Journey(End.UNKNOWN, f"nothing is known to have the next hop {address} of {route.prefix}", hops)
            else:
                yield from self._go(target, found, hops)
        if not route.next_hops:
            yield Journey(End.UNKNOWN, f"{route.prefix} names no next hop", hops)

    def _gateway_hop(self, hub: str | None, address: Address) -> Hop | None:
        """The VPN gateway instance or circuit edge that a NIC shows as next hop."""
        for gateway in self.topology.vpn_gateways:
            for index, instance in enumerate(gateway.instances):
                if gateway.vnet == hub and address in {instance.bgp, instance.public}:
                    return Hop(Place.VPN_GATEWAY, f"{gateway.name}/{index}", address)
        circuits = {circuit.name: circuit for circuit in self.topology.circuits}
        for connection in self.topology.er_connections:
            shown = dict(connection.next_hops)
            for path in circuits[connection.circuit].paths:
                ours = self.er_gateways[connection.gateway].vnet == hub
                if ours and shown.get(path.name, path.msee) == address:
                    return Hop(Place.EDGE, f"{connection.circuit}/{path.name}", address)
        return None

    def _at_router(self, target: IPv4Address, name: str, hops: tuple[Hop, ...]) -> Iterator[Journey]:
        router = self.routers[name]
        if self.owners.get(target) == name:
            yield Journey(End.DELIVERED, f"{name} has the address {target}", hops)
            return
        table = self.tables.router_routes.get(name, ())
        found = device_lookup(self.topology, router, table, target, IPv4Network(target))
        if found is None or not found.peers:
            hop = found.next_hops[0] if found else None
            yield from self._static(target, router, hop, hops)
            return
        for peer, hop in zip(found.peers, found.next_hops, strict=True):
            yield from self._to_peer(target, router, peer, hop, hops)

    def _static(
        self, target: IPv4Address, router: Router, next_hop: Address | None, hops: tuple[Hop, ...]
    ) -> Iterator[Journey]:
        """By a connected or static route, or by the default route of the first NIC's subnet."""
        for circuit in self.topology.circuits:
            for path in circuit.paths:
                if path.router == router.name and next_hop is not None and path.msee_peer_ip == next_hop:
                    edge = f"{circuit.name}/{path.name}"
                    if (router.name, edge) in self.tables.adjacent:
                        yield from self._go(target, Hop(Place.EDGE, edge, next_hop), hops)
                    else:
                        yield Journey(End.DROPPED, f"the link from {router.name} to {edge} is down", hops)
                    return
        yield from self._from_nic(target, router, next_hop or target, hops)

    def _from_nic(
        self, target: IPv4Address, router: Router, towards: Address, hops: tuple[Hop, ...]
    ) -> Iterator[Journey]:
        """Out of the NIC whose subnet holds an address (else the first): Azure then routes by the destination."""
        vnets = {vnet.name: vnet for vnet in self.topology.vnets}
        for nic in sorted(router.nics, key=lambda nic: not _holds(vnets[nic.vnet].subnet(nic.subnet or ""), towards)):
            if nic.subnet is not None:
                yield from self._at_subnet(target, nic.vnet, nic.subnet, hops)
                return
        networks = [prefix for prefix in router.networks if isinstance(prefix, IPv4Network)]
        if any(target in prefix for prefix in networks):
            yield Journey(End.DELIVERED, f"{target} is in a network of {router.name}", hops)
        else:
            end = End.DROPPED if router.statics else End.UNKNOWN
            yield Journey(end, f"{router.name} has no route to {target}", hops)

    def _to_peer(
        self, target: IPv4Address, router: Router, peer: str, next_hop: Address | None, hops: tuple[Hop, ...]
    ) -> Iterator[Journey]:
        owner = peer.rpartition("/")[0]
        if owner in self.gateways:
            yield from self._go(target, Hop(Place.VPN_GATEWAY, peer, next_hop), hops)
        elif peer in self.tables.circuit_routes:
            yield from self._go(target, Hop(Place.EDGE, peer, next_hop), hops)
        elif peer in self.routers and next_hop not in {nic.ip for nic in self.routers[peer].nics}:
            yield from self._go(target, Hop(Place.ROUTER, peer, next_hop), hops)  # through a tunnel of their own
        else:
            local = next((nic.ip for nic in router.nics), target)
            for session in self.topology.bgp_sessions:
                if router.name == session.a and session.b in {peer, owner}:
                    local = session.a_ip or local
                elif router.name == session.b and session.a in {peer, owner}:
                    local = session.b_ip or local
            yield from self._from_nic(target, router, local, hops)

    def _at_vpn_gateway(self, target: IPv4Address, name: str, hops: tuple[Hop, ...]) -> Iterator[Journey]:
        owner = name.rpartition("/")[0]
        row = _best(self.tables.gateway_learned[name], target)
        if row is None:
            yield Journey(End.DROPPED, f"{name} has no route to {target}", hops)
            return
        if row.connection and not row.peer:
            connection = next(item for item in self.topology.vpn_connections if item.name == row.connection)
            other = connection.remote if connection.gateway == owner else connection.gateway
            if other in self.gateways:
                yield from self._go(target, Hop(Place.VPN_GATEWAY, f"{other}/0", None), hops)
            else:
                yield from self._go(target, Hop(Place.ROUTER, other, connection.remote_ip), hops)
        elif row.peer in self.routers:
            yield from self._go(target, Hop(Place.ROUTER, row.peer, row.next_hop), hops)
        elif row.peer.rpartition("/")[0] in self.gateways:
            yield from self._go(target, Hop(Place.VPN_GATEWAY, row.peer, row.next_hop), hops)
        else:
            yield from self._at_subnet(target, self.gateways[owner].vnet, GATEWAY_SUBNET, hops)

    def _at_edge(self, target: IPv4Address, name: str, hops: tuple[Hop, ...]) -> Iterator[Journey]:
        row = _best(self.tables.circuit_routes[name], target)
        if row is None:
            yield Journey(End.DROPPED, f"{name} has no route to {target}", hops)
        elif row.peer in self.routers:
            yield from self._go(target, Hop(Place.ROUTER, row.peer, row.next_hop), hops)
        elif row.peer in self.tables.circuit_routes:
            yield from self._go(target, Hop(Place.EDGE, row.peer, row.next_hop), hops)
        else:
            gateway = self.er_gateways[row.peer.rpartition("/")[0]]
            yield from self._at_subnet(target, gateway.vnet, GATEWAY_SUBNET, hops)


def _holds(subnet: object, address: Address) -> bool:
    prefix = getattr(subnet, "prefix", None)
    return isinstance(address, IPv4Address) and isinstance(prefix, IPv4Network) and address in prefix


def _best(rows: Sequence[BgpRoute], target: IPv4Address) -> BgpRoute | None:
    covering = [row for row in rows if row.selected and isinstance(row.prefix, IPv4Network) and target in row.prefix]
    return max(covering, key=lambda row: row.prefix.prefixlen, default=None)
