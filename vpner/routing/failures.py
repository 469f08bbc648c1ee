"""The stable states that a network can come to when elements fail and are repaired."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
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
    elements = [name for name in failable(topology) if _matters(topology, name)] if depth else []
    seen = {_identity(first)}
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
            solution = solve(topology, assumptions, failed, since=here.solution)
            there = Reached((*here.events, f"{event} {name}"), failed, solution)
            if _identity(there) not in seen:
                seen.add(_identity(there))
                queue.append(there)
    tunnels = frozenset(f"vpn_connections/{item.name}" for item in topology.vpn_connections)
    if tunnels and depth:
        yield Reached((f"fail {EVERY_TUNNEL}",), tunnels, solve(topology, assumptions, tunnels, since=first.solution))


def _identity(state: Reached) -> tuple[object, ...]:
    """What is down, and where every table sends packets. States that forward alike count as one.

    Ties between instances that forward alike would multiply states without changing what happens to any packet.
    """
    return state.failed, tuple(_forwarding(tables) for tables in state.solution.phases)


def _forwarding(tables: Tables) -> Hashable:
    effective = {id(rows): (subnet, rows) for subnet, rows in tables.effective.items()}
    learned = (tables.gateway_learned, tables.circuit_routes, tables.router_routes)
    return (
        frozenset((name, row.prefix, row.next_hops) for name, rows in effective.values() for row in rows),
        frozenset(
            (name, row.prefix, row.peer.rpartition("/")[0] or row.peer, row.connection)
            for group in learned
            for name, rows in group.items()
            for row in rows
            if row.selected
        ),
        tables.dead_tunnels,
    )


def _matters(topology: Topology, element: str) -> bool:
    """Its failure takes something away: an absent path, or a connection that is down, cannot fail."""
    whole, part = build(topology), build(topology, failed=frozenset({element}))
    return element.startswith("routers/") or _shape(whole) != _shape(part)


def _shape(fabric: Fabric) -> tuple[int, int, int]:
    origins = sum(map(len, fabric.origins.values()))
    return len(fabric.speakers), len(fabric.sessions), origins
