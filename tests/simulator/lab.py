"""Bodies of requests to the simulated Azure, and small networks made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vpner.simulator import carrier
from vpner.simulator.azure import Azure
from vpner.simulator.store import Store

Body = dict[str, Any]

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
OTHER_SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
LOCATION = {"location": "westeurope"}


def resource(path: str, group: str = GROUP, namespace: str = "Microsoft.Network") -> str:
    """Id of ``virtualNetworks/hub`` and the like in the lab's resource group."""
    return f"{group}/providers/{namespace}/{path}"


def vnet(*prefixes: str) -> Body:
    return {**LOCATION, "addressSpace": {"addressPrefixes": list(prefixes)}}


def public_address(*zones: str) -> Body:
    sku = {"name": "Standard", "tier": "Regional"}
    return {**LOCATION, "sku": sku, "publicIPAllocationMethod": "Static", **({"zones": list(zones)} if zones else {})}


def ip_configuration(name: str, subnet: str, public: str | None = None, **more: object) -> Body:
    body: Body = {"name": name, "subnet": {"id": resource(f"virtualNetworks/{subnet}")}, **more}
    if public:
        body["publicIPAddress"] = {"id": resource(f"publicIPAddresses/{public}")}
    return body


def nic(subnet: str, address: str | None = None) -> Body:
    static = {"privateIPAllocationMethod": "Static", "privateIPAddress": address} if address else {}
    return {**LOCATION, "ipConfigurations": [ip_configuration("ipconfig1", subnet, **static)]}


def vpn_gateway(network: str = "hub", **more: object) -> Body:
    return {
        **LOCATION,
        "gatewayType": "Vpn",
        "vpnType": "RouteBased",
        "sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
        "activeActive": True,
        "enableBgp": True,
        "enablePrivateIpAddress": True,
        "ipConfigurations": [
            ip_configuration("default", f"{network}/subnets/GatewaySubnet", "pip-vpn-1"),
            ip_configuration("activeActive", f"{network}/subnets/GatewaySubnet", "pip-vpn-2"),
        ],
        **more,
    }


def custom_bgp(*addresses: str, gateway: str = "vpngw") -> Body:
    """BGP settings of a gateway with one custom address an instance."""
    own = f"{resource(f'virtualNetworkGateways/{gateway}')}/ipConfigurations"
    pairs = zip(("default", "activeActive"), addresses, strict=True)
    listed = [{"ipconfigurationId": f"{own}/{name}", "customBgpIpAddresses": [value]} for name, value in pairs]
    return {"asn": 65515, "bgpPeeringAddresses": listed}


def express_route_gateway(network: str = "hub", public: str = "pip-er", **more: object) -> Body:
    return {
        **LOCATION,
        "gatewayType": "ExpressRoute",
        "sku": {"name": "Standard", "tier": "Standard"},
        "ipConfigurations": [ip_configuration("default", f"{network}/subnets/GatewaySubnet", public)],
        **more,
    }


def local_gateway(**more: object) -> Body:
    return {
        **LOCATION,
        "gatewayIpAddress": "10.100.0.4",
        "bgpSettings": {"asn": 65510, "bgpPeeringAddress": "169.254.0.1"},
        **more,
    }


POLICY: Mapping[str, object] = {
    "saLifeTimeSeconds": 27000,
    "saDataSizeKilobytes": 102400000,
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA256",
    "dhGroup": "DHGroup14",
    "pfsGroup": "PFS2048",
}


def vpn_connection(**more: object) -> Body:
    return {
        **LOCATION,
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": resource("virtualNetworkGateways/vpngw")},
        "localNetworkGateway2": {"id": resource("localNetworkGateways/device")},
        "enableBgp": True,
        "useLocalAzureIpAddress": True,
        "sharedKey": "a-key-that-nobody-else-has",
        "ipsecPolicies": [dict(POLICY)],
        **more,
    }


def circuit(**more: object) -> Body:
    return {
        **LOCATION,
        "sku": {"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"},
        "serviceProviderProperties": provider(50),
        **more,
    }


def provider(mbps: int) -> Body:
    return {"serviceProviderName": "Megaport", "peeringLocation": "Chicago", "bandwidthInMbps": mbps}


def circuit_peering(**more: object) -> Body:
    return {
        "peeringType": "AzurePrivatePeering",
        "vlanId": 100,
        "peerASN": 65001,
        "primaryPeerAddressPrefix": "172.31.0.0/30",
        "secondaryPeerAddressPrefix": "172.31.0.4/30",
        **more,
    }


