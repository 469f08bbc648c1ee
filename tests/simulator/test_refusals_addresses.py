"""Addresses, interfaces, machines and Bastion: what Azure refuses."""

from __future__ import annotations

from tests.simulator.lab import LOCATION, Lab, ip_configuration, machine, nic, public_address
from tests.simulator.steps import (
    HUB,
    Row,
    check_refused,
    delete,
    express_route,
    group,
    hub,
    put,
    steps,
    table,
    virtual_machine,
    with_group,
    with_table,
)

ROWS: list[Row] = [
    ("a Basic address", group, put("publicIPAddresses/p", {**LOCATION}), "IPv4BasicSkuPublicIpCountLimitReached"),
    (
        "a dynamic Standard address",
        group,
        put("publicIPAddresses/p", {**public_address(), "publicIPAllocationMethod": "Dynamic"}),
        "SimStandardPublicIPAddressMustBeStatic",
    ),
    (
        "other zones",
        hub,
        put("publicIPAddresses/pip-er", public_address("1")),
        "ResourceAvailabilityZonesCannotBeModified",
    ),
    ("deleting an address in use", express_route, delete("publicIPAddresses/pip-er"), "PublicIPAddressCannotBeDeleted"),
    (
        "an address for two",
        express_route,
        put(
            "networkInterfaces/n",
            {**LOCATION, "ipConfigurations": [ip_configuration("a", "hub/subnets/subnet1", "pip-er")]},
        ),
        "PublicIPAddressInUse",
    ),
    (
        "a reserved address",
        hub,
        put("networkInterfaces/n", nic("hub/subnets/subnet1", "10.0.0.3")),
        "PrivateIPAddressInReservedRange",
    ),
    (
        "a subnet's last address",
        hub,
        put("networkInterfaces/n", nic("hub/subnets/subnet1", "10.0.0.31")),
        "PrivateIPAddressInReservedRange",
    ),
    (
        "an address outside",
        hub,
        put("networkInterfaces/n", nic("hub/subnets/subnet1", "10.0.0.40")),
        "PrivateIPAddressNotInSubnet",
    ),
    (
        "an address that is taken",
        virtual_machine,
        put("networkInterfaces/n", nic("hub/subnets/subnet1", "10.0.0.4")),
        "PrivateIPAddressIsAllocated",
    ),
    (
        "an interface in GatewaySubnet",
        hub,
        put("networkInterfaces/n", nic("hub/subnets/GatewaySubnet")),
        "GatewaySubnet",
    ),
    (
        "an interface in RouteServerSubnet",
        hub,
        put("networkInterfaces/n", nic("hub/subnets/RouteServerSubnet")),
        "SimReservedSubnet",
    ),
    ("deleting an interface in use", virtual_machine, delete("networkInterfaces/vm-nic"), "NicInUse"),
    (
        "an interface for two machines",
        virtual_machine,
        put("virtualMachines/two", machine("vm-nic"), "Microsoft.Compute"),
        "NicInUse",
    ),
    (
        "deleting a security group in use",
        hub,
        steps(
            put("networkSecurityGroups/g", dict(LOCATION)),
            put(f"{HUB}/subnets/subnet1", {"addressPrefix": "10.0.0.0/27", **with_group("g")}),
            delete("networkSecurityGroups/g"),
        ),
        "InUseNetworkSecurityGroupCannotBeDeleted",
    ),
    (
        "deleting a route table in use",
        hub,
        steps(
            put("routeTables/t", dict(LOCATION)),
            put(f"{HUB}/subnets/subnet1", {"addressPrefix": "10.0.0.0/27", **with_table("t")}),
            delete("routeTables/t"),
        ),
        "InUseRouteTableCannotBeDeleted",
    ),
    (
        "an appliance without address",
        group,
        put(
            "routeTables/t",
            {**LOCATION, "routes": [{"name": "r", "addressPrefix": "10.0.0.0/8", "nextHopType": "VirtualAppliance"}]},
        ),
        "SimRouteNextHop",
    ),
    (
        "another administrator",
        virtual_machine,
        put("virtualMachines/vm", machine("vm-nic", adminUsername="root2"), "Microsoft.Compute"),
        "PropertyChangeNotAllowed",
    ),
    (
        "another password",
        virtual_machine,
        put("virtualMachines/vm", machine("vm-nic", adminPassword="Other-Horse-2"), "Microsoft.Compute"),
        "PropertyChangeNotAllowed",
    ),
    (
        "other custom data",
        hub,
        steps(
            lambda lab: lab.virtual_machine(customData="YQ=="),
            put("virtualMachines/vm", machine("vm-nic", customData="Yg=="), "Microsoft.Compute"),
        ),
        "PropertyChangeNotAllowed",
    ),
    (
        "a password of one kind of characters",
        hub,
        steps(
            put("networkInterfaces/n", nic("hub/subnets/subnet1")),
            put("virtualMachines/vm", machine("n", adminPassword="onlylowercase"), "Microsoft.Compute"),
        ),
        "InvalidParameter",
    ),
    (
        "neither password nor key",
        hub,
        steps(
            put("networkInterfaces/n", nic("hub/subnets/subnet1")),
            put("virtualMachines/vm", machine("n", adminPassword=None), "Microsoft.Compute"),
        ),
        "InvalidParameter",
    ),
    (
        "an extension of another kind",
        virtual_machine,
        steps(
            *[
                put(
                    "virtualMachines/vm/extensions/e",
                    {**LOCATION, "publisher": p, "type": "Script", "typeHandlerVersion": "1.0"},
                    "Microsoft.Compute",
                )
                for p in ("A", "B")
            ]
        ),
        "PropertyChangeNotAllowed",
    ),
    (
        "a Bastion elsewhere",
        hub,
        put(
            "bastionHosts/b", {**LOCATION, "ipConfigurations": [ip_configuration("a", "hub/subnets/subnet1", "pip-rs")]}
        ),
        "SimBastionSubnetRequired",
    ),
    (
        "a Bastion in a /27",
        hub,
        steps(
            put(f"{HUB}/subnets/AzureBastionSubnet", {"addressPrefix": "10.0.0.64/27"}),
            put(
                "bastionHosts/b",
                {**LOCATION, "ipConfigurations": [ip_configuration("a", "hub/subnets/AzureBastionSubnet", "pip-rs")]},
            ),
        ),
        "SimBastionSubnetTooSmall",
    ),
]


@table(ROWS)
def test_azure_refuses(lab: Lab, row: Row) -> None:
    check_refused(lab, row)
