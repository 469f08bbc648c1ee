"""What HubSpoke and BranchEmulation have in common: a virtual network with its workload."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pulumi import Input, Output, Resource, ResourceHookBinding
from pulumi_azure_native import compute, network
from pulumi_random import RandomPassword

from components.inputs import ExpressRouteGatewayArgs, NetworkArgs, Tags, TestVmArgs
from components.options import GATEWAY_TIMEOUTS, after, child_of
from vpner.plan import naming
from vpner.plan.addressing import GATEWAY_SUBNET
from vpner.plan.networks import PLATFORM_SUBNETS, Network, parse_network
from vpner.plan.skus import express_route_gateway_sku
from vpner.problems import Problem

WEB_SERVER_PORT = 80


@dataclass(frozen=True)
class Place:
    """Where the resources of a component go, and how they are marked."""

    parent: Resource
    resource_group_name: Input[str]
    location: Input[str] | None
    tags: Tags


@dataclass(frozen=True)
class BuiltNetwork:
    """A virtual network with its subnets by name."""

    plan: Network
    vnet: network.VirtualNetwork
    subnets: Mapping[str, network.Subnet]

    def subnet_ids(self) -> Output[dict[str, str]]:
        ids = Output.all(**{name: subnet.id for name, subnet in self.subnets.items()})
        return cast("Output[dict[str, str]]", ids)


def plan_network(where: str, args: NetworkArgs) -> tuple[Network, list[Problem]]:
    """The plan of a network, and its problems with ``where`` in front."""
    routes = [
        {
            "name": route["name"],
            "prefix": route["prefix"],
            "nextHopType": route["next_hop_type"],
            **({"nextHop": route["next_hop"]} if "next_hop" in route else {}),
        }
        for route in args.get("routes", [])
    ]
    plan, problems = parse_network(args["name"], args["address_space"], args["subnets"], args.get("vm_address"), routes)
    return plan, [problem.at(where) for problem in problems]


def gateway_problems(where: str, args: ExpressRouteGatewayArgs | None) -> list[Problem]:
    """What is wrong with an ExpressRoute gateway's arguments."""
    return [] if args is None else list(express_route_gateway_sku(f"{where}.sku", args["sku"]))


def build_network(
    place: Place,
    logical: str,
    plan: Network,
    *,
    route_tables: Mapping[str, network.RouteTable] | None = None,
    hooks: ResourceHookBinding | None = None,
) -> BuiltNetwork:
    """Create the network, one security group for its workload, and its subnets one after another.

    ``route_tables`` gives a subnet a route table of the caller's own; other workload subnets share the plan's routes.
    ``hooks`` are those of the subnets with such a table.
    """
    vnet = network.VirtualNetwork(
        f"{logical}-vnet",
        virtual_network_name=naming.vnet(plan.name),
        resource_group_name=place.resource_group_name,
        location=place.location,
        address_space={"address_prefixes": [str(prefix) for prefix in plan.vnet.prefixes]},
        tags=place.tags,
        # Subnets and peerings are resources of their own; Azure lists them in the network as well.
        opts=child_of(place.parent, ignore_changes=["subnets", "virtual_network_peerings"]),
    )
    security = _security_group(place, logical, plan) if plan.workload_subnets else None
    shared = _route_table(place, logical, plan) if plan.routes and plan.workload_subnets else None
    subnets: dict[str, network.Subnet] = {}
    for name, prefix in plan.vnet.subnets.items():
        workload = name not in PLATFORM_SUBNETS
        table = (route_tables or {}).get(name, shared) if workload else None
        subnets[name] = network.Subnet(
            f"{logical}-{name.lower()}",
            subnet_name=name,
            resource_group_name=place.resource_group_name,
            virtual_network_name=vnet.name,
            address_prefix=str(prefix),
            network_security_group={"id": security.id} if workload and security else None,
            route_table={"id": table.id} if table else None,
            # Azure changes one subnet of a network at a time.
            opts=child_of(
                place.parent,
                depends_on=list(subnets.values())[-1:],
                delete_before_replace=True,
                hooks=hooks if name in (route_tables or {}) else None,
            ),
        )
    return BuiltNetwork(plan, vnet, subnets)


def _security_group(place: Place, logical: str, plan: Network) -> network.NetworkSecurityGroup:
    # Azure's default rules are what a private workload needs: in from VirtualNetwork (which includes what gateways
    # have learned) and from the load balancer, nothing in from the Internet.
    return network.NetworkSecurityGroup(
        f"{logical}-nsg",
        network_security_group_name=naming.network_security_group(plan.name),
        resource_group_name=place.resource_group_name,
        location=place.location,
        tags=place.tags,
        opts=child_of(place.parent),
    )


def _route_table(place: Place, logical: str, plan: Network) -> network.RouteTable:
    return network.RouteTable(
        f"{logical}-udr",
        route_table_name=naming.route_table(plan.name),
        resource_group_name=place.resource_group_name,
        location=place.location,
        disable_bgp_route_propagation=False,
        routes=[
            {
                "name": route.name,
                "address_prefix": str(route.prefix),
                "next_hop_type": route.next_hop_type,
                "next_hop_ip_address": None if route.next_hop is None else str(route.next_hop),
            }
            for route in plan.routes
        ],
        tags=place.tags,
        opts=child_of(place.parent),
    )


