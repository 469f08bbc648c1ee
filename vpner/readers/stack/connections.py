"""Connections of gateways: to circuits, to devices and to other gateways; and Route Server's BGP peers."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from vpner.readers.addresses import is_private
from vpner.readers.resources import UNKNOWN, Elsewhere, Resource, mappings
from vpner.readers.stack.draft import Draft, address, prefix
from vpner.readers.stack.networks import Interface
from vpner.readers.stack.outside import Outside, add_path

_DECLARE_GATEWAY = "{section}: {{NAME: {{vnet: VNET}}}} and vnets: {{VNET: ...}}"
_KINDS = ("IPsec", "ExpressRoute", "Vnet2Vnet", "VPNClient")


def add_connections(outside: Outside) -> None:
    draft = outside.draft
    for connection in draft.snapshot.of_kind("VirtualNetworkGatewayConnection"):
        match draft.word(connection, "connectionType", _KINDS):
            case "ExpressRoute":
                _express_route(outside, connection)
            case "IPsec":
                _ipsec(outside, connection)
            case "Vnet2Vnet":
                _between_gateways(draft, connection)
            case _:
                pass
    add_circuits(outside)


def _gateway(draft: Draft, connection: Resource, section: str, key: str = "virtualNetworkGateway1") -> str | None:
    declare = _DECLARE_GATEWAY.format(section=section)
    return draft.target(connection, f"{key}.id", "VirtualNetworkGateway", section, declare)


def _express_route(outside: Outside, connection: Resource) -> None:
    draft = outside.draft
    gateway = _gateway(draft, connection, "er_gateways")
    found = draft.snapshot.referred(connection, "peer.id", "ExpressRouteCircuit")
    # What lies behind a circuit is asked for where it is used: see add_circuits.
    circuit = draft.label(found) if isinstance(found, Resource) else None
    if isinstance(found, Elsewhere):
        circuit = found.id.rpartition("/")[2]
    elif circuit is None:
        draft.unknown(connection, "peer.id", "refer to the circuit's own output, or write its id")
    if gateway is None or circuit is None:
        return
    draft.section("circuits").setdefault(circuit, {"paths": {}})
    draft.entries("er_connections").append(
        {
            "name": draft.label(connection),
            "gateway": gateway,
            "circuit": circuit,
            "weight": draft.number(connection, "routingWeight", 0),
        }
    )


def add_circuits(outside: Outside) -> None:
    """Circuits of the stack. Of one that nobody links to a router only its private peering is known."""
    draft = outside.draft
    for circuit in draft.snapshot.of_kind("ExpressRouteCircuit"):
        draft.section("circuits").setdefault(draft.label(circuit), {"paths": {}})
    for peering in draft.snapshot.of_kind("ExpressRouteCircuitPeering"):
        owner = draft.parent(peering, "circuitName", "ExpressRouteCircuit")
        if owner is None:
            draft.unknown(peering, "circuitName")
            continue
        name = owner if isinstance(owner, str) else draft.label(owner)
        circuit = draft.section("circuits").setdefault(name, {"paths": {}})
        if not circuit["paths"]:
            _far_end_of(draft, peering, name)
    links = [link for router in outside.routers for link in mappings(router.value.get("links"))]
    linked = {outside.circuit_name(str(link.get("circuit"))) for link in links}
    for connection in draft.entries("er_connections"):
        name = connection["circuit"]
        known = name in linked or draft.section("circuits")[name]["paths"]
        if not known and not draft.declares("circuits", name, "paths"):
            resource = next(
                item
                for item in draft.snapshot.of_kind("VirtualNetworkGatewayConnection")
                if draft.label(item) == connection["name"]
            )
            declare = (
                f"circuits: {{{name}: {{paths: {{primary: {{router: ROUTER}}}}}}}} and "
                "routers: {ROUTER: {asn: ..., networks: [...]}}"
            )
            draft.outside(resource, "peer.id", f"circuit {name} with the routers behind it", declare)


def _far_end_of(draft: Draft, peering: Resource, circuit: str) -> None:
    """The router at the far end of a private peering: the declared one, or one with the peering's ASN and addresses."""
    unnamed = f"{circuit}-peer"
    asn = peering.get("peerASN")
    declared = draft.declared.get("circuits", {}).get(circuit, {}).get("paths", {})
    routers: set[str] = set()
    for path, key in (("primary", "primaryPeerAddressPrefix"), ("secondary", "secondaryPeerAddressPrefix")):
        block = prefix(peering.get(key))
        if block is not None:
            router = declared.get(path, {}).get("router") or unnamed
            routers.add(router)
            ends = {"msee_peer_ip": str(block.network_address + 2), "router_peer_ip": str(block.network_address + 1)}
            add_path(draft, circuit, path, {"router": router, **ends})
    if routers and unnamed not in routers:
        return
    if not draft.declares("routers", unnamed, "networks", "announces"):
        draft.outside(peering, "peerASN", f"router {unnamed}", f"routers: {{{unnamed}: {{networks: [...]}}}}")
    draft.section("routers")[unnamed] = {"asn": asn} if isinstance(asn, int) else {}


