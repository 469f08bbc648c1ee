"""Route tables and network security groups."""

from __future__ import annotations

from vpner.simulator.errors import bad_request
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    address,
    guid,
    is_same,
    kind_type,
    number,
    objects,
    prefix,
    reference,
    text,
    users,
)
from vpner.simulator.kinds.networks import SUBNET, check_route_table_at
from vpner.simulator.store import Body, Record, Snapshot

_NIC = "Microsoft.Network/networkInterfaces"
_LOWEST_PRIORITY, _HIGHEST_PRIORITY = 100, 4096


def _check_routes(request: Request) -> None:
    seen: set[str] = set()
    for route in objects(request.body, "routes"):
        name, destination = text(route, "name"), text(route, "addressPrefix") or ""
        if destination in seen:
            raise bad_request("SimRouteConflict", f"Route {name}: the route table has another route to {destination}.")
        seen.add(destination)
        if destination and destination[0].isdigit():
            prefix(destination)  # otherwise a service tag
        hop, hop_type = text(route, "nextHopIpAddress"), text(route, "nextHopType")
        if (hop_type == "VirtualAppliance") != bool(hop):
            raise bad_request(
                "SimRouteNextHop",
                f"Route {name}: a next hop address is given with next hop type VirtualAppliance, and only then; "
                f"nextHopType is {hop_type}.",
            )
        if hop:
            address(f"route {name}", hop)
    for subnet in _subnets(request.cloud, request.resource_id, "routeTable"):
        check_route_table_at(subnet.name, request.body)


def _subnets(cloud: Snapshot, resource_id: str, name: str) -> list[Record]:
    return [subnet for subnet in cloud.all(SUBNET) if is_same(reference(subnet.body, name), resource_id)]


def _route_table_view(cloud: Snapshot, record: Record) -> Body:
    return {
        "routes": [{"hasBgpOverride": False, **route} for route in objects(record.body, "routes")],
        "subnets": [{"id": subnet.id} for subnet in _subnets(cloud, record.id, "routeTable")],
    }


ROUTE_TABLE = Kind(
    kind_type("network:RouteTable"),
    defaults={"disableBgpRoutePropagation": False},
    check=_check_routes,
    view=_route_table_view,
    in_use="InUseRouteTableCannotBeDeleted",
)


def _check_rules(request: Request) -> None:
    taken: set[tuple[str | None, int | None]] = set()
    for rule in objects(request.body, "securityRules"):
        name, priority = text(rule, "name"), number(rule, "priority")
        if priority is None or not _LOWEST_PRIORITY <= priority <= _HIGHEST_PRIORITY:
            raise bad_request(
                "SecurityRuleInvalidPriority", f"Security rule {name} has invalid priority {priority}; 100 to 4096."
            )
        place = (text(rule, "direction"), priority)
        if place in taken:
            raise bad_request(
                "SecurityRuleConflict",
                f"Security rule {name} conflicts with another rule of its direction and priority.",
            )
        taken.add(place)


_DEFAULT_RULES = (
    ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
)
"""Rules of every network security group. [Learn: Network security groups]"""


def _security_group_view(cloud: Snapshot, record: Record) -> Body:
    defaults = [
        {
            "name": name,
            "id": f"{record.id}/defaultSecurityRules/{name}",
            "etag": f'W/"{guid(record.id)}"',
            "type": f"{record.type}/defaultSecurityRules",
            "provisioningState": "Succeeded",
            "priority": priority,
            "direction": direction,
            "access": access,
            "protocol": "*",
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": destination,
            "destinationPortRange": "*",
        }
        for name, priority, direction, access, source, destination in _DEFAULT_RULES
    ]
    return {
        "securityRules": objects(record.body, "securityRules"),
        "defaultSecurityRules": defaults,
        "subnets": [{"id": subnet.id} for subnet in _subnets(cloud, record.id, "networkSecurityGroup")],
        "networkInterfaces": [{"id": user.id} for user in users(cloud, record) if user.type == _NIC],
        "flowLogs": [],
    }


NETWORK_SECURITY_GROUP = Kind(
    kind_type("network:NetworkSecurityGroup"),
    check=_check_rules,
    view=_security_group_view,
    in_use="InUseNetworkSecurityGroupCannotBeDeleted",
)
