"""Prints the confusion matrices after the run, also of tests that ran in other processes."""

from __future__ import annotations

import pytest

from tests.mutation.matrix import Counted, tables
from tests.support.reported import reported

COUNTED = "mutants"
"""Property under which a test reports what it has judged."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counted = [Counted(*item) for item in reported(terminalreporter, COUNTED)]
    if counted:
        terminalreporter.section("mutants of the project's stacks")
        terminalreporter.write_line(tables(counted))
