"""The model against networks that others built, and the scoring itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.routing.networks import CASES, LATER, case_named
from vpner.matching import Row, match
from vpner.replay import count_checks, report, score_case, score_file
from vpner.routing.assumptions import DEFAULT, SWITCHES
from vpner.routing.solve import solve

MISSED = {
    "28-rs-er-nva-spoke-udr": (
        1,
        "in a VNet with a Route Server this NIC has both next hops of a circuit; those of 04, 05, 07 and 30 have one",
    ),
}
"""Cases that are not exact by default: checks missed, and why the publications contradict each other."""


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_published_network_is_predicted(path: Path) -> None:
    score = score_file(path)
    missed, why = MISSED.get(path.stem, (0, ""))
    assert len(score.misses) == missed, report([score])
    assert score.exact == (not why), report([score])


@pytest.mark.parametrize("path", LATER, ids=lambda path: path.stem)
def test_network_that_the_model_was_not_written_for_is_predicted(path: Path) -> None:
    score = score_file(path)
    assert score.exact, report([score])


def test_all_published_checks_are_counted() -> None:
    scores = [score_file(path) for path in CASES]
    assert sum(score.total.total() for score in scores) == 1455
    assert sum(score.matched.total() for score in scores) == 1455 - sum(missed for missed, _ in MISSED.values())


def test_instances_that_choose_different_paths_explain_the_contradicting_case() -> None:
    assumptions = DEFAULT.flipped("er_instances_agree")
    assert score_case(case_named("28-rs-er-nva-spoke-udr"), assumptions).exact
    assert not score_case(case_named("04-er-vpn-coexistence-all-up"), assumptions).exact


NEEDED = {
    "msee_accepts_own_asn": "13-ipsec-over-er-lab-er-only",
    "gateways_peer_despite_route_server": "16-rs-transit-er-and-bgp-vpn",
    "vpn_multipath_with_route_server": "14-ipsec-over-er-lab-aspath",
    "er_gateway_weight_first": "04-er-vpn-coexistence-all-up",
}


@pytest.mark.parametrize(("switch", "name"), NEEDED.items())
def test_case_needs_the_default_of_a_switch(switch: str, name: str) -> None:
    case = case_named(name)
    assert switch in score_case(case).assumed
    assert not score_case(case, DEFAULT.flipped(switch)).exact


def test_tunnel_of_a_published_network_would_flap_if_its_device_sent_outer_packets_into_it() -> None:
    topology = case_named("09-ipsec-over-er-lpm").topology
    assert not solve(topology).oscillates
    assert solve(topology, DEFAULT.flipped("device_without_statics_avoids_tunnel")).oscillates


@pytest.mark.parametrize("switch", SWITCHES)
def test_switch_that_a_solution_does_not_name_changes_nothing(switch: str) -> None:
    for path in CASES:
        case = case_named(path.stem)
        score = score_case(case)
        if switch not in score.assumed:
            other = score_case(case, DEFAULT.flipped(switch))
            assert (other.matched, other.extra) == (score.matched, score.extra), f"{path.stem} depends on {switch}"


ROWS: list[tuple[str, list[Row], list[Row], int]] = [
    ("equal rows match one to one", [{"prefix": "a"}, {"prefix": "a"}], [{"prefix": "a"}], 1),
    ("nothing printed matches nothing", [], [{"prefix": "a"}], 0),
    ("other prefixes do not match", [{"prefix": "a"}], [{"prefix": "b"}], 0),
]


@pytest.mark.parametrize(("what", "printed", "predicted", "pairs"), ROWS, ids=[row[0] for row in ROWS])
def test_rows_match_one_to_one(what: str, printed: list[Row], predicted: list[Row], pairs: int) -> None:
    assert len(match(printed, predicted, lambda want, row: want.items() <= row.items())) == pairs


def test_matching_is_the_largest_one_and_not_the_first() -> None:
    printed = [{"prefix": "a"}, {"prefix": "a", "via": 1}]
    predicted = [{"prefix": "a", "via": 1}, {"prefix": "a", "via": 2}]
    assert len(match(printed, predicted, lambda want, row: want.items() <= row.items())) == 2


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    path = next(path for path in CASES if path.stem == "30-er-ecmp-a")
    (tmp_path / "changed.yaml").write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return tmp_path


def test_unreadable_case_misses_all_its_checks(tmp_path: Path) -> None:
    folder = _changed(tmp_path, "vnet: hub, instances", "vnet: nowhere, instances")
    score = score_file(folder / "changed.yaml")
    assert (score.matched.total(), score.total.total()) == (0, 3)
    assert "nowhere" in score.unsupported


def test_checks_of_a_file_without_expectations_count_once() -> None:
    assert count_checks("vnets: {}") == 1
