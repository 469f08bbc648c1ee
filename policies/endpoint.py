"""Rules on the tunnels' far ends: what they are, and that Azure's packets to them take ExpressRoute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

from policies.declared import POLICY, Declared
from policies.network import IpsecConnection, Network, PlannedConnection, Tunnel
from policies.registry import Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation
from vpner.readers.resources import UNKNOWN, Resource, Value, VNet, has_unknown, mappings

_PEERING_DOC = "Learn: Site-to-site VPN connections over ExpressRoute private peering, 2023-07-28"
_DECLARE_DEVICE = (
    f"declare the device: a component's output `device` or `devices`, or `devices` in the configuration of policy "
    f"{POLICY}: {{name, endpoint, expressRouteInterface, statics: [{{destination, interface}}], "
    f"tunnels: [{{remote}}], advertises}}"
)


@rule(
    "tunnel-ends-known",
    Severity.CRITICAL,
    needs=(
        "VirtualNetworkGatewayConnection.virtualNetworkGateway1.id",
        "VirtualNetworkGatewayConnection.localNetworkGateway2.id",
        "LocalNetworkGateway.gatewayIpAddress",
        "devices[].endpoint",
        "gateway.name",
        "gateway.connections[].endpoint",
    ),
    facts=(_PEERING_DOC,),
    why="Whether a tunnel's packets take ExpressRoute can only be judged with the gateway, the device and the "
    "device's routes",
    remedy=_DECLARE_DEVICE,
    fails=(
        Example(
            "the connection leads to an address that no declared device has",
            (Edit("local", "gatewayIpAddress", "10.100.0.5"),),
        ),
        Example("the device is declared with another endpoint", (Edit("appliance", "device.endpoint", "10.100.0.5"),)),
    ),
    passes=(Example("gateway, local network gateway and device are all known"),),
    unknown=(
        Example("the gateway is unknown", (Edit("connection", "virtualNetworkGateway1.id", "lost"),)),
        Example("the local network gateway is unknown", (Edit("connection", "localNetworkGateway2.id", "lost"),)),
        Example("the endpoint is unknown", (Edit("local", "gatewayIpAddress", UNKNOWN),)),
        Example("no device is declared", (Edit("appliance", "device", None),)),
        Example("the device is unknown", (Edit("appliance", "device", UNKNOWN),)),
    ),
)
def tunnel_ends_known(network: Network) -> Iterator[Verdict]:
    """Of every tunnel over private peering, the gateway, the endpoint and the device there are known."""
    for connection in network.ipsec_connections:
        if connection.over_private_peering is True:
            yield _ends(network, connection)
    for planned in network.planned_connections:
        yield _planned_ends(network, planned)


def _ends(network: Network, connection: IpsecConnection) -> Verdict:
    what: list[str] = []
    remedies: list[str] = []
    if not isinstance(connection.gateway, Resource):
        what.append("its gateway is no known resource of this stack (virtualNetworkGateway1.id)")
        remedies.append("refer to the VirtualNetworkGateway's own output, and build both in one stack")
    if not isinstance(connection.local, Resource):
        what.append("its local network gateway is no known resource of this stack (localNetworkGateway2.id)")
        remedies.append("refer to the LocalNetworkGateway's own output, and build both in one stack")
    elif not isinstance(connection.endpoint, IPv4Address):
        what.append(f"gatewayIpAddress of {connection.local} is absent, unknown or no IPv4 address")
        remedies.append("write gatewayIpAddress as a literal IPv4 address: the device's endpoint")
    if what:
        return inconclusive(connection.resource, "; ".join(what), "; ".join(remedies))
    assert isinstance(connection.endpoint, IPv4Address)
    return _device_there(network, connection.resource, connection.endpoint)


def _planned_ends(network: Network, planned: PlannedConnection) -> Verdict:
    if planned.gateway is None or not isinstance(planned.endpoint, IPv4Address):
        return inconclusive(
            planned.resource,
            "a connection is planned for stage provisioned, and its gateway (gateway.name) is no VPN gateway of this "
            "stack, or its endpoint (gateway.connections[].endpoint) is no IPv4 address",
            "register the VPN gateway's name in Azure, and the device's endpoint as a literal",
        )
    return _device_there(network, planned.resource, planned.endpoint)


def _device_there(network: Network, resource: Resource, endpoint: IPv4Address) -> Verdict:
    if network.devices_at(endpoint):
        return passed(resource)
    if not network.outside.devices:
        return inconclusive(resource, f"nothing is known of the device at {endpoint}", _DECLARE_DEVICE)
    devices = network.outside.devices
    others = ", ".join(sorted(f"{item.name} {item.value.get('endpoint')}" for item in devices))
    what = f"no declared device has the endpoint {endpoint}; declared are {others}"
    remedy = f"write a declared device's endpoint as gatewayIpAddress, or {_DECLARE_DEVICE}"
    if any(item.value.get("endpoint") is UNKNOWN for item in devices):
        return inconclusive(resource, what, remedy)
    return violation(resource, what, remedy)


@rule(
    "endpoint-announced-over-expressroute",
    Severity.CRITICAL,
    needs=(
        "VirtualNetworkGatewayConnection.connectionType",
        "VirtualNetworkGatewayConnection.virtualNetworkGateway1.id",
        "VirtualNetworkGatewayConnection.peer.id",
        "circuits[].gateway",
        "circuits[].name",
        "routers[].links[].circuit",
        "routers[].statics[].prefix",
        "routers[].statics[].circuit",
        "routers[].statics[].redistribute",
        "routers[].networks[]",
        "devices[].advertises[]",
        "LocalNetworkGateway.localNetworkAddressSpace.addressPrefixes[]",
    ),
    facts=(_PEERING_DOC, "Learn: Optimize ExpressRoute routing, 2025-01-31"),
    why="GatewaySubnet must have a route to the device's endpoint over ExpressRoute that is more specific than "
    "anything the tunnel announces; otherwise the tunnel's packets enter the tunnel, it dies, and traffic falls back "
    "to ExpressRoute in clear. A virtual network announces its own prefixes only, so a router at the far end must "
    "announce this /32",
    remedy="announce the endpoint's /32 on a router with a link to that circuit",
    fails=(
        Example("the router has no route", (Edit("circuits", "routers.0.statics", []),)),
        Example("the route is wider than /32", (Edit("circuits", "routers.0.statics.0.prefix", "10.100.0.0/28"),)),
        Example("the route is not announced", (Edit("circuits", "routers.0.statics.0.redistribute", False),)),
        Example(
            "the route points into Azure's own circuit", (Edit("circuits", "routers.0.statics.0.circuit", "hub-er"),)
        ),
    ),
    passes=(
        Example("a static on the provider's router points to the other circuit"),
        Example(
            "the customer's edge originates it",
            (
                Edit("circuits", "routers.0.statics", []),
                Edit("circuits", "routers.0.networks", ["10.100.0.4/32"]),
            ),
        ),
    ),
    unknown=(
        Example("no router is known", (Edit("circuits", "routers", None),)),
        Example("the routers are unknown", (Edit("circuits", "routers", UNKNOWN),)),
        Example("no known router is linked to the circuit", (Edit("circuits", "routers.0.links.0", None),)),
        Example("the connection's circuit is unknown", (Edit("hub-er-connection", "peer.id", "lost"),)),
        Example("the connection names no circuit", (Edit("hub-er-connection", "peer", None),)),
        Example(
            "the connection's gateway is unknown", (Edit("hub-er-connection", "virtualNetworkGateway1.id", "lost"),)
        ),
        Example(
            "one router's routes are unknown",
            (Edit("circuits", "routers.0.statics.0.prefix", UNKNOWN),),
        ),
    ),
)
def endpoint_announced_over_expressroute(network: Network) -> Iterator[Verdict]:
    """The endpoint's /32 reaches the gateway's network over every ExpressRoute circuit that it needs.

    Every circuit of the network must carry it if the device announces a prefix that covers it inside the tunnel, or
    may do so: on the loss of another circuit the tunnel would carry its own packets. Otherwise one is enough. A
    tunnel whose ends are not known is `tunnel-ends-known`'s finding, and a gateway whose network is not known is
    `gateway-network-known`'s.
    """
    for tunnel in network.tunnels:
        vnet = network.vnet_of_gateway(tunnel.gateway)
        contradicted = network.outside.devices and not network.devices_at(tunnel.endpoint)
        if vnet is None or contradicted or _express_route_is_lost(network, vnet):
            continue
        circuits = _circuits_of(network, tunnel, vnet)
        yield circuits if isinstance(circuits, Verdict) else _announced(network, tunnel, circuits)


def _express_route_is_lost(network: Network, vnet: VNet) -> bool:
    """Whether the network has no ExpressRoute gateway, and there is one of which nobody knows where it is."""
    homes = [network.vnet_of_gateway(gateway) for gateway in network.gateways("ExpressRoute")]
    return None in homes and not network.express_route_gateways(vnet)


def _circuits_of(network: Network, tunnel: Tunnel, vnet: VNet) -> list[frozenset[str]] | Verdict:
    """The circuits that the gateway's network is connected to, each by its names; a verdict if they are unknown."""
    gateways = network.express_route_gateways(vnet)
    urns = {gateway.urn for gateway in gateways}
    names = {item.physical_name for item in (tunnel.gateway, *gateways)} - {None}
    connected: list[frozenset[str]] = []
    unclear: list[str] = []
    for connection, gateway, circuit in network.express_route_connections:
        if not isinstance(gateway, Resource):
            unclear.append(f"{connection} leads to no known gateway (virtualNetworkGateway1.id)")
        elif gateway.urn in urns:
            connected.append(circuit)
            if not circuit:
                unclear.append(f"the circuit of {connection} is unknown (peer.id)")
    # Before the circuits are provisioned there are no connections, and the component says which there will be.
    ordered = [] if connected else [item for item in network.outside.circuits if item.stage == "ordered"]
    declared = [item for item in network.outside.circuits if item.resource is None]
    connected += [frozenset({item.name}) for item in (*ordered, *declared) if item.value.get("gateway") in names]
    if connected and not unclear:
        return connected
    remedy = (
        "write the connection's virtualNetworkGateway1.id and peer.id as outputs of this stack's resources or literal "
        f"ids; if it is in another stack, declare `circuits: [{{name, gateway: {tunnel.gateway.physical_name}}}]` in "
        f"the configuration of policy {POLICY}"
    )
    if unclear:
        return inconclusive(tunnel.resource, "; ".join(unclear), remedy)
    found = "no ExpressRoute connection" if gateways else "no ExpressRoute gateway, and so no connection,"
    what = f"{found} is known in virtual network {vnet.name}, where the tunnel's gateway {tunnel.gateway.name} lives"
    return inconclusive(tunnel.resource, what, f"build the ExpressRoute connection, or: {remedy}")


