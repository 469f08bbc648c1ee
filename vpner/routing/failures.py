"""The stable states that a network can come to when elements fail and are repaired."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass

from vpner.routing.assumptions import DEFAULT, Assumptions
from vpner.routing.fabric import Fabric, build, failable
from vpner.routing.solution import Solution, Tables
from vpner.routing.solve import solve
from vpner.topology import Topology

MOST_STATES = 5000
"""Exploration ends there; what has been reached by then is judged, and the result says that it is not all."""

EVERY_TUNNEL = "every VPN connection"


@dataclass(frozen=True, slots=True)
class Reached:
    """A stable state: what happened since everything was up (``fail NAME``, ``repair NAME``), and what is down now."""

    events: tuple[str, ...]
    failed: frozenset[str]
    solution: Solution


def explore(
    topology: Topology, assumptions: Assumptions = DEFAULT, depth: int = 1, steady: Solution | None = None
) -> Iterator[Reached]:
    """Every stable state in which at most ``depth`` elements are down, the fewest events first.

    Routing remembers: of equal paths the oldest stays, and under Route Server traffic can stay on a path that took over
    (er-gateway-weight-first). So a state is what is down *and* what was selected before, and repairing everything need
    not lead back to the first state. Histories of up to ``depth + 1`` events are followed: for a depth of 1 a failure
    and its repair; for 2 also the repair of one of two, and a failure after a repair. The state in which every VPN
    connection is down comes last.
    """
    first = Reached((), frozenset(), steady or solve(topology, assumptions))
    elements = failing(topology) if depth else []
    identities = _Identities()
    seen = {identities.of(first)}
    known = {first.failed: [first.solution]}
    queue = deque([first])
    while queue:
        here = queue.popleft()
        yield here
        if len(here.events) > depth:
            continue
        fails = [("fail", name) for name in elements if name not in here.failed and len(here.failed) < depth]
        for event, name in (*fails, *(("repair", name) for name in sorted(here.failed))):
            if len(seen) >= MOST_STATES:
                break
            failed = here.failed | {name} if event == "fail" else here.failed - {name}
            before = known.setdefault(failed, [])
            solution = solve(topology, assumptions, failed, since=here.solution, known=before)
            if any(solution is item for item in before):
                continue
            before.append(solution)
            there = Reached((*here.events, f"{event} {name}"), failed, solution)
            identity = identities.of(there)
            if identity not in seen:
                seen.add(identity)
                queue.append(there)
    if topology.vpn_connections and depth:
        solution = failed_since(topology, (EVERY_TUNNEL,), first.solution)
        yield Reached((f"fail {EVERY_TUNNEL}",), solution.tables.failed, solution)


def failed_since(topology: Topology, names: Collection[str], steady: Solution) -> Solution:
    """What a network comes to when elements fail at once, after it stood as ``steady``."""
    failed = {name for name in names if name != EVERY_TUNNEL}
    if EVERY_TUNNEL in names:
        failed |= {f"vpn_connections/{item.name}" for item in topology.vpn_connections}
    return solve(topology, steady.assumptions, frozenset(failed), since=steady)


class _Identities:
    """What is down in a state, and where every table sends packets. States that forward alike count as one.

    Ties between instances that forward alike would multiply states without changing what happens to any packet.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of(self, state: Reached) -> Hashable:
        return state.failed, tuple(self._forwarding(tables) for tables in state.solution.phases)

    def _forwarding(self, tables: Tables) -> Hashable:
        """Routes as numbers, which compare faster; tables share them, so that each is looked at once."""
        rows = {id(row): row for rows in tables.effective.values() for row in rows}
        ways = {key: self._number((row.prefix, row.next_hops)) for key, row in rows.items()}
        learned = (tables.gateway_learned, tables.circuit_routes, tables.router_routes)
        return (
            tuple((subnet, tuple(ways[id(row)] for row in rows)) for subnet, rows in tables.effective.items()),
            frozenset(
                (name, self._number((row.prefix, row.peer.rpartition("/")[0] or row.peer, row.connection)))
                for group in learned
                for name, rows in group.items()
                for row in rows
                if row.selected
            ),
            tables.dead_tunnels,
        )

    def _number(self, what: Hashable) -> int:
        return self._numbers.setdefault(what, len(self._numbers))


def failing(topology: Topology) -> list[str]:
    """Elements whose failure takes something away: an absent path, or a connection that is down, cannot fail."""
    whole = _shape(build(topology))
    return [
        name
        for name in failable(topology)
        if name.startswith("routers/") or _shape(build(topology, failed=frozenset({name}))) != whole
    ]


def _shape(fabric: Fabric) -> tuple[int, int, int]:
    origins = sum(map(len, fabric.origins.values()))
    return len(fabric.speakers), len(fabric.sessions), origins
