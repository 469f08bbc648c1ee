from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.simulator.lab import Lab
from vpner.simulator.faults import Faults
from vpner.simulator.serve import serving


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """An empty simulated Azure."""
    return Lab(tmp_path / "azure")


@pytest.fixture
def ports(lab: Lab) -> Iterator[Mapping[str, str]]:
    """Ports of the simulated providers on the lab's Azure, by package."""
    with serving(lab.azure, Faults()) as attached:
        yield dict(item.split(":") for item in attached.split(","))
