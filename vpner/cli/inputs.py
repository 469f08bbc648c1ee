"""Where a command has its network from: the one input grammar, ``--topology FILE`` or ``--stack NAME``."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from vpner.cli.stack import origin_of, stack_snapshot, stack_topology
from vpner.problems import Problem, Problems, refuse
from vpner.readers.case import read_case
from vpner.routing import Failures
from vpner.rules import Declared, Network, read_declared
from vpner.rules.declared import NOTHING, POLICY
from vpner.topology import Topology

STDIN = "-"

TopologyFile = Annotated[
    str | None,
    typer.Option(
        "--topology", metavar="FILE", help="The network: a topology of format 1, or a whole case. - reads stdin."
    ),
]
StackName = Annotated[
    str | None,
    typer.Option(
        "--stack", metavar="NAME", help="The network as the Pulumi project in this folder would deploy this stack now."
    ),
]
DeclaredFile = Annotated[
    str | None,
    typer.Option(
        "--policy-pack-config",
        metavar="FILE",
        help="What is declared beside it, as JSON: the policy pack's configuration file, of which declared-network is "
        "read. With --topology only exceptions and resilience count.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]


def read_network(topology: str | None, stack: str | None, declared_file: str | None = None) -> Topology:
    """The network that the two options name, completed by what is declared outside a stack.

    Raises :class:`Problems` if not exactly one is given, if a file cannot be read, or with all that is wrong in it.
    """
    declared = read_declared_file(declared_file)
    if _which(topology, stack) is not None:
        return stack_topology(str(stack), Path.cwd(), declared.topology)
    return _written(str(topology))


def read_judged(
    topology: str | None, stack: str | None, declared_file: str | None, today: date, failures: Failures
) -> Network:
    """The same for the rules, which judge a stack's resources too, and say themselves what of it cannot be read."""
    declared = read_declared_file(declared_file)
    if _which(topology, stack) is not None:
        snapshot = stack_snapshot(str(stack), Path.cwd())
        return Network(snapshot, declared, today=today, failures=failures, origin=origin_of(str(stack)))
    return Network.of_topology(_written(str(topology)), declared, today=today, failures=failures)


def read_declared_file(file: str | None) -> Declared:
    """The part of a policy pack's configuration that declares the network outside the stack, and exceptions."""
    if file is None:
        return NOTHING
    try:
        document: Any = json.loads(_text(file))
    except ValueError as error:
        document, what = None, f"it is no JSON ({error})"
    else:
        what = f"a {type(document).__name__} stands where an object should"
    if not isinstance(document, dict):
        why, remedy = "It has a policy pack's configuration by policy", f'write {{"{POLICY}": {{...}}}}'
        raise Problems(f"cannot read {file}", [Problem(file, what, why, remedy, "file")])
    declared, problems = read_declared(cast("dict[str, Any]", document).get(POLICY, {}))
    refuse(f"cannot read {file}", problems)
    return declared


def _which(topology: str | None, stack: str | None) -> str | None:
    """The stack, or None for a topology. Raises :class:`Problems` if not exactly one is given."""
    if (topology is None) is (stack is None):
        what = "both --topology and --stack are given" if topology else "neither --topology nor --stack is given"
        remedy = "give --topology FILE or --stack NAME"
        raise Problems("no network", [Problem("command line", what, "A command looks at one network", remedy, "input")])
    return stack


def _written(file: str) -> Topology:
    return read_case(_text(file), "stdin" if file == STDIN else Path(file).name).topology


def _text(file: str) -> str:
    try:
        if file == STDIN:
            return sys.stdin.buffer.read().decode("utf-8")
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        what, remedy = f"not UTF-8 text at byte {error.start}", "save it as UTF-8"
    except OSError as error:
        what, remedy = str(error.strerror), "give the path of a topology or case file, or - for stdin"
    raise Problems(f"cannot read {file}", [Problem(file, what, "A network is read from a text file", remedy, "file")])
