"""Every state of a network that somebody can switch to: settings turned, and one element failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from vpner.routing import EVERY_TUNNEL, FlowVerdict, Solution, failable, failed_since, failing, flows_of, solve
from vpner.topology import Topology
from vpner.whatif.turns import AS_IS, PREFERENCE, PREPENDS, STAGE, Turn, combined

MOST_VERDICTS = 30_000
"""Settings and failures are combined where this many verdicts suffice; else failures are of the network as it is."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A setting, the words for its values, and the one that the network has."""

    name: str
    values: tuple[str, ...]
    current: str


@dataclass(frozen=True, slots=True)
class State:
    """What becomes of a network's flows. ``failed`` is an element, every tunnel, or nothing."""

    values: tuple[str, ...]
    """Of each switch."""
    failed: str
    topology: Topology
    solution: Solution
    flows: tuple[FlowVerdict, ...]


@dataclass(frozen=True, slots=True)
class Space:
    """The states that there are. ``full``: every failure with every setting."""

    switches: tuple[Switch, ...]
    failures: tuple[str, ...]
    networks: tuple[tuple[tuple[str, ...], Topology], ...]
    """By the values of the switches."""
    current: tuple[str, ...]
    full: bool

    def failures_of(self, values: tuple[str, ...], network: Topology) -> tuple[str, ...]:
        """Those that are computed with some settings: an element that is not built yet cannot fail."""
        if not self.full and values != self.current:
            return ()
        there = {*failable(network), *([EVERY_TUNNEL] if network.vpn_connections else [])}
        return tuple(name for name in self.failures if name in there)


def space(topology: Topology, today: date) -> Space:
    """Preference, prepends and stage, as far as the network has them, and everything that can fail."""
    present = [turn for turn in map(_with_as_is, (PREFERENCE, PREPENDS, STAGE)) if turn.values(topology)]
    networks = tuple(combined(topology, present))
    current = next(values for values, network in networks if network == topology)
    switches = tuple(
        Switch(turn.name, tuple(turn.values(topology)), value) for turn, value in zip(present, current, strict=True)
    )
    failures = (*failing(topology), *([EVERY_TUNNEL] if topology.vpn_connections else []))
    steady = flows_of(topology, solve(topology), today)
    full = len(networks) * (1 + len(failures)) * len(steady) <= MOST_VERDICTS
    return Space(switches, failures, networks, current, full)


def states(found: Space, today: date) -> Iterator[State]:
    """Every state that is computed. Flows of equal networks are judged once.

    Raises :class:`~vpner.routing.converge.Unsettled` where the model finds no answer.
    """
    judged: dict[tuple[Topology, str], tuple[Solution, tuple[FlowVerdict, ...]]] = {}

    def judged_as(network: Topology, failed: str) -> tuple[Solution, tuple[FlowVerdict, ...]]:
        if (network, failed) not in judged:
            solution = failed_since(network, (failed,), judged_as(network, "")[0]) if failed else solve(network)
            judged[network, failed] = solution, flows_of(network, solution, today)
        return judged[network, failed]

    for values, network in found.networks:
        for failed in ("", *found.failures_of(values, network)):
            yield State(values, failed, network, *judged_as(network, failed))


def _with_as_is(turn: Turn) -> Turn:
    """The same setting; where the network has another value than those that are tried, that one too."""

    def values(topology: Topology) -> dict[str, Topology]:
        found = turn.values(topology)
        return found if not found or topology in found.values() else {AS_IS: topology, **found}

    return Turn(turn.name, values)
