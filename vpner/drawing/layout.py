"""Where cards, rows and links stand, in pixels from the upper left corner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vpner.drawing.cards import Card, Drawing
from vpner.drawing.layers import columns
from vpner.drawing.links import Link, LinkKind
from vpner.drawing.text import width_of
from vpner.topology import Topology

MARGIN = 24.0
PADDING = 12.0
HEADER = 66.0
ROW, NAMED_ROW = 24.0, 42.0
"""Height of a row, and of one with a word above its name."""
SMALL, TEXT, TITLE = 11.0, 12.5, 14.0
"""Sizes of fonts."""
BOLD = 1.07
"""How much wider bold text is."""
GAP = 14.0
"""Between a row's name and what stands at its end."""
_NARROWEST, _WIDEST = 156.0, 272.0
_BETWEEN_CARDS = 28.0
_GUTTER, _TRACK, _LANE = 68.0, 10.0, 12.0
_LABEL = 20.0
_CORNER = 8.0


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Route:
    """A link's line. ``path`` is that of an SVG; ``label_at`` is where its name can stand, None where it has none."""

    link: Link
    path: str
    label_at: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A drawing with its places."""

    drawing: Drawing
    width: float
    height: float
    boxes: Mapping[str, Box]
    """Of cards and of rows, by key."""
    routes: tuple[Route, ...]


def place(topology: Topology, drawing: Drawing) -> Placed:
    """Columns from left to right, each in the middle of the height. Links between neighbouring columns are curves;
    tunnels, and links that pass a column, run above all cards."""
    ordered = columns(topology, drawing)
    column_of = {card.key: index for index, column in enumerate(ordered) for card in column}
    high = _high(drawing, column_of)
    tracks = [0] * (len(ordered) + 1)
    for link in high:
        a, b = sorted(column_of[drawing.card_of[end]] for end in (link.a, link.b))
        tracks[a + 1] += 1
        tracks[b] += 1
    top = MARGIN + _ceiling(high)
    heights = [sum(map(_height, column)) + _BETWEEN_CARDS * (len(column) - 1) for column in ordered]
    tallest = max(heights, default=0.0)
    boxes: dict[str, Box] = {}
    x = MARGIN
    for index, column in enumerate(ordered):
        x += (_GUTTER + _TRACK * max(tracks[index] - 2, 0)) if index else 0.0
        width = min(max(map(_width, column)), _WIDEST)
        y = top + (tallest - heights[index]) / 2
        for card in column:
            boxes[card.key] = Box(x, y, width, _height(card))
            boxes |= _rows(card, boxes[card.key])
            y += _height(card) + _BETWEEN_CARDS
        x += width
    routes = _Router(drawing, boxes, column_of, high).routes()
    return Placed(
        drawing, x + MARGIN + _outside(drawing, column_of, len(ordered)), top + tallest + MARGIN, boxes, routes
    )


def _outside(drawing: Drawing, column_of: Mapping[str, int], count: int) -> float:
    """Room on the right of the last column, if links between its own cards bulge there."""
    ends = ((column_of[drawing.card_of[link.a]], column_of[drawing.card_of[link.b]]) for link in drawing.links)
    return _GUTTER if any(a == b == count - 1 for a, b in ends) else 0.0


def _high(drawing: Drawing, column_of: Mapping[str, int]) -> list[Link]:
    """Links that run above the cards, the highest first."""
    distance = {
        link.key: abs(column_of[drawing.card_of[link.a]] - column_of[drawing.card_of[link.b]]) for link in drawing.links
    }
    return [
        link
        for link in drawing.links
        if distance[link.key] > 1 or (link.kind is LinkKind.TUNNEL and distance[link.key] == 1)
    ]


def _ceiling(high: Sequence[Link]) -> float:
    return sum(_LANE + (_LABEL if named else 0.0) for _, named in _lanes(high)) + (_BETWEEN_CARDS if high else 0.0)


def _lanes(high: Sequence[Link]) -> Iterator[tuple[Link, bool]]:
    """Each link, and whether its name stands above it: once for the tunnels of one connection."""
    before = ""
    for link in high:
        owner = link.key.rpartition("/")[0] if link.kind is LinkKind.TUNNEL else link.key
        yield link, owner != before
        before = owner


def _width(card: Card) -> float:
    lines = [width_of(card.title, TITLE) * BOLD, width_of(card.subtitle, TEXT), width_of(card.kind, SMALL)]
    for row in card.rows:
        detail = max(width_of(row.detail, TEXT), width_of(row.widest, TEXT))
        lines.append(width_of(row.name, TEXT) + (detail + GAP if detail else 0.0))
    return max(_NARROWEST, max(lines) + 2 * PADDING)


def _height(card: Card) -> float:
    rows = sum(NAMED_ROW if row.kind else ROW for row in card.rows)
    return HEADER + (rows + PADDING if card.rows else 0.0)


def _rows(card: Card, box: Box) -> Iterator[tuple[str, Box]]:
    y = box.y + HEADER + PADDING / 2
    for row in card.rows:
        height = NAMED_ROW if row.kind else ROW
        yield row.key, Box(box.x, y, box.width, height)
        y += height


class _Router:
    """Draws lines from row to row."""

    def __init__(
        self, drawing: Drawing, boxes: Mapping[str, Box], column_of: Mapping[str, int], high: Sequence[Link]
    ) -> None:
        self.drawing = drawing
        self.boxes = boxes
        self.column_of = column_of
        self.high = high
        self.ports = self._ports()

    def routes(self) -> tuple[Route, ...]:
        found: dict[str, Route] = {}
        y = MARGIN
        used: dict[tuple[int, str], int] = {}
        for link, named in _lanes(self.high):
            y += _LABEL if named else 0.0
            found[link.key] = self._above(link, y, named, used)
            y += _LANE
        for link in self.drawing.links:
            if link.key not in found:
                found[link.key] = Route(link, self._curve(link))
        return tuple(found[link.key] for link in self.drawing.links)

    def _ports(self) -> dict[tuple[str, str], float]:
        """Heights at which links end, by link and row: those that end at one row stand a little apart."""
        ends: dict[str, list[Link]] = {}
        for link in self.drawing.links:
            ends.setdefault(link.a, []).append(link)
            ends.setdefault(link.b, []).append(link)
        found: dict[tuple[str, str], float] = {}
        for end, unordered in ends.items():
            keys = [link.key for link in sorted(unordered, key=lambda link: self._height_of_other(link, end))]
            box = self.boxes[end]
            middle = box.y + HEADER / 2 if end in self.column_of else box.middle
            apart = min(6.0, (HEADER if end in self.column_of else box.height) * 0.7 / len(keys))
            for index, key in enumerate(keys):
                found[key, end] = middle + (index - (len(keys) - 1) / 2) * apart
        return found

    def _height_of_other(self, link: Link, end: str) -> tuple[int, float]:
        """Of the far end, so that lines that leave a row do not cross at once; lines upwards are the first."""
        highest = [item.key for item in self.high]
        if link.key in highest:
            return 0, highest.index(link.key)
        return 1, self.boxes[link.b if link.a == end else link.a].middle

    def _ordered(self, link: Link) -> tuple[str, str]:
        """The ends, the left one first."""
        a, b = (self.column_of[self.drawing.card_of[end]] for end in (link.a, link.b))
        return (link.a, link.b) if a <= b else (link.b, link.a)

    def _curve(self, link: Link) -> str:
        a, b = self._ordered(link)
        first, second = self.boxes[a], self.boxes[b]
        x, y, there = first.x + first.width, self.ports[link.key, a], self.ports[link.key, b]
        if self.column_of[self.drawing.card_of[a]] == self.column_of[self.drawing.card_of[b]]:
            right = second.x + second.width
            bulge = max(x, right) + _GUTTER * 0.6
            return _path("M", x, y, "C", bulge, y, bulge, there, right, there)
        half = (second.x - x) / 2
        return _path("M", x, y, "C", x + half, y, second.x - half, there, second.x, there)

    def _above(self, link: Link, lane: float, named: bool, used: dict[tuple[int, str], int]) -> Route:
        a, b = self._ordered(link)
        first, second = self.boxes[a], self.boxes[b]
        left, right = self.column_of[self.drawing.card_of[a]], self.column_of[self.drawing.card_of[b]]
        out = first.x + first.width + 14 + _TRACK * self._next(used, (left, "out"))
        back = second.x - 14 - _TRACK * self._next(used, (right, "in"))
        y, there = self.ports[link.key, a], self.ports[link.key, b]
        path = _path(
            *("M", first.x + first.width, y, "H", out - _CORNER, "Q", out, y, out, y - _CORNER),
            *("V", lane + _CORNER, "Q", out, lane, out + _CORNER, lane),
            *("H", back - _CORNER, "Q", back, lane, back, lane + _CORNER),
            *("V", there - _CORNER, "Q", back, there, back + _CORNER, there, "H", second.x),
        )
        return Route(link, path, ((out + back) / 2, lane - 6) if named else None)

    @staticmethod
    def _next(used: dict[tuple[int, str], int], key: tuple[int, str]) -> int:
        used[key] = used.get(key, -1) + 1
        return used[key]


def _path(*parts: str | float) -> str:
    return " ".join(part if isinstance(part, str) else f"{part:.1f}".removesuffix(".0") for part in parts)
