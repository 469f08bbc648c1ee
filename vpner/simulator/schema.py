"""What the azure-native SDK's own classes say about a type: its inputs, its outputs, and their nested shapes.

The simulated provider takes its schema from the SDK that the program uses, so the two cannot disagree on a name.
"""

from __future__ import annotations

import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from threading import Lock
from typing import Any, Literal, cast

import pulumi

from vpner.arm import ResourceType

Kind = Literal["string", "boolean", "number", "array", "object", "map", "any"]


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its kind, and what is inside."""

    kind: Kind
    required: bool = True
    choices: tuple[str, ...] = ()
    """Values that Azure knows, if it is an enumeration."""
    item: Property | None = None
    """Elements of an array, values of a map."""
    sdk_class: type | None = None
    """SDK class of an object."""

    @property
    def shape(self) -> Shape:
        """Properties of an object."""
        return {} if self.sdk_class is None else shape_of(self.sdk_class)


Shape = Mapping[str, Property]
"""Properties by the name that the provider protocol uses (ARM's spelling, with ``properties`` flattened)."""


@cache
def inputs_of(resource_type: ResourceType) -> Shape:
    """Inputs of a resource, path parameters included."""
    module = sys.modules[_resource_class(resource_type).__module__]
    args = next(name for name in module.__all__ if name.endswith("Args"))
    return shape_of(getattr(module, args))


@cache
def outputs_of(resource_type: ResourceType) -> Shape:
    """Outputs of a resource. Path parameters are none of them."""
    return shape_of(_resource_class(resource_type))


@cache
def shape_of(sdk_class: type) -> Shape:
    """Properties of an SDK class, for resources, arguments and nested types alike."""
    return dict(_properties(sdk_class))


def project(value: object, prop: Property) -> object:
    """Keep of a value what the property's shape has; anything else is dropped without a word, as the provider does."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        if prop.kind == "object":
            return project_all(entries, prop.shape)
        if prop.kind == "map" and prop.item is not None:
            return {key: project(entry, prop.item) for key, entry in entries.items()}
        return dict(entries)
    if isinstance(value, list) and prop.item is not None:
        return [project(entry, prop.item) for entry in cast("list[object]", value)]
    return cast("object", value)


def project_all(values: Mapping[str, object], shape: Shape) -> dict[str, object]:
    """:func:`project` for each property; null is left out."""
    return {name: project(value, shape[name]) for name, value in values.items() if name in shape and value is not None}


def api_version(resource_type: ResourceType) -> str:
    """Azure's API version that the SDK's default module of the type speaks."""
    constructor = typing.get_overloads(_resource_class(resource_type).__init__)[0]
    _, _, rest = (constructor.__doc__ or "").partition("Azure REST API version ")
    return rest[: len("YYYY-MM-DD")]


_LOADING = Lock()
"""The SDK loads its modules at their first use, which two threads must not do at once."""


def _resource_class(resource_type: ResourceType) -> type:
    _, module, name = resource_type.token.split(":")
    with _LOADING:
        return cast("type", getattr(import_module(f"pulumi_azure_native.{module}"), name))


def _properties(sdk_class: type) -> Iterable[tuple[str, Property]]:
    namespace = {"Output": pulumi.Output, "T": typing.TypeVar("T")}
    for _, member in inspect.getmembers(sdk_class, lambda member: isinstance(member, property)):
        getter = cast("property", member).fget
        name = getattr(getter, "_pulumi_name", None)
        if getter is not None and isinstance(name, str):
            yield name, _parse(typing.get_type_hints(getter, localns=namespace)["return"])


_PRIMITIVES: Mapping[object, Kind] = {str: "string", bool: "boolean", int: "number", float: "number", Any: "any"}


def _parse(hint: object) -> Property:
    origin = typing.get_origin(hint)
    if origin is not None:
        return _parse_generic(origin, typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Property("string", choices=tuple(str(member.value) for member in hint))
    if hint in _PRIMITIVES:
        return Property(_PRIMITIVES[hint])
    return Property("object", sdk_class=cast("type", hint))


def _parse_generic(origin: object, arguments: tuple[object, ...]) -> Property:
    if origin is pulumi.Output:
        return _parse(arguments[0])
    if origin is collections.abc.Sequence:
        return Property("array", item=_parse(arguments[0]))
    if origin is collections.abc.Mapping:
        return Property("map", item=_parse(arguments[1]))
    assert origin in (typing.Union, types.UnionType), origin
    return _parse_union(arguments)


def _parse_union(arguments: tuple[object, ...]) -> Property:
    """Optional[X], Input[X], or text that may also be a member of an enumeration."""
    outer = (pulumi.Output, collections.abc.Awaitable)
    meant = [item for item in arguments if item is not type(None) and typing.get_origin(item) not in outer]
    parsed = [_parse(item) for item in meant]
    first = parsed[0]
    choices = tuple(choice for prop in parsed for choice in prop.choices)
    required = first.required and type(None) not in arguments
    return Property(first.kind, required, choices, first.item, first.sdk_class)