def circuit_connection(**more: object) -> Body:
    return {
        **LOCATION,
        "connectionType": "ExpressRoute",
        "virtualNetworkGateway1": {"id": resource("virtualNetworkGateways/ergw")},
        "peer": {"id": resource("expressRouteCircuits/circuit")},
        **more,
    }


def peering(remote: str, **more: object) -> Body:
    return {"remoteVirtualNetwork": {"id": resource(f"virtualNetworks/{remote}")}, **more}


def machine(*nics: str, **profile: object) -> Body:
    return {
        **LOCATION,
        "hardwareProfile": {"vmSize": "Standard_B2s"},
        "networkProfile": {
            "networkInterfaces": [
                {"id": resource(f"networkInterfaces/{name}"), "primary": index == 0} for index, name in enumerate(nics)
            ]
        },
        "osProfile": {
            "computerName": "vm",
            "adminUsername": "azureuser",
            "adminPassword": "Correct-Horse-1",
            **profile,
        },
        "storageProfile": {"osDisk": {"createOption": "FromImage"}},
    }


class Lab:
    """A simulated Azure with short names: ``lab.put("virtualNetworks/hub", vnet("10.0.0.0/24"))``."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.azure = Azure(self.store)

    def put(self, path: str, body: Mapping[str, object], namespace: str = "Microsoft.Network") -> Body:
        return self.azure.put(resource(path, namespace=namespace), body)

    def get(self, path: str, namespace: str = "Microsoft.Network") -> Body:
        return self.azure.get(resource(path, namespace=namespace))

    def delete(self, path: str, namespace: str = "Microsoft.Network") -> None:
        self.azure.delete(resource(path, namespace=namespace))

    def exists(self, path: str) -> bool:
        return self.azure.exists(resource(path))

    def ids(self) -> set[str]:
        return {record.id for record in self.store.snapshot().all()}

    def group(self) -> Lab:
        self.azure.put(GROUP, LOCATION)
        return self

    def hub(self, gateway_subnet: str = "10.0.0.32/27") -> Lab:
        """The reference lab's hub, and public addresses for its gateways."""
        self.group()
        self.put("virtualNetworks/hub", vnet("10.0.0.0/24"))
        for name, prefix in (("subnet1", "10.0.0.0/27"), ("GatewaySubnet", gateway_subnet)):
            self.put(f"virtualNetworks/hub/subnets/{name}", {"addressPrefix": prefix})
        self.put("virtualNetworks/hub/subnets/RouteServerSubnet", {"addressPrefix": "10.0.0.128/26"})
        for name in ("pip-vpn-1", "pip-vpn-2", "pip-rs"):
            self.put(f"publicIPAddresses/{name}", public_address("1", "2", "3"))
        self.put("publicIPAddresses/pip-er", public_address())
        return self

    def express_route(self) -> Lab:
        self.put("virtualNetworkGateways/ergw", express_route_gateway())
        return self

    def vpn(self, **more: object) -> Lab:
        settings = {"bgpSettings": custom_bgp("169.254.21.1", "169.254.21.2"), **more}
        self.put("virtualNetworkGateways/vpngw", vpn_gateway(**settings))
        return self

    def device(self, **more: object) -> Lab:
        self.put("localNetworkGateways/device", local_gateway(**more))
        return self

    def ordered(self) -> Lab:
        self.put("expressRouteCircuits/circuit", circuit())
        return self

    def provisioned(self) -> Lab:
        """A circuit that its layer 3 provider has built."""
        self.ordered()
        carrier.provision(self.store, "circuit", carrier.PrivatePeering(100, 65001, "169.254.98.60/30"))
        return self

    def route_server(self) -> Lab:
        self.put("virtualHubs/rs", {**LOCATION, "sku": "Standard"})
        self.put("virtualHubs/rs/ipConfigurations/default", route_server_configuration())
        return self

    def spoke(self, name: str = "spoke", prefix: str = "10.0.1.0/24") -> Lab:
        self.put(f"virtualNetworks/{name}", vnet(prefix))
        return self

    def virtual_machine(self, name: str = "vm", **profile: object) -> Lab:
        self.put(f"networkInterfaces/{name}-nic", nic("hub/subnets/subnet1"))
        self.put(f"virtualMachines/{name}", machine(f"{name}-nic", **profile), "Microsoft.Compute")
        return self


def route_server_configuration(**more: object) -> Body:
    subnet = resource("virtualNetworks/hub/subnets/RouteServerSubnet")
    return {
        "subnet": {"id": subnet},
        "publicIPAddress": {"id": resource("publicIPAddresses/pip-rs")},
        "privateIPAllocationMethod": "Dynamic",
        **more,
    }
