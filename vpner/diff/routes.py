"""Effective routes before and after a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vpner.routing import EffectiveRoute, Tables
from vpner.routing.solution import RouteState
from vpner.topology import Symbol

Way = tuple[str, tuple[str, ...]]
"""Type of the next hop, and its addresses."""


@dataclass(frozen=True, slots=True)
class RouteChange:
    """A prefix that subnets reach in another way."""

    prefix: str
    subnets: tuple[str, ...]
    """``VNET/SUBNET``."""
    before: Way | None
    """None: there was no route of this prefix."""
    after: Way | None


def route_changes(base: Tables, head: Tables) -> tuple[RouteChange, ...]:
    """Of the subnets that both networks have; subnets that change alike share a line."""
    grouped: dict[tuple[str, Way | None, Way | None], list[str]] = {}
    for place in sorted(base.effective.keys() & head.effective.keys()):
        before, after = _active(base.effective[place]), _active(head.effective[place])
        for prefix in sorted(before.keys() | after.keys()):
            if before.get(prefix) != after.get(prefix):
                key = prefix, before.get(prefix), after.get(prefix)
                grouped.setdefault(key, []).append("/".join(place))
    return tuple(
        RouteChange(prefix, tuple(subnets), before, after) for (prefix, before, after), subnets in grouped.items()
    )


def _active(rows: tuple[EffectiveRoute, ...]) -> Mapping[str, Way]:
    return {
        str(row.prefix): (row.type.value, tuple(sorted(_text(hop) for hop in row.next_hops)))
        for row in rows
        if row.state is RouteState.ACTIVE
    }


def _text(address: object) -> str:
    return f"<{address}>" if isinstance(address, Symbol) else str(address)
