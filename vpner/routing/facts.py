"""The facts behind the rules: what is known, from where, and how well. Read once, outside the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


class Grade(StrEnum):
    """How well a fact is known, best first."""

    MEASURED = "measured"
    DOCUMENTED = "documented"
    INFERRED = "inferred"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. ``date`` is the year of the newest source; an assumed one has a switch of the same name."""

    id: str
    statement: str
    source: str
    date: int
    grade: Grade


@cache
def facts() -> Mapping[str, Fact]:
    """All facts by id."""
    text = files("vpner.routing").joinpath("facts.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.safe_load(text)
    return {
        row["id"]: Fact(row["id"], row["statement"], row["source"], row["date"], Grade(row["grade"])) for row in rows
    }
