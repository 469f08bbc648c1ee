"""``vpner emulate``: the network on real routers and a real IPsec stack, compared with the model."""

from __future__ import annotations

import time
from datetime import date
from typing import Annotated

import typer

from vpner.cli.exits import Code
from vpner.cli.inputs import ArmExport, AsJson, DeclaredFile, StackName, TopologyFile, read_network
from vpner.cli.output import show_json, show_table
from vpner.emulation import NotSettled, Report, Seen, single_failures
from vpner.emulation import emulate as run
from vpner.render.grid import Grid

_RULES = {True: "all equal", False: "different"}


def emulate(
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    failures: Annotated[bool, typer.Option("--failures", help="Also with every element down that can fail.")] = False,
    fail: Annotated[list[str] | None, typer.Option(metavar="ELEMENT", help="Also with this element down.")] = None,
    keep: Annotated[str, typer.Option(metavar="DIR", help="Keep captures and logs there.")] = "",
    as_json: AsJson = False,
) -> None:
    """Run the network in namespaces, with FRR and strongSwan, and compare its tables and packets with the model's.

    vpner emulate --topology examples/reference-lab.yaml

    Needs root, which changes nothing outside namespaces of its own. Exit code 0: all equal; 1: something
    differs; 2: the daemons find no state to stay in; 3: bad input, or a machine that cannot run it.
    """
    network = read_network(topology, stack, declared, arm)
    began = time.monotonic()

    def say(text: str) -> None:
        typer.echo(f"{time.monotonic() - began:5.1f} s  {text}", err=True)

    elements = list(single_failures(network)) if failures else fail or []
    try:
        report = run(network, date.today(), elements, say=say, keep=keep)
    except NotSettled as error:
        typer.echo(f"Inconclusive: {error}", err=True)
        raise typer.Exit(Code.INCONCLUSIVE) from None
    if as_json:
        show_json(report.document())
    else:
        _show(report)
    raise typer.Exit(Code.AS_INTENDED if report.agrees else Code.VIOLATED)


def _show(report: Report) -> None:
    for state in report.states:
        title = f"With {state.failed} down" if state.failed else "Steady state"
        _show_state(state, title)
    for item in report.conversations:
        what = f"{item.source}: ping {item.destination}: {item.ping} of 3 answers; curl answers {item.page!r}"
        typer.echo(f"{what}; {item.clear} packets in clear at the provider")
    typer.echo(f"{_RULES[report.agrees].upper()} (emulated, {report.seconds:.0f} s)")


def _show_state(state: Seen, title: str) -> None:
    unequal = {item.speaker for item in state.differences}
    rows = [(name, str(count), _RULES[name not in unequal]) for name, count in state.paths.items()]
    show_table(Grid(("Speaker", "Paths", "Model and FRR"), tuple(rows)), f"{title}: tables")
    for item in state.differences:
        typer.echo(str(item))
    typer.echo()
    flows = [
        (f.source, str(f.destination), f.expected.value, str(f.sent), str(f.arrived), str(f.clear), _RULES[f.agrees])
        for f in state.flows
    ]
    headers = ("From", "To", "Verdict", "Sent", "Arrived", "In clear", "Model and packets")
    show_table(Grid(headers, tuple(flows)), f"{title}: packets")
    for item in state.meanwhile:
        counted = f"{item.encrypted} encrypted, {item.clear} in clear, {item.lost} lost"
        typer.echo(f"Meanwhile, of {item.sent} packets from {item.source} to {item.destination}: {counted}")
    typer.echo(f"{state.udp} packets of IKE and ESP in UDP at the provider\n")
