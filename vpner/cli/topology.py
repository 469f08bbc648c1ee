"""``vpner topology``: any input as topology format 1."""

from __future__ import annotations

import typer

from vpner.cli.inputs import ArmExport, AsJson, DeclaredFile, StackName, TopologyFile, read_network
from vpner.cli.output import show_json
from vpner.readers.write import topology_document, write_topology


def topology(
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the network as topology format 1, without the tables of a case.

    vpner topology --stack dev > dev.yaml

    Reading what it prints gives the same network.
    """
    network = read_network(topology, stack, declared, arm)
    if as_json:
        show_json(topology_document(network))
    else:
        typer.echo(write_topology(network), nl=False)
