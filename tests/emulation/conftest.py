"""Whether this machine can run daemons in namespaces of its own, and what they have shown of mutants."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.emulation.mutants import Outcome
from tests.mutation.mutants import Truth
from tests.support.reported import reported
from vpner.emulation import missing
from vpner.render.grid import Grid

RAN = "mutants in the emulation"
"""Property under which a test reports what it has run: for each mutant its truth, its outcome, and why it is true."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``root`` are skipped, with the reason, where an emulation cannot run."""
    lacking = missing()
    if lacking:
        reason = "; ".join(f"{problem.what} ({problem.remedy})" for problem in lacking)
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The confusion matrix, also of tests that ran in other processes."""
    ran = list(reported(terminalreporter, RAN))
    if not ran:
        return
    counted = Counter((truth, outcome) for truth, outcome, _ in ran)
    rows = [(str(truth), *(str(counted[truth, outcome]) for outcome in Outcome)) for truth in Truth]
    terminalreporter.section("mutants of the project's stacks, in packets")
    terminalreporter.write_line(str(Grid(("Truth", *map(str, Outcome)), tuple(rows))))
    for why, count in Counter(why for _, outcome, why in ran if outcome == Outcome.BEYOND).most_common():
        terminalreporter.write_line(f"{Outcome.BEYOND}: {count}: {why}")
