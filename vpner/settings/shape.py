"""The configuration's shape: which keys there are, and what kind of value each takes. Meaning is checked elsewhere."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Shape(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class ExpressRouteGateway(_Shape):
    """An ExpressRoute gateway."""

    sku: str
    """Standard, HighPerformance, UltraPerformance, ErGw1AZ, ErGw2AZ, ErGw3AZ or ErGwScale."""
    allow_remote_vnet_traffic: bool
    """Accept prefixes of other virtual networks over the circuit: on where both ends are in Azure."""


class Route(_Shape):
    """A user-defined route."""

    name: str
    """Name of the route."""
    prefix: str
    """Destination."""
    next_hop_type: str
    """VirtualAppliance, VnetLocal, Internet, VirtualNetworkGateway or None."""
    next_hop: str | None = None
    """Address of the appliance, with VirtualAppliance only."""


class Network(_Shape):
    """A virtual network."""

    name: str = Field(min_length=1)
    """Name that the resources' names are derived from."""
    address_space: list[str]
    """Prefixes of the virtual network."""
    subnets: dict[str, str]
    """Prefix of each subnet by its name; GatewaySubnet, RouteServerSubnet and AzureBastionSubnet are Azure's names."""
    vm_address: str | None = None
    """Address of the test VM, in a workload subnet; without it there is none."""
    routes: list[Route] = []
    """User-defined routes of the workload subnets."""


class Hub(Network):
    """The hub: a virtual network with gateways."""

    express_route_gateway: ExpressRouteGateway
    """Its ExpressRoute gateway."""


class Appliance(_Shape):
    """The OPNsense appliance of an emulated branch, which ends the tunnel."""

    name: str = Field(min_length=1)
    """Name of the virtual machine."""
    size: str = "Standard_B2s"
    """Size of the virtual machine."""
    untrusted_address: str
    """Address in Untrusted-Subnet: the end of the tunnel."""
    trusted_address: str
    """Address in Trusted-Subnet."""
    asn: int
    """Its AS number."""
    apipa: str
    """Its BGP address in the tunnel, from 169.254.0.1 to 169.254.255.254."""
    gateway_apipa: list[str] = []
    """BGP address of each instance of the VPN gateway for it; required if an instance has several."""
    advertises: list[str]
    """Prefixes that it announces in the tunnel."""
    prepend: int = 0
    """How often it prepends its own AS number."""


class Branch(Network):
    """A branch that is emulated by a virtual network."""

    express_route_gateway: ExpressRouteGateway
    """Its ExpressRoute gateway."""
    appliance: Appliance | None = None
    """What ends the tunnel there."""
    management_prefixes: list[str] = []
    """Who may reach the appliance over its public address."""
    bastion: bool = False
    """Whether to build Azure Bastion."""


class Endpoint(_Shape):
    """Where a device's tunnels end."""

    outside: str
    """Address as Azure sees it."""
    inside: str | None = None
    """Its own address, where NAT stands between."""


class SiteDevice(_Shape):
    """A device on premises that ends tunnels."""

    name: str = Field(min_length=1)
    """Name of the device."""
    endpoint: Endpoint
    """Where its tunnels end."""
    asn: int
    """Its AS number."""
    apipa: str
    """Its BGP address in the tunnels, from 169.254.0.1 to 169.254.255.254."""
    gateway_apipa: list[str] = []
    """BGP address of each instance of the VPN gateway for it; required if an instance has several."""
    express_route_interface: str
    """Name of the interface towards ExpressRoute."""
    express_route_next_hop: str
    """Next hop on that interface, for the /32 of the tunnel addresses."""
    advertises: list[str] = []
    """Prefixes that it announces in the tunnels."""
    prepend: int = 0
    """How often it prepends its own AS number."""


class Site(_Shape):
    """A site on premises."""

    name: str = Field(min_length=1)
    """Name of the site."""
    devices: list[SiteDevice]
    """Devices that end tunnels."""


class OwnedCircuit(_Shape):
    """A circuit that the stack orders."""

    provider: str
    """The provider, in Azure's spelling."""
    peering_location: str
    """The peering location, in Azure's spelling."""
    bandwidth_in_mbps: int
    """Bandwidth in Mbps."""
    sku: str
    """For example Standard_MeteredData."""


class ExistingCircuit(_Shape):
    """A circuit that somebody else owns."""

    id: str
    """Its ARM id."""
    authorization_key: str | None = Field(default=None, repr=False)
    """Secret: an authorisation of the circuit's owner, where that is another subscription."""


class MseeNextHop(_Shape):
    """Next hop that Azure shows for each path of a circuit, where it is known."""

    primary: str | None = None
    """Of the primary path."""
    secondary: str | None = None
    """Of the secondary path."""


class Circuit(_Shape):
    """An ExpressRoute circuit: owned or existing."""

    name: str = Field(min_length=1)
    """Name of the circuit."""
    gateway: str
    """hub or branch: the gateway that it is connected to."""
    owned: OwnedCircuit | None = None
    """A circuit to be ordered."""
    existing: ExistingCircuit | None = None
    """A circuit that exists already."""
    layer: int
    """2: the private peering is configured by this stack; 3: by the provider."""
    vlan_id: int | None = None
    """VLAN of the private peering; required with layer 2."""
    weight: int = 0
    """Routing weight of its connection, 0 to 32000; the higher wins."""
    msee_next_hop: MseeNextHop = MseeNextHop()
    """What Azure's route tables show as next hop."""


