"""What runs the pages fails where a page is wrong: made-up pages, each with one mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import commands
from tests.docs.reader import read

PAGES = {
    "true": ("```sh\nA=1\necho $A\n```\n```text\n1\n```\n", ""),
    "an output with lines left out": ("```sh\nseq 5\n```\n```text\n1\n…\n5\n```\n", ""),
    "another output": ("```sh\necho 1\n```\n```text\n2\n```\n", "prints something else"),
    "more output than the page has": ("```sh\nseq 2\n```\n```text\n1\n```\n", "prints something else"),
    "a command that fails": ("```sh\nfalse\necho 1\n```\n", "ended with 1"),
    "a command that fails as the page says": ("```sh\nfalse    # exit code 1\n```\n", ""),
    "a command that does not fail as the page says": ("```sh\ntrue    # exit code 1\n```\n", "ended with 0"),
    "a command that is not run": ("<!-- not run: of a reason -->\n```sh\nfalse\n```\n", ""),
    "a file": (
        "```yaml\n# sub/a.yaml\nb: 1\n```\n```sh\ngrep -c ^b sub/a.yaml\n```\n```text\n1\n```\n",
        "",
    ),
    "no such file": ("```sh\ncat nothing.yaml\n```\n", "No such file"),
}


@pytest.mark.parametrize("title", PAGES)
def test_a_page_with_a_mistake_is_told_from_one_that_is_true(title: str, tmp_path: Path) -> None:
    text, wrong = PAGES[title]
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    found = list(read(tmp_path, commands(page)))
    assert [wrong in item for item in found] == ([True] if wrong else [])


def test_the_reason_of_a_command_that_is_not_run_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: of a reason -->\n```sh\nmake up \\\n    AZURE=1\n```\n", encoding="utf-8")
    (found,) = commands(page)
    assert (found.not_run, found.words) == ("of a reason", ["make", "up", "AZURE=1"])


@pytest.mark.parametrize("text", ["```\nmake up\n```\n", "Words.\n\n```text\n1\n```\n", "```sh\nmake up \\\n```\n"])
def test_a_fence_that_nobody_can_tell_is_refused(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError, match=r"page\.md"):
        commands(page)
