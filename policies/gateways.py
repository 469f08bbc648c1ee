"""Rules on gateways and Route Server."""

from __future__ import annotations

from collections.abc import Iterator

from policies.network import IpsecConnection, Network, flag
from policies.registry import Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation
from vpner.plan.bgp import AZURE_ASN
from vpner.readers.resources import UNKNOWN, Resource, Unknown, mappings

ACTIVE_ACTIVE_CONFIGURATIONS = 2
_ACTIVE_ACTIVE_KEYS = "activeActive: true, two ipConfigurations with a public address each, bgpSettings.asn: 65515"


@rule(
    "private-address-pair",
    Severity.CRITICAL,
    needs=(
        "VirtualNetworkGatewayConnection.connectionType",
        "VirtualNetworkGatewayConnection.useLocalAzureIpAddress",
        "VirtualNetworkGateway.enablePrivateIpAddress",
        "LocalNetworkGateway.gatewayIpAddress",
    ),
    facts=("Learn: Site-to-site VPN connections over ExpressRoute private peering, 2023-07-28",),
    why="A tunnel over private peering needs both flags: the gateway must have private addresses "
    "(enablePrivateIpAddress) and the connection must use them (useLocalAzureIpAddress); with one of them the gateway "
    "talks to the device from its public address, and the tunnel does not come up",
    remedy="set enablePrivateIpAddress: true on the gateway and useLocalAzureIpAddress: true on the connection",
    fails=(
        Example(
            "the connection to a private endpoint does not use the private address",
            (Edit("connection", "useLocalAzureIpAddress", None),),
        ),
        Example("the gateway has no private address", (Edit("vpn-gateway", "enablePrivateIpAddress", False),)),
    ),
    passes=(
        Example("both flags are set"),
        Example(
            "the far end is a public address of one's own, announced over private peering",
            (Edit("local", "gatewayIpAddress", "203.0.113.4"),),
        ),
        Example(
            "the connection runs over the Internet",
            (
                Edit("connection", "useLocalAzureIpAddress", None),
                Edit("vpn-gateway", "enablePrivateIpAddress", None),
                Edit("local", "gatewayIpAddress", "203.0.113.4"),
            ),
        ),
    ),
    unknown=(
        Example("the connection's flag is unknown", (Edit("connection", "useLocalAzureIpAddress", UNKNOWN),)),
        Example("the gateway's flag is unknown", (Edit("vpn-gateway", "enablePrivateIpAddress", UNKNOWN),)),
        Example(
            "nobody knows whether the far end is private",
            (Edit("connection", "useLocalAzureIpAddress", None), Edit("local", "gatewayIpAddress", UNKNOWN)),
        ),
    ),
)
def private_address_pair(network: Network) -> Iterator[Verdict]:
    """A connection over private peering uses the gateway's private address, and the gateway has one.

    A connection whose gateway is not in the stack is `tunnel-ends-known`'s finding, and not repeated here.
    """
    gateways = {tunnel.gateway.urn: tunnel.gateway for tunnel in network.tunnels}
    for connection in network.ipsec_connections:
        if connection.over_private_peering is False:
            continue
        yield _connection_flag(connection)
        if isinstance(connection.gateway, Resource) and connection.over_private_peering is True:
            gateways[connection.gateway.urn] = connection.gateway
    for gateway in gateways.values():
        match flag(gateway, "enablePrivateIpAddress"):
            case True:
                yield passed(gateway)
            case False:
                yield violation(
                    gateway,
                    "the gateway has no private address, and a tunnel of it runs over private peering",
                    "set enablePrivateIpAddress: true on the gateway",
                )
            case _:
                yield inconclusive(
                    gateway,
                    "whether the gateway has a private address is unknown (enablePrivateIpAddress)",
                    "write enablePrivateIpAddress: true as a literal, not as another resource's output",
                )


def _connection_flag(connection: IpsecConnection) -> Verdict:
    if connection.over_private_peering is UNKNOWN and connection.uses_private_address is False:
        return inconclusive(
            connection.resource,
            "whether the far end is a private address is unknown (gatewayIpAddress of its local network gateway)",
            "write gatewayIpAddress as a literal in a LocalNetworkGateway of this stack, and useLocalAzureIpAddress: "
            "true if the tunnel runs over private peering",
        )
    match connection.uses_private_address:
        case True:
            return passed(connection.resource)
        case False:
            return violation(
                connection.resource,
                f"useLocalAzureIpAddress is not set, and the far end {connection.endpoint} is a private address",
                "set useLocalAzureIpAddress: true on the connection",
            )
        case _:
            return inconclusive(
                connection.resource,
                "whether the connection uses the private address is unknown (useLocalAzureIpAddress)",
                "write useLocalAzureIpAddress: true as a literal, not as another resource's output",
            )


