"""A table before it is printed: headers and rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SENTENCES = frozenset({"Why"})
"""Headers of columns that hold sentences, which may be broken into lines."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Grid:
    """``str`` gives left-aligned columns with a rule under the headers, as the Azure CLI prints them."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [self.headers, *self.rows]
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.headers))]
        lines.insert(1, tuple("-" * width for width in widths))
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    def markdown(self) -> str:
        """The same as a Markdown table."""
        lines = [self.headers, tuple("---" for _ in self.headers), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
