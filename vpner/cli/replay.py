"""``vpner replay``: the routing model against networks that somebody has built and published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vpner.cli.exits import Code
from vpner.cli.inputs import AsJson
from vpner.cli.output import show_json
from vpner.problems import Problem, Problems
from vpner.replay import Score, report, score_file
from vpner.routing.assumptions import DEFAULT, SWITCHES


def replay(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="Folder of case files (*.yaml).")
    ],
    flip: Annotated[
        list[str] | None, typer.Option(metavar="SWITCH", help="Assumption to set the other way; may be given again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score the routing model against published networks.

    vpner replay tests/cases

    A line a case, then its misses as expected against predicted and the rows that nobody printed. Exit code 0 only if
    every case is exact, else 1.
    """
    assumptions = DEFAULT
    for name in flip or []:
        switch = name.replace("-", "_")
        if switch not in SWITCHES:
            raise typer.BadParameter(f"{name!r} is no switch; the switches are {', '.join(SWITCHES)}")
        assumptions = assumptions.flipped(switch)
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        why, remedy = "Cases are files of topology format 1", "give a folder with *.yaml files, as tests/cases"
        raise Problems("cannot replay", [Problem(str(directory), "no *.yaml file in it", why, remedy, "no-cases")])
    scores = [score_file(path, assumptions) for path in paths]
    if as_json:
        show_json(_document(scores))
    else:
        typer.echo(report(scores))
    if not all(score.exact for score in scores):
        raise typer.Exit(Code.VIOLATED)


def _document(scores: list[Score]) -> dict[str, Any]:
    return {
        "matched": sum(score.matched.total() for score in scores),
        "total": sum(score.total.total() for score in scores),
        "exact": all(score.exact for score in scores),
        "cases": [
            {
                "name": score.name,
                "exact": score.exact,
                "tables": {
                    kind: {"matched": score.matched[kind], "total": count}
                    for kind, count in sorted(score.total.items())
                },
                "misses": [
                    {"table": miss.table, "expected": miss.expected, "predicted": list(miss.predicted)}
                    for miss in score.misses
                ],
                "extra": [{"table": table, "row": row} for table, row in score.extra],
                "assumed": list(score.assumed),
                "unsupported": score.unsupported,
            }
            for score in scores
        ],
    }
