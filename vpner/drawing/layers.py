"""Which column a card stands in: Azure left, then circuits, provider, and the other side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import igraph  # pyright: ignore[reportMissingTypeStubs]

from vpner.drawing.cards import Card, CardKind, Drawing
from vpner.drawing.links import LinkKind
from vpner.drawing.names import row_key
from vpner.topology import Topology

_UNDERLAY = frozenset({LinkKind.EXPRESSROUTE, LinkKind.PATH, LinkKind.GLOBAL_REACH, LinkKind.BGP})


def columns(topology: Topology, drawing: Drawing) -> tuple[tuple[Card, ...], ...]:
    """Cards by column from the left, in each from the top, so that few links cross."""
    layers = _layers(topology, drawing)
    numbers = {card.key: index for index, card in enumerate(drawing.cards)}
    ends = {(drawing.card_of[link.a], drawing.card_of[link.b]) for link in drawing.links}
    edges = sorted({(numbers[a], numbers[b]) for a, b in ends if layers[a] != layers[b]})
    graph: Any = igraph.Graph(len(numbers), edges)
    if not numbers:
        return ()
    points: Any = graph.layout_sugiyama(layers=[layers[card.key] for card in drawing.cards])
    across = {card.key: float(points[numbers[card.key]][0]) for card in drawing.cards}
    return tuple(
        tuple(
            sorted(
                (card for card in drawing.cards if layers[card.key] == layer),
                key=lambda card: (across[card.key], numbers[card.key]),
            )
        )
        for layer in range(max(layers.values()) + 1)
    )


def _layers(topology: Topology, drawing: Drawing) -> dict[str, int]:
    """From 0, without a gap. Distance from the gateways of Azure's side along the circuits; what is peered stands
    outside of what it is peered to; devices that only tunnels lead to come last."""
    kinds = {card.key: card.kind for card in drawing.cards}
    underlay = _neighbours(drawing, _UNDERLAY)
    found = dict.fromkeys(_roots(topology, drawing), 0)
    _spread(found, underlay, lambda layer: layer + 1)
    _spread(found, _neighbours(drawing, {LinkKind.PEERING}), lambda layer: layer + 1 if layer > 0 else layer - 1)
    for key, kind in kinds.items():
        if key not in found and kind is CardKind.VNET:
            found[key] = 0
    last = max(found.values(), default=-1) + 1
    for key in kinds:
        found.setdefault(key, last)
    order = {layer: index for index, layer in enumerate(sorted(set(found.values())))}
    return {key: order[layer] for key, layer in found.items()}


def _neighbours(drawing: Drawing, kinds: Iterable[LinkKind]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for link in drawing.links:
        if link.kind in kinds:
            a, b = drawing.card_of[link.a], drawing.card_of[link.b]
            found.setdefault(a, []).append(b)
            found.setdefault(b, []).append(a)
    return found


def _spread(found: dict[str, int], neighbours: Mapping[str, list[str]], step: Callable[[int], int]) -> None:
    queue = deque(found)
    while queue:
        here = queue.popleft()
        for there in neighbours.get(here, ()):
            if there not in found:
                found[there] = step(found[here])
                queue.append(there)


def _roots(topology: Topology, drawing: Drawing) -> list[str]:
    """VNets with a gateway on Azure's side: not those in which a tunnel's device stands for a site."""
    remotes = {item.remote for item in topology.vpn_connections}
    sites = {nic.vnet for router in topology.routers if router.name in remotes for nic in router.nics}
    vpn = {item.vnet for item in topology.vpn_gateways}
    gateways = sorted({item.vnet for item in (*topology.er_gateways, *topology.route_servers)} | vpn)
    wanted = [prefix for intent in topology.intent for prefix in intent.sources]
    asking = {
        vnet.name
        for vnet in topology.vnets
        if any(a.version == b.version and a.overlaps(b) for a in vnet.prefixes for b in wanted)
    }
    choices = (
        [name for name in gateways if name in asking and name not in sites],
        [name for name in gateways if name in vpn and name not in sites],
        [name for name in gateways if name not in sites],
        gateways[:1],
    )
    nothing: list[str] = []
    chosen = next((names for names in choices if names), nothing)
    return list(dict.fromkeys(drawing.parts[row_key("vnet", name)] for name in chosen))
