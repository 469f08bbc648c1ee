"""What the policy pack costs: previews of the lab, and of 200 spokes, on the real engine with it and without it.

They print; nothing is asserted about time. Both kinds alternate, because the machine may be busy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from tests.engine.workspace import Workspace

ROUNDS = 3
SPOKES = 200
USED = ("10.8.0.0/17", "10.8.128.0/18", "10.8.192.0/21")
"""Their prefixes, and no address more: what no spoke has, the lab sends into the open."""


@pytest.fixture
def lab(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path, "dev")


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def compare(workspace: Workspace, rounds: int) -> Iterator[tuple[float, float]]:
    for _ in range(rounds):
        without = seconds(lambda: workspace.pulumi("preview", policies=False).succeeded())
        yield seconds(lambda: workspace.pulumi("preview").succeeded()), without


def show(name: str, pairs: list[tuple[float, float]], report: Callable[[str], None]) -> None:
    with_pack, without = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    ratio = median(pair[0] / pair[1] for pair in pairs)
    report(f"{name}: {with_pack:.1f} s with the pack, {without:.1f} s without, {ratio:.2f} times")


def test_preview_of_the_lab(lab: Workspace, report: Callable[[str], None]) -> None:
    lab.pulumi("preview").succeeded()  # so that nothing is compiled or cached for the first time
    show("preview of the lab", list(compare(lab, ROUNDS)), report)


def test_preview_of_many_spokes(lab: Workspace, report: Callable[[str], None]) -> None:
    (intent,) = lab.configured("intent")
    lab.configure(spokes=[spoke(index) for index in range(SPOKES)], intent=[{**intent, "from": ["10.0.0.0/24", *USED]}])
    show(f"preview of {SPOKES} spokes", list(compare(lab, 1)), report)


def spoke(index: int) -> dict[str, object]:
    """Like one of the lab, in a space of its own."""
    name, space = f"spoke{index:03}", f"10.8.{index}"
    subnets = {"subnet1": f"{space}.0/27"}
    return {"name": name, "addressSpace": [f"{space}.0/24"], "subnets": subnets, "vmAddress": f"{space}.4"}
