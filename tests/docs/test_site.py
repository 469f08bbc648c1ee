"""The documentation: it builds without a warning, every page is reached, and its commands are those that there are."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from tests.support.stacks import ROOT
from vpner.cli import app

PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "index.html").is_file()


def test_every_page_is_in_the_navigation() -> None:
    def pages(value: Any) -> Iterator[str]:
        for item in value:
            for target in item.values():
                yield from [target] if isinstance(target, str) else pages(target)

    listed = list(pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    assert sorted(listed) == [page.name for page in PAGES]


def commands(tool: str) -> list[tuple[str, str]]:
    """Lines of pages and README that begin with a tool, and where they stand. Comments are left out."""
    found: list[tuple[str, str]] = []
    for page in (*PAGES, ROOT / "README.md"):
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(page.name, line) for line in lines if line.startswith(f"{tool} ") and "..." not in line]
    return found


@pytest.mark.parametrize(("page", "line"), commands("vpner"))
def test_a_command_that_is_shown_has_its_options(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    if "--" in words:
        words = words[: words.index("--")]
    group: Any = get_command(app)
    command: Any = group.commands[words[0]]
    while getattr(command, "commands", None) and len(words) > 1 and words[1] in command.commands:
        command, words = command.commands[words[1]], words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.strip("[]").partition("=")[0] for word in words if word.strip("[]").startswith("--")}
    assert given - {"--help"} <= known, page


@pytest.mark.parametrize(("page", "line"), commands("make"))
def test_a_target_that_is_shown_is_one_of_the_makefile(page: str, line: str) -> None:
    target = shlex.split(line, comments=True)[1]
    assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), page
