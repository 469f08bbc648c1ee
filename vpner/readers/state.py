"""Resources as JSON: a stack's exported state, and the snapshot that the policy pack writes of a preview."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from vpner.marks import SIGNATURE
from vpner.problems import Problem, Problems
from vpner.readers.resources import UNKNOWN, Resource, Snapshot, Value, of_interest

_UNKNOWN = {"unknown": True}
_FORMAT = "snapshot"
_VERSION = 1


def read_state(text: str, origin: str = "state") -> Snapshot:
    """The resources of ``pulumi stack export``, inputs and outputs together.

    Secrets are dropped, whether encrypted or shown. Resources that are to be deleted are left out.
    Raises :class:`Problems` if the text is no exported state.
    """
    document = _load(text, origin)
    deployment: Any = document.get("deployment", document)
    listed: Any = cast("Mapping[str, Any]", deployment).get("resources") if isinstance(deployment, dict) else None
    if not isinstance(listed, list):
        raise _refused(origin, "it has no deployment.resources", "export it with `pulumi stack export --file FILE`")
    try:
        return Snapshot(_from_state(cast("list[Mapping[str, Any]]", listed)))
    except (KeyError, TypeError, AttributeError) as error:
        raise _refused(
            origin, f"a resource in it is malformed ({type(error).__name__})", "export the stack again"
        ) from None


def _from_state(listed: list[Mapping[str, Any]]) -> Iterator[Resource]:
    for item in listed:
        token, urn = str(item["type"]), str(item["urn"])
        outputs = of_interest(token, cast("Mapping[str, Value]", _known(item.get("outputs") or {})))
        if outputs is None or item.get("delete"):
            continue
        inputs = of_interest(token, cast("Mapping[str, Value]", _known(item.get("inputs") or {}))) or {}
        references = cast("Mapping[str, list[str]]", item.get("propertyDependencies") or {})
        yield Resource(
            urn=urn,
            type=token,
            name=urn.rpartition("::")[2],
            # Nothing is left open here: what an output withholds, an input must not declare absent.
            properties={**inputs, **outputs},
            references={key: tuple(urns) for key, urns in references.items()},
            parent=item.get("parent") or None,
            depends_on=tuple(cast("list[str]", item.get("dependencies") or [])),
        )


def _known(value: Any) -> Value:
    """A value of the state; what is secret in it, or no plain data, is unknown."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return UNKNOWN if SIGNATURE in items else {key: _known(item) for key, item in items.items()}
    if isinstance(value, list):
        return [_known(item) for item in cast("list[Any]", value)]
    return _whole(value)


def snapshot_text(snapshot: Snapshot) -> str:
    """A snapshot as JSON text that :func:`read_snapshot` reads. Unknown values are ``{"unknown": true}``."""
    listed = [
        {
            "urn": item.urn,
            "type": item.type,
            "name": item.name,
            "parent": item.parent,
            "dependsOn": list(item.depends_on),
            "properties": _plain(item.properties),
            "references": {key: list(urns) for key, urns in item.references.items() if urns},
        }
        for item in snapshot.resources
    ]
    return json.dumps({_FORMAT: _VERSION, "resources": listed}, indent=1, sort_keys=True) + "\n"


def read_snapshot(text: str, origin: str = "snapshot") -> Snapshot:
    """The resources that the policy pack has written. Raises :class:`Problems` if the text is nothing of the kind."""
    document = _load(text, origin)
    remedy = "let the pack write it again: run `pulumi preview --policy-pack policies` with VPNER_SNAPSHOT_FILE set"
    if document.get(_FORMAT) != _VERSION or not isinstance(document.get("resources"), list):
        raise _refused(origin, f"it is no snapshot of version {_VERSION}", remedy)
    try:
        return Snapshot(
            Resource(
                urn=str(item["urn"]),
                type=str(item["type"]),
                name=str(item["name"]),
                properties=cast("Mapping[str, Value]", _decoded(item["properties"])),
                references={str(key): tuple(urns) for key, urns in item["references"].items()},
                parent=item["parent"],
                depends_on=tuple(item["dependsOn"]),
            )
            for item in document["resources"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _refused(origin, f"a resource in it is malformed ({type(error).__name__})", remedy) from None


def _plain(value: Value) -> Any:
    if value is UNKNOWN:
        return _UNKNOWN
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, Value]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[Value]", value)]
    return value


def _decoded(value: Any) -> Value:
    if value == _UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _decoded(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_decoded(item) for item in cast("list[Any]", value)]
    return _whole(value)


def _whole(value: Any) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _load(text: str, origin: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _refused(origin, f"it is no JSON ({error})", "give the file as it was written") from None
    if not isinstance(document, dict):
        raise _refused(origin, f"a {type(document).__name__} stands where an object should", "give the whole file")
    return cast("Mapping[str, Any]", document)


def _refused(origin: str, what: str, remedy: str) -> Problems:
    problem = Problem(origin, what, "A stack's resources are read from it", remedy, "resources-unreadable")
    return Problems(f"cannot read {origin}", [problem])
