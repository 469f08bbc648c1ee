"""A topology in format 1's words while it is read from resources, and everything that is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any, cast

from vpner.arm import parse_arm_id
from vpner.problems import Problem
from vpner.readers.resources import (
    UNKNOWN,
    Elsewhere,
    Resource,
    Snapshot,
    Unknown,
    Value,
    has_unknown,
    is_unmodelled,
    mappings,
)

FORMAT = "(topology format 1):"
"""In remedies, in front of what is to be declared, for whoever knows where."""
UNKNOWN_CODE = "stack-unknown"
OUTSIDE_CODE = "stack-outside"
NOT_MODELLED_CODE = "stack-not-modelled"


class Draft:
    """Collects the document and the problems. Things have Azure's names; equal ones get their resource group's too.

    ``declared`` is a part of a topology in format 1's words. It completes what the resources tell and wins where both
    say something; nothing is reported as missing that it says.
    """

    def __init__(self, snapshot: Snapshot, declared: Mapping[str, Any]) -> None:
        self.snapshot = snapshot
        self.declared = declared
        self.document: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self._labels = _labels(snapshot)

    def section(self, name: str) -> dict[str, Any]:
        """A mapping of the document by name, ``vnets``."""
        return self.document.setdefault(name, {})

    def entries(self, name: str) -> list[dict[str, Any]]:
        """A list of the document, ``peerings``."""
        return self.document.setdefault(name, [])

    def label(self, resource: Resource) -> str:
        """The resource's name in the topology."""
        return self._labels[resource.urn]

    def declares(self, section: str, name: str, *keys: str) -> bool:
        """Whether the declaration has something of that name, with at least one of the keys if any is given."""
        part: Any = self.declared.get(section)
        found: Any = None
        if isinstance(part, dict):
            found = cast("dict[str, Any]", part).get(name)
        elif isinstance(part, list):
            found = next((item for item in mappings(cast("Value", part)) if item.get("name") == name), None)
        return isinstance(found, dict) and (not keys or any(key in found for key in keys))

    # Problems

    def unknown(self, resource: Resource, path: str, remedy: str = "") -> None:
        self._report(
            resource,
            f"{path} is absent or unknown",
            "The network's routes depend on it",
            remedy or f"write {path} as a literal, or as an output that Pulumi knows at preview",
            UNKNOWN_CODE,
        )

    def outside(self, resource: Resource, path: str, what: str, declare: str) -> None:
        self._report(
            resource,
            f"{path} leads to {what}, which is not in this stack",
            "What is there takes part in the routing, and nothing is known of it",
            f"declare {FORMAT} {declare}",
            OUTSIDE_CODE,
        )

    def not_modelled(self, resource: Resource, what: str, declare: str) -> None:
        self._report(
            resource,
            what,
            "It changes routing in a way that is not read from resources",
            f"remove it, or declare its effect {FORMAT} {declare}",
            NOT_MODELLED_CODE,
        )

    def _report(self, resource: Resource, what: str, why: str, remedy: str, code: str) -> None:
        self.problems.append(Problem(str(resource), what, why, remedy, code))

    # Values

    def flag(self, resource: Resource, path: str) -> bool:
        """A boolean property; absent is false, as in ARM for every flag that is read."""
        value = resource.get(path)
        if value is UNKNOWN:
            self.unknown(resource, path)
        return value is True

    def number(self, resource: Resource, path: str, default: int) -> int:
        value = resource.get(path)
        if value is UNKNOWN:
            self.unknown(resource, path)
        return value if isinstance(value, int) else default

    def word(self, resource: Resource, path: str, words: Iterable[str], default: str = "") -> str:
        """One of an enumeration's words, in their spelling here: Azure ignores case."""
        value = resource.get(path)
        if value is None and default:
            return default
        found = next((w for w in words if isinstance(value, str) and w.casefold() == value.casefold()), None)
        if found is None:
            self.unknown(resource, path, f"write {path} as one of {', '.join(words)}")
        return found or default

    def texts(self, resource: Resource, path: str) -> list[str]:
        """A list of texts; absent is empty."""
        value = resource.get(path)
        if has_unknown(value):
            self.unknown(resource, path)
        return text_list(value)

    # References

    def parent(self, resource: Resource, key: str, kind: str) -> Resource | str | None:
        """The resource that a path parameter names; its bare name if that is not in the stack; None if unknown."""
        behind = self.snapshot.dependencies(resource, key, kind)
        name = self.snapshot.named(resource, key, kind)
        if len(behind) == 1:
            return behind[0]
        if name is None:
            return None
        own = parse_arm_id(resource.urn)  # of what Azure shows; a stack has Pulumi's URNs
        if own is not None and own.parent is not None:
            owner = str(own.parent).casefold()
            return next((item for item in self.snapshot.of_kind(kind) if item.urn.casefold() == owner), name)
        group = self.snapshot.group(resource)
        found = [
            item
            for item in self.snapshot.of_kind(kind)
            if (item.physical_name or "").casefold() == name.casefold()
            and _same_group(self.snapshot.group(item), group)
        ]
        return found[0] if len(found) == 1 else name

    def target(self, resource: Resource, path: str, kind: str, section: str, declare: str) -> str | None:
        """Name of what the id at ``path`` leads to. A problem, and None, if neither stack nor declaration has it."""
        return self.named_target(resource, path, self.snapshot.referred(resource, path, kind), section, declare)

    def named_target(
        self, resource: Resource, path: str, found: Resource | Elsewhere | Unknown | None, section: str, declare: str
    ) -> str | None:
        """As :meth:`target`, for a reference that is resolved already. ``NAME`` in ``declare`` is replaced."""
        if isinstance(found, Resource):
            return self.label(found)
        if isinstance(found, Elsewhere):
            parsed = parse_arm_id(found.id)
            name = parsed.name if parsed else found.id
            if not self.declares(section, name):
                self.outside(resource, path, name, declare.replace("NAME", name))
            return name
        remedy = f"refer to the resource's own output; if it is in another stack, declare {declare}"
        self.unknown(resource, path, remedy)
        return None


def address(value: Value) -> IPv4Address | None:
    """An IPv4 address, if the value is one."""
    try:
        return IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        return None


def prefix(value: Value) -> IPv4Network | None:
    """An IPv4 prefix, if the value is one."""
    try:
        return IPv4Network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        return None


def text(value: Value) -> str | None:
    """A text; None for everything else."""
    return value if isinstance(value, str) else None


def text_list(value: Value) -> list[str]:
    """The texts of a list."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [item for item in cast("Sequence[Value]", value) if isinstance(item, str)]


def _same_group(first: str | None, second: str | None) -> bool:
    return first is None or second is None or first.casefold() == second.casefold()


def _labels(snapshot: Snapshot) -> dict[str, str]:
    named = [item for item in snapshot.resources if item.arm_type is not None or is_unmodelled(item.type)]
    names = {item.urn: item.physical_name or item.name for item in named}
    for owner in (snapshot.group, _subscription):
        counted = Counter((item.kind, names[item.urn].casefold()) for item in named)
        for item in named:
            # Subnets and peerings are named within their network, and never looked up by this name.
            if counted[item.kind, names[item.urn].casefold()] > 1 and (prefix := owner(item)) is not None:
                names[item.urn] = f"{prefix}/{names[item.urn]}"
    return names


def _subscription(resource: Resource) -> str | None:
    identity = parse_arm_id(resource.urn)
    return None if identity is None else identity.subscription
