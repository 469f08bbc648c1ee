"""Whether a prediction was true: what the model says of a network beside what Azure shows of it, by cause."""

from __future__ import annotations

from dataclasses import replace

from vpner.comparison.findings import Asymmetry, Cause, Comparison, Difference, Proof
from vpner.comparison.routes import asymmetries, differences_of, hops
from vpner.comparison.states import proofs, state_differences, unclear_states
from vpner.comparison.ties import ties_of
from vpner.matching import fits
from vpner.readers.observed import Observed
from vpner.routing.assumptions import DEFAULT, Assumptions
from vpner.routing.solution import Solution
from vpner.routing.solve import solve
from vpner.topology import Topology

__all__ = ["Asymmetry", "Cause", "Comparison", "Difference", "Proof", "compare"]


def compare(topology: Topology, observed: Observed, assumptions: Assumptions = DEFAULT) -> Comparison:
    """Compare a prediction with observations. Of a network that oscillates, the phase counts that fits best.

    Raises :class:`~vpner.routing.converge.Unsettled` where the model has no answer.
    """
    solution = solve(topology, assumptions)
    phases = [replace(solution, phases=(phase,)) for phase in solution.phases]
    found = [_compared(topology, phase, observed) for phase in phases]
    best = min(range(len(found)), key=lambda index: len(found[index].differences))
    return replace(found[best], phase=best + 1, phases=len(found))


def _compared(topology: Topology, solution: Solution, observed: Observed) -> Comparison:
    found = list(fits(topology, solution, observed.tables))
    ties = ties_of(solution.tables)
    routes = [difference for fit in found for difference in differences_of(fit, ties)]
    differences = [item for item in routes if item.cause is not Cause.TIE]
    differences += state_differences(topology, solution.tables, observed)
    unknown = sum(None in hops(row) for fit in found for row in fit.predicted)
    notes = [f"not compared: {text}" for text in observed.left_out]
    if unknown:
        notes.append(f"{unknown} predicted next hops are known to Azure alone: any address counts as the same")
    if equal := [item for item in routes if item.cause is Cause.TIE]:
        prefixes = ", ".join(dict.fromkeys(item.subject for item in equal))
        notes.append(
            f"{len(equal)} rows have another path as good as the predicted one, which Azure may choose: {prefixes}"
        )
    return Comparison(
        differences=tuple(sorted(differences)),
        proofs=tuple(proofs(topology, observed)),
        asymmetries=tuple(asymmetries(found)),
        unclear=(*observed.unclear, *unclear_states(observed)),
        notes=tuple(notes),
        tables=len(found),
        rows=sum(fit.matched for fit in found),
        ties=tuple(sorted(equal)),
        assumed=solution.assumed,
    )
