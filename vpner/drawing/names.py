"""Keys by which parts of a drawing are found."""

from __future__ import annotations


def row_key(kind: str, name: str) -> str:
    """Of a card or row: what it is, and the name that the routing model calls it by."""
    return f"{kind}:{name}"
