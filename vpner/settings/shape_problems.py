"""What pydantic finds wrong with a configuration's shape, in the project's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vpner.problems import Problem

Location = Sequence[int | str]


def shape_problems(project: str, model: type[BaseModel], error: ValidationError) -> Iterator[Problem]:
    """A problem for each error, with its key path, its value (scalars only) and what to write."""
    for item in error.errors(include_url=False, include_context=True):
        yield _problem(project, model, item)


def key_path(project: str, location: Location) -> str:
    """``("spokes", 1, "name")`` as ``vpner:spokes[1].name``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return f"{project}:{path}"


def _problem(project: str, model: type[BaseModel], item: ErrorDetails) -> Problem:
    where = key_path(project, item["loc"])
    keys = keys_at(model, item["loc"][:-1])
    last = str(item["loc"][-1]) if item["loc"] else ""
    match item["type"]:
        case "extra_forbidden":
            nearest = get_close_matches(last, keys, n=1)
            return Problem(
                where,
                f"the key {last!r} is unknown",
                f"Here the keys are {', '.join(keys)}; one that is not understood would be ignored without a word",
                f"did you mean {nearest[0]}? Write that" if nearest else "remove it, or write one of these",
                "unknown-key",
            )
        case "missing":
            return Problem(
                where,
                f"the key {last!r} is missing",
                "It has no default that would be right for every network",
                f"add {last}",
                "missing-key",
            )
        case "literal_error":
            expected = str(item.get("ctx", {}).get("expected", ""))
            choices = [part.strip("' ") for part in expected.replace(" or ", ",").split(",")]
            nearest = get_close_matches(str(item["input"]), choices, n=1)
            return Problem(
                where,
                f"{item['input']!r} is unknown",
                f"It must be one of {', '.join(choices)}",
                f"write {nearest[0]}" if nearest else "write one of these",
                "unknown-choice",
            )
        case _:
            value = item["input"]
            secret = any("key" in str(part).lower() for part in item["loc"])
            scalar = isinstance(value, str | int | float | bool) and not secret
            shown = f" ({value!r})" if scalar else ""
            return Problem(
                where,
                f"the value{shown} is of the wrong kind",
                item["msg"],
                "write the value as the rule says; text that looks like a number needs quotes, a number none",
                "wrong-kind",
            )


def keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """The keys that a configuration may have at a place, in the configuration's spelling."""
    kind: Any = model
    for part in location:
        kind = _model_in(kind)
        if isinstance(part, str):
            if kind is None:
                return []
            fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
            kind = fields.get(part)
    kind = _model_in(kind)
    return [] if kind is None else [field.alias or name for name, field in kind.model_fields.items()]


def _model_in(kind: Any) -> type[BaseModel] | None:
    """The model inside ``M``, ``M | None``, ``list[M]`` or ``dict[str, M]``."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (Union, UnionType, list, dict):
        found = [_model_in(argument) for argument in get_args(kind)]
        return next((item for item in found if item is not None), None)
    return None
