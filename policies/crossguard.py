"""The rules as CrossGuard policies: Pulumi's resources in, plain data to the rules, findings out.

Inputs are seen one resource at a time, by resource policies, and only there are a resource's path parameters and the
ids that the program wrote. So one resource policy collects them, and stack policies judge.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as PulumiSeverity
from pulumi_policy.proxy import UnknownValueError

from vpner.footprint import footprint
from vpner.readers.resources import UNKNOWN, Resource, Snapshot, Value, is_read, merge, of_interest
from vpner.readers.state import snapshot_text
from vpner.render.footprint import footprint_text
from vpner.render.report import report_json, report_text
from vpner.routing import Failures
from vpner.rules import RULES, Network, Report, Rule, evaluate, read_declared
from vpner.rules.declared import NOTHING, POLICY, configuration_schema
from vpner.rules.registry import breakdown

PACK = "vpner"
SNAPSHOT_FILE = "VPNER_SNAPSHOT_FILE"
"""Environment variable: a file to which the pack writes the resources that it has judged, without anything secret."""
REPORT_FILE = "VPNER_REPORT_FILE"
"""Environment variable: a file to which the pack writes findings and verdicts as JSON."""
FOOTPRINT = "VPNER_FOOTPRINT"
"""Environment variable: if it is not empty, the pack prints costs, durations and limits after the verdicts."""
FAILURES = Failures.SINGLE
"""Pairs take seconds, which a preview should not; ``vpner check`` tries them."""
COLLECTOR = "resource-inputs"
SUMMARY = "verdicts"


def plain(value: Any) -> Value:
    """A value of the policy SDK as plain data. Each unknown becomes :data:`UNKNOWN` and hides nothing beside it.

    The SDK's proxies raise as soon as an unknown is touched, and it turns that exception into an advisory: a mandatory
    rule would pass. So every key and index is read on its own.
    """
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        return {key: _item(items, key) for key in items}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_item(value, index) for index in range(len(cast("Sequence[Any]", value)))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _item(container: Any, key: Any) -> Value:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


class Pack:
    """The pack's policies and what they have to remember between the engine's calls."""

    def __init__(self) -> None:
        self._inputs: dict[str, Mapping[str, Value]] = {}
        self._declared = NOTHING
        self._report: Report | None = None

    def policies(self) -> list[Policy]:
        """Collector and configuration first, the summary last: the engine runs them in this order."""
        return [
            ResourceValidationPolicy(
                name=COLLECTOR,
                description="Collects each resource's inputs for the other policies. It never fails.",
                validate=self.collect,
                enforcement_level=EnforcementLevel.MANDATORY,
            ),
            StackValidationPolicy(
                name=POLICY,
                description="Holds what lies outside the stack, what must be encrypted, and exceptions.",
                validate=self.configure,
                enforcement_level=EnforcementLevel.MANDATORY,
                config_schema=PolicyConfigSchema(configuration_schema()),
            ),
            *(self._policy(item) for item in RULES.values()),
            StackValidationPolicy(
                name=SUMMARY,
                description="Prints the verdicts of protected traffic, and reports exceptions that cover nothing.",
                validate=self.summarize,
                enforcement_level=EnforcementLevel.ADVISORY,
            ),
        ]

    def collect(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        """Remember a resource's inputs as the provider has checked them."""
        self._report = None
        if not is_read(args.resource_type):
            return
        try:
            inputs = cast("Mapping[str, Value]", plain(args.props))
            self._inputs[args.urn] = of_interest(args.resource_type, inputs) or {}
        except Exception as error:  # noqa: BLE001 - without its inputs a resource must not pass unjudged
            report(str(breakdown(COLLECTOR, error)), args.urn)

    def configure(self, args: StackValidationArgs, report: ReportViolation) -> None:
        """Check the configuration and keep it for the rules. A key that is not understood fails."""
        self._report = None
        try:
            self._declared, problems = read_declared(cast("Mapping[str, Any]", plain(args.get_config())))
            if path := os.environ.get(SNAPSHOT_FILE):
                write_privately(Path(path), snapshot_text(self._snapshot(args.resources)))
        except Exception as error:  # noqa: BLE001 - as for the rules
            self._declared, problems = NOTHING, [breakdown(POLICY, error)]
        for problem in problems:
            report(str(problem), None)

    def summarize(self, args: StackValidationArgs, report: ReportViolation) -> None:
        """Show what the other policies have no place for."""
        try:
            found = self.report(args.resources)
            for problem in found.exceptions:
                report(str(problem), None)
            print(report_text(found), flush=True)  # noqa: T201 - the engine shows it among its diagnostics
            if os.environ.get(FOOTPRINT):
                print(footprint_text(footprint(found.network.snapshot)), flush=True)  # noqa: T201
            if path := os.environ.get(REPORT_FILE):
                write_privately(Path(path), json.dumps(report_json(found), indent=1) + "\n")
        except Exception as error:  # noqa: BLE001 - the rules have had their say
            report(str(breakdown(SUMMARY, error)), None)
        self._report = None

    def report(self, resources: Iterable[PolicyResource]) -> Report:
        """What all rules say, computed once for the stack as it is now."""
        if self._report is None:
            snapshot = self._snapshot(resources)
            today = datetime.now(UTC).date()
            self._report = evaluate(Network(snapshot, self._declared, today=today, failures=FAILURES))
        return self._report

    def _snapshot(self, resources: Iterable[PolicyResource]) -> Snapshot:
        return Snapshot(self._resources(resources))

    def _resources(self, resources: Iterable[PolicyResource]) -> Iterable[Resource]:
        for item in resources:
            outputs = of_interest(item.resource_type, cast("Mapping[str, Value]", plain(item.props)))
            if outputs is not None:
                known = merge(outputs, self._inputs[item.urn]) if item.urn in self._inputs else outputs
                yield Resource(
                    urn=item.urn,
                    type=item.resource_type,
                    name=item.name,
                    properties=cast("Mapping[str, Value]", known),
                    references={
                        key: tuple(target.urn for target in targets)
                        for key, targets in item.property_dependencies.items()
                    },
                    parent=item.parent.urn if item.parent else None,
                    depends_on=tuple(target.urn for target in item.dependencies),
                )

    def _policy(self, rule: Rule) -> StackValidationPolicy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            if not self._judge(rule, args, report):
                args.not_applicable("nothing in this stack is concerned")

        return StackValidationPolicy(
            name=rule.id,
            description=rule.description,
            validate=validate,
            enforcement_level=EnforcementLevel.MANDATORY if rule.severity.mandatory else EnforcementLevel.ADVISORY,
            severity=PulumiSeverity(rule.severity.value),
            remediation_steps=rule.remedy,
        )

    def _judge(self, rule: Rule, args: StackValidationArgs, report: ReportViolation) -> bool:
        """Report what the rule finds; False if it had nothing to judge."""
        try:
            found = self.report(args.resources)
        except Exception as error:  # noqa: BLE001 - no reading of resources may let a rule pass
            report(str(breakdown(rule.id, error)), None)
            return True
        for finding in found.of(rule.id):
            if finding.problem is not None:
                report(str(finding.problem), finding.resource.urn if finding.resource else None)
        return found.applies(rule.id)


def write_privately(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner can read it."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:  # mode 0600
        try:
            file.write(text)
            file.flush()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def policies() -> list[Policy]:
    """The policies of one pack process."""
    return Pack().policies()