def _ipsec(outside: Outside, connection: Resource) -> None:
    draft = outside.draft
    name = draft.label(connection)
    gateway = _gateway(draft, connection, "vpn_gateways")
    _refuse_unmodelled(draft, connection)
    local = draft.snapshot.referred(connection, "localNetworkGateway2.id", "LocalNetworkGateway")
    declared = draft.declares("vpn_connections", name, "remote")
    if not isinstance(local, Resource) and not declared:
        declare = (
            f"vpn_connections: [{{name: {name}, remote: ROUTER, remote_ip: ..., remote_endpoint: ...}}] and "
            "routers: {ROUTER: {asn: ..., addresses: [...], networks: [...]}}"
        )
        if isinstance(local, Elsewhere):
            draft.outside(connection, "localNetworkGateway2.id", local.id.rpartition("/")[2], declare)
        else:
            draft.unknown(connection, "localNetworkGateway2.id", f"refer to its own output, or declare {declare}")
    if gateway is None or not (isinstance(local, Resource) or declared):
        return
    bgp = draft.flag(connection, "enableBgp")
    private = draft.flag(connection, "useLocalAzureIpAddress")
    entry: dict[str, Any] = {"name": name, "gateway": gateway, "bgp": bgp}
    if isinstance(local, Resource):
        endpoint = address(local.get("gatewayIpAddress"))
        if local.get("gatewayIpAddress") is UNKNOWN:
            draft.unknown(local, "gatewayIpAddress")
            return  # who the device is, and all that follows from it, is not to be asked for as well
        remote = (outside.device_at(endpoint) if endpoint else None) or _plain_router(draft, local, endpoint, bgp=bgp)
        asn = local.get("bgpSettings.asn")
        if bgp and isinstance(asn, int):
            draft.section("routers").setdefault(remote, {}).setdefault("asn", asn)
        statics = draft.texts(local, "localNetworkAddressSpace.addressPrefixes")
        prepend = outside.prepend_of(remote)
        entry |= {
            "remote": remote,
            "remote_ip": local.get("bgpSettings.bgpPeeringAddress") if bgp else None,
            "remote_endpoint": None if endpoint is None else str(endpoint),
            "static_prefixes": statics,
            "imports": {"prepend": list(prepend)} if prepend else {},
        }
        private = private or (endpoint is not None and is_private(endpoint))
        if entry["remote_ip"] is UNKNOWN:
            draft.unknown(local, "bgpSettings.bgpPeeringAddress")
    entry["over"] = "expressroute" if private else "internet"
    draft.entries("vpn_connections").append(entry)


def _refuse_unmodelled(draft: Draft, connection: Resource) -> None:
    name = draft.label(connection)
    if draft.declares("vpn_connections", name):
        return
    found = [key for key in ("ingressNatRules", "egressNatRules", "trafficSelectorPolicies") if connection.get(key)]
    if connection.get("usePolicyBasedTrafficSelectors") is True:
        found.append("usePolicyBasedTrafficSelectors")
    for key in found:
        draft.not_modelled(connection, f"{key} is set", f"vpn_connections: [{{name: {name}, ...}}]")


def _plain_router(draft: Draft, local: Resource, endpoint: IPv4Address | None, *, bgp: bool) -> str:
    """A device of which only the local network gateway tells."""
    name = draft.label(local)
    statics = draft.texts(local, "localNetworkAddressSpace.addressPrefixes")
    if bgp and not draft.declares("routers", name, "networks", "announces"):
        declare = f"routers: {{{name}: {{networks: [...], statics: [{{prefix: TUNNEL ADDRESS/32, next_hop: ...}}]}}}}"
        draft.outside(local, "gatewayIpAddress", "a device that announces routes", declare)
    entry: dict[str, Any] = {
        "addresses": [] if endpoint is None else [str(endpoint)],
        "networks": [] if bgp else [item for item in statics if item != f"{endpoint}/32"],
    }
    draft.section("routers")[name] = entry
    return name


def _between_gateways(draft: Draft, connection: Resource) -> None:
    """In Azure one resource for each direction; in a topology one tunnel."""
    ends = (
        _gateway(draft, connection, "vpn_gateways"),
        _gateway(draft, connection, "vpn_gateways", "virtualNetworkGateway2"),
    )
    known = [{item["gateway"], item["remote"]} for item in draft.entries("vpn_connections") if "remote" in item]
    if None in ends or set(ends) in known:
        return
    draft.entries("vpn_connections").append(
        {
            "name": draft.label(connection),
            "gateway": ends[0],
            "remote": ends[1],
            "bgp": draft.flag(connection, "enableBgp"),
        }
    )


def add_bgp_peers(outside: Outside, interfaces: list[Interface]) -> set[str]:
    """Appliances that peer with Route Server. Returns the names of the network interfaces that are theirs."""
    draft, taken = outside.draft, set[str]()
    for peer in draft.snapshot.of_kind("VirtualHubBgpConnection"):
        server = draft.parent(peer, "virtualHubName", "VirtualHub")
        ip = address(peer.get("peerIp"))
        if server is None or ip is None:
            draft.unknown(peer, "virtualHubName or peerIp")
            continue
        router = _router_with(draft, ip)
        if router is None:
            router = outside.device_at(ip) or draft.label(peer)
            mine = [item for item in interfaces if item.ip == ip]
            taken |= {item.name for item in mine}
            if not draft.declares("routers", router, "networks", "announces"):
                declare = f"routers: {{{router}: {{networks: [...]}}}}"
                draft.outside(peer, "peerIp", f"an appliance at {ip} that announces routes", declare)
            asn = draft.number(peer, "peerAsn", 0)
            entry = {"asn": asn, "nics": [item.entry() for item in mine]}
            draft.section("routers").setdefault(router, {}).update(entry)
        draft.entries("bgp_sessions").append(
            {
                "name": draft.label(peer),
                "a": server if isinstance(server, str) else draft.label(server),
                "b": router,
                "b_ip": str(ip),
            }
        )
    return taken


def _router_with(draft: Draft, ip: IPv4Address) -> str | None:
    for name, router in draft.section("routers").items():
        if str(ip) in [nic["ip"] for nic in router.get("nics", [])] + router.get("addresses", []):
            return name
    return None
