"""Peerings between virtual networks: one resource in each, and a state that depends on both."""

from __future__ import annotations

from vpner.simulator.errors import bad_request, conflict
from vpner.simulator.kinds.base import Kind, Request, flag, is_same, kind_type, parent_id, reference, texts
from vpner.simulator.kinds.networks import PEERING, address_space, gateways_of, overlap
from vpner.simulator.store import Body, Record, Snapshot


def counterpart(cloud: Snapshot, peering: Record | Request) -> Record | None:
    """The remote network's peering with this one's network."""
    own = parent_id(peering.resource_id if isinstance(peering, Request) else peering.id)
    remote = reference(peering.body, "remoteVirtualNetwork")
    if remote is None:
        return None
    for other in cloud.within(remote, PEERING):
        if is_same(reference(other.body, "remoteVirtualNetwork"), own):
            return other
    return None


def state(cloud: Snapshot, peering: Record) -> str:
    """Initiated, Connected or Disconnected. [Learn: manage a virtual network peering]"""
    if counterpart(cloud, peering) is not None:
        return "Connected"
    return "Disconnected" if peering.chosen.get("connectedOnce") else "Initiated"


def _check(request: Request) -> None:
    cloud, own = request.cloud, parent_id(request.resource_id)
    remote_id = reference(request.body, "remoteVirtualNetwork")
    remote, local = cloud.get(remote_id or ""), cloud.get(own)
    assert local is not None
    if remote is None:
        raise bad_request("SimRemoteVirtualNetworkRequired", f"Peering {request.name} names no remote virtual network.")
    if is_same(remote.id, own):
        raise bad_request("SimPeeringWithItself", f"Virtual network {own} cannot be peered with itself.")
    for sibling in cloud.within(own, PEERING):
        if sibling.key != request.resource_id.lower() and is_same(
            reference(sibling.body, "remoteVirtualNetwork"), remote.id
        ):
            raise bad_request(
                "AnotherPeeringAlreadyReferencesRemoteVnet",
                f"Peering {request.resource_id} cannot be created: {sibling.id} already references {remote.id}.",
            )
    _check_overlap(request, local, remote)
    other = counterpart(cloud, request)
    if other is not None and request.existing is None and other.chosen.get("connectedOnce"):
        raise bad_request(
            "RemotePeeringIsDisconnected",
            f"Cannot create or update peering {request.resource_id} because remote peering {other.id} referencing "
            f"parent virtual network {own} is in Disconnected state. Update or re-create the remote peering to get it "
            "back to Initiated state.",
        )
    _check_gateways(request, local, remote, other)


def _check_overlap(request: Request, local: Record, remote: Record) -> None:
    shared = overlap(address_space(local), address_space(remote))
    if shared:
        raise bad_request(
            "VnetAddressSpacesOverlap",
            f"Cannot create or update peering {request.resource_id}. Virtual networks {local.id} and {remote.id} "
            "cannot be peered because their address spaces overlap. Overlapping address prefixes: "
            f"{', '.join(map(str, shared))}.",
        )
    for near, far in ((local, remote), (remote, local)):
        for peering in request.cloud.within(far.id, PEERING):
            third = request.cloud.get(reference(peering.body, "remoteVirtualNetwork") or "")
            if third is None or third.key in (near.key, far.key):
                continue
            shared = overlap(address_space(near), address_space(third))
            if shared:
                raise bad_request(
                    "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                    f"Cannot create or update peering {request.resource_id}. Virtual networks {near.id} and {far.id} "
                    "cannot be peered because address space of the first virtual network overlaps with address space "
                    f"of virtual network {third.id} already peered with the second virtual network. Overlapping "
                    f"address prefixes: {', '.join(map(str, shared))}. For more information please refer to "
                    "https://aka.ms/VnetPeeringInfo",
                )


