"""A deployment of every earlier release lives on under these sources: nothing is replaced, nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.releases import STACKS, kept, packages, restore
from tests.engine.workspace import Workspace
from tests.support.stacks import ROOT

pytestmark = pytest.mark.engine

HARMLESS = {"create", "read", "update"}


def steps(workspace: Workspace) -> dict[str, str]:
    """What a preview would do to each resource that it would touch, by logical name."""
    previewed = workspace.pulumi("preview", "--json").succeeded()
    document = json.loads(previewed.output[previewed.output.index("\n{") :])
    return {item["urn"].rpartition("::")[2]: item["op"] for item in document["steps"] if item["op"] != "same"}


@pytest.mark.parametrize("release", kept(), ids=lambda release: "-".join(release.parts[-2:]))
def test_a_deployment_of_an_earlier_release_is_taken_over_without_a_replacement(release: Path, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, release.name)
    restore(release, workspace)
    before = {name: item["id"] for name, item in workspace.resources().items()}
    planned = steps(workspace)
    assert {name: step for name, step in planned.items() if step not in HARMLESS} == {}
    workspace.pulumi("up").succeeded()
    after = {name: item["id"] for name, item in workspace.resources().items()}
    assert {name: after.get(name) for name in before} == before, "what existed is what exists"
    workspace.pulumi("up").succeeded()
    assert workspace.changes() == {}


def test_both_stacks_of_every_release_are_kept() -> None:
    assert {release.name for release in kept()} == set(STACKS)
    for release in kept():
        assert release.is_dir(), release
        assert "azure-native" in packages(release)


def test_every_release_that_the_changelog_dates_is_kept() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    dated = {line.split()[1] for line in lines if line.startswith("## ") and line.split()[1] != "Unreleased"}
    assert dated <= {release.parent.name for release in kept()}
