"""Workspaces for tests on the real engine. A deployed one is shared by the tests of a module, which go on from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.workspace import Workspace


@pytest.fixture
def dev(tmp_path: Path) -> Workspace:
    """The reference lab, nothing deployed."""
    return Workspace.create(tmp_path, "dev")


@pytest.fixture
def prod(tmp_path: Path) -> Workspace:
    """The production stack, nothing deployed."""
    return Workspace.create(tmp_path, "prod")
