"""A stack's configuration with values changed by key path, as Pulumi hands it over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from tests.support.stacks import stack_config
from vpner.settings import parse
from vpner.settings.shape import Configuration

PREFIX = "vpner:"
MISSING = object()
"""In place of a value: take the key out."""


def decoded(stack: str) -> dict[str, Any]:
    """The stack's configuration as values."""
    given = {key.removeprefix(PREFIX): text for key, text in stack_config(stack).items() if key.startswith(PREFIX)}
    return {key: _value(text) for key, text in given.items()}


def changed(stack: str, changes: Mapping[str, object]) -> dict[str, Any]:
    """The same with values replaced by key path (``hub.subnets.app``, ``spokes[0].name``); parents are made."""
    values = decoded(stack)
    for path, value in changes.items():
        _put(values, path, value)
    return values


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as Pulumi hands them over: text as it is, everything else as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def parsed(stack: str, changes: Mapping[str, object], secret: frozenset[str] = frozenset()) -> Configuration:
    """Read a changed configuration. ``secret``: the top-level keys that the stack file encrypts."""
    return parse(texts(changed(stack, changes)), secret)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _put(values: Any, path: str, value: object) -> None:
    parts = [int(index) if index else key for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]
    *parents, last = parts
    for part in parents:
        if isinstance(part, str) and values.get(part) is None:
            values[part] = {}
        values = values[part]
    if value is MISSING:
        del values[last]
    elif isinstance(last, int) and last == len(values):
        values.append(deepcopy(value))
    else:
        values[last] = deepcopy(value)
