"""``vpner cutover``: from one network to another without a moment in clear."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from vpner.cli.exits import Code
from vpner.cli.inputs import NAMED, AsJson, DeclaredFile, read_named
from vpner.cli.output import predicted_note, show_json
from vpner.cutover import Kind, Plan, Rehearsal, plan, rehearse
from vpner.problems import Problem, Problems
from vpner.readers.write import write_topology
from vpner.render.cutover import plan_json, plan_lines, rehearsal_json, rehearsal_lines
from vpner.routing import Outcome

_CODES = {
    Outcome.AS_INTENDED: Code.AS_INTENDED,
    Outcome.VIOLATED: Code.VIOLATED,
    Outcome.INCONCLUSIVE: Code.INCONCLUSIVE,
}


def cutover(
    before: Annotated[str, typer.Option("--from", metavar="NETWORK", help=f"The network now: {NAMED}.")],
    after: Annotated[str, typer.Option("--to", metavar="NETWORK", help="The network that it is to become.")],
    declared: DeclaredFile = None,
    one_update: Annotated[
        bool, typer.Option("--one-update", help="Also what could happen if all of it were done in one update.")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the network after each phase there, for vpner routes and compare."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How to get from one network to another, phase by phase, so that nothing protected is in clear in between.

    vpner cutover --from examples/reference-lab-expressroute-only.yaml --to examples/reference-lab.yaml

    Every state that an update can pass through, in each order that references between resources allow, is judged on the
    routing model. Exit code 0: there is such a way; 1: there is none, or the network after it is not as intended; 2:
    something needed is unknown; 3: bad input.
    """
    networks = read_named(before, declared), read_named(after, declared)
    today = date.today()
    found = plan(*networks, today)
    rehearsed = rehearse(*networks, today) if one_update else None
    if write is not None:
        _write(found, write)
    if as_json:
        show_json({**plan_json(found), **({"one_update": rehearsal_json(rehearsed)} if rehearsed else {})})
    else:
        _show(found, rehearsed)
    raise typer.Exit(_CODES[found.outcome])


def _show(found: Plan, rehearsed: Rehearsal | None) -> None:
    for line in plan_lines(found):
        typer.echo(line)
    if rehearsed:
        for line in rehearsal_lines(rehearsed):
            typer.echo(line)
        typer.echo()
    for note in _notes(found):
        typer.echo(f"Note: {note}")
    typer.echo(predicted_note(tuple(sorted({*found.first.assumed, *found.last.assumed}))))
    typer.echo(f"{found.outcome.upper()} (predicted, {found.judged} states judged)")


def _notes(found: Plan) -> list[str]:
    notes = [
        "each state is the one that routing settles in; the seconds until it does are not modelled",
        "network security groups, firewalls and their memory of one-way traffic are not modelled",
    ]
    if any(change.kind is Kind.ROUTE_SERVER for phase in found.phases for change in phase.changes):
        notes.append(
            "creating or deleting a Route Server beside gateways interrupts them for about 10 minutes "
            "(Azure Route Server FAQ)"
        )
    if not found.flows:
        notes.append("no intent: nothing is protected, and any order will do")
    return notes


def _write(found: Plan, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, phase in enumerate(found.phases, 1):
            (folder / f"phase-{number}.yaml").write_text(write_topology(phase.topology), encoding="utf-8")
    except OSError as error:
        why, remedy = "The networks of the phases are written there", "give a folder that can be written"
        raise Problems("cannot write", [Problem(str(folder), str(error.strerror), why, remedy, "folder")]) from None
