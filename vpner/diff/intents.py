"""What a change does to the intent, and the intent that it is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from vpner.routing.flows import name_of
from vpner.topology import Intent, Mode, Topology

CHANGED = " (as changed)"
"""Stands after the name of an intent that the change words in another way."""


@dataclass(frozen=True, slots=True)
class IntentChange:
    """One intent that is not what it was."""

    name: str
    before: Intent | None
    """None: the change adds it."""
    after: Intent | None
    """None: the change removes it."""

    @property
    def weaker(self) -> bool:
        """Whether less is asked for, as far as one can tell: removed, of a weaker mode, or with more exemptions."""
        if self.before is None or self.after is None:
            return self.after is None
        return (self.before.mode, self.after.mode) == (Mode.REQUIRED, Mode.PREFERRED) or not set(
            self.after.exempt
        ) <= set(self.before.exempt)

    @property
    def what(self) -> tuple[str, ...]:
        """Names of the attributes that differ."""
        if self.before is None or self.after is None:
            return ()
        names = (field.name for field in fields(Intent) if field.name != "name")
        return tuple(name for name in names if getattr(self.before, name) != getattr(self.after, name))


def intent_changes(base: Topology, head: Topology) -> tuple[IntentChange, ...]:
    """By name, those of the base first."""
    before, after = _by_name(base), _by_name(head)
    return tuple(
        IntentChange(name, before.get(name), after.get(name))
        for name in (*before, *(name for name in after if name not in before))
        if before.get(name) != after.get(name)
    )


def judged_by(base: Topology, head: Topology) -> Topology:
    """The head with the base's intent, and with what it adds or words in another way beside it."""
    before = _by_name(base)
    return replace(head, intent=(*before.values(), *_added(before, _by_name(head))))


def _added(before: Mapping[str, Intent], after: Mapping[str, Intent]) -> Iterator[Intent]:
    for name, intent in after.items():
        if name not in before:
            yield intent
        elif intent != before[name]:
            yield replace(intent, name=f"{name}{CHANGED}")


def _by_name(topology: Topology) -> dict[str, Intent]:
    """A name that is given twice counts its occurrences."""
    found: dict[str, Intent] = {}
    named: Sequence[tuple[str, Intent]] = [(name_of(topology, item), item) for item in topology.intent]
    for name, intent in named:
        key, number = name, 2
        while key in found:
            key, number = f"{name} #{number}", number + 1
        found[key] = replace(intent, name=key)
    return found
