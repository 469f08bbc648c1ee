"""A small network with an encrypted connection over ExpressRoute, for many runs, served to the engine by one process.

    python -m tests.chaos.small     prints its port, for `pulumi up --client 127.0.0.1:PORT`

So nothing is loaded for each run, and no SDK of Azure's: that takes longer than the engine takes to build this. The
program has the lab's two stages and one later change (`preference`).
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pulumi
from pulumi import CustomResource, Output, ResourceOptions
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

PRE_SHARED_KEY = "a-key-that-nobody-else-has"


def azure(token: str, name: str, *after: CustomResource, secret: tuple[str, ...] = (), **inputs: Any) -> CustomResource:
    if token != "resources:ResourceGroup":
        inputs["resourceGroupName"] = "lab"
    options = ResourceOptions(depends_on=list(after), additional_secret_outputs=list(secret))
    return CustomResource(f"azure-native:{token}", name, inputs, options)


def located(token: str, name: str, *after: CustomResource, **inputs: Any) -> CustomResource:
    return azure(token, name, *after, location="westeurope", **inputs)


def reference(resource: CustomResource) -> dict[str, Output[str]]:
    return {"id": resource.id}


def subnet(name: str, prefix: str, *after: CustomResource, **inputs: Any) -> CustomResource:
    return azure(
        "network:Subnet", name, *after, virtualNetworkName="hub", subnetName=name, addressPrefix=prefix, **inputs
    )


def address(name: str, group: CustomResource, **inputs: Any) -> CustomResource:
    sku = {"name": "Standard", "tier": "Regional"}
    return located("network:PublicIPAddress", name, group, sku=sku, publicIPAllocationMethod="Static", **inputs)


def gateway(
    name: str, kind: str, sku: str, subnet: CustomResource, public: CustomResource, **inputs: Any
) -> CustomResource:
    return located(
        "network:VirtualNetworkGateway",
        name,
        virtualNetworkGatewayName=name,
        gatewayType=kind,
        sku={"name": sku, "tier": sku},
        ipConfigurations=[
            {"name": "default", "subnet": reference(subnet), "publicIPAddress": reference(public)},
        ],
        **inputs,
    )


def build() -> None:
    """The program."""
    config = pulumi.Config()
    connected = config.require("stage") == "provisioned"
    changed = config.require("preference") == "ASPath"
    group = located("resources:ResourceGroup", "group", resourceGroupName="lab")
    hub = located(
        "network:VirtualNetwork",
        "hub",
        group,
        virtualNetworkName="hub",
        addressSpace={"addressPrefixes": ["10.0.0.0/24"]},
        tags={"changed": str(changed)},
    )
    rule = {
        "name": "ssh",
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "10.0.0.0/8",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    filters = located(
        "network:NetworkSecurityGroup", "nsg", group, networkSecurityGroupName="nsg", securityRules=[rule] * changed
    )
    gateways = subnet("GatewaySubnet", "10.0.0.32/27", hub)
    if changed:
        subnet("new", "10.0.0.96/27", gateways, networkSecurityGroup=reference(filters))
    else:
        subnet("old", "10.0.0.64/27", gateways, networkSecurityGroup=reference(filters))
    address("spare", group, publicIPAddressVersion="IPv6" if changed else "IPv4")  # named by the provider, and replaced

    ergw = gateway("ergw", "ExpressRoute", "Standard", gateways, address("pip-er", group, publicIpAddressName="pip-er"))
    zones = ["1", "2", "3"]
    vpngw = gateway(
        "vpngw",
        "Vpn",
        "VpnGw1AZ",
        gateways,
        address("pip-vpn", group, publicIpAddressName="pip-vpn", zones=zones),
        vpnType="RouteBased",
        enablePrivateIpAddress=True,
    )
    device = located(
        "network:LocalNetworkGateway",
        "device",
        group,
        localNetworkGatewayName="device",
        gatewayIpAddress="10.100.0.4",
        localNetworkAddressSpace={"addressPrefixes": ["10.100.0.0/24"]},
    )
    circuit = located(
        "network:ExpressRouteCircuit",
        "circuit",
        group,
        circuitName="circuit",
        sku={"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"},
        serviceProviderProperties={
            "serviceProviderName": "Megaport",
            "peeringLocation": "Chicago",
            "bandwidthInMbps": 50,
        },
        secret=("serviceKey",),
    )
    if connected:
        peering = azure(
            "network:ExpressRouteCircuitPeering",
            "peering",
            circuit,
            circuitName="circuit",
            peeringName="AzurePrivatePeering",
            peeringType="AzurePrivatePeering",
            vlanId=100,
            peerASN=65001,
            primaryPeerAddressPrefix="172.31.0.0/30",
            secondaryPeerAddressPrefix="172.31.0.4/30",
        )
        outer = located(
            "network:VirtualNetworkGatewayConnection",
            "expressroute",
            peering,
            virtualNetworkGatewayConnectionName="expressroute",
            connectionType="ExpressRoute",
            virtualNetworkGateway1=reference(ergw),
            peer=reference(circuit),
            routingWeight=10 if changed else 0,
        )
        located(
            "network:VirtualNetworkGatewayConnection",
            "tunnel",
            outer,
            virtualNetworkGatewayConnectionName="tunnel",
            connectionType="IPsec",
            virtualNetworkGateway1=reference(vpngw),
            localNetworkGateway2=reference(device),
            useLocalAzureIpAddress=True,
            sharedKey=Output.secret(PRE_SHARED_KEY),
        )


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(build), server)
    sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
    sys.stdout.flush()
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
