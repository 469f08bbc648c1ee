"""A drawing as SVG: a document of its own, or a part of a page. Colours come from the style sheet that goes with it."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from vpner.drawing import Card, Link, Placed, Row
from vpner.drawing.layout import BOLD, GAP, HEADER, PADDING, TEXT, TITLE
from vpner.drawing.text import fitted, width_of

TEMPLATES = Environment(
    loader=PackageLoader("vpner.render", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
"""Names come from users: whatever a template is given, it escapes."""


def style(name: str) -> str:
    """A file beside the templates."""
    return files("vpner.render").joinpath("templates", name).read_text(encoding="utf-8")


def svg(placed: Placed, title: str, *, inline: bool = False) -> str:
    """``inline``: in a page, whose style sheet it uses, and where cards take the keyboard."""
    return TEMPLATES.get_template("drawing.svg.j2").render(
        placed=placed,
        title=title,
        inline=inline,
        style="" if inline else style("drawing.css"),
        header=HEADER,
        padding=PADDING,
        fitting=_Fitting(placed),
        label=_label,
        spoken=_spoken,
        tunnel_name=_tunnel_name,
    )


class _Fitting:
    """Texts of cards, shortened to the room that they have."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed

    def title(self, card: Card) -> str:
        return fitted(card.title, self._room(card) / BOLD, TITLE)

    def subtitle(self, card: Card) -> str:
        return fitted(card.subtitle, self._room(card), TEXT)

    def name(self, card: Card, row: Row) -> str:
        return fitted(row.name, self._room(card) - (width_of(row.detail, TEXT) + GAP if row.detail else 0.0), TEXT)

    def _room(self, card: Card) -> float:
        return self._placed.boxes[card.key].width - 2 * PADDING


def _label(link: Link) -> str:
    return f"{link.kind}: {link.label}{'' if link.up else ' (down)'}"


def _tunnel_name(link: Link) -> str:
    """Above the lane of a connection's tunnels; the instance is told by where a line begins."""
    return link.label.split(", instance", 1)[0]


def _spoken(card: Card) -> str:
    """What a screen reader says of a card."""
    rows = "; ".join(" ".join(filter(None, (row.kind, row.name, row.detail))) for row in card.rows)
    return f"{card.kind} {card.title}, {card.subtitle}{f': {rows}' if rows else ''}"
