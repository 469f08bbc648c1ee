"""The network that the rules' examples are edits of: a hub with a spoke, both gateways, Route Server and one tunnel.

Beside the tunnel there is a network virtual appliance that peers with Route Server.

It is as a preview shows it: no id is known, and references lead where Pulumi's record of dependencies says. The site is
declared, as it would be for any program: an edge that announces the firewall's endpoint only, and the firewall.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date
from typing import Any, cast

from vpner.plan.bgp import AZURE_ASN
from vpner.problems import refuse
from vpner.readers.resources import SECRET, UNKNOWN, Resource, Snapshot, Value
from vpner.routing import Failures
from vpner.rules.declared import read_declared
from vpner.rules.network import Network
from vpner.rules.registry import DECLARED, MADE_FROM, Edit

ENDPOINT = "10.200.0.4"
APPLIANCE = "10.0.0.68"
"""A network virtual appliance in the hub, beside the tunnel: Route Server's peer, and next hop of a route."""
TODAY = date(2026, 1, 1)
"""For the examples' exemptions and exceptions."""
_GROUP = {"resourceGroupName": "lab"}
_PEERING = {"allowVirtualNetworkAccess": True, "allowForwardedTraffic": True, "remoteVirtualNetwork": {"id": UNKNOWN}}


def _public(name: str) -> tuple[str, Mapping[str, Value], Mapping[str, tuple[str, ...]]]:
    properties = {
        **_GROUP,
        "publicIpAddressName": name,
        "sku": {"name": "Standard"},
        "publicIPAllocationMethod": "Static",
        "zones": ["1", "2", "3"],
    }
    return "PublicIPAddress", properties, {}


def _subnet(vnet: str, name: str, prefix: str) -> tuple[str, Mapping[str, Value], Mapping[str, tuple[str, ...]]]:
    properties = {**_GROUP, "virtualNetworkName": vnet, "subnetName": name, "addressPrefix": prefix}
    return "Subnet", properties, {}


def _vnet(name: str, prefix: str) -> tuple[str, Mapping[str, Value], Mapping[str, tuple[str, ...]]]:
    space = {"addressPrefixes": [prefix]}
    return "VirtualNetwork", {**_GROUP, "virtualNetworkName": name, "addressSpace": space}, {}


