"""The simulated Azure under the real Pulumi engine, with small programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.workspace import pulumi_folder
from tests.simulator.lab import GROUP, OTHER_SUBSCRIPTION, SUBSCRIPTION, Lab, resource

pytestmark = pytest.mark.engine

PROJECT = """
name: small
runtime: {name: python, options: {toolchain: pip, virtualenv: %s}}
config: {azure-native:location: {value: westeurope}}
"""

NETWORK = """
import pulumi
from pulumi_azure_native import network, resources
from pulumi_random import RandomPassword

group = resources.ResourceGroup("group", resource_group_name="lab")
hub = network.VirtualNetwork(
    "hub",
    virtual_network_name="hub",
    resource_group_name=group.name,
    address_space={"address_prefixes": ["10.0.0.0/24"]},
)
subnet = network.Subnet(
    "subnet",
    subnet_name="subnet1",
    resource_group_name=group.name,
    virtual_network_name=hub.name,
    address_prefix="10.0.0.0/27",
)
nic = network.NetworkInterface(
    "nic", resource_group_name=group.name, ip_configurations=[{"name": "ipconfig1", "subnet": {"id": subnet.id}}]
)
password = RandomPassword("password", length=20)
pulumi.export("address", nic.ip_configurations.apply(lambda items: items[0].private_ip_address))
pulumi.export("password", password.result)
"""

TWO_SUBSCRIPTIONS = """
import pulumi
import pulumi_azure_native as azure
from pulumi_azure_native import network, resources

group = resources.ResourceGroup("group", resource_group_name="lab")
other = pulumi.ResourceOptions(provider=azure.Provider("other", subscription_id="%s", location="westus"))
theirs = resources.ResourceGroup("theirs", resource_group_name="lab", opts=other)
network.VirtualNetwork(
    "spoke",
    virtual_network_name="spoke",
    resource_group_name=theirs.name,
    address_space={"address_prefixes": ["10.0.1.0/24"]},
    opts=other,
)
"""


@dataclass
class Project:
    """A Pulumi project on a simulated Azure of its own."""

    folder: Path

    def pulumi(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "ARM_", "VPNER_"))}
        environment = {
            **kept,
            "PATH": f"{pulumi_folder()}:{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_OPTION_COLOR": "never",
            **extra,
        }
        vpner = [sys.executable, "-c", "from vpner.cli import main; main()", "simulate", "--", "pulumi"]
        return subprocess.run(
            [*vpner, *arguments, "--non-interactive"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def succeed(self, *arguments: str) -> str:
        done = self.pulumi(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def exported(self) -> dict[str, Any]:
        return json.loads(self.succeed("stack", "export"))["deployment"]

    @property
    def azure(self) -> Lab:
        return Lab(self.folder / ".vpner")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT % sys.prefix)
    made = Project(tmp_path)
    made.succeed("stack", "init", "dev")
    return made


def test_a_network_is_previewed_deployed_refreshed_and_destroyed(project: Project) -> None:
    (project.folder / "__main__.py").write_text(NETWORK)
    assert "+ 6 to create" in project.succeed("preview")
    assert project.azure.ids() == set()

    project.succeed("up", "--yes", "--skip-preview")
    assert json.loads(project.succeed("stack", "output", "--json"))["address"] == "10.0.0.4"
    assert json.loads(project.succeed("stack", "output", "--json"))["password"] == "[secret]"
    for verb in ("up", "refresh"):
        assert "6 unchanged" in project.succeed(verb, "--yes", "--skip-preview", "--expect-no-changes")

    hub = next(item for item in project.exported()["resources"] if item["urn"].endswith("::hub"))
    assert "virtualNetworkName" in hub["inputs"]
    assert "virtualNetworkName" not in hub["outputs"]

    project.succeed("destroy", "--yes", "--skip-preview")
    assert project.azure.ids() == set()


def test_what_others_have_built_can_be_imported(project: Project) -> None:
    project.azure.hub()
    (project.folder / "__main__.py").write_text("")
    hub = resource("virtualNetworks/hub")
    arguments = ("--yes", "--generate-code=false", "azure-native:network:VirtualNetwork", "hub", hub)
    project.succeed("import", *arguments)
    imported = next(item for item in project.exported()["resources"] if item["urn"].endswith("::hub"))
    assert imported["id"] == hub
    assert imported["inputs"]["virtualNetworkName"] == "hub"
    assert imported["inputs"]["addressSpace"] == {"addressPrefixes": ["10.0.0.0/24"]}
    assert imported["outputs"]["provisioningState"] == "Succeeded"


def test_each_provider_of_a_program_has_its_own_subscription(project: Project) -> None:
    (project.folder / "__main__.py").write_text(TWO_SUBSCRIPTIONS % OTHER_SUBSCRIPTION)
    project.succeed("up", "--yes", "--skip-preview")
    theirs = GROUP.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION)
    assert project.azure.ids() == {GROUP, theirs, resource("virtualNetworks/spoke", group=theirs)}
    assert project.azure.azure.get(resource("virtualNetworks/spoke", group=theirs))["location"] == "westus"
    project.succeed("destroy", "--yes", "--skip-preview")
    assert project.azure.ids() == set()


def test_what_a_killed_engine_has_created_is_not_created_again(project: Project) -> None:
    (project.folder / "__main__.py").write_text(NETWORK)
    point = "create after azure-native:network:VirtualNetwork/hub"
    killed = project.pulumi("up", "--yes", "--skip-preview", VPNER_SIMULATOR_KILL=point)
    assert killed.returncode == 128 + 9
    assert project.azure.exists("virtualNetworks/hub")
    pending = project.exported()["pending_operations"]
    assert [item["type"] for item in pending if item["resource"]["urn"].endswith("::hub")] == ["creating"]
    project.succeed("cancel", "--yes")
    again = project.pulumi("up", "--yes", "--skip-preview")
    assert again.returncode != 0
    assert f"cannot create already existing resource '{resource('virtualNetworks/hub')}'" in again.stdout
    assert Path(project.folder / ".vpner" / "azure.json").exists()


def test_a_create_that_was_not_begun_leaves_nothing(project: Project) -> None:
    (project.folder / "__main__.py").write_text(NETWORK)
    point = "create before azure-native:network:VirtualNetwork"
    assert project.pulumi("up", "--yes", "--skip-preview", VPNER_SIMULATOR_KILL=point).returncode == 128 + 9
    assert project.azure.ids() == {GROUP}
