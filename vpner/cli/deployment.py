"""A deployed stack with its secrets, and updates of some of its resources.

Secrets come through pipes. They must be kept out of files, messages and arguments.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vpner.cli.stack import project_folder, pulumi_command
from vpner.problems import Problem, Problems

_PRE_SHARED_KEYS = "vpner:preSharedKeys"


def deployment(stack: str, folder: Path) -> Mapping[str, Any]:
    """The stack's resources, as ``pulumi stack export --show-secrets`` gives them. Raises :class:`Problems`."""
    return json.loads(_answer(["stack", "export"], stack, folder, "--show-secrets"))["deployment"]


def configured_keys(stack: str, folder: Path) -> Mapping[str, str]:
    """Pre-shared keys in the stack's configuration, by device. Raises :class:`Problems`."""
    configuration: dict[str, Any] = json.loads(_answer(["config"], stack, folder, "--show-secrets", "--json"))
    found: dict[str, Any] = configuration.get(_PRE_SHARED_KEYS) or {}
    return json.loads(found.get("value") or "{}")


def update(
    stack: str, folder: Path, urns: Sequence[str], *options: str, attested: Mapping[str, str] | None = None
) -> None:
    """``pulumi up`` of these resources alone; what Pulumi says goes to stderr. Raises :class:`Problems` if it fails.

    ``attested``: further environment variables. An interrupt, which a terminal gives to Pulumi too, is heeded when
    Pulumi has ended: a killed update would leave a lock.
    """
    command = [pulumi_command(), "up", "--stack", stack, *options, *(f"--target={urn}" for urn in urns)]
    command += ["--yes", "--skip-preview", "--non-interactive", "--suppress-outputs"]
    interrupted = False
    with subprocess.Popen(
        command,
        cwd=project_folder(folder),
        env={**os.environ, **(attested or {})},
        stdin=subprocess.DEVNULL,
        stdout=2,  # stdout is the command's own answer
    ) as process:
        while (code := process.poll()) is None:
            try:
                process.wait()
            except KeyboardInterrupt:
                interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    if code != 0:
        why = "A step of the command is an update of what it concerns"
        remedy = "do what Pulumi says above, then run this command again: it goes on where it stopped"
        raise _refused(stack, f"pulumi up --target '{urns[0]}' ended with {code}", why, remedy)


def _answer(verb: list[str], stack: str, folder: Path, *options: str) -> str:
    command = [pulumi_command(), *verb, "--stack", stack, *options, "--non-interactive"]
    done = subprocess.run(command, cwd=project_folder(folder), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or [""])[0]
        what = f"pulumi {' '.join(verb)} ended with {done.returncode}: {said}"
        raise _refused(stack, what, "What is deployed is read first", "name a stack of this project that is deployed")
    return done.stdout


def _refused(stack: str, what: str, why: str, remedy: str) -> Problems:
    return Problems("cannot use the stack", [Problem(f"stack {stack}", what, why, remedy, "stack")])
