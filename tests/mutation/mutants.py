"""Mutants: single edits of the project's two stacks, each with the truth about it, written down by hand.

The truth is what the cited fact makes of the edit. Neither the routing model nor any rule is asked for it.

A mutant is *harmful* if after the edit, with everything up or after one failure against the intent's mode,

- protected traffic travels in clear, loops or is lost while it could travel in a tunnel, or
- a tunnel or its BGP session does not come up, or Azure refuses what it hangs on, or
- the protection is weaker: an algorithm, a protocol, a key.

Everything else is *harmless*, among it a worse but working design. That a spare path is gone is no harm by itself: how
many there must be is said elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from tests.support.mocks import SUBSCRIPTION
from vpner.readers.resources import Resource, Snapshot, Value
from vpner.rules.registry import DECLARED, Edit

GROUPS = {"dev": "lab-hs-vpner", "prod": "rg-encrypted-expressroute"}
"""The stacks, each with its resource group."""
REFERENCES = "references"
"""First key of an edit's path, if what changes is the resource that a property is made from, by its logical name."""


class Truth(StrEnum):
    HARMFUL = "harmful"
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class At:
    """Edits at one path of some resources, one for each value. Resources are ``STACK/LOGICAL NAME``."""

    resources: tuple[str, ...]
    path: str
    """As in :class:`Edit`; empty: the resource itself is removed."""
    values: tuple[Value, ...]
    """None removes what is there."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    truth: Truth
    fact: str
    """What decides: the id of a fact in ``vpner/routing/facts.yaml``, or a public document with its date."""
    because: str
    edits: tuple[At, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """A way to make mutants, and what is true of those that it makes."""

    name: str
    rows: tuple[Row, ...]

    def mutants(self) -> Iterator[Mutant]:
        for row in self.rows:
            for at in row.edits:
                for place in at.resources:
                    stack, _, resource = place.partition("/")
                    for value in at.values:
                        yield Mutant(self.name, stack, Edit(resource, at.path, value), row)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit of one stack."""

    operator: str
    stack: str
    edit: Edit
    row: Row

    @property
    def truth(self) -> Truth:
        return self.row.truth

    def __str__(self) -> str:
        edit = self.edit
        what = "removed" if not edit.path else f"without {edit.path}" if edit.value is None else None
        return f"{self.stack}/{edit.resource} {what or f'{edit.path} = {edit.value}'}"


def operator(name: str, *rows: Row) -> Operator:
    return Operator(name, rows)


def harmful(fact: str, because: str, *edits: At) -> Row:
    return Row(Truth.HARMFUL, fact, because, edits)


def harmless(fact: str, because: str, *edits: At) -> Row:
    return Row(Truth.HARMLESS, fact, because, edits)


def at(resources: str | tuple[str, ...], path: str, *values: Value) -> At:
    return At((resources,) if isinstance(resources, str) else resources, path, values)


def without(resources: str | tuple[str, ...], path: str = "") -> At:
    """A property, an item of a list, or the whole resource removed."""
    return at(resources, path, None)


def arm_id(stack: str, path: str) -> dict[str, str]:
    """A reference in ARM's words: ``arm_id("dev", "routeTables/NAME")``."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUPS[stack]}"
    return {"id": f"{group}/providers/Microsoft.Network/{path}"}


def mutate(good: Snapshot, edit: Edit) -> Snapshot:
    """The stack after an edit of one of its resources."""
    (target,) = [item for item in good.resources if item.name == edit.resource]
    if not edit.path:
        return Snapshot(item for item in good.resources if item is not target)
    kind, _, key = edit.path.partition(".")
    properties, references = deepcopy(dict(target.properties)), dict(target.references)
    if kind == REFERENCES:
        references[key] = tuple(_source(good, edit.value)) if edit.value is not None else ()
    else:
        assign(properties, edit.path, edit.value)
    changed = Resource(target.urn, target.type, target.name, properties, references, target.parent)
    return Snapshot(changed if item is target else item for item in good.resources)


def _source(good: Snapshot, resource: Value) -> Iterator[str]:
    """What another resource's property of the same name is made from."""
    name, _, key = str(resource).partition(".")
    for item in good.resources:
        if item.name == name:
            yield from item.references[key]


def assign(properties: dict[str, Value], path: str, value: Value) -> None:
    """Set the value at a path of keys and indices, or remove it. An index behind the last one appends."""
    *parts, last = path.split(".")
    holder: Any = properties
    for part in parts:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    if isinstance(holder, list):
        items = cast("list[Value]", holder)
        items[int(last) : int(last) + 1] = [] if value is None else [value]
    else:
        cast("dict[str, Value]", holder)[last] = value


def declaration(edit: Edit) -> Mapping[str, Value]:
    """What is declared beside the stack after the edit: nothing, unless that is what it edits."""
    return {edit.path: edit.value} if edit.resource == DECLARED else {}
