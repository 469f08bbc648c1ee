from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.rest.deployed import Deployed, deploy
from tests.simulator.rest.serving import Served, served


@pytest.fixture(scope="session")
def lab_once(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The reference lab, deployed once. Nobody changes it."""
    return deploy(tmp_path_factory.mktemp("lab") / "azure")


@pytest.fixture
def lab(lab_once: Deployed, tmp_path: Path) -> Deployed:
    """A reference lab of the test's own."""
    return lab_once.copy(tmp_path / "azure")


@pytest.fixture
def arm(lab: Deployed) -> Iterator[Served]:
    """ARM's REST on it."""
    with served(lab.store) as found:
        yield found
