"""From a topology to its BGP speakers and sessions. Nothing of the routing model is used here.

The model is judged by what is planned here, so it must not plan it: this module and ``frr`` read the topology and
Azure's documented behaviour only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from vpner.emulation.speakers import (
    ControlPlan,
    End,
    Kind,
    Link,
    Role,
    Session,
    Speaker,
    first_address,
    gateway_named,
    host_of,
    indexes,
    known,
    space,
)
from vpner.topology import PATHS, Address, State, Topology, VpnConnection, VpnGateway


def plan_control(topology: Topology, failed: frozenset[str] = frozenset(), wired: bool = False) -> ControlPlan:
    """Speakers and sessions of a topology whose addresses are all known, without what ``failed`` names.

    Names are those of :func:`vpner.routing.failable`.
    """
    return _Planner(ControlPlan(topology, wired), failed).plan_all()


class _Planner:
    def __init__(self, plan: ControlPlan, failed: frozenset[str]) -> None:
        self.plan = plan
        self.topology = plan.topology
        self.failed = failed
        self.networks: dict[str, dict[IPv4Network, Kind]] = {}

    def plan_all(self) -> ControlPlan:
        for kind, speaker in self._candidates():
            if f"{kind}/{speaker.name}" not in self.failed:
                self.plan.speakers[speaker.name] = speaker
                own = ((prefix, Kind.VNET) for prefix in space(self.topology, speaker.vnet)) if speaker.vnet else ()
                self.networks[speaker.name] = dict(own)
        self._circuits()
        self._inside_vnets()
        for connection in self.topology.vpn_connections:
            self._tunnels(connection)
        self._between_routers()
        for router in self.topology.routers:
            own = [*router.networks, *(item.prefix for item in router.statics if item.redistribute)]
            for prefix in own:
                if router.name in self.networks and isinstance(prefix, IPv4Network):
                    self.networks[router.name][prefix] = Kind.NETWORK
        for name, speaker in self.plan.speakers.items():
            networks = tuple(sorted(self.networks[name].items()))
            self.plan.speakers[name] = Speaker(
                speaker.role, speaker.owner, speaker.member, speaker.asn, speaker.address, speaker.vnet, networks
            )
        return self.plan

    def _candidates(self) -> Iterator[tuple[str, Speaker]]:
        topology = self.topology
        for router in topology.routers:
            if router.asn is not None:
                yield "routers", Speaker(Role.ROUTER, router.name, "", router.asn, first_address(router))
        for circuit in topology.circuits:
            for path in circuit.paths:
                yield "edges", Speaker(Role.EDGE, circuit.name, path.name, circuit.asn, known(path.msee))
        for er in topology.er_gateways:
            for index, ip in enumerate(er.instances):
                yield "er_gateways", Speaker(Role.ER_GATEWAY, er.name, str(index), er.asn, known(ip), er.vnet)
        for server in topology.route_servers:
            for index, ip in enumerate(server.instances):
                speaker = Speaker(Role.ROUTE_SERVER, server.name, str(index), server.asn, known(ip), server.vnet)
                yield "route_servers", speaker
        for vpn in topology.vpn_gateways:
            for index, instance in enumerate(vpn.instances):
                if instance.state is State.UP:
                    bgp = known(instance.bgp)
                    yield "vpn_gateways", Speaker(Role.VPN_GATEWAY, vpn.name, str(index), vpn.asn, bgp, vpn.vnet)

    def _add(self, link: Link, first: End, second: End, name: str = "", **extra: int | None) -> None:
        if first.speaker in self.plan.speakers and second.speaker in self.plan.speakers:
            index = len(self.plan.sessions)
            self.plan.sessions.append(Session(index, link, (first, second), name, **extra))  # type: ignore[arg-type]

    def _members(self, role: Role, vnet: str) -> list[Speaker]:
        return [item for item in self.plan.speakers.values() if item.role is role and item.vnet == vnet]

    def _circuits(self) -> None:
        circuits = {circuit.name: circuit for circuit in self.topology.circuits}
        for circuit in self.topology.circuits:
            for path in circuit.paths:
                name = f"{circuit.name}/{path.name}"
                if path.router and path.state is State.UP and f"circuits/{name}" not in self.failed:
                    edge = End(name, known(path.msee_peer_ip), path.to_router)
                    router = End(path.router, known(path.router_peer_ip), path.from_router)
                    self._add(Link.CIRCUIT, edge, router, name, order=PATHS.index(path.name))
        for connection in self.topology.er_connections:
            if connection.state is not State.UP or f"er_connections/{connection.name}" in self.failed:
                continue
            gateway = next(item for item in self.topology.er_gateways if item.name == connection.gateway)
            shown = dict(connection.next_hops)
            for path in circuits[connection.circuit].paths:
                edge = End(f"{connection.circuit}/{path.name}", known(shown.get(path.name, path.msee)))
                for instance in self._members(Role.ER_GATEWAY, gateway.vnet):
                    end = End(instance.name, instance.address)
                    order = PATHS.index(path.name)
                    self._add(Link.PLATFORM, edge, end, order=order, weight=connection.weight)

    def _inside_vnets(self) -> None:
        """Learn: About Azure Route Server; Configure Route Server: gateways exchange with it and with each other."""
        for vnet in self.topology.vnets:
            vpn, er = self._members(Role.VPN_GATEWAY, vnet.name), self._members(Role.ER_GATEWAY, vnet.name)
            servers = self._members(Role.ROUTE_SERVER, vnet.name)
            transit = any(item.vnet == vnet.name and item.branch_to_branch for item in self.topology.route_servers)
            pairs = [(a, b) for a in vpn for b in vpn if a.name < b.name and a.owner == b.owner]
            pairs += [] if transit else [(a, b) for a in er for b in vpn]
            pairs += [(a, b) for a in servers for b in (*er, *vpn)]
            for a, b in pairs:
                self._add(Link.PLATFORM, End(a.name, a.address), End(b.name, b.address))

    def _tunnels(self, connection: VpnConnection) -> None:
        near, far = gateway_named(self.topology, connection.gateway), None
        if any(item.name == connection.remote for item in self.topology.vpn_gateways):
            far = gateway_named(self.topology, connection.remote)
        lost = {f"vpn_connections/{connection.name}", f"routers/{connection.remote}"} & self.failed
        if connection.state is not State.UP or lost:
            return
        members = [""] if far is None else [str(index) for index in indexes(far, connection.remote_instances)]
        remote = [f"{connection.remote}/{member}" if member else connection.remote for member in members]
        alive = [name for name in remote if name in self.plan.speakers]
        here: list[IPv4Address] = []
        for index in indexes(near, connection.instances):
            name = f"{near.name}/{index}"
            if (
                name not in self.plan.speakers
                or f"vpn_connections/{connection.name}/{index}" in self.failed
                or (far is not None and not alive)
            ):
                continue
            bgp = known(near.instances[index].bgp)
            here += [bgp] if bgp else []
            hosts = [self._tunnel(connection, name, index, end, far) for end in alive]
            if far is None and not alive:
                hosts = [known(connection.remote_ip)]
            self._remember(name, connection, connection.static_prefixes, hosts)
        if far is not None and here:
            for name in alive:
                self._remember(name, connection, connection.remote_static_prefixes, here)

    def _tunnel(
        self, connection: VpnConnection, name: str, index: int, remote: str, far: VpnGateway | None
    ) -> IPv4Address | None:
        instance = gateway_named(self.topology, connection.gateway).instances[index]
        peer = known(connection.remote_ip)
        if far is not None:
            peer = known(far.instances[int(remote.rpartition("/")[2])].bgp)
        own = known(instance.bgp)
        if peer is not None and peer.is_link_local and instance.apipa:
            own = instance.apipa[0]
        if connection.bgp:
            gateway = End(name, own, connection.exports, (*connection.static_prefixes, *host_of(peer)))
            device = End(remote, peer, connection.imports, (*connection.remote_static_prefixes, *host_of(own)))
            self._add(Link.TUNNEL, gateway, device, connection.name, tunnel=index)
        return peer

    def _remember(
        self,
        speaker: str,
        connection: VpnConnection,
        statics: Sequence[IPv4Network],
        peers: Sequence[IPv4Address | None],
    ) -> None:
        """What a gateway instance has without being told: listed prefixes, and host routes of its BGP peers."""
        own = self.networks[speaker]
        hosts = [host for peer in peers if connection.bgp for host in host_of(peer)]
        for prefix in (*statics, *hosts):
            listed = Kind.LISTED_PEER if prefix in hosts else Kind.STATIC
            if own.setdefault(prefix, listed if prefix in statics else Kind.PEER) is not Kind.VNET:
                self.plan.given.setdefault((speaker, prefix), set()).add(connection.name)

    def _between_routers(self) -> None:
        for session in self.topology.bgp_sessions:
            if session.state is not State.UP or f"bgp_sessions/{session.name}" in self.failed:
                continue
            server = {item.name for item in self.topology.route_servers}
            link = Link.PLATFORM if {session.a, session.b} & server else Link.ROUTERS
            for a in self._ends(session.a, session.a_ip):
                for b in self._ends(session.b, session.b_ip):
                    first = End(a.name, known(session.a_ip) if a.role is Role.ROUTER else a.address, session.a_exports)
                    second = End(b.name, known(session.b_ip) if b.role is Role.ROUTER else b.address, session.b_exports)
                    self._add(link, first, second, session.name)

    def _ends(self, owner: str, ip: Address | None) -> list[Speaker]:
        found = [item for item in self.plan.speakers.values() if item.owner == owner]
        servers = {known(item) for server in self.topology.route_servers for item in server.instances}
        return [item for item in found if item.address == ip] if ip in servers else found
