"""What a program in another language gives a component, checked against the package's schema.

The types of another language may have let it pass, or there are none.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

from pulumi import Output
from pulumi.output import Unknown
from pulumi.provider.experimental.analyzer import PropertyDefinition, PropertyType, TypeDefinition

from vpner.problems import Problem

_NUMBERS = (PropertyType.INTEGER, PropertyType.NUMBER)
_NAMES: Mapping[object, str] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


class Border:
    """Checks values by their definitions, and keeps every problem. Integers, which travel as floats, become whole."""

    def __init__(self, definition: Callable[[PropertyDefinition], TypeDefinition | None]) -> None:
        self.problems: list[Problem] = []
        self._definition = definition

    def object(
        self, where: str, properties: Mapping[str, PropertyDefinition], given: Mapping[str, Any], *, plain: bool = True
    ) -> dict[str, Any]:
        """The keys that there are. ``plain``: nothing around it may be known later only."""
        prefix = f"{where}." if where else ""
        self.problems += [
            _unknown_key(f"{prefix}{key}", key, list(properties)) for key in given if key not in properties
        ]
        checked: dict[str, Any] = {}
        for key, prop in properties.items():
            value = given.get(key)
            if value is not None:
                checked[key] = self._value(f"{prefix}{key}", prop, value, plain=plain)
            elif not prop.optional:
                self.problems.append(_missing(f"{prefix}{key}", key, prop))
        return checked

    def _value(self, where: str, prop: PropertyDefinition, value: Any, *, plain: bool) -> Any:
        plain = plain and bool(prop.plain)
        if isinstance(value, Output | Unknown):
            if plain:
                self.problems.append(_not_plain(where))
            return cast("Any", value)
        if prop.ref:
            return self._referred(where, prop, value, plain=plain)
        if prop.items:
            return self._list(where, prop.items, value, plain=plain)
        if prop.additional_properties:
            return self._map(where, prop.additional_properties, value, plain=plain)
        return self._scalar(where, prop.type, value)

    def _referred(self, where: str, prop: PropertyDefinition, value: Any, *, plain: bool) -> Any:
        kind = self._definition(prop)
        if kind is not None and kind.enum:
            self._choose(where, [str(member.value) for member in kind.enum], value)
        elif kind is not None:
            if isinstance(value, Mapping):
                return self.object(where, kind.properties, cast("Mapping[str, Any]", value), plain=plain)
            self.problems.append(_wrong(where, "an object", value))
        return value  # another package's resource, or a member

    def _list(self, where: str, item: PropertyDefinition, value: Any, *, plain: bool) -> Any:
        if isinstance(value, list):
            items = enumerate(cast("list[Any]", value))
            return [self._value(f"{where}[{at}]", item, each, plain=plain) for at, each in items]
        self.problems.append(_wrong(where, "a list", value))
        return value

    def _map(self, where: str, item: PropertyDefinition, value: Any, *, plain: bool) -> Any:
        if isinstance(value, Mapping):
            pairs = cast("Mapping[str, Any]", value).items()
            return {key: self._value(f"{where}.{key}", item, each, plain=plain) for key, each in pairs}
        self.problems.append(_wrong(where, "an object", value))
        return value

    def _scalar(self, where: str, kind: PropertyType | None, value: Any) -> Any:
        match kind:
            case PropertyType.STRING:
                right = isinstance(value, str)
            case PropertyType.BOOLEAN:
                right = isinstance(value, bool)
            case _:
                right = isinstance(value, int | float) and not isinstance(value, bool)
        if right and kind is PropertyType.INTEGER:
            right = float(value).is_integer()
            value = int(value) if right else value
        if not right and kind is not None:
            self.problems.append(_wrong(where, "a whole number" if kind in _NUMBERS else f"a {kind.value}", value))
        return value

    def _choose(self, where: str, choices: Sequence[str], value: Any) -> None:
        if value not in choices:
            nearest = get_close_matches(str(value), choices, n=1)
            self.problems.append(
                Problem(
                    where,
                    f"{value!r} is unknown",
                    f"It must be one of {', '.join(choices)}",
                    f"write {nearest[0]}" if nearest else "write one of these",
                    "unknown-choice",
                )
            )


def _unknown_key(where: str, key: str, known: Sequence[str]) -> Problem:
    nearest = get_close_matches(key, known, n=1)
    return Problem(
        where,
        f"the key {key!r} is unknown",
        f"Here the keys are {', '.join(known)}; one that is not understood would be ignored without a word",
        f"did you mean {nearest[0]}? Write that" if nearest else "remove it, or write one of these",
        "unknown-key",
    )


def _missing(where: str, key: str, prop: PropertyDefinition) -> Problem:
    meaning = " ".join((prop.description or "").split()).rstrip(".")
    return Problem(where, f"the key {key!r} is missing", f"It has no default: {meaning}", f"add {key}", "missing-key")


def _not_plain(where: str) -> Problem:
    return Problem(
        where,
        "the value is an output or a secret",
        "The network is checked before anything is created, so what it is planned from must be known by then",
        "write the value itself, or read it from configuration that is no secret",
        "not-plain",
    )


def _wrong(where: str, expected: str, value: Any) -> Problem:
    given = _NAMES.get(type(cast("object", value)), "something else")
    return Problem(where, f"the value is {given}", f"It must be {expected}", f"write {expected}", "wrong-kind")
