"""Gateways and local network gateways: what Azure refuses."""

from __future__ import annotations

from tests.simulator.lab import (
    Lab,
    custom_bgp,
    express_route_gateway,
    ip_configuration,
    local_gateway,
    public_address,
    resource,
    vpn_gateway,
)
from tests.simulator.steps import (
    DEVICE,
    ER,
    VPN,
    Row,
    check_refused,
    connected,
    delete,
    express_route,
    group,
    hub,
    put,
    sku,
    small_gateway_subnet,
    steps,
    table,
    transit,
    tunnel,
)

ROWS: list[Row] = [
    (
        "a VPN gateway without zones in its SKU",
        hub,
        put(VPN, vpn_gateway(**sku("VpnGw1"))),
        "NonAzSkusNotAllowedForVPNGateway",
    ),
    (
        "an AZ SKU with a regional address",
        hub,
        put(
            VPN,
            vpn_gateway(
                activeActive=False,
                ipConfigurations=[ip_configuration("default", "hub/subnets/GatewaySubnet", "pip-er")],
            ),
        ),
        "VmssVpnGatewayPublicIpsMustHaveZonesConfigured",
    ),
    (
        "a SKU without zones with a zonal address",
        hub,
        put(ER, express_route_gateway(public="pip-rs")),
        "RegionalVmssVpnGatewayPublicIpsMustNotHaveZonesConfigured",
    ),
    (
        "active-active with one configuration",
        hub,
        put(VPN, vpn_gateway(ipConfigurations=vpn_gateway()["ipConfigurations"][:1])),
        "SimActiveActiveIpConfigurations",
    ),
    (
        "two configurations without active-active",
        hub,
        put(VPN, vpn_gateway(activeActive=False)),
        "SimActiveActiveIpConfigurations",
    ),
    (
        "a generation on an ExpressRoute gateway",
        hub,
        put(ER, express_route_gateway(vpnGatewayGeneration="Generation1")),
        "SimVpnGatewayGenerationOnExpressRoute",
    ),
    (
        "a generation that the SKU has not",
        hub,
        put(VPN, vpn_gateway(vpnGatewayGeneration="Generation2")),
        "SimVpnGatewayGeneration",
    ),
    (
        "a tier unlike the SKU",
        hub,
        put(VPN, vpn_gateway(sku={"name": "VpnGw1AZ", "tier": "VpnGw2AZ"})),
        "SimSkuTierMismatch",
    ),
    (
        "a gateway elsewhere",
        hub,
        put(ER, express_route_gateway(ipConfigurations=[ip_configuration("default", "hub/subnets/subnet1", "pip-er")])),
        "SimGatewaySubnetRequired",
    ),
    (
        "a /28 for both gateways",
        small_gateway_subnet,
        put(VPN, vpn_gateway()),
        "SimGatewaySubnetTooSmallForCoexistence",
    ),
    (
        "a second gateway of a type",
        express_route,
        steps(
            put("publicIPAddresses/pip-2", public_address()),
            put("virtualNetworkGateways/second", express_route_gateway(public="pip-2")),
        ),
        "SimGatewayOfTypeExists",
    ),
    ("a reserved ASN", hub, put(VPN, vpn_gateway(bgpSettings={"asn": 65517})), "SimReservedAsn"),
    (
        "custom BGP outside Azure's range",
        hub,
        put(VPN, vpn_gateway(bgpSettings=custom_bgp("169.254.20.1", "169.254.21.2"))),
        "SimCustomBgpAddressRange",
    ),
    (
        "one custom BGP address twice",
        hub,
        put(VPN, vpn_gateway(bgpSettings=custom_bgp("169.254.21.1", "169.254.21.1"))),
        "SimCustomBgpAddressUsedTwice",
    ),
    (
        "custom BGP of another gateway",
        hub,
        put(VPN, vpn_gateway(bgpSettings=custom_bgp("169.254.21.1", "169.254.21.2", gateway="x"))),
        "InvalidResourceReference",
    ),
    (
        "custom BGP of a configuration that is not there",
        hub,
        put(
            VPN,
            vpn_gateway(
                bgpSettings={
                    "bgpPeeringAddresses": [
                        {"ipconfigurationId": f"{resource(VPN)}/ipConfigurations/third", "customBgpIpAddresses": []}
                    ]
                }
            ),
        ),
        "SimBgpPeeringAddressReference",
    ),
    ("a VPN gateway that becomes another", tunnel, put(VPN, {**express_route_gateway()}), "SimPropertyCannotBeChanged"),
    (
        "a smaller ExpressRoute SKU",
        hub,
        steps(put(ER, express_route_gateway(**sku("HighPerformance"))), put(ER, express_route_gateway())),
        "SimGatewaySkuChange",
    ),
    ("deleting a connected gateway", connected, delete(ER), "VirtualNetworkGatewayCannotBeDeleted"),
    ("deleting the gateway that a spoke uses", transit, delete(ER), "SimGatewayUsedByPeering"),
    (
        "an empty prefix",
        group,
        put(DEVICE, local_gateway(localNetworkAddressSpace={"addressPrefixes": [""]})),
        "AddressPrefixStringCannotBeNullOrEmpty",
    ),
    (
        "a link-local prefix",
        group,
        put(DEVICE, local_gateway(localNetworkAddressSpace={"addressPrefixes": ["169.254.0.1/32"]})),
        "SimApipaAddressPrefix",
    ),
    (
        "BGP without ASN",
        group,
        put(DEVICE, local_gateway(bgpSettings={"bgpPeeringAddress": "169.254.0.1"})),
        "SimLocalNetworkGatewayAsn",
    ),
    (
        "Azure's own ASN",
        group,
        put(DEVICE, local_gateway(bgpSettings={"asn": 65515, "bgpPeeringAddress": "169.254.0.1"})),
        "SimReservedAsn",
    ),
    ("address and name", group, put(DEVICE, local_gateway(fqdn="vpn.example")), "SimGatewayAddressOrFqdn"),
    (
        "the device's address as BGP peer",
        group,
        put(DEVICE, local_gateway(bgpSettings={"asn": 65510, "bgpPeeringAddress": "10.100.0.4"})),
        "SimBgpPeeringAddressIsGateway",
    ),
]


@table(ROWS)
def test_azure_refuses(lab: Lab, row: Row) -> None:
    check_refused(lab, row)