def zonal_public_address(
    place: Place, logical: str, name: str, *, zones: Sequence[str] | None = ("1", "2", "3")
) -> network.PublicIPAddress:
    """A Standard static public address: in every zone, or regional with ``zones=None``."""
    return network.PublicIPAddress(
        logical,
        public_ip_address_name=name,
        resource_group_name=place.resource_group_name,
        location=place.location,
        public_ip_allocation_method="Static",
        sku={"name": "Standard", "tier": "Regional"},
        zones=list(zones) if zones else None,
        tags=place.tags,
        opts=child_of(place.parent),
    )


def build_express_route_gateway(
    place: Place,
    logical: str,
    owner: str,
    args: ExpressRouteGatewayArgs,
    gateway_subnet: network.Subnet,
    subnets: Sequence[network.Subnet],
    *,
    protect: bool,
) -> network.VirtualNetworkGateway:
    """The network's ExpressRoute gateway. It waits for all subnets: a gateway's creation locks the network."""
    name = naming.express_route_gateway(owner)
    zonal = "AZ" in args["sku"] or args["sku"] == "ErGwScale"
    address = zonal_public_address(
        place, f"{logical}-ergw-pip", naming.public_address(name), zones=("1", "2", "3") if zonal else None
    )
    return network.VirtualNetworkGateway(
        f"{logical}-ergw",
        virtual_network_gateway_name=name,
        resource_group_name=place.resource_group_name,
        location=place.location,
        gateway_type="ExpressRoute",
        sku={"name": args["sku"], "tier": args["sku"]},
        allow_remote_vnet_traffic=args["allow_remote_vnet_traffic"],
        allow_virtual_wan_traffic=False,
        ip_configurations=[
            {
                "name": "default",
                "private_ip_allocation_method": "Dynamic",
                "subnet": {"id": gateway_subnet.id},
                "public_ip_address": {"id": address.id},
            }
        ],
        tags=place.tags,
        opts=child_of(place.parent, depends_on=subnets, protect=protect, timeouts=GATEWAY_TIMEOUTS),
    )


def gateway_subnet_after(built: BuiltNetwork, gateway: network.VirtualNetworkGateway | None) -> Output[str]:
    """Id of GatewaySubnet, once what already lives there is built."""
    subnet = built.subnets[GATEWAY_SUBNET]
    return after(subnet.id, gateway.id) if gateway else subnet.id


class TestVms:
    """Test VMs of one component, all with the same administrator."""

    __test__ = False  # pytest: not a test class

    def __init__(self, place: Place, logical: str, args: TestVmArgs) -> None:
        self._place = place
        self._args = args
        self.password: RandomPassword | None = None
        if "ssh_public_key" not in args:
            # Azure wants three of four kinds of characters.
            self.password = RandomPassword(
                f"{logical}-vm-password",
                length=32,
                min_lower=1,
                min_upper=1,
                min_numeric=1,
                special=False,
                opts=child_of(place.parent),
            )

    def build(self, logical: str, name: str, nic_name: str, address: str, subnet: network.Subnet) -> Output[str]:
        """One VM with a static address; its id."""
        place = self._place
        nic = network.NetworkInterface(
            f"{logical}-vm-nic",
            network_interface_name=nic_name,
            resource_group_name=place.resource_group_name,
            location=place.location,
            ip_configurations=[
                {
                    "name": "ipconfig1",
                    "private_ip_allocation_method": "Static",
                    "private_ip_address": address,
                    "subnet": {"id": subnet.id},
                }
            ],
            tags=place.tags,
            opts=child_of(place.parent),
        )
        user = self._args.get("admin_username", "azureuser")
        key = self._args.get("ssh_public_key")
        vm = compute.VirtualMachine(
            f"{logical}-vm",
            vm_name=name,
            resource_group_name=place.resource_group_name,
            location=place.location,
            hardware_profile={"vm_size": self._args.get("size", "Standard_DS1_v2")},
            network_profile={"network_interfaces": [{"id": nic.id, "primary": True}]},
            os_profile={
                "computer_name": name,
                "admin_username": user,
                "admin_password": None if self.password is None else Output.secret(self.password.result),
                "custom_data": base64.b64encode(CLOUD_INIT.encode()).decode(),
                "linux_configuration": {
                    "disable_password_authentication": key is not None,
                    "ssh": {"public_keys": [{"path": f"/home/{user}/.ssh/authorized_keys", "key_data": key}]}
                    if key
                    else None,
                },
            },
            storage_profile={
                "image_reference": {
                    "publisher": "Canonical",
                    "offer": "ubuntu-24_04-lts",
                    "sku": "server",
                    "version": "latest",
                },
                "os_disk": {"create_option": "FromImage", "delete_option": "Delete"},
            },
            tags=place.tags,
            opts=child_of(place.parent),
        )
        return vm.id

    def password_output(self) -> Output[str | None]:
        """The generated password as a secret, or None where a key was given."""
        return Output.secret(self.password.result if self.password else None)


# Python's own web server needs no package, so the VM answers without a way to the Internet.
CLOUD_INIT = f"""#cloud-config
write_files:
  - path: /etc/systemd/system/hostname-web.service
    content: |
      [Unit]
      Description=Answers with the host's name
      After=network-online.target
      [Service]
      ExecStartPre=/bin/sh -c 'mkdir -p /srv/web && hostname > /srv/web/index.html'
      ExecStart=/usr/bin/python3 -m http.server {WEB_SERVER_PORT} --directory /srv/web
      Restart=always
      [Install]
      WantedBy=multi-user.target
runcmd:
  - systemctl daemon-reload
  - systemctl enable --now hostname-web.service
"""
