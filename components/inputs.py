"""Input types that several components share.

No ``from __future__ import annotations`` here or in a component: Pulumi reads the annotations at run time.
"""

from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi


class Stage(StrEnum):
    """How far the ExpressRoute provider is."""

    ORDERED = "ordered"
    """Circuits are ordered: everything is built except the connections, while the provider provisions them."""
    PROVISIONED = "provisioned"
    """The provider has provisioned the circuits: the connections are built too."""


class IntentMode(StrEnum):
    """How strictly traffic is to be encrypted."""

    REQUIRED = "required"
    """Never in clear, whatever fails."""
    PREFERRED = "preferred"
    """Encrypted while a tunnel is up; in clear over ExpressRoute is allowed otherwise, and said at every preview."""


class RoutePreference(StrEnum):
    """Which of two routes to one prefix Route Server prefers (ARM: ``hubRoutingPreference``)."""

    EXPRESS_ROUTE = "ExpressRoute"
    """ExpressRoute before VPN and NVA, whatever the AS paths: Azure's default."""
    VPN_GATEWAY = "VpnGateway"
    """VPN and NVA before ExpressRoute."""
    AS_PATH = "ASPath"
    """The shorter AS path, whatever its source."""


class UserRouteArgs(TypedDict):
    """One user-defined route."""

    name: str
    """Name of the route."""
    prefix: str
    """Destination, for example 10.0.0.0/8."""
    next_hop_type: str
    """VirtualAppliance, VnetLocal, Internet, VirtualNetworkGateway or None."""
    next_hop: NotRequired[str]
    """Address of the appliance, with VirtualAppliance only. Default: none."""


class NetworkArgs(TypedDict):
    """One virtual network."""

    name: str
    """Name that the resources' names are derived from."""
    address_space: list[str]
    """Prefixes of the virtual network."""
    subnets: dict[str, str]
    """Prefix of each subnet by its name. GatewaySubnet, RouteServerSubnet and AzureBastionSubnet are Azure's names."""
    vm_address: NotRequired[str]
    """Address of the test VM, in a workload subnet. Used if test VMs are asked for. Default: none, and no VM."""
    routes: NotRequired[list[UserRouteArgs]]
    """User-defined routes of the workload subnets. Default: none, and no route table."""


class ExpressRouteGatewayArgs(TypedDict):
    """An ExpressRoute gateway."""

    sku: str
    """Standard, HighPerformance, UltraPerformance, ErGw1AZ, ErGw2AZ, ErGw3AZ or ErGwScale."""
    allow_remote_vnet_traffic: bool
    """Accept prefixes that another virtual network's ExpressRoute gateway announces. Needed on both sides where the
    far end is a virtual network; explicit, because new gateways have it off and older ones on."""


class TestVmArgs(TypedDict):
    """The test VMs: Linux, with a web server that answers with the host's name."""

    size: NotRequired[str]
    """VM size. Default Standard_DS1_v2."""
    admin_username: NotRequired[str]
    """Administrator. Default azureuser."""
    ssh_public_key: NotRequired[str]
    """The administrator's public key. Default: none; a password is generated, and is a secret output."""


class GatewayPlanArgs(TypedDict):
    """What a device has to know of the VPN gateway before it exists."""

    name: str
    """Name of the VPN gateway resource."""
    asn: int
    """Its ASN."""
    gateway_subnet: str
    """Prefix of the GatewaySubnet that its tunnel addresses will come from."""
    apipa: list[str]
    """BGP address inside the tunnel of each instance, in the instances' order."""


class IpsecPolicyArgs(TypedDict):
    """One complete IPsec/IKE policy in ARM's words. What is left out has this project's default, which is strong."""

    ike_encryption: NotRequired[str]
    """AES128, AES192 or AES256. Default AES256."""
    ike_integrity: NotRequired[str]
    """SHA256 or SHA384. Default SHA256."""
    dh_group: NotRequired[str]
    """DHGroup14, DHGroup2048, ECP256 or ECP384. Default DHGroup14."""
    ipsec_encryption: NotRequired[str]
    """GCMAES256, GCMAES192, GCMAES128, AES256, AES192 or AES128. Default GCMAES256."""
    ipsec_integrity: NotRequired[str]
    """Equal to the encryption with GCM, else SHA256. Default GCMAES256."""
    pfs_group: NotRequired[str]
    """PFS2048, PFS14, ECP256 or ECP384. Default PFS2048."""
    sa_life_time_seconds: NotRequired[int]
    """Lifetime of a quick-mode security association in seconds, 300 or more. Default 27000."""
    sa_data_size_kilobytes: NotRequired[int]
    """Lifetime of a quick-mode security association in KB, 1024 or more. Default 102400000."""


Tags = dict[str, pulumi.Input[str]]
"""Tags of a resource."""