def _announced(network: Network, tunnel: Tunnel, circuits: list[frozenset[str]]) -> Verdict:
    route = f"{tunnel.endpoint}/32"
    without = [names for names in circuits if not any(_announces(r, names, route) for r in network.outside.routers)]
    if not without or (len(without) < len(circuits) and not _may_be_covered(network, tunnel)):
        return passed(tunnel.resource)
    listed = ", ".join(min(names) for names in without)
    linked = [r for r in network.outside.routers if any(_linked(r, names) for names in without)]
    if not linked:
        return inconclusive(
            tunnel.resource,
            f"who announces {route} over circuit {listed} is unknown: no declared router has a link to it",
            "declare the router: a component's output `routers`, or `routers` in the configuration of policy "
            f"{POLICY}: {{name, links: [{{circuit: {listed}}}], statics: [{{prefix: {route}, circuit: OTHER}}]}}, or "
            f"networks: [{route}] instead of statics where the router announces it over every link",
        )
    routers = ", ".join(item.name for item in linked)
    what = f"no router announces {route}, the device's endpoint, over circuit {listed}"
    remedy = (
        f"on router {routers} add a static {{prefix: {route}, circuit: THE CIRCUIT TOWARDS THE DEVICE}} that is "
        f"redistributed, or {route} to its networks"
    )
    if any(has_unknown(item.value) for item in linked):
        return inconclusive(tunnel.resource, f"{what} as far as is known; part of {routers} is unknown", remedy)
    return violation(tunnel.resource, what, remedy)


