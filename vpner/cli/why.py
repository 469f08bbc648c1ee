"""``vpner why``: the way between two addresses, hop by hop."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated

import typer

from vpner.cli.failed import FailedElements, solve_failed
from vpner.cli.inputs import ArmExport, AsJson, DeclaredFile, StackName, TopologyFile, read_network
from vpner.cli.output import predicted_note, show_json
from vpner.problems import Problem, Problems
from vpner.render.verdicts import explanation_json
from vpner.routing import explain_lines
from vpner.routing import why as explain
from vpner.topology import Topology


def why(
    source: Annotated[str, typer.Argument(metavar="SRC", help="IPv4 address, or name of a NIC.")],
    destination: Annotated[str, typer.Argument(metavar="DST", help="The same.")],
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    failed: FailedElements = None,
    as_json: AsJson = False,
) -> None:
    """Explain the way between two addresses, there and back: at each hop the route that wins, by which rule, and what
    it beats.

    vpner why 10.0.1.4 10.100.0.100 --topology examples/reference-lab.yaml
    """
    network = read_network(topology, stack, declared, arm)
    ends = [_address(network, text, where) for text, where in ((source, "SRC"), (destination, "DST"))]
    solution = solve_failed(network, failed)
    found = explain(network, solution, ends[0], ends[1])
    if as_json:
        show_json(explanation_json(found))
        return
    typer.echo("\n".join(explain_lines(found)))
    typer.echo(predicted_note(solution.assumed), err=True)


def _address(topology: Topology, text: str, where: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        pass
    nic = next((nic for nic in topology.nics if nic.name == text), None)
    if nic is not None and isinstance(nic.ip, IPv4Address):
        return nic.ip
    what = f"{text!r} is neither an IPv4 address nor a NIC of the network"
    if nic is not None:
        what = f"only Azure will know the address of {text}"
    reason = "IPv6 flows are not modelled" if ":" in text else "A way is traced between two known addresses"
    remedy = "write an address such as 10.0.1.4"
    raise Problems("command line", [Problem(where, what, reason, remedy, "address")])
