"""Networks in Azure: VNets, subnets, peerings, user-defined routes, interfaces, and what routing does not read."""

from tests.mutation.mutants import arm_id, at, harmful, harmless, operator, without
from tests.mutation.table.places import (
    COEXISTING,
    ER_GATEWAYS,
    HUB_TO_SPOKE,
    PEERING,
    PEERINGS,
    ROUTE_SERVER_FAQ,
    SPOKE_TO_HUB,
    TRAFFIC_ROUTING,
    VPN_GATEWAYS,
)

_UDR = "dev/branch-forcevpn-udr"
_TABLE = arm_id("dev", "routeTables/branch-forcevpn-udr")
_NSG = {stack: arm_id(stack, "networkSecurityGroups/any") for stack in ("dev", "prod")}
_SUBNETS = "Learn: VPN Gateway settings (gateway subnet), 2025"
_HUBS = ("dev/hub-hub-vnet", "prod/hub-hub-vnet")
_TEST_NICS = ("dev/hub-hub-vm-nic", "dev/hub-az-spk1-vm-nic", "dev/hub-az-spk2-vm-nic", "dev/branch-vm-nic")
_NIC = "ipConfigurations.0.privateIPAddress"


def _route(prefix: str, kind: str, hop: str | None = None) -> dict[str, str | None]:
    return {"name": "extra", "addressPrefix": prefix, "nextHopType": kind, "nextHopIpAddress": hop}


