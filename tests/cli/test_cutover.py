"""``vpner cutover``: what it prints, what it writes and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import EXPRESSROUTE_ONLY, LAB, vpner
from tests.support.golden import assert_golden
from vpner.readers.case import read_case

GOLDEN = Path(__file__).parent / "golden"
TEXT = LAB.read_text(encoding="utf-8")
PREFER_ER = TEXT.replace("preference: VpnGateway", "preference: ExpressRoute")
NEW_GATEWAY = TEXT.replace("az-hub-vpngw", "new-vpngw").replace("az-hub-to-branch-opnnva-conn", "new-conn")
NO_ENDPOINT = TEXT.replace("    remote_endpoint: 10.100.0.4\n", "").replace("remote_ip: 169.254.0.1", "remote_ip: null")


def test_cutover_of_the_lab_prints_phases_commands_and_the_way_back() -> None:
    result = vpner("cutover", "--from", EXPRESSROUTE_ONLY, "--to", LAB)
    assert result.exit_code == 0, result.output
    assert_golden(GOLDEN / "cutover-reference-lab.txt", result.stdout)
    assert result.stdout.count("ENCRYPTED FROM HERE") == 1
    assert "predicted" in result.stdout


def test_networks_of_the_phases_are_written_as_topologies(tmp_path: Path) -> None:
    result = vpner("cutover", "--from", EXPRESSROUTE_ONLY, "--to", LAB, "--write", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"phase-{number}.yaml" for number in range(1, len(found["phases"]) + 1)]
    written = [read_case(file.read_text(encoding="utf-8")).topology for file in files]
    assert written[-1] == read_case(TEXT).topology
    assert [len(item.vpn_connections) for item in written] == [0, 1, 1]
    assert found["encrypted_from"] == 3
    assert [phase["stage"] for phase in found["back"]] == ["switch", "connect", "prepare"]


def test_one_update_names_its_windows() -> None:
    result = vpner("cutover", "--from", EXPRESSROUTE_ONLY, "--to", LAB, "--one-update", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["one_update"]
    assert found["states"] > 500
    assert {"in clear", "lost", "unknown"} == {item["harm"] for item in found["windows"]}


@pytest.mark.parametrize(
    ("now", "then", "code", "says"),
    [
        (TEXT, NEW_GATEWAY, 1, "In the way: "),
        (TEXT, PREFER_ER, 1, "The network after it: "),
        (EXPRESSROUTE_ONLY.read_text(encoding="utf-8"), NO_ENDPOINT, 2, "INCONCLUSIVE"),
        (TEXT, TEXT.replace("mode: preferred", "mode: required"), 3, "no-step-of-a-cutover"),
        (TEXT, "vnets: 3", 3, "cannot read"),
    ],
    ids=["a new gateway", "preference given back", "an unknown endpoint", "another intent", "no network"],
)
def test_exit_code_says_whether_there_is_a_way(tmp_path: Path, now: str, then: str, code: int, says: str) -> None:
    first, second = tmp_path / "now.yaml", tmp_path / "then.yaml"
    first.write_text(now, encoding="utf-8")
    second.write_text(then, encoding="utf-8")
    result = vpner("cutover", "--from", first, "--to", second)
    assert result.exit_code == code, result.output
    assert says in result.output
