"""Virtual networks and subnets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations

from vpner.simulator.errors import bad_request
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    flag,
    is_within,
    kind_type,
    objects,
    parent_id,
    prefix,
    reference,
    text,
    texts,
    users,
)
from vpner.simulator.store import Body, Record, Snapshot

VNET = "Microsoft.Network/virtualNetworks"
SUBNET = "Microsoft.Network/virtualNetworks/subnets"
PEERING = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
GATEWAY = "Microsoft.Network/virtualNetworkGateways"
ROUTE_SERVER_CONFIGURATION = "Microsoft.Network/virtualHubs/ipConfigurations"

GATEWAY_SUBNET = "GatewaySubnet"
ROUTE_SERVER_SUBNET = "RouteServerSubnet"
BASTION_SUBNET = "AzureBastionSubnet"
_SMALLEST_SUBNET = 29


def address_space(vnet: Record) -> tuple[IPv4Network, ...]:
    """Address prefixes of a stored network."""
    return tuple(IPv4Network(value) for value in texts(vnet.body, "addressSpace", "addressPrefixes"))


def subnet_prefix(subnet: Record) -> IPv4Network:
    """First address prefix of a stored subnet."""
    return IPv4Network(subnet_prefixes(subnet.body)[0])


def subnet_prefixes(body: Mapping[str, object]) -> list[str]:
    """Address prefixes that a subnet's body gives, in either of the two ways."""
    single = text(body, "addressPrefix")
    return [single] if single else texts(body, "addressPrefixes")


def gateways_of(cloud: Snapshot, vnet_id: str) -> Iterator[Record]:
    """Gateways and Route Server of a network: whatever a spoke can use as a remote gateway."""
    for record in (*cloud.all(GATEWAY), *cloud.all(ROUTE_SERVER_CONFIGURATION)):
        subnets = [reference(item, "subnet") for item in objects(record.body, "ipConfigurations")]
        subnets.append(reference(record.body, "subnet"))
        if any(subnet and is_within(subnet, vnet_id) for subnet in subnets):
            yield record


def overlap(first: Iterable[IPv4Network], second: Iterable[IPv4Network]) -> list[IPv4Network]:
    """Prefixes of the first that share an address with the second."""
    others = tuple(second)
    return [prefix for prefix in first if any(prefix.overlaps(other) for other in others)]


def _check_vnet(request: Request) -> None:
    given = texts(request.body, "addressSpace", "addressPrefixes")
    if not given:
        raise bad_request("SimAddressSpaceRequired", f"Virtual network {request.name} has no address prefix.")
    space = [prefix(value) for value in given]
    for first, second in combinations(space, 2):
        if first.overlaps(second):
            raise bad_request(
                "SimAddressPrefixesOverlap", f"Address prefixes {first} and {second} of {request.name} overlap."
            )
    for subnet in request.cloud.within(request.resource_id, SUBNET):
        _check_inside(subnet.name, [subnet_prefix(subnet)], request.name, space)
    _check_peers(request, space)


def _check_peers(request: Request, space: list[IPv4Network]) -> None:
    for peering in request.cloud.within(request.resource_id, PEERING):
        remote = request.cloud.get(reference(peering.body, "remoteVirtualNetwork") or "")
        if remote is None:
            continue
        shared = overlap(space, address_space(remote))
        if shared:
            raise bad_request(
                "VnetAddressSpacesOverlap",
                f"Cannot update virtual network {request.resource_id}: its address space overlaps with that of the "
                f"peered virtual network {remote.id}. Overlapping address prefixes: {', '.join(map(str, shared))}.",
            )


def _check_inside(name: str, prefixes: Iterable[IPv4Network], vnet: str, space: Iterable[IPv4Network]) -> None:
    outer = tuple(space)
    for inner in prefixes:
        if not any(inner.subnet_of(candidate) for candidate in outer):
            raise bad_request("NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in virtual network '{vnet}'.")


def _vnet_view(_cloud: Snapshot, record: Record) -> Body:
    return {"enableDdosProtection": flag(record.body, "enableDdosProtection"), "flowLogs": []}


