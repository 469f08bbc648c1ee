"""``vpner check``: the verb for CI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from vpner.cli.exits import Code
from vpner.cli.inputs import ArmExport, AsJson, DeclaredFile, StackName, TopologyFile, read_judged, read_network
from vpner.cli.output import predicted_note, show_json, show_table
from vpner.problems import Problem
from vpner.render.matrix import matrix_grid, matrix_json
from vpner.render.report import report_json
from vpner.render.verdicts import failure_table, flow_table
from vpner.routing import Assessment, Failures
from vpner.rules import Outcome, Report, evaluate
from vpner.topology import Topology
from vpner.whatif import TURNS, matrix


def check(
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    failures: Annotated[
        Failures, typer.Option(help="What may fail at once. auto: pairs in a network of the lab's size, else single.")
    ] = Failures.AUTO,
    what_if: Annotated[
        bool,
        typer.Option(
            "--matrix",
            help="Instead: every combination of preference, prepends, prefixes in the tunnel, branch-to-branch and "
            "route tables, and what becomes of protected flows. Ends with 0 if the question is answered.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Will every protected flow be encrypted, also when something fails?

    vpner check --topology examples/reference-lab.yaml

    Protected is what the network's intent names. The rules are those of the policy pack; of a topology, those that need
    no resource. Exit code 0: as intended; 1: violated; 2: inconclusive, with what to declare; 3: bad input.
    """
    if what_if:
        _matrix(read_network(topology, stack, declared, arm), failures, as_json)
        return
    report = evaluate(read_judged(topology, stack, declared, date.today(), failures, arm))
    code = code_of(report)
    if as_json:
        show_json({"outcome": WORDS[code], **report_json(report)})
    else:
        _show(report)
        typer.echo(f"{WORDS[code].upper()} (predicted)")
    raise typer.Exit(code)


WORDS = {Code.AS_INTENDED: "as intended", Code.VIOLATED: "violated", Code.INCONCLUSIVE: "inconclusive"}


def _matrix(network: Topology, failures: Failures, as_json: bool) -> None:
    depth = Failures.SINGLE if failures is Failures.AUTO else failures
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("networks judged")
        names, found = matrix(
            network, TURNS, date.today(), depth, lambda done, of: progress.update(task, completed=done, total=of)
        )
    if as_json:
        show_json(matrix_json(names, found))
        return
    show_table(matrix_grid(names, found), f"Protected flows, by setting ({depth.value} failures, predicted)")


def code_of(report: Report) -> Code:
    """Advice does not count."""
    if report.problems(Outcome.VIOLATION):
        return Code.VIOLATED
    return Code.INCONCLUSIVE if report.problems(Outcome.INCONCLUSIVE) else Code.AS_INTENDED


def _show(report: Report) -> None:
    found = report.network.assessment
    if found is not None:
        _show_assessment(found)
    for section in sections(report):
        typer.echo("\n".join([section.title, *map(str, section.problems), ""]))
    for item in report.excepted:
        if item.problem is not None:
            typer.echo(f"Excepted: {item.problem.where} [{item.rule}]")
    if not report.network.concerned:
        typer.echo("Not applicable: no intent, and no tunnel over private peering")
    if found is None:
        return
    for note in found.notes:
        typer.echo(f"Note: {note}")
    typer.echo(predicted_note(found.assumed))


def _show_assessment(found: Assessment) -> None:
    if found.flows:
        show_table(flow_table(found.flows), "Protected flows (predicted)")
        typer.echo()
    if found.under_failure:
        depth = {Failures.SINGLE: "single failures", Failures.PAIRS: "pairs of failures"}.get(found.failures, "")
        title = f"Under failure ({found.states} stable states, {depth}, predicted)"
        show_table(failure_table(found.under_failure), title)
        typer.echo()


@dataclass(frozen=True, slots=True)
class Section:
    """Findings of one kind. ``outcome``: the exit code that they lead to."""

    title: str
    problems: tuple[Problem, ...]
    outcome: Code = Code.AS_INTENDED


def sections(report: Report) -> Iterator[Section]:
    """What the rules found, the worst first; kinds of which there is nothing are left out."""
    violated, open_ = Outcome.VIOLATION, Outcome.INCONCLUSIVE
    fallbacks = () if report.network.assessment is None else report.network.assessment.fallbacks
    advice = [item for outcome in (violated, open_) for item in report.problems(outcome, mandatory=False)]
    lacking = code_of(report) is Code.INCONCLUSIVE and report.network.assessment is not None
    every = (
        Section("Violated", report.problems(violated), Code.VIOLATED),
        Section("To be declared", report.problems(open_), Code.INCONCLUSIVE),
        Section("Not in the export", report.network.not_exported if lacking else ()),
        Section("Allowed by mode preferred", fallbacks),
        Section("Advice", tuple(advice)),
        Section("Exceptions", report.exceptions),
    )
    return (section for section in every if section.problems)
