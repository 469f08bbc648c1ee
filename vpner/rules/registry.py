"""What a rule is, and how it is run. Policies, commands, tests and documentation all derive from :data:`RULES`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path

from vpner.problems import Problem
from vpner.readers.resources import Resource, Value
from vpner.rules.network import Network


class Severity(StrEnum):
    """How bad it is to break a rule. What leads to cleartext, loops or outage is mandatory, the rest is advice."""

    CRITICAL = "critical"
    """Protected traffic travels in clear, or the tunnel does not come up or carries its own packets."""
    HIGH = "high"
    """The protection is weaker than it looks, or routes are not exchanged: an outage is near."""
    MEDIUM = "medium"
    """Advice: it works, and should not stay so."""

    @property
    def mandatory(self) -> bool:
        return self is not Severity.MEDIUM


class Outcome(Enum):
    """A rule's verdict on one thing. Everything but PASS is a finding."""

    PASS = "pass"
    VIOLATION = "violation"
    INCONCLUSIVE = "inconclusive"
    """Something needed is unknown, which counts as failure. The remedy names the key or property to declare."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule found on one resource, or on a part of the network that is no resource."""

    outcome: Outcome
    resource: Resource | None = None
    what: str = ""
    remedy: str = ""
    """What to write, exactly; the rule's general remedy if empty."""
    where: str = ""
    """The place, if it is no resource."""
    why: str = ""
    """The rule's own reason if empty."""
    source: str = ""
    """The rule's sources if empty."""


def passed(resource: Resource | None = None) -> Verdict:
    """It was judged, and is as the rule wants it."""
    return Verdict(Outcome.PASS, resource)


def violation(resource: Resource | None, what: str, remedy: str = "", where: str = "") -> Verdict:
    """The resource breaks the rule, or something that is declared does, at ``where``."""
    return Verdict(Outcome.VIOLATION, resource, what, remedy, where)


def inconclusive(resource: Resource | None, what: str, remedy: str = "", where: str = "") -> Verdict:
    """It cannot be judged."""
    return Verdict(Outcome.INCONCLUSIVE, resource, what, remedy, where)


def predicted(problem: Problem, resource: Resource | None = None, outcome: Outcome = Outcome.VIOLATION) -> Verdict:
    """What the routing model found, in its own words."""
    return Verdict(outcome, resource, problem.what, problem.remedy, problem.where, problem.why, problem.source)


DECLARED = "declared"
"""In an :class:`Edit`, the name of what is declared outside the stack, in place of a resource's."""


MADE_FROM = "made-from."
"""In an :class:`Edit`'s path, in front of a top-level property: its value is the resources that it depends on."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the example network: a value at a path of one resource, by its logical name."""

    resource: str
    path: str
    """Keys and indices, ``ipsecPolicies.0.dhGroup``; with :data:`MADE_FROM` in front, what a property depends on."""
    value: Value
    """None removes what is there."""


@dataclass(frozen=True, slots=True)
class Example:
    """A network for documentation and tests: the example network with some edits."""

    says: str
    """What is the case, as a clause: ``the connection's flag is missing``."""
    edits: tuple[Edit, ...] = ()


Judge = Callable[[Network], Iterable[Verdict]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule said about one thing. ``problem`` is None where it passed."""

    rule: str
    outcome: Outcome
    resource: Resource | None
    problem: Problem | None


MODEL = "topology"
"""A rule that needs the whole topology: every property that the reader of stacks reads."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    id: str
    """Stable, kebab-case, states the rule."""
    topic: str
    """The module that it is in: endpoint, encryption, gateways, zones, subnets, crypto, keys and so on."""
    description: str
    """One sentence: what must be the case."""
    severity: Severity
    needs: tuple[str, ...]
    """Every property that it reads, as ``KIND.path`` in ARM's words, or :data:`MODEL`."""
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
            findings.extend(self._finding(verdict) for verdict in self.judge(network))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not let anything pass
            findings.append(Finding(self.id, Outcome.INCONCLUSIVE, None, breakdown(self.id, error)))
        return findings

    def _finding(self, verdict: Verdict) -> Finding:
        if verdict.outcome is Outcome.PASS:
            return Finding(self.id, verdict.outcome, verdict.resource, None)
        prefix = "INCONCLUSIVE: " if verdict.outcome is Outcome.INCONCLUSIVE else ""
        problem = Problem(
            verdict.where or str(verdict.resource or "network"),
            f"{prefix}{verdict.what}",
            verdict.why or self.why,
            verdict.remedy or self.remedy,
            self.id,
            verdict.source or "; ".join(self.facts),
        )
        return Finding(self.id, verdict.outcome, verdict.resource, problem)


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
"""Every rule by id, in the order in which they were defined; filled once, when the topics are imported."""


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
        found = Rule(
            id,
            judge.__module__.rpartition(".")[2],
            (judge.__doc__ or "").partition("\n")[0].strip(),
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
