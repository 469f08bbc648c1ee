"""``vpner report`` and ``--failed``: what they refuse, and that a failure is the one that ``vpner check`` speaks of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import EXPRESSROUTE_ONLY, LAB, vpner
from tests.readers.stacks import snapshot
from tests.report.networks import NOW, SITE, told
from vpner.routing import Failures
from vpner.whatif.states import MOST_VERDICTS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--topology", LAB, "-o", "report.pdf"], "end it in .html, .svg, .mmd"),
        (["--topology", LAB, "-o", "/nowhere/lab.svg"], "No such file or directory"),
        (["-o", "lab.html"], "none of --topology, --stack and --arm is given"),
        (["-o", "lab.svg"], "none of --topology, --stack and --arm is given"),
    ],
    ids=["suffix", "folder", "no network", "nothing to draw"],
)
def test_a_report_that_cannot_be_written_says_why(arguments: list[str], said: str) -> None:
    result = vpner("report", *arguments)
    assert result.exit_code == 3
    assert said in " ".join(result.output.split())


@pytest.mark.parametrize("command", [["flows"], ["why", "10.0.1.4", "10.100.0.100"]], ids=["flows", "why"])
def test_an_element_that_the_network_does_not_have_cannot_fail(command: list[str]) -> None:
    result = vpner(*command, "--topology", LAB, "--failed", "routers/nobody", "--failed", "routers/nowhere")
    assert result.exit_code == 3
    assert "2 problems" in result.output
    assert "routers/provider-mcr" in result.output


@pytest.mark.parametrize("path", [LAB, SITE], ids=lambda path: path.stem)
def test_a_failure_is_the_one_that_check_speaks_of(path: Path) -> None:
    result = vpner("check", "--topology", path, "--failures", Failures.SINGLE.value, "--json")
    found = json.loads(result.stdout)["under_failure"]
    compared = 0
    for item in found:
        if len(item["events"]) != 1:
            continue
        element = item["events"][0].removeprefix("fail ")
        flows = {(flow["from"], flow["to"]): flow for flow in told(path, "--failed", element) or []}
        if (item["from"], item["to"]) in flows:
            assert flows[item["from"], item["to"]]["verdict"] == item["verdict"], item
            compared += 1
    assert compared > 5


@pytest.mark.parametrize(("stage", "planned"), [("ordered", True), ("provisioned", False)])
def test_a_report_of_a_stack_says_whether_its_connections_are_only_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, planned: bool
) -> None:
    monkeypatch.setattr("vpner.cli.inputs.stack_snapshot", lambda *_: snapshot("prod", preview=True, stage=stage))
    result = vpner("report", "--stack", "prod", "-o", tmp_path / "prod.html", "--now", NOW)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "prod.html").read_text(encoding="utf-8")
    assert ("from the stack prod, whose connections are planned and not built." in page) == planned
    assert (">As planned</button>" in page) == planned
    assert "IPsec tunnel" in page


def test_why_follows_a_packet_after_a_failure() -> None:
    command = ["why", "10.0.1.4", "10.100.0.100", "--topology", LAB]
    assert json.loads(vpner(*command, "--json").stdout)["there"]["verdict"] == "ENCRYPTED"
    after = vpner(*command, "--failed", "every VPN connection", "--json")
    assert json.loads(after.stdout)["there"]["verdict"] == "CLEARTEXT"


def test_a_network_without_intent_shows_every_flow(tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    text = EXPRESSROUTE_ONLY.read_text(encoding="utf-8")
    bare = tmp_path / "bare.yaml"
    bare.write_text(text[: text.index("\nintent:")] if "\nintent:" in text else text, encoding="utf-8")
    assert vpner("report", "--topology", bare, "-o", output, "--now", NOW).exit_code == 0
    page = output.read_text(encoding="utf-8")
    assert "Every flow (no intent says what is protected)" in page
    assert "nothing to protect" in page


def test_a_report_of_the_lab_stays_small_and_has_every_failure_with_every_setting(tmp_path: Path) -> None:
    output = tmp_path / "lab.html"
    assert vpner("report", "--topology", LAB, "-o", output, "--now", NOW).exit_code == 0
    assert output.stat().st_size < 1_000_000
    assert "Not computed" not in output.read_text(encoding="utf-8")
    assert MOST_VERDICTS > 3 * 5 * 2 * 24 * 10
