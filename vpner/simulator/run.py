"""Runs a command with the simulated Azure in the place of Azure."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from vpner.problems import Problem, Problems
from vpner.simulator import faults
from vpner.simulator.azure import Azure
from vpner.simulator.provider import DEFAULT_SUBSCRIPTION, SUBSCRIPTION
from vpner.simulator.rest.clients import reachable
from vpner.simulator.serve import serving
from vpner.simulator.store import Store

SIMULATION = "VPNER_SIMULATION"
"""Set for commands that run with the simulator: the folder of its state."""
ATTACHED = "PULUMI_DEBUG_PROVIDERS"
"""How Pulumi's engine is told to use providers that run already."""

_FOLDER = ".vpner"
_BACKEND = "PULUMI_BACKEND_URL"
_ATOMIC = "metadata=skip"
"""No file of attributes beside each file: a kill while Pulumi writes one makes the whole stack unreadable."""
_PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_NOTICE = "vpner: Azure is simulated; results are predictions, and nothing is deployed. State: {}"
_KILLED = 128


def default_folder(environment: Mapping[str, str], directory: Path) -> Path:
    """The simulation that surrounds us, else ``.vpner`` beside the nearest Pulumi.yaml, else here."""
    if SIMULATION in environment:
        return Path(environment[SIMULATION])
    for candidate in (directory, *directory.parents):
        if (candidate / "Pulumi.yaml").is_file():
            return candidate / _FOLDER
    return directory / _FOLDER


def run(command: Sequence[str], folder: Path) -> int:
    """Run a command; returns its exit code (128 + n if signal n ended it). Raises :class:`Problems`."""
    _refuse_nested(os.environ)
    folder = folder.resolve()
    store = Store(folder)
    process: subprocess.Popen[bytes] | None = None

    def kill() -> None:
        if process is not None:
            process.kill()

    found = faults.from_environment(kill, folder)
    with serving(Azure(store), found) as attached, reachable(store, os.environ) as clients:
        environment = {**prepared(os.environ, folder, attached), **clients}
        print(_NOTICE.format(folder), file=sys.stderr, flush=True)  # noqa: T201
        try:
            process = subprocess.Popen(command, env=environment)
        except OSError as error:
            problem = Problem(
                command[0],
                f"the command cannot be started ({error.strerror})",
                "Everything after -- is run as a command",
                "check the spelling, or put its folder on PATH",
                "command-not-started",
            )
            raise Problems("vpner simulate", [problem]) from error
        code = _wait(process)
    return code if code >= 0 else _KILLED - code


def prepared(environment: Mapping[str, str], folder: Path, attached: str) -> dict[str, str]:
    """The command's environment: a backend and a passphrase only where the user has none."""
    others = environment.get(ATTACHED)
    result = {
        **environment,
        ATTACHED: f"{others},{attached}" if others else attached,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        SIMULATION: str(folder),
    }
    if _BACKEND not in environment:
        backend = folder / "pulumi"
        backend.mkdir(parents=True, exist_ok=True)
        result[_BACKEND] = f"{backend.as_uri()}?{_ATOMIC}"
    result.setdefault(SUBSCRIPTION, DEFAULT_SUBSCRIPTION)
    if not any(name in environment for name in _PASSPHRASES):
        result[_PASSPHRASES[1]] = str(_passphrase(folder))
    return result


def _passphrase(folder: Path) -> Path:
    """A random passphrase for the stacks of this simulation, made once."""
    file = folder / "passphrase"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file
    with os.fdopen(handle, "w") as stream:
        stream.write(secrets.token_urlsafe(32))
    return file


def _refuse_nested(environment: Mapping[str, str]) -> None:
    names = {item.partition(":")[0] for item in environment.get(ATTACHED, "").split(",")}
    if SIMULATION not in environment and not names & {"azure-native", "random"}:
        return
    problem = Problem(
        SIMULATION if SIMULATION in environment else ATTACHED,
        "a simulation is running around this command",
        "Two simulated Azures in one deployment would each know half of it",
        "run the command without vpner simulate: it uses the simulation that surrounds it",
        "simulation-nested",
    )
    raise Problems("vpner simulate", [problem])


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the command; what this process is told by signals, the command is told, too."""
    forwarded = [signal.SIGTERM, signal.SIGHUP]
    at_terminal = sys.stdin is not None and sys.stdin.isatty()

    def forward(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT or not at_terminal:  # a terminal interrupts the command itself
            process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (*forwarded, signal.SIGINT)}
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
