"""Connections of gateways, and local network gateways: what stands for the far end of a VPN."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network

from vpner.arm import parse_arm_id
from vpner.simulator.errors import bad_request
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    address,
    flag,
    guid,
    is_same,
    kind_type,
    number,
    objects,
    prefix,
    reference,
    text,
    texts,
)
from vpner.simulator.kinds.circuits import authorization_for, check_connectable, is_connectable
from vpner.simulator.kinds.gateway_addresses import CONNECTION, GatewayAddresses
from vpner.simulator.kinds.gateways import AZURE_ASN, RESERVED_ASNS, custom_bgp, gateway_subnet, is_vpn, network_of
from vpner.simulator.kinds.networks import address_space
from vpner.simulator.store import Body, Record, Snapshot

_APIPA = IPv4Network("169.254.0.0/16")


def _check_local(request: Request) -> None:
    body, name = request.body, request.name
    if bool(text(body, "gatewayIpAddress")) == bool(text(body, "fqdn")):
        raise bad_request("SimGatewayAddressOrFqdn", f"{name} needs exactly one of gatewayIpAddress and fqdn.")
    if text(body, "gatewayIpAddress"):
        address("gatewayIpAddress", text(body, "gatewayIpAddress") or "")
    for value in texts(body, "localNetworkAddressSpace", "addressPrefixes"):
        if not value:
            raise bad_request(
                "AddressPrefixStringCannotBeNullOrEmpty", "Address prefix string cannot be null or empty."
            )
        if prefix(value).overlaps(_APIPA):
            raise bad_request(
                "SimApipaAddressPrefix", f"{name}: link-local prefix {value} cannot be an address prefix."
            )
    if body.get("bgpSettings") is None:
        return
    asn = number(body, "bgpSettings", "asn")
    if not asn:
        raise bad_request("SimLocalNetworkGatewayAsn", f"The local network gateway {name} cannot have an ASN of zero.")
    if asn in RESERVED_ASNS:
        raise bad_request("SimReservedAsn", f"{name}: ASN {asn} is reserved.")
    peer = text(body, "bgpSettings", "bgpPeeringAddress")
    if not peer:
        raise bad_request("SimBgpPeeringAddressRequired", f"{name}: bgpSettings has no bgpPeeringAddress.")
    if str(address("bgpPeeringAddress", peer)) == text(body, "gatewayIpAddress"):
        raise bad_request(
            "SimBgpPeeringAddressIsGateway", f"{name}: bgpPeeringAddress {peer} is its gatewayIpAddress too."
        )


LOCAL_NETWORK_GATEWAY = Kind(
    kind_type("network:LocalNetworkGateway"),
    check=_check_local,
    in_use="SimLocalNetworkGatewayInUse",
)

_POLICY = (
    "saLifeTimeSeconds",
    "saDataSizeKilobytes",
    "ipsecEncryption",
    "ipsecIntegrity",
    "ikeEncryption",
    "ikeIntegrity",
    "dhGroup",
    "pfsGroup",
)
_CIRCUITS = {"Standard": 4, "HighPerformance": 8, "UltraPerformance": 16, "ErGw1AZ": 4, "ErGw2AZ": 8, "ErGw3AZ": 16}
"""Circuits that a gateway can be connected to. [Learn: ExpressRoute gateways, 2026-09-05]"""
_MAX_WEIGHT = 32000
PRE_SHARED_KEY = "preSharedKey"
"""The key in force, among what Azure chose: a GET of the connection does not show it, one of its ``sharedkey`` does."""
_LONGEST_KEY = 128
_GENERATED_KEY = 32


def _check(request: Request) -> None:
    kind = text(request.body, "connectionType") or ""
    checks: Mapping[str, Callable[[Request, Record], None]] = {
        "IPsec": _check_ipsec,
        "Vnet2Vnet": _check_vnet_to_vnet,
        "ExpressRoute": _check_express_route,
    }
    if kind not in checks:
        raise bad_request("SimConnectionTypeNotSimulated", f"not simulated: connectionType {kind}")
    gateway = request.cloud.get(reference(request.body, "virtualNetworkGateway1") or "")
    if gateway is None:
        raise bad_request("SimVirtualNetworkGatewayRequired", f"{request.name} names no virtualNetworkGateway1.")
    if is_vpn(gateway) == (kind == "ExpressRoute"):
        raise bad_request(
            "SimGatewayTypeMismatch", f"{request.name}: gateway {gateway.id} cannot have a {kind} connection."
        )
    checks[kind](request, gateway)


def _others(request: Request, gateway: Record) -> list[Record]:
    return [
        other
        for other in request.cloud.all(CONNECTION)
        if other.key != request.resource_id.lower()
        and is_same(reference(other.body, "virtualNetworkGateway1"), gateway.id)
    ]


def _check_ipsec(request: Request, gateway: Record) -> None:
    body, name = request.body, request.name
    local = request.cloud.get(reference(body, "localNetworkGateway2") or "")
    if local is None:
        raise bad_request("SimLocalNetworkGatewayRequired", f"{name} names no localNetworkGateway2.")
    for other in _others(request, gateway):
        if is_same(reference(other.body, "localNetworkGateway2"), local.id):
            raise bad_request(
                "SimConnectionExists", f"{name}: {other.id} connects {gateway.name} and {local.name} already."
            )
    _check_tunnel(request, gateway)
    if flag(body, "enableBgp"):
        _check_bgp(request, gateway, local)


def _check_vnet_to_vnet(request: Request, gateway: Record) -> None:
    other = request.cloud.get(reference(request.body, "virtualNetworkGateway2") or "")
    if other is None or not is_vpn(other) or other.key == gateway.key:
        raise bad_request(
            "SimVirtualNetworkGateway2", f"{request.name} needs another VPN gateway as virtualNetworkGateway2."
        )
    _check_tunnel(request, gateway)


def _check_tunnel(request: Request, gateway: Record) -> None:
    body, name = request.body, request.name
    if flag(body, "useLocalAzureIpAddress"):
        if not (text(gateway.body, "sku", "name") or "").endswith("AZ"):
            raise bad_request("SimLocalAzureIpAddressNeedsZones", f"{name}: {gateway.id} has no AZ SKU.")
        if not flag(gateway.body, "enablePrivateIpAddress"):
            raise bad_request(
                "SimLocalAzureIpAddressNotEnabled", f"{name}: enablePrivateIpAddress is not set on {gateway.id}."
            )
    timeout = number(body, "dpdTimeoutSeconds")
    if timeout and not 9 <= timeout <= 3600:
        raise bad_request("SimDpdTimeout", f"{name}: dpdTimeoutSeconds {timeout} is not within 9 to 3600.")
    key = body.get("sharedKey")
    if isinstance(key, str):
        check_key(name, key)
    policies = objects(body, "ipsecPolicies")
    if len(policies) > 1:
        raise bad_request("SimOneIpsecPolicy", f"{name}: a connection has at most one IPsec policy.")
    for policy in policies:
        _check_policy(name, policy)


def check_key(name: str, key: str) -> None:
    """Refuse a pre-shared key that Azure does not take."""
    if not (1 <= len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise bad_request("SimSharedKey", f"{name}: sharedKey must be 1 to {_LONGEST_KEY} printable ASCII characters.")


def new_key(length: int = _GENERATED_KEY) -> str:
    """A key as Azure makes one: letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def _check_policy(name: str, policy: Body) -> None:
    missing = [field for field in _POLICY if policy.get(field) is None]
    if missing:
        raise bad_request("SimIpsecPolicyIncomplete", f"{name}: the IPsec policy lacks {', '.join(missing)}.")
    encryption, integrity = text(policy, "ipsecEncryption") or "", text(policy, "ipsecIntegrity") or ""
    if ("GCM" in encryption or "GCM" in integrity) and encryption != integrity:
        raise bad_request(
            "SimIpsecPolicyGcm", f"{name}: ipsecEncryption {encryption} and ipsecIntegrity {integrity} must be equal."
        )
    if (number(policy, "saLifeTimeSeconds") or 0) < 300 or (number(policy, "saDataSizeKilobytes") or 0) < 1024:
        raise bad_request("SimIpsecPolicyLifetime", f"{name}: an SA lives at least 300 seconds and 1024 kilobytes.")


