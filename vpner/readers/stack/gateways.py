"""VPN gateways, ExpressRoute gateways and Route Servers."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from vpner.readers.resources import Resource, Value, has_unknown, look_up, mappings
from vpner.readers.stack.draft import FORMAT, Draft, address, prefix, text, text_list
from vpner.readers.stack.networks import place_of
from vpner.topology import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET

AZURE_ASN = 65515


def add_gateways(draft: Draft) -> None:
    for gateway in draft.snapshot.of_kind("VirtualNetworkGateway"):
        kind = draft.word(gateway, "gatewayType", ("Vpn", "ExpressRoute"))
        section = "er_gateways" if kind == "ExpressRoute" else "vpn_gateways"
        vnet = _home(draft, gateway, GATEWAY_SUBNET, section)
        if not kind or vnet is None:
            continue
        if mappings(gateway.get("natRules")):
            draft.not_modelled(gateway, "natRules translate addresses", "vpn_connections with what each announces")
        if look_up(gateway.get("gatewayDefaultSite"), "id") is not None:
            draft.not_modelled(gateway, "gatewayDefaultSite sends the default route into a tunnel", "vpn_gateways")
        entry = _express_route(draft, gateway) if kind == "ExpressRoute" else _vpn(draft, gateway, vnet)
        draft.section(section)[draft.label(gateway)] = {
            "vnet": vnet,
            "asn": draft.number(gateway, "bgpSettings.asn", AZURE_ASN),
            **entry,
        }


def _home(draft: Draft, resource: Resource, subnet: str, section: str) -> str | None:
    """The VNet of a gateway; a problem if it cannot be told."""
    configurations = mappings(resource.get("ipConfigurations"))
    reference = look_up(configurations[0], "subnet.id") if configurations else None
    place = place_of(draft, resource, "ipConfigurations", reference, name=subnet)
    name = draft.label(resource)
    if place is None and not draft.declares(section, name, "vnet"):
        remedy = (
            f"refer to {subnet}'s own output, or write its id; if its network is in another stack, declare {FORMAT} "
            f"vnets: {{VNET: {{prefixes: [...], subnets: {{{subnet}: ...}}}}}}, "
            f"{section}: {{{name}: {{vnet: VNET}}}}"
        )
        draft.unknown(resource, "ipConfigurations[0].subnet.id", remedy)
        return None
    if place is None:
        return str(draft.declared[section][name]["vnet"])
    return place[0]


def _express_route(draft: Draft, gateway: Resource) -> dict[str, Any]:
    return {
        "instances": _joined(gateway) or [None, None],
        "allow_remote_vnet_traffic": draft.flag(gateway, "allowRemoteVnetTraffic"),
    }


def _joined(gateway: Resource) -> list[str]:
    """The BGP addresses of a gateway's instances, which Azure joins with commas; custom ones are link-local."""
    known = (text(gateway.get("bgpSettings.bgpPeeringAddress")) or "").split(",")
    return [item for item in known if (found := address(item)) is not None and not found.is_link_local]


def _vpn(draft: Draft, gateway: Resource, vnet: str) -> dict[str, Any]:
    active_active = draft.flag(gateway, "activeActive")
    subnets: Mapping[str, Any] = draft.section("vnets").get(vnet, {}).get("subnets", {})
    subnet = prefix(subnets.get(GATEWAY_SUBNET, {}).get("prefix"))
    private = draft.flag(gateway, "enablePrivateIpAddress")
    configurations = mappings(gateway.get("ipConfigurations"))
    joined = _joined(gateway)  # all that API versions before bgpPeeringAddresses and exported templates have
    instances: list[dict[str, Any]] = []
    for index in range(2 if active_active else 1):
        configuration: Mapping[str, Value] = configurations[index] if index < len(configurations) else {}
        peering = _peering(gateway, configuration, index)
        if has_unknown(peering.get("customBgpIpAddresses")):
            draft.unknown(gateway, f"bgpSettings.bgpPeeringAddresses[{index}].customBgpIpAddresses")
        bgp = [*text_list(peering.get("defaultBgpIpAddresses")), *joined[index : index + 1]]
        instance: dict[str, Any] = {
            "bgp": bgp[0] if bgp else None,
            "apipa": text_list(peering.get("customBgpIpAddresses")),
        }
        if private:
            instance["tunnel"] = _tunnel_address(peering, configuration, subnet)
        if look_up(configuration, "publicIPAddress.id") is not None:
            instance["public"] = _public_address(draft, gateway, configuration)
        instances.append(instance)
    return {"active_active": active_active, "instances": instances}


