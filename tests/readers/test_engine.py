"""The reference lab on the real engine: preview through the policy pack, then the exported state after the update."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.workspace import Workspace
from tests.readers.stacks import example
from tests.support.stacks import ROOT
from vpner.readers.compare import bind, bindings, differences
from vpner.readers.resources import Snapshot
from vpner.readers.stack import read_stack
from vpner.readers.state import read_snapshot, read_state
from vpner.topology import Symbol

pytestmark = pytest.mark.engine


def through_the_pack(workspace: Workspace, verb: str, *flags: str) -> Snapshot:
    """What the policy pack writes while the engine runs a command."""
    file = workspace.folder / "snapshot.json"
    pack = ("--policy-pack", str(ROOT / "policies"))
    command = ("pulumi", verb, "--stack", workspace.stack, "--non-interactive", *flags, *pack)
    workspace.run(*command, env={"VPNER_SNAPSHOT_FILE": str(file)}).succeeded()
    assert file.stat().st_mode & 0o777 == 0o600
    return read_snapshot(file.read_text(encoding="utf-8"))


def test_preview_and_update_of_the_lab_are_the_network_written_by_hand(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, "dev")
    lab = example("reference-lab")

    previewed = read_stack(through_the_pack(workspace, "preview"))
    assert differences(lab, bind(previewed, bindings(previewed, lab))) == []
    assert bind(previewed, bindings(previewed, lab)) == lab

    workspace.configure(stage="ordered")
    workspace.pulumi("up").succeeded()
    workspace.provision()
    workspace.configure(stage="provisioned")
    judged = read_stack(through_the_pack(workspace, "up", "--yes", "--skip-preview"))
    exported = json.dumps({"version": 3, "deployment": workspace.exported()})
    deployed = read_stack(read_state(exported))

    unpublished = bindings(lab, deployed)
    assert {str(symbol) for symbol in unpublished} == {f"az-hub-vpngw.instances[{i}].public" for i in (0, 1)}
    assert differences(bind(lab, unpublished), deployed) == []
    assert bind(lab, unpublished) == deployed
    assert differences(judged, deployed) == []
    assert not any(isinstance(static.prefix, Symbol) for router in deployed.routers for static in router.statics)
