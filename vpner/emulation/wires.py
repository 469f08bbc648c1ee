"""Nodes and wires on which packets of a topology travel. Pure: what is planned here, ``lab`` builds.

- A *fabric* is what Azure's software-defined network is for VNets that are peered: every network interface has a wire
  to it, and the fabric routes by the effective routes of the subnet that the wire belongs to.
- An edge has a wire to the fabric of each gateway that its circuit is connected to, and one to its router. The latter
  is the provider's link, where packets are captured.
- A tunnel has a helper at each end, a node with a charon of its own: it takes inner packets on one wire and gives outer
  ones to its owner on another. So its owner routes both, by its own main table.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from vpner.emulation.nodes import (
    CONTROL,
    GATE,
    Attachment,
    Port,
    TunnelEnd,
    Use,
    Wire,
    WirePlan,
    peers_of,
    site_of,
)
from vpner.emulation.sessions import plan_control
from vpner.emulation.speakers import TRANSPORT, Link, Role, gateway_named, indexes, known, space
from vpner.topology import GATEWAY_SUBNET, Router, State, Topology, VpnConnection


def plan_wires(topology: Topology) -> WirePlan:
    """Nodes and wires, and the BGP on them. Every address of the topology is known."""
    return _Planner(WirePlan(plan_control(topology, wired=True))).plan_all()


class _Planner:
    def __init__(self, plan: WirePlan) -> None:
        self.plan = plan
        self.topology = plan.topology
        self.routers = {item.name: item for item in self.topology.routers}

    def plan_all(self) -> WirePlan:
        self._fabrics()
        self._nodes()
        self._interfaces()
        self._edges()
        self._between_routers()
        for router in self.topology.routers:
            self._site(router)
        self._siblings()
        for connection in self.topology.vpn_connections:
            self._tunnels(connection)
        for router in self.topology.routers:
            self._routes(router)
        self._gateway_routes()
        self._control()
        return self.plan

    def _wire(self, use: Use, first: Port, second: Port, about: str = "") -> Wire:
        wire = Wire(len(self.plan.wires), use, (first, second), about)
        self.plan.wires.append(wire)
        for port in wire.ends:
            self.plan.node(port.node)
        return wire

    def _fabrics(self) -> None:
        """VNets that are peered share a fabric."""
        fabrics = {vnet.name: vnet.name for vnet in self.topology.vnets}
        for vnet in sorted(fabrics):
            for remote in peers_of(self.topology, vnet):
                old, new = fabrics[remote], fabrics[vnet]
                fabrics = {name: new if fabric == old else fabric for name, fabric in fabrics.items()}
        self.plan.fabrics = {name: f"fabric.{fabric}" for name, fabric in fabrics.items()}

    def _nodes(self) -> None:
        for name, speaker in self.plan.control.speakers.items():
            if speaker.role in {Role.EDGE, Role.VPN_GATEWAY, Role.ROUTER}:
                self.plan.node(name).speaker = name
        for router in self.topology.routers:
            nics = {nic.ip for nic in router.nics}
            node = self.plan.node(router.name)
            node.loopback = [ip for ip in router.addresses if isinstance(ip, IPv4Address) and ip not in nics]

    def _attach(self, node: str, addresses: tuple[IPv4Address, ...], vnet: str, subnet: str, about: str = "") -> Wire:
        fabric = self.plan.fabrics[vnet]
        wire = self._wire(Use.FABRIC, Port(fabric, (self._gate(vnet, subnet),)), Port(node, addresses), about)
        self.plan.attachments.append(Attachment(fabric, wire.index, node, addresses, vnet, subnet))
        return wire

    def _gate(self, vnet: str, subnet: str) -> IPv4Address:
        """The subnet's router, its first address."""
        found = next(item for item in self.topology.vnets if item.name == vnet).subnet(subnet)
        return GATE if found is None else found.prefix[1]

    def _interfaces(self) -> None:
        for nic in self.topology.nics:
            address = known(nic.ip)
            if address is not None:
                wire = self._attach(nic.name, (address,), nic.vnet, nic.subnet)
                node = self.plan.node(nic.name)
                node.web = nic.name.removesuffix("VMNic").removesuffix("-nic")
                node.kernel.append(f"route add default via {self._gate(nic.vnet, nic.subnet)} dev {wire.interface}")
        for router in self.topology.routers:
            for nic in router.nics:
                address = known(nic.ip)
                if address is not None and nic.subnet is not None:
                    self._attach(router.name, (address,), nic.vnet, nic.subnet)
        for gateway in self.topology.vpn_gateways:
            for index, instance in enumerate(gateway.instances):
                name = f"{gateway.name}/{index}"
                if name in self.plan.control.speakers:
                    addresses = tuple(ip for ip in (known(instance.bgp), known(instance.tunnel)) if ip is not None)
                    self._attach(name, addresses, gateway.vnet, GATEWAY_SUBNET)

    def _edges(self) -> None:
        circuits = {item.name: item for item in self.topology.circuits}
        for connection in self.topology.er_connections:
            gateway = next(item for item in self.topology.er_gateways if item.name == connection.gateway)
            shown = dict(connection.next_hops)
            for path in circuits[connection.circuit].paths:
                name, msee = f"{connection.circuit}/{path.name}", known(shown.get(path.name, path.msee))
                if name in self.plan.control.speakers and msee is not None and connection.state is State.UP:
                    about = f"er_connections/{connection.name}"
                    wire = self._attach(name, (msee,), gateway.vnet, GATEWAY_SUBNET, about)
                    gate = wire.ends[0].addresses[0]
                    for ip in gateway.instances:
                        self.plan.node(name).kernel.append(f"route add {ip}/32 via {gate} dev {wire.interface}")
        for session in self.plan.control.sessions:
            if session.link is Link.CIRCUIT:
                ports = [Port(session.ends[end].speaker, (self.plan.control.talks_at(session, end),)) for end in (0, 1)]
                self._wire(Use.CIRCUIT, ports[0], ports[1], f"circuits/{session.name}")

    def _between_routers(self) -> None:
        for session in self.plan.control.sessions:
            if session.link is Link.ROUTERS:
                ports: list[Port] = []
                for end in (0, 1):
                    real, talks = session.ends[end].address, self.plan.control.talks_at(session, end)
                    ports.append(Port(session.ends[end].speaker, (talks, *([real] if real else []))))
                self._wire(Use.ROUTERS, ports[0], ports[1], f"bgp_sessions/{session.name}")

    def _site(self, router: Router) -> None:
        """What is behind a router: a node that has every address of its networks."""
        if router.nics:
            return
        here, there = self._link_addresses()
        wire = self._wire(Use.SITE, Port(router.name, (here,)), Port(site_of(router.name), (there,)))
        site = self.plan.node(site_of(router.name))
        site.kernel.append(f"route add default via {here} dev {wire.interface}")
        site.kernel += [f"route add local {prefix} dev lo" for prefix in router.networks]

    def _link_addresses(self) -> tuple[IPv4Address, IPv4Address]:
        base = 65536 + 4 * len(self.plan.wires)
        return TRANSPORT[base + 1], TRANSPORT[base + 2]

    def _siblings(self) -> None:
        """Instances of a gateway reach each other whatever the subnet's routes say."""
        for session in self.plan.control.sessions:
            here, there = (self.plan.control.speakers[end.speaker] for end in session.ends)
            if here.role is there.role is Role.VPN_GATEWAY and session.link is Link.PLATFORM:
                ports = [Port(item.name, (item.address,) if item.address else ()) for item in (here, there)]
                self._wire(Use.SIBLINGS, ports[0], ports[1])

    # Tunnels

    def _tunnels(self, connection: VpnConnection) -> None:
        gateway, router = gateway_named(self.topology, connection.gateway), self.routers.get(connection.remote)
        endpoint = known(connection.remote_endpoint)
        if router is None or endpoint is None or connection.state is not State.UP:
            return
        node = self.plan.node(router.name)
        if endpoint not in {*node.loopback, *(nic.ip for nic in router.nics)}:
            node.loopback.append(endpoint)
        for index in indexes(gateway, connection.instances):
            instance, owner = gateway.instances[index], f"{gateway.name}/{index}"
            outer = known(instance.tunnel)
            if owner not in self.plan.control.speakers or outer is None:
                continue
            peer, own = known(connection.remote_ip), known(instance.bgp)
            if peer is not None and peer.is_link_local and instance.apipa:
                own = instance.apipa[0]
            name = f"{connection.name}/{index}"
            self._end(name, owner, (own, peer), outer, endpoint, initiates=False)
            self._end(name, router.name, (peer, own), endpoint, outer, initiates=True)
            for prefix in connection.static_prefixes:
                self.plan.node(owner).statics.append(f"ip route {prefix} {self._inner(owner, name)}")
            for prefix in connection.remote_static_prefixes:
                self.plan.node(router.name).statics.append(f"ip route {prefix} {self._inner(router.name, name)}")

    def _inner(self, owner: str, tunnel: str) -> str:
        return f"w{next(end.inner for end in self.plan.tunnels if end.owner == owner and end.tunnel == tunnel)}"

    def _end(
        self,
        name: str,
        owner: str,
        inside: tuple[IPv4Address | None, IPv4Address | None],
        local: IPv4Address,
        remote: IPv4Address,
        initiates: bool,
    ) -> None:
        helper = f"{owner.replace('/', '.')}.{name.replace('/', '.')}"
        here, there = self._link_addresses()
        mine = (here, *([inside[0]] if inside[0] else []))
        beyond = (there, *([inside[1]] if inside[1] else []))
        inner = self._wire(Use.INNER, Port(owner, mine), Port(helper, beyond), f"vpn_connections/{name}")
        out, back = self._link_addresses()
        outer = self._wire(Use.OUTER, Port(owner, (out,)), Port(helper, (back,)), f"vpn_connections/{name}")
        self.plan.tunnels.append(TunnelEnd(helper, owner, inner.index, outer.index, local, remote, initiates, name))
        node = self.plan.node(helper)
        node.kernel += [
            f"route add default via {out} dev {outer.interface}",
            f"rule add iif {inner.interface} lookup 50",
            "rule add iif ipsec0 lookup 51",
            f"route add {here}/32 dev {inner.interface} table 51",
            f"route add default via {here} dev {inner.interface} table 51",
        ]
        self.plan.node(owner).nat += [
            f"dnat {remote} {local} {back}",
            f"snat {back} {local}",
        ]

    # Routes

    def _routes(self, router: Router) -> None:
        """Static routes of a router, and the ways to its networks."""
        node, name = self.plan.node(router.name), router.name
        ports = {nic.ip: nic for nic in router.nics}
        gates: list[IPv4Address] = []
        for wire, mine, other in self.plan.of(name, Use.FABRIC):
            nic, gate = ports[mine.addresses[0]], other.addresses[0]
            gates.append(gate)
            subnet = next(item for item in self.topology.vnets if item.name == nic.vnet).subnet(nic.subnet or "")
            if subnet is not None:
                node.kernel.append(f"route add {subnet.prefix} via {gate} dev {wire.interface}")
        if gates:
            node.kernel.append(f"route add default via {gates[0]}")
        beyond = next((other.addresses[0] for _, _, other in self.plan.of(name, Use.SITE)), None)
        near = {ip for _, _, other in self.plan.of(name) for ip in other.addresses}
        near |= {ip for prefix in self._subnets(router) for ip in prefix}
        written: set[object] = set()
        for static in router.statics:
            written.add(static.prefix)
            hop = static.next_hop if static.next_hop in near else (gates[0] if gates else beyond)
            node.statics.append(f"ip route {static.prefix} {hop}")
        for prefix in router.networks:
            if prefix not in written:
                node.statics.append(f"ip route {prefix} {gates[0] if gates else beyond}")

    def _subnets(self, router: Router) -> Iterator[IPv4Network]:
        for nic in router.nics:
            subnet = next(item for item in self.topology.vnets if item.name == nic.vnet).subnet(nic.subnet or "")
            if subnet is not None:
                yield subnet.prefix

    def _gateway_routes(self) -> None:
        """A VPN gateway sends what is not for a tunnel into its subnet, and outer packets always."""
        for gateway in self.topology.vpn_gateways:
            fabric = self.plan.fabrics[gateway.vnet]
            for index in range(len(gateway.instances)):
                name = f"{gateway.name}/{index}"
                for wire, _, other in self.plan.of(name, Use.FABRIC):
                    way = f"via {other.addresses[0]} dev {wire.interface}"
                    node = self.plan.node(name)
                    node.kernel.append(f"route add default {way}")
                    node.kernel += [f"route add {prefix} {way}" for prefix in space(self.topology, gateway.vnet)]
                    node.kernel += [f"route add {ip}/32 {way}" for ip in self._hops(fabric, name)]
                    node.kernel.append(f"route add default {way} table 100")
                    outer = [wire.interface for wire, _, _ in self.plan.of(name, Use.OUTER)]
                    node.kernel += [f"rule add iif {interface} lookup 100" for interface in outer]

    def _hops(self, fabric: str, name: str) -> Iterator[IPv4Address]:
        """Addresses of edges, appliances and Route Servers, by which routes from Route Server lead to the subnet."""
        instances = {f"{item.name}/{i}" for item in self.topology.vpn_gateways for i in range(len(item.instances))}
        vms = {nic.name for nic in self.topology.nics}
        for item in self.plan.attachments:
            if item.fabric == fabric and item.node not in {*instances, *vms}:
                yield from item.addresses
        for server in self.topology.route_servers:
            if self.plan.fabrics[server.vnet] == fabric:
                yield from (ip for ip in server.instances if isinstance(ip, IPv4Address))

    def _control(self) -> None:
        """Platform sessions run through one node, where gateways' and Route Servers' daemons are too."""
        control, transports = self.plan.node(CONTROL), dict[str, list[IPv4Address]]()
        for session in self.plan.control.sessions:
            for end in (0, 1):
                address = self.plan.control.talks_at(session, end)
                if address in TRANSPORT and session.link is not Link.CIRCUIT and session.link is not Link.ROUTERS:
                    transports.setdefault(session.ends[end].speaker, []).append(address)
        for speaker, addresses in transports.items():
            if speaker not in self.plan.nodes:
                control.loopback += addresses
                continue
            here, there = self._link_addresses()
            wire = self._wire(Use.CONTROL, Port(CONTROL, (here,)), Port(speaker, (there,)))
            node = self.plan.node(speaker)
            node.loopback += addresses
            node.kernel.append(f"route add {TRANSPORT} via {here} dev {wire.interface}")
            control.kernel += [f"route add {ip}/32 via {there} dev {wire.interface}" for ip in addresses]
