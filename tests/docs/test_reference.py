"""The reference is what the code has: every key, command, option, fact and rule, and nothing that is gone."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from tests.support.golden import assert_golden
from tests.support.stacks import ROOT
from vpner.cli import app
from vpner.routing.facts import facts
from vpner.rules import RULES
from vpner.settings import shape

DOCS = ROOT / "docs"
PAGES = runpy.run_path(str(DOCS / "generate_reference.py"))["PAGES"]
ROW = re.compile(r"^\| `(?:vpner:)?([^` ]+)", re.MULTILINE)


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def sections(page: str) -> dict[str, str]:
    """Text by heading of the second level."""
    parts = re.split(r"^## (.+)$", text(page), flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_reference_is_up_to_date(page: str) -> None:
    assert_golden(DOCS / page, PAGES[page]())


def test_every_key_of_the_configuration_is_described_and_no_other() -> None:
    found = sections("configuration.md")
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert ROW.findall(found.pop("")) == list(project["config"])
    models = {
        name: kind
        for name, kind in vars(shape).items()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__module__ == shape.__name__
    }
    listed = {name: ROW.findall(body) for name, body in found.items()}
    keys = {
        name: [field.alias for field in kind.model_fields.values()]
        for name, kind in models.items()
        if not name.startswith("_") and name != "Configuration"
    }
    assert listed == keys
    assert re.findall(r"^\| `.*\|\s*\|$", text("configuration.md"), re.MULTILINE) == [], "a key without a description"


def known(group: Any, before: str = "vpner") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{before} {name}", command
            if hasattr(command, "commands"):
                yield from known(command, f"{before} {name}")


def test_every_command_and_option_is_described_and_no_other() -> None:
    found = sections("commands.md")
    codes = re.findall(r"^\| (\d) \|", found.pop(""), re.MULTILINE)
    assert codes == ["0", "1", "2", "3"]
    commands = dict(known(get_command(app)))
    assert list(found) == list(commands)
    for name, command in commands.items():
        options = {option for item in command.params for option in item.opts if option.startswith("--")} - {"--help"}
        rows = "\n".join(line for line in found[name].splitlines() if line.startswith("| `--"))
        assert set(re.findall(r"`(--[\w-]+)", rows.replace(", `", "\n`"))) >= options, name
        first_cells = " ".join(line.split(" | ")[0] for line in rows.splitlines())
        assert set(re.findall(r"`(--[\w-]+)", first_cells)) == options, name


def test_every_fact_is_in_the_reference_and_no_other() -> None:
    assert ROW.findall(text("facts.md")) == list(facts())


def test_every_rule_is_in_the_reference_and_no_other() -> None:
    headings = re.findall(r"^#+ .*?`?([a-z0-9]+(?:-[a-z0-9]+)+)`?", text("rules.md"), re.MULTILINE)
    assert sorted(headings) == sorted(RULES)


def test_every_component_is_in_the_reference() -> None:
    page = DOCS / "components.md"
    if not page.exists():
        pytest.skip("docs/components.md is not there yet")
    import components  # noqa: PLC0415

    names = {
        name
        for name, kind in vars(components).items()
        if isinstance(kind, type) and issubclass(kind, pulumi.ComponentResource)
    }
    assert {name for name in names if name not in page.read_text(encoding="utf-8")} == set()
