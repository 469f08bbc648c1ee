"""A Pulumi project of a test's own, with a policy pack and a file backend, beside the toolchain's CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from tests.engine.workspace import pulumi_folder
from tests.support.stacks import ROOT
from tests.toolchain.small_cloud import SUBSCRIPTION


class Project:
    """A project folder with a stack `dev` in a file backend of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("state", "home", "program", "policies", "tmp"):
            (folder / name).mkdir()
        options = json.dumps({"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}})
        self.write("program/Pulumi.yaml", f"name: tiny\nruntime: {options}\n")
        self.write("policies/PulumiPolicy.yaml", f"runtime: {options}\nversion: 0.0.1\n")
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join((pulumi_folder(), os.environ["PATH"])),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase for tests",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder / "tmp"),
            "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
        }
        self.run("pulumi", "stack", "init", "dev")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(dedent(text))

    def run(self, *command: str, code: int = 0) -> str:
        """Both outputs of a command that ends with ``code``."""
        done = subprocess.run(
            command,
            cwd=self.folder / "program",
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def pulumi(self, *arguments: str, code: int = 0) -> str:
        return self.run("pulumi", *arguments, "--non-interactive", code=code)

    def state(self) -> dict[str, dict[str, object]]:
        """Resources by name."""
        deployment = json.loads(self.run("pulumi", "stack", "export"))["deployment"]
        assert not deployment.get("pending_operations")
        return {resource["urn"].rpartition("::")[2]: resource for resource in deployment.get("resources", ())}

    @contextmanager
    def small_cloud(self) -> Iterator[Path]:
        """Serve `azure-native` and `random` to the project; gives the folder in which what exists is kept."""
        folder = self.folder / "cloud"
        folder.mkdir()
        command = [sys.executable, "-m", "tests.toolchain.small_cloud", str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            self.environment["PULUMI_DEBUG_PROVIDERS"] = f"azure-native:{port},random:{port}"
            yield folder
            process.kill()
