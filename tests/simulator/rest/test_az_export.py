"""The documented export of a network, word for word, with the real Azure CLI on the simulated Azure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.readers.test_export import outside
from tests.simulator.rest.deployed import Deployed, deploy
from tests.simulator.rest.test_az import run
from tests.support.stacks import ROOT
from toolchain.azure_cli import installed
from vpner.cli.inputs import read_network
from vpner.readers.gaps import COMMANDS

PAGE = (ROOT / "docs" / "existing-network.md").read_text(encoding="utf-8")


def commands() -> str:
    """The page's commands from the names of the lab to the export's end."""
    block = next(text for text in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "az network vnet list" in text)
    return block[block.index("GROUP=") :]


@pytest.mark.az
@pytest.mark.skipif(installed() is None, reason="no Azure CLI: python -m toolchain.azure_cli installs it (733 MB)")
def test_the_documented_commands_export_the_network_that_is_deployed(tmp_path: Path) -> None:
    lab: Deployed = deploy(tmp_path / "azure")
    run(lab, f"set -e; cd {tmp_path}; {commands()}", tmp_path)
    deployed = lab.network().topology
    declared = outside(deployed)
    file = tmp_path / "outside.yaml"
    file.write_text(yaml.safe_dump({"intent": declared.pop("intent"), "topology": declared}))
    assert read_network(None, None, str(file), [tmp_path / "export"]) == deployed


def test_the_page_has_every_command_that_an_error_can_name() -> None:
    written = " ".join(PAGE.replace("$GROUP", "GROUP").replace("$SERVER", "NAME").split())
    named = {command for command in COMMANDS.values() if not command.startswith("az rest")}
    assert [command for command in named if f"{command} -o json" not in written] == []
    assert "az rest --method get" in written
