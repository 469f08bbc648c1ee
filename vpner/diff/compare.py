"""Two networks, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from vpner.diff.flows import FlowChange, Flows, Standing, flow_changes
from vpner.diff.intents import IntentChange, intent_changes, judged_by
from vpner.diff.routes import RouteChange, route_changes
from vpner.problems import Problem
from vpner.routing import Failures, assess
from vpner.topology import Topology


class Outcome(StrEnum):
    """Whether the change may be made."""

    NOT_WORSE = "not worse"
    WORSE = "worse"
    UNKNOWN = "inconclusive"


@dataclass(frozen=True, slots=True)
class Diff:
    """What a change does."""

    intents: tuple[IntentChange, ...]
    flows: tuple[FlowChange, ...]
    appeared: tuple[Problem, ...]
    """Findings about the tunnels' own packets that the network before did not have."""
    disappeared: tuple[Problem, ...]
    routes: tuple[RouteChange, ...]
    assumed: tuple[str, ...]
    """Switches on which a verdict of either network depends."""

    @property
    def outcome(self) -> Outcome:
        """Worse, if a flow or a tunnel is no longer what the intent before the change asks for."""
        worse = [item for item in self.flows if item.worse]
        if self.appeared or any(item.after is not Standing.UNKNOWN for item in worse):
            return Outcome.WORSE
        return Outcome.UNKNOWN if worse else Outcome.NOT_WORSE


def diff(base: Topology, head: Topology, today: date, failures: Failures = Failures.SINGLE) -> Diff:
    """What changes from one network to the other, judged by the intent of the first.

    ``today`` decides which exemptions have expired. Raises
    :class:`~vpner.routing.converge.Unsettled` where the model finds no answer.
    """
    before = assess(judged_by(base, base), today, failures=failures)
    after = assess(judged_by(base, head), today, failures=failures)
    known = {(item.code, item.where) for item in before.contract}
    left = {(item.code, item.where) for item in after.contract}
    return Diff(
        intents=intent_changes(base, head),
        flows=flow_changes(Flows(base, before), Flows(head, after)),
        appeared=tuple(item for item in after.contract if (item.code, item.where) not in known),
        disappeared=tuple(item for item in before.contract if (item.code, item.where) not in left),
        routes=route_changes(before.solution.tables, after.solution.tables),
        assumed=tuple(sorted({*before.assumed, *after.assumed})),
    )
