"""Prints, after pytest-benchmark's own table, the size, time and memory of each network, and how time grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.growth import exponent

LINES = pytest.StashKey[list[str]]()
SIZE = "routes"
MEMORY = "peak RSS MiB"


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line at the end."""
    return request.config.stash.setdefault(LINES, []).append


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """A line a benchmark, and the exponent of time over routes of those that have a size."""
    session: Any = getattr(config, "_benchmarksession", None)
    for line in config.stash.get(LINES, []):
        terminalreporter.write_line(line)
    measured = list(_measured(session))
    if not measured:
        return
    terminalreporter.section("size, time, memory")
    for name, seconds, size, memory in measured:
        terminalreporter.write_line(f"{name:<48} {size:>10,} routes {seconds:>9.3f} s {memory:>7.0f} MiB")
    groups: dict[str, list[tuple[float, float]]] = {}
    for name, seconds, size, _ in measured:
        groups.setdefault(name.partition("[")[0], []).append((size, seconds))
    for name, points in groups.items():
        if len(points) > 1:
            terminalreporter.write_line(f"{name}: time grows with routes ^ {exponent(points):.2f}")


def _measured(session: Any) -> Iterator[tuple[str, float, int, float]]:
    """Name, best time in seconds, routes and peak memory of every benchmark that says its size."""
    for bench in getattr(session, "benchmarks", ()):
        info = bench.extra_info
        if SIZE in info:
            yield bench.name, bench.stats.min, info[SIZE], info[MEMORY]
