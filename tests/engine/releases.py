"""Deployments of earlier releases, kept to upgrade from.

    python -m tests.engine.releases 0.2.0

deploys both stacks with the sources at hand on the simulated Azure, and keeps each stack's state and what Azure has in
``released/``. Run it once, when a release is made. Secrets in them were generated for this and protect nothing; the
passphrase of the states is that of the tests' workspaces.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.engine.test_lifecycle import deploy
from tests.engine.workspace import Workspace
from vpner.simulator.store import STATE_FILE

FOLDER = Path(__file__).parent / "released"
STACKS = ("dev", "prod")
_STATE = "state.json.gz"
_CONFIGURATION = "Pulumi.yaml"


def kept() -> list[Path]:
    """A folder for each stack of each release, the oldest release first."""
    versions = sorted(FOLDER.iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])
    return [version / stack for version in versions for stack in STACKS]


def keep(version: str, stack: str) -> None:
    """Deploy a stack, and keep it."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.create(Path(scratch), stack)
        deploy(workspace)
        exported = workspace.folder / "state.json"
        workspace.run("pulumi", "stack", "export", "--stack", stack, "--file", str(exported)).succeeded()
        target = FOLDER / version / stack
        target.mkdir(parents=True, exist_ok=True)
        (target / _STATE).write_bytes(gzip.compress(exported.read_bytes(), mtime=0))
        shutil.copy(workspace.state / STATE_FILE, target / STATE_FILE)
        shutil.copy(workspace.stack_file, target / _CONFIGURATION)


def restore(release: Path, workspace: Workspace) -> None:
    """An empty workspace becomes the deployment that was kept, with the configuration that it had."""
    shutil.copy(release / _CONFIGURATION, workspace.stack_file)
    workspace.state.mkdir(exist_ok=True)
    shutil.copy(release / STATE_FILE, workspace.state / STATE_FILE)
    state = workspace.folder / "state.json"
    state.write_bytes(_read(release))
    workspace.run("pulumi", "stack", "import", "--stack", workspace.stack, "--file", str(state)).succeeded()


def _read(release: Path) -> bytes:
    return gzip.decompress((release / _STATE).read_bytes())


def packages(release: Path) -> dict[str, str]:
    """The providers' versions that a deployment was made with, by package."""
    listed = json.loads(_read(release))["deployment"]["resources"]
    prefix = "pulumi:providers:"
    return {
        item["type"].removeprefix(prefix): item["inputs"]["version"]
        for item in listed
        if item["type"].startswith(prefix) and "version" in item.get("inputs", {})
    }


if __name__ == "__main__":
    for each in STACKS:
        keep(sys.argv[1], each)
