"""What is still to be done to a connection, and to which connections, in which order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vpner.problems import Problem, Problems
from vpner.rotation.connections import Connection, Key


class Step(StrEnum):
    """In the order in which they are taken.

    The device comes before Azure: loading a key does nothing to tunnels that are up, since IKEv2 renews their keys
    without it (RFC 7296, section 2.8); whether Azure keeps them when its key changes, nobody says. If it does not, the
    device can authenticate at once.
    """

    MAKE = "make"
    """A new key in the stack's state. Both ends have the old one."""
    LOAD = "load"
    """The device has the new key. From now on the ends differ."""
    SET = "set"
    """Azure has it too, and returns it. The ends are equal again."""
    RECORD = "record"
    """The connection is Connected, and has the key in the state."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Whose keys are to be new."""

    names: Collection[str] = ()
    """Connections; none: all of them."""
    made_before: datetime | None = None
    """Only keys that were generated before, or nobody knows when. None: all, but if something was left unfinished, it
    is finished and nothing else is begun."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done to one connection."""

    connection: Connection
    steps: tuple[Step, ...]


def unfinished(connection: Connection, in_azure: Key) -> tuple[Step, ...]:
    """The steps that remain until state and Azure have the same key; none: they have.

    That Azure has the key proves that the device was said to have it before.
    """
    if in_azure != connection.key:
        return Step.LOAD, Step.SET, Step.RECORD
    return () if connection.recorded == connection.key else (Step.RECORD,)


def plan_work(
    connections: Sequence[Connection], in_azure: Mapping[str, Key], selection: Selection, loaded: Collection[str] = ()
) -> list[Work]:
    """What to do, in this order: first what was left unfinished. ``in_azure``: keys there by connection's name.

    Raises :class:`Problems` for unknown names (``loaded``: devices), for unfinished connections that are not selected,
    and for selected ones whose key is configured: nobody else can make a new one.
    """
    left = [Work(item, steps) for item in connections if (steps := unfinished(item, in_azure[item.name]))]
    behind = {work.connection.name for work in left}
    begun = [item for item in connections if item.name not in behind and _selected(item, selection, bool(left))]
    problems = [
        *_unknown("--connection", "VPN connection", [item.name for item in connections], selection.names),
        *_unknown("--loaded", "device", [item.device for item in connections], loaded),
        *(_elsewhere(name) for name in sorted(behind) if selection.names and name not in selection.names),
        *(_configured(item) for item in begun if item.key_urn is None),
    ]
    if problems:
        raise Problems("cannot rotate keys", problems)
    return [*left, *(Work(item, tuple(Step)) for item in begun)]


def _selected(connection: Connection, selection: Selection, something_left: bool) -> bool:
    if selection.names and connection.name not in selection.names:
        return False
    if selection.made_before is None:
        return not something_left
    return connection.made is None or connection.made < selection.made_before


def _unknown(option: str, kind: str, known: Sequence[str], names: Collection[str]) -> list[Problem]:
    why, remedy = "A key belongs to a VPN connection of the stack and its device", f"name one of {', '.join(known)}"
    return [
        Problem(option, f"the stack has no {kind} {name!r}", why, remedy, "rotation-name")
        for name in names
        if name not in known
    ]


def _elsewhere(name: str) -> Problem:
    return Problem(
        name,
        "its key is not the same in the stack's state and in Azure",
        "One connection at a time: while one may be down, the others carry its traffic",
        f"finish it first: vpner rotate-key --connection {name}",
        "rotation-unfinished",
    )


def _configured(connection: Connection) -> Problem:
    where = f"vpner:preSharedKeys.{connection.device}"
    return Problem(
        connection.name,
        f"its key is configured as {where}",
        "Who has chosen a key has to choose the next one, too",
        f"set a new one (pulumi config set --secret --path '{where}' reads it from stdin), then run this again; or "
        "select other connections with --connection",
        "rotation-configured",
    )
