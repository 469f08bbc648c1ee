"""``vpner diff``: its inputs, and what it prints."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import EXPRESSROUTE_ONLY, LAB, vpner

WORSE = ("preference: VpnGateway", "preference: ExpressRoute")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the lab, in which its preference is changed and not committed."""
    folder = tmp_path / "repository"
    (folder / "networks").mkdir(parents=True)
    file = folder / "networks" / "lab.yaml"
    file.write_text(LAB.read_text(encoding="utf-8"), encoding="utf-8")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "Add the lab"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    file.write_text(file.read_text(encoding="utf-8").replace(*WORSE), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def test_revisions_of_a_file_are_compared_with_what_is_there_now(repository: Path) -> None:
    done = vpner("diff", "main", ".", "--topology", "networks/lab.yaml")
    assert done.exit_code == 1, done.output
    assert "Protected traffic is worse off: 3 flows (predicted)" in done.output
    assert vpner("diff", ".", "main", "--topology", "networks/lab.yaml").exit_code == 0
    assert vpner("diff", "main", "HEAD", "--topology", "networks/lab.yaml").exit_code == 0
    assert "worktree" not in str(list((repository / ".git").iterdir()))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", ".", "--topology", "networks/lab.yaml"], "invalid object name 'nowhere'"),
        (["main", ".", "--topology", "networks/other.yaml"], "networks/other.yaml"),
        (["main", ".", "--topology", "networks/lab.yaml", "--stack", "dev"], "both --topology and --stack"),
        (["main", "."], "cannot read main"),
    ],
)
def test_what_is_no_network_is_refused(repository: Path, arguments: list[str], said: str) -> None:
    done = vpner("diff", *arguments)
    assert done.exit_code == 3, done.output
    assert said in " ".join(done.stderr.split())


def test_markdown_is_for_a_pull_request() -> None:
    done = vpner("diff", LAB, EXPRESSROUTE_ONLY, "--markdown")
    assert done.exit_code == 1
    assert done.stdout.startswith(
        "### Encrypted ExpressRoute\n\n**Protected traffic is worse off: 9 flows (predicted)**"
    )
    table = [line for line in done.stdout.splitlines() if line.startswith("| branch-workload")]
    assert len(table) == 9
    assert all(line.count(" | ") == 5 for line in table), "six cells"
    assert "<details><summary>Effective routes that change" in done.stdout
    assert "<az" not in done.stdout, "a symbol is no HTML"


def test_json_says_everything() -> None:
    found = json.loads(vpner("diff", LAB, EXPRESSROUTE_ONLY, "--json").stdout)
    assert found["outcome"] == "worse"
    assert {flow["worse"] for flow in found["flows"]} == {True}
    assert {tuple(flow["verdicts"]) for flow in found["flows"]} == {("ENCRYPTED", "CLEARTEXT")}
    assert {"prefix", "subnets", "before", "after"} == set(found["routes"][0])


def test_equal_networks_differ_in_nothing() -> None:
    done = vpner("diff", LAB, LAB, "--markdown")
    assert done.exit_code == 0
    assert "No protected flow and no effective route changes." in done.stdout
