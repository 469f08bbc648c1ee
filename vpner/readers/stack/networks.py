"""Virtual networks, peerings, route tables and network interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, cast

from vpner.arm import parse_arm_id
from vpner.readers.resources import UNKNOWN, Elsewhere, Resource, Value, look_up, mappings
from vpner.readers.stack.draft import FORMAT, Draft, address, prefix, text, text_list

NEXT_HOP_TYPES = ("VirtualAppliance", "VnetLocal", "Internet", "VirtualNetworkGateway", "None")
_DECLARE_VNET = "vnets: {NAME: {prefixes: [...], subnets: {...}}}, with its peerings and gateways"
_DECLARE_TABLE = "route_tables: {NAME: {propagate_gateway_routes: ..., routes: [...]}}"


def add_vnets(draft: Draft) -> None:
    """VNets with their subnets, whether these are resources of their own or written inside the network."""
    for vnet in draft.snapshot.of_kind("VirtualNetwork"):
        name = draft.label(vnet)
        prefixes = draft.texts(vnet, "addressSpace.addressPrefixes")
        if not prefixes and not draft.declares("vnets", name, "prefixes"):
            draft.unknown(vnet, "addressSpace.addressPrefixes")
        entry: dict[str, Any] = {"prefixes": prefixes, "subnets": {}}
        if (region := _region(vnet)) is not None:
            entry["region"] = region
        draft.section("vnets")[name] = entry
        written = vnet.get("subnets")
        if written is UNKNOWN or (isinstance(written, list) and UNKNOWN in cast("list[Value]", written)):
            draft.unknown(vnet, "subnets")
        for inline in mappings(cast("Value", written)):
            if (subnet := text(inline.get("name"))) is not None:
                _add_subnet(draft, vnet, "subnets", name, subnet, inline)
    for subnet in draft.snapshot.of_kind("Subnet"):
        owner = draft.parent(subnet, "virtualNetworkName", "VirtualNetwork")
        if owner is None:
            draft.unknown(subnet, "virtualNetworkName")
            continue
        vnet_name = owner if isinstance(owner, str) else draft.label(owner)
        if isinstance(owner, str):
            if not draft.declares("vnets", owner, "prefixes"):
                draft.outside(subnet, "virtualNetworkName", owner, _DECLARE_VNET.replace("NAME", owner))
            draft.section("vnets").setdefault(owner, {"subnets": {}})
        name = subnet.physical_name or subnet.name
        _add_subnet(draft, subnet, "routeTable", vnet_name, name, subnet.properties)


def _region(vnet: Resource) -> str | None:
    location = text(vnet.get("location"))
    return None if location is None else location.replace(" ", "").lower()


def _add_subnet(
    draft: Draft, resource: Resource, key: str, vnet: str, name: str, properties: Mapping[str, Value]
) -> None:
    """``key`` is the resource's property that refers to the route table."""
    texts = text_list([properties.get("addressPrefix")]) or text_list(properties.get("addressPrefixes"))
    found = next((item for item in texts if prefix(item) is not None), None)
    if found is None:
        draft.unknown(resource, f"addressPrefix of subnet {name}")
        return
    entry: dict[str, Any] = {"prefix": found}
    table = look_up(properties, "routeTable.id")
    if table is not None:
        reference = draft.snapshot.resolve(resource, key, table, "RouteTable")
        label = draft.named_target(resource, "routeTable.id", reference, "route_tables", _DECLARE_TABLE)
        if label is not None:
            entry["route_table"] = label
    draft.section("vnets")[vnet]["subnets"][name] = entry


def add_peerings(draft: Draft) -> None:
    """Each direction. That it works is decided by both being there: ``peeringState`` in a state file is that of the
    moment of creation, when the other direction did not exist."""
    regions = {name: vnet.get("region") for name, vnet in draft.section("vnets").items()}
    for peering in draft.snapshot.of_kind("VirtualNetworkPeering"):
        owner = draft.parent(peering, "virtualNetworkName", "VirtualNetwork")
        if owner is None:
            draft.unknown(peering, "virtualNetworkName")
        remote = draft.target(peering, "remoteVirtualNetwork.id", "VirtualNetwork", "vnets", _DECLARE_VNET)
        if owner is None or remote is None:
            continue
        vnet = owner if isinstance(owner, str) else draft.label(owner)
        for key, usual in (("peerCompleteVnets", True), ("enableOnlyIPv6Peering", False)):
            if peering.get(key) not in (None, usual) and not draft.declares("vnets", vnet):
                draft.not_modelled(peering, f"{key} is {str(not usual).lower()}: it joins parts", "vnets and peerings")
        places = regions.get(vnet), regions.get(remote)
        draft.entries("peerings").append(
            {
                "vnet": vnet,
                "remote": remote,
                "allow_gateway_transit": draft.flag(peering, "allowGatewayTransit"),
                "use_remote_gateways": draft.flag(peering, "useRemoteGateways"),
                "allow_forwarded_traffic": draft.flag(peering, "allowForwardedTraffic"),
                "global": None not in places and places[0] != places[1],
                "state": "down" if peering.get("peeringState") == "Disconnected" else "up",
            }
        )


