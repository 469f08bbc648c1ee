"""Rules on what must not be attached to GatewaySubnet and RouteServerSubnet: security groups and route tables."""

from __future__ import annotations

from collections.abc import Iterator

from vpner.plan.addressing import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET
from vpner.readers.resources import UNKNOWN, Resource, look_up
from vpner.rules.network import Network, flag
from vpner.rules.registry import MADE_FROM, Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation
from vpner.rules.subnets import IN_TUNNEL_NETWORK, PlatformSubnet, platform_subnets

_SETTINGS = "Learn: About ExpressRoute virtual network gateways, 2026-09-05"
_ROUTE_SERVER_FAQ = "Learn: Azure Route Server FAQ, 2025-09-17"
_OTHER_STACK = "/subscriptions/0/resourceGroups/other/providers/Microsoft.Network/routeTables/theirs"
_TABLE = (
    Edit("gateway-subnet", "routeTable", {"id": UNKNOWN}),
    Edit("gateway-subnet", f"{MADE_FROM}routeTable", ("spoke-routes",)),
)


@rule(
    "no-nsg-on-platform-subnets",
    Severity.HIGH,
    needs=(*IN_TUNNEL_NETWORK, "Subnet.networkSecurityGroup.id", "VirtualNetwork.subnets[].networkSecurityGroup.id"),
    facts=(_SETTINGS, _ROUTE_SERVER_FAQ),
    why="Azure refuses a security group on GatewaySubnet (NetworkSecurityGroupCannotBeAttachedToGatewaySubnet), and "
    "does not support one on RouteServerSubnet",
    remedy="remove networkSecurityGroup from the subnet",
    fails=(
        Example("GatewaySubnet has one", (Edit("gateway-subnet", "networkSecurityGroup", {"id": UNKNOWN}),)),
        Example("RouteServerSubnet has one", (Edit("route-server-subnet", "networkSecurityGroup", {"id": UNKNOWN}),)),
    ),
    passes=(
        Example("neither has one"),
        Example("a workload's subnet has one", (Edit("spoke-subnet", "networkSecurityGroup", {"id": UNKNOWN}),)),
    ),
    unknown=(
        Example("whether GatewaySubnet has one is unknown", (Edit("gateway-subnet", "networkSecurityGroup", UNKNOWN),)),
    ),
)
def no_nsg_on_platform_subnets(network: Network) -> Iterator[Verdict]:
    """GatewaySubnet and RouteServerSubnet have no network security group."""
    for subnet in platform_subnets(network, GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, underlay=True):
        yield _nothing_attached(subnet, "networkSecurityGroup")


@rule(
    "platform-subnet-routes",
    Severity.HIGH,
    needs=(
        *IN_TUNNEL_NETWORK,
        "Subnet.routeTable.id",
        "VirtualNetwork.subnets[].routeTable.id",
        "RouteTable.disableBgpRoutePropagation",
    ),
    facts=(_SETTINGS, _ROUTE_SERVER_FAQ),
    why="Gateways need the routes that they propagate in their own subnet, the device's among them; and Route Server "
    "supports no route table at all",
    remedy="remove routeTable from the subnet",
    fails=(
        Example(
            "GatewaySubnet's table takes no routes from gateways",
            (*_TABLE, Edit("spoke-routes", "disableBgpRoutePropagation", True)),
        ),
        Example("RouteServerSubnet has a table", (Edit("route-server-subnet", "routeTable", {"id": UNKNOWN}),)),
    ),
    passes=(
        Example("neither has a table"),
        Example("GatewaySubnet's table takes routes from gateways, which is the default", _TABLE),
        Example(
            "a workload's table takes no routes from gateways",
            (Edit("spoke-routes", "disableBgpRoutePropagation", True),),
        ),
    ),
    unknown=(
        Example("the table's flag is unknown", (*_TABLE, Edit("spoke-routes", "disableBgpRoutePropagation", UNKNOWN))),
        Example("whether GatewaySubnet has a table is unknown", (Edit("gateway-subnet", "routeTable", UNKNOWN),)),
        Example("the table is in another stack", (Edit("gateway-subnet", "routeTable", {"id": _OTHER_STACK}),)),
        Example(
            "whether RouteServerSubnet has a table is unknown", (Edit("route-server-subnet", "routeTable", UNKNOWN),)
        ),
    ),
)
def platform_subnet_routes(network: Network) -> Iterator[Verdict]:
    """GatewaySubnet's route table lets gateway routes in, and RouteServerSubnet has no route table."""
    for subnet in platform_subnets(network, ROUTE_SERVER_SUBNET):
        yield _nothing_attached(subnet, "routeTable")
    for subnet in platform_subnets(network, GATEWAY_SUBNET, underlay=True):
        table = subnet.reference(network, "routeTable", "RouteTable")
        if isinstance(table, Resource):
            yield _propagation(table, subnet)
        elif table is UNKNOWN:
            yield inconclusive(
                subnet.resource,
                f"the route table of {subnet.name} is unknown (routeTable.id)",
                "refer to a RouteTable of this stack, or remove routeTable",
            )
        else:
            yield passed(subnet.resource)


def _nothing_attached(subnet: PlatformSubnet, key: str) -> Verdict:
    attached = look_up(subnet.properties, key)
    if attached is UNKNOWN:
        return inconclusive(subnet.resource, f"{key} of {subnet.name} is unknown", f"leave {key} out")
    if attached is None or look_up(attached, "id") is None:
        return passed(subnet.resource)
    return violation(subnet.resource, f"{subnet.name} has a {key}", f"remove {key} from {subnet.name}")


def _propagation(table: Resource, subnet: PlatformSubnet) -> Verdict:
    match flag(table, "disableBgpRoutePropagation"):
        case True:
            return violation(
                table,
                f"disableBgpRoutePropagation is true, and the table is {subnet.name}'s",
                "set disableBgpRoutePropagation: false on the table, or remove routeTable from the subnet",
            )
        case False:
            return passed(table)
        case _:
            return inconclusive(
                table,
                f"disableBgpRoutePropagation is unknown, and the table is {subnet.name}'s",
                "write disableBgpRoutePropagation: false",
            )
