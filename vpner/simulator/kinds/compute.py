"""Virtual machines and their extensions, and Bastion hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from vpner.simulator.errors import bad_request, conflict
from vpner.simulator.kinds.addresses import check_public_address
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    flag,
    guid,
    is_same,
    kind_type,
    number,
    objects,
    reference,
    text,
    value_at,
)
from vpner.simulator.kinds.interfaces import VIRTUAL_MACHINE
from vpner.simulator.kinds.networks import BASTION_SUBNET, subnet_prefix
from vpner.simulator.store import Body, Record, Snapshot

_BASTION = "Microsoft.Network/bastionHosts"
EXTENSION = "Microsoft.Compute/virtualMachines/extensions"

_PASSWORD_CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
_PASSWORD_LENGTH = (6, 72)
_CLASSES_NEEDED = 3
_BASTION_PREFIX = 26


def _check_machine(request: Request) -> None:
    attachments = objects(request.body, "networkProfile", "networkInterfaces")
    if not attachments:
        raise bad_request("InvalidParameter", f"Required parameter 'networkProfile' is missing on {request.name}.")
    primary = sum(flag(item, "primary") for item in attachments)
    if primary > 1 or (len(attachments) > 1 and primary == 0):
        raise bad_request(
            "SimExactlyOnePrimaryNetworkInterface",
            f"{request.name}: one of several network interfaces must be primary.",
        )
    for item in attachments:
        nic = text(item, "id")
        for other in request.cloud.all(VIRTUAL_MACHINE):
            others = objects(other.body, "networkProfile", "networkInterfaces")
            if other.key != request.resource_id.lower() and any(is_same(text(entry, "id"), nic) for entry in others):
                raise bad_request("NicInUse", f"Network Interface {nic} is used by existing VM {other.id}.")
    if not text(request.body, "hardwareProfile", "vmSize"):
        raise bad_request(
            "InvalidParameter", f"Required parameter 'hardwareProfile.vmSize' is missing on {request.name}."
        )
    if request.existing is None:
        _check_login(request)


def _check_login(request: Request) -> None:
    body = request.body
    for field in ("adminUsername", "computerName"):
        if not text(body, "osProfile", field):
            raise bad_request(
                "InvalidParameter", f"Required parameter 'osProfile.{field}' is missing on {request.name}."
            )
    keys = objects(body, "osProfile", "linuxConfiguration", "ssh", "publicKeys")
    password = text(body, "osProfile", "adminPassword")
    if password is None:
        if not keys:
            raise bad_request(
                "InvalidParameter",
                f"Required parameter 'adminPassword' is missing on {request.name}, which has no key.",
            )
        return
    shortest, longest = _PASSWORD_LENGTH
    classes = sum(bool(re.search(pattern, password)) for pattern in _PASSWORD_CLASSES)
    if not shortest <= len(password) <= longest or classes < _CLASSES_NEEDED:
        raise bad_request(
            "InvalidParameter",
            f"The supplied password must be between {shortest}-{longest} characters long and must satisfy at least "
            f"{_CLASSES_NEEDED} of password complexity requirements: lower case, upper case, digit, special character.",
        )


def _choose_machine(request: Request) -> Body:
    if request.existing:
        return {}
    return {"vmId": guid(request.resource_id, "vm"), "timeCreated": datetime.now(UTC).isoformat(timespec="seconds")}


def _machine_view(cloud: Snapshot, record: Record) -> Body:
    profile = value_at(record.body, ("osProfile",))
    disk = value_at(record.body, ("storageProfile", "osDisk"))
    name = text(record.body, "storageProfile", "osDisk", "name") or f"{record.name}_OsDisk_1"
    group = record.id.split("/providers/")[0]
    shown: Body = {
        "resources": [{"id": part.id} for part in cloud.within(record.id, EXTENSION)],
        "etag": f'"{record.revision}"',
    }
    if isinstance(profile, Mapping):
        shown["osProfile"] = {
            "allowExtensionOperations": True,
            "requireGuestProvisionSignal": True,
            "secrets": [],
            **_public(cast("Mapping[str, object]", profile)),
        }
    if isinstance(disk, Mapping):
        storage = value_at(record.body, ("storageProfile",))
        assert isinstance(storage, Mapping)
        shown["storageProfile"] = {
            "dataDisks": [],
            **storage,
            "osDisk": {
                "osType": "Linux",
                "caching": "ReadWrite",
                "deleteOption": "Detach",
                **disk,
                "name": name,
                "managedDisk": {"id": f"{group}/providers/Microsoft.Compute/disks/{name}"},
            },
        }
    return shown


def _public(profile: Mapping[str, object]) -> Body:
    return {name: value for name, value in profile.items() if name not in ("adminPassword", "customData")}


VIRTUAL_MACHINE_KIND = Kind(
    kind_type("compute:VirtualMachine"),
    immutable=(
        "osProfile.adminUsername",
        "osProfile.adminPassword",
        "osProfile.computerName",
        "osProfile.customData",
        "storageProfile.imageReference.publisher",
        "storageProfile.imageReference.offer",
        "storageProfile.imageReference.sku",
        "plan.name",
    ),
    immutable_code="PropertyChangeNotAllowed",
    check=_check_machine,
    choose=_choose_machine,
    view=_machine_view,
)


def _extension_view(_cloud: Snapshot, record: Record) -> Body:
    # The SDK has one name for the extension's own type and the resource's; Azure's answer shows the latter.
    return {"type": record.type}


VIRTUAL_MACHINE_EXTENSION = Kind(
    kind_type("compute:VirtualMachineExtension"),
    defaults={"autoUpgradeMinorVersion": False, "suppressFailures": False},
    immutable=("publisher", "type"),
    immutable_code="PropertyChangeNotAllowed",
    view=_extension_view,
)


def _check_bastion(request: Request) -> None:
    configurations = objects(request.body, "ipConfigurations")
    if text(request.body, "sku", "name") == "Developer":
        raise bad_request("SimBastionDeveloperNotSimulated", f"not simulated: Bastion {request.name} of SKU Developer")
    if len(configurations) != 1:
        raise bad_request("SimBastionIpConfiguration", f"Bastion {request.name} needs one ipConfiguration.")
    subnet = request.cloud.get(reference(configurations[0], "subnet") or "")
    if subnet is None or subnet.name != BASTION_SUBNET:
        raise bad_request("SimBastionSubnetRequired", f"{request.name}: the subnet must be named AzureBastionSubnet.")
    if subnet_prefix(subnet).prefixlen > _BASTION_PREFIX:
        raise bad_request(
            "SimBastionSubnetTooSmall", f"AzureBastionSubnet {subnet_prefix(subnet)} is smaller than /26."
        )
    if check_public_address(request, reference(configurations[0], "publicIPAddress")) is None:
        raise bad_request("SimPublicAddressRequired", f"Bastion {request.name} needs a public address.")
    for other in request.cloud.all(_BASTION):
        target = reference(objects(other.body, "ipConfigurations")[0], "subnet")
        if other.key != request.resource_id.lower() and is_same(target, subnet.id):
            raise conflict("SimOneBastion", f"{subnet.id} has a Bastion already: {other.id}.")


def _bastion_view(_cloud: Snapshot, record: Record) -> Body:
    return {
        "dnsName": f"bst-{guid(record.id)}.bastion.azure.com",
        "scaleUnits": number(record.body, "scaleUnits") or 2,
        "ipConfigurations": [
            {"privateIPAllocationMethod": "Dynamic", **item} for item in objects(record.body, "ipConfigurations")
        ],
    }


BASTION_HOST = Kind(
    kind_type("network:BastionHost"),
    defaults={"sku": {"name": "Standard"}},
    check=_check_bastion,
    view=_bastion_view,
)
