"""Rules on gateways and Route Server."""

from __future__ import annotations

from collections.abc import Iterator

from vpner.plan.bgp import AZURE_ASN
from vpner.readers.resources import UNKNOWN, Resource, Unknown, mappings
from vpner.rules.network import IpsecConnection, Network, flag, same_word
from vpner.rules.registry import (
    Edit,
    Example,
    Severity,
    Verdict,
    inconclusive,
    passed,
    rule,
    violation,
)

ACTIVE_ACTIVE_CONFIGURATIONS = 2
_ACTIVE_ACTIVE_KEYS = "activeActive: true, two ipConfigurations with a public address each, bgpSettings.asn: 65515"

ON_TUNNEL = (
    "VirtualNetworkGateway.gatewayType",
    "VirtualNetworkGateway.enablePrivateIpAddress",
    "VirtualNetworkGatewayConnection.connectionType",
    "VirtualNetworkGatewayConnection.useLocalAzureIpAddress",
    "LocalNetworkGateway.gatewayIpAddress",
    "component.gateway.connections",
)
"""What :func:`tunnel_gateways` reads."""


def tunnel_gateways(network: Network) -> tuple[Resource, ...]:
    """VPN gateways with a tunnel over private peering, built or planned, or with a private address for one."""
    prepared = (item for item in network.gateways("Vpn") if flag(item, "enablePrivateIpAddress") is True)
    return tuple({item.urn: item for item in (*_with_tunnel(network), *prepared)}.values())


def _with_tunnel(network: Network) -> Iterator[Resource]:
    yield from network.planned_gateways
    for connection in network.ipsec_connections:
        if isinstance(connection.gateway, Resource) and connection.over_private_peering is True:
            yield connection.gateway


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

    A connection whose gateway is not in the stack is `network-known`'s finding, and not repeated here.
    """
    for connection in network.ipsec_connections:
        if connection.over_private_peering is not False:
            yield _connection_flag(connection)
    for gateway in {item.urn: item for item in _with_tunnel(network)}.values():
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
        "Learn: Azure Route Server support for ExpressRoute and VPN, 2025",
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

    A gateway or Route Server whose network is unknown is `network-known`'s finding, and not repeated here.
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
        case _:
            pass
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


@rule(
    "route-based-gateway",
    Severity.HIGH,
    needs=(*ON_TUNNEL, "VirtualNetworkGateway.vpnType"),
    facts=("Learn: Configure ExpressRoute and site-to-site coexisting connections, 2025",),
    why="A policy-based VPN gateway speaks IKEv1 without BGP, and cannot live beside an ExpressRoute gateway",
    remedy="write vpnType: RouteBased on the gateway",
    fails=(Example("the gateway is policy-based", (Edit("vpn-gateway", "vpnType", "PolicyBased"),)),),
    passes=(
        Example("the gateway is route-based"),
        Example(
            "the type is left to Azure: a gateway with an AZ SKU is route-based",
            (Edit("vpn-gateway", "vpnType", None),),
        ),
    ),
    unknown=(Example("the type is unknown", (Edit("vpn-gateway", "vpnType", UNKNOWN),)),),
)
def route_based_gateway(network: Network) -> Iterator[Verdict]:
    """A VPN gateway with a tunnel over private peering is route-based.

    Absent is fine: only the Basic SKU has policy-based gateways.
    """
    for gateway in tunnel_gateways(network):
        given = gateway.get("vpnType")
        if given is UNKNOWN:
            yield inconclusive(gateway, "vpnType is unknown", "write vpnType: RouteBased")
        elif given is not None and same_word(given, "RouteBased") is not True:
            yield violation(gateway, f"vpnType is {given}")
        else:
            yield passed(gateway)
