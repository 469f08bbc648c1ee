"""The Pulumi CLI that the toolchain provides: programs, policies, components, and the repair after a killed run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toolchain.project import Project
from tests.toolchain.small_cloud import SUBSCRIPTION

pytestmark = pytest.mark.engine

PSK = "a-pre-shared-key"
NETWORKS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab/providers/Microsoft.Network/virtualNetworks"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


COMPONENT = """
    import pulumi

    class Gateway(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("tiny:index:Gateway", name)
            self.register_outputs({"asn": 65515})

    Gateway("hub")
    print("said by the program")
    pulumi.export("greeting", pulumi.Config().get("greeting"))
"""
PACK = """
    from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

    def check(args, report):
        for resource in args.resources:
            if resource.resource_type == "tiny:index:Gateway":
                report(f"has ASN {resource.props['asn']:.0f}", resource.urn)

    rule = StackValidationPolicy(name="no-asn", description="No ASN.", validate=check)
    PolicyPack(name="tiny", enforcement_level=EnforcementLevel.MANDATORY, policies=[rule])
"""


def test_a_program_without_providers_is_previewed_deployed_and_destroyed(project: Project) -> None:
    project.write("program/__main__.py", COMPONENT)
    project.pulumi("config", "set", "greeting", "hello")
    assert "said by the program" in project.pulumi("preview")
    project.pulumi("up", "--yes", "--skip-preview")
    assert project.pulumi("stack", "output", "greeting").strip() == "hello"
    assert "hub" in project.state()
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.state() == {}


def test_a_policy_pack_sees_what_components_register_and_stops_the_preview(project: Project) -> None:
    project.write("program/__main__.py", COMPONENT)
    project.write("policies/__main__.py", PACK)
    assert "has ASN 65515" in project.pulumi("preview", "--policy-pack", "../policies", code=1)


def test_an_error_of_the_program_is_reported_once_and_ends_with_one(project: Project) -> None:
    project.write("program/__main__.py", 'raise ValueError("no such luck")')
    output = project.pulumi("preview", code=1)
    assert output.partition("Diagnostics:")[2].count("no such luck") == 2  # the line of code, and the exception
    assert "non-zero exit code" not in output


def test_the_schema_of_a_folder_with_components_can_be_read(project: Project) -> None:
    (project.folder / "component").mkdir()
    options = json.dumps({"name": "python", "options": {"virtualenv": sys.prefix}})
    project.write("component/PulumiPlugin.yaml", f"name: tinycomponents\nruntime: {options}\n")
    source = """
        from typing import TypedDict
        import pulumi
        from pulumi.provider.experimental import component_provider_host

        class Arguments(TypedDict):
            asn: pulumi.Input[int]

        class Gateway(pulumi.ComponentResource):
            def __init__(self, name: str, args: Arguments, opts: pulumi.ResourceOptions | None = None):
                super().__init__("tinycomponents:index:Gateway", name, None, opts)

        component_provider_host(name="tinycomponents", components=[Gateway])
    """
    project.write("component/__main__.py", source)
    schema = json.loads(project.run("pulumi", "package", "get-schema", "../component"))
    assert schema["resources"]["tinycomponents:index:Gateway"]["requiredInputs"] == ["asn"]


@pytest.fixture
def cloud(project: Project) -> Iterator[Path]:
    """The folder of the project's small cloud."""
    with project.small_cloud() as folder:
        yield folder


NETWORK_PROGRAM = f"""
    import pulumi

    class Network(pulumi.CustomResource):
        def __init__(self, name, opts=None, **inputs):
            inputs = {{"resourceGroupName": "lab", "virtualNetworkName": name, **inputs}}
            super().__init__("azure-native:network:VirtualNetwork", name, inputs, opts)

    class Random(pulumi.CustomResource):
        def __init__(self, name, **inputs):
            super().__init__("random:index/randomPassword:RandomPassword", name, inputs)

    slow = pulumi.Config().get_bool("slow")
    hub = Network("hub")
    Network("begun", pulumi.ResourceOptions(depends_on=[hub]), slow=slow, sharedKey=pulumi.Output.secret("{PSK}"))
    Network("refused", slow=slow, refused=slow)
    Random("password", slow=slow)
"""


def kill_in_the_middle(project: Project, cloud: Path) -> None:
    """`kill -9` of an update that has begun to create everything, and has finished one network."""
    project.write("program/__main__.py", NETWORK_PROGRAM)
    project.pulumi("config", "set", "slow", "true")
    command = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    process = subprocess.Popen(
        command, cwd=project.folder / "program", env=project.environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    expected = {"hub", "begun", "refused", "password"}
    for line in process.stdout:
        expected -= {name for name in expected if f" {name} creating" in line}
        if not expected:
            break
    while len(list(cloud.iterdir())) < 3:  # hub, begun and password
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    project.pulumi("config", "set", "slow", "false")


def recover(project: Project) -> str:
    return project.run(sys.executable, "-m", "toolchain.recover", "--stack", "dev")


def test_a_killed_update_can_be_repaired_and_goes_on(project: Project, cloud: Path) -> None:
    kill_in_the_middle(project, cloud)
    assert "locked" in project.pulumi("up", "--yes", "--skip-preview", code=1)

    output = recover(project)
    assert f"adopted, as {NETWORKS}/begun" in output
    assert "RandomPassword::password\n    interrupted while creating: dropped" in output
    assert "VirtualNetwork::refused: does not exist, dropped" in output
    state = project.state()
    assert state.keys() >= {"hub", "begun"}
    assert not state.keys() & {"refused", "password"}
    assert state["begun"]["id"] == f"{NETWORKS}/begun"

    project.pulumi("up", "--yes", "--skip-preview")
    assert project.state().keys() >= {"hub", "begun", "refused", "password"}
    assert "nothing to repair" in recover(project)


def test_the_repair_shows_and_stores_no_secret(project: Project, cloud: Path) -> None:
    kill_in_the_middle(project, cloud)
    output = recover(project)
    assert PSK not in output
    assert PSK not in json.dumps(project.state())
    (backup,) = (project.folder / "tmp").glob("vpner-state-*.json")
    assert str(backup) in output
    assert PSK not in backup.read_text()


def test_a_repair_that_could_not_refresh_is_finished_by_the_next(project: Project, cloud: Path) -> None:
    kill_in_the_middle(project, cloud)
    reachable = project.environment.pop("PULUMI_DEBUG_PROVIDERS")
    project.run(sys.executable, "-m", "toolchain.recover", "--stack", "dev", code=1)
    project.environment["PULUMI_DEBUG_PROVIDERS"] = reachable
    assert "VirtualNetwork::refused: does not exist, dropped" in recover(project)
    assert project.state()["begun"]["outputs"]
    project.pulumi("up", "--yes", "--skip-preview")
