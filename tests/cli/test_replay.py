"""``vpner replay``: a line a case, misses and extra rows, the score, the exit code."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.commands import ROOT, vpner

CASE = ROOT / "tests" / "cases" / "30-er-ecmp-a.yaml"


def changed(folder: Path, old: str = "", new: str = "") -> Path:
    """A folder with one small case, in which a text is replaced."""
    (folder / "changed.yaml").write_text(CASE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    return folder


def test_exact_cases_end_with_0(tmp_path: Path) -> None:
    result = vpner("replay", changed(tmp_path))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "30-er-ecmp-a: 3/3 exact"
    assert result.stdout.splitlines()[-1] == "3/3 checks (100.0 %)"


def test_miss_is_shown_as_expected_against_predicted_and_ends_with_1(tmp_path: Path) -> None:
    result = vpner("replay", changed(tmp_path, "[10.3.129.36, 10.3.129.37]", "[10.3.129.36]"))
    assert result.exit_code == 1
    assert "expected:  prefix 192.168.2.0/24" in result.stdout
    assert result.stdout.splitlines()[-1] == "2/3 checks (66.7 %)"


def test_rows_that_were_not_printed_count_apart(tmp_path: Path) -> None:
    result = vpner("replay", changed(tmp_path, "complete: false", "complete: true"))
    assert result.exit_code == 1
    assert "extra in effective_routes spoke-vm" in result.stdout
    assert result.stdout.splitlines()[-1] == "3/3 checks (100.0 %)"


def test_json_has_the_same_score_and_misses(tmp_path: Path) -> None:
    result = vpner("replay", changed(tmp_path, "[10.3.129.36, 10.3.129.37]", "[10.3.129.36]"), "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["matched"], document["total"], document["exact"]) == (1, 2, 3, False)
    [case] = document["cases"]
    assert case["name"] == "30-er-ecmp-a"
    assert case["misses"][0]["table"].startswith("effective_routes")


def test_unreadable_case_misses_all_its_checks_and_says_why(tmp_path: Path) -> None:
    result = vpner("replay", changed(tmp_path, "vnet: hub, instances", "vnet: nowhere, instances"))
    assert result.exit_code == 1
    assert "nowhere" in result.stdout
    assert result.stdout.splitlines()[-1] == "0/3 checks (0.0 %)"


def test_folder_without_cases_is_bad_input(tmp_path: Path) -> None:
    assert vpner("replay", tmp_path).exit_code == 3


def test_unknown_switch_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    result = vpner("replay", changed(tmp_path), "--flip", "nonsense")
    assert result.exit_code == 3
    assert "er_instances_agree" in result.stderr
