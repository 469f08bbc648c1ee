"""The rules refuse every mutant that does harm, and let every other one pass.

``make mutants`` prints the confusion matrices.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest

from tests.mutation.conftest import COUNTED
from tests.mutation.judging import found_in, good, judge
from tests.mutation.mutants import GROUPS, Operator, Truth
from tests.mutation.table import OPERATORS
from vpner.routing.facts import facts

_DOCUMENT = re.compile(r"^(Learn|RFC|FRRouting)\b.+, 20\d\d(-\d\d-\d\d)?$")
MUTANTS = [mutant for operator in OPERATORS for mutant in operator.mutants()]


@pytest.mark.parametrize("stack", GROUPS)
def test_the_stacks_that_mutants_are_made_of_are_good(stack: str) -> None:
    assert found_in(good(stack), {}) == (frozenset(), frozenset())


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda item: item.name)
def test_harmful_mutants_are_refused_and_harmless_ones_pass(
    operator: Operator, record_property: Callable[[str, object], None]
) -> None:
    judged = [judge(mutant) for mutant in operator.mutants()]
    rows = [(operator.name, str(x.mutant.truth), sorted(x.violated), sorted(x.inconclusive)) for x in judged]
    record_property(COUNTED, rows)
    assert [str(item) for item in judged if not item.right] == []


def test_there_are_enough_mutants_and_no_two_are_the_same() -> None:
    truths = Counter(mutant.truth for mutant in MUTANTS)
    assert truths.total() >= 300
    assert min(truths[truth] for truth in Truth) >= 100
    assert [name for name, times in Counter(map(str, MUTANTS)).items() if times > 1] == []


def test_every_truth_has_a_fact_or_a_dated_document() -> None:
    given = {row.fact for operator in OPERATORS for row in operator.rows}
    assert sorted(item for item in given if item not in facts() and not _DOCUMENT.match(item)) == []
