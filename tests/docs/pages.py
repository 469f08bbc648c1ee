"""What a page tells its reader to do: commands in ``sh`` fences, what they print in the ``text`` fence after them.

- ``…`` alone on a line of the output stands for any number of lines, inside a line for any text.
- A command ends with 0, unless a comment behind it says ``# exit code N``.
- A fence that begins with a comment of one word (``# outside.yaml``) is a file that the reader writes.
- ``vpner simulate -- bash`` begins a shell in which Azure is simulated, ``exit`` ends it.
- ``<!-- not run: REASON -->`` before a fence: a reader runs it, the test does not.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.stacks import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
LANGUAGES = {"sh", "text", "yaml", "python", "json", "mermaid"}
SLOW = {"test", "mutants", "chaos", "emulate", "emulate-all", "bench", "docs", "lint"}
"""Targets of the Makefile that CI runs by themselves, or that take hours."""
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
EXIT_CODE = re.compile(r"#.*\bexit code (\d+)")
FILE = re.compile(r"# ([\w/-]+\.(?:yaml|py))\n")
SHELL, LEAVE = "vpner simulate -- bash", "exit"


@dataclass(frozen=True)
class Command:
    """One command of a page, or a file that its reader writes (``text`` is its content, ``file`` its name)."""

    page: str
    line: int
    text: str
    output: str | None = None
    """What the page says that it prints."""
    not_run: str = ""
    """Why the test does not run it."""
    file: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"

    @property
    def words(self) -> list[str]:
        return [] if self.file else shlex.split(self.text.replace("\\\n", " "), comments=True)

    @property
    def code(self) -> int:
        """The exit code that the page promises."""
        said = EXIT_CODE.search(self.text)
        return int(said.group(1)) if said and not self.file else 0

    @property
    def target(self) -> str | None:
        """Of ``make TARGET``."""
        return self.words[1] if self.words[:1] == ["make"] else None

    def has(self, *words: str) -> bool:
        """Whether these words stand in it, one after the other."""
        given = re.sub(r"[\"'();|$`]", " ", self.text).split()
        return not self.file and any(
            tuple(given[index : index + len(words)]) == words for index in range(len(given) - len(words) + 1)
        )

    def expects(self, printed: str) -> bool:
        """Whether it printed what the page says."""
        if self.output is None:
            return True
        lines = [line.rstrip() for line in self.output.strip("\n").split("\n")]
        pattern = "".join(
            "(?:.*\n)*" if line == "…" else ".*".join(re.escape(part) for part in line.split("…")) + "\n"
            for line in lines
        )
        text = "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").split("\n"))
        return re.fullmatch(pattern, text) is not None


def commands(page: Path) -> list[Command]:
    """In the order of the page. Fails on a fence whose kind nobody can tell."""
    found: list[Command] = []
    before = Token("", "", 0)
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence":
            line = token.map[0] + 2 if token.map else 0
            assert token.info in LANGUAGES, f"{page.name}:{line}: a fence is one of {sorted(LANGUAGES)}"
            if token.info == "sh":
                reason = NOT_RUN.fullmatch(before.content.strip()) if before.type == "html_block" else None
                found += _commands(page.name, line, token.content, reason.group(1) if reason else "")
            elif token.info == "text":
                assert (before.type, before.info) == ("fence", "sh"), f"{page.name}:{line}: the output of what?"
                last = found.pop()
                found.append(Command(last.page, last.line, last.text, token.content, last.not_run))
            elif named := FILE.match(token.content):
                found.append(Command(page.name, line, token.content, file=named.group(1)))
        if token.nesting >= 0 and token.type != "inline":
            before = token
    return found


def _commands(page: str, first: int, block: str, not_run: str) -> Iterator[Command]:
    """A block's commands; one goes on in the next line after a backslash, or until a loop is done."""
    text, at = "", first
    for number, line in enumerate(block.splitlines(), first):
        at = at if text else number
        text += line
        if text.endswith("\\") or (text.startswith("for ") and not text.endswith("done")):
            text += "\n"
        elif text.strip():
            yield Command(page, at, text, not_run=not_run)
            text = ""
        else:
            text = ""
    assert not text, f"{page}: a command that does not end: {text}"
