"""Two configurations of OPNsense, value by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

from vpner.device.opnsense.model import Gateway, Interface, IpsecTunnel, Neighbour, OpnsenseConfig, Route

_IDENTITY = {
    Interface: "role",
    Gateway: "name",
    Route: "prefix",
    IpsecTunnel: "remote",
    Neighbour: "address",
}
"""What makes two entries of a list the same thing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that two configurations do not share. None: that side has no such value."""

    where: str
    """As ``tunnels[10.0.0.36].ike_proposals``."""
    one: object
    other: object

    def __str__(self) -> str:
        return f"{self.where}: {_shown(self.one)} against {_shown(self.other)}"


def differences(one: OpnsenseConfig, other: OpnsenseConfig) -> list[Difference]:
    """Every difference. The order of entries that have an identity does not matter."""
    return list(_differences("", one, other))


def _differences(where: str, one: object, other: object) -> Iterator[Difference]:
    if is_dataclass(one) and type(one) is type(other):
        for field in fields(one):
            name = f"{where}.{field.name}" if where else field.name
            yield from _differences(name, getattr(one, field.name), getattr(other, field.name))
        return
    mine, theirs = _entries(one), _entries(other)
    if mine is not None and theirs is not None:
        for key in dict.fromkeys((*mine, *theirs)):
            yield from _differences(f"{where}[{key}]", mine.get(key), theirs.get(key))
    elif one != other:
        yield Difference(where, one, other)


def _entries(value: object) -> dict[object, object] | None:
    """Entries of a list by their identity; None if they have none, or share one."""
    if not isinstance(value, tuple):
        return None
    items = cast("tuple[Any, ...]", value)
    if not all(type(item) in _IDENTITY for item in items):
        return None
    found = {getattr(item, _IDENTITY[type(item)]): item for item in items}
    return found if len(found) == len(items) else None


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, cast("tuple[object, ...]", value))) or "nothing"
    return "nothing" if value is None else str(value)
