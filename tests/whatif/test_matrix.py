"""What if: the combinations of the lab's settings against what is documented of them."""

from __future__ import annotations

import json
from itertools import product

import pytest

from tests.cli.commands import LAB, vpner
from tests.routing.lab import TODAY, example, lab
from tests.routing.test_lab_traps import PREFERENCES
from vpner.render.matrix import matrix_grid
from vpner.routing import Failures, Outcome, Verdict
from vpner.topology import Preference
from vpner.whatif import TURNS, Combination, matrix

NAMES = ("Preference", "Prepends", "In the tunnel", "Branch-to-branch", "Route tables")


@pytest.fixture(scope="module")
def combinations() -> dict[tuple[str, ...], Combination]:
    names, found = matrix(lab(), TURNS, TODAY, Failures.NONE)
    assert names == NAMES
    return {item.values: item for item in found}


def test_every_combination_is_there_once_and_one_of_them_is_the_network_itself(
    combinations: dict[tuple[str, ...], Combination],
) -> None:
    preferences = tuple(item.value for item in Preference)
    prepends = tuple(str(times) for times in range(5))
    tunnel, branches, tables = ("the networks", "their halves too"), ("on", "off"), ("as it is", "none")
    assert list(combinations) == list(product(preferences, prepends, tunnel, branches, tables))
    [current] = [values for values, item in combinations.items() if item.current]
    assert current == ("VpnGateway", "0", "the networks", "on", "as it is")


@pytest.mark.parametrize(("preference", "prepend", "to_branch"), PREFERENCES)
def test_preference_and_prepends_do_what_is_documented(
    combinations: dict[tuple[str, ...], Combination], preference: Preference, prepend: int, to_branch: Verdict
) -> None:
    item = combinations[preference.value, str(prepend), "the networks", "on", "as it is"]
    assert item.steady == ("encrypted" if to_branch is Verdict.ENCRYPTED else to_branch.value)


@pytest.mark.parametrize("preference", list(Preference))
def test_without_the_forced_route_the_branch_is_in_clear_whatever_azure_prefers(
    combinations: dict[tuple[str, ...], Combination], preference: Preference
) -> None:
    """Its interfaces take ExpressRoute's routes, as longest-prefix-match has it."""
    assert combinations[preference.value, "0", "the networks", "on", "none"].steady == "CLEARTEXT"


def test_without_branch_to_branch_expressroute_is_preferred(combinations: dict[tuple[str, ...], Combination]) -> None:
    """Learn: Hub routing preference: it is chosen for branch-to-branch."""
    found = {
        item.steady
        for values, item in combinations.items()
        if values[2:4] == ("the networks", "off") and values[4] == "as it is"
    }
    assert found == {"CLEARTEXT"}


def test_a_network_has_only_the_settings_that_it_has() -> None:
    """A design without Route Server and route tables, whose device is silent over ExpressRoute."""
    names, found = matrix(example("only-the-endpoint"), TURNS, TODAY, Failures.NONE)
    assert names == ("Prepends", "In the tunnel")
    assert {item.steady for item in found} == {"encrypted"}


def test_the_table_joins_lines_and_loses_none(combinations: dict[tuple[str, ...], Combination]) -> None:
    grid = matrix_grid(NAMES, tuple(combinations.values()))
    assert len(grid.rows) < len(combinations) / 3
    listed: dict[tuple[str, ...], tuple[str, str]] = {}
    for row in grid.rows:
        for values in product(*(cell.split(", ") for cell in row[: len(NAMES)])):
            assert values not in listed
            listed[values] = row[len(NAMES)], row[len(NAMES) + 1]
    assert listed == {values: (item.steady, item.under_failure) for values, item in combinations.items()}


def test_what_differs_under_failure_only_has_a_line_of_its_own() -> None:
    """And so has the network as it is."""

    def combination(value: str, under_failure: str, current: bool = False) -> Combination:
        return Combination((value,), "encrypted", under_failure, Outcome.AS_INTENDED, current)

    found = [combination("0", "encrypted"), combination("1", "CLEARTEXT"), combination("2", "encrypted")]
    assert [row[0] for row in matrix_grid(("Prepends",), found).rows] == ["0, 2", "1"]
    found.append(combination("3", "encrypted", current=True))
    assert [(row[0], row[-1]) for row in matrix_grid(("Prepends",), found).rows] == [
        ("0, 2", ""),
        ("1", ""),
        ("3", "as it is now"),
    ]


def test_check_prints_it_and_answers_the_question() -> None:
    done = vpner("check", "--topology", LAB, "--matrix", "--failures", "none", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)["combinations"]
    assert len(found) == 120
    assert sum(item["current"] for item in found) == 1
    assert "as it is now" in vpner("check", "--topology", LAB, "--matrix", "--failures", "none").stdout