@rule(
    "gateway-network-known",
    Severity.HIGH,
    needs=(
        "VirtualNetworkGateway.gatewayType",
        "VirtualNetworkGateway.ipConfigurations[].subnet.id",
        "VirtualHubIpConfiguration.subnet.id",
        "VirtualHubIpConfiguration.virtualHubName",
        "Subnet.virtualNetworkName",
    ),
    facts=("Learn: About ExpressRoute virtual network gateways, 2026-09-05: the gateway's subnet is GatewaySubnet",),
    why="Which gateways and which Route Server exchange routes depends on the virtual network that they share",
    remedy="write ipConfigurations[].subnet.id of the gateway (of Route Server: subnet.id of its "
    "VirtualHubIpConfiguration, whose virtualHubName names the hub) as the output of a Subnet of this stack, or as a "
    "literal id; its virtualNetworkName must be that of a VirtualNetwork, or a literal",
    fails=(),
    passes=(
        Example("every gateway's subnet is a resource of the stack"),
        Example(
            "the subnet is a literal id of another stack's network",
            (
                Edit(
                    "vpn-gateway",
                    "ipConfigurations.0.subnet.id",
                    "/subscriptions/0/resourceGroups/lab/providers/Microsoft.Network/virtualNetworks/hub-vnet/subnets/"
                    "GatewaySubnet",
                ),
            ),
        ),
    ),
    unknown=(
        Example("the VPN gateway has no ip configuration", (Edit("vpn-gateway", "ipConfigurations", None),)),
        Example("the network's name is unknown", (Edit("gateway-subnet", "virtualNetworkName", UNKNOWN),)),
        Example("Route Server has no ip configuration", (Edit("route-server-ip", "subnet", None),)),
    ),
)
def gateway_network_known(network: Network) -> Iterator[Verdict]:
    """Where the virtual network matters, that of each gateway and Route Server can be told.

    It matters where a Route Server exchanges routes between branches, and where a tunnel runs over private peering.
    """
    if not network.exchanging_route_servers and not network.tunnels:
        return
    gateways = {item.urn: item for kind in ("Vpn", "ExpressRoute") for item in network.gateways(kind)}
    homes = [(item, network.vnet_of_gateway(item)) for item in gateways.values()]
    homes += [(hub, network.vnet_of_route_server(hub)) for hub in network.exchanging_route_servers]
    yield from (passed(item) for item, home in homes if home is not None)
    lost = [item for item, home in homes if home is None]
    if lost:  # together, because gateways share a subnet and so the cause
        yield inconclusive(lost[0], f"the virtual network of {', '.join(map(str, lost))} is unknown")


@rule(
    "route-server-exchange-gateway",
    Severity.HIGH,
    needs=(
        "VirtualHub.allowBranchToBranchTraffic",
        "VirtualHub.virtualWan",
        "VirtualNetworkGateway.gatewayType",
        "VirtualNetworkGateway.activeActive",
        "VirtualNetworkGateway.ipConfigurations",
        "VirtualNetworkGateway.bgpSettings.asn",
    ),
    facts=(
        "Learn: Azure Route Server support for ExpressRoute and VPN",
        "Learn: Azure Route Server FAQ, 2025-09-17",
    ),
    why="Route Server exchanges routes between ExpressRoute and a VPN gateway only if that gateway is active-active "
    "and has ASN 65515; otherwise the hub routing preference decides nothing",
    remedy=f"give the VPN gateway {_ACTIVE_ACTIVE_KEYS}",
    fails=(
        Example("the gateway is active-standby", (Edit("vpn-gateway", "activeActive", False),)),
        Example("the gateway has one ip configuration", (Edit("vpn-gateway", "ipConfigurations.1", None),)),
        Example("the gateway has an ASN of its own", (Edit("vpn-gateway", "bgpSettings.asn", 65001),)),
    ),
    passes=(
        Example("the gateway is active-active with Azure's ASN"),
        Example("the ASN is left to Azure, which takes 65515", (Edit("vpn-gateway", "bgpSettings.asn", None),)),
        Example(
            "Route Server does not exchange between branches",
            (Edit("route-server", "allowBranchToBranchTraffic", False), Edit("vpn-gateway", "activeActive", False)),
        ),
    ),
    unknown=(
        Example("activeActive is unknown", (Edit("vpn-gateway", "activeActive", UNKNOWN),)),
        Example("the ASN is unknown", (Edit("vpn-gateway", "bgpSettings.asn", UNKNOWN),)),
        Example(
            "whether Route Server exchanges is unknown", (Edit("route-server", "allowBranchToBranchTraffic", UNKNOWN),)
        ),
    ),
)
def route_server_exchange_gateway(network: Network) -> Iterator[Verdict]:
    """A VPN gateway that exchanges routes through Route Server is active-active and has ASN 65515.

    A gateway or Route Server whose network is unknown is `gateway-network-known`'s finding, and not repeated here.
    """
    for hub in network.exchanging_route_servers:
        home = network.vnet_of_route_server(hub)
        for gateway in network.gateways("Vpn"):
            vnet = network.vnet_of_gateway(gateway)
            if home is None or vnet is None or not home.is_(vnet):
                continue
            if flag(hub, "allowBranchToBranchTraffic") is UNKNOWN:
                yield inconclusive(
                    hub,
                    "whether Route Server exchanges routes between branches is unknown (allowBranchToBranchTraffic)",
                    "write allowBranchToBranchTraffic as a literal",
                )
            else:
                yield _exchange(gateway)


def _exchange(gateway: Resource) -> Verdict:
    wrong: list[str] = []
    unknown: list[str] = []
    match flag(gateway, "activeActive"):
        case False:
            wrong.append("activeActive is not true")
        case Unknown():
            unknown.append("activeActive")
    configurations = gateway.get("ipConfigurations")
    if configurations is UNKNOWN:
        unknown.append("ipConfigurations")
    elif len(mappings(configurations)) < ACTIVE_ACTIVE_CONFIGURATIONS:
        wrong.append(f"it has {len(mappings(configurations))} of two ipConfigurations")
    asn = gateway.get("bgpSettings.asn")
    if asn is UNKNOWN:
        unknown.append("bgpSettings.asn")
    elif asn not in (None, AZURE_ASN):
        wrong.append(f"bgpSettings.asn is not {AZURE_ASN}")
    if wrong:
        return violation(gateway, f"Route Server exchanges routes with this gateway, and {', '.join(wrong)}")
    if unknown:
        return inconclusive(
            gateway,
            f"Route Server exchanges routes with this gateway, and {', '.join(unknown)} is unknown",
            f"write literals: {_ACTIVE_ACTIVE_KEYS}",
        )
    return passed(gateway)
