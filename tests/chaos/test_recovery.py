"""What chaos has found about the repair of a killed run, one by one, and without chance."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.chaos.site import SmallSite
from tests.toolchain.project import Project
from vpner.simulator.azure import Azure
from vpner.simulator.chaos import Dice, Fault
from vpner.simulator.references import FAILED, STATE

pytestmark = pytest.mark.engine

KILLED = Dice(1, 1.0, (Fault.KILLED_AFTER,))
LATE = Dice(45, 0.1, (Fault.TIMED_OUT,))
"""Dice with which, of all creations, only that of the circuit takes too long."""


@pytest.fixture
def site(tmp_path: Path) -> SmallSite:
    """The small network, ordered."""
    site = SmallSite.create(tmp_path)
    site.configure(stage="ordered")
    return site


def failed(site: SmallSite) -> set[str]:
    return {record.name for record in site.records() if record.chosen.get(STATE) == FAILED}


def test_the_repair_does_not_forget_what_had_failed(site: SmallSite) -> None:
    site.pulumi("up").succeeded()
    (device,) = (record for record in site.records() if record.name == "device")
    Azure(site.store).fail(device.id)
    site.configure(preference="ASPath")
    site.dice = KILLED
    site.pulumi("up").failed()
    site.dice = None

    site.recover().succeeded()
    assert failed(site) == {"device"}
    site.pulumi("up").succeeded()
    assert failed(site) == set()
    site.pulumi("up", "--expect-no-changes").succeeded()


def test_the_repair_reads_a_service_key_and_never_writes_it_in_plain_text(site: SmallSite) -> None:
    site.dice = LATE
    site.pulumi("up").failed()
    site.dice = None
    assert not site.resources()["circuit"].get("outputs")
    site.recover().succeeded()
    assert site.resources()["circuit"]["outputs"]["provisioningState"] == "Succeeded"
    (key,) = (str(record.chosen["serviceKey"]) for record in site.records() if record.name == "circuit")
    assert not any(key in output for output in site.log)
    holding = {path.name for path in site.folder.rglob("*") if path.is_file() and key.encode() in path.read_bytes()}
    assert holding == {"azure.json"}, "only the simulated Azure itself may hold it"
    site.pulumi("up").succeeded()
    site.pulumi("up", "--expect-no-changes").succeeded()


def test_a_file_backend_that_a_kill_left_unreadable_is_mended(tmp_path: Path) -> None:
    """As found after a SIGKILL: the state was whole, and the file of its attributes had no content."""
    project = Project(tmp_path)
    project.write("program/__main__.py", 'import pulumi\npulumi.export("kept", "yes")\n')
    project.pulumi("up", "--yes", "--skip-preview")
    (attributes,) = (tmp_path / "state").rglob("stacks/tiny/dev.json.attrs")
    attributes.write_bytes(b"")
    assert "failed to load checkpoint: EOF" in project.pulumi("stack", "export", code=1)
    assert "was empty, removed" in project.run(sys.executable, "-m", "toolchain.recover", "--stack", "dev")
    assert project.pulumi("stack", "output", "kept").strip() == "yes"
