"""The command ``vpner``: one module a command, put together here.

Exit codes: 0 as intended, 1 violated, 2 inconclusive, 3 bad input. Problems go to stderr.
"""

from __future__ import annotations

import typer

from vpner.cli import simulate
from vpner.cli.check import check
from vpner.cli.compare import compare_command
from vpner.cli.cutover import cutover
from vpner.cli.diff import diff
from vpner.cli.emulate import emulate
from vpner.cli.exits import Commands
from vpner.cli.flows import flows
from vpner.cli.footprint import footprint
from vpner.cli.handoff import handoff
from vpner.cli.replay import replay
from vpner.cli.report import report
from vpner.cli.rotate_key import rotate_key
from vpner.cli.routes import routes
from vpner.cli.topology import topology
from vpner.cli.why import why

app = typer.Typer(
    name="vpner",
    cls=Commands,
    help="Encrypted ExpressRoute for Azure, as code.\n\n"
    "Exit codes: 0 as intended, 1 violated, 2 inconclusive, 3 bad input.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    check,
    routes,
    flows,
    why,
    report,
    topology,
    diff,
    handoff,
    footprint,
    cutover,
    rotate_key,
    replay,
    emulate,
):
    app.command()(command)
app.command("compare")(compare_command)
app.add_typer(simulate.app)


def main() -> None:
    """Entry point of the console script."""
    app()
