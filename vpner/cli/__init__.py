"""The command ``vpner``: one module a group of commands, put together here.

Exit codes: 0 as intended, 1 violated, 2 inconclusive, 3 bad input. Problems go to stderr.
"""

from __future__ import annotations

import sys

import typer

from vpner.cli import simulate
from vpner.problems import Problems

BAD_INPUT = 3

app = typer.Typer(
    name="vpner",
    help="Encrypted ExpressRoute for Azure, as code.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(simulate.app)


@app.callback()
def _root() -> None:
    """Keeps the groups of commands apart, also while there is only one."""


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except Problems as problems:
        typer.echo(str(problems), err=True)
        sys.exit(BAD_INPUT)