def _check_gateways(request: Request, local: Record, remote: Record, other: Record | None) -> None:
    cloud = request.cloud
    if not flag(request.body, "useRemoteGateways"):
        transit = flag(request.body, "allowGatewayTransit")
        if other is not None and flag(other.body, "useRemoteGateways") and not transit:
            raise bad_request(
                "SimGatewayTransitInUse",
                f"Peering {request.resource_id} cannot do without AllowGatewayTransit while remote peering {other.id} "
                "has UseRemoteGateways set to true.",
            )
        return
    # doNotVerifyRemoteGateways is meant to lift this check, and in public reports it does not.
    if not any(gateways_of(cloud, remote.id)):
        raise bad_request(
            "RemoteVnetHasNoGateways",
            f"Peering {request.resource_id} cannot have UseRemoteGateway flag set to true because remote virtual "
            f"network {remote.id} referenced by the peering does not have any gateways.",
        )
    if other is None or not flag(other.body, "allowGatewayTransit"):
        raise bad_request(
            "SimRemotePeeringDoesNotAllowGatewayTransit",
            f"Peering {request.resource_id} cannot have UseRemoteGateways flag set to true because remote virtual "
            f"network {remote.id} has no peering with AllowGatewayTransit set to true.",
        )
    if any(gateways_of(cloud, local.id)):
        raise bad_request(
            "SimVnetHasGateway",
            f"Peering {request.resource_id} cannot have UseRemoteGateways flag set to true because virtual network "
            f"{local.id} has a gateway of its own.",
        )
    for sibling in cloud.within(local.id, PEERING):
        if sibling.key != request.resource_id.lower() and flag(sibling.body, "useRemoteGateways"):
            raise bad_request(
                "SimOnlyOneRemoteGateway",
                f"Only one peering of virtual network {local.id} can have UseRemoteGateways set to true; {sibling.id} "
                "has it.",
            )


def _choose(request: Request) -> Body:
    """Remember that both sides were connected, and what the remote address space was when this side was last set."""
    other = counterpart(request.cloud, request)
    if other is not None and not other.chosen.get("connectedOnce"):
        request.cloud.put(other.with_chosen(connectedOnce=True))
    remote = request.cloud.get(reference(request.body, "remoteVirtualNetwork") or "")
    assert remote is not None
    return {"connectedOnce": other is not None, "seen": [str(item) for item in address_space(remote)]}


def _view(cloud: Snapshot, record: Record) -> Body:
    remote = cloud.get(reference(record.body, "remoteVirtualNetwork") or "")
    other = counterpart(cloud, record)
    local = cloud.get(parent_id(record.id))
    assert local is not None
    seen = texts(record.chosen, "seen")
    now = seen if remote is None else [str(item) for item in address_space(remote)]
    local_in_sync = other is None or texts(other.chosen, "seen") == [str(item) for item in address_space(local)]
    return {
        "peeringState": state(cloud, record),
        "peeringSyncLevel": _SYNC[(local_in_sync, seen == now)],
        "remoteAddressSpace": {"addressPrefixes": seen},
        "remoteVirtualNetworkAddressSpace": {"addressPrefixes": now},
    }


_SYNC = {
    (True, True): "FullyInSync",
    (True, False): "RemoteNotInSync",
    (False, True): "LocalNotInSync",
    (False, False): "LocalAndRemoteNotInSync",
}


def check_gateway_leaves(cloud: Snapshot, gateway: Record, vnet_id: str) -> None:
    """Refuse to delete a network's last gateway while a peered network uses it."""
    if any(other.key != gateway.key for other in gateways_of(cloud, vnet_id)):
        return
    for peering in cloud.all(PEERING):
        if flag(peering.body, "useRemoteGateways") and is_same(
            reference(peering.body, "remoteVirtualNetwork"), vnet_id
        ):
            raise conflict(
                "SimGatewayUsedByPeering",
                f"{gateway.id} is the last gateway of {vnet_id} and peering {peering.id} uses it.",
            )


VIRTUAL_NETWORK_PEERING = Kind(
    kind_type("network:VirtualNetworkPeering"),
    defaults={
        "allowVirtualNetworkAccess": True,
        "allowForwardedTraffic": False,
        "allowGatewayTransit": False,
        "useRemoteGateways": False,
        "doNotVerifyRemoteGateways": False,
        "peerCompleteVnets": True,
    },
    immutable=("remoteVirtualNetwork.id",),
    immutable_code="SimRemoteVirtualNetworkCannotBeChanged",
    check=_check,
    choose=_choose,
    view=_view,
)
