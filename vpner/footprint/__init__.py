"""What a stack means before it is built: what is billed and since when, how long it takes, which limits it nears.

Pure: from a stack's resources, and tables of what Microsoft documents. It says no prices.
"""

from __future__ import annotations

from dataclasses import dataclass

from vpner.footprint.costs import Cost, Step, costs, longest_chain, total, undocumented
from vpner.footprint.facts import Billing
from vpner.footprint.quotas import Outcome, Quota, quotas
from vpner.readers.resources import Snapshot

__all__ = ["Billing", "Cost", "Footprint", "Outcome", "Quota", "Step", "footprint"]


@dataclass(frozen=True, slots=True)
class Footprint:
    """Costs, the longest chain of creations, and quotas."""

    costs: tuple[Cost, ...]
    undocumented: dict[str, int]
    """Kinds of which nothing is known, and how many resources there are of each."""
    chain: tuple[Step, ...]
    quotas: tuple[Quota, ...]

    @property
    def minutes(self) -> int:
        """Documented minutes of the chain."""
        return total(self.chain)

    @property
    def outcome(self) -> Outcome:
        """The worst of all limits: beyond, then unknown."""
        found = {quota.outcome for quota in self.quotas}
        return next((item for item in (Outcome.BEYOND, Outcome.UNKNOWN) if item in found), Outcome.WITHIN)


def footprint(snapshot: Snapshot) -> Footprint:
    """The footprint of a stack's resources, as a preview shows them or a state holds them."""
    return Footprint(costs(snapshot), undocumented(snapshot), longest_chain(snapshot), quotas(snapshot))
