"""``vpner report``: a network as a file to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from vpner.cli.check import WORDS, code_of, sections
from vpner.cli.exits import Code
from vpner.cli.handoff import contracts_of
from vpner.cli.inputs import ArmExport, DeclaredFile, StackName, TopologyFile, read_judged, read_network
from vpner.cli.output import predicted_note
from vpner.device.plans import device_plans
from vpner.device.provider import provider_routers
from vpner.drawing import draw, place
from vpner.problems import Problem, Problems
from vpner.readers.stack import read_stack
from vpner.render.handoff import handoff_lines
from vpner.render.mermaid import mermaid
from vpner.render.page import Chapter, Page, page_html
from vpner.render.page_data import page_data
from vpner.render.svg import svg
from vpner.render.verdicts import failure_summary
from vpner.routing import Failures
from vpner.rules import Network, Report, evaluate
from vpner.topology import Topology
from vpner.whatif import space

_SUFFIXES = (".html", ".svg", ".mmd")


def report(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="*.html: the report; *.svg, *.mmd: the drawing alone."),
    ],
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    now: Annotated[
        datetime | None,
        typer.Option("--now", metavar="TIME", help="When it is made, UTC; with the same time it is the same file."),
    ] = None,
) -> None:
    """Write a report: the network drawn, its flows in every state of its settings and failures, findings, tables.

    vpner report --topology examples/reference-lab.yaml -o lab.html

    The file loads nothing and can be sent. Everything in it is computed by the routing model beforehand, and predicted.
    *.svg is the drawing for documents, *.mmd the same as Mermaid for pull requests. The exit code is 0 whatever the
    verdicts are; vpner check is the one that judges.
    """
    if output.suffix not in _SUFFIXES:
        why, remedy = "The suffix says what is written", f"end it in {', '.join(_SUFFIXES)}"
        raise Problems("command line", [Problem("-o", f"{output.name} ends otherwise", why, remedy, "output")])
    name = stack or Path(topology or str((arm or [""])[0])).stem
    if output.suffix == ".html":
        moment = now or datetime.now(UTC)
        judged = read_judged(topology, stack, declared, moment.date(), Failures.SINGLE, arm)
        text = _page(judged, name, moment, _origin(topology, stack, arm), stack=stack is not None)
    else:
        network = read_network(topology, stack, declared, arm)
        drawing = draw(network)
        flat = output.suffix == ".mmd"
        text = mermaid(network, drawing) if flat else svg(place(network, drawing), f"The network {name}")
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        why, remedy = "The report is written to a file", "give a path that can be written"
        problem = Problem("-o", f"{output}: {error.strerror}", why, remedy, "output")
        raise Problems("command line", [problem]) from None
    typer.echo(f"{output}: {len(text.encode()) / 1024:.0f} KiB", err=True)


def _page(judged: Network, name: str, moment: datetime, origin: str, *, stack: bool) -> str:
    if judged.topology is None:
        raise Problems("the network cannot be read", judged.missing)
    network, today = judged.topology, moment.date()
    report = evaluate(judged)
    found = judged.assessment
    drawing = draw(network)
    states = space(network, today)
    planned = stack and read_stack(judged.snapshot, judged.declared.topology, judged.origin) != network
    page = Page(
        name=name,
        made=moment.strftime("%Y-%m-%d %H:%M UTC"),
        version=version("vpner"),
        origin=f"{origin}, whose connections are planned and not built" if planned else origin,
        outcome=_outcome(report),
        predicted=predicted_note(found.assumed if found else ()),
        chapters=[Chapter(item.title, _KINDS.get(item.outcome, "other"), item.problems) for item in sections(report)],
        under_failure=failure_summary(found.under_failure) if found and found.under_failure else None,
        depth="single failures",
        states=found.states if found else 0,
        handoff=_handoff(network, contracts_of(judged.snapshot)),
        notes=_notes(found.notes if found else ()),
        given="as planned" if planned else "as given",
    )
    return page_html(page, network, place(network, drawing), states, page_data(network, drawing, states, today))


_KINDS = {Code.VIOLATED: "violated", Code.INCONCLUSIVE: "open"}


def _outcome(report: Report) -> str:
    return WORDS[code_of(report)] if report.network.concerned else "nothing to protect"


def _origin(topology: str | None, stack: str | None, arm: Sequence[Path] | None) -> str:
    """What the network was read from, without the folders of whoever made it."""
    if stack is not None:
        return f"the stack {stack}"
    if arm:
        return f"what Azure shows ({', '.join(path.name for path in arm)})"
    return "stdin" if topology == "-" else f"the file {Path(str(topology)).name}"


def _handoff(network: Topology, contracts: Sequence[Mapping[str, Any]]) -> str:
    """As ``vpner handoff`` prints it; empty where there is no device, or something is open that a device needs."""
    try:
        plans = device_plans(network, contracts)
    except Problems as problems:
        return str(problems)
    return "\n".join(handoff_lines(plans, provider_routers(network))) if plans else ""


def _notes(notes: Sequence[str]) -> list[str]:
    return [
        *(f"{note[:1].upper()}{note[1:]}." for note in notes),
        "The switches look up what the routing model has computed; the page itself decides nothing.",
        "Stage ordered has no connection yet, provisioned has them all.",
    ]