def _peering(gateway: Resource, configuration: Mapping[str, Value], index: int) -> Mapping[str, Value]:
    """What ``bgpPeeringAddresses`` says of an instance: by its ip configuration, where that is known."""
    listed = mappings(gateway.get("bgpSettings.bgpPeeringAddresses"))
    name = text(configuration.get("name"))
    for item in listed:
        owner = text(item.get("ipconfigurationId"))
        if owner is not None and name is not None and owner.rpartition("/")[2].casefold() == name.casefold():
            return item
    return listed[index] if index < len(listed) else {}


def _tunnel_address(
    peering: Mapping[str, Value], configuration: Mapping[str, Value], subnet: IPv4Network | None
) -> str | None:
    """Of an instance's public and private tunnel address the one in GatewaySubnet."""
    for item in text_list([*text_list(peering.get("tunnelIpAddresses")), configuration.get("privateIPAddress")]):
        found = address(item)
        if found is not None and subnet is not None and found in subnet:
            return item
    return None


def _public_address(draft: Draft, gateway: Resource, configuration: Mapping[str, Value]) -> str | None:
    reference = look_up(configuration, "publicIPAddress.id")
    found = draft.snapshot.resolve(gateway, "ipConfigurations", reference, "PublicIPAddress")
    return text(found.get("ipAddress")) if isinstance(found, Resource) else None


def add_route_servers(draft: Draft) -> None:
    """Virtual hubs outside a virtual WAN are Route Servers."""
    for hub in draft.snapshot.of_kind("VirtualHub"):
        name = draft.label(hub)
        if look_up(hub.get("virtualWan"), "id") is not None:
            draft.not_modelled(hub, "it is a hub of a virtual WAN", "the networks it joins as vnets and routers")
            continue
        vnet = _home_of_server(draft, hub)
        if vnet is None:
            continue
        draft.section("route_servers")[name] = {
            "vnet": vnet,
            "asn": draft.number(hub, "virtualRouterAsn", AZURE_ASN),
            "instances": _server_addresses(draft, hub) or [None, None],
            "branch_to_branch": draft.flag(hub, "allowBranchToBranchTraffic"),
            "preference": draft.word(
                hub, "hubRoutingPreference", ("ExpressRoute", "VpnGateway", "ASPath"), "ExpressRoute"
            ),
        }


def _home_of_server(draft: Draft, hub: Resource) -> str | None:
    for item in draft.snapshot.of_kind("VirtualHubIpConfiguration"):
        if draft.parent(item, "virtualHubName", "VirtualHub") == hub:
            place = place_of(draft, item, "subnet", item.get("subnet.id"), name=ROUTE_SERVER_SUBNET)
            if place is not None:
                return place[0]
    name = draft.label(hub)
    if draft.declares("route_servers", name, "vnet"):
        return str(draft.declared["route_servers"][name]["vnet"])
    remedy = (
        "build its VirtualHubIpConfiguration in this stack and refer to RouteServerSubnet's own output, or declare "
        f"{FORMAT} route_servers: {{{name}: {{vnet: VNET}}}}"
    )
    draft.unknown(hub, "the subnet of its VirtualHubIpConfiguration", remedy)
    return None


def _server_addresses(draft: Draft, hub: Resource) -> list[str]:
    """The hub's own output is of the time before it had addresses, so a component may have read them later."""
    own = text_list(hub.get("virtualRouterIps"))
    if own:
        return own
    parents = [item for item in draft.snapshot.resources if item.urn == hub.parent]
    return [item for parent in parents for item in text_list(parent.get("instanceAddresses"))]
