"""A branch emulated by a virtual network: its own ExpressRoute gateway, a VM, and the route that forces the tunnel."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_azure_native as azure_native
from pulumi import Output
from pulumi_azure_native import network

from components.cutover_guard import require_tunnel
from components.inputs import ExpressRouteGatewayArgs, NetworkArgs, TestVmArgs
from components.network import (
    BuiltNetwork,
    Place,
    TestVms,
    build_express_route_gateway,
    build_network,
    gateway_problems,
    gateway_subnet_after,
    plan_network,
    zonal_public_address,
)
from components.options import child_of
from vpner.plan import naming
from vpner.plan.addressing import BASTION_SUBNET, GATEWAY_SUBNET, parse_address, parse_all, static_address
from vpner.plan.networks import Network, required_subnets
from vpner.problems import Problem, refuse

UNTRUSTED_SUBNET = "Untrusted-Subnet"
TRUSTED_SUBNET = "Trusted-Subnet"


class TunnelConnectionArgs(TypedDict):
    """A VPN connection to the branch's appliance."""

    resource_group_name: pulumi.Input[str]
    """Its resource group."""
    name: str
    """Its name."""
    provider: NotRequired[azure_native.Provider]
    """Provider of its subscription. Default: the default provider."""


class BranchEmulationArgs(TypedDict):
    """Inputs of :class:`BranchEmulation`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of everything."""
    location: NotRequired[pulumi.Input[str]]
    """Azure region. Default: the provider's, else the resource group's."""
    network: NetworkArgs
    """The branch: Untrusted-Subnet and Trusted-Subnet for the appliance, GatewaySubnet, and workload subnets."""
    express_route_gateway: ExpressRouteGatewayArgs
    """The branch's ExpressRoute gateway: it stands for the customer's edge."""
    appliance_address: NotRequired[str]
    """Address of the appliance in Trusted-Subnet. The workload's default route points to it, and gateway routes are
    kept away from the workload. Default: none, and the workload uses ExpressRoute."""
    tunnel: NotRequired[TunnelConnectionArgs]
    """What must be up before a workload that lives on ExpressRoute is sent to the appliance. Default: not asked."""
    management_prefixes: NotRequired[list[str]]
    """Prefixes that the workload reaches through the Internet all the same. Default: none."""
    bastion: NotRequired[bool]
    """Build a Bastion in AzureBastionSubnet. Default false."""
    test_vms: NotRequired[TestVmArgs]
    """The branch's VM, if the network has a vmAddress. Default: none."""
    protect: NotRequired[bool]
    """Protect the gateway against deletion. Default false."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource. Default: none."""


def plan_branch(args: BranchEmulationArgs) -> tuple[Network, list[Problem]]:
    """The branch's checked plan, and every problem with its path in the arguments."""
    plan, problems = plan_network("network", args["network"])
    problems += gateway_problems("expressRouteGateway", args["express_route_gateway"])
    _, unreadable = parse_all("managementPrefixes", args.get("management_prefixes", []))
    problems += unreadable
    address = parse_address("applianceAddress", args["appliance_address"]) if "appliance_address" in args else None
    if isinstance(address, Problem):
        problems.append(address)
    needed = [GATEWAY_SUBNET, UNTRUSTED_SUBNET, TRUSTED_SUBNET, *([BASTION_SUBNET] if args.get("bastion") else [])]
    missing = required_subnets(plan, needed, "The branch's gateway, appliance and Bastion each have their subnet")
    problems += [problem.at("network") for problem in missing]
    trusted = plan.vnet.subnets.get(TRUSTED_SUBNET)
    if address is not None and not isinstance(address, Problem) and trusted is not None:
        problems += static_address("applianceAddress", address, trusted)
    return plan, problems


