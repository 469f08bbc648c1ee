"""Confusion matrices: what the rules make of mutants, against the truth, all of them and by layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.mutation.mutants import Truth
from vpner.render.grid import Grid
from vpner.rules import RULES, Rule

NETWORK_KNOWN = "network-known"
"""The one rule of its topic that says nothing about flows: it says what is unknown."""


def _without_flows(rule: Rule) -> bool:
    return rule.topic != "encryption" or rule.id == NETWORK_KNOWN


def _without_endpoint(rule: Rule) -> bool:
    return rule.topic != "endpoint"


LAYERS: dict[str, Callable[[Rule], bool]] = {
    "all rules": lambda _: True,
    "without flow verdicts": _without_flows,
    "without endpoint rules": _without_endpoint,
    "without both": lambda rule: _without_flows(rule) and _without_endpoint(rule),
}
"""What is left of the rules if some are switched off."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A mutant that was judged: plain values, which a test process can hand to another."""

    operator: str
    truth: str
    violated: Sequence[str]
    inconclusive: Sequence[str]

    def said(self, layer: str) -> str:
        """``violation``, ``inconclusive`` if that is all, or ``passed``."""
        kept = LAYERS[layer]
        if any(kept(RULES[item]) for item in self.violated):
            return "violation"
        return "inconclusive" if any(kept(RULES[item]) for item in self.inconclusive) else "passed"


_SAID = ("violation", "inconclusive", "passed")


def tables(judged: Sequence[Counted]) -> str:
    """One matrix for each layer, and a line for each operator."""
    return "\n".join((_layers(judged), "", "Refused, of all that the operator makes:", _operators(judged)))


def _layers(judged: Sequence[Counted]) -> str:
    rows = [
        (layer, str(truth), *(str(_count(judged, layer, truth, said)) for said in _SAID))
        for layer in LAYERS
        for truth in Truth
    ]
    return str(Grid(("Rules", "Truth", *_SAID), tuple(rows)))


def _count(judged: Iterable[Counted], layer: str, truth: str, said: str) -> int:
    return sum(1 for item in judged if item.truth == truth and item.said(layer) == said)


def _operators(judged: Sequence[Counted]) -> str:
    operators = dict.fromkeys(item.operator for item in judged)
    headings = ("Operator", "harmful", "harmless", *(f"harmful {layer}" for layer in list(LAYERS)[1:]))
    rows = (_operator(name, [item for item in judged if item.operator == name]) for name in operators)
    return str(Grid(headings, tuple(rows)))


def _operator(name: str, judged: Sequence[Counted]) -> tuple[str, ...]:
    def refused(truth: Truth, layer: str) -> str:
        mine = [item for item in judged if item.truth == truth]
        return f"{sum(item.said(layer) != 'passed' for item in mine)}/{len(mine)}" if mine else ""

    first, *others = LAYERS
    left = (refused(Truth.HARMFUL, layer) for layer in others)
    return name, refused(Truth.HARMFUL, first), refused(Truth.HARMLESS, first), *left
