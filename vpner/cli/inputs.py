"""Where a command has its network from: the one input grammar, ``--topology FILE`` or ``--stack NAME``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vpner.cli.stack import stack_topology
from vpner.problems import Problem, Problems
from vpner.readers.case import read_case
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
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]


def read_network(topology: str | None, stack: str | None) -> Topology:
    """The network that the two options name.

    Raises :class:`Problems` if not exactly one is given, if the file cannot be read, or with all that is wrong in it.
    """
    if topology is not None and stack is None:
        return read_case(_text(topology), "stdin" if topology == STDIN else Path(topology).name).topology
    if stack is not None and topology is None:
        return stack_topology(stack, Path.cwd())
    what = "both --topology and --stack are given" if topology else "neither --topology nor --stack is given"
    remedy = "give --topology FILE or --stack NAME"
    raise Problems("no network", [Problem("command line", what, "A command looks at one network", remedy, "input")])


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
