"""``--stack NAME``: the network that a Pulumi stack would have, as the engine shows it at preview."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

import vpner
from vpner.plan.keys import IN_AZURE, NOT_ASKED
from vpner.problems import Problem, Problems
from vpner.readers.resources import Snapshot
from vpner.readers.stack import read_stack
from vpner.readers.state import read_snapshot
from vpner.topology import Topology

SNAPSHOT_FILE = "VPNER_SNAPSHOT_FILE"
"""Tells the policy pack where to write the resources that it has seen."""

_PROJECT = "Pulumi.yaml"
_PACK = "PulumiPolicy.yaml"
_SHOWN_LINES = 40


def stack_topology(stack: str, folder: Path, declared: Mapping[str, Any]) -> Topology:
    """The network of a stack, completed by what is declared: see :func:`stack_snapshot`.

    Raises :class:`Problems` too if the network cannot be read.
    """
    return read_stack(stack_snapshot(stack, folder), declared, origin_of(stack))


def origin_of(stack: str) -> str:
    """What errors call it."""
    return f"the preview of {stack}"


def stack_snapshot(stack: str, folder: Path) -> Snapshot:
    """Preview a stack of the project around ``folder``, and take the resources that the policy pack sees.

    Nothing is deployed. Whatever the policy pack says about the network is left to the command that asked. Raises
    :class:`Problems` if there is no project, no ``pulumi``, or the preview fails.
    """
    project = project_folder(folder)
    pack = _pack(project)
    pulumi = pulumi_command()
    with tempfile.TemporaryDirectory(prefix="vpner-") as scratch:
        file = Path(scratch) / "snapshot.json"
        command = [pulumi, "preview", "--stack", stack, "--policy-pack", str(pack), "--non-interactive"]
        command += _own_configuration(stack, project, Path(scratch))
        # A network can be read while a key is being rotated: `vpner handoff` prints the new one.
        finished = _preview(command, project, {**os.environ, SNAPSHOT_FILE: str(file), IN_AZURE: NOT_ASKED})
        if not file.exists():
            raise _failed(stack, finished)
        text = file.read_text(encoding="utf-8")
    return read_snapshot(text, origin_of(stack))


def stack_secret(stack: str, folder: Path, output: str) -> object:
    """The value of a secret output of a deployed stack, None if it has none. Raises :class:`Problems`."""
    command = [pulumi_command(), "stack", "output", "--stack", stack, "--show-secrets", "--json", "--non-interactive"]
    finished = subprocess.run(command, cwd=project_folder(folder), capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        why, remedy = "A secret is read from the outputs of a deployed stack", "deploy the stack first"
        raise _refused(f"stack {stack}", f"pulumi stack output ended with {finished.returncode}", why, remedy)
    return json.loads(finished.stdout or "{}").get(output)


def pulumi_command() -> str:
    """Path of the Pulumi CLI. Raises :class:`Problems`."""
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        remedy = "put pulumi on PATH, or write the network down and use --topology FILE"
        raise _refused("pulumi", "it is not on PATH", "A stack's network is read from its preview", remedy)
    return pulumi


def _preview(command: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the preview; what it does is shown as it goes on a terminal, and kept for an error."""
    console = Console(stderr=True)
    what = f"pulumi preview --stack {command[command.index('--stack') + 1]}"
    if not console.is_terminal:
        print(f"{what} ...", file=sys.stderr, flush=True)  # noqa: T201
        return _run(command, folder, environment)
    with console.status(what):
        return _run(command, folder, environment)


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _own_configuration(stack: str, project: Path, scratch: Path) -> list[str]:
    """A copy of the stack's configuration: a preview writes a salt for its secrets into the file, if it has none."""
    name = f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    if not (project / name).is_file():
        return []
    return ["--config-file", str(shutil.copy(project / name, scratch))]


def project_folder(folder: Path) -> Path:
    """Folder of the Pulumi project around a folder. Raises :class:`Problems`."""
    for candidate in (folder, *folder.parents):
        if (candidate / _PROJECT).is_file():
            return candidate
    why, remedy = "--stack names a stack of the Pulumi project around this folder", "go to the project's folder"
    raise _refused(str(folder), f"no {_PROJECT} here or above", why, remedy)


def _pack(project: Path) -> Path:
    """The project's own copy of the policy pack, else the one beside this package."""
    for candidate in (project / "policies", Path(vpner.__file__).parent.parent / "policies"):
        if (candidate / _PACK).is_file():
            return candidate
    why = "At preview only a policy pack sees every resource with what depends on it"
    remedy = "put vpner's policies folder into the project, or install vpner from its checkout"
    raise _refused(str(project / "policies"), "there is no policy pack", why, remedy)


def _failed(stack: str, finished: subprocess.CompletedProcess[str]) -> Problems:
    """The preview ended before the pack saw the stack: what Pulumi says is the reason."""
    lines = finished.stdout.strip().splitlines()
    said = "\n".join(lines[-_SHOWN_LINES:])
    remedy = f"correct what `pulumi preview --stack {stack}` reports"
    problem = Problem(
        f"stack {stack}",
        f"pulumi preview ended with {finished.returncode} before the network was known",
        "The network is read from a preview that got through",
        remedy,
        "preview-failed",
    )
    print(said, file=sys.stderr)  # noqa: T201
    return Problems("no network", [problem])


def _refused(where: str, what: str, why: str, remedy: str) -> Problems:
    return Problems("no network", [Problem(where, what, why, remedy, "stack")])
