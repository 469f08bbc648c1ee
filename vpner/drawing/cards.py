"""What is drawn: a card for each VNet, circuit and router, rows in it, and links that end at rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vpner.drawing.links import Link, LinkKind, links
from vpner.drawing.names import row_key
from vpner.routing.classes import GATEWAYS_ONLY
from vpner.topology import Circuit, Preference, Router, State, Symbol, Topology, VNet

MOST_ALIKE = 3
"""More spokes than that, if they differ in name and addresses only, make one card."""
MOST_ROWS = 8
"""Subnets or networks of a card that have rows of their own."""


class CardKind(StrEnum):
    VNET = "VNet"
    CIRCUIT = "ExpressRoute circuit"
    PROVIDER = "Provider router"
    DEVICE = "Tunnel device"
    ROUTER = "Router"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a card. ``kind``: a word above the name, for what is no subnet. ``widest``: the longest that
    ``detail`` can become when somebody turns a setting."""

    key: str
    name: str
    detail: str = ""
    kind: str = ""
    widest: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """``members``: the VNets that it stands for; more than one where they are alike."""

    key: str
    kind: CardKind
    title: str
    subtitle: str
    rows: tuple[Row, ...]
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """``parts`` finds what shows a place: keys of cards, rows and links by :func:`~vpner.drawing.names.row_key`."""

    cards: tuple[Card, ...]
    links: tuple[Link, ...]
    parts: Mapping[str, str]
    card_of: Mapping[str, str]
    """Card by row, and by itself."""


def draw(topology: Topology) -> Drawing:
    """Cards in the order of the topology, and links in one that depends on names only."""
    homes = {router.name: router.nics[0].vnet for router in topology.routers if router.nics}
    rows: dict[str, str] = {}
    cards = [_vnets(topology, group, homes, rows) for group in _groups(topology, homes)]
    cards += [_circuit(topology, circuit, rows) for circuit in topology.circuits]
    cards += [_router(topology, router, rows) for router in topology.routers if router.name not in homes]
    card_of = {card.key: card.key for card in cards}
    card_of |= {row.key: card.key for card in cards for row in card.rows}
    vnets = {member: card.key for card in cards if card.kind is CardKind.VNET for member in card.members}
    parts = {**rows, **{row_key("vnet", name): key for name, key in vnets.items()}}
    return Drawing(tuple(cards), tuple(links(topology, parts, card_of)), parts, card_of)


def _groups(topology: Topology, homes: Mapping[str, str]) -> Iterator[tuple[VNet, ...]]:
    """VNets that make one card, in the order of the first of each."""
    busy = {item.vnet for item in (*topology.vpn_gateways, *topology.er_gateways, *topology.route_servers)}
    busy |= set(homes.values())
    peerings: dict[str, list[tuple[object, ...]]] = {}
    for item in topology.peerings:
        flags = item.allow_gateway_transit, item.use_remote_gateways, item.allow_forwarded_traffic, item.is_global
        peerings.setdefault(item.vnet, []).append((item.remote, "out", *flags, item.state))
        peerings.setdefault(item.remote, []).append((item.vnet, "in", *flags, item.state))
    groups: dict[tuple[object, ...], list[VNet]] = {}
    for vnet in topology.vnets:
        subnets = tuple((subnet.name, subnet.route_table) for subnet in vnet.subnets)
        kin = tuple(sorted(peerings.get(vnet.name, ()), key=str))
        key = (vnet.name,) if vnet.name in busy else (kin, subnets, vnet.region)
        groups.setdefault(key, []).append(vnet)
    for group in groups.values():
        yield from [tuple(group)] if len(group) > MOST_ALIKE else [(vnet,) for vnet in group]


def _vnets(topology: Topology, group: tuple[VNet, ...], homes: Mapping[str, str], parts: dict[str, str]) -> Card:
    first, names = group[0], tuple(vnet.name for vnet in group)
    alike = len(group) > 1
    key = row_key("vnet", first.name)
    rows = [*_gateways(topology, first.name, parts), *_devices(topology, first.name, homes, parts)]
    subnets = [subnet for subnet in first.subnets if subnet.name not in GATEWAYS_ONLY]
    for subnet in subnets[:MOST_ROWS]:
        detail = f"in each of {len(group)}" if alike else str(subnet.prefix)
        detail += f", table {subnet.route_table}" if subnet.route_table and alike else ""
        rows.append(Row(row_key("subnet", f"{first.name}/{subnet.name}"), subnet.name, detail))
    if len(subnets) > MOST_ROWS:
        rows.append(Row(f"{key}/more", f"and {len(subnets) - MOST_ROWS} more subnets"))
    for vnet in group:
        for number, subnet in enumerate(item for item in vnet.subnets if item.name not in GATEWAYS_ONLY):
            row = f"{first.name}/{subnets[number].name}"
            parts[row_key("subnet", f"{vnet.name}/{subnet.name}")] = (
                row_key("subnet", row) if number < MOST_ROWS else f"{key}/more"
            )
    title = f"{len(group)} VNets alike" if alike else first.name
    subtitle = f"{names[0]} … {names[-1]}" if alike else _few(first.prefixes)
    return Card(key, CardKind.VNET, title, subtitle, tuple(rows), names)


