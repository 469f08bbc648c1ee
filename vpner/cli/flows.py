"""``vpner flows``: a verdict for every flow."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from vpner.cli.failed import FailedElements, solve_failed
from vpner.cli.inputs import ArmExport, AsJson, DeclaredFile, StackName, TopologyFile, read_network
from vpner.cli.output import predicted_note, show_json, show_table
from vpner.render.verdicts import flow_json, flow_table
from vpner.routing import all_flows, flows_of


def flows(
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    every: Annotated[
        bool, typer.Option("--all", help="From every subnet and device to every class of addresses, protected or not.")
    ] = False,
    failed: FailedElements = None,
    as_json: AsJson = False,
) -> None:
    """Predict what happens to every protected flow, in both directions, while nothing has failed or after
    --failed.

    vpner flows --topology examples/reference-lab.yaml --all

    A network without intent protects nothing: there, every flow is shown. The exit code is 0 whatever the verdicts are;
    vpner check is the one that judges.
    """
    network = read_network(topology, stack, declared, arm)
    solution = solve_failed(network, failed)
    shown = all_flows(network, solution) if every else flows_of(network, solution, date.today())
    if as_json:
        verdicts = [flow_json(item) for item in shown]
        show_json({"predicted": True, "assumed": list(solution.assumed), "flows": verdicts})
        return
    show_table(flow_table(shown), "Flows (predicted)")
    typer.echo(predicted_note(solution.assumed), err=True)
