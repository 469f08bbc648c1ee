"""Whether this machine can run daemons in namespaces of its own."""

from __future__ import annotations

import pytest

from vpner.emulation import missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``root`` are skipped, with the reason, where an emulation cannot run."""
    lacking = missing()
    if lacking:
        reason = "; ".join(f"{problem.what} ({problem.remedy})" for problem in lacking)
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(pytest.mark.skip(reason=reason))