def _gateways(topology: Topology, vnet: str, parts: dict[str, str]) -> Iterator[Row]:
    for gateway in topology.er_gateways:
        if gateway.vnet == vnet:
            key = _known(parts, "er_gateway", gateway.name)
            yield Row(key, gateway.name, kind="ExpressRoute gateway")
    for gateway in topology.vpn_gateways:
        if gateway.vnet != vnet:
            continue
        key = _known(parts, "vpn_gateway", gateway.name)
        yield Row(key, gateway.name, f"AS {gateway.asn}", "VPN gateway")
        for index, instance in enumerate(gateway.instances):
            key = _known(parts, "vpn-gateway", f"{gateway.name}/{index}")
            address = instance.tunnel or instance.bgp
            detail = "address not yet known" if isinstance(address, Symbol) else str(address)
            yield Row(key, f"instance {index}", detail, absent=instance.state is State.ABSENT)
    for server in topology.route_servers:
        if server.vnet == vnet:
            key = _known(parts, "route_server", server.name)
            widest = max((f"prefers {item}" for item in Preference), key=len)
            yield Row(key, server.name, f"prefers {server.preference}", "Route Server", widest)


def _devices(topology: Topology, vnet: str, homes: Mapping[str, str], parts: dict[str, str]) -> Iterator[Row]:
    for router in topology.routers:
        if homes.get(router.name) == vnet:
            key = _known(parts, "router", router.name)
            yield Row(key, router.name, _asn(router), _router_kind(topology, router))


def _circuit(topology: Topology, circuit: Circuit, parts: dict[str, str]) -> Card:
    rows: list[Row] = []
    for path in circuit.paths:
        key = _known(parts, "edge", f"{circuit.name}/{path.name}")
        unbuilt = path.state is State.ABSENT
        detail = "not built" if unbuilt else "down" if path.state is State.DOWN else ""
        rows.append(Row(key, path.name, detail, absent=unbuilt))
    key = _known(parts, "circuit", circuit.name)
    return Card(key, CardKind.CIRCUIT, circuit.name, f"Microsoft edge, AS {circuit.asn}", tuple(rows), (circuit.name,))


def _router(topology: Topology, router: Router, parts: dict[str, str]) -> Card:
    key = _known(parts, "router", router.name)
    own = router.networks or tuple(item.prefix for item in router.announces)
    shown = list(dict.fromkeys(map(str, own)))
    rows = [Row(f"{key}/{text}", text) for text in shown[:MOST_ROWS]]
    if len(shown) > MOST_ROWS:
        rows.append(Row(f"{key}/more", f"and {len(shown) - MOST_ROWS} more networks"))
    kind = CardKind(_router_kind(topology, router))
    return Card(key, kind, router.name, _asn(router) or "speaks no BGP", tuple(rows), (router.name,))


def _known(parts: dict[str, str], kind: str, name: str) -> str:
    """The key of a row or card, by which it can be found from now on."""
    key = row_key(kind, name)
    parts[key] = key
    return key


def _router_kind(topology: Topology, router: Router) -> str:
    if any(item.remote == router.name for item in topology.vpn_connections):
        return CardKind.DEVICE.value
    on_circuit = any(path.router == router.name for circuit in topology.circuits for path in circuit.paths)
    return (CardKind.PROVIDER if on_circuit else CardKind.ROUTER).value


def _asn(router: Router) -> str:
    return "" if router.asn is None else f"AS {router.asn}"


def _few(values: Iterable[object]) -> str:
    texts = [str(value) for value in values]
    return ", ".join(texts[:2]) + (f" and {len(texts) - 2} more" if len(texts) > 2 else "")


__all__ = ["Card", "CardKind", "Drawing", "Link", "LinkKind", "Row", "draw"]
