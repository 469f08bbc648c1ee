"""The model's tables against those of the daemons: prefix, next hop, AS path, and which path is selected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.emulation.control import Row, Table
from vpner.emulation.speakers import TRANSPORT, ControlPlan, Role
from vpner.routing import BgpRoute, Tables

Path = tuple[IPv4Network, tuple[int, ...], str, bool]


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that one of the two has and the other has not."""

    speaker: str
    prefix: IPv4Network
    as_path: tuple[int, ...]
    next_hop: str
    selected: bool
    held_by: str
    """``model`` or ``FRR``."""

    def __str__(self) -> str:
        path = " ".join(map(str, self.as_path)) or "own"
        star = " selected" if self.selected else ""
        return f"{self.speaker}: only {self.held_by} has {self.prefix} via {self.next_hop} path {path}{star}"


def differences(
    plan: ControlPlan, tables: Tables, found: Mapping[str, Table], remembered: bool = False
) -> list[Difference]:
    """Every path in which the model's tables and the daemons' differ.

    ``remembered``: something has happened before, so that of paths which only a tie-break tells apart either may be
    selected: the oldest is, and which one that is is a matter of milliseconds.
    """
    result: list[Difference] = []
    for name in plan.speakers:
        rows = list(predicted(plan, tables, name))
        model = {_of_model(row) for row in rows}
        own = plan.speakers[name].role is not Role.ROUTE_SERVER  # its own prefixes are in none of its tables
        daemon = {_of_daemon(row) for row in found[name] if own or row.peer}
        if remembered:
            equals = {_of_model(row)[:3] for row in rows if row.selected or row.decided_by.startswith("tie-")}
            unsure = {path for path in model ^ daemon if path[:3] in equals and _other(path) in model ^ daemon}
            model, daemon = model - unsure, daemon - unsure
        result += [Difference(name, *path, "model") for path in sorted(model - daemon)]
        result += [Difference(name, *path, "FRR") for path in sorted(daemon - model)]
    return result


def _other(path: Path) -> Path:
    """The same path, selected or not."""
    return *path[:3], not path[3]


def compared(plan: ControlPlan, found: Mapping[str, Table]) -> Mapping[str, int]:
    """How many paths of each speaker have been compared."""
    return {name: len(found[name]) for name in plan.speakers}


def predicted(plan: ControlPlan, tables: Tables, name: str) -> Iterator[BgpRoute]:
    """The model's table of a speaker."""
    role = plan.speakers[name].role
    if role is Role.EDGE:
        yield from tables.circuit_routes.get(name, ())
    elif role is Role.ROUTER:
        yield from tables.router_routes.get(name, ())
    elif role is Role.ROUTE_SERVER:
        for (server, _), rows in sorted(tables.route_server_learned.items()):
            yield from rows if server == name else ()
    else:
        yield from tables.gateway_learned.get(name, ())


def _of_model(row: BgpRoute) -> Path:
    assert isinstance(row.prefix, IPv4Network)
    hop = "own" if not row.peer else str(row.next_hop or "not published")
    return row.prefix, row.as_path, hop, row.selected


def _of_daemon(row: Row) -> Path:
    hop = "own" if row.next_hop is None else _shown(row.next_hop)
    return row.prefix, row.as_path, hop, row.selected


def _shown(address: IPv4Address) -> str:
    return "not published" if address in TRANSPORT else str(address)
