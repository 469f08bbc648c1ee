"""All rules on one network, and the exceptions that somebody answers for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from vpner.problems import Problem
from vpner.rules.declared import POLICY, RuleException
from vpner.rules.network import Network
from vpner.rules.registry import RULES, Finding, Outcome, Rule

NOTICE = timedelta(days=14)
"""How long before an exception expires somebody is told."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules said."""

    network: Network
    findings: tuple[Finding, ...]
    """In the order of the rules, those that passed too."""
    excepted: tuple[Finding, ...]
    """Findings that an exception covers."""
    exceptions: tuple[Problem, ...]
    """Exceptions that cover nothing, have expired, or are about to."""

    def of(self, rule: str) -> tuple[Finding, ...]:
        """What one rule said; nothing, if it does not apply."""
        return tuple(item for item in self.findings if item.rule == rule)

    def applies(self, rule: str) -> bool:
        return any(item.rule == rule for item in (*self.findings, *self.excepted))

    def problems(self, outcome: Outcome, *, mandatory: bool = True) -> tuple[Problem, ...]:
        """Problems of one outcome, of mandatory rules or of those that give advice."""
        return tuple(
            item.problem
            for item in self.findings
            if item.outcome is outcome and item.problem is not None and RULES[item.rule].severity.mandatory is mandatory
        )


def evaluate(network: Network, rules: Sequence[Rule] | None = None) -> Report:
    """Run the rules on a network, and take out what exceptions cover."""
    found = [finding for item in (RULES.values() if rules is None else rules) for finding in item.run(network)]
    kept: list[Finding] = []
    excepted: list[Finding] = []
    used: set[RuleException] = set()
    valid = [item for item in network.declared.exceptions if item.expiry >= network.today]
    for finding in found:
        covering = [item for item in valid if _covers(item, finding)]
        used.update(covering)
        (excepted if covering else kept).append(finding)
    notes = tuple(_notes(network.declared.exceptions, used, found, network.today))
    return Report(network, tuple(kept), tuple(excepted), notes)


def _covers(exception: RuleException, finding: Finding) -> bool:
    """By the resource's logical name, or the place as the finding prints it."""
    if finding.problem is None or finding.rule != exception.rule:
        return False
    name = finding.resource.name if finding.resource is not None else None
    return exception.resource in (name, finding.problem.where)


def _notes(
    exceptions: Sequence[RuleException], used: set[RuleException], found: Sequence[Finding], today: date
) -> Iterator[Problem]:
    for index, item in enumerate(exceptions):
        where = f"{POLICY}:exceptions[{index}]"
        what = f"the exception from {item.rule} for {item.resource} ({item.owner}: {item.reason})"
        if item.rule not in RULES:
            yield Problem(
                where,
                f"{what} names a rule that does not exist",
                "It excepts nothing",
                f"write one of {', '.join(RULES)}",
                "exception-unknown-rule",
            )
        elif item.expiry < today:
            needed = any(_covers(item, finding) for finding in found)
            yield Problem(
                where,
                f"{what} expired on {item.expiry}",
                "What it covered counts again" if needed else "It covers nothing",
                f"correct what it covered, or let {item.owner} renew it" if needed else "remove it",
                "exception-expired",
            )
        elif item not in used:
            yield Problem(
                where, f"{what} covers nothing", "Whoever reads it believes otherwise", "remove it", "exception-unused"
            )
        elif item.expiry - today <= NOTICE:
            yield Problem(
                where,
                f"{what} expires on {item.expiry}",
                "What it covers will count again",
                f"correct what it covers, or let {item.owner} renew it",
                "exception-expires-soon",
            )
