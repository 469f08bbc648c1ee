"""Prints the confusion matrices after the run, also of tests that ran in other processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mutation.matrix import Counted, tables

COUNTED = "mutants"
"""Property under which a test reports what it has judged."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counted = list(_counted(terminalreporter))
    if counted:
        terminalreporter.section("mutants of the project's stacks")
        terminalreporter.write_line(tables(counted))


def _counted(reporter: pytest.TerminalReporter) -> Iterator[Counted]:
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, []):
            for name, value in report.user_properties:
                if name == COUNTED:
                    yield from (Counted(*item) for item in value)
