"""Which parts of a drawing a packet's way goes over, and which an element's failure takes away."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator

from vpner.drawing.cards import Drawing
from vpner.drawing.links import Link, LinkKind
from vpner.drawing.names import row_key
from vpner.routing import Carrier, End, Journey, Place, Step

_KINDS = {
    Carrier.AZURE: (LinkKind.PEERING,),
    Carrier.EXPRESSROUTE: (LinkKind.PEERING, LinkKind.EXPRESSROUTE, LinkKind.PATH, LinkKind.GLOBAL_REACH),
    Carrier.SITE: (LinkKind.BGP,),
}
"""Links over which a carrier takes a packet from one place to the next."""


def way_parts(drawing: Drawing, journey: Journey, destination: str = "") -> tuple[str, ...]:
    """Keys of the rows and links on a way, each once. A link that is not in the drawing is left out.

    ``destination`` is the row of the address: the last step of a way to a peered VNet is the one before it.
    """
    found: dict[str, None] = {}
    for step, following in zip(journey.steps, (*journey.steps[1:], None), strict=True):
        if (here := step_part(drawing, step)) is None:
            continue
        found[here] = None
        if step.tunnel:
            found[row_key("tunnel", step.tunnel)] = None
            found |= dict.fromkeys(_peered(drawing, here, row_key("tunnel", step.tunnel)))
        elif following is not None and (there := step_part(drawing, following)) is not None:
            found |= dict.fromkeys(_between(drawing, step, here, following, there))
    last = step_part(drawing, journey.steps[-1]) if journey.steps else None
    if last is not None and destination and journey.end in {End.DELIVERED, End.ARRIVED}:
        links = [link for link in drawing.links if link.kind is LinkKind.PEERING]
        found |= dict.fromkeys(_shortest(drawing, links, drawing.card_of[last], drawing.card_of[destination]))
        found[destination] = None
    return tuple(found)


def step_part(drawing: Drawing, step: Step) -> str | None:
    """What shows the place of a step: a row, or the card where it has none."""
    found = drawing.parts.get(row_key(step.place, step.name))
    if found is None and step.place is Place.SUBNET:
        found = drawing.parts.get(row_key("vnet", step.name.rpartition("/")[0]))
    return found


def _between(drawing: Drawing, step: Step, here: str, following: Step, there: str) -> Iterator[str]:
    """Links from one place to the next. At an edge it is the edge's own path or connection."""
    carrier = step.carrier or Carrier.AZURE
    kinds = _KINDS.get(carrier, (LinkKind.PEERING, LinkKind.EXPRESSROUTE, LinkKind.PATH))
    edges = {item.name for item in (step, following) if item.place is Place.EDGE}

    def passable(link: Link) -> bool:
        if link.kind not in kinds:
            return False
        return link.kind is not LinkKind.PATH or not edges or link.key.partition(":")[2] in edges

    links = [link for link in drawing.links if passable(link)]
    yield from _shortest(drawing, links, drawing.card_of[here], drawing.card_of[there])


def _peered(drawing: Drawing, here: str, tunnel: str) -> Iterator[str]:
    """From a subnet to the VNet of the gateway whose tunnel takes the packet."""
    link = next((item for item in drawing.links if item.key == tunnel), None)
    if link is None:
        return
    ends = [drawing.card_of[link.a], drawing.card_of[link.b]]
    if drawing.card_of[here] not in ends:
        links = [item for item in drawing.links if item.kind is LinkKind.PEERING]
        yield from _shortest(drawing, links, drawing.card_of[here], ends[0])


def _shortest(drawing: Drawing, links: Collection[Link], start: str, end: str) -> Iterator[str]:
    """Keys of links and of the rows that they end at, on the way with the fewest links; none if there is no way."""
    before: dict[str, tuple[str, Link] | None] = {start: None}
    queue = deque([start])
    while queue and end not in before:
        here = queue.popleft()
        for link in links:
            cards = drawing.card_of[link.a], drawing.card_of[link.b]
            if here in cards:
                there = cards[1] if cards[0] == here else cards[0]
                if there not in before:
                    before[there] = here, link
                    queue.append(there)
    came = before.get(end)
    while came is not None:
        yield came[1].key
        came = before[came[0]]


def failed_parts(drawing: Drawing, element: str) -> tuple[str, ...]:
    """What a failure of an element (:func:`~vpner.routing.failable`) takes away."""
    kind, _, name = element.partition("/")
    owner, _, member = name.rpartition("/")
    keys = [
        *{
            "routers": [row_key("router", name)],
            "edges": [row_key("edge", name)],
            "circuits": [row_key("path", name)],
            "vpn_gateways": [row_key("vpn-gateway", name)],
            "er_gateways": [row_key("er_gateway", owner)],
            "route_servers": [row_key("route_server", owner)],
            "vpn_connections": [row_key("tunnel", name)],
            "er_connections": [row_key("er", name)],
            "bgp_sessions": [row_key("bgp", name)],
        }.get(kind, [])
    ]
    links = {link.key for link in drawing.links}
    found = [drawing.parts.get(key, key if key in links else None) for key in keys]
    if kind == "vpn_connections" and not (member.isdigit() and row_key("tunnel", name) in links):
        prefix = row_key("tunnel", f"{name}/")
        found += [key for key in sorted(links) if key.startswith(prefix) and key.removeprefix(prefix).isdigit()]
    return tuple(key for key in found if key is not None)