class BranchEmulation(pulumi.ComponentResource):
    """A branch office in Azure, for labs: everything on the far side of the circuits but the appliance."""

    vnet_id: pulumi.Output[str]
    """ARM id of the branch's virtual network."""
    subnet_ids: pulumi.Output[dict[str, str]]
    """ARM id of each subnet by name."""
    express_route_gateway_id: pulumi.Output[str]
    """ARM id of the ExpressRoute gateway."""
    gateway_subnet_id: pulumi.Output[str]
    """ARM id of GatewaySubnet, known once the ExpressRoute gateway in it is built."""
    vm_password: pulumi.Output[str | None]
    """Generated password of the VM's administrator (secret), where no public key was given."""

    def __init__(self, name: str, args: BranchEmulationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpner:index:BranchEmulation", name, None, opts)
        plan, problems = plan_branch(args)
        refuse(f"BranchEmulation {name!r}", problems)
        place = Place(self, args["resource_group_name"], args.get("location"), args.get("tags", {}))

        table = self._force_tunnel(place, name, plan, args) if "appliance_address" in args else None
        forced = [subnet for subnet in plan.workload_subnets if subnet not in (UNTRUSTED_SUBNET, TRUSTED_SUBNET)]
        tunnel = args.get("tunnel")
        guard = None
        if tunnel:
            invoke = pulumi.InvokeOptions(provider=tunnel.get("provider"))
            guard = require_tunnel(name, tunnel["resource_group_name"], tunnel["name"], invoke)
        tables = dict.fromkeys(forced, table) if table else None
        built = build_network(place, name, plan, route_tables=tables, hooks=guard)
        gateway = build_express_route_gateway(
            place,
            name,
            plan.name,
            args["express_route_gateway"],
            built.subnets[GATEWAY_SUBNET],
            list(built.subnets.values()),
            protect=args.get("protect", False),
        )
        if args.get("bastion", False):
            self._bastion(place, name, built)
        vms = self._vm(place, name, built, args.get("test_vms"))

        self.vnet_id = built.vnet.id
        self.subnet_ids = built.subnet_ids()
        self.express_route_gateway_id = gateway.id
        self.gateway_subnet_id = gateway_subnet_after(built, gateway)
        self.vm_password = vms.password_output() if vms else Output.from_input(None)
        self.register_outputs(
            {
                "branch": plan.name,
                "forcedSubnets": forced if table else [],
                "vnetId": self.vnet_id,
                "subnetIds": self.subnet_ids,
                "expressRouteGatewayId": self.express_route_gateway_id,
                "gatewaySubnetId": self.gateway_subnet_id,
                "vmPassword": self.vm_password,
            }
        )

    def _force_tunnel(self, place: Place, name: str, plan: Network, args: BranchEmulationArgs) -> network.RouteTable:
        """Send the workload to the appliance, and keep ExpressRoute's routes from its network interfaces."""
        exceptions: list[network.RouteArgsDict] = [
            {"name": f"management-{index}", "address_prefix": prefix, "next_hop_type": "Internet"}
            for index, prefix in enumerate(args.get("management_prefixes", []))
        ]
        default: network.RouteArgsDict = {
            "name": "default-to-appliance",
            "address_prefix": "0.0.0.0/0",
            "next_hop_type": "VirtualAppliance",
            "next_hop_ip_address": args.get("appliance_address", ""),
        }
        return network.RouteTable(
            f"{name}-forcevpn-udr",
            route_table_name=naming.force_vpn_route_table(plan.name),
            resource_group_name=place.resource_group_name,
            location=place.location,
            disable_bgp_route_propagation=True,
            routes=[default, *exceptions],
            tags=place.tags,
            opts=child_of(self),
        )

    def _bastion(self, place: Place, name: str, built: BuiltNetwork) -> None:
        bastion = naming.bastion(built.plan.name)
        address = zonal_public_address(place, f"{name}-bastion-pip", naming.public_address(bastion), zones=None)
        network.BastionHost(
            f"{name}-bastion",
            bastion_host_name=bastion,
            resource_group_name=place.resource_group_name,
            location=place.location,
            sku={"name": "Basic"},
            ip_configurations=[
                {
                    "name": "default",
                    "subnet": {"id": built.subnets[BASTION_SUBNET].id},
                    "public_ip_address": {"id": address.id},
                }
            ],
            tags=place.tags,
            opts=child_of(self),
        )

    def _vm(self, place: Place, name: str, built: BuiltNetwork, args: TestVmArgs | None) -> TestVms | None:
        subnet = built.plan.vm_subnet
        if args is None or subnet is None:
            return None
        vms = TestVms(place, name, args)
        vm = naming.branch_vm(built.plan.name)
        vms.build(name, vm, naming.branch_vm_nic(vm), str(built.plan.vm_address), built.subnets[subnet])
        return vms
