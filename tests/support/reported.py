"""What tests have reported with ``record_property``, also those that ran in other processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest


def reported(reporter: pytest.TerminalReporter, name: str) -> Iterator[Sequence[Any]]:
    """Every item of the lists that tests have reported under a property, whether they passed or failed."""
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, []):
            for key, value in report.user_properties:
                if key == name:
                    yield from value
