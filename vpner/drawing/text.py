"""How wide text will be. The reader's font is not known, so that this is an estimate."""

from __future__ import annotations

_NARROW = frozenset("iljtfrI.,:;'!|()[] /-")
_WIDE = frozenset("mwMW@%…")
_GAP = "…"


def width_of(text: str, size: float) -> float:
    """In pixels, of a sans-serif font of ``size`` pixels. Characters outside Latin count as square."""
    ems = sum(_em(character) for character in text)
    return ems * size


def _em(character: str) -> float:
    if ord(character) > 0x24F and character != _GAP:
        return 1.0
    if character in _NARROW:
        return 0.37
    if character in _WIDE:
        return 0.92
    if character.isdigit():
        return 0.62
    return 0.68 if character.isupper() else 0.58


def fitted(text: str, room: float, size: float) -> str:
    """The text, or its two ends where it is wider than ``room`` pixels."""
    if width_of(text, size) <= room:
        return text
    for kept in range(len(text) - 1, 0, -1):
        head = (kept + 1) // 2
        short = text[:head] + _GAP + text[len(text) - (kept - head) :]
        if width_of(short, size) <= room:
            return short
    return _GAP
