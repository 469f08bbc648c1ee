"""The configuration's shape: which keys there are, and what kind of value each takes. Meaning is checked elsewhere."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Shape(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, hide_input_in_errors=True
    )


class ExpressRouteGateway(_Shape):
    sku: str
    allow_remote_vnet_traffic: bool


class Route(_Shape):
    name: str
    prefix: str
    next_hop_type: str
    next_hop: str | None = None


class Network(_Shape):
    name: str = Field(min_length=1)
    address_space: list[str]
    subnets: dict[str, str]
    vm_address: str | None = None
    routes: list[Route] = []


class Hub(Network):
    express_route_gateway: ExpressRouteGateway


class Appliance(_Shape):
    name: str = Field(min_length=1)
    size: str = "Standard_B2s"
    untrusted_address: str
    trusted_address: str
    asn: int
    apipa: str
    gateway_apipa: list[str] = []
    advertises: list[str]
    prepend: int = 0


class Branch(Network):
    express_route_gateway: ExpressRouteGateway
    appliance: Appliance | None = None
    management_prefixes: list[str] = []
    bastion: bool = False


class Endpoint(_Shape):
    outside: str
    inside: str | None = None


class SiteDevice(_Shape):
    name: str = Field(min_length=1)
    endpoint: Endpoint
    asn: int
    apipa: str
    gateway_apipa: list[str] = []
    express_route_interface: str
    express_route_next_hop: str
    advertises: list[str] = []
    prepend: int = 0


class Site(_Shape):
    name: str = Field(min_length=1)
    devices: list[SiteDevice]


class OwnedCircuit(_Shape):
    provider: str
    peering_location: str
    bandwidth_in_mbps: int
    sku: str


class ExistingCircuit(_Shape):
    id: str
    authorization_key: str | None = Field(default=None, repr=False)


class MseeNextHop(_Shape):
    primary: str | None = None
    secondary: str | None = None


class Circuit(_Shape):
    name: str = Field(min_length=1)
    gateway: str
    owned: OwnedCircuit | None = None
    existing: ExistingCircuit | None = None
    layer: int
    vlan_id: int | None = None
    weight: int = 0
    msee_next_hop: MseeNextHop = MseeNextHop()


class Link(_Shape):
    circuit: str
    path: str
    prefix: str


class Static(_Shape):
    prefix: str
    circuit: str


class Router(_Shape):
    name: str = Field(min_length=1)
    asn: int
    links: list[Link]
    statics: list[Static] = []
    networks: list[str] = []


class IpsecPolicy(_Shape):
    ike_encryption: str | None = None
    ike_integrity: str | None = None
    dh_group: str | None = None
    ipsec_encryption: str | None = None
    ipsec_integrity: str | None = None
    pfs_group: str | None = None
    sa_life_time_seconds: int | None = None
    sa_data_size_kilobytes: int | None = None


class Tunnel(_Shape):
    enabled: bool = True
    sku: str = "VpnGw1AZ"
    asn: int = 65515
    apipa: list[list[str]] = [["169.254.21.1"], ["169.254.21.2"]]
    ipsec_policy: IpsecPolicy = IpsecPolicy()


class RouteServerPeer(_Shape):
    name: str
    address: str
    asn: int


class RouteServer(_Shape):
    enabled: bool = True
    branch_to_branch: bool = True
    peers: list[RouteServerPeer] = []


class TestVms(_Shape):
    __test__ = False  # pytest: not a test class

    size: str = "Standard_DS1_v2"
    admin_username: str = "azureuser"
    ssh_public_key: str | None = None


class Exempt(_Shape):
    from_: list[str] | None = Field(default=None, alias="from")
    to: list[str] | None = None
    protocol: str | None = None
    port: int | None = None
    reason: str
    expires: str


class Intent(_Shape):
    name: str
    from_: list[str] = Field(alias="from")
    to: list[str]
    mode: Literal["required", "preferred"]
    reason: str | None = None
    exempt: list[Exempt] = []


class Subscriptions(_Shape):
    hub: str | None = None
    branch: str | None = None
    circuits: str | None = None


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
