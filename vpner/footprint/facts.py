"""What is documented about resources: what they are billed for, how long they take, how many there can be.

Read once from the tables beside this file, whose keys are checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from vpner.readers.resources import UNKNOWN, Resource, Unknown, Value, is_azure


class Billing(StrEnum):
    """What Azure counts."""

    HOURS = "by the hour"
    TRAFFIC = "by traffic"
    SIZE = "by size"
    CHARGED = "charged"
    """The page says that it is charged and leaves the unit to the page of prices."""
    NOTHING = "nothing"


class Scope(StrEnum):
    """What a limit is the limit of."""

    REGION = "region"
    """And subscription: of each subscription in each region."""
    SUBSCRIPTION = "subscription"
    RESOURCE = "resource"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sourced(_Shape):
    source: str
    """Title of the public page."""
    date: date
    """Day of the page, not of its reading."""

    @property
    def citation(self) -> str:
        """Title and day."""
        return f"{self.source}, {self.date}"


class Match(_Shape):
    """Which resources are meant."""

    kind: str
    """Last word of Pulumi's type."""
    when: Mapping[str, str | None] = {}
    """Property by dotted path, and the word that it has, in any spelling; None: it is absent."""

    def fits(self, resource: Resource) -> bool | Unknown:
        """Whether the resource is meant; UNKNOWN where a property that decides is not known."""
        if resource.kind != self.kind or not is_azure(resource.type):
            return False
        found: bool | Unknown = True
        for path, expected in self.when.items():
            value = resource.get(path)
            if value is UNKNOWN:
                found = UNKNOWN
            elif _word(value) != _word(expected):
                return False
        return found


class Duration(_Sourced):
    """How long a creation takes."""

    minutes: int
    said: str
    """The page's own words: a bound, or about."""


class Kind(_Sourced):
    """A kind of resource, and what having one means."""

    match: Match
    name: str
    sku: tuple[str, ...]
    """Paths of the properties that the price depends on."""
    billed: Billing
    why: str
    """Since when, until when, and for what."""
    prices: str | None = None
    """Page with the prices."""
    creation: Duration | None = None
    """None: no page says."""


class Limit(_Sourced):
    """A documented limit."""

    id: str
    what: str
    counts: Match
    per: Scope
    of: str = ""
    """Kind of the resource that the limit is one of, with ``per: resource``."""
    via: str = ""
    """Where a counted resource says which one."""
    by: tuple[str, ...] = ()
    """Properties of that resource which the limit depends on."""
    limit: int | Mapping[str, int | Mapping[str, int]]
    adjustable: bool | None = None
    """Whether Microsoft's support raises it; None: the page does not say."""
    remark: str = ""

    def maximum(self, *values: Value) -> int | None:
        """The limit where the properties of ``by`` have these values; None where they or the limit are not known."""
        found: Any = self.limit
        for value in values:
            if isinstance(found, int):
                break
            found = {_word(key): item for key, item in found.items()}.get(_word(value))
            if found is None:
                return None
        return found if isinstance(found, int) else None

    @property
    def all(self) -> tuple[int, ...]:
        """Every number that the limit can be."""
        return tuple(_leaves(self.limit))


def _leaves(value: Any) -> list[int]:
    return [value] if isinstance(value, int) else [leaf for item in value.values() for leaf in _leaves(item)]


def _word(value: Value) -> str | None:
    return None if value is None or value is UNKNOWN else str(value).casefold()


def _table(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load(files("vpner.footprint").joinpath(name).read_text(encoding="utf-8"))


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind of which a page says what it costs."""
    return tuple(Kind.model_validate(row) for row in _table("kinds.yaml"))


@cache
def limits() -> Mapping[str, Limit]:
    """Every limit by its id, in the table's order."""
    return {limit.id: limit for limit in (Limit.model_validate(row) for row in _table("limits.yaml"))}
