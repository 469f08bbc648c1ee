"""Keys of a deployed stack, each read where it is: in Pulumi's state and in the simulated Azure's store."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

from tests.engine.workspace import Workspace
from vpner.simulator.kinds.connections import PRE_SHARED_KEY
from vpner.simulator.store import Store


def in_azure(workspace: Workspace) -> dict[str, str]:
    """Keys by connection's name."""
    records = Store(workspace.state).snapshot().all("Microsoft.Network/connections")
    return {item.name: str(item.chosen[PRE_SHARED_KEY]) for item in records if PRE_SHARED_KEY in item.chosen}


def in_state(workspace: Workspace, name: str, where: str, key: str) -> Any:
    """A secret input or output of a resource."""
    (found,) = [
        item[where][key]
        for item in workspace.exported(show_secrets=True)["resources"]
        if item["urn"].endswith(f"::{name}") and not item.get("delete")
    ]
    return json.loads(found["plaintext"])


def rotate(workspace: Workspace, *options: str) -> Any:
    """The command, which must not need to wait long."""
    return workspace.run("vpner", "rotate-key", "--stack", workspace.stack, "--patience", "60", *options)


def kill_at(workspace: Workspace, line: str, after: float) -> None:
    """Start the command, and kill it with all that it has started, some seconds after it says a line."""
    process = workspace.start("vpner", "rotate-key", "--stack", workspace.stack, "--patience", "60")
    assert process.stdout is not None
    said: list[str] = []
    try:
        for text in process.stdout:
            said.append(text)
            if line in text:
                break
        else:
            raise AssertionError(f"never said {line!r}:\n{''.join(said)}")
        time.sleep(after)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
        workspace.log.append("".join([*said, rest]))


def is_locked(workspace: Workspace) -> bool:
    """A killed update has left its lock."""
    return any((workspace.state / "pulumi" / ".pulumi" / "locks").rglob("*.json"))


def holding(workspace: Workspace, secret: str) -> set[str]:
    """Files of the workspace that hold a secret in plain text."""
    files = (file for file in workspace.folder.rglob("*") if file.is_file())
    return {file.name for file in files if secret.encode() in file.read_bytes()}
