"""What a program registered, as text for golden files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import yaml
from pulumi.runtime import rpc

from tests.support.mocks import RecordingMonitor, Registration, tag

SECRET = "[secret]"
UNKNOWN = "[unknown]"


def plain(value: Any) -> Any:
    """A recorded value as YAML can show it: secrets and unknowns by name, whole numbers as such, keys sorted."""
    if is_secret(value):
        return SECRET
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in sorted(cast("Mapping[str, Any]", value).items())}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return UNKNOWN


def is_secret(value: Any) -> bool:
    """Whether a recorded value was sent to the engine as a secret."""
    if not isinstance(value, Mapping):
        return False
    return cast("Mapping[str, Any]", value).get(rpc._special_sig_key) == rpc._special_secret_sig


def render(monitor: RecordingMonitor) -> str:
    """Every resource by name, in the order of names, with what the program asked for."""
    names = {urn: item.name for urn, item in monitor.registrations.items()}
    graph = {
        item.name: _entry(item, names) for item in sorted(monitor.registrations.values(), key=lambda found: found.name)
    }
    return yaml.safe_dump(graph, sort_keys=False, width=110, allow_unicode=True)


def _entry(item: Registration, names: Mapping[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": tag(item.type)}
    if item.parent in names:
        entry["parent"] = names[item.parent]
    if item.inputs:
        entry["inputs"] = {key: _clipped(value) for key, value in plain(item.inputs).items()}
    depends = sorted({names[urn] for urn in item.depends_on if urn in names})
    for key, value in (
        ("dependsOn", depends),
        ("ignoreChanges", list(item.ignore_changes)),
        ("secretOutputs", list(item.secret_outputs)),
        ("timeouts", "/".join(part for part in item.timeouts if part)),
        ("hooks", list(item.hooks)),
        ("protect", item.protect),
        ("outputs", plain(item.outputs)),
    ):
        if value:
            entry[key] = value
    return entry


def _clipped(value: Any) -> Any:
    """Cloud-init and the like are long and tested elsewhere."""
    if isinstance(value, dict):
        return {key: _clipped(item) for key, item in cast("dict[str, Any]", value).items()}
    return f"{value[:24]}…" if isinstance(value, str) and len(value) > 200 else value
