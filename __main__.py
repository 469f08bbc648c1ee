"""Encrypted ExpressRoute: configuration in, network out."""

import pulumi

from components import BranchEmulation, ErCircuitPair, HubSpoke, IpsecOverEr, OpnsenseNva, RouteServerPreference
from vpner import settings
from vpner.plan.addressing import ROUTE_SERVER_SUBNET
from vpner.settings import args
from vpner.settings.homes import foreign_providers, homes

given = settings.read()
configuration = given.configuration
home = homes(configuration)

hub = HubSpoke("hub", args.hub_spoke(configuration, home["hub"].group), home["hub"].options)
gateways: dict[str, pulumi.Input[str]] = {args.HUB: hub.express_route_gateway_id}

branch = None
if configuration.branch:
    branch = BranchEmulation(
        "branch",
        args.branch(configuration, home["branch"].group, home["hub"].group, home["hub"].provider),
        home["branch"].options,
    )
    gateways[args.BRANCH] = branch.express_route_gateway_id
    pulumi.export("branchVnetId", branch.vnet_id)
    pulumi.export("branchVmPassword", branch.vm_password)

circuits = ErCircuitPair(
    "circuits",
    args.circuit_pair(configuration, home["circuits"].group, gateways, foreign_providers(home)),
    home["circuits"].options,
)

hub_gateways = [hub.express_route_gateway_id]
if configuration.tunnel.enabled:
    tunnel = IpsecOverEr(
        "tunnel",
        args.ipsec(configuration, home["hub"].group, hub.gateway_subnet_id, given.pre_shared_keys),
        home["hub"].options,
    )
    hub_gateways.append(tunnel.gateway_id)
    pulumi.export("tunnelAddresses", tunnel.tunnel_addresses)
    pulumi.export("vpnGatewayBgpAddresses", tunnel.bgp_addresses)
    pulumi.export("preSharedKeys", tunnel.pre_shared_keys)
    if branch and configuration.branch and configuration.branch.appliance:
        appliance = OpnsenseNva(
            "appliance",
            args.nva(
                configuration,
                home["branch"].group,
                branch.subnet_ids,
                tunnel.tunnel_addresses,
                tunnel.pre_shared_keys,
            ),
            home["branch"].options,
        )
        pulumi.export("appliancePublicAddress", appliance.public_address)
        pulumi.export("applianceRootPassword", appliance.root_password)

if configuration.route_server and configuration.route_server.enabled:
    route_server = RouteServerPreference(
        "route-server",
        args.route_server(configuration, home["hub"].group, hub.hub_subnet_ids[ROUTE_SERVER_SUBNET], hub_gateways),
        home["hub"].options,
    )
    pulumi.export("routeServerAddresses", route_server.instance_addresses)

pulumi.export("stage", configuration.stage)
pulumi.export("preference", configuration.preference)
pulumi.export("hubVnetId", hub.hub_vnet_id)
pulumi.export("hubVmPassword", hub.vm_password)
pulumi.export("circuitIds", circuits.circuit_ids)
pulumi.export("handOffToProvider", circuits.hand_off)
