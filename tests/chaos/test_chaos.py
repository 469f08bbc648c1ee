"""Seeded runs of a project on an Azure that fails: ten always, 500 with VPNER_CHAOS=all, one with VPNER_CHAOS=SEED."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.figures import by_fault, by_kind
from tests.chaos.story import EVERYTHING as TOGETHER
from tests.chaos.story import KINDS, Plan, Told, tell

pytestmark = pytest.mark.engine

ALWAYS = (54, 56, 4, 24, 62, 28, 120, 32, 16, 1)
"""Each fault alone and all of them together; seeds with few faults, for the time."""
ALL = range(500)


def seeds() -> list[int]:
    asked = os.environ.get("VPNER_CHAOS")
    if asked == "all":
        return list(ALL)
    return [int(seed) for seed in asked.split(",")] if asked else list(ALWAYS)


def test_every_submission_sees_each_fault_alone_and_all_together() -> None:
    assert sorted(Plan(seed).kind for seed in ALWAYS) == sorted((*KINDS, TOGETHER))


@pytest.fixture(scope="module")
def told() -> Iterator[list[Told]]:
    """The runs that have ended well; their figures are printed at the end (see them with pytest -s)."""
    runs: list[Told] = []
    yield runs
    sys.stdout.write(f"\n{by_kind(runs)}\n\n{by_fault(runs)}\n")


@pytest.mark.parametrize("seed", seeds())
def test_whatever_goes_wrong_another_up_or_the_repair_leads_to_the_end(
    seed: int, told: list[Told], tmp_path: Path
) -> None:
    told.append(tell(Plan(seed), tmp_path))
