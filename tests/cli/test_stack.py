"""``--stack NAME``: the network of a Pulumi stack, at preview on the real engine, and what goes wrong before that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import vpner
from tests.cli.test_routes import published
from tests.engine.workspace import Workspace


@pytest.mark.engine
def test_preview_of_the_lab_without_tunnel_has_the_listing_that_its_author_printed(tmp_path: Path) -> None:
    dev = Workspace.create(tmp_path, "dev")
    dev.configure(tunnel={**dev.configured("tunnel"), "enabled": False})
    before = dev.stack_file.read_text(encoding="utf-8")
    dev.run("sh", "-c", "vpner routes --stack dev --json > routes.json").succeeded()
    assert dev.stack_file.read_text(encoding="utf-8") == before
    assert dev.in_azure() == []
    [phase] = json.loads((tmp_path / "routes.json").read_text(encoding="utf-8"))["phases"]
    printed = {
        table["node"]: sorted(
            [row["source"], row["state"], row["addressPrefix"][0], row["nextHopType"], *row["nextHopIpAddress"]]
            for row in table["value"]
            if row["source"] == "VirtualNetworkGateway"
        )
        for table in phase["tables"]
    }
    assert {nic: printed[nic] for nic in published()} == {nic: sorted(rows) for nic, rows in published().items()}


@pytest.mark.engine
def test_stack_that_does_not_exist_is_bad_input_with_what_pulumi_says(tmp_path: Path) -> None:
    failed = Workspace.create(tmp_path, "dev").run("vpner", "routes", "--stack", "nope").failed()
    assert failed.code == 3
    assert "no stack named 'nope' found" in failed.output
    assert "preview-failed" in failed.output


def test_folder_without_a_project_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = vpner("routes", "--stack", "dev")
    assert result.exit_code == 3
    assert "no Pulumi.yaml here or above" in result.stderr


def test_machine_without_pulumi_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = vpner("routes", "--stack", "dev")
    assert result.exit_code == 3
    assert "use --topology FILE" in result.stderr
