"""Virtual network gateways: VPN and ExpressRoute."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import cast

from vpner.simulator.errors import bad_request
from vpner.simulator.kinds.addresses import check_public_address
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    address,
    flag,
    is_same,
    kind_type,
    number,
    objects,
    parent_id,
    reference,
    text,
    texts,
    value_at,
)
from vpner.simulator.kinds.gateway_addresses import GatewayAddresses, gateways_in
from vpner.simulator.kinds.networks import GATEWAY_SUBNET, PEERING, subnet_prefix
from vpner.simulator.kinds.peerings import check_gateway_leaves
from vpner.simulator.store import Body, Record, Snapshot

AZURE_ASN = 65515
RESERVED_ASNS = frozenset(
    {0, 8074, 8075, 12076, 23456, *range(64496, 64512), *range(65515, 65521), *range(65535, 65552)}
)
"""ASNs of Azure and IANA that a peer cannot have; 65515 is the gateway's own default. [Learn: VPN Gateway FAQ, 2026]"""

_VPN_AZ = tuple(f"VpnGw{size}AZ" for size in range(1, 6))
_VPN_RETIRED = tuple(f"VpnGw{size}" for size in range(1, 6))
_ER_FAMILIES = (("Standard", "HighPerformance", "UltraPerformance"), ("ErGw1AZ", "ErGw2AZ", "ErGw3AZ"), ("ErGwScale",))
_CUSTOM_BGP = (IPv4Address("169.254.21.0"), IPv4Address("169.254.22.255"))
_COEXISTENCE_PREFIX = 27
_INSTANCES = 2


def is_vpn(gateway: Record | Request) -> bool:
    """Whether it is a VPN gateway; otherwise it is an ExpressRoute gateway."""
    return text(gateway.body, "gatewayType") == "Vpn"


def custom_bgp(body: Mapping[str, object], configuration_id: str) -> list[str]:
    """Custom BGP addresses of one instance."""
    for item in objects(body, "bgpSettings", "bgpPeeringAddresses"):
        if is_same(text(item, "ipconfigurationId"), configuration_id):
            return texts(item, "customBgpIpAddresses")
    return []


def _check(request: Request) -> None:
    kind = text(request.body, "gatewayType")
    if kind not in ("Vpn", "ExpressRoute"):
        raise bad_request("SimGatewayTypeNotSimulated", f"not simulated: gatewayType {kind}")
    _check_sku(request)
    subnet = _check_configurations(request)
    if is_vpn(request):
        _check_vpn(request)
    elif flag(request.body, "activeActive") or len(_configurations(request)) != 1:
        raise bad_request(
            "SimExpressRouteIpConfigurations", f"{request.name}: an ExpressRoute gateway has one ipConfiguration."
        )
    _check_neighbours(request, subnet)


def _check_configurations(request: Request) -> Record:
    configurations = objects(request.body, "ipConfigurations")
    subnets = {reference(item, "subnet") or "" for item in configurations}
    if len({subnet.lower() for subnet in subnets}) != 1:
        raise bad_request("SimOneGatewaySubnet", f"{request.name}: every ipConfiguration must be in one GatewaySubnet.")
    subnet = request.cloud.get(subnets.pop())
    if subnet is None or subnet.name != GATEWAY_SUBNET:
        raise bad_request(
            "SimGatewaySubnetRequired", f"{request.name}: a gateway must be in a subnet named GatewaySubnet."
        )
    addresses = [reference(item, "publicIPAddress") for item in configurations]
    given = [value.lower() for value in addresses if value]
    if len(set(given)) != len(given):
        raise bad_request(
            "SimPublicAddressUsedTwice", f"{request.name}: each ipConfiguration needs its own public address."
        )
    if is_vpn(request) and len(given) != len(configurations):
        raise bad_request("SimPublicAddressRequired", f"{request.name}: a VPN gateway needs public addresses.")
    sku = text(request.body, "sku", "name") or ""
    for value in addresses:
        public = check_public_address(request, value)
        if public is not None:
            _check_zones(public, sku, vpn=is_vpn(request))
    before = request.existing
    if before:
        was = reference(objects(before.body, "ipConfigurations")[0], "subnet")
        if not is_same(was, subnet.id):
            raise bad_request("SimGatewayCannotMove", f"{request.name} cannot move to another network.")
    return subnet


def _check_sku(request: Request) -> None:
    sku = text(request.body, "sku", "name") or ""
    if sku != text(request.body, "sku", "tier"):
        raise bad_request("SimSkuTierMismatch", f"{request.name}: sku.name {sku} and sku.tier must be equal.")
    if is_vpn(request):
        _check_vpn_sku(request)
    else:
        _check_express_route_sku(request)


