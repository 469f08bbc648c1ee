"""A network as one HTML file that loads nothing: drawing, flows in every state, findings, tables, handover."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from vpner.drawing import CardKind, Placed
from vpner.problems import Problem
from vpner.render.grid import Grid
from vpner.render.svg import TEMPLATES, style, svg
from vpner.topology import Topology
from vpner.whatif import Space

_TITLES = {"Preference": "Hub routing preference", "Prepends": "Prepends of the device", "Stage": "Stage"}
TEMPLATES.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}


@dataclass(frozen=True, slots=True)
class Chapter:
    """Findings of one kind: ``violated``, ``open`` or ``other``."""

    title: str
    kind: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What is told beside what is looked up. ``made`` is when and ``origin`` from what, as text."""

    name: str
    made: str
    version: str
    origin: str
    outcome: str
    predicted: str
    chapters: Sequence[Chapter] = ()
    under_failure: Grid | None = None
    depth: str = ""
    states: int = 0
    handoff: str = ""
    notes: Sequence[str] = ()
    given: str = "as given"
    """What the network without a switch turned is called."""


def page_html(page: Page, topology: Topology, placed: Placed, found: Space, data: dict[str, Any]) -> str:
    """The file's text. Equal arguments give equal text."""
    script, css = style("page.js"), style("drawing.css") + style("page.css")
    return TEMPLATES.get_template("page.html.j2").render(
        page=page,
        drawing=Markup(svg(placed, f"The network {page.name}", inline=True)),
        switches=[
            {"index": index, "title": _TITLES[item.name], "choices": item.values, "current": item.current}
            for index, item in enumerate(found.switches)
        ],
        failures=found.failures,
        full=found.full,
        protected=bool(topology.intent),
        alike=_alike(topology, placed),
        data=data,
        script=Markup(script),
        script_hash=_hash(script),
        style=Markup(css),
        style_hash=_hash(css),
    )


def _hash(text: str) -> str:
    """As a content security policy names what may run."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _alike(topology: Topology, placed: Placed) -> list[dict[str, Any]]:
    """The VNets of cards that stand for several."""
    vnets = {vnet.name: vnet for vnet in topology.vnets}
    return [
        {
            "title": card.title,
            "subtitle": card.subtitle,
            "vnets": [{"name": name, "prefixes": list(map(str, vnets[name].prefixes))} for name in card.members],
        }
        for card in placed.drawing.cards
        if card.kind is CardKind.VNET and len(card.members) > 1
    ]
