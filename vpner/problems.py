"""The one error model of settings, planners, readers and rules.

A check returns every :class:`Problem` that it finds, so that somebody who made three mistakes learns of all three at
once. Whoever cannot go on with problems raises them together as :class:`Problems`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from textwrap import indent, wrap


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that is wrong: where, what, why it matters and what to write instead."""

    where: str
    """Key path (``vpner:spokes[1].addressSpace[0]``), argument path or resource."""
    what: str
    """The finding, with the value that was given (never a secret's)."""
    why: str
    """The rule that it breaks."""
    remedy: str
    """What to write or do instead."""
    code: str
    """Stable kebab-case name of the rule, for tests and searches."""
    source: str = ""
    """Where the rule comes from: a public document, a measurement."""

    def at(self, prefix: str) -> Problem:
        """The same problem, found deeper: ``prefix`` goes in front of ``where``."""
        separator = "" if not self.where or self.where.startswith("[") else "."
        return replace(self, where=f"{prefix}{separator}{self.where}")

    def moved(self, move: Callable[[str], str]) -> Problem:
        """The same problem, its place named in another way."""
        return replace(self, where=move(self.where))

    def __str__(self) -> str:
        lines = _wrapped(f"{self.what}. {self.why}") + _wrapped(f"Remedy: {self.remedy}")
        if self.source:
            lines.append(f"Source: {self.source}")
        return f"{self.where} [{self.code}]\n" + indent("\n".join(lines), "    ")


def _wrapped(text: str) -> list[str]:
    """Lines of readable length; ids and prefixes stay whole."""
    return wrap(text, 100, break_long_words=False, break_on_hyphens=False)


class Problems(ValueError):
    """Every problem that was found, raised once."""

    def __init__(self, heading: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        listing = "\n".join(str(problem) for problem in self.problems)
        super().__init__(f"{heading}: {count} problem{'s' if count != 1 else ''}\n{indent(listing, '  ')}")


def refuse(heading: str, problems: Iterable[Problem]) -> None:
    """Raise :class:`Problems` if there are any."""
    found = tuple(problems)
    if found:
        raise Problems(heading, found)