def _check_subnet(request: Request) -> None:
    vnet = request.cloud.get(parent_id(request.resource_id))
    assert vnet is not None
    given = [prefix(value) for value in subnet_prefixes(request.body)]
    if not given:
        raise bad_request("SimAddressPrefixRequired", f"Subnet {request.name} has no address prefix.")
    _check_inside(request.name, given, vnet.name, address_space(vnet))
    for inner in given:
        if inner.prefixlen > _SMALLEST_SUBNET:
            raise bad_request("SimSubnetTooSmall", f"Subnet {request.name}: {inner} is smaller than /29.")
    for sibling in request.cloud.within(vnet.id, SUBNET):
        if sibling.key != request.resource_id.lower() and overlap(
            given, map(IPv4Network, subnet_prefixes(sibling.body))
        ):
            raise bad_request(
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{request.name}' is not valid because its IP address range overlaps with that of an existing "
                f"subnet in virtual network '{vnet.name}'.",
            )
    _check_platform_subnet(request)
    before = request.existing
    if before and subnet_prefixes(before.body) != subnet_prefixes(request.body) and any(users(request.cloud, before)):
        raise bad_request(
            "InUsePrefixCannotBeDeleted",
            f"IpPrefix {', '.join(subnet_prefixes(before.body))} on Subnet {request.name} has active allocations and "
            "cannot be deleted.",
        )


def _check_platform_subnet(request: Request) -> None:
    group = reference(request.body, "networkSecurityGroup")
    if group and request.name == GATEWAY_SUBNET:
        raise bad_request(
            "NetworkSecurityGroupCannotBeAttachedToGatewaySubnet",
            f"The operation failed because the network security group {group} can not be associated to the "
            "GatewaySubnet. Please remove the network security group associated to the GatewaySubnet. No changes have "
            "occurred on the gateway at this time. See here for additional details: https://aka.ms/GatewaySubnet.",
        )
    if group and request.name == ROUTE_SERVER_SUBNET:
        raise bad_request(
            "SimNetworkSecurityGroupOnRouteServerSubnet", "RouteServerSubnet takes no network security group."
        )
    table = request.cloud.get(reference(request.body, "routeTable") or "")
    if table is not None:
        check_route_table_at(request.name, table.body)


def check_route_table_at(subnet: str, table: Mapping[str, object]) -> None:
    """Refuse what a route table must not do in a platform's subnet. [Learn: ExpressRoute gateways; Route Server FAQ]"""
    if subnet == ROUTE_SERVER_SUBNET:
        raise bad_request("SimRouteTableOnRouteServerSubnet", "RouteServerSubnet takes no route table.")
    if subnet != GATEWAY_SUBNET:
        return
    if flag(table, "disableBgpRoutePropagation"):
        raise bad_request(
            "SimPropagationDisabledOnGatewaySubnet", "BGP route propagation must stay enabled on GatewaySubnet."
        )
    if any(text(route, "addressPrefix") == "0.0.0.0/0" for route in objects(table, "routes")):
        raise bad_request("SimDefaultRouteOnGatewaySubnet", "GatewaySubnet takes no user-defined route to 0.0.0.0/0.")


def _subnet_view(cloud: Snapshot, record: Record) -> Body:
    configurations = [
        {"id": configuration}
        for user in users(cloud, record)
        for configuration in sorted(_configurations_in(user, record))
    ]
    return {
        "ipConfigurations": configurations,
        "ipConfigurationProfiles": [],
        "privateEndpoints": [],
        "resourceNavigationLinks": [],
        "serviceAssociationLinks": [],
        "purpose": "",
        "delegations": objects(record.body, "delegations"),
    }


def _configurations_in(user: Record, subnet: Record) -> Iterator[str]:
    for item in objects(user.body, "ipConfigurations"):
        target = reference(item, "subnet")
        if target and is_within(target, subnet.id):
            yield f"{user.id}/ipConfigurations/{text(item, 'name')}"
    if user.type == ROUTE_SERVER_CONFIGURATION:
        yield user.id


VIRTUAL_NETWORK = Kind(
    kind_type("network:VirtualNetwork"),
    defaults={"enableDdosProtection": False, "privateEndpointVNetPolicies": "Disabled"},
    check=_check_vnet,
    view=_vnet_view,
    in_use="InUseSubnetCannotBeDeleted",
    not_users=frozenset({PEERING}),
    inline={"subnets": SUBNET, "virtualNetworkPeerings": PEERING},
)
SUBNET_KIND = Kind(
    kind_type("network:Subnet"),
    defaults={"privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled"},
    check=_check_subnet,
    view=_subnet_view,
    in_use="InUseSubnetCannotBeDeleted",
)
