"""What Azure demands of the resources that a request refers to."""

from __future__ import annotations

from vpner.arm import ArmId, by_arm, parse_arm_id, references
from vpner.simulator.errors import AzureError, bad_request
from vpner.simulator.kinds.base import is_within, parent_id
from vpner.simulator.store import Body, Snapshot

STATE, FAILED = "provisioningState", "Failed"
"""What Azure chooses for a resource whose last operation failed."""

_MADE_BY_AZURE = frozenset({"microsoft.compute/disks"})
"""Resources that Azure makes along with others; they are not simulated on their own."""


def check_references(cloud: Snapshot, identity: ArmId, body: Body) -> None:
    """Raise what Azure refuses a body with because of the resources that it refers to."""
    own = str(identity)
    for target in references(body):
        if is_within(target, own):
            continue
        found = parse_arm_id(target)
        while found is not None and by_arm(found.type) is None and found.parent is not None:
            found = found.parent  # a part that is no resource of its own, such as a gateway's ip configuration
        if found is not None and found.type.lower() in _MADE_BY_AZURE:
            continue
        if found is None or by_arm(found.type) is None or cloud.get(str(found)) is None:
            raise _missing(cloud, own, target, found)
        _check_provisioned(cloud, own, target, str(found))
        _check_region(cloud, own, body, str(found))


def _missing(cloud: Snapshot, own: str, target: str, found: ArmId | None) -> AzureError:
    network = found.parent if found is not None and found.type.lower().endswith("/subnets") else None
    if found is not None and network is not None and cloud.get(str(network)) is not None:
        return bad_request(
            "NetcfgMissingSubnet", f"Missing subnet referenced '{found.name}' in virtual network '{network.name}'."
        )
    return bad_request(
        "InvalidResourceReference",
        f"Resource {target} referenced by resource {own} was not found. Please make sure that the referenced resource "
        "exists, and that both resources are in the same region.",
    )


def _check_provisioned(cloud: Snapshot, own: str, target: str, resource_id: str) -> None:
    """Refuse to refer to a resource whose last operation failed. Source: kubernetes-sigs/cloud-provider-azure."""
    record = cloud.get(resource_id)
    if record is None or record.chosen.get(STATE) != FAILED:
        return
    operation = f"Put{record.type.rpartition('/')[2].removesuffix('s').capitalize()}Operation"
    raise bad_request(
        "ReferencedResourceNotProvisioned",
        f"Cannot proceed with operation because resource {target} used by resource {own} is not in Succeeded state. "
        f"Resource is in Failed state and the last operation that updated/is updating the resource is {operation}.",
    )


_ANY_REGION = frozenset({"Microsoft.Network/expressRouteCircuits", "Microsoft.Network/localNetworkGateways"})


def _check_region(cloud: Snapshot, own: str, body: Body, target: str) -> None:
    """What refers to each other is in one region, but for peered networks, circuits and the far ends of VPNs."""
    first = body.get("location") or _location(cloud, parent_id(own))
    second = _location(cloud, target)
    other = cloud.get(target)
    peered = "/virtualnetworkpeerings/" in own.lower()
    if peered or first is None or other is None or other.type in _ANY_REGION or second in (None, first):
        return
    raise bad_request(
        "InvalidResourceReference",
        f"Resource {target} referenced by resource {own} was not found. Please make sure that the referenced resource "
        f"exists, and that both resources are in the same region ({second}, {first}).",
    )


def _location(cloud: Snapshot, resource_id: str) -> object:
    """Region of a resource, or of the one that it is a part of."""
    record = cloud.get(resource_id)
    if record is None:
        return None
    return record.body.get("location") or _location(cloud, parent_id(resource_id))
