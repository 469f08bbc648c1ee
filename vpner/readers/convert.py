"""From the shape of a topology to the topology."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

from vpner.problems import Problem
from vpner.readers.addresses import AddressReader
from vpner.readers.shape import CircuitPathShape, FilterShape, RouterShape, TopologyShape, VpnGatewayShape
from vpner.topology import (
    ANYWHERE,
    GATEWAY_SUBNET,
    PASS,
    ROUTE_SERVER_SUBNET,
    Address,
    Announcement,
    BgpSession,
    Circuit,
    CircuitPath,
    ErConnection,
    ErGateway,
    Exemption,
    Filter,
    Intent,
    Mode,
    NextHopType,
    Nic,
    Peering,
    Preference,
    Router,
    RouterNic,
    RouteServer,
    RouteTable,
    State,
    Static,
    Subnet,
    Symbol,
    Topology,
    Underlay,
    UserRoute,
    VNet,
    VpnConnection,
    VpnGateway,
    VpnInstance,
)


class Converter:
    """Converts a shape that has been validated; :attr:`problems` holds what could not be read."""

    def __init__(self, shape: TopologyShape) -> None:
        self._shape = shape
        self._read = AddressReader({})
        self._vnets = tuple(
            VNet(
                name,
                self._read.prefixes(vnet.prefixes, f"vnets.{name}.prefixes"),
                tuple(
                    Subnet(key, self._read.prefix4(item.prefix, f"vnets.{name}.subnets.{key}.prefix"), item.route_table)
                    for key, item in vnet.subnets.items()
                ),
                vnet.region,
            )
            for name, vnet in shape.vnets.items()
        )
        owners = {
            name: within(self._vnets, gateway.vnet, GATEWAY_SUBNET) for name, gateway in shape.vpn_gateways.items()
        }
        reader = AddressReader(owners)
        reader.problems = self._read.problems
        self._read = reader

    @property
    def problems(self) -> list[Problem]:
        return self._read.problems

    def topology(self) -> Topology:
        shape, read = self._shape, self._read
        return Topology(
            vnets=self._vnets,
            peerings=tuple(
                Peering(
                    item.vnet,
                    item.remote,
                    item.allow_gateway_transit,
                    item.use_remote_gateways,
                    item.allow_forwarded_traffic,
                    item.is_global,
                    State(item.state),
                )
                for item in shape.peerings
            ),
            route_tables=tuple(
                RouteTable(
                    name,
                    tuple(
                        UserRoute(
                            read.prefix(route.prefix, f"route_tables.{name}.routes[{index}].prefix"),
                            NextHopType(route.next_hop_type),
                            read.next_hop(route.next_hop, f"route_tables.{name}.routes[{index}].next_hop"),
                        )
                        for index, route in enumerate(table.routes)
                    ),
                    table.propagate_gateway_routes,
                )
                for name, table in shape.route_tables.items()
            ),
            nics=tuple(
                Nic(
                    name,
                    nic.vnet,
                    nic.subnet,
                    read.address(nic.ip, f"nics.{name}.ip", unknown_in(self._vnets, name, "ip", nic.vnet, nic.subnet)),
                )
                for name, nic in shape.nics.items()
            ),
            vpn_gateways=tuple(self._vpn_gateway(name, gateway) for name, gateway in shape.vpn_gateways.items()),
            er_gateways=tuple(
                ErGateway(
                    name,
                    gateway.vnet,
                    self._instances(gateway.instances, f"er_gateways.{name}", name, gateway.vnet, GATEWAY_SUBNET),
                    gateway.asn,
                    gateway.allow_remote_vnet_traffic,
                )
                for name, gateway in shape.er_gateways.items()
            ),
            route_servers=tuple(
                RouteServer(
                    name,
                    server.vnet,
                    self._instances(server.instances, f"route_servers.{name}", name, server.vnet, ROUTE_SERVER_SUBNET),
                    server.asn,
                    server.branch_to_branch,
                    Preference(server.preference),
                )
                for name, server in shape.route_servers.items()
            ),
            circuits=tuple(
                Circuit(
                    name,
                    tuple(self._circuit_path(name, key, path) for key, path in circuit.paths.items()),
                    circuit.asn,
                    None
                    if circuit.advertises_only is None
                    else read.prefixes(circuit.advertises_only, f"circuits.{name}.advertises_only"),
                )
                for name, circuit in shape.circuits.items()
            ),
            er_connections=tuple(
                ErConnection(
                    item.name,
                    item.gateway,
                    item.circuit,
                    item.weight,
                    tuple(
                        (
                            path,
                            read.address(
                                ip, f"er_connections[{index}].next_hops.{path}", msee_symbol(item.circuit, path)
                            ),
                        )
                        for path, ip in item.next_hops.items()
                    ),
                    State(item.state),
                )
                for index, item in enumerate(shape.er_connections)
            ),
            global_reach=tuple((pair[0], pair[-1]) for pair in shape.global_reach),
            routers=tuple(self._router(name, router) for name, router in shape.routers.items()),
            vpn_connections=tuple(self._vpn_connection(index) for index in range(len(shape.vpn_connections))),
            bgp_sessions=tuple(self._bgp_session(index) for index in range(len(shape.bgp_sessions))),
            intent=tuple(self._intent(index) for index in range(len(shape.intent))),
        )

    def _instances(
        self, texts: Sequence[str | None], where: str, owner: str, vnet: str, subnet: str
    ) -> tuple[Address, ...]:
        return tuple(
            self._read.address(
                text,
                f"{where}.instances[{index}]",
                unknown_in(self._vnets, owner, f"instances[{index}]", vnet, subnet),
            )
            for index, text in enumerate(texts)
        )

    def _vpn_gateway(self, name: str, gateway: VpnGatewayShape) -> VpnGateway:
        read, where = self._read, f"vpn_gateways.{name}.instances"
        count = 2 if gateway.active_active else 1

        def symbol(index: int, attribute: str) -> Symbol:
            return unknown_in(self._vnets, name, f"instances[{index}].{attribute}", gateway.vnet, GATEWAY_SUBNET)

        instances = tuple(
            VpnInstance(
                read.address(item.bgp, f"{where}[{index}].bgp", symbol(index, "bgp")),
                read.address(item.tunnel, f"{where}[{index}].tunnel", symbol(index, "tunnel"))
                if "tunnel" in item.model_fields_set
                else None,
                read.address(item.public, f"{where}[{index}].public", public_symbol(name, index))
                if "public" in item.model_fields_set
                else None,
                tuple(read.literal(ip, f"{where}[{index}].apipa") for ip in item.apipa),
                State(item.state),
            )
            for index, item in enumerate(gateway.instances or [])
        ) or tuple(VpnInstance(symbol(index, "bgp")) for index in range(count))
        return VpnGateway(name, gateway.vnet, instances, gateway.asn, gateway.active_active)

    def _circuit_path(self, circuit: str, name: str, path: CircuitPathShape) -> CircuitPath:
        read, where = self._read, f"circuits.{circuit}.paths.{name}"
        return CircuitPath(
            name,
            read.address(path.msee, f"{where}.msee", msee_symbol(circuit, name)),
            path.router,
            read.optional(path.msee_peer_ip, f"{where}.msee_peer_ip"),
            read.optional(path.router_peer_ip, f"{where}.router_peer_ip"),
            State(path.state),
            self._filter(path.to_router, f"{where}.to_router"),
            self._filter(path.from_router, f"{where}.from_router"),
        )

    def _router(self, name: str, router: RouterShape) -> Router:
        read, where = self._read, f"routers.{name}"
        return Router(
            name,
            router.asn,
            tuple(
                RouterNic(
                    nic.vnet,
                    nic.subnet,
                    read.address(
                        nic.ip,
                        f"{where}.nics[{index}].ip",
                        unknown_in(self._vnets, name, f"nics[{index}].ip", nic.vnet, nic.subnet),
                    ),
                )
                for index, nic in enumerate(router.nics)
            ),
            tuple(
                read.address(ip, f"{where}.addresses[{index}]", Symbol(name, f"addresses[{index}]", ANYWHERE))
                for index, ip in enumerate(router.addresses)
            ),
            read.prefixes(router.networks, f"{where}.networks"),
            tuple(
                Static(
                    read.destination(static.prefix, f"{where}.statics[{index}].prefix"),
                    read.optional(static.next_hop, f"{where}.statics[{index}].next_hop"),
                    static.redistribute,
                )
                for index, static in enumerate(router.statics)
            ),
            tuple(
                Announcement(
                    read.prefix(item.prefix, f"{where}.announces[{index}].prefix"),
                    tuple(item.as_path),
                    None if item.to is None else tuple(item.to),
                    read.optional(item.next_hop, f"{where}.announces[{index}].next_hop"),
                    item.med,
                )
                for index, item in enumerate(router.announces)
            ),
        )

    def _vpn_connection(self, index: int) -> VpnConnection:
        read, item, where = self._read, self._shape.vpn_connections[index], f"vpn_connections[{index}]"
        return VpnConnection(
            item.name,
            item.gateway,
            item.remote,
            None if item.instances is None else tuple(sorted(set(item.instances))),
            None if item.remote_instances is None else tuple(sorted(set(item.remote_instances))),
            read.optional(item.remote_ip, f"{where}.remote_ip"),
            read.optional(item.remote_endpoint, f"{where}.remote_endpoint"),
            Underlay(item.over),
            item.bgp,
            read.prefixes4(item.static_prefixes, f"{where}.static_prefixes"),
            read.prefixes4(item.remote_static_prefixes, f"{where}.remote_static_prefixes"),
            self._filter(item.exports, f"{where}.exports"),
            self._filter(item.imports, f"{where}.imports"),
            State(item.state),
        )

    def _bgp_session(self, index: int) -> BgpSession:
        read, item, where = self._read, self._shape.bgp_sessions[index], f"bgp_sessions[{index}]"
        return BgpSession(
            item.name,
            item.a,
            item.b,
            read.optional(item.a_ip, f"{where}.a_ip"),
            read.optional(item.b_ip, f"{where}.b_ip"),
            self._filter(item.a_exports, f"{where}.a_exports"),
            self._filter(item.b_exports, f"{where}.b_exports"),
            State(item.state),
        )

    def _filter(self, shape: FilterShape, where: str) -> Filter:
        read = self._read
        found = Filter(
            None if shape.permit is None else read.prefixes(shape.permit, f"{where}.permit"),
            read.prefixes(shape.deny, f"{where}.deny"),
            tuple(shape.prepend),
            None if shape.prepend_only is None else read.prefixes(shape.prepend_only, f"{where}.prepend_only"),
            read.optional(shape.next_hop, f"{where}.next_hop"),
            shape.as_override,
            shape.local_preference,
        )
        return PASS if found == PASS else found

    def _intent(self, index: int) -> Intent:
        read, item, where = self._read, self._shape.intent[index], f"intent[{index}]"
        return Intent(
            read.prefixes4(item.sources, f"{where}.from"),
            read.prefixes4(item.destinations, f"{where}.to"),
            Mode(item.mode),
            item.name,
            tuple(
                Exemption(
                    exempt.reason,
                    exempt.expires,
                    read.prefixes4(exempt.sources, f"{where}.exempt[{position}].from"),
                    read.prefixes4(exempt.destinations, f"{where}.exempt[{position}].to"),
                    exempt.protocol,
                    exempt.port,
                )
                for position, exempt in enumerate(item.exempt)
            ),
        )


def within(vnets: Sequence[VNet], vnet: str, subnet: str | None) -> IPv4Network:
    """The subnet that an unknown address comes from, as far as the topology tells."""
    found = next((item for item in vnets if item.name == vnet), None)
    place = found.subnet(subnet) if found and subnet else None
    return place.prefix if place else ANYWHERE


def unknown_in(vnets: Sequence[VNet], owner: str, attribute: str, vnet: str, subnet: str | None) -> Symbol:
    return Symbol(owner, attribute, within(vnets, vnet, subnet))


def msee_symbol(circuit: str, path: str) -> Symbol:
    return Symbol(circuit, f"paths[{path}].msee", ANYWHERE)


def public_symbol(gateway: str, index: int) -> Symbol:
    return Symbol(gateway, f"instances[{index}].public", ANYWHERE)
