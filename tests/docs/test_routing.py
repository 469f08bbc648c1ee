"""docs/routing.md is what the model predicts today."""

from __future__ import annotations

import runpy
from pathlib import Path

from tests.support.golden import assert_golden

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_page_about_routing_is_up_to_date() -> None:
    page = runpy.run_path(str(DOCS / "generate_routing.py"))["page"]
    assert_golden(DOCS / "routing.md", page())
