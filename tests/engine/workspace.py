"""A copy of the project in a folder of its own, driven by the real Pulumi engine on a simulated Azure of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from tests.support.stacks import ROOT
from toolchain.simulated import provider_options

PASSPHRASE = "a passphrase for tests"


@cache
def pulumi_folder() -> str:
    """The folder of the Pulumi CLI."""
    found = subprocess.run(
        [sys.executable, str(ROOT / "toolchain" / "pulumi_cli.py")], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


@dataclass
class Run:
    """A command that has ended."""

    command: tuple[str, ...]
    code: int
    output: str
    """Standard output and standard error together."""

    def succeeded(self) -> Run:
        assert self.code == 0, f"{' '.join(self.command)} ended with {self.code}:\n{self.output}"
        return self

    def failed(self) -> Run:
        assert self.code != 0, f"{' '.join(self.command)} should have failed:\n{self.output}"
        return self


@dataclass
class Workspace:
    """One project folder with one simulated Azure. ``log`` keeps everything that was printed."""

    folder: Path
    stack: str
    log: list[str] = field(default_factory=list)

    @classmethod
    def create(cls, folder: Path, stack: str) -> Workspace:
        """Copy the program; it imports the project through the environment that it shares with the tests."""
        for name in ("__main__.py", f"Pulumi.{stack}.yaml"):
            shutil.copy(ROOT / name, folder / name)
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        project["runtime"]["options"]["virtualenv"] = str(Path(sys.prefix))
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        workspace = cls(folder, stack)
        workspace.run("pulumi", "stack", "init", stack).succeeded()
        return workspace

    @property
    def stack_file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    @property
    def state(self) -> Path:
        return self.folder / ".vpner"

    def configure(self, **values: Any) -> None:
        """Set keys of the stack's configuration."""
        text = yaml.safe_load(self.stack_file.read_text())
        for key, value in values.items():
            text["config"][f"vpner:{key}"] = value
        self.stack_file.write_text(yaml.safe_dump(text, sort_keys=False))

    def configured(self, key: str) -> Any:
        return yaml.safe_load(self.stack_file.read_text())["config"][f"vpner:{key}"]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "ARM_", "VPNER_"))}
        return {
            **kept,
            "PATH": f"{pulumi_folder()}:{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self.folder / ".pulumi-home"),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_OPTION_COLOR": "never",
            **(extra or {}),
        }

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """A command on the simulated Azure, running, in a process group of its own."""
        return subprocess.Popen(
            ["vpner", "simulate", "--state", str(self.state), "--", *command],
            cwd=self.folder,
            env=self.environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> Run:
        """A command on the simulated Azure."""
        process = self.start(*command, env=env)
        try:
            output, _ = process.communicate(timeout=300)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        self.log.append(output)
        return Run(command, process.returncode, output)

    def simulate(self, *arguments: str) -> Run:
        """A command of ``vpner simulate`` itself on the same simulated Azure."""
        done = subprocess.run(
            ["vpner", "simulate", "--state", str(self.state), *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.log.append(done.stdout + done.stderr)
        return Run(arguments, done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr)

    def pulumi(self, verb: str, *arguments: str, policies: bool = True) -> Run:
        """``preview``, ``up``, ``refresh`` or ``destroy`` of the stack, with the policy pack where it takes one."""
        options = ["--stack", self.stack, "--non-interactive"]
        if verb != "preview":
            options += ["--yes", "--skip-preview"]
        if policies and verb in ("preview", "up"):
            options += ["--policy-pack", str(ROOT / "policies")]
        return self.run("pulumi", verb, *options, *arguments)

    def changes(self) -> dict[str, int]:
        """What the last update changed, by kind; ``same`` is left out."""
        history = self.run("pulumi", "stack", "history", "--stack", self.stack, "--json", "--page-size", "1")
        (last,) = json.loads(_json_in(history.succeeded().output, "["))
        counts: dict[str, int] = last.get("resourceChanges") or {}
        return {kind: count for kind, count in counts.items() if kind != "same" and count}

    def exported(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The stack's deployment, as ``pulumi stack export`` gives it."""
        flags = ["--show-secrets"] if show_secrets else []
        done = self.run("pulumi", "stack", "export", "--stack", self.stack, *flags)
        if show_secrets:
            self.log.pop()
        return json.loads(_json_in(done.succeeded().output, "{"))["deployment"]

    def resources(self) -> dict[str, dict[str, Any]]:
        """Custom resources in the state by logical name, without providers."""
        listed = cast("list[dict[str, Any]]", self.exported().get("resources") or [])
        return {
            item["urn"].rpartition("::")[2]: item
            for item in listed
            if item.get("custom") and not item["type"].startswith("pulumi:")
        }

    def in_azure(self) -> list[dict[str, Any]]:
        """What the simulated subscriptions hold."""
        return json.loads(self.simulate("list", "--json").succeeded().output)

    def provision(self) -> None:
        """The provider's step, for every circuit that the stack owns."""
        for circuit in self.configured("circuits"):
            if "owned" in circuit:
                options = provider_options(circuit, self.configured("routers"))
                self.simulate("provision", circuit["name"], *options).succeeded()

    def deprovision(self) -> None:
        for circuit in self.configured("circuits"):
            self.simulate("provision", circuit["name"], "--deprovision").succeeded()


def _json_in(output: str, opening: str) -> str:
    """JSON after whatever the simulator says first."""
    return output[output.index(f"\n{opening}" if f"\n{opening}" in output else opening) :]