def add_route_tables(draft: Draft) -> None:
    for table in draft.snapshot.of_kind("RouteTable"):
        name = draft.label(table)
        routes: list[dict[str, Any]] = []
        if not draft.declares("route_tables", name, "routes"):
            given = table.get("routes")
            items = cast("list[Value]", given) if isinstance(given, list) else [given]
            if any(item is UNKNOWN for item in items):
                draft.unknown(table, "routes")
            for index, route in enumerate(mappings(table.get("routes"))):
                routes += _route(draft, table, index, route)
        draft.section("route_tables")[name] = {
            "propagate_gateway_routes": not draft.flag(table, "disableBgpRoutePropagation"),
            "routes": routes,
        }


def _route(draft: Draft, table: Resource, index: int, route: Mapping[str, Value]) -> Iterator[dict[str, Any]]:
    destination, kind = text(route.get("addressPrefix")), text(route.get("nextHopType"))
    found = next((item for item in NEXT_HOP_TYPES if kind and item.casefold() == kind.casefold()), None)
    hop = route.get("nextHopIpAddress")
    if destination is None or found is None or hop is UNKNOWN:
        draft.unknown(table, f"routes[{index}].addressPrefix, nextHopType or nextHopIpAddress")
    elif "/" not in destination:
        what = f"routes[{index}] has the service tag {destination} as destination"
        draft.not_modelled(table, what, _DECLARE_TABLE.replace("NAME", draft.label(table)))
    else:
        yield {"prefix": destination, "next_hop_type": found, "next_hop": hop}


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface in its place."""

    name: str
    vnet: str
    subnet: str
    ip: IPv4Address | None

    def entry(self) -> dict[str, Any]:
        return {"vnet": self.vnet, "subnet": self.subnet, "ip": None if self.ip is None else str(self.ip)}


def interfaces(draft: Draft) -> list[Interface]:
    """Network interfaces, each with its primary IPv4 configuration."""
    found: list[Interface] = []
    for nic in draft.snapshot.of_kind("NetworkInterface"):
        name = draft.label(nic)
        configurations = [
            item
            for item in mappings(nic.get("ipConfigurations"))
            if text(item.get("privateIPAddressVersion")) in (None, "IPv4")
        ]
        primary = [item for item in configurations if item.get("primary") is True] or configurations
        if not primary:
            draft.unknown(nic, "ipConfigurations")
            continue
        ip = address(primary[0].get("privateIPAddress"))
        place = place_of(draft, nic, "ipConfigurations", look_up(primary[0], "subnet.id"), ip=ip)
        if place is not None:
            found.append(Interface(name, *place, ip))
        elif not draft.declares("nics", name, "subnet"):
            remedy = (
                f"refer to the subnet's own output, or write its id; or declare {FORMAT} "
                f"nics: {{{name}: {{vnet: ..., subnet: ..., ip: ...}}}}"
            )
            draft.unknown(nic, "ipConfigurations[0].subnet.id", remedy)
    return found


def place_of(
    draft: Draft, resource: Resource, key: str, subnet_id: Value, *, name: str = "", ip: IPv4Address | None = None
) -> tuple[str, str] | None:
    """VNet and subnet that an id leads to; None if it cannot be told. Reports nothing.

    A known id says it itself. Otherwise the subnets that the property was made from are candidates: of several the
    one with this name, or the one whose prefix holds the address.
    """
    vnets: dict[str, Any] = draft.section("vnets")
    parsed = parse_arm_id(subnet_id) if isinstance(subnet_id, str) else None
    if parsed is not None and parsed.parent is not None:
        reference = draft.snapshot.resolve(resource, key, str(parsed.parent), "VirtualNetwork")
        vnet = draft.label(reference) if isinstance(reference, Resource) else None
        if isinstance(reference, Elsewhere) and draft.declares("vnets", parsed.parent.name):
            vnet = parsed.parent.name
        return None if vnet is None else (vnet, _spelled(vnets.get(vnet, {}).get("subnets", {}), parsed.name))
    candidates = list(_candidates(draft, resource, key))
    if name:
        candidates = [item for item in candidates if item[1].casefold() == name.casefold()]
    if len(candidates) > 1 and ip is not None:
        candidates = [(v, s) for v, s in candidates if _holds(vnets[v]["subnets"].get(s, {}), ip)]
    return candidates[0] if len(set(candidates)) == 1 else None


def _spelled(names: Iterable[str], name: str) -> str:
    """The one of the names that this is, whatever its case: Azure's names ignore case."""
    return next((item for item in names if item.casefold() == name.casefold()), name)


def _candidates(draft: Draft, resource: Resource, key: str) -> Iterator[tuple[str, str]]:
    subnets = draft.snapshot.dependencies(resource, key, "Subnet")
    for subnet in subnets:
        owner = draft.parent(subnet, "virtualNetworkName", "VirtualNetwork")
        if owner is not None:
            yield owner if isinstance(owner, str) else draft.label(owner), subnet.physical_name or subnet.name
    if not subnets:  # the subnet is part of the network's own description
        for vnet in draft.snapshot.dependencies(resource, key, "VirtualNetwork"):
            for subnet in draft.section("vnets")[draft.label(vnet)]["subnets"]:
                yield draft.label(vnet), subnet


def _holds(subnet: Mapping[str, Any], ip: IPv4Address) -> bool:
    found = prefix(subnet.get("prefix"))
    return found is not None and ip in found
