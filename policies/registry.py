"""What a rule is, and how it is run. Policies, tests and documentation all derive from :data:`RULES`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path

from policies.network import Network
from vpner.problems import Problem
from vpner.readers.resources import Resource, Value


class Severity(StrEnum):
    """What happens when a rule is broken."""

    CRITICAL = "critical"
    """The tunnel does not come up, or its packets loop, and traffic may travel in clear."""
    HIGH = "high"
    """The protection is weaker than it looks, or routes are not exchanged."""


class Outcome(Enum):
    """A rule's verdict on one resource. Everything but PASS fails a preview."""

    PASS = "pass"
    VIOLATION = "violation"
    INCONCLUSIVE = "inconclusive"
    """Something needed is unknown. The verdict's remedy names the key or property to declare."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule found on one resource."""

    resource: Resource
    outcome: Outcome
    what: str = ""
    remedy: str = ""
    """What to write, exactly; the rule's general remedy if empty."""


def passed(resource: Resource) -> Verdict:
    """The resource was judged, and is as the rule wants it."""
    return Verdict(resource, Outcome.PASS)


def violation(resource: Resource, what: str, remedy: str = "") -> Verdict:
    """The resource breaks the rule."""
    return Verdict(resource, Outcome.VIOLATION, what, remedy)


def inconclusive(resource: Resource, what: str, remedy: str = "") -> Verdict:
    """The resource cannot be judged."""
    return Verdict(resource, Outcome.INCONCLUSIVE, what, remedy)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the example network: a value at a path of one resource, by its logical name."""

    resource: str
    path: str
    """Keys and indices, ``ipsecPolicies.0.dhGroup``."""
    value: Value


@dataclass(frozen=True, slots=True)
class Example:
    """A network for documentation and tests: the example network with some edits."""

    says: str
    """What is the case, as a clause: ``the connection's flag is missing``."""
    edits: tuple[Edit, ...] = ()


Judge = Callable[[Network], Iterable[Verdict]]
Finding = tuple[Resource | None, Problem | None]
"""A resource that was judged, and what is wrong with it, if anything."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    id: str
    """Stable, kebab-case, states the rule."""
    description: str
    """One sentence: what must be the case."""
    severity: Severity
    needs: tuple[str, ...]
    """Every property that it reads, as ``KIND.path``, in ARM's words or those of the components' outputs."""
    facts: tuple[str, ...]
    """Where the rule comes from: public documents with their dates."""
    why: str
    remedy: str
    fails: tuple[Example, ...]
    passes: tuple[Example, ...]
    unknown: tuple[Example, ...]
    """Networks of which too little is known. Each must be INCONCLUSIVE."""
    judge: Judge

    def run(self, network: Network) -> list[Finding]:
        """Every finding; none if the network has nothing that the rule concerns.

        A rule that breaks down has judged nothing: that is a problem too. Its text holds no value of any property,
        because secrets reach a policy pack in plain text.
        """
        findings: list[Finding] = []
        try:
            findings.extend((verdict.resource, self._problem(verdict)) for verdict in self.judge(network))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not let anything pass
            findings.append((None, breakdown(self.id, error)))
        return findings

    def _problem(self, verdict: Verdict) -> Problem | None:
        if verdict.outcome is Outcome.PASS:
            return None
        prefix = "INCONCLUSIVE: " if verdict.outcome is Outcome.INCONCLUSIVE else ""
        return Problem(
            str(verdict.resource),
            f"{prefix}{verdict.what}",
            self.why,
            verdict.remedy or self.remedy,
            self.id,
            "; ".join(self.facts),
        )


def breakdown(policy: str, error: Exception) -> Problem:
    """A policy that raised an exception, without any value from its text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return Problem(
        policy,
        f"the rule could not be evaluated: {type(error).__name__} at {place}",
        "A rule that breaks down has judged nothing, so the stack counts as violating it",
        f"report it to the project's issue tracker, with the name {policy}, {type(error).__name__} and {place}",
        policy,
    )


RULES: dict[str, Rule] = {}
"""Every rule by id, in the order in which they were defined; filled once, when the modules are imported."""


def rule(
    id: str,
    severity: Severity,
    *,
    needs: Iterable[str],
    facts: Iterable[str],
    why: str,
    remedy: str,
    fails: Iterable[Example],
    passes: Iterable[Example],
    unknown: Iterable[Example],
) -> Callable[[Callable[[Network], Iterator[Verdict]]], Rule]:
    """Register the decorated function as a rule. Its docstring's first line is the rule's description."""

    def register(judge: Callable[[Network], Iterator[Verdict]]) -> Rule:
        if id in RULES:
            raise ValueError(f"two rules are called {id}")
        description = (judge.__doc__ or "").partition("\n")[0].strip()
        found = Rule(
            id,
            description,
            severity,
            tuple(needs),
            tuple(facts),
            why,
            remedy,
            tuple(fails),
            tuple(passes),
            tuple(unknown),
            judge,
        )
        RULES[id] = found
        return found

    return register
