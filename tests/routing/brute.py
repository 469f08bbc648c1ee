"""What happens to a packet, address by address: a second opinion that shares nothing with the model but its tables.

Lookups compare every row with the address; there are no classes, no indexes and no caches.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from vpner.routing import Solution, Tables
from vpner.topology import Router, Topology, Underlay

Outcome = tuple[str, frozenset[str]]
"""How a way ends, and what it has met: ``clear``, ``overlay`` and ``tunnel NAME``."""

PRIVATE = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
SEVERITY = ["CLEARTEXT", "INCONCLUSIVE", "LOOP", "BLACKHOLE", "ENCRYPTED", "LOCAL"]


def longest(rows: Iterable[Any], address: IPv4Address) -> list[Any]:
    """Rows of the longest prefix that holds the address."""
    holding = [row for row in rows if isinstance(row.prefix, IPv4Network) and address in row.prefix]
    length = max((row.prefix.prefixlen for row in holding), default=0)
    return [row for row in holding if row.prefix.prefixlen == length]


class Brute:
    """Follows packets in one phase."""

    def __init__(self, topology: Topology, tables: Tables) -> None:
        self.topology = topology
        self.tables = tables
        self.routers = {router.name: router for router in topology.routers}
        self.vpn_names = {item.name for item in topology.vpn_connections}

    def verdict(self, kind: str, name: str, address: IPv4Address) -> str:
        if self.for_gateways(address):
            return "TRANSPORT"
        vnet, _, subnet = name.rpartition("/")
        found = self.router(name, address, ()) if kind == "router" else self.subnet(vnet, subnet, address, ())
        return min((self.judge(outcome) for outcome in found), key=SEVERITY.index)

    def for_gateways(self, address: IPv4Address) -> bool:
        subnets = [subnet for vnet in self.topology.vnets for subnet in vnet.subnets]
        special = {"GatewaySubnet", "RouteServerSubnet"}
        return any(address in subnet.prefix for subnet in subnets if subnet.name in special)

    def judge(self, outcome: Outcome) -> str:
        end, met = outcome
        tunnels = [item.removeprefix("tunnel ") for item in met if item.startswith("tunnel ")]
        if "clear" in met:
            return "CLEARTEXT"
        if "overlay" in met or end == "unknown":
            return "INCONCLUSIVE"
        if end == "loop":
            return "LOOP"
        if end == "lost" or any(self.broken(name) for name in tunnels):
            return "BLACKHOLE"
        return "ENCRYPTED" if tunnels else "LOCAL"

    def broken(self, tunnel: str) -> bool:
        """Its outer packets enter a tunnel or get lost."""
        name, _, index = tunnel.rpartition("/")
        connection = next(item for item in self.topology.vpn_connections if item.name == name)
        if connection.over is Underlay.INTERNET:
            return False
        [gateway] = self.topology.vpn_gateways
        device = self.routers[connection.remote]
        endpoint, own = connection.remote_endpoint, gateway.instances[int(index)].tunnel
        assert isinstance(endpoint, IPv4Address)
        assert isinstance(own, IPv4Address)
        for end, met in self.subnet(gateway.vnet, "GatewaySubnet", endpoint, ()):
            if end in {"lost", "loop"} or any(item.startswith("tunnel ") for item in met):
                return True
        first = self.choose(device, own)
        if any(connection in self.vpn_names for _, _, connection in first):
            return bool(device.statics)
        ends = {end for end, _ in self.router(device.name, own, ())}
        return bool(device.statics) and bool(ends & {"lost", "loop"})

    def subnet(self, vnet: str, subnet: str, address: IPv4Address, seen: tuple[str, ...]) -> set[Outcome]:
        rows = longest([row for row in self.tables.effective[vnet, subnet] if row.state == "Active"], address)
        if not rows:
            return {("lost", frozenset())}
        [row] = rows
        if row.type in {"VnetLocal", "VNetPeering", "VNetGlobalPeering"}:
            inside = any(address in prefix for item in self.topology.vnets for prefix in item.prefixes)
            return {("here" if inside else "unknown", frozenset())}
        if row.type == "None" or (row.type == "Internet" and any(address in block for block in PRIVATE)):
            return {("lost", frozenset())}
        if row.type == "Internet":
            return {("left", frozenset({"clear"}))}
        found: set[Outcome] = set() if row.next_hops else {("unknown", frozenset())}
        for hop in row.next_hops:
            found |= self.next_hop(hop, address, seen)
        return found

    def next_hop(self, hop: object, address: IPv4Address, seen: tuple[str, ...]) -> set[Outcome]:
        for gateway in self.topology.vpn_gateways:
            for index, instance in enumerate(gateway.instances):
                if hop == instance.bgp or (hop == instance.public and hop is not None):
                    return self.vpn(f"{gateway.name}/{index}", address, seen)
        for circuit in self.topology.circuits:
            for path in circuit.paths:
                if hop == path.msee:
                    return self.edge(f"{circuit.name}/{path.name}", address, seen)
        for router in self.topology.routers:
            if any(hop == nic.ip for nic in router.nics):
                return self.router(router.name, address, seen)
        return {("unknown", frozenset())}

    def vpn(self, name: str, address: IPv4Address, seen: tuple[str, ...]) -> set[Outcome]:
        if name in seen:
            return {("loop", frozenset())}
        rows = list(self.tables.gateway_learned.get(name, ()))
        chosen = longest([row for row in rows if row.selected], address)
        if not chosen:
            return {("lost", frozenset())}
        [first] = chosen
        gateway, _, index = name.rpartition("/")
        used = [first, *(row for row in rows if row.prefix == first.prefix and self.alike(row, first))]
        found: set[Outcome] = set()
        for row in used:
            if row.connection and not row.peer:
                remote = next(item.remote for item in self.topology.vpn_connections if item.name == row.connection)
                through = self.router(remote, address, (*seen, name))
                found |= meets(f"tunnel {row.connection}/{index}", through)
            elif row.peer in self.routers:
                through = self.router(row.peer, address, (*seen, name))
                found |= meets(f"tunnel {row.connection}/{index}", through)
            elif row.peer.startswith(f"{gateway}/"):
                found |= self.vpn(row.peer, address, (*seen, name))
            else:
                vnet = next(item.vnet for item in self.topology.vpn_gateways if item.name == gateway)
                found |= self.subnet(vnet, "GatewaySubnet", address, (*seen, name))
        return found

    def edge(self, name: str, address: IPv4Address, seen: tuple[str, ...]) -> set[Outcome]:
        if name in seen:
            return {("loop", frozenset({"clear"}))}
        rows = longest([row for row in self.tables.circuit_routes.get(name, ()) if row.selected], address)
        if not rows:
            return {("lost", frozenset({"clear"}))}
        peer = rows[0].peer
        if peer in self.routers:
            return meets("clear", self.router(peer, address, (*seen, name)))
        [gateway] = self.topology.er_gateways
        return meets("clear", self.subnet(gateway.vnet, "GatewaySubnet", address, (*seen, name)))

    def alike(self, row: Any, first: Any, exactly: bool = False) -> bool:
        """Equal cost: a path of one length for a gateway, one and the same path for a router."""
        same = row.origin == first.origin and len(row.as_path) == len(first.as_path)
        same = same and (row.as_path == first.as_path or not exactly)
        return row is not first and same and bool(row.peer and first.peer) and row.decided_by.startswith("tie-")

    def choose(self, router: Router, address: IPv4Address) -> list[tuple[object, str, str]]:
        """Next hop, peer and connection of every way that the router uses: prefix, then administrative distance."""
        routes: list[tuple[int, int, list[tuple[object, str, str]]]] = []

        def add(prefix: object, distance: int, ways: list[tuple[object, str, str]]) -> None:
            if isinstance(prefix, IPv4Network) and address in prefix:
                routes.append((-prefix.prefixlen, distance, ways))

        for nic in router.nics:
            vnet = next(item for item in self.topology.vnets if item.name == nic.vnet)
            subnet = vnet.subnet(nic.subnet or "")
            if subnet is not None:
                add(subnet.prefix, 0, [(None, "", "")])
        for static in router.statics:
            add(static.prefix, 1, [(static.next_hop, "", "")])
        for prefix in router.networks:
            add(prefix, 2, [(None, "", "")])
        table = self.tables.router_routes.get(router.name, ())
        for row in table:
            if row.selected and row.peer:
                others = [other for other in table if other.prefix == row.prefix and self.alike(other, row, True)]
                add(row.prefix, 3, [(item.next_hop, item.peer, item.connection) for item in (row, *others)])
        return min(routes, key=lambda item: item[:2])[2] if routes else []

    def router(self, name: str, address: IPv4Address, seen: tuple[str, ...]) -> set[Outcome]:
        router = self.routers[name]
        if name in seen:
            return {("loop", frozenset())}
        if f"routers/{name}" in self.tables.failed:
            return {("lost", frozenset())}
        if address in {*router.addresses, *(nic.ip for nic in router.nics)}:
            return {("here", frozenset())}
        ways, path = self.choose(router, address), (*seen, name)
        if not ways and not router.nics:
            return {("lost" if router.statics else "unknown", frozenset())}
        found: set[Outcome] = set()
        for hop, peer, connection in ways or [(None, "", "")]:
            found |= self.way(router, address, path, hop, peer, connection)
        return found

    def way(
        self, router: Router, address: IPv4Address, path: tuple[str, ...], hop: object, peer: str, connection: str
    ) -> set[Outcome]:
        owner = peer.rpartition("/")[0]
        if connection in self.vpn_names:
            tunnel = f"tunnel {connection}/{peer.rpartition('/')[2]}"
            return meets(tunnel, self.vpn(peer, address, path))
        if owner and owner in {circuit.name for circuit in self.topology.circuits}:
            return meets("clear", self.edge(peer, address, path))
        if peer in self.routers:
            return self.between(router, peer, address, path)
        for circuit in self.topology.circuits:
            for item in circuit.paths:
                if item.router == router.name and hop is not None and hop == item.msee_peer_ip:
                    edge = f"{circuit.name}/{item.name}"
                    up = (router.name, edge) in self.tables.adjacent
                    return meets("clear", self.edge(edge, address, path)) if up else {("lost", frozenset())}
        if router.nics:
            return self.subnet(router.nics[0].vnet, router.nics[0].subnet or "", address, path)
        for other in self.topology.routers:
            if hop is not None and other is not router and hop in other.addresses:
                return self.between(router, other.name, address, path)
        if any(isinstance(prefix, IPv4Network) and address in prefix for prefix in router.networks):
            return {("here", frozenset())}
        in_azure = any(address in prefix for vnet in self.topology.vnets for prefix in vnet.prefixes)
        return {("unknown" if in_azure else "here", frozenset())}

    def between(self, router: Router, other: str, address: IPv4Address, path: tuple[str, ...]) -> set[Outcome]:
        found = self.router(other, address, path)
        return meets("overlay", found) if router.nics or self.routers[other].nics else found


def meets(what: str, found: set[Outcome]) -> set[Outcome]:
    return {(end, met | {what}) for end, met in found}


def brute_verdict(topology: Topology, solution: Solution, kind: str, name: str, address: IPv4Address) -> str:
    """The worst of all phases."""
    found = {Brute(topology, tables).verdict(kind, name, address) for tables in solution.phases}
    return "TRANSPORT" if found == {"TRANSPORT"} else min(found, key=SEVERITY.index)