def _check_zones(public: Record, sku: str, *, vpn: bool) -> None:
    zones = texts(public.body, "zones")
    if vpn and sku in _VPN_AZ and not zones:
        raise bad_request(
            "VmssVpnGatewayPublicIpsMustHaveZonesConfigured",
            "Standard Public IPs associated with VPN Gateways with AZ VPN skus must have zones configured.",
        )
    if not sku.endswith("AZ") and sku != "ErGwScale" and zones:
        raise bad_request(
            "RegionalVmssVpnGatewayPublicIpsMustNotHaveZonesConfigured",
            "Standard Public IPs associated with VPN gateways with non-AZ VPN skus cannot have zones configured.",
        )


def _check_vpn_sku(request: Request) -> None:
    sku = text(request.body, "sku", "name") or ""
    if sku in _VPN_RETIRED:
        raise bad_request(
            "NonAzSkusNotAllowedForVPNGateway",
            "VpnGw1-5 non-AZ SKUs are no longer supported for VPN gateways. Only VpnGw1-5AZ SKUs can be created going "
            "forward.",
        )
    if sku not in (*_VPN_AZ, "Basic"):
        raise bad_request("SimVpnGatewaySku", f"{request.name}: a VPN gateway cannot have the SKU {sku}.")
    if sku == "Basic" and (flag(request.body, "enableBgp") or flag(request.body, "activeActive")):
        raise bad_request("SimBasicVpnGateway", f"{request.name}: SKU Basic has neither BGP nor active-active mode.")
    generation = text(request.body, "vpnGatewayGeneration")
    only = {"VpnGw1AZ": "Generation1", "VpnGw4AZ": "Generation2", "VpnGw5AZ": "Generation2", "Basic": "Generation1"}
    if generation not in (None, "None", only.get(sku, generation)):
        raise bad_request("SimVpnGatewayGeneration", f"{request.name}: there is no {sku} of {generation}.")


def _check_vpn(request: Request) -> None:
    count, active = len(objects(request.body, "ipConfigurations")), flag(request.body, "activeActive")
    if count != (_INSTANCES if active else 1):
        raise bad_request(
            "SimActiveActiveIpConfigurations",
            f"{request.name}: activeActive {str(active).lower()} with {count} ipConfigurations; an active-active "
            "gateway has two, any other has one.",
        )
    asn = number(request.body, "bgpSettings", "asn")
    if asn is not None and asn != AZURE_ASN and asn in RESERVED_ASNS:
        raise bad_request("SimReservedAsn", f"{request.name}: ASN {asn} is reserved.")
    _check_custom_bgp(request)


def _check_custom_bgp(request: Request) -> None:
    own = {f"{request.resource_id}/ipConfigurations/{text(item, 'name')}".lower() for item in _configurations(request)}
    seen: set[IPv4Address] = set()
    for item in objects(request.body, "bgpSettings", "bgpPeeringAddresses"):
        target = text(item, "ipconfigurationId") or ""
        if target.lower() not in own:
            raise bad_request("SimBgpPeeringAddressReference", f"{request.name} has no ipConfiguration {target}.")
        for value in texts(item, "customBgpIpAddresses"):
            custom = address("customBgpIpAddresses", value)
            if not _CUSTOM_BGP[0] <= custom <= _CUSTOM_BGP[1]:
                raise bad_request(
                    "SimCustomBgpAddressRange",
                    f"{request.name}: {custom} is not within 169.254.21.0 to 169.254.22.255.",
                )
            if custom in seen:
                raise bad_request("SimCustomBgpAddressUsedTwice", f"{request.name}: {custom} is given twice.")
            seen.add(custom)


def _configurations(request: Request) -> list[Body]:
    return objects(request.body, "ipConfigurations")


def _check_express_route_sku(request: Request) -> None:
    sku = text(request.body, "sku", "name") or ""
    family = next((family for family in _ER_FAMILIES if sku in family), None)
    if family is None:
        raise bad_request(
            "SimExpressRouteGatewaySku", f"{request.name}: an ExpressRoute gateway cannot have the SKU {sku}."
        )
    if text(request.body, "vpnGatewayGeneration") not in (None, "None"):
        raise bad_request(
            "SimVpnGatewayGenerationOnExpressRoute",
            f"{request.name}: vpnGatewayGeneration must be None when gatewayType is not Vpn.",
        )
    before = text(request.existing.body, "sku", "name") if request.existing else None
    if before and (before not in family or family.index(before) > family.index(sku)):
        raise bad_request("SimGatewaySkuChange", f"{request.name}: SKU {before} cannot be changed to {sku}.")


