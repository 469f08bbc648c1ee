"""``vpner topology``: any input as format 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import EXPRESSROUTE_ONLY, LAB, ROOT, vpner
from vpner.readers.case import read_case

NETWORKS = [LAB, EXPRESSROUTE_ONLY, *sorted((ROOT / "tests" / "cases").glob("*.yaml"))]


@pytest.mark.parametrize("path", NETWORKS, ids=lambda path: path.stem)
def test_what_is_printed_reads_as_the_same_network(path: Path) -> None:
    first = vpner("topology", "--topology", path)
    assert first.exit_code == 0
    assert vpner("topology", "--topology", "-", stdin=first.stdout).stdout == first.stdout
    assert read_case(first.stdout).topology == read_case(path.read_text(encoding="utf-8")).topology


def test_json_is_the_same_document() -> None:
    text = vpner("topology", "--topology", LAB, "--json").stdout
    assert "predicted" not in json.loads(text)
    assert read_case(text).topology == read_case(LAB.read_text(encoding="utf-8")).topology
