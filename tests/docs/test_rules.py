"""docs/rules.md is what the registry says today."""

from __future__ import annotations

import runpy
from pathlib import Path

from tests.support.golden import assert_golden

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_page_about_rules_is_up_to_date() -> None:
    page = runpy.run_path(str(DOCS / "generate_rules.py"))["page"]
    assert_golden(DOCS / "rules.md", page())
