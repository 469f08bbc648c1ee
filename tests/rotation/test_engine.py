"""Keys are rotated with the real Pulumi engine and the unmodified Azure SDK, on the simulated Azure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.engine.test_lifecycle import assert_unchanged_by_up, deploy
from tests.engine.workspace import Workspace
from tests.rotation.deployed import holding, in_azure, in_state, is_locked, kill_at, rotate
from tests.support.stacks import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

KEY, CONNECTION, APPLIANCE = "tunnel-branch-opnnva-psk", "tunnel-branch-opnnva-connection", "appliance-bootstrap"
NAME = "az-hub-to-branch-opnnva-conn"
FW1, FW2 = "weu-hub-to-hq-fw1-conn", "weu-hub-to-hq-fw2-conn"


def assert_same_everywhere(workspace: Workspace, device: str, connection: str) -> str:
    """The key of a connection, which state and Azure agree on."""
    key = in_state(workspace, f"tunnel-{device}-psk", "outputs", "result")
    assert in_state(workspace, f"tunnel-{device}-connection", "inputs", "sharedKey") == key
    assert in_azure(workspace)[connection] == key
    assert in_state(workspace, f"vpner-{workspace.stack}", "outputs", "preSharedKeys")[device] == key
    return key


def test_the_labs_key_is_rotated_though_it_is_killed_in_every_step(tmp_path: Path) -> None:
    dev = Workspace.create(tmp_path, "dev")
    deploy(dev)
    old = assert_same_everywhere(dev, "branch-opnnva", NAME)
    before = in_state(dev, APPLIANCE, "inputs", "protectedSettings")

    # The naive way: a new RandomPassword, and pulumi up.
    urn = dev.resources()[KEY]["urn"]
    refused = dev.pulumi("preview", "--replace", urn).failed()
    assert "key-not-in-azure" in refused.output
    assert "vpner rotate-key" in refused.output
    assert assert_same_everywhere(dev, "branch-opnnva", NAME) == old

    keys = {old}
    for line, seconds in (("make (1", 4), ("load (", 4), ("set (", 0), ("record (", 4)):
        kill_at(dev, line, seconds)
        if is_locked(dev):
            dev.run(sys.executable, str(ROOT / "toolchain" / "recover.py"), "--stack", "dev").succeeded()
        keys |= {in_state(dev, KEY, "outputs", "result"), *in_azure(dev).values()}
    rotate(dev).succeeded()
    new = assert_same_everywhere(dev, "branch-opnnva", NAME)
    assert new != old
    assert in_state(dev, APPLIANCE, "inputs", "protectedSettings") != before

    assert_unchanged_by_up(dev)
    dev.pulumi("refresh").succeeded()
    assert_unchanged_by_up(dev)

    for key in keys | {new}:
        assert key not in "\n".join(dev.log), "a command printed a key"
        assert holding(dev, key) <= {"azure.json"}, "Azure keeps the key in force"


def test_two_connections_are_rotated_one_after_the_other_with_a_person_at_the_devices(tmp_path: Path) -> None:
    prod = Workspace.create(tmp_path, "prod")
    deploy(prod)
    old = dict(in_azure(prod))
    at = "--made-before=2999-01-01"

    stopped = rotate(prod, at)
    assert stopped.code == 2
    assert "--device hq-fw1 --with-secrets" in stopped.output
    assert f"--loaded hq-fw1 {at.replace('=', ' ')}" in stopped.output
    new = in_state(prod, "tunnel-hq-fw1-psk", "outputs", "result")
    assert new != old[FW1]
    assert in_azure(prod) == old, "Azure waits for the device"
    handed = prod.run(
        "vpner", "handoff", "--stack", "prod", "--device", "hq-fw1", "--with-secrets", "--format", "linux"
    )
    prod.log.pop()
    assert new in handed.succeeded().output

    # While hq-fw1 is in work, nothing else is begun, and pulumi up is refused.
    assert "rotation-unfinished" in rotate(prod, "--connection", FW2).failed().output
    assert "key-not-in-azure" in prod.pulumi("preview").failed().output

    finished = rotate(prod, "--loaded", "hq-fw1").succeeded()
    assert "hq-fw2: make" not in finished.output
    assert assert_same_everywhere(prod, "hq-fw1", FW1) == new
    assert assert_same_everywhere(prod, "hq-fw2", FW2) == old[FW2]

    # pulumi up without a preview makes a key that only the state has: it is refused, seen, and put right.
    prod.pulumi("up", "--replace", prod.resources()["tunnel-hq-fw2-psk"]["urn"]).failed()
    assert in_azure(prod) == {FW1: new, FW2: old[FW2]}
    seen = rotate(prod, "--dry-run", "--json")
    assert seen.code == 1
    rows = json.loads(seen.output[seen.output.index("{") :])["connections"]
    assert [(row["connection"], row["inAzure"], row["steps"]) for row in rows] == [
        (FW1, "same", []),
        (FW2, "another", ["load", "set", "record"]),
    ]
    rotate(prod, "--loaded", "hq-fw2").succeeded()
    newest = assert_same_everywhere(prod, "hq-fw2", FW2)
    assert newest not in (new, *old.values())

    assert_unchanged_by_up(prod)
    prod.pulumi("refresh").succeeded()
    assert_unchanged_by_up(prod)
    for key in (*old.values(), new, newest):
        assert key not in "\n".join(prod.log), "a command printed a key"
        assert holding(prod, key) <= {"azure.json"}
