"""What a test expects of problems: the place, the code, the value that was given, and words that help."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from vpner.problems import Problem


class Expected(NamedTuple):
    """One problem. ``value`` is what the reader must find in the finding: usually what was written."""

    where: str
    code: str
    value: str


def refused(problems: Iterable[Problem], *expected: Expected | tuple[str, str, str]) -> None:
    """Exactly these problems, in any order, each of them well said."""
    found = sorted(problems, key=lambda problem: (problem.where, problem.code, problem.what))
    wanted = sorted(Expected(*item) for item in expected)
    assert [(item.where, item.code) for item in found] == [(item.where, item.code) for item in wanted]
    for problem, item in zip(found, wanted, strict=True):
        assert item.value in problem.what, f"{problem.what!r} does not name {item.value!r}"
        said_well(problem)


def said_well(problem: Problem) -> None:
    """A stable code, a finding, a rule and a way out, none of them empty."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", problem.code)
    for text in (problem.what, problem.why, problem.remedy):
        assert text.strip()
        assert text == text.strip()
        assert not text.endswith("."), "str(Problem) adds the full stop"
    assert problem.remedy not in (problem.what, problem.why)
