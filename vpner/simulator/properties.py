"""What Pulumi's azure-native provider makes of properties: types, previews, differences, refreshed inputs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from vpner.simulator.protocol import UNKNOWN
from vpner.simulator.schema import Property, Shape
from vpner.simulator.store import Body

_PYTHON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "array": list,
    "object": dict,
    "map": dict,
}


def type_failures(inputs: Mapping[str, object], shape: Shape, where: str = "") -> list[str]:
    """Inputs whose kind is not the schema's; unknown ones pass."""
    return [
        failure
        for name, value in inputs.items()
        if name in shape
        for failure in _type_failure(value, shape[name], f"{where}{name}")
    ]


def _type_failure(value: object, prop: Property, where: str) -> list[str]:
    expected_type = _PYTHON_TYPES.get(prop.kind)
    if value == UNKNOWN or expected_type is None:
        return []
    if not isinstance(value, expected_type) or (prop.kind == "number" and isinstance(value, bool)):
        return [f"'{where}' should be of type '{prop.kind}' but got a {type(value).__name__}"]
    if isinstance(value, dict) and prop.kind == "object":
        return type_failures(cast("Body", value), prop.shape, f"{where}.")
    if isinstance(value, list) and prop.item is not None:
        items = enumerate(cast("list[object]", value))
        return [failure for index, item in items for failure in _type_failure(item, prop.item, f"{where}[{index}]")]
    return []


def expected(inputs: Mapping[str, object], shape: Shape) -> Body:
    """Inputs in the shape of the outputs; whatever the inputs do not say is unknown."""
    return {name: _expected(inputs.get(name, UNKNOWN), prop) for name, prop in shape.items()}


def _expected(value: object, prop: Property) -> object:
    if isinstance(value, dict) and prop.kind == "object":
        return expected(cast("Body", value), prop.shape)
    if isinstance(value, dict) and prop.kind == "map" and prop.item is not None:
        item = prop.item
        return {name: _expected(entry, item) for name, entry in cast("Body", value).items()}
    if isinstance(value, list) and prop.kind == "array" and prop.item is not None:
        item = prop.item
        return [_expected(entry, item) for entry in cast("list[object]", value)]
    if prop.kind == "any":
        return cast("object", value)
    simple = prop.kind in ("string", "boolean", "number") and isinstance(value, _PYTHON_TYPES[prop.kind])
    return cast("object", value) if simple else UNKNOWN


def compare(before: Mapping[str, object], now: Mapping[str, object], replacing: set[str]) -> dict[str, str]:
    """Kind of change by property path. A change below a property that replaces the resource replaces it."""
    changes: dict[str, str] = {}
    for name in {**before, **now}:
        suffix = "_REPLACE" if name in replacing else ""
        if name not in now:
            changes[name] = f"DELETE{suffix}"
        elif name not in before:
            changes[name] = f"ADD{suffix}"
        elif name == "location" and _plain_location(before[name]) == _plain_location(now[name]):
            continue
        else:
            for path, change in _compare(name, before[name], now[name]).items():
                changes[path] = f"{change}{suffix}" if change == "UPDATE" else change
    return changes


def _compare(path: str, before: object, now: object) -> dict[str, str]:
    if isinstance(before, dict) and isinstance(now, dict):
        inside = compare(cast("Body", before), cast("Body", now), set())
        return {f"{path}.{name}": change for name, change in inside.items()}
    if isinstance(before, list) and isinstance(now, list):
        old, new = cast("list[object]", before), cast("list[object]", now)
        changes: dict[str, str] = {}
        for index in range(max(len(old), len(new))):
            where = f"{path}[{index}]"
            if index >= len(new):
                changes[where] = "DELETE"
            elif index >= len(old):
                changes[where] = "ADD"
            else:
                changes |= _compare(where, old[index], new[index])
        return changes
    return {} if before == now else {path: "UPDATE"}


def _plain_location(value: object) -> str:
    return str(value).replace(" ", "").lower()


def carry_over(inputs: Body, before: Mapping[str, object], now: Mapping[str, object]) -> Body:
    """Inputs after a refresh: what changed in Azure since the last time (``before`` to ``now``) is copied into them.

    What Azure filled in by itself was there before, too, so it stays out.
    """
    result = {name: value for name, value in inputs.items() if name not in before or name in now}
    for name, value in now.items():
        if name not in before:
            result[name] = value
        elif before[name] != value:
            result[name] = _carry_over(inputs[name], before[name], value) if name in inputs else value
    return result


def _carry_over(given: object, before: object, now: object) -> object:
    if isinstance(given, dict) and isinstance(before, dict) and isinstance(now, dict):
        return carry_over(cast("Body", given), cast("Body", before), cast("Body", now))
    if isinstance(given, list) and isinstance(before, list) and isinstance(now, list):
        mine, old, new = cast("list[object]", given), cast("list[object]", before), cast("list[object]", now)
        known = min(len(mine), len(old))
        return [_carry_over(mine[i], old[i], item) if i < known else item for i, item in enumerate(new)]
    return now