def _linked(router: Declared, circuit: frozenset[str]) -> bool:
    return any(link.get("circuit") in circuit for link in mappings(router.value.get("links")))


def _announces(router: Declared, circuit: frozenset[str], route: str) -> bool:
    """Whether the router announces the route over one of the circuit's links: not where it points to."""
    if not _linked(router, circuit):
        return False
    networks = router.value.get("networks")
    if isinstance(networks, list) and route in networks:
        return True
    return any(_carries(static, circuit, route) for static in mappings(router.value.get("statics")))


def _carries(static: Mapping[str, Value], circuit: frozenset[str], route: str) -> bool:
    towards, announced = static.get("circuit"), static.get("redistribute")
    return (
        static.get("prefix") == route
        and isinstance(towards, str)
        and towards not in circuit
        and (announced is None or announced is True)
    )


def _may_be_covered(network: Network, tunnel: Tunnel) -> bool:
    """Whether the endpoint lies in a prefix that a tunnel may bring: announced by a device, or a connection's static.

    What is not said may be so.
    """
    advertised = [device.value.get("advertises") for device in network.outside.devices]
    locals_ = [item.local for item in network.ipsec_connections if isinstance(item.local, Resource)]
    # Without prefixes of its own a local network gateway brings none; a device that lists none may announce any.
    statics = [item.get("localNetworkAddressSpace.addressPrefixes") for item in locals_]
    brought = (*advertised, *(prefixes for prefixes in statics if prefixes is not None))
    return any(not isinstance(prefixes, list) or any(_covers(p, tunnel) for p in prefixes) for prefixes in brought)


def _covers(prefix: Value, tunnel: Tunnel) -> bool:
    try:
        return not isinstance(prefix, str) or tunnel.endpoint in IPv4Network(prefix, strict=False)
    except ValueError:
        return True
