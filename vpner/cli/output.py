"""What a command prints: tables for people, plain text for pipes, JSON for programs."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vpner.render.grid import SENTENCES, Grid

_SENTENCE = 30
"""Columns of a terminal that a sentence has at least."""
_UNBOUNDED = 10_000


def show_json(document: Any) -> None:
    """Print a JSON document, its keys in the order in which they were put; dates as text."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def show_table(grid: Grid, title: str = "") -> None:
    """Print a table: drawn on a terminal, in the Azure CLI's plain form when piped.

    On a terminal only sentences are broken into lines: addresses and names stay whole, so that they can be copied.
    """
    console = Console()
    if not console.is_terminal:
        typer.echo("\n".join([*([title] if title else []), str(grid)]))
        return
    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for header in grid.headers:
        sentences = header in SENTENCES
        table.add_column(header, overflow="fold", no_wrap=not sentences, min_width=_SENTENCE if sentences else None)
    for row in grid.rows:
        table.add_row(*(Text(cell) for cell in row))
    needed = Console(width=_UNBOUNDED).measure(table).minimum
    Console(width=max(console.width, needed)).print(table)


def predicted_note(assumed: tuple[str, ...]) -> str:
    """What a prediction rests on, in one line."""
    return f"Predicted. It rests on assumptions: {', '.join(assumed)}." if assumed else "Predicted."
