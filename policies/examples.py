"""The network that the rules' examples are edits of: a hub with both gateways, Route Server and one tunnel.

It is as a preview shows it: no id is known, and references lead where Pulumi's record of dependencies says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, cast

from policies.network import Network
from policies.registry import Edit
from vpner.readers.resources import UNKNOWN, Resource, Snapshot, Value

ENDPOINT = "10.100.0.4"
_GROUP = {"resourceGroupName": "lab"}

_PROPERTIES: Mapping[str, tuple[str, Mapping[str, Value], Mapping[str, tuple[str, ...]]]] = {
    "vnet": ("azure-native:network:VirtualNetwork", {**_GROUP, "virtualNetworkName": "hub-vnet"}, {}),
    "gateway-subnet": (
        "azure-native:network:Subnet",
        {**_GROUP, "virtualNetworkName": "hub-vnet", "subnetName": "GatewaySubnet", "addressPrefix": "10.0.0.32/27"},
        {},
    ),
    "route-server-subnet": (
        "azure-native:network:Subnet",
        {
            **_GROUP,
            "virtualNetworkName": "hub-vnet",
            "subnetName": "RouteServerSubnet",
            "addressPrefix": "10.0.0.128/26",
        },
        {},
    ),
    "er-gateway": (
        "azure-native:network:VirtualNetworkGateway",
        {
            **_GROUP,
            "virtualNetworkGatewayName": "hub-ergw",
            "gatewayType": "ExpressRoute",
            "ipConfigurations": [{"name": "default", "subnet": {"id": UNKNOWN}}],
        },
        {"ipConfigurations": ("gateway-subnet",)},
    ),
    "vpn-gateway": (
        "azure-native:network:VirtualNetworkGateway",
        {
            **_GROUP,
            "virtualNetworkGatewayName": "hub-vpngw",
            "gatewayType": "Vpn",
            "activeActive": True,
            "enablePrivateIpAddress": True,
            "bgpSettings": {"asn": 65515},
            "ipConfigurations": [
                {"name": "default", "subnet": {"id": UNKNOWN}},
                {"name": "activeActive", "subnet": {"id": UNKNOWN}},
            ],
        },
        {"ipConfigurations": ("gateway-subnet", "er-gateway")},
    ),
    "route-server": (
        "azure-native:network:VirtualHub",
        {**_GROUP, "virtualHubName": "hub-rs", "sku": "Standard", "allowBranchToBranchTraffic": True},
        {},
    ),
    "route-server-ip": (
        "azure-native:network:VirtualHubIpConfiguration",
        {**_GROUP, "virtualHubName": "hub-rs", "ipConfigName": "Default", "subnet": {"id": UNKNOWN}},
        {"subnet": ("gateway-subnet", "route-server-subnet", "vpn-gateway")},
    ),
    "local": (
        "azure-native:network:LocalNetworkGateway",
        {**_GROUP, "localNetworkGatewayName": "appliance-lgw", "gatewayIpAddress": ENDPOINT},
        {},
    ),
    "connection": (
        "azure-native:network:VirtualNetworkGatewayConnection",
        {
            **_GROUP,
            "virtualNetworkGatewayConnectionName": "hub-to-appliance",
            "connectionType": "IPsec",
            "connectionProtocol": "IKEv2",
            "useLocalAzureIpAddress": True,
            "virtualNetworkGateway1": {"id": UNKNOWN},
            "localNetworkGateway2": {"id": UNKNOWN},
            "ipsecPolicies": [
                {
                    "saLifeTimeSeconds": 27000,
                    "saDataSizeKilobytes": 102400000,
                    "ipsecEncryption": "GCMAES256",
                    "ipsecIntegrity": "GCMAES256",
                    "ikeEncryption": "AES256",
                    "ikeIntegrity": "SHA256",
                    "dhGroup": "DHGroup14",
                    "pfsGroup": "PFS2048",
                }
            ],
        },
        {"virtualNetworkGateway1": ("vpn-gateway",), "localNetworkGateway2": ("local",)},
    ),
    "hub-er": ("azure-native:network:ExpressRouteCircuit", {**_GROUP, "circuitName": "hub-er"}, {}),
    "hub-er-connection": (
        "azure-native:network:VirtualNetworkGatewayConnection",
        {
            **_GROUP,
            "virtualNetworkGatewayConnectionName": "hub-er-conn",
            "connectionType": "ExpressRoute",
            "virtualNetworkGateway1": {"id": UNKNOWN},
            "peer": {"id": UNKNOWN},
        },
        {"virtualNetworkGateway1": ("er-gateway",), "peer": ("hub-er",)},
    ),
    "appliance": (
        "example:index:Appliance",
        {
            "device": {
                "name": "appliance",
                "endpoint": ENDPOINT,
                "expressRouteInterface": "WAN",
                "statics": [
                    {"destination": f"hub-vpngw.instances[{index}].tunnel/32", "interface": "WAN"} for index in (0, 1)
                ],
                "tunnels": [{"remote": f"hub-vpngw.instances[{index}].tunnel"} for index in (0, 1)],
                "advertises": ["10.0.0.0/8", "10.100.0.0/24"],
            }
        },
        {},
    ),
    "circuits": (
        "example:index:Circuits",
        {
            "stage": "provisioned",
            "circuits": [{"name": "hub-er", "gateway": "hub-ergw"}, {"name": "branch-er", "gateway": "branch-ergw"}],
            "routers": [
                {
                    "name": "provider",
                    "links": [{"circuit": "hub-er"}, {"circuit": "branch-er"}],
                    "statics": [{"prefix": f"{ENDPOINT}/32", "circuit": "branch-er", "redistribute": True}],
                    "networks": [],
                }
            ],
        },
        {},
    ),
}


def example_network(edits: Iterable[Edit] = ()) -> Network:
    """The example network with some edits. A value of None removes the key or the item."""
    properties = {name: deepcopy(dict(values)) for name, (_, values, _) in _PROPERTIES.items()}
    for edit in edits:
        _apply(properties[edit.resource], edit)
    return Network(
        Snapshot(
            Resource(_urn(name), kind, name, properties[name], {k: tuple(map(_urn, v)) for k, v in references.items()})
            for name, (kind, _, references) in _PROPERTIES.items()
        )
    )


def _urn(name: str) -> str:
    return f"urn:example::{name}"


def _apply(properties: dict[str, Value], edit: Edit) -> None:
    *path, last = edit.path.split(".")
    holder: Any = properties
    for part in path:
        holder = _at(holder, part)
    key: Any = int(last) if isinstance(holder, list) else last
    if edit.value is None:
        del holder[key]
    else:
        holder[key] = edit.value


def _at(holder: Any, part: str) -> Any:
    return cast("Any", holder[int(part)] if isinstance(holder, list) else holder[part])
