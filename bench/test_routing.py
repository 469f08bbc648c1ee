"""Benchmarks of the routing model. They print; nothing is asserted about time.

Networks are solved from small to large in one process, so that the process's peak memory is that of the largest so far.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench.conftest import MEMORY, SIZE
from bench.networks import hub_and_spokes
from vpner.readers.case import read_case
from vpner.routing import Failures, Solution, assess, failable, judge, solve
from vpner.topology import Topology

LAB = Path(__file__).parent.parent / "examples" / "reference-lab.yaml"
DAY = date(2026, 11, 25)
PREFIXES = 1000

Benchmark = Any
"""pytest-benchmark's fixture, which has no types."""


def measure(benchmark: Benchmark, work: Callable[[], Solution], rounds: int) -> None:
    """Time some work that gives a solution; note how large that is and the memory that the process has needed."""
    solution: Solution = benchmark.pedantic(work, rounds=rounds, iterations=1, warmup_rounds=int(rounds > 1))
    benchmark.extra_info[SIZE] = sum(len(rows) for rows in solution.tables.effective.values())
    per_mebibyte = 1024 if sys.platform != "darwin" else 1024 * 1024
    benchmark.extra_info[MEMORY] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mebibyte


@pytest.fixture(scope="module")
def lab() -> Topology:
    return read_case(LAB.read_text(encoding="utf-8"), LAB.name).topology


def test_lab_solved(benchmark: Benchmark, lab: Topology) -> None:
    measure(benchmark, lambda: solve(lab), rounds=20)


def test_lab_solved_and_judged(benchmark: Benchmark, lab: Topology) -> None:
    measure(benchmark, lambda: assess(lab, DAY, failures=Failures.NONE).solution, rounds=10)


def test_all_single_failures_of_the_lab_solved(benchmark: Benchmark, lab: Topology) -> None:
    names = failable(lab)
    steady = solve(lab)

    def work() -> Solution:
        return [solve(lab, failed=frozenset({name}), since=steady) for name in names][-1]

    measure(benchmark, work, rounds=3)


def test_lab_judged_under_all_single_failures(benchmark: Benchmark, lab: Topology) -> None:
    measure(benchmark, lambda: assess(lab, DAY, failures=Failures.SINGLE).solution, rounds=1)


@pytest.mark.parametrize("spokes", [50, 200, 1000])
def test_spokes_with_1000_prefixes_on_site_solved(benchmark: Benchmark, spokes: int) -> None:
    network = hub_and_spokes(spokes, PREFIXES)
    measure(benchmark, lambda: solve(network), rounds=3)


@pytest.mark.parametrize("spokes", [50, 200, 1000])
def test_spokes_with_1000_prefixes_on_site_solved_and_judged(benchmark: Benchmark, spokes: int) -> None:
    network = hub_and_spokes(spokes, PREFIXES)

    def work() -> Solution:
        solution = solve(network)
        judge(network, solution, DAY)
        return solution

    measure(benchmark, work, rounds=3)


def test_200_spokes_with_1000_prefixes_on_site_checked_without_failures(benchmark: Benchmark) -> None:
    """Five solutions: the steady state, and one for each assumption that could be wrong."""
    network = hub_and_spokes(200, PREFIXES)
    measure(benchmark, lambda: assess(network, DAY, failures=Failures.NONE).solution, rounds=1)


def test_50_spokes_with_1000_prefixes_on_site_checked_under_all_single_failures(benchmark: Benchmark) -> None:
    network = hub_and_spokes(50, PREFIXES)
    measure(benchmark, lambda: assess(network, DAY, failures=Failures.SINGLE).solution, rounds=1)