def _check_bgp(request: Request, gateway: Record, local: Record) -> None:
    name = request.name
    if not flag(gateway.body, "enableBgp"):
        raise bad_request("SimBgpNotEnabledOnGateway", f"{name}: enableBgp is not set on {gateway.id}.")
    if local.body.get("bgpSettings") is None:
        raise bad_request("SimBgpSettingsRequired", f"{name}: {local.id} has no bgpSettings.")
    if number(local.body, "bgpSettings", "asn") == (number(gateway.body, "bgpSettings", "asn") or AZURE_ASN):
        raise bad_request("SimSameAsn", f"{name}: {gateway.id} and {local.id} have the same ASN.")
    peer = IPv4Address(text(local.body, "bgpSettings", "bgpPeeringAddress") or "")
    if any(peer in space for space in address_space(network_of(request.cloud, gateway))):
        raise bad_request("SimBgpPeerInVnet", f"{name}: BGP peer {peer} lies in the gateway's own network.")
    configurations = [
        f"{gateway.id}/ipConfigurations/{text(i, 'name')}" for i in objects(gateway.body, "ipConfigurations")
    ]
    if peer in _APIPA and not all(custom_bgp(gateway.body, item) for item in configurations):
        raise bad_request(
            "SimCustomBgpAddressRequired",
            f"{name}: BGP peer {peer} is link-local, and not every instance of {gateway.id} has a custom BGP address.",
        )
    for item in objects(request.body, "gatewayCustomBgpIpAddresses"):
        target, value = text(item, "ipConfigurationId") or "", text(item, "customBgpIpAddress")
        if value not in custom_bgp(gateway.body, target):
            raise bad_request("SimCustomBgpAddressUnknown", f"{name}: {target} has no custom BGP address {value}.")


