"""Gateways, their addresses, local network gateways and Route Server."""

from tests.mutation.mutants import at, harmful, harmless, operator, without
from tests.mutation.table.places import (
    COEXISTING,
    CONNECTIONS,
    DEV_LOCAL,
    ER_GATEWAYS,
    FAQ,
    FW1_LOCAL,
    FW2_LOCAL,
    IKE,
    LOCALS,
    PRIVATE_PEERING,
    ROUTE_SERVER_FAQ,
    ROUTE_SERVER_GATEWAYS,
    ROUTE_SERVERS,
    VPN_ADDRESSES,
    VPN_GATEWAYS,
)

_SKUS = "Learn: VPN Gateway SKU consolidation and migration, 2026-02-03"
_VPN_GATEWAYS = "Learn: About VPN Gateway SKUs, 2026-06-08"
_APIPA = "bgpSettings.bgpPeeringAddresses"
_SPACE = "localNetworkAddressSpace"


def _sku(name: str) -> dict[str, str]:
    return {"name": name, "tier": name}


def _space(*prefixes: str) -> dict[str, list[str]]:
    return {"addressPrefixes": list(prefixes)}


OPERATORS = (
    operator(
        "flip a flag of the private address",
        harmful(
            PRIVATE_PEERING,
            "without both flags the gateway talks to the device from its public address",
            at(VPN_GATEWAYS, "enablePrivateIpAddress", False, None),
            at(CONNECTIONS, "useLocalAzureIpAddress", False, None),
        ),
    ),
    operator(
        "flip BGP",
        harmful(
            FAQ,
            "the local network gateways list no prefixes: without BGP nothing leads into the tunnel",
            at(VPN_GATEWAYS, "enableBgp", False, None),
            at(CONNECTIONS, "enableBgp", False, None),
        ),
    ),
    operator(
        "change the number of instances",
        harmful(
            ROUTE_SERVER_GATEWAYS,
            "Route Server wants an active-active gateway, and the tunnel to the second instance is gone",
            at(VPN_GATEWAYS, "activeActive", False, None),
            without(VPN_GATEWAYS, "ipConfigurations.1"),
        ),
    ),
    operator(
        "change the gateway's type",
        harmful(
            COEXISTING,
            "policy-based gateways have neither BGP nor IKEv2",
            at(VPN_GATEWAYS, "vpnType", "PolicyBased"),
        ),
    ),
    operator(
        "change the gateway's ASN",
        harmful(
            ROUTE_SERVER_FAQ,
            "Route Server exchanges routes with ASN 65515 only, and the devices' neighbour is 65515",
            at(VPN_GATEWAYS, "bgpSettings.asn", 65514, 65001, 64512),
        ),
        harmless(FAQ, "Azure takes 65515 if nothing is said", without(VPN_GATEWAYS, "bgpSettings.asn")),
    ),
    operator(
        "change the VPN gateway's SKU",
        harmful(
            _SKUS,
            "without zones there are no private addresses, and new ones cannot be made",
            at(VPN_GATEWAYS, "sku", *map(_sku, ("VpnGw1", "VpnGw2", "VpnGw3", "Basic", "Standard", "HighPerformance"))),
        ),
        harmless(
            _VPN_GATEWAYS,
            "larger, of the same generation",
            at(VPN_GATEWAYS[0], "sku", _sku("VpnGw2AZ"), _sku("VpnGw3AZ")),
            at(VPN_GATEWAYS[1], "sku", _sku("VpnGw3AZ"), _sku("VpnGw4AZ"), _sku("VpnGw5AZ")),
        ),
    ),
    operator(
        "change a VPN gateway's public address",
        harmful(
            PRIVATE_PEERING,
            "the address must be Standard and have at least one zone",
            at(VPN_ADDRESSES, "zones", None, []),
            at(VPN_ADDRESSES, "sku", {"name": "Basic", "tier": "Regional"}),
        ),
        harmless(PRIVATE_PEERING, "one zone is enough", at(VPN_ADDRESSES, "zones", ["1"], ["1", "2"])),
    ),
    operator(
        "change a BGP address of the gateway",
        harmful(
            FAQ,
            "outside 169.254.21.0 to 169.254.22.255",
            at(VPN_GATEWAYS, f"{_APIPA}.0.customBgpIpAddresses.0", "169.254.20.1", "169.254.23.1", "169.254.0.5"),
            at(VPN_GATEWAYS, f"{_APIPA}.1.customBgpIpAddresses.0", "169.254.20.255"),
        ),
        harmful(
            FAQ,
            "both instances have the same address",
            at(VPN_GATEWAYS[0], f"{_APIPA}.1.customBgpIpAddresses.0", "169.254.21.1"),
            at(VPN_GATEWAYS[1], f"{_APIPA}.1.customBgpIpAddresses.0", "169.254.21.2"),
        ),
        harmful(
            FAQ,
            "the device's neighbour is the other address: this session stays down",
            at(VPN_GATEWAYS[0], f"{_APIPA}.0.customBgpIpAddresses.0", "169.254.21.5"),
            at(VPN_GATEWAYS[0], f"{_APIPA}.1.customBgpIpAddresses.0", "169.254.22.5"),
            at(VPN_GATEWAYS[1], f"{_APIPA}.0.customBgpIpAddresses.1", "169.254.21.30"),
        ),
        harmful(
            FAQ,
            "with a link-local peer the gateway needs link-local addresses of its own",
            without(VPN_GATEWAYS, f"{_APIPA}.0.customBgpIpAddresses"),
            at(VPN_GATEWAYS, f"{_APIPA}.1.customBgpIpAddresses", []),
        ),
    ),
    operator(
        "change the device's endpoint in Azure",
        harmful(
            IKE,
            "nobody answers there, or another device with another key",
            at(DEV_LOCAL, "gatewayIpAddress", "10.100.0.5", "10.100.0.20", "203.0.113.4"),
            at(FW1_LOCAL, "gatewayIpAddress", "10.200.0.5", "192.168.100.4", "203.0.113.4"),
            at(FW2_LOCAL, "gatewayIpAddress", "10.200.0.4"),
        ),
    ),
    operator(
        "change the device's ASN in Azure",
        harmful(
            "RFC 4271, A Border Gateway Protocol 4, section 6.2 (Bad Peer AS), 2006",
            "the device opens with its own ASN: the session stays down",
            at(LOCALS, "bgpSettings.asn", 65012, 64512),
        ),
        harmful(FAQ, "the ends may not share an ASN", at(LOCALS, "bgpSettings.asn", 65515)),
        harmful(FAQ, "no session without an ASN", without(LOCALS, "bgpSettings.asn"), without(LOCALS, "bgpSettings")),
    ),
    operator(
        "change the device's BGP address in Azure",
        harmful(
            FAQ,
            "the device speaks from another address: the session stays down",
            at(LOCALS, "bgpSettings.bgpPeeringAddress", "169.254.0.9", "169.254.100.1"),
        ),
        harmful(
            FAQ,
            "it may not lie in the VNet's own space",
            at(DEV_LOCAL, "bgpSettings.bgpPeeringAddress", "10.0.0.20"),
            at(FW1_LOCAL, "bgpSettings.bgpPeeringAddress", "10.10.1.20"),
        ),
        harmful(FAQ, "there is nobody to speak to", without(LOCALS, "bgpSettings.bgpPeeringAddress")),
    ),
    operator(
        "add a static prefix to the local network gateway",
        harmful(
            "tunnel-uses-gateway-subnet",
            "the endpoint's own host route leads into its tunnel",
            at(DEV_LOCAL, _SPACE, _space("10.100.0.4/32")),
            at(FW1_LOCAL, _SPACE, _space("10.200.0.4/32")),
            at(FW2_LOCAL, _SPACE, _space("10.200.0.20/32")),
        ),
        harmful(
            "tunnel-uses-gateway-subnet",
            "one device's endpoint leads into the other's tunnel",
            at(FW1_LOCAL, _SPACE, _space("10.200.0.20/32")),
            at(FW2_LOCAL, _SPACE, _space("10.200.0.4/32")),
        ),
        harmful(
            FAQ,
            "link-local prefixes cannot be added",
            at(DEV_LOCAL, _SPACE, _space("169.254.0.1/32")),
            at(FW1_LOCAL, _SPACE, _space("169.254.21.1/32")),
        ),
        harmless(
            "longest-prefix-match",
            "the site's own prefix, or a part of it: it leads into the tunnel, as BGP does",
            at(DEV_LOCAL, _SPACE, _space("10.100.0.96/27"), _space("10.100.0.0/24")),
            at(FW1_LOCAL, _SPACE, _space("10.210.0.0/16")),
            at(FW2_LOCAL, _SPACE, _space("10.210.128.0/17")),
        ),
        harmless(
            "longest-prefix-match",
            "a prefix that nothing else concerns, or that is shorter than the endpoint's host route",
            at(LOCALS, _SPACE, _space("10.211.0.0/16")),
            at(FW1_LOCAL, _SPACE, _space("10.200.0.0/24")),
        ),
        harmless(FAQ, "nothing is what BGP needs", at(LOCALS, _SPACE, _space())),
    ),
    operator(
        "change the hub routing preference",
        harmful(
            "hub-routing-preference",
            "dev has the site's prefix over ExpressRoute too, which then wins; nothing said means ExpressRoute",
            at(ROUTE_SERVERS[0], "hubRoutingPreference", "ExpressRoute", None),
        ),
        harmless(
            "only-route",
            "in prod nothing but the tunnels brings the site's prefix",
            at(ROUTE_SERVERS[1], "hubRoutingPreference", "ExpressRoute", "ASPath", None),
        ),
        harmless(
            "shortest-as-path",
            "65510 through the tunnel is shorter than 12076-65001-12076",
            at(ROUTE_SERVERS[0], "hubRoutingPreference", "ASPath"),
        ),
    ),
    operator(
        "flip branch-to-branch",
        harmful(
            "branch-to-branch",
            "dev then has no preference that could make the tunnel win: ExpressRoute carries the site's prefix",
            at(ROUTE_SERVERS[0], "allowBranchToBranchTraffic", False, None),
        ),
        harmless(
            "only-route",
            "in prod nothing but the tunnels brings the site's prefix, and NICs get it all the same",
            at(ROUTE_SERVERS[1], "allowBranchToBranchTraffic", False, None),
        ),
    ),
    operator(
        "take Route Server out of its subnet",
        harmful(
            "expressroute-over-vpn",
            "a Route Server without ip configuration does nothing, and ExpressRoute wins in dev",
            without("dev/route-server-ipconfig"),
        ),
    ),
    operator(
        "change allowRemoteVnetTraffic",
        harmful(
            "remote-vnet-traffic",
            "the emulated branch does not get the hub's prefixes, and with them no way to the tunnel addresses",
            at("dev/branch-ergw", "allowRemoteVnetTraffic", False, None),
        ),
        harmless(
            "remote-vnet-traffic",
            "no other VNet is behind prod's circuits",
            at("prod/hub-hub-ergw", "allowRemoteVnetTraffic", True),
        ),
        harmless(
            ER_GATEWAYS,
            "there is no virtual WAN",
            at(("dev/hub-hub-ergw", "dev/branch-ergw", "prod/hub-hub-ergw"), "allowVirtualWanTraffic", True),
        ),
    ),
    operator(
        "change an ExpressRoute gateway's SKU",
        harmless(
            ER_GATEWAYS,
            "larger, of the same family",
            at(("dev/hub-hub-ergw", "dev/branch-ergw"), "sku", _sku("HighPerformance"), _sku("UltraPerformance")),
            at("prod/hub-hub-ergw", "sku", _sku("ErGw2AZ"), _sku("ErGw3AZ")),
        ),
    ),
)
