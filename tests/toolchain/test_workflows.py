"""The workflows: valid for the service that runs them, with commands that exist. CI runs the commands themselves."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.stacks import ROOT
from toolchain.pulumi_cli import VERSION

RELEASE = ROOT / ".github" / "workflows" / "release.yml"
ALLOWED = re.compile(r"(actions|pulumi|azure)/[a-z-]+@v\d+")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(file: Path) -> list[dict[str, Any]]:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [step for job in document["jobs"].values() for step in job["steps"]]


def test_workflows_keep_the_schema_of_github_actions() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_command_of_a_workflow_is_one_of_the_project(file: Path) -> None:
    commands = [line for step in steps(file) if "run" in step for line in step["run"].splitlines()]
    assert commands
    for command in commands:
        words = command.split()
        if words[0] == "make":
            known = subprocess.run(["make", "-n", *words[1:2], "STACK=dev"], cwd=ROOT, capture_output=True, check=False)
            assert known.returncode == 0, command
        elif words[0] == "gh":  # the runner's own
            assert words[1:3] == ["release", "create"], command
        else:
            assert (ROOT / words[0]).is_file(), command


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_installs_the_pulumi_that_the_project_builds(file: Path) -> None:
    versions = {step["with"]["pulumi-version"] for step in steps(file) if "pulumi/actions" in step.get("uses", "")}
    assert versions == {VERSION}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_takes_actions_of_few_owners_by_their_version(file: Path) -> None:
    used = [step["uses"] for step in steps(file) if "uses" in step]
    assert used
    assert [action for action in used if not ALLOWED.fullmatch(action)] == []


def test_a_release_is_made_of_a_tag_that_was_checked_and_tested_and_only_then_may_write() -> None:
    document = yaml.safe_load(RELEASE.read_text(encoding="utf-8"))
    assert document[True] == {"push": {"tags": ["v*"]}}  # YAML takes the key "on" for true
    assert document["permissions"] == {"contents": "read"}
    build, publish = document["jobs"]["build"], document["jobs"]["publish"]
    commands = [step["run"] for step in build["steps"] if "run" in step]
    assert commands == ["make dist TAG=${{ github.ref_name }}", ".ci/run"]
    assert "permissions" not in build
    assert (publish["needs"], publish["permissions"]) == ("build", {"contents": "write"})
    (uploaded,) = (step for step in build["steps"] if "upload-artifact" in step.get("uses", ""))
    (downloaded,) = (step for step in publish["steps"] if "download-artifact" in step.get("uses", ""))
    assert uploaded["with"]["path"] == downloaded["with"]["path"] == "dist/"
    (create,) = (step["run"] for step in publish["steps"] if "run" in step)
    assert create.startswith('gh release create "$GITHUB_REF_NAME" dist/* --verify-tag')
