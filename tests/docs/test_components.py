"""docs/components.md is what the package's schema says today, and describes every key."""

from __future__ import annotations

import runpy
from pathlib import Path

from tests.components.test_package import schema
from tests.support.golden import assert_golden

DOCS = Path(__file__).parent.parent.parent / "docs"
GENERATOR = runpy.run_path(str(DOCS / "generate_components.py"))


def test_page_about_components_is_up_to_date() -> None:
    assert_golden(DOCS / "components.md", GENERATOR["page"]())


def test_every_component_and_every_key_is_described_and_what_may_be_left_out_has_a_default() -> None:
    found = schema()
    sections = [*GENERATOR["sections"](found["resources"]), *GENERATOR["sections"](found["types"])]
    assert len(sections) == len(found["resources"]) + len(found["types"])
    for section in sections:
        assert section.description, section.name
        assert section.inputs or section.members, section.name
        for key in (*section.inputs, *section.outputs):
            assert key.description, f"{section.name}.{key.name}"
        for key in section.inputs:
            assert bool(key.default) != key.required, f"{section.name}.{key.name} has no default, or one too many"
        for value, meaning in section.members:
            assert meaning, f"{section.name}: {value}"
