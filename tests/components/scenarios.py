"""Arguments for every component: the least that it takes, everything on, and one for each mode."""

from __future__ import annotations

from collections.abc import Callable

import pulumi

from components import (
    BranchEmulation,
    BranchEmulationArgs,
    ErCircuitPair,
    ErCircuitPairArgs,
    HubSpoke,
    HubSpokeArgs,
    IpsecOverEr,
    IpsecOverErArgs,
    OpnsenseNva,
    OpnsenseNvaArgs,
    RoutePreference,
    RouteServerPreference,
    RouteServerPreferenceArgs,
    Stage,
)
from components.inputs import IntentMode

SUBNET = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/"
SUBNET += "virtualNetworks/vnet/subnets/"
CIRCUIT = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/"
CIRCUIT += "expressRouteCircuits/existing"
TAGS: dict[str, pulumi.Input[str]] = {"environment": "test"}

HUB_DEFAULTS: HubSpokeArgs = {
    "resource_group_name": "rg",
    "hub": {"name": "hub", "address_space": ["10.0.0.0/24"], "subnets": {"subnet1": "10.0.0.0/27"}},
}
HUB_MAX: HubSpokeArgs = {
    "resource_group_name": "rg",
    "location": "westeurope",
    "hub": {
        "name": "hub",
        "address_space": ["10.0.0.0/24", "10.9.0.0/24"],
        "subnets": {
            "subnet1": "10.0.0.0/27",
            "GatewaySubnet": "10.0.0.32/27",
            "RouteServerSubnet": "10.0.0.128/26",
            "subnet2": "10.9.0.0/26",
        },
        "vm_address": "10.0.0.4",
        "routes": [
            {"name": "nva", "prefix": "10.50.0.0/16", "next_hop_type": "VirtualAppliance", "next_hop": "10.0.0.9"},
            {"name": "out", "prefix": "192.0.2.0/24", "next_hop_type": "Internet"},
        ],
    },
    "spokes": [
        {"name": "a", "address_space": ["10.0.1.0/24"], "subnets": {"s": "10.0.1.0/27"}, "vm_address": "10.0.1.4"},
        {"name": "b", "address_space": ["10.0.2.0/24"], "subnets": {"s": "10.0.2.0/27"}},
    ],
    "express_route_gateway": {"sku": "ErGw1AZ", "allow_remote_vnet_traffic": True},
    "test_vms": {"size": "Standard_B1s", "admin_username": "me", "ssh_public_key": "ssh-ed25519 AAAA"},
    "protect": True,
    "tags": TAGS,
}
BRANCH_DEFAULTS: BranchEmulationArgs = {
    "resource_group_name": "rg",
    "network": {
        "name": "branch",
        "address_space": ["10.100.0.0/24"],
        "subnets": {
            "Untrusted-Subnet": "10.100.0.0/28",
            "Trusted-Subnet": "10.100.0.16/28",
            "GatewaySubnet": "10.100.0.32/27",
            "subnet1": "10.100.0.96/27",
        },
    },
    "express_route_gateway": {"sku": "Standard", "allow_remote_vnet_traffic": True},
}
BRANCH_MAX: BranchEmulationArgs = {
    **BRANCH_DEFAULTS,
    "location": "westeurope",
    "network": {
        **BRANCH_DEFAULTS["network"],
        "subnets": {**BRANCH_DEFAULTS["network"]["subnets"], "AzureBastionSubnet": "10.100.0.192/26"},
        "vm_address": "10.100.0.100",
    },
    "appliance_address": "10.100.0.20",
    "management_prefixes": ["198.51.100.7/32"],
    "bastion": True,
    "test_vms": {},
    "protect": True,
    "tags": TAGS,
}
NVA_DEFAULTS: OpnsenseNvaArgs = {
    "resource_group_name": "rg",
    "name": "nva",
    "untrusted_subnet_id": f"{SUBNET}untrusted",
    "untrusted_subnet": "10.100.0.0/28",
    "untrusted_address": "10.100.0.4",
    "trusted_subnet_id": f"{SUBNET}trusted",
    "trusted_subnet": "10.100.0.16/28",
    "trusted_address": "10.100.0.20",
    "asn": 65510,
    "apipa": "169.254.0.1",
    "advertises": ["10.100.0.0/24"],
    "gateway": {
        "name": "hub-vpngw",
        "asn": 65515,
        "gateway_subnet": "10.0.0.32/27",
        "apipa": ["169.254.21.1", "169.254.21.2"],
    },
    "tunnel_addresses": ["10.0.0.36", "10.0.0.37"],
    "pre_shared_key": "given-key",
}
NVA_MAX: OpnsenseNvaArgs = {
    **NVA_DEFAULTS,
    "location": "westeurope",
    "size": "Standard_B4ms",
    "prepend": 3,
    "ipsec_policy": {"dh_group": "ECP384", "pfs_group": "ECP384", "ike_integrity": "SHA384"},
    "management_prefixes": ["198.51.100.7/32"],
    "tags": TAGS,
}
PAIR_ORDERED: ErCircuitPairArgs = {
    "resource_group_name": "rg",
    "stage": Stage.ORDERED,
    "gateways": [{"name": "hub", "owner": "hub", "id": "/gateway/hub"}],
    "circuits": [
        {
            "name": "one",
            "gateway": "hub",
            "layer": 3,
            "owned": {
                "provider": "Equinix",
                "peering_location": "Amsterdam",
                "bandwidth_in_mbps": 50,
                "sku": "Standard_MeteredData",
            },
        },
        {
            "name": "two",
            "gateway": "hub",
            "layer": 2,
            "vlan_id": 100,
            "weight": 10,
            "owned": {
                "provider": "Colt",
                "peering_location": "Frankfurt",
                "bandwidth_in_mbps": 1000,
                "sku": "Premium_UnlimitedData",
            },
        },
    ],
    "routers": [
        {
            "name": "edge",
            "asn": 65020,
            "links": [
                {"circuit": "one", "path": "primary", "prefix": "172.31.0.8/30"},
                {"circuit": "two", "path": "primary", "prefix": "172.31.0.0/30"},
                {"circuit": "two", "path": "secondary", "prefix": "172.31.0.4/30"},
            ],
            "statics": [{"prefix": "10.100.0.4/32", "circuit": "one"}],
            "networks": ["10.200.0.4/32"],
        }
    ],
}
PAIR_PROVISIONED: ErCircuitPairArgs = {
    **PAIR_ORDERED,
    "location": "westeurope",
    "stage": Stage.PROVISIONED,
    "circuits": [
        {**PAIR_ORDERED["circuits"][0], "msee_next_hop": {"primary": "10.3.129.58"}, "authorize": True},
        PAIR_ORDERED["circuits"][1],
    ],
    "protect": True,
    "tags": TAGS,
}
PAIR_EXISTING: ErCircuitPairArgs = {
    "resource_group_name": "rg",
    "stage": Stage.PROVISIONED,
    "gateways": [{"name": "hub", "owner": "hub", "id": "/gateway/hub"}],
    "circuits": [
        {"name": "ours", "gateway": "hub", "layer": 3, "existing": {"id": CIRCUIT}},
        {
            "name": "theirs",
            "gateway": "hub",
            "layer": 3,
            "existing": {"id": CIRCUIT, "authorization_key": "given-authorization"},
        },
    ],
}
IPSEC_DEFAULTS: IpsecOverErArgs = {
    "resource_group_name": "rg",
    "name": "hub",
    "gateway_subnet_id": f"{SUBNET}GatewaySubnet",
    "gateway_subnet": "10.0.0.32/27",
    "sku": "VpnGw1AZ",
    "apipa": [["169.254.21.1"], ["169.254.21.2"]],
    "devices": [{"name": "nva", "endpoint": "10.100.0.4", "asn": 65510, "apipa": "169.254.0.1"}],
    "stage": Stage.PROVISIONED,
}
IPSEC_ORDERED: IpsecOverErArgs = {**IPSEC_DEFAULTS, "stage": Stage.ORDERED}
IPSEC_MAX: IpsecOverErArgs = {
    **IPSEC_DEFAULTS,
    "location": "westeurope",
    "sku": "VpnGw2AZ",
    "asn": 65514,
    "apipa": [["169.254.21.2", "169.254.21.10"], ["169.254.22.2", "169.254.22.10"]],
    "devices": [
        {
            "name": "fw1",
            "endpoint": "10.200.0.4",
            "asn": 65010,
            "apipa": "169.254.21.1",
            "gateway_apipa": ["169.254.21.2", "169.254.22.2"],
            "express_route": {"interface": "wan0", "address": "192.168.100.4", "next_hop": "192.168.100.1"},
            "advertises": ["10.210.0.0/16"],
            "prepend": 1,
        },
        {
            "name": "fw2",
            "endpoint": "10.200.0.20",
            "asn": 65010,
            "apipa": "169.254.21.9",
            "gateway_apipa": ["169.254.21.10", "169.254.22.10"],
            "pre_shared_key": "given-key",
        },
    ],
    "ipsec_policy": {"ipsec_encryption": "AES256", "ipsec_integrity": "SHA256", "sa_life_time_seconds": 3600},
    "intent": [
        {
            "name": "hq",
            "from_prefixes": ["10.0.0.0/24"],
            "to_prefixes": ["10.210.0.0/16"],
            "mode": IntentMode.REQUIRED,
            "exempt": [{"to_prefixes": ["10.210.1.1/32"], "reason": "its own TLS", "expires": "2030-01-31"}],
        }
    ],
    "protect": True,
    "tags": TAGS,
}
ROUTE_SERVER_DEFAULTS: RouteServerPreferenceArgs = {
    "resource_group_name": "rg",
    "name": "hub",
    "route_server_subnet_id": f"{SUBNET}RouteServerSubnet",
}
ROUTE_SERVER_MAX: RouteServerPreferenceArgs = {
    **ROUTE_SERVER_DEFAULTS,
    "location": "westeurope",
    "gateway_ids": ["/gateway/hub"],
    "preference": RoutePreference.VPN_GATEWAY,
    "branch_to_branch": True,
    "peers": [
        {"name": "sdwan1", "address": "10.0.0.9", "asn": 65001},
        {"name": "sdwan2", "address": "10.0.0.10", "asn": 65001},
    ],
    "protect": True,
    "tags": TAGS,
}

