"""Writes the pages of the reference that follow from code: ``python docs/generate_reference.py``.

configuration.md from Pulumi.yaml and the settings' shape, commands.md from the command line, facts.md from the routing
facts. A test compares each with the file.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import yaml
from typer.main import get_command

from vpner.cli import app
from vpner.cli.exits import Code
from vpner.render.grid import Grid
from vpner.routing.facts import Grade, facts
from vpner.settings.shape import Configuration

DOCS = Path(__file__).resolve().parent
WRITTEN = "<!-- Written by docs/generate_reference.py. Change the code that it reads, not this file. -->"
GRADES = {
    Grade.MEASURED: "tables of real networks show it",
    Grade.DOCUMENTED: "Microsoft's documentation or a standard says it",
    Grade.INFERRED: "it follows from the others",
    Grade.ASSUMED: "nobody has published it; the model has a switch of that name",
}
CODES = {
    Code.AS_INTENDED: "as intended, or the question was answered",
    Code.VIOLATED: "violated, or something differs",
    Code.INCONCLUSIVE: "something that is needed is unknown; the message says what to declare or to export",
    Code.BAD_INPUT: "bad input: arguments, files, a stack that cannot be previewed",
}


def _text(*parts: str) -> str:
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# The configuration


def configuration() -> str:
    """The text of docs/configuration.md."""
    project = yaml.safe_load((DOCS.parent / "Pulumi.yaml").read_text(encoding="utf-8"))
    schema = Configuration.model_json_schema(by_alias=True)
    kinds: dict[str, Any] = schema["$defs"]
    top = Grid(
        ("key", "type", "default", "what"),
        tuple(
            (f"`vpner:{key}`", _kind(schema["properties"][key]), _default(declared), _cell(declared["description"]))
            for key, declared in project["config"].items()
        ),
    )
    return _text(
        "# Configuration",
        WRITTEN,
        "The keys of a stack file, such as `Pulumi.dev.yaml`. Everything that is wrong in it is reported at once,\n"
        "before anything is registered. `azure-native:location` is Pulumi's own.",
        top.markdown(),
        *(part for name, kind in kinds.items() for part in _keys(name, kind)),
    )


def _keys(name: str, kind: dict[str, Any]) -> Iterator[str]:
    """A kind of object, and its keys."""
    yield f"## {name}"
    yield _cell(kind["description"])
    required = kind.get("required", ())
    yield Grid(
        ("key", "type", "default", "what"),
        tuple(
            (
                f"`{key}`",
                _kind(value),
                "(required)" if key in required else _default(value),
                _cell(value.get("description", "")),
            )
            for key, value in kind["properties"].items()
        ),
    ).markdown()


def _default(value: dict[str, Any]) -> str:
    if "default" not in value:
        return "(required)"
    given = value["default"]
    return "" if given is None or given in ([], {}) else f"`{json.dumps(given)}`"


def _kind(value: dict[str, Any]) -> str:
    """A type in words, with a link to the keys of an object."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in value:
        return " or ".join(f"`{item}`" for item in value["enum"])
    if "anyOf" in value:  # it may be null
        return _kind(value["anyOf"][0])
    if value["type"] == "array":
        return f"list of {_kind(value['items'])}"
    if value["type"] == "object":
        return f"object of {_kind(value['additionalProperties'])} by name"
    return str(value["type"])


# The commands


def commands() -> str:
    """The text of docs/commands.md."""
    group: Any = get_command(app)
    return _text(
        "# Commands and exit codes",
        WRITTEN,
        "`--help` says the same. Problems go to stderr, each with where, what, why, and what to write instead.",
        Grid(("exit code", "meaning"), tuple((str(int(code)), text) for code, text in CODES.items())).markdown(),
        *(part for name, command in _all(group) for part in _command(name, command)),
    )


def _all(group: Any, before: str = "vpner") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{before} {name}", command
            yield from _all(command, f"{before} {name}") if hasattr(command, "commands") else ()


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## {name}"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield f"`{paragraph}`" if paragraph.startswith("vpner ") and "\n" not in paragraph else paragraph
    rows = tuple(
        _parameter(item) for item in command.params if item.name != "help" and not getattr(item, "hidden", False)
    )
    if rows:
        yield Grid(("option", "what"), rows).markdown()


def _parameter(item: Any) -> tuple[str, str]:
    help_text = item.help or ""
    if item.param_type_name == "argument":
        return f"`{item.metavar or item.name.upper()}`", _cell(help_text)
    value = "" if item.is_flag else f" {item.metavar or _value(item)}"
    default = item.default if isinstance(item.default, str | int) and not isinstance(item.default, bool) else None
    shown = f" [default: {getattr(default, 'value', default)}]" if default is not None else ""
    names = ", ".join(f"`{option}{value}`" for option in item.opts)
    return names.replace("|", "\\|"), _cell(help_text) + shown


def _value(item: Any) -> str:
    """What stands behind an option: its choices, or its type."""
    kind = item.type_descriptor.annotation
    return "|".join(str(item.value) for item in kind) if issubclass(kind, Enum) else kind.__name__.upper()


# The facts


def known() -> str:
    """The text of docs/facts.md."""
    return _text(
        "# How Azure routes: the facts",
        WRITTEN,
        "What the [routing model](routing.md) knows, one fact a rule; `vpner why` names the one that decides at each\n"
        "hop. A source of the form *case NN* is a published network in `tests/cases`.",
        Grid(("grade", "meaning"), tuple((str(grade), text) for grade, text in GRADES.items())).markdown(),
        Grid(
            ("fact", "statement", "source", "year", "grade"),
            tuple(
                (f"`{fact.id}`", _cell(fact.statement), _cell(fact.source), str(fact.date), fact.grade.value)
                for fact in facts().values()
            ),
        ).markdown(),
    )


PAGES = {"configuration.md": configuration, "commands.md": commands, "facts.md": known}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (DOCS / file).write_text(page(), encoding="utf-8")
