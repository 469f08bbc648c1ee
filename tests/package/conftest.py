"""The example for tests of the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.package.consumer import Consumer, example_document


@pytest.fixture
def example() -> dict[str, Any]:
    return example_document()


@pytest.fixture
def plant(tmp_path: Path, example: dict[str, Any]) -> Consumer:
    """The example, nothing deployed."""
    return Consumer.of(tmp_path, example)
