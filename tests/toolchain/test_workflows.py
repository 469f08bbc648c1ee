"""The workflows: valid for the service that runs them, with commands that exist. CI runs the commands themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.stacks import ROOT
from toolchain.pulumi_cli import VERSION

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
        else:
            assert (ROOT / words[0]).is_file(), command


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_installs_the_pulumi_that_the_project_builds(file: Path) -> None:
    versions = {step["with"]["pulumi-version"] for step in steps(file) if "pulumi/actions" in step.get("uses", "")}
    assert versions == {VERSION}
