"""The commands of README.md and docs/: each is run, in the order of its page, and prints what the page says."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.docs.pages import PAGES, SLOW, Command, commands
from tests.docs.reader import read
from tests.support.golden import assert_golden
from tests.support.stacks import ROOT
from toolchain.azure_cli import installed
from vpner.cli import app
from vpner.emulation import missing

COMMANDS = {page.name: commands(page) for page in PAGES}
ALL = [item for found in COMMANDS.values() for item in found if not item.file]
AZ = "no Azure CLI: python -m toolchain.azure_cli installs it (733 MB)"
ROOT_ONLY = "needs root, FRR and strongSwan"


def pages() -> Iterator[Any]:
    """Each page that has a command to run, with what it needs."""
    for name, found in COMMANDS.items():
        run = [item for item in found if not item.file and not item.not_run and item.target not in SLOW]
        marks = []
        if any(item.has("make") or item.has("pulumi") or item.has("--stack") for item in run):
            marks.append(pytest.mark.engine)
        if any(item.has("az") for item in run):
            marks += [pytest.mark.az, pytest.mark.skipif(installed() is None, reason=AZ)]
        if any(item.has("vpner", "emulate") for item in run):
            lacking = missing()
            marks += [pytest.mark.root, pytest.mark.skipif(bool(lacking), reason=ROOT_ONLY)]
        if run:
            yield pytest.param(name, marks=marks, id=name)


@pytest.mark.parametrize("name", list(pages()))
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    wrong = list(read(tmp_path, COMMANDS[name]))
    assert not wrong, "\n\n".join(wrong)


def test_commands_that_are_not_run_are_few_and_each_has_its_reason() -> None:
    lines = [f"{item.page}: {item.text}  [{item.not_run}]" for item in ALL if item.not_run]
    assert_golden(
        Path(__file__).parent / "golden" / "not-run.txt", f"{len(lines)} of {len(ALL)}\n" + "\n".join(lines) + "\n"
    )


@pytest.mark.parametrize("item", [item for item in ALL if item.words[:1] == ["vpner"]], ids=str)
def test_a_command_that_is_shown_has_its_options(item: Command) -> None:
    words = item.words[1:]
    if "--" in words:
        words = words[: words.index("--")]
    group: Any = get_command(app)
    command: Any = group.commands[words[0]]
    while getattr(command, "commands", None) and len(words) > 1 and words[1] in command.commands:
        command, words = command.commands[words[1]], words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given - {"--help"} <= known


@pytest.mark.parametrize("item", [item for item in ALL if item.target], ids=str)
def test_a_target_that_is_shown_is_one_of_the_makefile(item: Command) -> None:
    known = subprocess.run(["make", "-n", *item.words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert known.returncode == 0, known.stderr
