"""Network interfaces."""

from __future__ import annotations

from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network

from vpner.simulator.errors import bad_request
from vpner.simulator.kinds.addresses import check_public_address, taken_addresses
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    address,
    flag,
    is_same,
    kind_type,
    objects,
    parent_id,
    reference,
    text,
    texts,
    usable,
)
from vpner.simulator.kinds.networks import (
    BASTION_SUBNET,
    GATEWAY_SUBNET,
    ROUTE_SERVER_SUBNET,
    subnet_prefix,
)
from vpner.simulator.store import Body, Record, Snapshot

VIRTUAL_MACHINE = "Microsoft.Compute/virtualMachines"


def _check(request: Request) -> None:
    configurations = objects(request.body, "ipConfigurations")
    if not configurations:
        raise bad_request(
            "SimIpConfigurationRequired",
            f"Network interface {request.name} has no ipConfiguration.",
        )
    marked = sum(flag(item, "primary") for item in configurations)
    if marked > 1 or (marked == 0 and len(configurations) > 1):
        raise bad_request(
            "SimExactlyOnePrimaryIpConfiguration",
            f"Network interface {request.name} needs one primary ipConfiguration.",
        )
    networks: set[str] = set()
    for item in configurations:
        subnet = _subnet(request, item)
        networks.add(parent_id(subnet.id).lower())
        if subnet.name in (GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, BASTION_SUBNET):
            use = {GATEWAY_SUBNET: "Gateway", ROUTE_SERVER_SUBNET: "Route Server", BASTION_SUBNET: "Bastion"}[
                subnet.name
            ]
            code = "GatewaySubnet" if subnet.name == GATEWAY_SUBNET else "SimReservedSubnet"
            raise bad_request(code, f"Subnet with name '{subnet.name}' can be used only for the {use} resource.")
        check_public_address(request, reference(item, "publicIPAddress"))
        if text(item, "privateIPAllocationMethod") == "Static":
            _check_static(request, item, subnet)
    if len(networks) > 1:
        raise bad_request("SimOneVirtualNetwork", f"All ipConfigurations of {request.name} must be in one network.")
    if request.existing:
        before = parent_id(reference(objects(request.existing.body, "ipConfigurations")[0], "subnet") or "")
        if before.lower() not in networks:
            raise bad_request("SimVirtualNetworkCannotBeChanged", f"{request.name} cannot move to another network.")


def _subnet(request: Request, item: Body) -> Record:
    record = request.cloud.get(reference(item, "subnet") or "")
    if record is None:
        raise bad_request("SimSubnetRequired", f"ipConfiguration {text(item, 'name')} names no subnet.")
    return record


def _check_static(request: Request, item: Body, subnet: Record) -> None:
    given = text(item, "privateIPAddress")
    space = subnet_prefix(subnet)
    if not given:
        raise bad_request(
            "SimStaticAddressRequired", f"ipConfiguration {text(item, 'name')} is Static without address."
        )
    wanted = address(f"ipConfiguration {text(item, 'name')}", given)
    if wanted not in space:
        raise bad_request(
            "PrivateIPAddressNotInSubnet",
            f"Private static IP address {wanted} does not belong to the range of subnet prefix {space}.",
        )
    if wanted not in set(usable(space)):
        raise bad_request(
            "PrivateIPAddressInReservedRange",
            f"Private static IP address {wanted} falls within reserved IP range of subnet prefix {space}.",
        )
    if wanted in taken_addresses(request.cloud, subnet.id, but=request.resource_id):
        raise bad_request(
            "PrivateIPAddressIsAllocated", f"IP configuration's private address {wanted} is already taken."
        )


def _choose(request: Request) -> Body:
    """Static addresses as given, dynamic ones the lowest free; a dynamic address stays while its subnet does."""
    before = dict(
        zip(texts(request.existing.chosen, "configurations"), texts(request.existing.chosen, "addresses"), strict=True)
        if request.existing
        else ()
    )
    names: list[str] = []
    given: list[IPv4Address] = []
    for item in objects(request.body, "ipConfigurations"):
        subnet, name = _subnet(request, item), text(item, "name") or ""
        space = subnet_prefix(subnet)
        fixed = (
            text(item, "privateIPAddress") if text(item, "privateIPAllocationMethod") == "Static" else before.get(name)
        )
        names.append(name)
        if fixed and IPv4Address(fixed) in space:
            given.append(IPv4Address(fixed))
        else:
            given.append(_lowest_free(request, subnet, space, given))
    return {"configurations": names, "addresses": [str(value) for value in given]}


def _lowest_free(request: Request, subnet: Record, space: IPv4Network, given: list[IPv4Address]) -> IPv4Address:
    taken = {*taken_addresses(request.cloud, subnet.id, but=request.resource_id), *given}
    for candidate in usable(space):
        if candidate not in taken:
            return candidate
    raise bad_request(
        "SubnetIsFull", f"Subnet {subnet.name} with address prefix {space} does not have enough capacity."
    )


def _view(cloud: Snapshot, record: Record) -> Body:
    machine = next((vm for vm in cloud.all(VIRTUAL_MACHINE) if _attached(vm, record) is not None), None)
    attachment = _attached(machine, record) if machine else None
    configurations = objects(record.body, "ipConfigurations")
    shown: Body = {
        "ipConfigurations": [
            {
                "privateIPAllocationMethod": "Dynamic",
                "privateIPAddressVersion": "IPv4",
                **item,
                "primary": flag(item, "primary") or len(configurations) == 1,
                "privateIPAddress": value,
            }
            for item, value in zip(configurations, texts(record.chosen, "addresses"), strict=True)
        ],
        "macAddress": _mac(record.id),
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "vnetEncryptionSupported": False,
        "defaultOutboundConnectivityEnabled": False,
        "primary": attachment is not None and flag(attachment, "primary"),
    }
    if machine is not None:
        shown["virtualMachine"] = {"id": machine.id}
    return shown


def _attached(machine: Record, nic: Record) -> Body | None:
    attachments = objects(machine.body, "networkProfile", "networkInterfaces")
    for item in attachments:
        if is_same(text(item, "id"), nic.id):
            return {**item, "primary": flag(item, "primary") or len(attachments) == 1}
    return None


def _mac(resource_id: str) -> str:
    """An address with Microsoft's prefix 00-0D-3A that depends on the id."""
    tail = sha256(resource_id.lower().encode()).hexdigest()[:6].upper()
    return f"00-0D-3A-{tail[:2]}-{tail[2:4]}-{tail[4:]}"


NETWORK_INTERFACE = Kind(
    kind_type("network:NetworkInterface"),
    defaults={
        "enableAcceleratedNetworking": False,
        "enableIPForwarding": False,
        "disableTcpStateTracking": False,
        "nicType": "Standard",
        "auxiliaryMode": "None",
        "auxiliarySku": "None",
        "dnsSettings": {"dnsServers": []},
    },
    check=_check,
    choose=_choose,
    view=_view,
    in_use="NicInUse",
)