def _check_express_route(request: Request, gateway: Record) -> None:
    body, name = request.body, request.name
    circuit = request.cloud.get(reference(body, "peer") or "")
    if circuit is None:
        raise bad_request("SimCircuitRequired", f"{name} names no circuit as peer.")
    check_connectable(request.cloud, circuit, name, network_of(request.cloud, gateway))
    others = _others(request, gateway)
    if any(is_same(reference(other.body, "peer"), circuit.id) for other in others):
        raise bad_request("SimConnectionExists", f"{name}: {gateway.name} is connected to {circuit.id} already.")
    most = _CIRCUITS.get(text(gateway.body, "sku", "name") or "")
    if most is not None and len(others) >= most:
        raise bad_request("SimTooManyCircuits", f"{name}: {gateway.id} can be connected to {most} circuits.")
    weight = number(body, "routingWeight") or 0
    if not 0 <= weight <= _MAX_WEIGHT:
        raise bad_request("SimRoutingWeight", f"{name}: routingWeight {weight} is not within 0 to {_MAX_WEIGHT}.")
    if request.existing is None and body.get("authorizationKey") is None:
        own, owner = parse_arm_id(request.resource_id), parse_arm_id(circuit.id)
        assert own is not None
        assert owner is not None
        if own.subscription.lower() != owner.subscription.lower():
            raise bad_request(
                "SimAuthorizationRequired",
                f"{name}: {circuit.id} is in another subscription and needs an authorizationKey.",
            )


def _choose(request: Request) -> Body:
    if text(request.body, "connectionType") != "ExpressRoute":
        # Later PUTs do not change the key: github.com/hashicorp/terraform-provider-azurerm/pull/11742.
        return {} if request.existing else {PRE_SHARED_KEY: text(request.body, "sharedKey") or new_key()}
    gateway = request.cloud.get(reference(request.body, "virtualNetworkGateway1") or "")
    circuit = request.cloud.get(reference(request.body, "peer") or "")
    assert gateway is not None
    assert circuit is not None
    pool = GatewayAddresses(request, *gateway_subnet(request.cloud, gateway))
    before: Mapping[str, object] = request.existing.chosen if request.existing else {}
    chosen: Body = {"addresses": pool.low(texts(before, "addresses"), 2)}  # one for each path of the circuit
    key = request.body.get("authorizationKey")
    if isinstance(key, str):
        chosen["authorization"] = authorization_for(request, circuit, key)
    return chosen


def _view(cloud: Snapshot, record: Record) -> Body:
    connected = False
    if text(record.body, "connectionType") == "ExpressRoute":
        circuit = cloud.get(reference(record.body, "peer") or "")
        connected = circuit is not None and is_connectable(cloud, circuit)
        status = "Connected" if connected else "NotConnected"
    else:
        status = "Unknown"  # nothing here knows whether the device at the far end is up
    return {
        "connectionStatus": status,
        "tunnelConnectionStatus": [],
        "egressBytesTransferred": 0,
        "ingressBytesTransferred": 0,
        "resourceGuid": guid(record.id),
    }


VIRTUAL_NETWORK_GATEWAY_CONNECTION = Kind(
    kind_type("network:VirtualNetworkGatewayConnection"),
    defaults={
        "connectionProtocol": "IKEv2",
        "connectionMode": "Default",
        "routingWeight": 0,
        "enableBgp": False,
        "useLocalAzureIpAddress": False,
        "usePolicyBasedTrafficSelectors": False,
        "dpdTimeoutSeconds": 45,
        "expressRouteGatewayBypass": False,
        "enablePrivateLinkFastPath": False,
        "ipsecPolicies": [],
        "trafficSelectorPolicies": [],
        "gatewayCustomBgpIpAddresses": [],
    },
    immutable=(
        "connectionType",
        "connectionProtocol",
        "virtualNetworkGateway1.id",
        "virtualNetworkGateway2.id",
        "localNetworkGateway2.id",
        "peer.id",
    ),
    keeps=("sharedKey", "authorizationKey"),
    check=_check,
    choose=_choose,
    view=_view,
)
