"""Circuits and Route Server: what Azure refuses."""

from __future__ import annotations

from tests.simulator.lab import (
    LOCATION,
    Lab,
    circuit,
    circuit_connection,
    circuit_peering,
    provider,
    route_server_configuration,
)
from tests.simulator.steps import (
    CIRCUIT,
    CONNECTION,
    HUB,
    SUBNET_ID,
    Row,
    check_refused,
    connected,
    delete,
    group,
    hub,
    ordered,
    provisioned,
    provisioned_without_peering,
    put,
    route_server,
    steps,
    table,
)

ROWS: list[Row] = [
    (
        "a connection before the provider",
        ordered,
        put(CONNECTION, circuit_connection()),
        "SimExpressRouteCircuitNotProvisioned",
    ),
    (
        "a peering before the provider",
        ordered,
        put(f"{CIRCUIT}/peerings/AzurePrivatePeering", circuit_peering()),
        "SimExpressRouteCircuitNotProvisioned",
    ),
    (
        "a connection without peering",
        provisioned_without_peering,
        put(CONNECTION, circuit_connection()),
        "SimExpressRouteCircuitNotProvisioned",
    ),
    ("one circuit twice", connected, put("connections/two", circuit_connection()), "SimConnectionExists"),
    ("a weight of 32001", provisioned, put(CONNECTION, circuit_connection(routingWeight=32001)), "SimRoutingWeight"),
    ("deleting a provisioned circuit", provisioned, delete(CIRCUIT), "ConflictError"),
    ("deleting a peering in use", connected, delete(f"{CIRCUIT}/peerings/AzurePrivatePeering"), "SimPeeringInUse"),
    (
        "less bandwidth",
        ordered,
        steps(put(CIRCUIT, circuit(serviceProviderProperties=provider(100))), put(CIRCUIT, circuit())),
        "InternalError",
    ),
    (
        "a bandwidth that nobody offers",
        group,
        put(CIRCUIT, circuit(serviceProviderProperties=provider(75))),
        "SimCircuitBandwidth",
    ),
    (
        "a SKU that contradicts itself",
        group,
        put(CIRCUIT, circuit(sku={"name": "Premium_MeteredData", "tier": "Standard", "family": "MeteredData"})),
        "SimCircuitSku",
    ),
    (
        "VLAN 4095",
        provisioned_without_peering,
        put(f"{CIRCUIT}/peerings/AzurePrivatePeering", circuit_peering(vlanId=4095)),
        "SimPeeringVlan",
    ),
    (
        "a /29 link",
        provisioned_without_peering,
        put(f"{CIRCUIT}/peerings/AzurePrivatePeering", circuit_peering(primaryPeerAddressPrefix="172.31.0.8/29")),
        "SimPeeringPrefixes",
    ),
    (
        "only a primary link",
        provisioned_without_peering,
        put(f"{CIRCUIT}/peerings/AzurePrivatePeering", circuit_peering(secondaryPeerAddressPrefix=None)),
        "SimPeeringPrefixes",
    ),
    (
        "Microsoft's ASN as peer",
        provisioned_without_peering,
        put(f"{CIRCUIT}/peerings/AzurePrivatePeering", circuit_peering(peerASN=12076)),
        "SimPeeringAsn",
    ),
    (
        "a link in the network",
        provisioned_without_peering,
        steps(
            put(f"{CIRCUIT}/peerings/AzurePrivatePeering", circuit_peering(primaryPeerAddressPrefix="10.0.0.252/30")),
            put(CONNECTION, circuit_connection()),
        ),
        "SimPeeringOverlapsVnet",
    ),
    (
        "a wrong authorisation",
        provisioned,
        put(CONNECTION, circuit_connection(authorizationKey="00000000-0000-0000-0000-00000000abcd")),
        "SimAuthorizationInvalid",
    ),
    (
        "a Route Server without address",
        hub,
        steps(
            put("virtualHubs/rs", {**LOCATION, "sku": "Standard"}),
            put("virtualHubs/rs/ipConfigurations/c", route_server_configuration(publicIPAddress=None)),
        ),
        "SimRouteServerPublicAddressRequired",
    ),
    (
        "a Route Server elsewhere",
        hub,
        steps(
            put("virtualHubs/rs", {**LOCATION, "sku": "Standard"}),
            put("virtualHubs/rs/ipConfigurations/c", route_server_configuration(subnet=SUBNET_ID)),
        ),
        "SimRouteServerSubnetRequired",
    ),
    (
        "a RouteServerSubnet of /28",
        hub,
        steps(
            delete(f"{HUB}/subnets/RouteServerSubnet"),
            put(f"{HUB}/subnets/RouteServerSubnet", {"addressPrefix": "10.0.0.128/28"}),
            put("virtualHubs/rs", {**LOCATION, "sku": "Standard"}),
            put("virtualHubs/rs/ipConfigurations/c", route_server_configuration()),
        ),
        "SimRouteServerSubnetTooSmall",
    ),
    (
        "a BGP peer before the configuration",
        hub,
        steps(
            put("virtualHubs/rs", {**LOCATION, "sku": "Standard"}),
            put("virtualHubs/rs/bgpConnections/n", {"peerAsn": 65010, "peerIp": "10.0.0.9"}),
        ),
        "HubBgpConnectionParentHubMustHaveProvisionedRoutingState",
    ),
    (
        "an appliance with Azure's ASN",
        route_server,
        put("virtualHubs/rs/bgpConnections/n", {"peerAsn": 65515, "peerIp": "10.0.0.9"}),
        "SimReservedAsn",
    ),
    (
        "a ninth BGP peer",
        route_server,
        steps(
            *[put(f"virtualHubs/rs/bgpConnections/n{i}", {"peerAsn": 65010, "peerIp": f"10.0.0.{i}"}) for i in range(9)]
        ),
        "SimTooManyBgpPeers",
    ),
    ("deleting a hub with its configuration", route_server, delete("virtualHubs/rs"), "SimVirtualHubInUse"),
    (
        "a virtual WAN hub",
        group,
        put("virtualHubs/h", {**LOCATION, "sku": "Standard", "addressPrefix": "10.0.0.0/24"}),
        "SimVirtualWanNotSimulated",
    ),
]


@table(ROWS)
def test_azure_refuses(lab: Lab, row: Row) -> None:
    check_refused(lab, row)
