"""``--failed``: a network after something has failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from vpner.problems import Problem, Problems
from vpner.routing import EVERY_TUNNEL, Solution, failable, failed_since, solve
from vpner.topology import Topology

FailedElements = Annotated[
    list[str] | None,
    typer.Option(
        "--failed",
        metavar="ELEMENT",
        help="After this has failed, as vpner check names it (vpn_connections/NAME); may be given again.",
    ),
]


def solve_failed(topology: Topology, names: Sequence[str] | None) -> Solution:
    """The network's solution, or what it comes to when all of these fail at once. Raises :class:`Problems`."""
    known = [*failable(topology), *([EVERY_TUNNEL] if topology.vpn_connections else [])]
    unknown = [name for name in names or () if name not in known]
    if unknown:
        why, remedy = "Only what the network has can fail", f"use of {', '.join(known)}" if known else "leave it out"
        problems = [Problem("--failed", f"unknown element {name}", why, remedy, "unknown-name") for name in unknown]
        raise Problems("command line", problems)
    steady = solve(topology)
    return failed_since(topology, names, steady) if names else steady
