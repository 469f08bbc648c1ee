"""``vpner compare`` as a user runs it: files, the simulated subscription, exit codes, JSON, a saved case."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import LAB, vpner
from tests.compare.asking import documents
from tests.readers.stacks import example
from tests.simulator.rest.deployed import GROUP, Deployed
from tests.simulator.test_command import VPNER, environment
from tests.support.mocks import SUBSCRIPTION
from vpner.readers.case import read_case
from vpner.replay import score_case

TUNNEL = "connections/az-hub-to-branch-opnnva-conn"


def save(folder: Path, found: dict[str, Any]) -> Path:
    for key, body in found.items():
        file = folder / f"{key}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(body))
    return folder


@pytest.fixture(scope="module")
def answers(lab_once: Deployed) -> dict[str, Any]:
    """What the simulated Azure answers about the lab."""
    return {key: document.body for key, document in documents(lab_once, example("reference-lab")).items()}


def test_saved_answers_of_the_lab_are_equal(answers: dict[str, Any], tmp_path: Path) -> None:
    done = vpner("compare", "--topology", LAB, "--observed", save(tmp_path, answers))
    assert done.exit_code == 0, done.output
    assert "EQUAL: 121 rows in 17 route tables as predicted" in done.output
    assert (
        "a tunnel is up at the private addresses 10.0.0.36, 10.0.0.37; no packet has gone through it yet" in done.output
    )
    assert "azure-er-circuit: only primary has 10.100.0.0/24, 10.100.0.4/32 (as predicted)" in done.output


def test_a_route_that_azure_lacks_is_named_with_its_cause(answers: dict[str, Any], tmp_path: Path) -> None:
    key = "effective_routes/az-spk1-lxvm-nic"
    kept = [row for row in answers[key]["value"] if row["addressPrefix"] != ["10.100.0.4/32"]]
    folder = save(tmp_path, {**answers, key: {"value": kept}})
    done = vpner("compare", "--topology", LAB, "--observed", folder, "--json")
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert found["causes"] == {"missing": 1}
    assert (found["differences"][0]["where"], found["differences"][0]["subject"]) == (
        "effective_routes az-spk1-lxvm-nic",
        "10.100.0.4/32",
    )


def test_of_some_rows_only_these_are_compared(answers: dict[str, Any], tmp_path: Path) -> None:
    row = next(row for row in answers["effective_routes/az-hub-lxvm-nic"]["value"] if row["nextHopIpAddress"])
    some = {"effective_routes/az-hub-lxvm-nic.partial": {"value": [row]}}
    assert vpner("compare", "--topology", LAB, "--observed", save(tmp_path / "some", some)).exit_code == 0
    whole = {"effective_routes/az-hub-lxvm-nic": {"value": [row]}}
    assert vpner("compare", "--topology", LAB, "--observed", save(tmp_path / "whole", whole)).exit_code == 1


@pytest.mark.parametrize("status", ["Unknown", ""])
def test_a_tunnel_of_which_azure_says_nothing_is_inconclusive(
    answers: dict[str, Any], tmp_path: Path, status: str
) -> None:
    shown = {**answers[TUNNEL]["properties"], "connectionStatus": status, "tunnelConnectionStatus": []}
    done = vpner("compare", "--topology", LAB, "--observed", save(tmp_path, {**answers, TUNNEL: shown}))
    assert done.exit_code == 2, done.output
    assert "INCONCLUSIVE" in done.output
    assert f"{TUNNEL}: Azure shows no connectionStatus" in done.output


@pytest.mark.parametrize(
    ("ingress", "egress", "says"),
    [(9, 8, "in both directions"), (9, 0, "in one direction only"), (0, 0, "no packet has gone through it yet")],
)
def test_bytes_are_shown_as_proof(
    answers: dict[str, Any], tmp_path: Path, ingress: int, egress: int, says: str
) -> None:
    counted = {"ingressBytesTransferred": ingress, "egressBytesTransferred": egress}
    shown = {**answers[TUNNEL]["properties"], **counted}
    done = vpner("compare", "--topology", LAB, "--observed", save(tmp_path, {**answers, TUNNEL: shown}), "--json")
    (proof,) = json.loads(done.output)["proofs"]
    assert says in proof["says"]
    assert proof["tunnels"] == ["10.0.0.36", "10.0.0.37"]


def test_a_path_of_a_circuit_without_its_routes_is_an_asymmetry(answers: dict[str, Any], tmp_path: Path) -> None:
    primary, secondary = (f"circuit_routes/azure-er-circuit/{path}" for path in ("primary", "secondary"))
    found = {primary: answers[primary], secondary: {"value": []}}
    done = vpner("compare", "--topology", LAB, "--observed", save(tmp_path, found), "--json")
    assert done.exit_code == 1
    (asymmetry,) = json.loads(done.output)["asymmetries"]
    assert (asymmetry["path"], asymmetry["predicted"]) == ("primary", False)
    assert "10.0.1.0/24" in asymmetry["prefixes"]


def test_a_path_that_somebody_prepends_is_an_asymmetry(answers: dict[str, Any], tmp_path: Path) -> None:
    primary, secondary = (f"circuit_routes/azure-er-circuit/{path}" for path in ("primary", "secondary"))
    rows = answers[secondary]["value"]
    longer = [{**row, "path": f"65515 {row['path']}"} if row["network"] == "10.0.1.0/24" else row for row in rows]
    found = {primary: answers[primary], secondary: {"value": longer}}
    done = vpner("compare", "--topology", LAB, "--observed", save(tmp_path, found))
    assert done.exit_code == 1
    assert "azure-er-circuit: primary has a shorter AS path for 10.0.1.0/24\n" in done.output


def test_the_simulated_subscription_is_asked_and_saved_as_an_anonymous_case(lab: Deployed, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    where = ("--subscription", SUBSCRIPTION, "--resource-group", GROUP, "--save-case", str(file))
    done = subprocess.run(
        [*VPNER, "simulate", "--state", str(lab.folder), "--", *VPNER, "compare", "--topology", str(LAB), *where],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "EQUAL: 121 rows in 17 route tables" in done.stdout
    text = file.read_text()
    for secret in ("az-hub", "opnnva", "branch-", "southcentralus", SUBSCRIPTION):
        assert secret not in text
    score = score_case(read_case(text))
    assert (score.exact, score.matched.total()) == (True, 121)


def test_a_case_that_cannot_be_saved_is_named(answers: dict[str, Any], tmp_path: Path) -> None:
    folder, file = save(tmp_path, answers), tmp_path / "none" / "case.yaml"
    done = vpner("compare", "--topology", LAB, "--observed", folder, "--save-case", file)
    assert done.exit_code == 3
    assert "--save-case [file]" in done.stderr


REFUSED = {
    "no observations": ((), "input"),
    "two sources": (("--observed", ".", "--subscription", "x", "--resource-group", "y"), "input"),
    "no resource group": (("--subscription", "x"), "input"),
    "no subscription": (("--resource-group", "x"), "input"),
    "no file": (("--observed", "{empty}"), "observed-none"),
    "no JSON": (("--observed", "{broken}"), "observed-file"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_is_named(tmp_path: Path, what: str) -> None:
    arguments, code = REFUSED[what]
    folders = {name: tmp_path / name for name in ("empty", "broken")}
    for folder in folders.values():
        folder.mkdir()
    (folders["broken"] / "x.json").write_text("{")
    done = vpner("compare", "--topology", LAB, *(item.format(**folders) for item in arguments))
    assert done.exit_code == 3
    assert f"[{code}]" in done.stderr


def test_azure_that_is_not_reached_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNER_ARM_ENDPOINT", "https://localhost:1")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    done = vpner("compare", "--topology", LAB, "--subscription", SUBSCRIPTION, "--resource-group", GROUP)
    assert done.exit_code == 3
    assert "[azure-unreachable]" in done.stderr
    assert "Traceback" not in done.stderr
