"""Hub and spokes: networks, peerings in both directions, the ExpressRoute gateway, test VMs."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi import Output
from pulumi_azure_native import network

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
)
from components.options import child_of
from vpner.plan import naming
from vpner.plan.addressing import GATEWAY_SUBNET
from vpner.plan.networks import Network, overlapping_networks, required_subnets
from vpner.problems import Problem, refuse


class HubSpokeArgs(TypedDict):
    """Inputs of :class:`HubSpoke`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of everything."""
    location: NotRequired[pulumi.Input[str]]
    """Azure region. Default: the provider's, else the resource group's."""
    hub: NetworkArgs
    """The hub. It has a GatewaySubnet if it has a gateway."""
    spokes: NotRequired[list[NetworkArgs]]
    """Spokes, each peered with the hub. Default: none."""
    express_route_gateway: NotRequired[ExpressRouteGatewayArgs]
    """The hub's ExpressRoute gateway. Default: none, and spokes do not use the hub's gateways."""
    test_vms: NotRequired[TestVmArgs]
    """A test VM in each network that has a vmAddress. Default: none."""
    protect: NotRequired[bool]
    """Protect the gateway against deletion. Default false."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource. Default: none."""


def plan_hub_spoke(args: HubSpokeArgs) -> tuple[list[Network], list[Problem]]:
    """Hub (first) and spokes as checked plans, and every problem with its path in the arguments."""
    described = [("hub", args["hub"])]
    described += [(f"spokes[{index}]", spoke) for index, spoke in enumerate(args.get("spokes", []))]
    problems: list[Problem] = []
    placed: list[tuple[str, Network]] = []
    for where, network_args in described:
        plan, found = plan_network(where, network_args)
        problems += found
        placed.append((where, plan))
    problems += overlapping_networks(placed)
    gateway = args.get("express_route_gateway")
    problems += gateway_problems("expressRouteGateway", gateway)
    if gateway is not None:
        needed = required_subnets(placed[0][1], [GATEWAY_SUBNET], "An ExpressRoute gateway lives in GatewaySubnet")
        problems += [problem.at("hub") for problem in needed]
    return [plan for _, plan in placed], problems