class Link(_Shape):
    """A BGP session between a router and a circuit."""

    circuit: str
    """Name of the circuit."""
    path: str
    """primary or secondary."""
    prefix: str
    """/30 of the link; the router has its first usable address, Microsoft's edge the second."""


class Static(_Shape):
    """A static route of a router."""

    prefix: str
    """Destination."""
    circuit: str
    """Circuit that it leads to."""


class Router(_Shape):
    """A router at the far end of the circuits."""

    name: str = Field(min_length=1)
    """Name of the router."""
    asn: int
    """Its AS number."""
    links: list[Link]
    """Its sessions with circuits."""
    statics: list[Static] = []
    """Static routes, announced to the other circuits."""
    networks: list[str] = []
    """Prefixes that it announces as its own."""


class IpsecPolicy(_Shape):
    """What is negotiated; what is left out has this project's default."""

    ike_encryption: str | None = None
    """IKE encryption."""
    ike_integrity: str | None = None
    """IKE integrity."""
    dh_group: str | None = None
    """Diffie-Hellman group of IKE."""
    ipsec_encryption: str | None = None
    """ESP encryption."""
    ipsec_integrity: str | None = None
    """ESP integrity."""
    pfs_group: str | None = None
    """Group of perfect forward secrecy."""
    sa_life_time_seconds: int | None = None
    """Lifetime of the security associations."""
    sa_data_size_kilobytes: int | None = None
    """Data after which they are renewed."""


class Tunnel(_Shape):
    """The VPN gateway and its tunnels inside ExpressRoute."""

    enabled: bool = True
    """Whether there is a tunnel."""
    sku: str = "VpnGw1AZ"
    """SKU of the VPN gateway; only AZ SKUs have private tunnel addresses."""
    asn: int = 65515
    """AS number of the gateway."""
    apipa: list[list[str]] = [["169.254.21.1"], ["169.254.21.2"]]
    """BGP addresses of each of the two instances."""
    ipsec_policy: IpsecPolicy = IpsecPolicy()
    """What is negotiated."""


class RouteServerPeer(_Shape):
    """A BGP peer of Route Server, such as a firewall."""

    name: str
    """Name of the peering."""
    address: str
    """Address of the peer."""
    asn: int
    """Its AS number."""


class RouteServer(_Shape):
    """Azure Route Server in the hub."""

    enabled: bool = True
    """Whether there is one."""
    branch_to_branch: bool = True
    """Whether gateways learn from each other through it."""
    peers: list[RouteServerPeer] = []
    """Appliances in Azure that speak BGP with it."""


class TestVms(_Shape):
    """Test VMs: Linux, with a web server."""

    __test__ = False  # pytest: not a test class

    size: str = "Standard_DS1_v2"
    """VM size."""
    admin_username: str = "azureuser"
    """Name of the administrator."""
    ssh_public_key: str | None = None
    """Public key; without one, a password is generated."""


class Exempt(_Shape):
    """Traffic that need not be encrypted."""

    from_: list[str] | None = Field(default=None, alias="from")
    """Prefixes at the one end; none: those of the intent."""
    to: list[str] | None = None
    """Prefixes at the other end; none: those of the intent."""
    protocol: str | None = None
    """tcp, udp or icmp; none: any."""
    port: int | None = None
    """Destination port; none: any."""
    reason: str
    """Why."""
    expires: str
    """Date after which it is no longer exempt, as YYYY-MM-DD."""


class Intent(_Shape):
    """Traffic that must be encrypted, in both directions."""

    name: str
    """Name of the intent."""
    from_: list[str] = Field(alias="from")
    """Prefixes at the one end, in Azure."""
    to: list[str]
    """Prefixes at the other end."""
    mode: Literal["required", "preferred"]
    """required: never in clear, whatever fails; preferred: encrypted while a tunnel is up."""
    reason: str | None = None
    """Why it is no more than preferred."""
    exempt: list[Exempt] = []
    """What is left out."""


class Subscriptions(_Shape):
    """Subscription ids, where a part is not in the default provider's."""

    hub: str | None = None
    """Of the hub."""
    branch: str | None = None
    """Of the branch."""
    circuits: str | None = None
    """Of the circuits."""


class Configuration(_Shape):
    """Every key of the project, as Pulumi.yaml declares them."""

    # The command line hands the top level over as text, so "true" is a boolean there.
    model_config = ConfigDict(strict=False)

    resource_group: str = Field(min_length=1)
    subscriptions: Subscriptions = Subscriptions()
    tags: dict[str, str] = {}
    protect: bool = True
    stage: Literal["ordered", "provisioned"] = "ordered"
    preference: Literal["ExpressRoute", "VpnGateway", "ASPath"] = "ExpressRoute"
    hub: Hub
    spokes: list[Network] = []
    branch: Branch | None = None
    sites: list[Site] = []
    circuits: list[Circuit]
    routers: list[Router] = []
    tunnel: Tunnel = Tunnel()
    route_server: RouteServer | None = None
    test_vms: TestVms | None = None
    intent: list[Intent] = []
    pre_shared_keys: dict[str, str] = Field(default={}, repr=False)
