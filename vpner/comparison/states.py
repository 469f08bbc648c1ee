"""Differences of what exists and of what is up, and what Azure shows of the encryption."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from vpner.comparison.findings import Cause, Difference, Proof
from vpner.readers.observed import Observed
from vpner.readers.observed.states import CONNECTED, Connection
from vpner.routing.solution import Tables
from vpner.topology import State, Topology, Underlay, VpnConnection


def state_differences(topology: Topology, tables: Tables, observed: Observed) -> Iterator[Difference]:
    """Everything but routes."""
    yield from _resources(observed)
    yield from _connections(topology, tables, observed)
    yield from _peers(topology, tables, observed)
    yield from _tunnel_addresses(topology, observed)


def _resources(observed: Observed) -> Iterator[Difference]:
    for key in observed.absent:
        kind, _, name = key.partition("/")
        yield Difference(f"{kind} {name}", "the resource itself", Cause.MISSING, "exists", "does not exist")
    for name in observed.strangers:
        yield Difference(name, "the resource itself", Cause.EXTRA, "", "exists")


def _connections(topology: Topology, tables: Tables, observed: Observed) -> Iterator[Difference]:
    expected = {item.name: _tunnels_up(topology, tables, item) for item in topology.vpn_connections}
    tunnels = {item.name: item for item in topology.vpn_connections}
    expected |= {item.name: [item.state is State.UP] for item in topology.er_connections}
    for connection in observed.connections:
        where, up = f"connections {connection.name}", expected[connection.name]
        if _says(connection) and (connection.status == CONNECTED) != any(up):
            predicted = CONNECTED if any(up) else "not connected"
            yield Difference(where, "connectionStatus", Cause.STATE, predicted, connection.status)
        shown = sum(tunnel.status == CONNECTED for tunnel in connection.tunnels)
        if connection.name in tunnels and connection.tunnels and shown != sum(up):
            yield Difference(where, "tunnels that are connected", Cause.STATE, str(sum(up)), str(shown))
        if connection.name in tunnels and connection.private is not None:
            over = tunnels[connection.name].over
            if connection.private != (over is Underlay.EXPRESSROUTE):
                shown_over = Underlay.EXPRESSROUTE if connection.private else Underlay.INTERNET
                yield Difference(where, "useLocalAzureIpAddress", Cause.UNDERLAY, over.value, shown_over.value)


def _tunnels_up(topology: Topology, tables: Tables, connection: VpnConnection) -> list[bool]:
    gateway = next(item for item in topology.vpn_gateways if item.name == connection.gateway)
    indices = range(len(gateway.instances)) if connection.instances is None else connection.instances
    up = connection.state is State.UP
    return [
        up and gateway.instances[index].state is State.UP and (connection.name, index) not in tables.dead_tunnels
        for index in indices
    ]


def _says(connection: Connection) -> bool:
    """Whether Azure shows a state. It shows none of ExpressRoute connections in some versions of its API."""
    return connection.status not in {"", "Unknown"}


def unclear_states(observed: Observed) -> Iterator[str]:
    for connection in observed.connections:
        if connection.type == "IPsec" and not _says(connection):
            yield f"connections/{connection.name}: Azure shows no connectionStatus"


def _peers(topology: Topology, tables: Tables, observed: Observed) -> Iterator[Difference]:
    """BGP sessions of tunnels: as many connected instances as predicted."""
    for connection in topology.vpn_connections:
        ip = connection.remote_ip
        if not connection.bgp or connection.gateway not in observed.peers or not isinstance(ip, IPv4Address):
            continue
        sessions = [peer for peer in observed.peers[connection.gateway] if peer.address == str(ip)]
        shown = sum(peer.state == CONNECTED for peer in sessions)
        adjacent = {near for near, far in tables.adjacent if far == connection.remote}
        predicted = sum(name.rpartition("/")[0] == connection.gateway for name in adjacent)
        if shown != predicted:
            where = f"bgp_peers {connection.gateway}"
            yield Difference(where, f"instances connected to {ip}", Cause.STATE, str(predicted), str(shown))


def _tunnel_addresses(topology: Topology, observed: Observed) -> Iterator[Difference]:
    """Private tunnel addresses are those that the devices' static routes lead to."""
    shown = {gateway.name: gateway.tunnel_addresses for gateway in observed.gateways}
    for gateway in topology.vpn_gateways:
        for index, instance in enumerate(gateway.instances):
            known = isinstance(instance.tunnel, IPv4Address) and gateway.name in shown
            if known and str(instance.tunnel) not in shown[gateway.name]:
                listed = ", ".join(shown[gateway.name]) or "none"
                subject = f"tunnel address of instance {index}"
                yield Difference(f"gateways {gateway.name}", subject, Cause.UNDERLAY, str(instance.tunnel), listed)


def proofs(topology: Topology, observed: Observed) -> Iterator[Proof]:
    gateways = {gateway.name: gateway for gateway in topology.vpn_gateways}
    shown = {gateway.name: set(gateway.tunnel_addresses) for gateway in observed.gateways}
    planned = {item.name: item for item in topology.vpn_connections}
    for connection in observed.connections:
        plan = planned.get(connection.name)
        if plan is None:
            continue
        addresses = [str(item.tunnel) for item in gateways[plan.gateway].instances if item.tunnel is not None]
        both = tuple(address for address in addresses if address in shown.get(plan.gateway, set()))
        says = _proof_text(connection, both)
        yield Proof(connection.name, connection.status, connection.ingress, connection.egress, both, says)


def _proof_text(connection: Connection, private: tuple[str, ...]) -> str:
    if connection.status != CONNECTED:
        return "no tunnel is up: nothing is encrypted by it"
    if not connection.private:
        return "a tunnel is up, at public addresses"
    where = f"at the private addresses {', '.join(private)}" if private else "at private addresses"
    if connection.ingress and connection.egress:
        return f"a tunnel is up {where}, and has carried packets in both directions"
    if connection.ingress or connection.egress:
        return f"a tunnel is up {where}, and has carried packets in one direction only"
    return f"a tunnel is up {where}; no packet has gone through it yet"
