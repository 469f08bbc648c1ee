"""A drawing as a Mermaid flowchart, for pull requests and documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vpner.drawing import Card, Drawing, LinkKind, Row
from vpner.drawing.layers import columns
from vpner.topology import Topology

_ARROWS = {
    LinkKind.EXPRESSROUTE: "===",
    LinkKind.PATH: "===",
    LinkKind.GLOBAL_REACH: "===",
    LinkKind.BGP: "-.-",
    LinkKind.TUNNEL: '-. "IPsec" .-',
}
_ENTITIES = str.maketrans({character: f"#{ord(character)};" for character in '#"<>&`\\|[]{}()\r\n\t'})


def mermaid(topology: Topology, drawing: Drawing) -> str:
    """A subgraph a card, with a node for its header and for each row at which a link ends; Azure's side first."""
    cards = [card for column in columns(topology, drawing) for card in column]
    order = {card.key: index for index, card in enumerate(cards)}
    ends = {end for link in drawing.links for end in (link.a, link.b)}
    ids = {key: f"n{number}" for number, key in enumerate(drawing.card_of)}
    lines = ["flowchart LR"]
    for card in cards:
        lines += [f"  {line}" for line in _card(card, ids, ends)]
    for link in drawing.links:
        a, b = sorted((link.a, link.b), key=lambda end: order[drawing.card_of[end]])
        lines.append(f"  {ids[a]} {_ARROWS.get(link.kind, '---')} {ids[b]}")
    return "\n".join(lines) + "\n"


def _card(card: Card, ids: Mapping[str, str], ends: set[str]) -> Iterator[str]:
    linked = [row for row in card.rows if row.key in ends]
    plain = [row for row in card.rows if row.key not in ends]
    about = [f"{_text(card.kind)} {_text(card.title)}", _text(card.subtitle), *map(_row, plain)]
    node = f'{ids[card.key]}["{"<br/>".join(about)}"]'
    if not linked:
        yield node
        return
    yield f'subgraph s{ids[card.key]}["{_text(card.title)}"]'
    yield f"  {node}"
    for row in linked:
        yield f'  {ids[row.key]}["{_row(row)}"]'
    yield "end"


def _row(row: Row) -> str:
    return " ".join(_text(part) for part in (row.kind, row.name, row.detail) if part)


def _text(text: str) -> str:
    """Whatever means something in Mermaid's text or in HTML, as an entity."""
    return text.translate(_ENTITIES)