OPERATORS = (
    operator(
        "drop a VNet peering",
        harmful("peering-needs-both-directions", "the spoke's protected traffic is lost", without(PEERINGS)),
    ),
    operator(
        "flip a flag of a peering",
        harmful(
            "peering-needs-both-directions",
            "without both flags the spoke gets no route of the gateways, and they do not announce it",
            at(HUB_TO_SPOKE, "allowGatewayTransit", False, None),
            at(SPOKE_TO_HUB, "useRemoteGateways", False, None),
        ),
        harmless(PEERING, "gateways' traffic does not need it", at(PEERINGS, "allowForwardedTraffic", True)),
    ),
    operator(
        "drop what forces the branch through the appliance",
        harmful(
            "longest-prefix-match",
            "with the gateways' routes in the subnet, the hub's own prefixes lead over ExpressRoute in clear",
            at(_UDR, "disableBgpRoutePropagation", False, None),
            without("dev/branch-subnet1", "routeTable"),
        ),
        harmful(
            "system-drops-private-space",
            "nothing else covers the hub: its addresses are dropped",
            without(_UDR, "routes.0"),
        ),
    ),
    operator(
        "change the forced route",
        harmful(
            TRAFFIC_ROUTING,
            "nobody who forwards has that address",
            at(_UDR, "routes.0.nextHopIpAddress", "10.100.0.99", "10.100.0.100"),
        ),
        harmful(
            TRAFFIC_ROUTING,
            "it does not lead to the appliance; a virtual network gateway is none for ExpressRoute",
            at(
                _UDR,
                "routes.0",
                *(_route("0.0.0.0/0", kind) for kind in ("Internet", "None", "VirtualNetworkGateway")),
            ),
        ),
        harmful(
            "system-drops-private-space",
            "spoke 2, 10.0.2.0/24, is not in it",
            at(_UDR, "routes.0.addressPrefix", "10.0.0.0/23"),
        ),
        harmless(
            "longest-prefix-match",
            "hub and both spokes are in it",
            at(_UDR, "routes.0.addressPrefix", "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/22"),
        ),
    ),
    operator(
        "add a user-defined route",
        harmful(
            "udr-over-bgp-over-system",
            "protected traffic leaves the forced way",
            at(_UDR, "routes.1", _route("10.0.1.0/24", "None"), _route("10.0.0.0/8", "Internet")),
        ),
        harmless(
            "longest-prefix-match",
            "no protected address is in it, or it says the same",
            at(
                _UDR,
                "routes.1",
                _route("203.0.113.7/32", "Internet"),
                _route("10.0.0.0/8", "VirtualAppliance", "10.100.0.20"),
            ),
        ),
    ),
    operator(
        "give a subnet the forced routes",
        harmful(
            TRAFFIC_ROUTING,
            "a next hop behind ExpressRoute is none",
            at(("dev/hub-hub-subnet1", "dev/hub-az-spk1-subnet1", "dev/hub-az-spk2-subnet1"), "routeTable", _TABLE),
        ),
        harmful(
            "tunnel-uses-gateway-subnet",
            "without the gateways' routes the outer packets have no way to the device",
            at("dev/hub-hub-gatewaysubnet", "routeTable", _TABLE),
        ),
        harmful(
            "propagation-off-removes-gateway-routes",
            "the device's outer packets come back to the device",
            at("dev/branch-untrusted-subnet", "routeTable", _TABLE),
        ),
        harmful(
            ER_GATEWAYS,
            "propagation must stay on in a GatewaySubnet",
            at("dev/branch-gatewaysubnet", "routeTable", _TABLE),
        ),
        harmful(
            ROUTE_SERVER_FAQ,
            "a RouteServerSubnet has no user-defined routes",
            at("dev/hub-hub-routeserversubnet", "routeTable", _TABLE),
        ),
        harmless(
            "nic-system-routes-beat-bgp",
            "what comes out of the tunnel stays in the VNet",
            at("dev/branch-trusted-subnet", "routeTable", _TABLE),
        ),
    ),
    operator(
        "give a subnet a network security group",
        harmful(
            ER_GATEWAYS,
            "not on a GatewaySubnet",
            at(("dev/hub-hub-gatewaysubnet", "dev/branch-gatewaysubnet"), "networkSecurityGroup", _NSG["dev"]),
            at("prod/hub-hub-gatewaysubnet", "networkSecurityGroup", _NSG["prod"]),
        ),
        harmful(
            ROUTE_SERVER_FAQ,
            "not on a RouteServerSubnet",
            at("dev/hub-hub-routeserversubnet", "networkSecurityGroup", _NSG["dev"]),
            at("prod/hub-hub-routeserversubnet", "networkSecurityGroup", _NSG["prod"]),
        ),
    ),
    operator(
        "change a subnet's prefix or name",
        harmful(
            COEXISTING,
            "a GatewaySubnet for both kinds of gateways is a /27 at least",
            at("dev/hub-hub-gatewaysubnet", "addressPrefix", "10.0.0.32/28", "10.0.0.32/29"),
            at("prod/hub-hub-gatewaysubnet", "addressPrefix", "10.10.0.0/28", "10.10.0.0/29"),
        ),
        harmless(COEXISTING, "a /27 is enough", at("prod/hub-hub-gatewaysubnet", "addressPrefix", "10.10.0.0/27")),
        harmful(
            "Learn: Quickstart for Azure Route Server, 2025-09-17",
            "a RouteServerSubnet this small was never accepted",
            at("dev/hub-hub-routeserversubnet", "addressPrefix", "10.0.0.128/28", "10.0.0.128/29"),
            at("prod/hub-hub-routeserversubnet", "addressPrefix", "10.10.0.64/28"),
        ),
        harmful(
            _SUBNETS,
            "the name decides what a subnet is",
            at(("dev/hub-hub-gatewaysubnet", "prod/hub-hub-gatewaysubnet"), "subnetName", "Gateways"),
            at(("dev/hub-hub-routeserversubnet", "prod/hub-hub-routeserversubnet"), "subnetName", "RouteServers"),
        ),
        harmless(
            "longest-prefix-match",
            "smaller, and still in the intent",
            at("dev/hub-az-spk1-subnet1", "addressPrefix", "10.0.1.0/28"),
            at("prod/hub-weu-erp-app", "addressPrefix", "10.11.0.0/24"),
        ),
    ),
    operator(
        "add to a VNet's address space",
        harmful(
            "nic-system-routes-beat-bgp",
            "the site's addresses become the VNet's own: what is sent there stays and is lost",
            at("dev/hub-hub-vnet", "addressSpace.addressPrefixes.1", "10.100.0.0/16"),
            at("prod/hub-hub-vnet", "addressSpace.addressPrefixes.1", "10.210.0.0/16"),
        ),
        harmful(
            PEERING,
            "peers of one hub may not overlap",
            at("dev/hub-az-spk1-vnet", "addressSpace.addressPrefixes.1", "10.0.2.0/24"),
            at("prod/hub-weu-erp-vnet", "addressSpace.addressPrefixes.1", "10.12.0.0/16"),
        ),
        harmless(
            "system-route",
            "nobody else has it",
            at(_HUBS, "addressSpace.addressPrefixes.1", "172.20.0.0/24"),
            at("dev/hub-az-spk1-vnet", "addressSpace.addressPrefixes.1", "10.0.5.0/24"),
        ),
    ),
    operator(
        "change an interface",
        harmful(
            TRAFFIC_ROUTING,
            "the appliance does not have the address that the forced route, or the gateway, leads to",
            at("dev/appliance-trusted-nic", _NIC, "10.100.0.21"),
            at("dev/appliance-untrusted-nic", _NIC, "10.100.0.5"),
        ),
        harmful(
            TRAFFIC_ROUTING,
            "it drops what is not its own",
            at("dev/appliance-trusted-nic", "enableIPForwarding", False, None),
        ),
        harmless(
            TRAFFIC_ROUTING,
            "outer packets are the appliance's own",
            at("dev/appliance-untrusted-nic", "enableIPForwarding", False),
        ),
        harmless(
            "longest-prefix-match",
            "routes are the subnet's",
            at(_TEST_NICS, "enableIPForwarding", True),
            at("dev/hub-hub-vm-nic", _NIC, "10.0.0.9"),
            at("dev/branch-vm-nic", _NIC, "10.100.0.101"),
            without(_TEST_NICS),
        ),
    ),
    operator(
        "change what routing does not read",
        harmless(
            "only-route",
            "no packet sees it",
            at((*_HUBS, *VPN_GATEWAYS), "tags", {"owner": "network"}),
            at(_HUBS, "enableDdosProtection", True),
            at(_TEST_NICS[0], "enableAcceleratedNetworking", True),
        ),
    ),
)
