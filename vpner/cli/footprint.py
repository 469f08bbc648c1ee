"""``vpner footprint``: what a stack costs, takes and uses of Azure's limits, before it is built."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vpner.cli.exits import Code
from vpner.cli.inputs import AsJson
from vpner.cli.output import show_json, show_table
from vpner.cli.stack import stack_snapshot
from vpner.footprint import Footprint, Outcome
from vpner.footprint import footprint as footprint_of
from vpner.render.footprint import (
    cost_notes,
    cost_table,
    duration_lines,
    footprint_json,
    quota_notes,
    quota_table,
)

_CODES = {Outcome.WITHIN: Code.AS_INTENDED, Outcome.BEYOND: Code.VIOLATED, Outcome.UNKNOWN: Code.INCONCLUSIVE}


def footprint(
    stack: Annotated[
        str,
        typer.Option(
            "--stack", metavar="NAME", help="The stack as the Pulumi project in this folder would deploy it now."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Show what Azure bills for a stack and since when, how long its creation takes, and which limits it nears.

    vpner footprint --stack dev

    No prices, which differ by region and agreement; the pages that have them are named. The numbers are of Microsoft's
    documentation: --json gives the page and day of each. Exit code 0: within every limit; 1: beyond one; 2: one cannot
    be told, or support may have raised it; 3: bad input.
    """
    found = footprint_of(stack_snapshot(stack, Path.cwd()))
    if as_json:
        show_json(footprint_json(found))
    else:
        _show(found)
    raise typer.Exit(_CODES[found.outcome])


def _show(found: Footprint) -> None:
    show_table(cost_table(found), "What Azure bills (no prices: they differ by region, currency and agreement)")
    typer.echo("\n".join([*cost_notes(found), "", *duration_lines(found), ""]))
    show_table(quota_table(found), "Limits (of this stack alone, as if in one subscription)")
    typer.echo("\n".join(quota_notes(found)))
