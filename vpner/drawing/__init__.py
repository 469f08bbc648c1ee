"""A topology as a drawing: cards with rows, links between rows, and where they stand. Pure, predicts nothing."""

from vpner.drawing.cards import Card, CardKind, Drawing, Link, LinkKind, Row, draw
from vpner.drawing.layout import Box, Placed, Route, place
from vpner.drawing.ways import failed_parts, way_parts

__all__ = [
    "Box",
    "Card",
    "CardKind",
    "Drawing",
    "Link",
    "LinkKind",
    "Placed",
    "Route",
    "Row",
    "draw",
    "failed_parts",
    "place",
    "way_parts",
]
