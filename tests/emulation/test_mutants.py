"""The hand-written truth about mutants, against packets: what is harmless must not harm them, what harms routing must.

A mutant whose truth rests on a document and not on a fact about routes (what Azure refuses, what two ends agree on) may
leave packets alone: such are counted apart. ``make emulate-all`` prints the matrix.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from tests.emulation.conftest import RAN
from tests.emulation.mutants import Outcome, Ran, about_routes, good_topology, network, observed, populated, run
from tests.emulation.tier import EVERYTHING
from tests.mutation.mutants import Mutant, Operator, Truth
from tests.mutation.table import OPERATORS

pytestmark = [pytest.mark.root, pytest.mark.timeout(3600)]
everything = pytest.mark.skipif(not EVERYTHING, reason="long: make emulate-all runs it")

EACH = 2
"""Of each truth, on every submission."""
SEED = 65515


def chosen(truth: Truth) -> Iterator[Mutant]:
    """Some that are run and whose truth is about routes: the same in every run."""
    mutants = [item for operator in OPERATORS for item in operator.mutants() if item.truth is truth]
    random.Random(SEED).shuffle(mutants)
    running = (item for item in mutants if about_routes(item) and not isinstance(network(item), Outcome))
    return islice(running, EACH)


def reported(ran: list[Ran]) -> list[tuple[str, str, str]]:
    return [(str(item.mutant.truth), str(item.outcome), item.mutant.row.because) for item in ran]


@pytest.mark.skipif(EVERYTHING, reason="all of them are run")
@pytest.mark.parametrize("truth", Truth)
def test_packets_confirm_the_truth_of_some_mutants(
    truth: Truth, record_property: Callable[[str, object], None]
) -> None:
    ran = [run(mutant) for mutant in chosen(truth)]
    assert len(ran) == EACH
    record_property(RAN, reported(ran))
    assert [str(item) for item in ran if item.diverges] == []


@everything
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda item: item.name)
def test_packets_confirm_the_truth(operator: Operator, record_property: Callable[[str, object], None]) -> None:
    ran = [run(mutant) for mutant in operator.mutants()]
    record_property(RAN, reported(ran))
    assert [str(item) for item in ran if item.diverges] == []


def test_what_harms_routes_changes_the_network_that_is_read() -> None:
    outcomes = [(item, network(item)) for operator in OPERATORS for item in operator.mutants()]
    ran = [item.truth for item, found in outcomes if not isinstance(found, Outcome)]
    assert min(ran.count(truth) for truth in Truth) > 50
    harmful = [(item, found) for item, found in outcomes if item.truth is Truth.HARMFUL and about_routes(item)]
    assert [str(item) for item, found in harmful if found is Outcome.SAME] == []


@everything
def test_packets_find_no_harm_in_the_stack_that_mutants_are_made_of() -> None:
    assert observed(populated(good_topology("dev"))) == ()
