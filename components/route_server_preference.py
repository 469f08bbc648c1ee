"""Route Server with its hub routing preference."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi import InvokeOutputOptions
from pulumi_azure_native import network

from components.inputs import RoutePreference
from components.network import Place, zonal_public_address
from components.options import GATEWAY_TIMEOUTS, after, child_of
from vpner.plan import naming
from vpner.plan.addressing import parse_address
from vpner.plan.bgp import AZURE_ASN, route_server_peer
from vpner.problems import Problem, refuse


class RouteServerPeerArgs(TypedDict):
    """A network virtual appliance that exchanges routes with Route Server."""

    name: str
    """Name of the peering."""
    address: str
    """The appliance's address. It peers with both of Route Server's instances."""
    asn: int
    """The appliance's ASN: 16 bits, and none of the reserved ones."""


class RouteServerPreferenceArgs(TypedDict):
    """Inputs of :class:`RouteServerPreference`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of everything."""
    location: NotRequired[pulumi.Input[str]]
    """Azure region. Default: the provider's, else the resource group's."""
    name: str
    """Name of the hub, from which the resources' names are derived."""
    route_server_subnet_id: pulumi.Input[str]
    """ARM id of RouteServerSubnet."""
    gateway_ids: NotRequired[list[pulumi.Input[str]]]
    """ARM ids of the gateways in the same network. Route Server waits for them: Azure builds one after another.
    Default: none."""
    preference: NotRequired[RoutePreference]
    """Which of two routes to one prefix wins. Default ExpressRoute, as in Azure."""
    branch_to_branch: NotRequired[bool]
    """Exchange routes between ExpressRoute, VPN gateway and appliances. Default false, as in Azure: the preference
    decides between ExpressRoute and VPN only if it is on."""
    peers: NotRequired[list[RouteServerPeerArgs]]
    """Appliances, at most eight. Gateways need no entry. Default: none."""
    protect: NotRequired[bool]
    """Protect Route Server against deletion. Default false."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource. Default: none."""


def route_server_problems(args: RouteServerPreferenceArgs) -> list[Problem]:
    """Every problem, with its path in the arguments."""
    problems: list[Problem] = []
    peers = args.get("peers", [])
    if len(peers) > MAX_PEERS:
        problems.append(
            Problem(
                "peers",
                f"{len(peers)} peers",
                f"Route Server has at most {MAX_PEERS} BGP peers",
                "remove some, or spread them over several Route Servers",
                "route-server-peers",
                "Learn: Azure Route Server limits, 2025-02-07",
            )
        )
    for index, peer in enumerate(peers):
        problems += route_server_peer(f"peers[{index}].asn", peer["asn"])
        address = parse_address(f"peers[{index}].address", peer["address"])
        if isinstance(address, Problem):
            problems.append(address)
    return problems


MAX_PEERS = 8


class RouteServerPreference(pulumi.ComponentResource):
    """Route Server in a hub, and which routes it prefers."""

    route_server_id: pulumi.Output[str]
    """ARM id of the virtual hub that is the Route Server."""
    instance_addresses: pulumi.Output[list[str]]
    """Addresses of its two instances: what an appliance peers with."""

    def __init__(self, name: str, args: RouteServerPreferenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpner:index:RouteServerPreference", name, None, opts)
        refuse(f"RouteServerPreference {name!r}", route_server_problems(args))
        place = Place(self, args["resource_group_name"], args.get("location"), args.get("tags", {}))
        preference = RoutePreference(args.get("preference", RoutePreference.EXPRESS_ROUTE))
        physical = naming.route_server(args["name"])
        protect = args.get("protect", False)

        address = zonal_public_address(place, f"{name}-pip", naming.public_address(physical))
        hub = network.VirtualHub(
            f"{name}-rs",
            virtual_hub_name=physical,
            resource_group_name=place.resource_group_name,
            location=place.location,
            sku="Standard",
            allow_branch_to_branch_traffic=args.get("branch_to_branch", False),
            hub_routing_preference=preference.value,
            tags=place.tags,
            # Azure fills these when the ip configuration is there.
            opts=child_of(
                self,
                protect=protect,
                timeouts=GATEWAY_TIMEOUTS,
                ignore_changes=["virtual_router_asn", "virtual_router_ips", "virtual_router_auto_scale_configuration"],
            ),
        )
        configuration = network.VirtualHubIpConfiguration(
            f"{name}-ipconfig",
            ip_config_name="Default",
            resource_group_name=place.resource_group_name,
            virtual_hub_name=hub.name,
            subnet={"id": after(args["route_server_subnet_id"], *args.get("gateway_ids", []))},
            public_ip_address={"id": address.id},
            private_ip_allocation_method="Dynamic",
            opts=child_of(self, protect=protect, timeouts=GATEWAY_TIMEOUTS, delete_before_replace=True),
        )
        previous: pulumi.Resource = configuration
        for peer in args.get("peers", []):
            # Azure refuses a peering before the ip configuration is provisioned, and two at a time.
            previous = network.VirtualHubBgpConnection(
                f"{name}-{peer['name']}",
                connection_name=peer["name"],
                resource_group_name=place.resource_group_name,
                virtual_hub_name=hub.name,
                peer_ip=peer["address"],
                peer_asn=peer["asn"],
                opts=child_of(self, depends_on=[previous], delete_before_replace=True),
            )
        # The hub's own outputs are of the time before it had addresses.
        provisioned = network.get_virtual_hub_output(
            resource_group_name=place.resource_group_name,
            virtual_hub_name=hub.name,
            opts=InvokeOutputOptions(parent=self, depends_on=[configuration]),
        )
        self.route_server_id = hub.id
        self.instance_addresses = provisioned.virtual_router_ips.apply(lambda addresses: list(addresses or []))
        self.register_outputs(
            {
                "preference": preference.value,
                "branchToBranch": args.get("branch_to_branch", False),
                "asn": AZURE_ASN,
                "routeServerId": self.route_server_id,
                "instanceAddresses": self.instance_addresses,
            }
        )