SCENARIOS: dict[str, Callable[[], pulumi.ComponentResource]] = {
    "hub_spoke-defaults": lambda: HubSpoke("it", HUB_DEFAULTS),
    "hub_spoke-max": lambda: HubSpoke("it", HUB_MAX),
    "branch_emulation-defaults": lambda: BranchEmulation("it", BRANCH_DEFAULTS),
    "branch_emulation-max": lambda: BranchEmulation("it", BRANCH_MAX),
    "opnsense_nva-defaults": lambda: OpnsenseNva("it", NVA_DEFAULTS),
    "opnsense_nva-max": lambda: OpnsenseNva("it", NVA_MAX),
    "er_circuit_pair-ordered": lambda: ErCircuitPair("it", PAIR_ORDERED),
    "er_circuit_pair-provisioned-max": lambda: ErCircuitPair("it", PAIR_PROVISIONED),
    "er_circuit_pair-existing": lambda: ErCircuitPair("it", PAIR_EXISTING),
    "ipsec_over_er-defaults": lambda: IpsecOverEr("it", IPSEC_DEFAULTS),
    "ipsec_over_er-ordered": lambda: IpsecOverEr("it", IPSEC_ORDERED),
    "ipsec_over_er-max": lambda: IpsecOverEr("it", IPSEC_MAX),
    "route_server_preference-defaults": lambda: RouteServerPreference("it", ROUTE_SERVER_DEFAULTS),
    "route_server_preference-max": lambda: RouteServerPreference("it", ROUTE_SERVER_MAX),
    **{
        f"route_server_preference-{preference.value}": lambda preference=preference: RouteServerPreference(
            "it", {**ROUTE_SERVER_DEFAULTS, "preference": preference}
        )
        for preference in (RoutePreference.EXPRESS_ROUTE, RoutePreference.AS_PATH)
    },
}