def _check_neighbours(request: Request, subnet: Record) -> None:
    others = [item for item in gateways_in(request.cloud, subnet.id) if item.key != request.resource_id.lower()]
    for other in others:
        if is_vpn(other) == is_vpn(request):
            raise bad_request(
                "SimGatewayOfTypeExists", f"{parent_id(subnet.id)} has a gateway of this type already: {other.id}."
            )
    space = subnet_prefix(subnet)
    if others and space.prefixlen > _COEXISTENCE_PREFIX:
        raise bad_request(
            "SimGatewaySubnetTooSmallForCoexistence",
            f"GatewaySubnet {space} is too small for a VPN and an ExpressRoute gateway: it must be /27 or larger.",
        )
    if request.existing is None:
        for peering in request.cloud.within(parent_id(subnet.id), PEERING):
            if flag(peering.body, "useRemoteGateways"):
                raise bad_request(
                    "SimVnetUsesRemoteGateway", f"{request.name}: the network uses remote gateways by {peering.id}."
                )


def _choose(request: Request) -> Body:
    subnet = request.cloud.get(reference(_configurations(request)[0], "subnet") or "")
    assert subnet is not None
    pool = GatewayAddresses(request, subnet.id, subnet_prefix(subnet))
    before: Mapping[str, object] = request.existing.chosen if request.existing else {}
    if not is_vpn(request):
        instances = pool.high(texts(before, "bgp"), _INSTANCES)
        return {"bgp": instances, "addresses": instances}
    count = len(_configurations(request))
    tunnel = pool.low(texts(before, "tunnel"), count)
    coexists = any(not is_vpn(other) for other in gateways_in(request.cloud, subnet.id))
    bgp = (pool.high if coexists else pool.low)(texts(before, "bgp"), count)
    return {"tunnel": tunnel, "bgp": bgp, "addresses": [*tunnel, *bgp]}


def _view(cloud: Snapshot, record: Record) -> Body:
    configurations = objects(record.body, "ipConfigurations")
    sku = cast("Body", value_at(record.body, ("sku",)))
    shown: Body = {
        "sku": {"capacity": _INSTANCES, **sku},
        "bgpSettings": {
            "asn": number(record.body, "bgpSettings", "asn") or AZURE_ASN,
            "peerWeight": number(record.body, "bgpSettings", "peerWeight") or 0,
            "bgpPeeringAddress": ",".join(texts(record.chosen, "bgp")),
            "bgpPeeringAddresses": [
                _peering_addresses(cloud, record, index, item) for index, item in enumerate(configurations)
            ],
        },
        "natRules": [],
        "virtualNetworkGatewayPolicyGroups": [],
    }
    if is_vpn(record) and text(record.body, "vpnGatewayGeneration") is None:
        sku_name = text(record.body, "sku", "name")
        shown["vpnGatewayGeneration"] = "Generation2" if sku_name in ("VpnGw4AZ", "VpnGw5AZ") else "Generation1"
    elif not is_vpn(record):
        shown["vpnGatewayGeneration"] = "None"
    return shown


def _peering_addresses(cloud: Snapshot, record: Record, index: int, item: Body) -> Body:
    configuration_id = f"{record.id}/ipConfigurations/{text(item, 'name')}"
    public = cloud.get(reference(item, "publicIPAddress") or "")
    tunnel = [text(public.chosen, "ipAddress")] if public else []
    if is_vpn(record) and flag(record.body, "enablePrivateIpAddress"):
        tunnel.append(texts(record.chosen, "tunnel")[index])
    default = texts(record.chosen, "bgp")
    return {
        "ipconfigurationId": configuration_id,
        "defaultBgpIpAddresses": [default[index]] if is_vpn(record) else default,
        "customBgpIpAddresses": custom_bgp(record.body, configuration_id),
        "tunnelIpAddresses": tunnel,
    }


def network_of(cloud: Snapshot, gateway: Record) -> Record:
    """The virtual network that a gateway is in."""
    subnet = reference(objects(gateway.body, "ipConfigurations")[0], "subnet") or ""
    vnet = cloud.get(parent_id(subnet))
    assert vnet is not None
    return vnet


def gateway_subnet(cloud: Snapshot, gateway: Record) -> tuple[str, IPv4Network]:
    """Id and prefix of the subnet that a gateway is in."""
    subnet = cloud.get(reference(objects(gateway.body, "ipConfigurations")[0], "subnet") or "")
    assert subnet is not None
    return subnet.id, subnet_prefix(subnet)


def _check_delete(cloud: Snapshot, record: Record) -> None:
    check_gateway_leaves(cloud, record, network_of(cloud, record).id)


VIRTUAL_NETWORK_GATEWAY = Kind(
    kind_type("network:VirtualNetworkGateway"),
    defaults={
        "vpnType": "RouteBased",
        "enableBgp": False,
        "activeActive": False,
        "enablePrivateIpAddress": False,
        "allowRemoteVnetTraffic": False,
        "allowVirtualWanTraffic": False,
        "disableIPSecReplayProtection": False,
        "enableBgpRouteTranslationForNat": False,
    },
    immutable=("gatewayType", "vpnType", "vpnGatewayGeneration"),
    check=_check,
    choose=_choose,
    view=_view,
    check_delete=_check_delete,
    in_use="VirtualNetworkGatewayCannotBeDeleted",
)
