"""What a comparison finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why an observation differs from the prediction."""

    MISSING = "missing"
    """Predicted, and Azure does not have it."""
    EXTRA = "extra"
    """Azure has it, and it is not predicted."""
    NEXT_HOP = "other next hop"
    PATH = "other path"
    TIE = "equal path"
    """A path as good as the predicted one: which of them Azure's tie-breaks choose is not predicted. No difference."""
    STATE = "other state"
    TYPE = "other type"
    """Of a next hop, or where the route is from."""
    ATTRIBUTE = "other attribute"
    """Origin or weight."""
    UNDERLAY = "other underlay"
    """A tunnel ends at other addresses, so that something else carries its outer packets."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that is not as predicted."""

    where: str
    """Kind and name of the table, or ``connections NAME``."""
    subject: str
    """The prefix, or what it is about."""
    cause: Cause
    predicted: str
    observed: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What Azure shows of a connection's encryption. A capture on the circuit shows more; Azure offers none."""

    connection: str
    status: str
    ingress: int
    egress: int
    tunnels: tuple[str, ...]
    """Private tunnel addresses that both the plan and the gateway have."""
    says: str


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """What one path of a circuit has and the other has not. Traffic prefers the path that has it, or loses it there."""

    circuit: str
    path: str
    prefixes: tuple[str, ...]
    """Only this path has them."""
    shorter: tuple[str, ...]
    """This path has them with a shorter AS path."""
    predicted: bool
    """The topology says so too, for example because the provider built one path only."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole answer. ``unclear`` is what could not be compared; it makes equality inconclusive."""

    differences: tuple[Difference, ...]
    proofs: tuple[Proof, ...]
    asymmetries: tuple[Asymmetry, ...]
    unclear: tuple[str, ...]
    notes: tuple[str, ...]
    tables: int
    """Route tables that were compared."""
    rows: int
    """Rows in them that are as predicted."""
    ties: tuple[Difference, ...]
    """Rows whose path is another one, as good as the predicted."""
    assumed: tuple[str, ...]
    phase: int = 1
    phases: int = 1
