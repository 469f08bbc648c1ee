"""A project on a simulated Azure in which things go wrong, with the simulator in this process: a command costs less."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.engine.workspace import Run, Workspace
from tests.support.stacks import ROOT
from vpner.simulator import carrier
from vpner.simulator.azure import Azure
from vpner.simulator.chaos import Chaos, Dice, Entry, journal
from vpner.simulator.faults import Faults
from vpner.simulator.kinds.circuits import CIRCUIT, PROVISIONING
from vpner.simulator.run import prepared
from vpner.simulator.serve import serving
from vpner.simulator.store import Record, Store

_SECONDS = 300


class Program:
    """The process that serves the small program."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.chaos.small"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        atexit.register(self.end)
        assert self._process.stdout is not None
        self.address = f"127.0.0.1:{self._process.stdout.readline().strip()}"

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()
        atexit.unregister(self.end)


@cache
def program() -> Program:
    """The one of this process."""
    return Program()


@dataclass
class Site(Workspace):
    """The reference lab; things go wrong while there are ``dice``."""

    dice: Dice | None = None

    @property
    def store(self) -> Store:
        return Store(self.state)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return super().environment({"TMPDIR": str(temporary), **(extra or {})})

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> Run:
        started: list[subprocess.Popen[str]] = []

        def kill() -> None:
            started[0].kill()

        faults = Faults(kill=kill, chaos=Chaos(self.dice, self.state))
        with serving(Azure(self.store), faults) as attached:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=prepared(self.environment(env), self.state, attached),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            started.append(process)
            try:
                output, _ = process.communicate(timeout=_SECONDS)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        self.log.append(output)
        return Run(command, process.returncode, output)

    def recover(self) -> Run:
        return self.run(sys.executable, str(ROOT / "toolchain" / "recover.py"), "--stack", self.stack)

    def decided(self) -> list[Entry]:
        """What has been decided about every request so far."""
        return list(journal(self.state))

    def records(self) -> list[Record]:
        """What the simulated Azure holds."""
        return list(self.store.snapshot().all())

    def withdraw(self) -> list[str]:
        """Have the provider take down every circuit, whatever uses it; returns their names.

        No source says that Azure would keep a provider from it.
        """
        with self.store.transaction() as cloud:
            for circuit in list(cloud.all(CIRCUIT)):
                cloud.put(circuit.with_chosen(**{PROVISIONING: "NotProvisioned"}))
            return [circuit.name for circuit in cloud.all(CIRCUIT)]


@dataclass
class SmallSite(Site):
    """The small program instead of the lab."""

    @classmethod
    def create(cls, folder: Path, stack: str = "dev") -> SmallSite:
        (folder / "Pulumi.yaml").write_text("name: vpner\nruntime: python\n")
        site = cls(folder, stack)
        site.stack_file.write_text(yaml.safe_dump({"config": {"vpner:preference": "VpnGateway"}}))
        site.run("pulumi", "stack", "init", stack).succeeded()
        return site

    def pulumi(self, verb: str, *arguments: str, policies: bool = False) -> Run:
        client = ["--client", program().address] if verb == "up" else []
        run = super().pulumi(verb, *client, *arguments, policies=policies)
        if run.code < 0 and client:
            # The SDK keeps in its process what has failed. With the engine gone, that is found by the next command.
            program().end()
            program.cache_clear()
        return run

    def provision(self) -> None:
        carrier.provision(self.store, "circuit", None)

    def deprovision(self) -> None:
        carrier.deprovision(self.store, "circuit")
