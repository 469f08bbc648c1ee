"""Every combination of settings, judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from vpner.routing import Assessment, Failures, Outcome, Verdict, assess
from vpner.topology import Topology
from vpner.whatif.turns import Turn, combined

Say = Callable[[int, int], None]
"""Told how many networks are judged, of how many."""


@dataclass(frozen=True, slots=True)
class Combination:
    """A value of each setting, in the words of its turn, and what becomes of protected flows."""

    values: tuple[str, ...]
    steady: str
    """``encrypted``; else the worst verdict of a flow."""
    under_failure: str
    """``encrypted``, or the worst verdict, with ``allowed`` where the mode allows it; empty where steady is not."""
    outcome: Outcome
    current: bool
    """This is the network as it is."""


def matrix(
    topology: Topology,
    turns: Sequence[Turn],
    today: date,
    failures: Failures = Failures.SINGLE,
    say: Say = lambda _done, _of: None,
) -> tuple[tuple[str, ...], tuple[Combination, ...]]:
    """Names of the settings that the network has, and every combination of their values. Equal networks are judged
    once.

    Raises :class:`~vpner.routing.converge.Unsettled` where the model finds no answer.
    """
    present = [turn for turn in turns if turn.values(topology)]
    networks = list(combined(topology, present))
    distinct = dict.fromkeys(network for _, network in networks)
    judged: dict[Topology, Assessment] = {}
    for number, network in enumerate(distinct):
        say(number, len(distinct))
        judged[network] = assess(network, today, failures=failures)
    return tuple(turn.name for turn in present), tuple(
        _combination(values, judged[network], network == topology) for values, network in networks
    )


_FINE = frozenset({Verdict.ENCRYPTED, Verdict.LOCAL, Verdict.TRANSPORT, Verdict.EXEMPT})
_WORST = (Verdict.CLEARTEXT, Verdict.INCONCLUSIVE, Verdict.LOOP, Verdict.BLACKHOLE)


def _combination(values: tuple[str, ...], found: Assessment, current: bool) -> Combination:
    steady = _worst(item.verdict for item in found.flows)
    under = [item for item in found.under_failure if item.verdict not in _FINE]
    forbidden = _worst(item.verdict for item in under if not item.allowed)
    allowed = _worst(item.verdict for item in under if item.allowed)
    failing = forbidden or (f"{allowed}, allowed" if allowed else "")
    if steady:
        return Combination(values, steady, "", found.outcome, current)
    return Combination(values, "encrypted", failing or "encrypted", found.outcome, current)


def _worst(verdicts: Iterator[Verdict]) -> str:
    there = set(verdicts)
    return next((item.value for item in _WORST if item in there), "")
