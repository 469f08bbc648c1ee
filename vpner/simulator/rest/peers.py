"""BGP peers of gateways, as ``getBgpPeerStatus`` lists them and ``getAdvertisedRoutes`` asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vpner.simulator.kinds.base import texts
from vpner.simulator.kinds.gateway_addresses import CONNECTION
from vpner.simulator.rest.network import Network
from vpner.topology import PATHS, Address

EDGE_ASN = 12076


@dataclass(frozen=True, slots=True)
class Peer:
    """One session of a gateway's instance."""

    speaker: str
    """The model's name: ``GATEWAY/INDEX``, ``CIRCUIT/PATH`` or a router."""
    owner: str
    """Whom its table of advertised routes is for: a gateway, circuit or router."""
    address: str
    asn: int
    connected: bool


def instances(network: Network, gateway: str) -> list[tuple[str, Address]]:
    """Speakers of a gateway or Route Server, with their BGP addresses."""
    topology = network.topology
    for vpn in topology.vpn_gateways:
        if vpn.name == gateway:
            return [(f"{gateway}/{index}", item.bgp) for index, item in enumerate(vpn.instances)]
    for owner in (*topology.er_gateways, *topology.route_servers):
        if owner.name == gateway:
            return [(f"{gateway}/{index}", ip) for index, ip in enumerate(owner.instances)]
    return []


def peers(network: Network, gateway: str, speaker: str) -> Iterator[Peer]:
    """Peers of an instance: what connections configure, up or not, and what Azure connects by itself where it is up."""
    yield from _devices(network, gateway, speaker)
    yield from _edges(network, gateway, speaker)
    topology = network.topology
    others = (*topology.vpn_gateways, *topology.er_gateways, *topology.route_servers)
    adjacent = {far for near, far in network.tables.adjacent if near == speaker}
    for owner in others:
        for name, address in instances(network, owner.name):
            if name in adjacent:
                yield Peer(name, owner.name, str(address), owner.asn, connected=True)


def _devices(network: Network, gateway: str, speaker: str) -> Iterator[Peer]:
    routers = {router.name: router for router in network.topology.routers}
    index = int(speaker.rpartition("/")[2])
    for connection in network.topology.vpn_connections:
        router = routers.get(connection.remote)
        mine = connection.gateway == gateway and (connection.instances is None or index in connection.instances)
        if mine and connection.bgp and router is not None and connection.remote_ip is not None:
            up = (speaker, router.name) in network.tables.adjacent
            yield Peer(router.name, router.name, str(connection.remote_ip), router.asn or 0, connected=up)


def _edges(network: Network, gateway: str, speaker: str) -> Iterator[Peer]:
    mine = {item.circuit for item in network.topology.er_connections if item.gateway == gateway}
    for edge, address in edge_addresses(network, gateway).by_speaker.items():
        circuit = edge.rpartition("/")[0]
        if circuit in mine:
            up = (speaker, edge) in network.tables.adjacent
            yield Peer(edge, circuit, address, EDGE_ASN, connected=up)


@dataclass(frozen=True, slots=True)
class Edges:
    """Microsoft's edges as the gateways of a VNet know them: by addresses in GatewaySubnet.

    NICs show other addresses of theirs; those are the model's next hops. [measured:
    github.com/fabferri/az-pattern, expressroute/er-rs-vpn-transitive]
    """

    by_speaker: Mapping[str, str]
    """By ``CIRCUIT/PATH``."""
    by_next_hop: Mapping[str, str]
    """By the next hop that NICs show."""


def edge_addresses(network: Network, gateway: str) -> Edges:
    """Edges of the circuits that the VNet of a gateway is connected to."""
    topology = network.topology
    vnets = {item.name: item.vnet for item in (*topology.vpn_gateways, *topology.er_gateways)}
    circuits = {circuit.name: circuit for circuit in topology.circuits}
    connections = {network.label(record): record for record in network.cloud.all(CONNECTION)}
    speakers: dict[str, str] = {}
    hops: dict[str, str] = {}
    for connection in topology.er_connections:
        if vnets[connection.gateway] != vnets[gateway]:
            continue
        shown = dict(connection.next_hops)
        addresses = texts(connections[connection.name].chosen, "addresses")
        for path in circuits[connection.circuit].paths:
            address = addresses[PATHS.index(path.name)]
            speakers[f"{connection.circuit}/{path.name}"] = address
            hops.setdefault(str(shown.get(path.name, path.msee)), address)
    return Edges(speakers, hops)
