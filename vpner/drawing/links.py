"""Links between cards and rows: what carries packets, and sessions that bring routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vpner.drawing.names import row_key
from vpner.routing.fabric import members_of
from vpner.topology import Peering, State, Topology, Underlay, VpnConnection


class LinkKind(StrEnum):
    PEERING = "peering"
    EXPRESSROUTE = "ExpressRoute connection"
    PATH = "private peering"
    GLOBAL_REACH = "Global Reach"
    TUNNEL = "IPsec tunnel"
    BGP = "BGP session"


@dataclass(frozen=True, slots=True)
class Link:
    """Between two rows or cards. ``up``: nothing keeps it from working in the network as it is written."""

    key: str
    kind: LinkKind
    a: str
    b: str
    label: str
    up: bool = True


def links(topology: Topology, parts: Mapping[str, str], card_of: Mapping[str, str]) -> Iterator[Link]:
    """Every link. Those inside one card are left out, but for tunnels."""
    yield from _peerings(topology, parts)
    for item in topology.er_connections:
        a, b = parts[row_key("er_gateway", item.gateway)], parts[row_key("circuit", item.circuit)]
        yield Link(row_key("er", item.name), LinkKind.EXPRESSROUTE, a, b, item.name, item.state is State.UP)
    for circuit in topology.circuits:
        for path in circuit.paths:
            if path.router is None or path.state is State.ABSENT:
                continue
            name = f"{circuit.name}/{path.name}"
            a, b = parts[row_key("edge", name)], parts[row_key("router", path.router)]
            yield Link(row_key("path", name), LinkKind.PATH, a, b, name, path.state is State.UP)
    for a, b in topology.global_reach:
        ends = parts[row_key("circuit", a)], parts[row_key("circuit", b)]
        yield Link(row_key("reach", f"{a}/{b}"), LinkKind.GLOBAL_REACH, *ends, f"{a} and {b}")
    for connection in topology.vpn_connections:
        yield from _tunnels(topology, connection, parts)
    for session in topology.bgp_sessions:
        a, b = (_speaker(parts, name) for name in (session.a, session.b))
        if a and b and card_of[a] != card_of[b]:
            yield Link(row_key("bgp", session.name), LinkKind.BGP, a, b, session.name, session.state is State.UP)


def _peerings(topology: Topology, parts: Mapping[str, str]) -> Iterator[Link]:
    """One for both directions, and one for all VNets of a card."""
    directions = {(item.vnet, item.remote): item for item in topology.peerings}
    seen: set[tuple[str, str]] = set()
    for vnet, remote in directions:
        a, b = parts[row_key("vnet", vnet)], parts[row_key("vnet", remote)]
        ends = min(a, b), max(a, b)
        if a != b and ends not in seen:
            seen.add(ends)
            up = all(_is_up(directions.get(way)) for way in ((vnet, remote), (remote, vnet)))
            yield Link(row_key("peering", "/".join(ends)), LinkKind.PEERING, *ends, f"{vnet} and {remote}", up)


def _is_up(peering: Peering | None) -> bool:
    return peering is not None and peering.state is State.UP


def _tunnels(topology: Topology, item: VpnConnection, parts: Mapping[str, str]) -> Iterator[Link]:
    gateway = next(gateway for gateway in topology.vpn_gateways if gateway.name == item.gateway)
    far = parts.get(row_key("router", item.remote)) or parts[row_key("vpn_gateway", item.remote)]
    over = "ExpressRoute" if item.over is Underlay.EXPRESSROUTE else "the Internet"
    for index in members_of(gateway, item.instances):
        near = parts[row_key("vpn-gateway", f"{gateway.name}/{index}")]
        up = item.state is State.UP and gateway.instances[index].state is State.UP
        label = f"{item.name}, instance {index}, over {over}"
        yield Link(row_key("tunnel", f"{item.name}/{index}"), LinkKind.TUNNEL, near, far, label, up)


def _speaker(parts: Mapping[str, str], name: str) -> str | None:
    """A router or a Route Server; of the latter an instance may be meant."""
    owner = name.rpartition("/")[0]
    keys = (row_key("router", name), row_key("route_server", name), row_key("route_server", owner))
    return next((parts[key] for key in keys if key in parts), None)
