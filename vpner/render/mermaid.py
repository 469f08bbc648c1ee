"""A drawing as a Mermaid flowchart, for pull requests and documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vpner.drawing import Card, Drawing, Link, LinkKind, Row

_ARROWS = {LinkKind.EXPRESSROUTE: "===", LinkKind.PATH: "===", LinkKind.GLOBAL_REACH: "===", LinkKind.BGP: "-.-"}
_ENTITIES = str.maketrans({character: f"#{ord(character)};" for character in '#"<>&`\\|[]{}()\r\n\t'})


def mermaid(drawing: Drawing) -> str:
    """A subgraph a card, with a node for its header and for each row at which a link ends."""
    ends = {end for link in drawing.links for end in (link.a, link.b)}
    ids = {key: f"n{number}" for number, key in enumerate(drawing.card_of)}
    lines = ["flowchart LR"]
    for card in drawing.cards:
        lines += [f"  {line}" for line in _card(card, ids, ends)]
    lines += [f"  {_link(link, ids)}" for link in drawing.links]
    return "\n".join(lines) + "\n"


def _card(card: Card, ids: Mapping[str, str], ends: set[str]) -> Iterator[str]:
    linked = [row for row in card.rows if row.key in ends]
    plain = [row for row in card.rows if row.key not in ends]
    about = [f"{_text(card.kind)}: {_text(card.title)}", _text(card.subtitle), *map(_row, plain)]
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


def _link(link: Link, ids: Mapping[str, str]) -> str:
    a, b = ids[link.a], ids[link.b]
    if link.kind is LinkKind.TUNNEL:
        return f'{a} -. "IPsec" .- {b}'
    return f"{a} {_ARROWS.get(link.kind, '---')} {b}"


def _text(text: str) -> str:
    """Whatever means something in Mermaid's text or in HTML, as an entity."""
    return text.translate(_ENTITIES)
