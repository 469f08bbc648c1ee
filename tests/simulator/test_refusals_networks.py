"""Requests of any type, networks and subnets: what Azure refuses."""

from __future__ import annotations

from tests.simulator.lab import LOCATION, Lab, nic, vnet, vpn_gateway
from tests.simulator.steps import (
    HUB,
    VPN,
    Row,
    check_refused,
    delete,
    empty,
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
    ("a type that is not simulated", group, put("firewalls/f", {}), "SimTypeNotSimulated"),
    ("a resource in a missing group", empty, put("routeTables/t", dict(LOCATION)), "ResourceGroupNotFound"),
    (
        "a part of a missing resource",
        group,
        put(f"{HUB}/subnets/s", {"addressPrefix": "10.0.0.0/27"}),
        "ParentResourceNotFound",
    ),
    ("a name that ends with a dot", group, put("routeTables/t.", dict(LOCATION)), "InvalidResourceName"),
    ("no location", group, put("routeTables/t", {}), "LocationRequired"),
    ("another location", hub, put(HUB, {**vnet("10.0.0.0/24"), "location": "northeurope"}), "InvalidResourceLocation"),
    ("a value outside an enumeration", hub, put(VPN, vpn_gateway(gatewayType="Carrier")), "InvalidRequestFormat"),
    (
        "a reference to nothing",
        group,
        put("networkInterfaces/n", nic("hub/subnets/subnet1")),
        "InvalidResourceReference",
    ),
    (
        "a reference to a missing subnet",
        hub,
        put("networkInterfaces/n", nic("hub/subnets/none")),
        "NetcfgMissingSubnet",
    ),
    (
        "a reference to another region",
        hub,
        put("networkInterfaces/n", {**nic("hub/subnets/subnet1"), "location": "northeurope"}),
        "InvalidResourceReference",
    ),
    ("a network without prefix", group, put(HUB, dict(LOCATION)), "SimAddressSpaceRequired"),
    ("host bits", group, put(HUB, vnet("10.0.0.1/24")), "InvalidCIDRNotation"),
    ("prefixes that overlap", group, put(HUB, vnet("10.0.0.0/24", "10.0.0.0/25")), "SimAddressPrefixesOverlap"),
    ("a network that shrinks below its subnets", hub, put(HUB, vnet("10.0.1.0/24")), "NetcfgInvalidSubnet"),
    ("a subnet outside", hub, put(f"{HUB}/subnets/s", {"addressPrefix": "10.1.0.0/27"}), "NetcfgInvalidSubnet"),
    (
        "subnets that overlap",
        hub,
        put(f"{HUB}/subnets/s", {"addressPrefix": "10.0.0.16/28"}),
        "NetcfgSubnetRangesOverlap",
    ),
    ("a subnet of /30", hub, put(f"{HUB}/subnets/s", {"addressPrefix": "10.0.0.96/30"}), "SimSubnetTooSmall"),
    ("a subnet without prefix", hub, put(f"{HUB}/subnets/s", {}), "SimAddressPrefixRequired"),
    (
        "a security group on GatewaySubnet",
        hub,
        steps(
            put("networkSecurityGroups/g", dict(LOCATION)),
            put(f"{HUB}/subnets/GatewaySubnet", {"addressPrefix": "10.0.0.32/27", **with_group("g")}),
        ),
        "NetworkSecurityGroupCannotBeAttachedToGatewaySubnet",
    ),
    (
        "a security group on RouteServerSubnet",
        hub,
        steps(
            put("networkSecurityGroups/g", dict(LOCATION)),
            put(f"{HUB}/subnets/RouteServerSubnet", {"addressPrefix": "10.0.0.128/26", **with_group("g")}),
        ),
        "SimNetworkSecurityGroupOnRouteServerSubnet",
    ),
    (
        "propagation off on GatewaySubnet",
        hub,
        steps(
            put("routeTables/t", {**LOCATION, "disableBgpRoutePropagation": True}),
            put(f"{HUB}/subnets/GatewaySubnet", {"addressPrefix": "10.0.0.32/27", **with_table("t")}),
        ),
        "SimPropagationDisabledOnGatewaySubnet",
    ),
    (
        "a default route that comes to GatewaySubnet later",
        hub,
        steps(
            put("routeTables/t", dict(LOCATION)),
            put(f"{HUB}/subnets/GatewaySubnet", {"addressPrefix": "10.0.0.32/27", **with_table("t")}),
            put(
                "routeTables/t",
                {**LOCATION, "routes": [{"name": "d", "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}]},
            ),
        ),
        "SimDefaultRouteOnGatewaySubnet",
    ),
    (
        "a route table on RouteServerSubnet",
        hub,
        steps(
            put("routeTables/t", dict(LOCATION)),
            put(f"{HUB}/subnets/RouteServerSubnet", {"addressPrefix": "10.0.0.128/26", **with_table("t")}),
        ),
        "SimRouteTableOnRouteServerSubnet",
    ),
    (
        "another prefix for a subnet in use",
        virtual_machine,
        put(f"{HUB}/subnets/subnet1", {"addressPrefix": "10.0.0.64/27"}),
        "InUsePrefixCannotBeDeleted",
    ),
    ("deleting a subnet in use", virtual_machine, delete(f"{HUB}/subnets/subnet1"), "InUseSubnetCannotBeDeleted"),
    ("deleting a network in use", virtual_machine, delete(HUB), "InUseSubnetCannotBeDeleted"),
]


@table(ROWS)
def test_azure_refuses(lab: Lab, row: Row) -> None:
    check_refused(lab, row)
