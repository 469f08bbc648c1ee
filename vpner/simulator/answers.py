"""What Azure answers to a GET: a stored resource in the shape that the SDK knows."""

from __future__ import annotations

from typing import cast

from vpner.simulator import schema
from vpner.simulator.kinds import KINDS
from vpner.simulator.kinds.base import Kind, guid, is_within
from vpner.simulator.secrets import without_secrets
from vpner.simulator.store import Body, Record, Snapshot


def response(cloud: Snapshot, kind: Kind, record: Record) -> Body:
    """The whole body, without secrets: what was put, what Azure chose, and what follows from other resources."""
    shape = schema.outputs_of(kind.type)
    body: Body = {
        **without_secrets(record.body),
        "id": record.id,
        "name": record.name,
        "type": record.type,
        "etag": _etag(record),
        "provisioningState": "Succeeded",
        "resourceGuid": guid(record.id),
        **record.chosen,
    }
    body |= {name: _parts(cloud, record, arm_type) for name, arm_type in kind.inline.items()}
    body |= kind.view(cloud, record)
    identified = {name: _identify(record, name, value, shape[name]) for name, value in body.items() if name in shape}
    return {"id": record.id, **schema.project_all(identified, shape)}


def _parts(cloud: Snapshot, record: Record, arm_type: str) -> list[object]:
    return [response(cloud, KINDS[arm_type], part) for part in cloud.within(record.id, arm_type)]


def _identify(record: Record, name: str, value: object, prop: schema.Property) -> object:
    """A property as Azure shows it: named elements of a list have an id, an etag, a state; references only an id."""
    if not isinstance(value, list) or prop.item is None or not {"id", "etag", "name"} <= prop.item.shape.keys():
        return _refer(record, cast("object", value), prop)
    item = prop.item
    return [
        {
            "id": f"{record.id}/{name}/{element.get('name')}",
            "etag": _etag(record),
            "type": f"{record.type}/{name}",
            "provisioningState": "Succeeded",
            **cast("Body", _refer(record, element, item)),
        }
        for element in cast("list[Body]", value)
    ]


def _refer(record: Record, value: object, prop: schema.Property) -> object:
    """Reduce references to other resources, which the SDK fills with defaults, to their ids."""
    if isinstance(value, list) and prop.item is not None:
        return [_refer(record, element, prop.item) for element in cast("list[object]", value)]
    if not isinstance(value, dict) or prop.kind != "object":
        return cast("object", value)
    entries, shape = cast("Body", value), prop.shape
    target = entries.get("id")
    if "provisioningState" in shape and isinstance(target, str) and not is_within(target, record.id):
        return {"id": target}
    return {name: _refer(record, entry, shape[name]) if name in shape else entry for name, entry in entries.items()}


def _etag(record: Record) -> str:
    return f'W/"{guid(record.id, str(record.revision))}"'
