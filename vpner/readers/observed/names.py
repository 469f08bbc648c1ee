"""The topology's names for what Azure's answers are about, and its peers by address."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from vpner.topology import PATHS, Address, Topology

_WITH_PEER = frozenset(
    {"gateway_advertised", "route_server_learned", "route_server_advertised", "circuit_routes", "bgp_connections"}
)


class Names:
    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        gateways = [item.name for item in (*topology.vpn_gateways, *topology.er_gateways)]
        servers = [item.name for item in topology.route_servers]
        connections = [item.name for item in (*topology.vpn_connections, *topology.er_connections)]
        self._known: dict[str, list[str]] = {
            "effective_routes": [nic.name for nic in topology.nics],
            "gateway_learned": gateways,
            "gateway_advertised": gateways,
            "route_server_learned": servers,
            "route_server_advertised": servers,
            "circuit_routes": [circuit.name for circuit in topology.circuits],
            "bgp_peers": gateways,
            "connections": connections,
            "gateways": gateways,
            "bgp_connections": servers,
        }
        self._instances: dict[str, list[Address]] = {
            vpn.name: [instance.bgp for instance in vpn.instances] for vpn in topology.vpn_gateways
        }
        for owner in (*topology.er_gateways, *topology.route_servers):
            self._instances[owner.name] = list(owner.instances)

    def of(self, kind: str) -> list[str]:
        """Names that a kind of observation can be about."""
        return self._known[kind]

    def split(self, kind: str, rest: str) -> tuple[str | None, str]:
        """The name at the beginning of a key, and the peer or path behind it."""
        with_peer = kind in _WITH_PEER
        for name in sorted(self._known[kind], key=len, reverse=True):
            if rest == name and not with_peer:
                return name, ""
            peer = rest.removeprefix(f"{name}/")
            if with_peer and peer != rest and (kind != "circuit_routes" or peer in PATHS):
                return name, peer
        return None, ""

    def instance(self, owner: str, local: str | None) -> int | None:
        """Index of the instance with an address."""
        for index, address in enumerate(self._instances[owner]):
            if str(address) == local:
                return index
        return None

    def peers(self, owner: str) -> list[str]:
        """Peers of a gateway or Route Server by name."""
        return sorted({name for name, _ in self._sessions(owner)})

    def peer(self, owner: str, given: str) -> str | None:
        """Name of the peer that is given by its name or its address."""
        for name, addresses in self._sessions(owner):
            if given == name or given in {str(item) for item in addresses if isinstance(item, IPv4Address)}:
                return name
        return None

    def _sessions(self, owner: str) -> Iterable[tuple[str, list[Address]]]:
        topology = self._topology
        for connection in topology.vpn_connections:
            if connection.gateway == owner:
                yield connection.remote, [connection.remote_ip] if connection.remote_ip is not None else []
            elif connection.remote == owner:
                yield connection.gateway, []
        for circuit in topology.er_connections:
            if circuit.gateway == owner:
                yield circuit.circuit, []
        for session in topology.bgp_sessions:
            if owner in (session.a, session.b):
                other, address = (session.b, session.b_ip) if session.a == owner else (session.a, session.a_ip)
                yield other, [address] if address is not None else []
        yield from self._instances.items()  # of its own VNet, in any case of this topology
