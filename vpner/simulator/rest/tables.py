"""Route tables that ARM computes on request, answered by the routing model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Any

from vpner.render import az
from vpner.routing.solution import BgpRoute
from vpner.simulator.errors import bad_request
from vpner.simulator.kinds.base import objects, parent_of, reference, text, users
from vpner.simulator.kinds.interfaces import VIRTUAL_MACHINE
from vpner.simulator.rest.network import Network
from vpner.simulator.rest.peers import Peer, edge_addresses, instances, peers
from vpner.simulator.store import Record
from vpner.topology import PATHS

Body = dict[str, Any]


def effective_routes(network: Network, nic: Record) -> Body:
    """``effectiveRouteTable`` of a network interface. Raises if no virtual machine has it, as Azure does."""
    if not any(user.type == VIRTUAL_MACHINE for user in users(network.cloud, nic)):
        raise bad_request("SimNicNotAttached", f"{nic.id} is not attached to a running virtual machine.")
    subnet = network.cloud.get(reference(objects(nic.body, "ipConfigurations")[0], "subnet") or "")
    assert subnet is not None
    vnet = network.label(parent_of(network.cloud, subnet))
    return az.effective_json(network.tables.effective[vnet, subnet.name])


def learned_routes(network: Network, gateway: Record) -> Body:
    """``getLearnedRoutes``: of both instances of a VPN gateway, of one of an ExpressRoute gateway.

    So published outputs show it. [github.com/kaysalawu/azure-network-terraform, 4-general/08]
    """
    name = network.label(gateway)
    asked = [speaker for speaker, _ in instances(network, name)]
    if text(gateway.body, "gatewayType") == "ExpressRoute":
        asked = asked[:1]
    return {"value": [row for speaker in asked for row in _learned(network, name, speaker)]}


def _learned(network: Network, gateway: str, speaker: str) -> list[Body]:
    rows = network.tables.gateway_learned[speaker]
    edges = edge_addresses(network, gateway)
    shown = az.learned_json(rows, speaker, network.topology)["value"]
    for row, route in zip(shown, rows, strict=True):
        row["nextHop"] = edges.by_next_hop.get(row["nextHop"], row["nextHop"])
        row["sourcePeer"] = edges.by_speaker.get(route.peer, row["sourcePeer"])
    return shown


def advertised_routes(network: Network, gateway: Record, peer: str) -> Body:
    """``getAdvertisedRoutes`` to the peer with an address, of every instance; nothing if it has no such peer."""
    name = network.label(gateway)
    found: list[Body] = []
    for speaker, address in instances(network, name):
        to = next((item for item in peers(network, name, speaker) if item.address == peer), None)
        if to is not None and to.connected:
            rows = network.tables.gateway_advertised.get((speaker, to.owner), ())
            found += _sent(rows, address, edge_addresses(network, name).by_next_hop)
    return {"value": found}


def peer_status(network: Network, gateway: Record, peer: str | None) -> Body:
    """``getBgpPeerStatus``, of one peer or of all. Nothing is counted here but routes."""
    name = network.label(gateway)
    return {
        "value": [
            _status(network, speaker, az.address_text(address), item)
            for speaker, address in instances(network, name)
            for item in peers(network, name, speaker)
            if peer in (None, item.address)
        ]
    }


def _status(network: Network, speaker: str, local: str, peer: Peer) -> Body:
    return {
        "localAddress": local,
        "neighbor": peer.address,
        "asn": peer.asn,
        "state": "Connected" if peer.connected else "Connecting",
        "connectedDuration": None,
        "routesReceived": sum(route.peer == peer.speaker for route in network.tables.gateway_learned[speaker]),
        "messagesSent": 0,
        "messagesReceived": 0,
    }


def circuit_routes(network: Network, peering: Record, path: str) -> Body:
    """``routeTables`` of a private peering's primary or secondary path."""
    if path not in PATHS:
        raise bad_request("SimDevicePath", f"{path} is no path of a circuit; primary and secondary are.")
    circuit = network.label(parent_of(network.cloud, peering))
    return az.circuit_json(network.tables.circuit_routes.get(f"{circuit}/{path}", ()))


def server_routes(network: Network, connection: Record, *, learned: bool) -> Body:
    """``learnedRoutes`` and ``advertisedRoutes`` of a Route Server's BGP connection, by instance."""
    name = network.label(parent_of(network.cloud, connection))
    peer = _router_at(network, text(connection.body, "peerIp") or "")
    tables = network.tables.route_server_learned if learned else network.tables.route_server_advertised
    found: Body = {}
    for index, (speaker, address) in enumerate(instances(network, name)):
        rows = tables.get((speaker, peer), ())
        shown = az.learned_json(rows, speaker, network.topology)["value"] if learned else _sent(rows, address, {})
        found[f"RouteServiceRole_IN_{index}"] = shown
    return found


def _router_at(network: Network, address: str) -> str:
    return next(
        (session.b for session in network.topology.bgp_sessions if session.b_ip == IPv4Address(address)),
        "",
    )


def _sent(rows: Iterable[BgpRoute], local: object, edges: Mapping[str, str]) -> list[Body]:
    """Routes as the peer receives them. [The fields: Learn, BGP peering status for Azure VPN Gateway]"""
    return [
        {
            "asPath": "-".join(map(str, row.as_path)),
            "localAddress": str(local),
            "network": str(row.prefix),
            "nextHop": edges.get(az.address_text(row.next_hop), az.address_text(row.next_hop)),
            "origin": "Igp",
            "sourcePeer": "",
            "weight": 0,
        }
        for row in rows
    ]


def connection_state(network: Network, connection: Record, shown: Mapping[str, Any]) -> Body:
    """A VPN connection's properties with the state of its tunnels. No traffic is simulated, so no bytes pass."""
    name = network.label(connection)
    found = next((item for item in network.topology.vpn_connections if item.name == name), None)
    if found is None:
        return dict(shown)
    gateway = next(item for item in network.topology.vpn_gateways if item.name == found.gateway)
    used = range(len(gateway.instances)) if found.instances is None else found.instances
    tunnels = [
        {
            "tunnel": f"{connection.name}_{az.address_text(found.remote_endpoint)}_{index}",
            "connectionStatus": "NotConnected" if (name, index) in network.tables.dead_tunnels else "Connected",
            "ingressBytesTransferred": 0,
            "egressBytesTransferred": 0,
            "lastConnectionEstablishedUtcTime": None,
        }
        for index in used
    ]
    up = any(item["connectionStatus"] == "Connected" for item in tunnels)
    return {
        **shown,
        "connectionStatus": "Connected" if up else "NotConnected",
        "tunnelConnectionStatus": tunnels,
    }
