"""Two topologies side by side: where they differ, and which address of one a Symbol of the other stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any, cast

from vpner.readers.write import topology_document
from vpner.topology import Static, Symbol, Topology


def differences(first: Topology, second: Topology) -> list[str]:
    """A line for each key path, in format 1's words, at which the topologies differ. Equal ones have none."""
    found = list(_differences(_keyed(topology_document(first)), _keyed(topology_document(second)), ""))
    if not found and first != second:  # symbols of the same text, or an order that matters
        found = ["they differ in what the format does not write: an order, or the subnet that a Symbol comes from"]
    return found


def _differences(first: Any, second: Any, where: str) -> Iterator[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        ours, theirs = cast("dict[str, Any]", first), cast("dict[str, Any]", second)
        for key in sorted({*ours, *theirs}):
            yield from _differences(ours.get(key, _Missing), theirs.get(key, _Missing), _path(where, key))
    elif first != second:
        yield f"{where}: {_shown(first)} against {_shown(second)}"


def _path(where: str, key: str) -> str:
    return f"{where}{key}" if key.startswith("[") or not where else f"{where}.{key}"


class _Missing:
    """Stands for a key that one side does not have."""


def _shown(value: Any) -> str:
    return "nothing" if value is _Missing else str(value)


def _keyed(value: Any) -> Any:
    """Lists of things by what identifies each, so that one more entry is one difference."""
    if isinstance(value, Mapping):
        return {key: _keyed(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        names = [_identity(item) for item in items]
        if None not in names and len(set(names)) == len(names):
            return {f"[{name}]": _keyed(item) for name, item in zip(names, items, strict=True)}
        if any(isinstance(item, dict) for item in items):
            return {f"[{index}]": _keyed(item) for index, item in enumerate(items)}
    return cast("Any", value)


def _identity(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    entry = cast("dict[str, Any]", item)
    if "vnet" in entry and "remote" in entry:
        return f"{entry['vnet']} to {entry['remote']}"
    return cast("str | None", entry.get("name") or entry.get("prefix"))


def bindings(symbolic: Topology, known: Topology) -> dict[Symbol, IPv4Address]:
    """For each Symbol of one topology the address that the other has in its place.

    Things are paired by name. Static routes are not: their Symbols are those of a gateway's instances.
    """
    return dict(_bindings(symbolic, known))


def _bindings(symbolic: Any, known: Any) -> Iterator[tuple[Symbol, IPv4Address]]:
    if isinstance(symbolic, Symbol):
        if isinstance(known, IPv4Address):
            yield symbolic, known
        return
    if isinstance(symbolic, tuple):
        for one, other in _pairs(cast("tuple[Any, ...]", symbolic), known):
            yield from _bindings(one, other)
        return
    if type(symbolic) is type(known) and is_dataclass(symbolic) and not isinstance(symbolic, Static):
        for field in fields(symbolic):
            yield from _bindings(getattr(symbolic, field.name), getattr(known, field.name))


def _pairs(ours: tuple[Any, ...], known: Any) -> Iterator[tuple[Any, Any]]:
    """Things that have names by these, others by their place."""
    theirs = cast("tuple[Any, ...]", known) if isinstance(known, tuple) else ()
    if all(hasattr(item, "name") for item in (*ours, *theirs)):
        by_name = {item.name: item for item in theirs}
        yield from ((item, by_name.get(item.name)) for item in ours)
    elif len(ours) == len(theirs):
        yield from zip(ours, theirs, strict=True)


def bind(topology: Topology, addresses: Mapping[Symbol, IPv4Address]) -> Topology:
    """The topology with addresses in place of the Symbols that are known. A static route to one becomes its /32."""
    return cast("Topology", _bound(topology, addresses))


def _bound(value: Any, addresses: Mapping[Symbol, IPv4Address]) -> Any:
    if isinstance(value, Symbol):
        return addresses.get(value, value)
    if isinstance(value, tuple):
        return tuple(_bound(item, addresses) for item in cast("tuple[Any, ...]", value))
    item = value
    if isinstance(value, Static) and isinstance(value.prefix, Symbol) and value.prefix in addresses:
        item = replace(value, prefix=IPv4Network(addresses[value.prefix]))
    if is_dataclass(item) and not isinstance(item, type):
        return replace(item, **{field.name: _bound(getattr(item, field.name), addresses) for field in fields(item)})
    return item
