"""What a pull request would be told: a stack's program of one revision against what is in the folder, on the engine."""

from __future__ import annotations

import subprocess

import pytest

from tests.engine.workspace import Workspace

pytestmark = pytest.mark.engine


def git(workspace: Workspace, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", "-C", str(workspace.folder), *identity, *arguments], check=True, capture_output=True)


def test_a_stack_of_a_revision_is_compared_with_the_one_that_is_there_now(dev: Workspace) -> None:
    (dev.folder / ".gitignore").write_text(".vpner\n.pulumi-home\n", encoding="utf-8")
    git(dev, "init", "-q", "-b", "main")
    git(dev, "add", ".")
    git(dev, "commit", "-q", "-m", "Add the lab")
    question = ("vpner", "diff", "main", ".", "--stack", "dev", "--markdown")
    assert "No protected flow and no effective route changes." in dev.run(*question).succeeded().output

    dev.configure(preference="ExpressRoute")
    found = dev.run(*question)
    assert found.code == 1
    assert "Protected traffic is worse off: 3 flows (predicted)" in found.output
    assert "| branch-workload | az-spk1-vnet/subnet1 |" in found.output
