"""VPN connections: what Azure refuses."""

from __future__ import annotations

from tests.simulator.lab import LOCATION, Lab, ip_configuration, resource, vpn_connection
from tests.simulator.steps import (
    CONNECTION,
    DEVICE,
    ER,
    VPN,
    Row,
    check_refused,
    delete,
    hub,
    policy,
    provisioned,
    put,
    sku,
    steps,
    table,
    tunnel,
)

ROWS: list[Row] = [
    (
        "a private tunnel that the gateway has not",
        hub,
        steps(lambda lab: lab.vpn(enablePrivateIpAddress=False).device(), put(CONNECTION, vpn_connection())),
        "SimLocalAzureIpAddressNotEnabled",
    ),
    (
        "a private tunnel without zones",
        hub,
        steps(
            lambda lab: lab.put(
                VPN,
                {
                    **LOCATION,
                    "gatewayType": "Vpn",
                    **sku("Basic"),
                    "enablePrivateIpAddress": True,
                    "ipConfigurations": [ip_configuration("default", "hub/subnets/GatewaySubnet", "pip-er")],
                },
            ),
            lambda lab: lab.device(),
            put(CONNECTION, vpn_connection(enableBgp=False)),
        ),
        "SimLocalAzureIpAddressNeedsZones",
    ),
    (
        "an incomplete policy",
        tunnel,
        put(CONNECTION, vpn_connection(**policy(pfsGroup=None))),
        "SimIpsecPolicyIncomplete",
    ),
    (
        "GCM for encryption only",
        tunnel,
        put(CONNECTION, vpn_connection(**policy(ipsecIntegrity="SHA256"))),
        "SimIpsecPolicyGcm",
    ),
    (
        "a short lifetime",
        tunnel,
        put(CONNECTION, vpn_connection(**policy(saLifeTimeSeconds=299))),
        "SimIpsecPolicyLifetime",
    ),
    ("a key with an umlaut", tunnel, put(CONNECTION, vpn_connection(sharedKey="schlüssel")), "SimSharedKey"),
    ("a DPD timeout of 8 s", tunnel, put(CONNECTION, vpn_connection(dpdTimeoutSeconds=8)), "SimDpdTimeout"),
    (
        "BGP that the gateway has not",
        hub,
        steps(lambda lab: lab.vpn(enableBgp=False).device(), put(CONNECTION, vpn_connection())),
        "SimBgpNotEnabledOnGateway",
    ),
    (
        "BGP that the device has not",
        hub,
        steps(lambda lab: lab.vpn().device(bgpSettings=None), put(CONNECTION, vpn_connection())),
        "SimBgpSettingsRequired",
    ),
    (
        "one ASN on both sides",
        hub,
        steps(
            lambda lab: lab.vpn(bgpSettings={"asn": 65010}).device(
                bgpSettings={"asn": 65010, "bgpPeeringAddress": "10.99.0.1"}
            ),
            put(CONNECTION, vpn_connection()),
        ),
        "SimSameAsn",
    ),
    (
        "a BGP peer in the network",
        hub,
        steps(
            lambda lab: lab.vpn().device(bgpSettings={"asn": 65510, "bgpPeeringAddress": "10.0.0.9"}),
            put(CONNECTION, vpn_connection()),
        ),
        "SimBgpPeerInVnet",
    ),
    (
        "a link-local peer without custom BGP",
        hub,
        steps(lambda lab: lab.vpn(bgpSettings={"asn": 65515}).device(), put(CONNECTION, vpn_connection())),
        "SimCustomBgpAddressRequired",
    ),
    (
        "IKEv1 later",
        tunnel,
        steps(put(CONNECTION, vpn_connection()), put(CONNECTION, vpn_connection(connectionProtocol="IKEv1"))),
        "SimPropertyCannotBeChanged",
    ),
    (
        "a second connection to one device",
        tunnel,
        steps(put(CONNECTION, vpn_connection()), put("connections/two", vpn_connection())),
        "SimConnectionExists",
    ),
    (
        "deleting a connected device",
        tunnel,
        steps(put(CONNECTION, vpn_connection()), delete(DEVICE)),
        "SimLocalNetworkGatewayInUse",
    ),
    (
        "an IPsec connection of an ExpressRoute gateway",
        provisioned,
        steps(lambda lab: lab.device(), put(CONNECTION, vpn_connection(virtualNetworkGateway1={"id": resource(ER)}))),
        "SimGatewayTypeMismatch",
    ),
]


@table(ROWS)
def test_azure_refuses(lab: Lab, row: Row) -> None:
    check_refused(lab, row)
