"""Peerings: what Azure refuses."""

from __future__ import annotations

from tests.simulator.lab import Lab, express_route_gateway, peering, public_address, vnet
from tests.simulator.steps import (
    HUB,
    SPOKE,
    Row,
    check_refused,
    delete,
    hub,
    hub_and_spoke,
    peered,
    put,
    steps,
    table,
    transit,
)

ROWS: list[Row] = [
    ("peering with itself", hub, put(f"{HUB}/virtualNetworkPeerings/p", peering("hub")), "SimPeeringWithItself"),
    (
        "useRemoteGateways before there is a gateway",
        hub_and_spoke,
        steps(
            put(f"{HUB}/virtualNetworkPeerings/p", peering("spoke", allowGatewayTransit=True)),
            put(f"{SPOKE}/virtualNetworkPeerings/p", peering("hub", useRemoteGateways=True)),
        ),
        "RemoteVnetHasNoGateways",
    ),
    (
        "useRemoteGateways without check",
        hub_and_spoke,
        put(
            f"{SPOKE}/virtualNetworkPeerings/p",
            peering("hub", useRemoteGateways=True, doNotVerifyRemoteGateways=True),
        ),
        "RemoteVnetHasNoGateways",
    ),
    (
        "useRemoteGateways without transit",
        peered,
        steps(
            put(f"{HUB}/virtualNetworkPeerings/to-spoke", peering("spoke")),
            put(f"{SPOKE}/virtualNetworkPeerings/p", peering("hub", useRemoteGateways=True)),
        ),
        "SimRemotePeeringDoesNotAllowGatewayTransit",
    ),
    (
        "transit taken away from who uses it",
        transit,
        put(f"{HUB}/virtualNetworkPeerings/to-spoke", peering("spoke")),
        "SimGatewayTransitInUse",
    ),
    (
        "useRemoteGateways beside an own gateway",
        peered,
        steps(
            put(f"{SPOKE}/subnets/GatewaySubnet", {"addressPrefix": "10.0.1.0/27"}),
            put("publicIPAddresses/pip-s", public_address()),
            put("virtualNetworkGateways/own", express_route_gateway("spoke", "pip-s")),
            put(f"{SPOKE}/virtualNetworkPeerings/p", peering("hub", useRemoteGateways=True)),
        ),
        "SimVnetHasGateway",
    ),
    (
        "an own gateway beside useRemoteGateways",
        transit,
        steps(
            put(f"{SPOKE}/subnets/GatewaySubnet", {"addressPrefix": "10.0.1.0/27"}),
            put("publicIPAddresses/pip-s", public_address()),
            put("virtualNetworkGateways/own", express_route_gateway("spoke", "pip-s")),
        ),
        "SimVnetUsesRemoteGateway",
    ),
    (
        "useRemoteGateways twice",
        transit,
        steps(
            put("virtualNetworks/hub2", vnet("10.9.0.0/24")),
            put("virtualNetworks/hub2/subnets/GatewaySubnet", {"addressPrefix": "10.9.0.0/27"}),
            put("publicIPAddresses/pip-2", public_address()),
            put("virtualNetworkGateways/gw2", express_route_gateway("hub2", "pip-2")),
            put("virtualNetworks/hub2/virtualNetworkPeerings/p", peering("spoke", allowGatewayTransit=True)),
            put(f"{SPOKE}/virtualNetworkPeerings/p2", peering("hub2", useRemoteGateways=True)),
        ),
        "SimOnlyOneRemoteGateway",
    ),
    (
        "networks that overlap",
        hub,
        steps(
            put("virtualNetworks/twin", vnet("10.0.0.0/16")),
            put(f"{HUB}/virtualNetworkPeerings/p", peering("twin")),
        ),
        "VnetAddressSpacesOverlap",
    ),
    (
        "a network that comes to overlap",
        transit,
        put(SPOKE, vnet("10.0.0.0/16")),
        "VnetAddressSpacesOverlap",
    ),
    (
        "two spokes that overlap",
        peered,
        steps(
            put("virtualNetworks/twin", vnet("10.0.1.128/25")),
            put(f"{HUB}/virtualNetworkPeerings/p2", peering("twin")),
        ),
        "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
    ),
    (
        "a second peering to one network",
        peered,
        put(f"{HUB}/virtualNetworkPeerings/p2", peering("spoke")),
        "AnotherPeeringAlreadyReferencesRemoteVnet",
    ),
    (
        "one side anew while the other is disconnected",
        transit,
        steps(
            delete(f"{SPOKE}/virtualNetworkPeerings/to-hub"),
            put(f"{SPOKE}/virtualNetworkPeerings/to-hub", peering("hub")),
        ),
        "RemotePeeringIsDisconnected",
    ),
    (
        "another remote network",
        peered,
        steps(
            put("virtualNetworks/other", vnet("10.5.0.0/24")),
            put(f"{HUB}/virtualNetworkPeerings/to-spoke", peering("other")),
        ),
        "SimRemoteVirtualNetworkCannotBeChanged",
    ),
]


@table(ROWS)
def test_azure_refuses(lab: Lab, row: Row) -> None:
    check_refused(lab, row)
