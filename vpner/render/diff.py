"""What a change does, as text, as Markdown for a pull request and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from vpner.diff import Diff, FlowChange, IntentChange, Outcome, RouteChange
from vpner.diff.routes import Way
from vpner.render.grid import Grid

_MOST_ROUTES = 40
_HEADLINES = {
    Outcome.NOT_WORSE: "Nothing protected is worse off",
    Outcome.WORSE: "Protected traffic is worse off",
    Outcome.UNKNOWN: "It cannot be told whether protected traffic is worse off",
}


def flow_grid(changes: Sequence[FlowChange]) -> Grid:
    """Protected flows that stand otherwise, the worst first."""
    return Grid(
        ("Intent", "From", "To", "Before", "After", "Why"),
        tuple(
            (
                item.intent,
                item.source,
                item.destination,
                item.before.words,
                f"{item.after.words}{' (WORSE)' if item.worse else ''}",
                item.why,
            )
            for item in changes
        ),
    )


def route_grid(changes: Sequence[RouteChange]) -> Grid:
    """Effective routes that differ."""
    return Grid(
        ("Prefix", "Subnets", "Before", "After"),
        tuple((item.prefix, ", ".join(item.subnets), _way(item.before), _way(item.after)) for item in changes),
    )


def intent_lines(changes: Sequence[IntentChange]) -> Iterator[str]:
    """A sentence for each intent that changes."""
    for item in changes:
        if item.before is None:
            yield f"{item.name} is new"
        elif item.after is None:
            yield f"{item.name} is REMOVED; what it asked for is still judged here"
        else:
            weaker = ", and asks for less; what it asked for is still judged here" if item.weaker else ""
            yield f"{item.name} changes ({', '.join(item.what)}){weaker}"


def headline(found: Diff) -> str:
    """The answer in a line."""
    worse = sum(item.worse for item in found.flows)
    counted = f": {worse} flow{'s' * (worse != 1)}" if worse else ""
    tunnels = (
        f"; {len(found.appeared)} new finding{'s' * (len(found.appeared) != 1)} about the tunnels"
        if found.appeared
        else ""
    )
    return f"{_HEADLINES[found.outcome]}{counted}{tunnels} (predicted)"


def diff_markdown(found: Diff) -> str:
    """For a pull request."""
    parts = [f"### Encrypted ExpressRoute\n\n**{headline(found)}**"]
    if found.intents:
        parts.append("\n".join(("The intent changes:", *(f"- {line}" for line in intent_lines(found.intents)))))
    if found.flows:
        parts.append(_escaped(flow_grid(found.flows)).markdown())
    for title, problems in (("New", found.appeared), ("Gone", found.disappeared)):
        if problems:
            lines = (f"- `{item.where}` {item.what}. {item.remedy}" for item in problems)
            parts.append("\n".join((f"{title} findings about the tunnels' own packets:", *lines)))
    if found.routes:
        shown, more = found.routes[:_MOST_ROUTES], len(found.routes) - _MOST_ROUTES
        table = _escaped(route_grid(shown)).markdown()
        rest = f"\n\nand {more} more" if more > 0 else ""
        summary = f"<summary>Effective routes that change: {len(found.routes)}</summary>"
        parts.append(f"<details>{summary}\n\n{table}{rest}\n\n</details>")
    if not (found.intents or found.flows or found.routes):
        parts.append("No protected flow and no effective route changes.")
    return "\n\n".join(parts) + "\n"


def diff_json(found: Diff) -> dict[str, Any]:
    """Everything, as plain values."""
    return {
        "predicted": True,
        "outcome": found.outcome.value,
        "intents": [
            {
                "name": item.name,
                "change": "added" if item.before is None else "removed" if item.after is None else "changed",
                "weaker": item.weaker,
                "attributes": list(item.what),
            }
            for item in found.intents
        ],
        "flows": [
            {
                "intent": item.intent,
                "from": item.source,
                "to": item.destination,
                "before": item.before.words,
                "after": item.after.words,
                "verdicts": list(item.verdicts),
                "worse": item.worse,
                "why": item.why,
            }
            for item in found.flows
        ],
        "appeared": [asdict(item) for item in found.appeared],
        "disappeared": [asdict(item) for item in found.disappeared],
        "routes": [
            {
                "prefix": item.prefix,
                "subnets": list(item.subnets),
                "before": _way_json(item.before),
                "after": _way_json(item.after),
            }
            for item in found.routes
        ],
        "assumed": list(found.assumed),
    }


def _way(way: Way | None) -> str:
    if way is None:
        return "no route"
    kind, hops = way
    return f"{kind} {', '.join(hops)}".strip()


def _way_json(way: Way | None) -> dict[str, Any] | None:
    return None if way is None else {"nextHopType": way[0], "nextHops": list(way[1])}


def _escaped(grid: Grid) -> Grid:
    """Angle brackets are HTML in Markdown, and a bar ends a cell."""
    return Grid(grid.headers, tuple(tuple(_plain(cell) for cell in row) for row in grid.rows))


def _plain(cell: str) -> str:
    return cell.replace("<", "&lt;").replace(">", "&gt;").replace("|", "\\|")
