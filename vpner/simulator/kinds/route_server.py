"""Route Server: a virtual hub without a virtual WAN, its ip configuration and its BGP connections."""

from __future__ import annotations

from vpner.simulator.errors import bad_request, conflict
from vpner.simulator.kinds.addresses import check_public_address
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    address,
    flag,
    is_within,
    kind_type,
    number,
    parent_id,
    parent_of,
    reference,
    text,
    texts,
    usable,
)
from vpner.simulator.kinds.gateways import AZURE_ASN
from vpner.simulator.kinds.networks import ROUTE_SERVER_CONFIGURATION, ROUTE_SERVER_SUBNET, subnet_prefix
from vpner.simulator.kinds.peerings import check_gateway_leaves
from vpner.simulator.store import Body, Record, Snapshot

BGP_CONNECTION = "Microsoft.Network/virtualHubs/bgpConnections"
_SMALLEST = 27
"""Documented is /26 since 2025; subnets of /27 were made before, and whether Azure refuses them now is not known."""
_MAX_PEERS = 8
_RESERVED_ASNS = frozenset(
    {8074, 8075, 12076, 23456, *range(64496, 64512), 65515, *range(65517, 65521), *range(65535, 65552)}
)
"""[Learn: Route Server FAQ, 2025-09-17]"""
_LARGEST_ASN = 65535


def _check_hub(request: Request) -> None:
    if reference(request.body, "virtualWan") or text(request.body, "addressPrefix"):
        raise bad_request("SimVirtualWanNotSimulated", f"not simulated: virtual WAN hub {request.name}")
    if text(request.body, "sku") != "Standard":
        raise bad_request("SimRouteServerSku", f"{request.name}: a Route Server has SKU Standard.")


def _hub_view(cloud: Snapshot, record: Record) -> Body:
    configurations = list(cloud.within(record.id, ROUTE_SERVER_CONFIGURATION))
    return {
        "virtualRouterAsn": AZURE_ASN,
        "virtualRouterIps": [value for item in configurations for value in texts(item.chosen, "addresses")],
        "virtualRouterAutoScaleConfiguration": {
            "minCapacity": number(record.body, "virtualRouterAutoScaleConfiguration", "minCapacity") or 2
        },
        "routingState": "Provisioned" if configurations else "None",
        "ipConfigurations": [{"id": item.id} for item in configurations],
        "bgpConnections": [{"id": item.id} for item in cloud.within(record.id, BGP_CONNECTION)],
        "routeTable": {"routes": []},
        "virtualHubRouteTableV2s": [],
        "routeMaps": [],
        "kind": "RouteServer",
        "allowBranchToBranchTraffic": flag(record.body, "allowBranchToBranchTraffic"),
    }


VIRTUAL_HUB = Kind(
    kind_type("network:VirtualHub"),
    defaults={"hubRoutingPreference": "ExpressRoute", "allowBranchToBranchTraffic": False},
    check=_check_hub,
    view=_hub_view,
    in_use="SimVirtualHubInUse",
    parts_first=True,
)


def _check_configuration(request: Request) -> None:
    public = check_public_address(request, reference(request.body, "publicIPAddress"))
    if public is None:
        raise bad_request(
            "SimRouteServerPublicAddressRequired",
            "The specified operation 'PutHubIpConfiguration' is not supported. Route Server creation requires a public "
            "ip address of Standard SKU.",
        )
    subnet = request.cloud.get(reference(request.body, "subnet") or "")
    if subnet is None or subnet.name != ROUTE_SERVER_SUBNET:
        raise bad_request(
            "SimRouteServerSubnetRequired", f"{request.name}: the subnet must be named RouteServerSubnet."
        )
    space = subnet_prefix(subnet)
    if space.prefixlen > _SMALLEST:
        raise bad_request("SimRouteServerSubnetTooSmall", f"RouteServerSubnet {space} is too small; Azure wants a /26.")
    hub = parent_of(request.cloud, request.id)
    for other in request.cloud.all(ROUTE_SERVER_CONFIGURATION):
        if other.key == request.resource_id.lower():
            continue
        if is_within(other.id, hub.id):
            raise bad_request("SimOneIpConfiguration", f"{hub.name} has an ip configuration already: {other.id}.")
        if is_within(reference(other.body, "subnet") or "/", parent_id(subnet.id)):
            raise bad_request("SimOneRouteServer", f"{parent_id(subnet.id)} has a Route Server already: {other.id}.")


def _choose_configuration(request: Request) -> Body:
    """The first two usable addresses, as in every published Route Server."""
    subnet = request.cloud.get(reference(request.body, "subnet") or "")
    assert subnet is not None
    addresses = usable(subnet_prefix(subnet))
    return {"addresses": [str(next(addresses)), str(next(addresses))]}


def _check_delete_configuration(cloud: Snapshot, record: Record) -> None:
    peers = [peer.id for peer in cloud.within(parent_id(record.id), BGP_CONNECTION)]
    if peers:
        raise conflict("SimIpConfigurationInUse", f"{record.id} cannot be deleted before {', '.join(peers)}.")
    check_gateway_leaves(cloud, record, parent_id(reference(record.body, "subnet") or ""))


VIRTUAL_HUB_IP_CONFIGURATION = Kind(
    kind_type("network:VirtualHubIpConfiguration"),
    defaults={"privateIPAllocationMethod": "Dynamic"},
    immutable=("subnet.id",),
    check=_check_configuration,
    choose=_choose_configuration,
    check_delete=_check_delete_configuration,
)


def _check_peer(request: Request) -> None:
    hub, name = parent_of(request.cloud, request.id), request.name
    if not any(request.cloud.within(hub.id, ROUTE_SERVER_CONFIGURATION)):
        raise bad_request(
            "HubBgpConnectionParentHubMustHaveProvisionedRoutingState",
            f"{name}: the routingState of {hub.id} is not Provisioned; it needs an ip configuration first.",
        )
    asn, peer = number(request.body, "peerAsn"), text(request.body, "peerIp") or ""
    if not asn or asn in _RESERVED_ASNS or asn > _LARGEST_ASN:
        raise bad_request("SimReservedAsn", f"{name}: peerAsn {asn} is missing, reserved or longer than 16 bits.")
    address("peerIp", peer)
    siblings = [
        item for item in request.cloud.within(hub.id, BGP_CONNECTION) if item.key != request.resource_id.lower()
    ]
    if any(text(item.body, "peerIp") == peer for item in siblings):
        raise bad_request("SimBgpPeerExists", f"{name}: {hub.name} has a peer {peer} already.")
    if len(siblings) >= _MAX_PEERS:
        raise bad_request("SimTooManyBgpPeers", f"{name}: {hub.name} has {_MAX_PEERS} BGP peers already.")


def _peer_view(_cloud: Snapshot, _record: Record) -> Body:
    return {"connectionState": "Unknown"}  # nothing here knows whether the appliance answers


VIRTUAL_HUB_BGP_CONNECTION = Kind(
    kind_type("network:VirtualHubBgpConnection"),
    check=_check_peer,
    view=_peer_view,
)
