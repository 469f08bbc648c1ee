"""A topology as speakers and sessions: what exists and is up, before anybody has said anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from vpner.routing.assumptions import DEFAULT, Assumptions
from vpner.routing.bgp import Announced, Kind, Origin, Path, PrefixSet, Role, Session, Speaker, tie_key
from vpner.topology import (
    PASS,
    PATHS,
    Address,
    ErGateway,
    Filter,
    Prefix,
    Router,
    RouteServer,
    State,
    Symbol,
    Topology,
    VNet,
    VpnConnection,
    VpnGateway,
    VpnInstance,
)

Tunnel = tuple[str, int]
"""A VPN connection and the index of the gateway instance that ends it."""

SessionKey = tuple[str, str, str, str, str]
"""A session by the names of its ends, in words that mean the same in every fabric of one topology."""

EDGE_WEIGHT = 32769
"""What a gateway gives to paths of its edge, and a VPN gateway to those of the ExpressRoute gateway."""


@dataclass(slots=True)
class Fabric:
    """Speakers and sessions of a topology. Rules read it; ``assumed`` collects the switches that mattered."""

    topology: Topology
    assumptions: Assumptions = DEFAULT
    speakers: list[Speaker] = field(default_factory=list[Speaker])
    sessions: list[Session] = field(default_factory=list[Session])
    outgoing: list[list[Session]] = field(default_factory=list[list[Session]])
    origins: dict[Prefix, list[tuple[int, Path]]] = field(default_factory=dict[Prefix, "list[tuple[int, Path]]"])
    announced: dict[Prefix, list[tuple[int, Announced]]] = field(
        default_factory=dict[Prefix, "list[tuple[int, Announced]]"]
    )
    spaces: dict[str, tuple[Prefix, ...]] = field(default_factory=dict[str, "tuple[Prefix, ...]"])
    """What gateways of a VNet originate: its prefixes and those of its gateway-transit peers."""
    space_sets: dict[str, PrefixSet] = field(default_factory=dict[str, PrefixSet])
    withheld: dict[int, frozenset[Prefix]] = field(default_factory=dict[int, "frozenset[Prefix]"])
    """By session of a VPN gateway: prefixes that it does not send over it."""
    assumed: set[str] = field(default_factory=set[str])
    members: dict[str, list[int]] = field(default_factory=dict[str, "list[int]"])
    """Instances of each gateway and Route Server."""
    gateways: Mapping[str, VpnGateway] = field(default_factory=dict[str, VpnGateway])
    er_gateways: Mapping[str, ErGateway] = field(default_factory=dict[str, ErGateway])
    servers: Mapping[str, RouteServer] = field(default_factory=dict[str, RouteServer])
    """By VNet."""
    routers: Mapping[str, Router] = field(default_factory=dict[str, Router])
    session_keys: tuple[SessionKey, ...] = ()
    order: tuple[int, ...] = ()
    """Speakers in the order in which they speak, which names do not decide where addresses can."""

    def sender(self, path: Path) -> Speaker | None:
        """Who sent a path; None for what the holder has itself."""
        return None if path.session < 0 else self.speakers[self.sessions[path.session].sender]

    def in_vnet(self, role: Role, vnet: str) -> list[int]:
        return [index for index, item in enumerate(self.speakers) if item.role is role and item.vnet == vnet]

    def depends(self, switch: str) -> bool:
        """The value of a switch, at a place where the other value would lead elsewhere."""
        self.assumed.add(switch)
        return getattr(self.assumptions, switch)


def build(
    topology: Topology,
    assumptions: Assumptions = DEFAULT,
    failed: frozenset[str] = frozenset(),
    down: frozenset[Tunnel] = frozenset(),
) -> Fabric:
    """The fabric of a topology without what failed (names as :func:`failable` gives them) and without dead tunnels."""
    builder = _Builder(Fabric(topology, assumptions), failed, down)
    return builder.build()


def failable(topology: Topology) -> tuple[str, ...]:
    """Every element that can fail alone, by name: ``KIND/NAME``, with ``/MEMBER`` for instances, paths and tunnels."""
    names = [f"routers/{router.name}" for router in topology.routers]
    for circuit in topology.circuits:
        names += [f"circuits/{circuit.name}/{path.name}" for path in circuit.paths]
        names += [f"edges/{circuit.name}/{path.name}" for path in circuit.paths]
    for kind, owners in (
        ("vpn_gateways", topology.vpn_gateways),
        ("er_gateways", topology.er_gateways),
        ("route_servers", topology.route_servers),
    ):
        names += [f"{kind}/{owner.name}/{index}" for owner in owners for index in range(len(owner.instances))]
    gateways = {gateway.name: gateway for gateway in topology.vpn_gateways}
    for connection in topology.vpn_connections:
        names.append(f"vpn_connections/{connection.name}")
        members = members_of(gateways[connection.gateway], connection.instances)
        names += [f"vpn_connections/{connection.name}/{index}" for index in members]
    names += [f"er_connections/{connection.name}" for connection in topology.er_connections]
    names += [f"bgp_sessions/{session.name}" for session in topology.bgp_sessions]
    return tuple(sorted(names))


def members_of(gateway: VpnGateway, chosen: Sequence[int] | None) -> tuple[int, ...]:
    """Instances of a gateway that take part in a connection."""
    return tuple(range(len(gateway.instances))) if chosen is None else tuple(chosen)


class _Builder:
    def __init__(self, fabric: Fabric, failed: frozenset[str], down: frozenset[Tunnel]) -> None:
        self.fabric = fabric
        self.failed = failed
        self.down = down
        topology = fabric.topology
        self.vnets: dict[str, VNet] = {vnet.name: vnet for vnet in topology.vnets}
        fabric.gateways = {gateway.name: gateway for gateway in topology.vpn_gateways}
        fabric.er_gateways = {gateway.name: gateway for gateway in topology.er_gateways}
        fabric.servers = {server.vnet: server for server in topology.route_servers}
        fabric.routers = {router.name: router for router in topology.routers}
        self.index: dict[tuple[str, str], int] = {}

    def build(self) -> Fabric:
        fabric = self.fabric
        for name, vnet in self.vnets.items():
            remote = transit_peers(fabric.topology, name)
            fabric.spaces[name] = (*vnet.prefixes, *(prefix for peer in remote for prefix in self.vnets[peer].prefixes))
            fabric.space_sets[name] = PrefixSet(fabric.spaces[name])
        self._speakers()
        self._expressroute()
        self._vnet_sessions()
        for connection in fabric.topology.vpn_connections:
            self._vpn(connection)
        self._bgp_sessions()
        self._router_origins()
        fabric.session_keys = tuple(self._session_key(session) for session in fabric.sessions)
        fabric.order = tuple(
            sorted(
                range(len(fabric.speakers)),
                key=lambda index: (
                    fabric.speakers[index].role,
                    tie_key(fabric.speakers[index].address)[:2],
                    fabric.speakers[index].name,
                ),
            )
        )
        return fabric

    def _session_key(self, session: Session) -> SessionKey:
        ends = self.fabric.speakers[session.sender].name, self.fabric.speakers[session.receiver].name
        return *ends, session.name, str(session.sender_ip), str(session.receiver_ip)

    def _add(self, kind: str, speaker: Speaker) -> None:
        if f"{kind}/{speaker.name}" in self.failed:
            return
        fabric = self.fabric
        self.index[speaker.owner, speaker.member] = len(fabric.speakers)
        if speaker.vnet:
            fabric.members.setdefault(speaker.owner, []).append(len(fabric.speakers))
        fabric.speakers.append(speaker)
        fabric.outgoing.append([])

    def _speakers(self) -> None:
        for kind, speaker in (*self._devices(), *self._edges(), *self._instances()):
            self._add(kind, speaker)
        for index, speaker in enumerate(self.fabric.speakers):
            if speaker.vnet:
                self._originate(index, self.fabric.spaces[speaker.vnet], Kind.VNET)

    def _devices(self) -> Iterator[tuple[str, Speaker]]:
        for router in self.fabric.topology.routers:
            if router.asn is not None:
                address = router.nics[0].ip if router.nics else next(iter(router.addresses), None)
                yield "routers", Speaker(Role.ROUTER, router.name, "", router.asn, address)

    def _edges(self) -> Iterator[tuple[str, Speaker]]:
        for circuit in self.fabric.topology.circuits:
            for path in circuit.paths:
                yield "edges", Speaker(Role.MSEE, circuit.name, path.name, circuit.asn, path.msee)

    def _instances(self) -> Iterator[tuple[str, Speaker]]:
        topology = self.fabric.topology
        for er in topology.er_gateways:
            for number, ip in enumerate(er.instances):
                yield "er_gateways", Speaker(Role.ER_GATEWAY, er.name, str(number), er.asn, ip, er.vnet)
        for server in topology.route_servers:
            for number, ip in enumerate(server.instances):
                yield "route_servers", Speaker(Role.ROUTE_SERVER, server.name, str(number), server.asn, ip, server.vnet)
        for vpn in topology.vpn_gateways:
            for number, instance in enumerate(vpn.instances):
                if instance.state is State.UP:
                    speaker = Speaker(Role.VPN_GATEWAY, vpn.name, str(number), vpn.asn, instance.bgp, vpn.vnet)
                    yield "vpn_gateways", speaker

    def _originate(self, speaker: int, prefixes: Iterable[Prefix], kind: Kind, connection: str = "") -> None:
        carries_ipv6 = self.fabric.speakers[speaker].role is Role.ER_GATEWAY
        for prefix in prefixes:
            if prefix.version == 4 or carries_ipv6:
                path = Path((), None, Origin.NETWORK, kind, connection=connection)
                self.fabric.origins.setdefault(prefix, []).append((speaker, path))

    def _link(
        self,
        ends: tuple[int | None, int | None],
        addresses: tuple[Address | None, Address | None],
        name: str = "",
        policies: tuple[Filter, Filter] = (PASS, PASS),
        order: int = 0,
        weights: tuple[int, int] = (32768, 32768),
    ) -> tuple[int, int] | None:
        """Both directions of a session between two speakers, if both exist. ``policies[0]`` is what the first sends."""
        first, second = ends
        if first is None or second is None:
            return None
        forth = len(self.fabric.sessions)
        for index, (sender, receiver) in enumerate(((first, second), (second, first))):
            session = Session(
                forth + index,
                sender,
                receiver,
                addresses[index],
                addresses[1 - index],
                forth + 1 - index,
                name,
                policies[index],
                order,
                weights[index],
            )
            self.fabric.sessions.append(session)
            self.fabric.outgoing[sender].append(session)
        return forth, forth + 1

    def _expressroute(self) -> None:
        topology = self.fabric.topology
        circuits = {circuit.name: circuit for circuit in topology.circuits}
        for circuit in topology.circuits:
            for path in circuit.paths:
                up = path.state is State.UP and f"circuits/{circuit.name}/{path.name}" not in self.failed
                if path.router is not None and up:
                    self._link(
                        (self.index.get((circuit.name, path.name)), self.index.get((path.router, ""))),
                        (path.msee_peer_ip, path.router_peer_ip),
                        f"{circuit.name}/{path.name}",
                        (path.to_router, path.from_router),
                        PATHS.index(path.name),
                    )
        for connection in topology.er_connections:
            if connection.state is not State.UP or f"er_connections/{connection.name}" in self.failed:
                continue
            shown = dict(connection.next_hops)
            for path in circuits[connection.circuit].paths:
                for member in self.fabric.members.get(connection.gateway, ()):
                    self._link(
                        (self.index.get((connection.circuit, path.name)), member),
                        (shown.get(path.name, path.msee), self.fabric.speakers[member].address),
                        order=PATHS.index(path.name),
                        weights=(EDGE_WEIGHT + connection.weight, 0),
                    )
        for first, second in topology.global_reach:
            for path in PATHS:
                ends = self.index.get((first, path)), self.index.get((second, path))
                self._link(ends, (None, None), order=PATHS.index(path))

    def _vnet_sessions(self) -> None:
        """Sessions that nobody configures: siblings, gateways with each other, and with Route Server."""
        fabric = self.fabric
        for name in self.vnets:
            vpn, er = fabric.in_vnet(Role.VPN_GATEWAY, name), fabric.in_vnet(Role.ER_GATEWAY, name)
            server = fabric.servers.get(name)
            pairs = [(a, b) for a in vpn for b in vpn if a < b and fabric.speakers[a].owner == fabric.speakers[b].owner]
            apart = server is not None and server.branch_to_branch
            if vpn and er and apart:
                apart = not fabric.depends("gateways_peer_despite_route_server")
            if not apart:
                pairs += [(a, b) for a in er for b in vpn]
            pairs += [(a, b) for a in fabric.in_vnet(Role.ROUTE_SERVER, name) for b in (*er, *vpn)]
            for first, second in pairs:
                ends = fabric.speakers[first], fabric.speakers[second]
                weights = (EDGE_WEIGHT, 32768) if ends[0].role is Role.ER_GATEWAY else (32768, 32768)
                self._link((first, second), (ends[0].address, ends[1].address), weights=weights)

    def _vpn(self, connection: VpnConnection) -> None:
        fabric = self.fabric
        gateway, remote = fabric.gateways[connection.gateway], fabric.gateways.get(connection.remote)
        lost = {f"vpn_connections/{connection.name}", f"routers/{connection.remote}"} & self.failed
        if connection.state is not State.UP or lost:
            return
        far = ("",) if remote is None else tuple(map(str, members_of(remote, connection.remote_instances)))
        ends = [(member, self.index.get((connection.remote, member))) for member in far]
        alive = [(member, end) for member, end in ends if end is not None]
        near_peers: list[Address | None] = []
        for number in members_of(gateway, connection.instances):
            near = self.index.get((gateway.name, str(number)))
            broken = f"vpn_connections/{connection.name}/{number}" in self.failed
            broken = broken or (connection.name, number) in self.down
            if near is not None and not broken and (alive or remote is None):
                near_peers.append(gateway.instances[number].bgp)
                self._tunnels(connection, near, gateway.instances[number], alive)
        for _, end in alive:
            if remote is not None and near_peers:
                self._remote_side(end, connection, connection.remote_static_prefixes, near_peers)

    def _tunnels(
        self, connection: VpnConnection, near: int, instance: VpnInstance, ends: Sequence[tuple[str, int]]
    ) -> None:
        """Sessions of one instance of the connection's gateway with the far side, and what it knows of that."""
        remote = self.fabric.gateways.get(connection.remote)
        peers: list[Address | None] = [] if remote else [connection.remote_ip]
        for member, end in ends:
            own: Address = instance.bgp
            peer = remote.instances[int(member)].bgp if remote else connection.remote_ip
            if isinstance(peer, IPv4Address) and peer.is_link_local and instance.apipa:
                own = instance.apipa[0]
            peers += [peer] if remote else []
            policies = connection.exports, connection.imports
            link = self._link((near, end), (own, peer), connection.name, policies) if connection.bgp else None
            if link is not None:
                self.fabric.withheld[link[0]] = frozenset({*connection.static_prefixes, *_hosts([peer])})
                self.fabric.withheld[link[1]] = frozenset({*connection.remote_static_prefixes, *_hosts([own])})
        self._remote_side(near, connection, connection.static_prefixes, peers)

    def _remote_side(
        self, speaker: int, connection: VpnConnection, statics: tuple[IPv4Network, ...], peers: Sequence[Address | None]
    ) -> None:
        """What a gateway instance knows of the far side without being told: static prefixes and its BGP peers."""
        hosts = _hosts(peers) if connection.bgp else frozenset[IPv4Network]()
        listed = hosts & set(statics)
        self._originate(speaker, sorted(set(statics) - listed), Kind.STATIC, connection.name)
        self._originate(speaker, sorted(listed), Kind.LISTED_PEER, connection.name)
        self._originate(speaker, sorted(hosts - listed), Kind.PEER, connection.name)

    def _bgp_sessions(self) -> None:
        for session in self.fabric.topology.bgp_sessions:
            if session.state is not State.UP or f"bgp_sessions/{session.name}" in self.failed:
                continue
            policies = session.a_exports, session.b_exports
            for first, first_ip in self._ends(session.a, session.a_ip):
                for second, second_ip in self._ends(session.b, session.b_ip):
                    self._link((first, second), (first_ip, second_ip), session.name, policies)

    def _ends(self, owner: str, ip: Address | None) -> Iterator[tuple[int, Address | None]]:
        """Speakers at one end: a router, or the Route Server instance with that address (every one, if unknown)."""
        if owner in self.fabric.routers:
            router = self.index.get((owner, ""))
            yield from [] if router is None else [(router, ip)]
            return
        members = self.fabric.members.get(owner, [])
        addresses = [(member, self.fabric.speakers[member].address) for member in members]
        server = next(item for item in self.fabric.topology.route_servers if item.name == owner)
        exact = [end for end in addresses if end[1] == ip]
        yield from exact if ip in server.instances else addresses

    def _router_origins(self) -> None:
        fabric = self.fabric
        for router in fabric.topology.routers:
            speaker = self.index.get((router.name, ""))
            if speaker is None:
                continue
            hops: dict[Prefix, Address | None] = dict.fromkeys(router.networks)
            for static in router.statics:
                if static.redistribute and not isinstance(static.prefix, Symbol):
                    hops[static.prefix] = static.next_hop
            for prefix, hop in hops.items():
                path = Path((), hop, Origin.NETWORK, Kind.NETWORK)
                fabric.origins.setdefault(prefix, []).append((speaker, path))
            by_name: dict[str, list[int]] = {}
            for session in fabric.outgoing[speaker]:
                by_name.setdefault(session.name, []).append(session.index)
            for item in router.announces:
                chosen = by_name if item.to is None else item.to
                sessions = frozenset(index for name in chosen for index in by_name.get(name, ()))
                announced = Announced(sessions, item.as_path, item.next_hop, item.med or 0)
                fabric.announced.setdefault(item.prefix, []).append((speaker, announced))


def _hosts(peers: Iterable[Address | None]) -> frozenset[IPv4Network]:
    return frozenset(IPv4Network(peer) for peer in peers if isinstance(peer, IPv4Address))


def transit_peers(topology: Topology, hub: str) -> tuple[str, ...]:
    """VNets that use the gateways of a hub: both directions of the peering must say so."""
    offered = {
        item.remote
        for item in topology.peerings
        if item.vnet == hub and item.allow_gateway_transit and item.state is State.UP
    }
    return tuple(
        item.vnet
        for item in topology.peerings
        if item.remote == hub and item.use_remote_gateways and item.state is State.UP and item.vnet in offered
    )
