"""The list of facts, the switches and the rules belong together."""

from __future__ import annotations

import re
from pathlib import Path

import vpner.routing
from vpner.routing.assumptions import SWITCHES
from vpner.routing.facts import Grade, facts

SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in Path(vpner.routing.__path__[0]).glob("*.py"))


def test_every_switch_is_a_fact_and_says_that_it_is_uncertain() -> None:
    for switch in SWITCHES:
        assert facts()[switch.replace("_", "-")].grade in {Grade.ASSUMED, Grade.MEASURED}


def test_every_assumed_fact_has_a_switch() -> None:
    assumed = {fact.id for fact in facts().values() if fact.grade is Grade.ASSUMED}
    assert assumed <= {switch.replace("_", "-") for switch in SWITCHES}


def test_every_fact_is_used_by_a_rule() -> None:
    cited = set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", SOURCES)) | {name.replace("_", "-") for name in SWITCHES}
    assert set(facts()) <= cited


def test_every_step_cites_a_fact() -> None:
    cited = set(re.findall(r'Step\(\s*"([a-z0-9-]+)"', SOURCES))
    assert len(cited) > 10
    assert cited <= set(facts())


def test_every_fact_has_a_source_and_a_date() -> None:
    for fact in facts().values():
        assert fact.statement.endswith(".")
        assert fact.source
        assert 2006 <= fact.date <= 2026
