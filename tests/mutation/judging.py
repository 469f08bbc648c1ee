"""Every mutant before the mandatory rules, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from unittest.mock import patch

from tests.mutation.mutants import Mutant, Truth, declaration, mutate
from tests.readers.stacks import snapshot
from vpner.readers.resources import Snapshot, Value
from vpner.routing import Assessment, Failures, Solution, assess
from vpner.routing.converge import Unsettled
from vpner.rules import RULES, Network, Outcome, read_declared
from vpner.rules.registry import DECLARED
from vpner.topology import Topology

TODAY = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Judged:
    """A mutant with the mandatory rules that found something, by what they found."""

    mutant: Mutant
    violated: frozenset[str]
    inconclusive: frozenset[str]

    @property
    def right(self) -> bool:
        return bool(self.violated or self.inconclusive) is (self.mutant.truth is Truth.HARMFUL)

    def __str__(self) -> str:
        row = self.mutant.row
        said = ", ".join(sorted(self.violated | self.inconclusive)) or "nothing"
        return f"{self.mutant}: {row.truth} ({row.because}; {row.fact}), found by {said}"


def good(stack: str) -> Snapshot:
    """A stack of the project with its circuits provisioned, as a first preview shows it."""
    with patch("vpner.rules.network.assess", side_effect=Unsettled("only the snapshot is wanted")):
        return snapshot(stack, preview=True, stage="provisioned")


def judge(mutant: Mutant) -> Judged:
    """A mutant before every mandatory rule."""
    edited = good(mutant.stack) if mutant.edit.resource == DECLARED else mutate(good(mutant.stack), mutant.edit)
    return Judged(mutant, *found_in(edited, declaration(mutant.edit)))


def found_in(stack: Snapshot, declared: Mapping[str, Value]) -> tuple[frozenset[str], frozenset[str]]:
    """Mandatory rules that a stack violates, and those that cannot be decided."""
    read, problems = read_declared(declared)
    assert not problems, problems
    network = Network(stack, read, today=TODAY, failures=Failures.SINGLE)
    with patch("vpner.rules.network.assess", _assess):
        findings = [finding for rule in RULES.values() if rule.severity.mandatory for finding in rule.run(network)]
    broken = [str(item.problem) for item in findings if "could not be evaluated" in str(item.problem)]
    assert not broken, broken
    by_outcome = {
        outcome: frozenset(item.rule for item in findings if item.outcome is outcome)
        for outcome in (Outcome.VIOLATION, Outcome.INCONCLUSIVE)
    }
    return by_outcome[Outcome.VIOLATION], by_outcome[Outcome.INCONCLUSIVE]


def _assess(topology: Topology, today: date, *, failures: Failures, steady: Solution) -> Assessment:
    """Many mutants leave routing alone: what was assessed is told apart by its network."""
    del steady  # follows from the network
    return _assessed(topology, today, failures)


@cache
def _assessed(topology: Topology, today: date, failures: Failures) -> Assessment:
    return assess(topology, today, failures=failures)
