"""Public IP addresses, and the addresses that Azure gives away in an ordinary subnet."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network

from vpner.simulator.errors import AzureError, bad_request, conflict
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    is_same,
    is_within,
    kind_type,
    objects,
    reference,
    text,
    texts,
    users,
)
from vpner.simulator.store import Body, Record, Snapshot

PUBLIC_ADDRESS = "Microsoft.Network/publicIPAddresses"

_DOCUMENTATION = [IPv4Network(value) for value in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
"""Networks that nobody has. [RFC 5737]"""
_PUBLIC = [network[offset] for network in _DOCUMENTATION for offset in range(1, 255)]


def _check(request: Request) -> None:
    sku = text(request.body, "sku", "name")
    if sku == "Basic":
        raise bad_request(
            "IPv4BasicSkuPublicIpCountLimitReached",
            "Cannot create more than 0 IPv4 Basic SKU public IP addresses for this subscription in this region.",
        )
    if text(request.body, "publicIPAllocationMethod") != "Static":
        raise bad_request(
            "SimStandardPublicIPAddressMustBeStatic",
            f"Standard sku publicIp {request.resource_id} must have AllocationMethod set to Static.",
        )
    if request.existing and texts(request.existing.body, "zones") != texts(request.body, "zones"):
        raise conflict(
            "ResourceAvailabilityZonesCannotBeModified",
            f"Resource {request.resource_id} has an existing availability zone constraint "
            f"{texts(request.existing.body, 'zones')} and the request has {texts(request.body, 'zones')}.",
        )


def _choose(request: Request) -> Body:
    """An address that depends on the id, so that a deployment gets the same addresses again."""
    before = request.chosen("ipAddress")
    if before is not None:
        return {}
    taken = {text(record.chosen, "ipAddress") for record in request.cloud.all(PUBLIC_ADDRESS)}
    start = int.from_bytes(sha256(str(request.id).lower().encode()).digest()[:4], "big")
    for offset in range(len(_PUBLIC)):
        candidate = str(_PUBLIC[(start + offset) % len(_PUBLIC)])
        if candidate not in taken:
            return {"ipAddress": candidate}
    raise AzureError(409, "SimPublicAddressesExhausted", f"All {len(_PUBLIC)} documentation addresses are in use.")


def _view(cloud: Snapshot, record: Record) -> Body:
    for user in users(cloud, record):
        for item in objects(user.body, "ipConfigurations"):
            if is_same(reference(item, "publicIPAddress"), record.id):
                return {"ipConfiguration": {"id": f"{user.id}/ipConfigurations/{text(item, 'name')}"}}
        return {"ipConfiguration": {"id": user.id}}
    return {}


PUBLIC_IP_ADDRESS = Kind(
    kind_type("network:PublicIPAddress"),
    defaults={
        "sku": {"name": "Basic", "tier": "Regional"},
        "publicIPAllocationMethod": "Dynamic",
        "publicIPAddressVersion": "IPv4",
        "idleTimeoutInMinutes": 4,
        "ipTags": [],
    },
    immutable=("sku.name", "sku.tier", "publicIPAddressVersion"),
    check=_check,
    choose=_choose,
    view=_view,
    in_use="PublicIPAddressCannotBeDeleted",
)


def check_public_address(request: Request, resource_id: str | None) -> Record | None:
    """The public address that a request refers to. Raises if something else has it."""
    record = request.cloud.get(resource_id or "")
    if record is None:
        return None
    for user in users(request.cloud, record):
        if user.key != request.resource_id.lower():
            raise bad_request(
                "PublicIPAddressInUse",
                f"Resource {request.resource_id} is referencing public IP address {record.id} that is already "
                f"allocated to resource {user.id}.",
            )
    return record


def taken_addresses(cloud: Snapshot, subnet_id: str, *, but: str = "") -> Iterator[IPv4Address]:
    """Addresses in a subnet that resources have, ``but`` one."""
    for record in cloud.all():
        if record.key == but.lower():
            continue
        within = any(
            is_within(reference(item, "subnet") or "/", subnet_id)
            for item in (record.body, *objects(record.body, "ipConfigurations"))
        )
        if within:
            yield from (IPv4Address(value) for value in texts(record.chosen, "addresses"))
