"""``vpner check``: the verb for CI."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from vpner.cli.exits import Code
from vpner.cli.inputs import AsJson, StackName, TopologyFile, read_network
from vpner.cli.output import predicted_note, show_json, show_table
from vpner.problems import Problem
from vpner.render.verdicts import assessment_json, failure_table, flow_table
from vpner.routing import Assessment, Failures, Outcome, assess

_CODES = {
    Outcome.AS_INTENDED: Code.AS_INTENDED,
    Outcome.VIOLATED: Code.VIOLATED,
    Outcome.INCONCLUSIVE: Code.INCONCLUSIVE,
}


def check(
    topology: TopologyFile = None,
    stack: StackName = None,
    failures: Annotated[
        Failures, typer.Option(help="What may fail at once. auto: pairs in a network of the lab's size, else single.")
    ] = Failures.AUTO,
    as_json: AsJson = False,
) -> None:
    """Will every protected flow be encrypted, also when something fails?

    vpner check --topology examples/reference-lab.yaml

    Protected is what the network's intent names. Exit code 0: as intended; 1: violated; 2: inconclusive, with what to
    declare; 3: bad input.
    """
    found = assess(read_network(topology, stack), date.today(), failures=failures)
    if as_json:
        show_json(assessment_json(found))
    else:
        _show(found)
    raise typer.Exit(_CODES[found.outcome])


def _show(found: Assessment) -> None:
    if found.flows:
        show_table(flow_table(found.flows), "Protected flows (predicted)")
        typer.echo()
    if found.under_failure:
        depth = {Failures.SINGLE: "single failures", Failures.PAIRS: "pairs of failures"}.get(found.failures, "")
        title = f"Under failure ({found.states} stable states, {depth}, predicted)"
        show_table(failure_table(found.under_failure), title)
        typer.echo()
    _section("Violated", found.violations)
    _section("Missing routes", found.contract)
    _section("To be declared", found.inconclusive)
    _section("Allowed by mode preferred", found.fallbacks)
    for note in found.notes:
        typer.echo(f"Note: {note}")
    typer.echo(predicted_note(found.assumed))
    typer.echo(f"{found.outcome.value.upper()} (predicted)")


def _section(title: str, problems: Sequence[Problem]) -> None:
    if problems:
        typer.echo("\n".join([title, *(str(problem) for problem in problems), ""]))
