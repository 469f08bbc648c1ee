"""Writes docs/components.md from the package's schema: ``python docs/generate_components.py``.

The prose stands in components.md.j2. A test compares the result with the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from components.package import Package

DOCS = Path(__file__).resolve().parent
DEFAULT = re.compile(r"(?:^|(?<=\. ))Default:? (?P<value>(?:[^.]|\.(?! |$))*)\.(?: |$)")


@dataclass(frozen=True)
class Key:
    """One input, output or key of a type."""

    name: str
    type: str
    """As Markdown."""
    required: bool
    plain: bool
    """Whether it must be known when the program runs."""
    default: str
    description: str


@dataclass(frozen=True)
class Section:
    """A component, or a type of an input."""

    name: str
    description: str
    inputs: list[Key]
    outputs: list[Key]
    members: list[tuple[str, str]]
    """Values of an enumeration, each with its meaning."""


def page() -> str:
    """The text of docs/components.md."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(DOCS),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    schema = json.loads(Package().schema or "{}")
    text = environment.get_template("components.md.j2").render(
        version=schema["version"],
        components=list(sections(schema["resources"])),
        types=list(sections(schema["types"])),
    )
    return text.rstrip() + "\n"


def sections(kinds: Mapping[str, Any]) -> Iterator[Section]:
    for token, kind in sorted(kinds.items()):
        component = kind.get("isComponent", False)
        outputs = kind if component else {}
        inputs = {"properties": kind["inputProperties"], "required": kind["requiredInputs"]} if component else kind
        members = [(str(member["value"]), line(member["description"])) for member in kind.get("enum", ())]
        name = token.rpartition(":")[2]
        yield Section(name, line(kind["description"]), list(keys(inputs)), list(keys(outputs)), members)


def keys(kind: Mapping[str, Any]) -> Iterator[Key]:
    """Required ones first."""
    required = kind.get("required", [])
    for name, prop in sorted(kind.get("properties", {}).items(), key=lambda item: item[0] not in required):
        text = line(prop["description"])
        found = DEFAULT.search(text)
        rest = DEFAULT.sub("", text).strip()
        yield Key(name, shown(prop), name in required, prop.get("plain", False), found["value"] if found else "", rest)


def shown(prop: Mapping[str, Any]) -> str:
    """A type in words, linked where it is one of the package's."""
    reference = str(prop.get("$ref", ""))
    if reference.startswith("#/types/"):
        name = reference.rpartition(":")[2]
        return f"[{name}](#{name.lower()})"
    if reference.endswith("#/provider"):
        return f"provider of {reference.split('/')[1]}"
    if "items" in prop:
        return f"list of {shown(prop['items'])}"
    if "additionalProperties" in prop:
        return f"map of {shown(prop['additionalProperties'])}"
    return str(prop["type"])


def line(text: str) -> str:
    """In one line, as a table needs it."""
    return " ".join(text.split()).replace("|", "\\|").replace("``", "`")


if __name__ == "__main__":
    (DOCS / "components.md").write_text(page(), encoding="utf-8")
