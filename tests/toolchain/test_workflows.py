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
WORKFLOWS_BY_NAME = {file.stem: file for file in WORKFLOWS}


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
            azure = [word for word in words if word.startswith("AZURE=")]
            known = subprocess.run(
                ["make", "-n", *words[1:2], *azure, "STACK=dev"], cwd=ROOT, capture_output=True, check=False
            )
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


def signs_in(file: Path) -> bool:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document["permissions"].get("id-token") == "write"


def test_some_workflows_sign_in_and_no_other_has_a_credential() -> None:
    assert [file.stem for file in WORKFLOWS if signs_in(file)] == ["drift", "preview-azure"]
    others = [file for file in WORKFLOWS if not signs_in(file)]
    assert [file.stem for file in others if "secrets." in file.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("file", [file for file in WORKFLOWS if signs_in(file)], ids=lambda file: file.name)
def test_a_workflow_that_signs_in_needs_an_account_and_never_runs_what_a_fork_sends(file: Path) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    triggers = document[True]  # YAML 1.1 reads the key "on" as a boolean
    assert "pull_request_target" not in triggers
    for job in document["jobs"].values():
        assert "vars.AZURE_CLIENT_ID != ''" in job["if"]
        if "pull_request" in triggers:
            assert "&& github.event.pull_request.head.repo.full_name == github.repository" in job["if"]
            assert job["environment"], "its reviewers let a pull request's code run with rights"


def test_a_pull_request_is_asked_the_same_of_azure_as_of_the_simulation() -> None:
    asked = [
        {
            step["run"].replace(" AZURE=1", "")
            for step in steps(WORKFLOWS_BY_NAME[name])
            if "make" in step.get("run", "")
        }
        for name in ("preview-azure", "pull-request")
    ]
    assert asked[0] == asked[1]
    assert all("AZURE=1" in step["run"] for step in steps(WORKFLOWS_BY_NAME["preview-azure"]) if "run" in step)
