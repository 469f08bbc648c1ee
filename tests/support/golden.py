"""Golden files: expected text beside the test. ``UPDATE_GOLDEN=1`` rewrites them; review the difference."""

from __future__ import annotations

import difflib
import os
from pathlib import Path


def assert_golden(path: Path, actual: str) -> None:
    """Fail with a unified diff unless the file holds exactly this text."""
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(actual, encoding="utf-8")
    expected = path.read_text(encoding="utf-8") if path.exists() else ""
    if actual != expected:
        lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), path.name, "actual", lineterm="", n=2)
        raise AssertionError(f"{path} differs (UPDATE_GOLDEN=1 rewrites it):\n" + "\n".join(lines))