_RESOURCES: Mapping[str, tuple[str, Mapping[str, Value], Mapping[str, tuple[str, ...]]]] = {
    "vnet": _vnet("hub-vnet", "10.0.0.0/24"),
    "gateway-subnet": _subnet("hub-vnet", "GatewaySubnet", "10.0.0.32/27"),
    "route-server-subnet": _subnet("hub-vnet", "RouteServerSubnet", "10.0.0.128/26"),
    "appliance-subnet": _subnet("hub-vnet", "appliances", "10.0.0.64/27"),
    "spoke": _vnet("spoke-vnet", "10.0.1.0/24"),
    "spoke-routes": (
        "RouteTable",
        {
            **_GROUP,
            "routeTableName": "spoke-routes",
            "routes": [
                {
                    "name": "partners",
                    "addressPrefix": "10.99.0.0/16",
                    "nextHopType": "VirtualAppliance",
                    "nextHopIpAddress": APPLIANCE,
                }
            ],
        },
        {},
    ),
    "spoke-subnet": (
        "Subnet",
        {
            **_GROUP,
            "virtualNetworkName": "spoke-vnet",
            "subnetName": "app",
            "addressPrefix": "10.0.1.0/25",
            "routeTable": {"id": UNKNOWN},
        },
        {"routeTable": ("spoke-routes",)},
    ),
    "hub-to-spoke": (
        "VirtualNetworkPeering",
        {
            **_GROUP,
            **_PEERING,
            "virtualNetworkName": "hub-vnet",
            "virtualNetworkPeeringName": "hub-to-spoke",
            "allowGatewayTransit": True,
        },
        {"remoteVirtualNetwork": ("spoke",)},
    ),
    "spoke-to-hub": (
        "VirtualNetworkPeering",
        {
            **_GROUP,
            **_PEERING,
            "virtualNetworkName": "spoke-vnet",
            "virtualNetworkPeeringName": "spoke-to-hub",
            "useRemoteGateways": True,
        },
        {"remoteVirtualNetwork": ("vnet",)},
    ),
    "vpn-address-0": _public("vpn-address-0"),
    "vpn-address-1": _public("vpn-address-1"),
    "er-gateway": (
        "VirtualNetworkGateway",
        {
            **_GROUP,
            "virtualNetworkGatewayName": "hub-ergw",
            "gatewayType": "ExpressRoute",
            "sku": {"name": "ErGw1AZ", "tier": "ErGw1AZ"},
            "ipConfigurations": [{"name": "default", "subnet": {"id": UNKNOWN}}],
        },
        {"ipConfigurations": ("gateway-subnet",)},
    ),
    "vpn-gateway": (
        "VirtualNetworkGateway",
        {
            **_GROUP,
            "virtualNetworkGatewayName": "hub-vpngw",
            "gatewayType": "Vpn",
            "vpnType": "RouteBased",
            "sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
            "activeActive": True,
            "enableBgp": True,
            "enablePrivateIpAddress": True,
            "bgpSettings": {
                "asn": 65515,
                "bgpPeeringAddresses": [
                    {"ipconfigurationId": UNKNOWN, "customBgpIpAddresses": ["169.254.21.2"]},
                    {"ipconfigurationId": UNKNOWN, "customBgpIpAddresses": ["169.254.22.2"]},
                ],
            },
            "ipConfigurations": [
                {"name": "default", "subnet": {"id": UNKNOWN}, "publicIPAddress": {"id": UNKNOWN}},
                {"name": "activeActive", "subnet": {"id": UNKNOWN}, "publicIPAddress": {"id": UNKNOWN}},
            ],
        },
        {"ipConfigurations": ("gateway-subnet", "vpn-address-0", "vpn-address-1", "er-gateway")},
    ),
    "route-server": (
        "VirtualHub",
        {
            **_GROUP,
            "virtualHubName": "hub-rs",
            "sku": "Standard",
            "allowBranchToBranchTraffic": True,
            "hubRoutingPreference": "VpnGateway",
        },
        {},
    ),
    "route-server-ip": (
        "VirtualHubIpConfiguration",
        {**_GROUP, "virtualHubName": "hub-rs", "ipConfigName": "Default", "subnet": {"id": UNKNOWN}},
        {"subnet": ("gateway-subnet", "route-server-subnet", "vpn-gateway")},
    ),
    "local": (
        "LocalNetworkGateway",
        {
            **_GROUP,
            "localNetworkGatewayName": "fw-lgw",
            "gatewayIpAddress": ENDPOINT,
            "bgpSettings": {"asn": 65010, "bgpPeeringAddress": "169.254.21.1"},
        },
        {},
    ),
    "component": ("other:index:Site", {}, {}),
    "key": ("random:index/randomPassword:RandomPassword", {}, {}),
    "plan": ("example:index:Site", {}, {}),
    "connection": (
        "VirtualNetworkGatewayConnection",
        {
            **_GROUP,
            "virtualNetworkGatewayConnectionName": "hub-to-fw",
            "connectionType": "IPsec",
            "connectionProtocol": "IKEv2",
            "enableBgp": True,
            "sharedKey": SECRET,
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
        {"virtualNetworkGateway1": ("vpn-gateway",), "localNetworkGateway2": ("local",), "sharedKey": ("key",)},
    ),
    "hub-er": (
        "ExpressRouteCircuit",
        {
            **_GROUP,
            "circuitName": "hub-er",
            "sku": {"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"},
            "serviceProviderProperties": {"peeringLocation": "Amsterdam", "bandwidthInMbps": 50},
            "serviceProviderProvisioningState": "Provisioned",
        },
        {},
    ),
    "hub-er-connection": (
        "VirtualNetworkGatewayConnection",
        {
            **_GROUP,
            "virtualNetworkGatewayConnectionName": "hub-er-conn",
            "connectionType": "ExpressRoute",
            "virtualNetworkGateway1": {"id": UNKNOWN},
            "peer": {"id": UNKNOWN},
            "authorizationKey": SECRET,
        },
        {"virtualNetworkGateway1": ("er-gateway",), "peer": ("hub-er",), "authorizationKey": ("hub-er-authorization",)},
    ),
    "appliance": (
        "NetworkInterface",
        {
            **_GROUP,
            "networkInterfaceName": "nva-nic",
            "enableIPForwarding": True,
            "ipConfigurations": [
                {"name": "default", "subnet": {"id": UNKNOWN}, "privateIPAddress": APPLIANCE},
            ],
        },
        {"ipConfigurations": ("appliance-subnet",)},
    ),
    "appliance-peer": (
        "VirtualHubBgpConnection",
        {**_GROUP, "virtualHubName": "hub-rs", "connectionName": "nva", "peerIp": APPLIANCE, "peerAsn": 65001},
        {},
    ),
}

_DECLARED: Mapping[str, Value] = {
    "topology": {
        "circuits": {
            "hub-er": {
                "paths": {
                    "primary": {"router": "edge", "msee_peer_ip": "172.31.0.2", "router_peer_ip": "172.31.0.1"},
                    "secondary": {"router": "edge", "msee_peer_ip": "172.31.0.6", "router_peer_ip": "172.31.0.5"},
                }
            },
        },
        "routers": {
            "edge": {"asn": 65020, "networks": [f"{ENDPOINT}/32"]},
            "fw": {
                "asn": 65010,
                "addresses": [ENDPOINT],
                "networks": ["10.210.0.0/16"],
                "statics": [
                    {"prefix": f"hub-vpngw.instances[{index}].tunnel", "next_hop": "10.200.0.1"} for index in (0, 1)
                ],
            },
            "nva": {"networks": ["10.99.0.0/16"]},
        },
    },
    "resilience": "single-circuit",
    "intent": [{"name": "site", "from": ["10.0.1.0/24"], "to": ["10.210.0.0/16"], "mode": "required"}],
}


def example_network(edits: Iterable[Edit] = ()) -> Network:
    """The example network with some edits. A value of None removes the key or the item."""
    holders = {name: deepcopy(dict(values)) for name, (_, values, _) in _RESOURCES.items()}
    made_from = {name: dict(references) for name, (_, _, references) in _RESOURCES.items()}
    declared = deepcopy(dict(_DECLARED))
    for edit in edits:
        if edit.path.startswith(MADE_FROM):
            made_from[edit.resource][edit.path.removeprefix(MADE_FROM)] = cast("tuple[str, ...]", edit.value or ())
        else:
            _apply(declared if edit.resource == DECLARED else holders[edit.resource], edit)
    read, problems = read_declared(declared)
    refuse("the example's declaration is malformed", problems)
    resources = (
        Resource(
            _urn(name),
            kind if ":" in kind else f"azure-native:network:{kind}",
            name,
            holders[name],
            {key: tuple(map(_urn, targets)) for key, targets in made_from[name].items()},
        )
        for name, (kind, _, _) in _RESOURCES.items()
    )
    return Network(Snapshot(resources), read, today=TODAY, failures=Failures.SINGLE)


def _urn(name: str) -> str:
    return f"urn:example::{name}"


def _apply(properties: dict[str, Value], edit: Edit) -> None:
    *path, last = edit.path.split(".")
    holder: Any = properties
    for part in path:
        holder = _at(holder, part)
    key: Any = int(last) if isinstance(holder, list) else last
    if isinstance(holder, list) and key == len(cast("list[Any]", holder)):
        cast("list[Any]", holder).append(deepcopy(edit.value))
    elif edit.value is None:
        del holder[key]
    else:
        holder[key] = deepcopy(edit.value)


def _at(holder: Any, part: str) -> Any:
    return cast("Any", holder[int(part)] if isinstance(holder, list) else holder[part])


TUNNELS: list[dict[str, Value]] = [
    {
        "innerLocal": "169.254.21.1",
        "innerRemote": f"169.254.{21 + index}.2",
        "remote": f"hub-vpngw.instances[{index}].tunnel",
    }
    for index in (0, 1)
]
"""The tunnels in the plan of the example's firewall."""


def planned_device(**changes: Value) -> tuple[Edit, ...]:
    """The example's firewall as a component would register it, with some of its keys changed."""
    plan: dict[str, Value] = {
        "name": "fw",
        "asn": 65010,
        "endpoint": "10.200.0.4",
        "advertises": ["10.210.0.0/16"],
        "statics": [{"destination": f"{item['remote']}/32", "nextHop": "10.200.0.1"} for item in TUNNELS],
        "tunnels": TUNNELS,
        "neighbours": [{"address": item["innerRemote"], "asn": AZURE_ASN} for item in TUNNELS],
        "ikeProposal": "aes256-sha256-modp2048",
        "espProposal": "aes256gcm16-modp2048",
    }
    return (Edit("plan", "devices", [{**plan, **changes}]),)
