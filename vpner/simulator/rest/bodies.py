"""Stored resources in ARM's shape. The store has the SDKs' shape, in which ``properties`` is flattened away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from vpner.simulator import schema
from vpner.simulator.answers import response
from vpner.simulator.kinds import KINDS
from vpner.simulator.store import Body, Record, Snapshot

_ENVELOPE = frozenset(
    {"etag", "extendedLocation", "id", "identity", "kind", "location", "managedBy", "name", "plan", "tags", "type"}
    | {"zones"}
)
"""What stands beside ``properties``. [Learn: Azure Resource Manager, resource properties]"""
_WITH_SKU = frozenset(
    {"Microsoft.Network/bastionHosts", "Microsoft.Network/expressRouteCircuits", "Microsoft.Network/publicIPAddresses"}
)
"""Types whose ``sku`` stands beside ``properties``. Elsewhere, as in gateways and virtual hubs, it is one of them."""
_PART = frozenset({"id", "etag", "name"})
"""Properties by which the SDK shows that ARM gives an object inside a resource ``properties`` of its own."""


def arm_body(cloud: Snapshot, record: Record) -> Body:
    """A resource as ARM's GET shows it."""
    kind = KINDS[record.type]
    flat = response(cloud, kind, record)
    outer = _ENVELOPE | {"sku"} if record.type in _WITH_SKU else _ENVELOPE
    return {"name": record.name, "type": record.type, **_wrapped(flat, schema.outputs_of(kind.type), outer)}


def _wrapped(flat: Mapping[str, object], shape: schema.Shape, outer: frozenset[str]) -> Body:
    found: Body = {name: value for name, value in flat.items() if name in outer}
    inside = {name: _inner(value, shape.get(name)) for name, value in flat.items() if name not in outer}
    return {**found, "properties": inside}


def _inner(value: object, prop: schema.Property | None) -> object:
    if prop is None:
        return value
    if isinstance(value, list) and prop.item is not None:
        return [_inner(item, prop.item) for item in cast("list[object]", value)]
    if not isinstance(value, dict) or prop.kind != "object":
        return cast("object", value)
    entries = cast("Body", value)
    if prop.shape.keys() >= _PART and entries.keys() != {"id"}:
        return _wrapped(entries, prop.shape, _ENVELOPE)
    return {name: _inner(entry, prop.shape.get(name)) for name, entry in entries.items()}
