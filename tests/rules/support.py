"""What a rule finds on the example network with some edits."""

from __future__ import annotations

from vpner.readers.resources import Value
from vpner.rules import RULES, Outcome
from vpner.rules.examples import example_network
from vpner.rules.registry import DECLARED, Edit

PASS, VIOLATION, INCONCLUSIVE = Outcome.PASS, Outcome.VIOLATION, Outcome.INCONCLUSIVE


def worst(rule: str, *edits: Edit) -> Outcome:
    """The worst of a rule's verdicts. The rule must have judged something."""
    found = [item.outcome for item in RULES[rule].run(example_network(edits))]
    assert found, f"{rule} judges nothing here"
    return next(outcome for outcome in (VIOLATION, INCONCLUSIVE, PASS) if outcome in found)


def declare(path: str, value: Value) -> Edit:
    return Edit(DECLARED, path, value)