class HubSpoke(pulumi.ComponentResource):
    """A hub and any number of spokes, with the hub's ExpressRoute gateway."""

    hub_vnet_id: pulumi.Output[str]
    """ARM id of the hub's virtual network."""
    hub_subnet_ids: pulumi.Output[dict[str, str]]
    """ARM id of each of the hub's subnets by name."""
    gateway_subnet_id: pulumi.Output[str]
    """ARM id of GatewaySubnet, known once the ExpressRoute gateway in it is built: Azure builds one after another.
    Empty without GatewaySubnet."""
    express_route_gateway_id: pulumi.Output[str]
    """ARM id of the ExpressRoute gateway; empty without one."""
    spoke_vnet_ids: pulumi.Output[dict[str, str]]
    """ARM id of each spoke's virtual network by the spoke's name."""
    vm_password: pulumi.Output[str | None]
    """Generated password of the test VMs' administrator (secret), where no public key was given."""

    def __init__(self, name: str, args: HubSpokeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpner:index:HubSpoke", name, None, opts)
        plans, problems = plan_hub_spoke(args)
        refuse(f"HubSpoke {name!r}", problems)
        hub_plan, *spoke_plans = plans
        place = Place(self, args["resource_group_name"], args.get("location"), args.get("tags", {}))

        hub = build_network(place, f"{name}-hub", hub_plan)
        spokes = [build_network(place, f"{name}-{plan.name}", plan) for plan in spoke_plans]
        gateway = None
        if "express_route_gateway" in args:
            gateway = build_express_route_gateway(
                place,
                f"{name}-hub",
                hub_plan.name,
                args["express_route_gateway"],
                hub.subnets[GATEWAY_SUBNET],
                list(hub.subnets.values()),
                protect=args.get("protect", False),
            )
        for spoke in spokes:
            self._peer(place, name, hub, spoke, gateway)
        vms = self._test_vms(place, name, [hub, *spokes], args.get("test_vms"))

        self.hub_vnet_id = hub.vnet.id
        self.hub_subnet_ids = hub.subnet_ids()
        self.gateway_subnet_id = gateway_subnet_after(hub, gateway) if GATEWAY_SUBNET in hub.subnets else _nothing()
        self.express_route_gateway_id = gateway.id if gateway else _nothing()
        self.spoke_vnet_ids = Output.all(**{spoke.plan.name: spoke.vnet.id for spoke in spokes})
        self.vm_password = vms.password_output() if vms else Output.from_input(None)
        self.register_outputs(
            {
                "hub": hub_plan.name,
                "spokes": [plan.name for plan in spoke_plans],
                "hubVnetId": self.hub_vnet_id,
                "hubSubnetIds": self.hub_subnet_ids,
                "gatewaySubnetId": self.gateway_subnet_id,
                "expressRouteGatewayId": self.express_route_gateway_id,
                "spokeVnetIds": self.spoke_vnet_ids,
                "vmPassword": self.vm_password,
            }
        )

    def _peer(
        self,
        place: Place,
        name: str,
        hub: BuiltNetwork,
        spoke: BuiltNetwork,
        gateway: network.VirtualNetworkGateway | None,
    ) -> None:
        """Peer in both directions. Azure refuses useRemoteGateways until the hub has a gateway and offers transit."""
        outward = network.VirtualNetworkPeering(
            f"{name}-hub-to-{spoke.plan.name}",
            virtual_network_peering_name=naming.peering(hub.plan.name, spoke.plan.name),
            resource_group_name=place.resource_group_name,
            virtual_network_name=hub.vnet.name,
            remote_virtual_network={"id": spoke.vnet.id},
            allow_virtual_network_access=True,
            allow_forwarded_traffic=False,
            allow_gateway_transit=gateway is not None,
            use_remote_gateways=False,
            opts=child_of(
                self,
                # A gateway's creation locks the hub; a spoke's subnets must be there before its network is peered.
                depends_on=[*([gateway] if gateway else []), *hub.subnets.values(), *spoke.subnets.values()],
                delete_before_replace=True,
                ignore_changes=PEERING_STATE,
            ),
        )
        network.VirtualNetworkPeering(
            f"{name}-{spoke.plan.name}-to-hub",
            virtual_network_peering_name=naming.peering(spoke.plan.name, hub.plan.name),
            resource_group_name=place.resource_group_name,
            virtual_network_name=spoke.vnet.name,
            remote_virtual_network={"id": hub.vnet.id},
            allow_virtual_network_access=True,
            allow_forwarded_traffic=False,
            allow_gateway_transit=False,
            use_remote_gateways=gateway is not None,
            opts=child_of(self, depends_on=[outward], delete_before_replace=True, ignore_changes=PEERING_STATE),
        )

    def _test_vms(
        self, place: Place, name: str, networks: list[BuiltNetwork], args: TestVmArgs | None
    ) -> TestVms | None:
        if args is None:
            return None
        vms = TestVms(place, name, args)
        for index, built in enumerate(networks):
            subnet = built.plan.vm_subnet
            if subnet is not None:
                vm = naming.test_vm(built.plan.name)
                logical = f"{name}-hub" if index == 0 else f"{name}-{built.plan.name}"
                vms.build(logical, vm, naming.test_vm_nic(vm), str(built.plan.vm_address), built.subnets[subnet])
        return vms


PEERING_STATE = (
    "peering_state",
    "peering_sync_level",
    "remote_address_space",
    "remote_virtual_network_address_space",
)
"""What Azure writes into a peering: it changes with the other side."""


def _nothing() -> Output[str]:
    return Output.from_input("")
