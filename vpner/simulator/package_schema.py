"""The simulated azure-native package in Pulumi's schema, for languages that read it, as YAML does, and for its tools.

It has the types that are simulated, taken from the SDK like everything else. Objects are not described any further, and
functions are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from vpner.simulator import schema
from vpner.simulator.kinds import KINDS
from vpner.simulator.schema import Kind, Property, Shape

_ANY = {"$ref": "pulumi.json#/Any"}
_SCALARS: frozenset[Kind] = frozenset({"string", "boolean", "number"})


def azure_native(version: str) -> str:
    """Pulumi's package schema as JSON, with the version of the SDK."""
    resources = {
        kind.type.token: {
            "inputProperties": _properties(inputs),
            "requiredInputs": [name for name in kind.type.parameters[:-1] if name in inputs],
            "properties": _properties(schema.outputs_of(kind.type)),
        }
        for kind in KINDS.values()
        for inputs in (schema.inputs_of(kind.type),)
    }
    provider = {"inputProperties": {"subscriptionId": {"type": "string"}, "location": {"type": "string"}}}
    return json.dumps({"name": "azure-native", "version": version, "provider": provider, "resources": resources})


def _properties(shape: Shape) -> Mapping[str, object]:
    return {name: _type(prop) for name, prop in shape.items() if name != "id"}


def _type(prop: Property | None) -> Mapping[str, object]:
    if prop is None:
        return _ANY
    if prop.kind in _SCALARS:
        return {"type": prop.kind}
    if prop.kind == "array":
        return {"type": "array", "items": _type(prop.item)}
    if prop.kind == "map":
        return {"type": "object", "additionalProperties": _type(prop.item)}
    return _ANY
