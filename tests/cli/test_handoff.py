"""``vpner handoff``: what is printed for the engineer on premises, with and without the secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.commands import EXPRESSROUTE_ONLY, LAB, ROOT, vpner
from tests.engine.workspace import Workspace
from tests.support.golden import assert_golden
from vpner.device.opnsense import configuration, differences, read_config
from vpner.device.plans import device_plans
from vpner.readers.case import read_case

GOLDEN = Path(__file__).parent / "golden"
TEXT = LAB.read_text(encoding="utf-8")
PLACEHOLDER = "PUT-THE-PRE-SHARED-KEY-HERE"


@pytest.mark.parametrize("form", ["text", "linux", "json"])
def test_the_labs_handoff_is_as_reviewed(form: str) -> None:
    result = vpner("handoff", "--topology", LAB, "--format", form)
    assert result.exit_code == 0, result.output
    assert_golden(GOLDEN / f"handoff-{form}.txt", result.stdout)


def test_json_is_what_format_json_prints() -> None:
    documents = [vpner("handoff", "--topology", LAB, *options).stdout for options in (["--json"], ["--format", "json"])]
    assert documents[0] == documents[1]
    assert [device["name"] for device in json.loads(documents[0])["devices"]] == ["branch-opnnva"]


def test_the_opnsense_configuration_is_read_back_as_the_plan() -> None:
    result = vpner("handoff", "--topology", LAB, "--format", "opnsense")
    assert result.exit_code == 0
    (plan,) = device_plans(read_case(TEXT, "lab").topology, interfaces="hn")
    found = differences(read_config(result.stdout), configuration(plan))
    assert {item.where.rpartition(".")[2] for item in found} == {"has_key"}  # the placeholder is no key


def test_nothing_but_the_missing_announcement_is_said_where_the_provider_announces_no_endpoint() -> None:
    document = yaml.safe_load(TEXT)
    document["routers"]["provider-mcr"]["statics"] = []
    text = vpner("handoff", "--topology", "-", stdin=yaml.safe_dump(document)).stdout
    assert "No router here announces 10.100.0.4/32" in text
    assert "No router here" not in vpner("handoff", "--topology", LAB).stdout


def unbound() -> str:
    document = yaml.safe_load(TEXT)
    for instance in document["vpn_gateways"]["az-hub-vpngw"]["instances"]:
        instance["tunnel"] = None
    return yaml.safe_dump(document)


@pytest.mark.parametrize(("form", "code"), [("text", 0), ("json", 0), ("linux", 2), ("opnsense", 2)])
def test_before_azure_has_chosen_the_addresses_only_a_plan_can_be_had(form: str, code: int) -> None:
    result = vpner("handoff", "--topology", "-", "--format", form, stdin=unbound())
    assert result.exit_code == code
    assert "az-hub-vpngw.instances[0].tunnel" in (result.stderr if code else result.stdout)
    assert (result.stdout == "") == bool(code)


REFUSED: dict[str, tuple[list[str], str]] = {
    "a device that is none": (["--device", "nobody"], "branch-opnnva"),
    "a secret from a file": (["--format", "linux", "--with-secrets"], "a topology file holds no secret"),
    "a secret in a text": (["--with-secrets"], "holds no secret"),
    "a secret in JSON": (["--json", "--with-secrets"], "holds no secret"),
    "two formats": (["--json", "--format", "linux"], "give one of them"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_bad_input(name: str) -> None:
    options, says = REFUSED[name]
    result = vpner("handoff", "--topology", LAB, *options)
    assert (result.exit_code, result.stdout) == (3, "")
    assert says in " ".join(result.stderr.replace("│", " ").split())


def test_a_network_without_a_tunnel_has_nothing_to_hand_over() -> None:
    result = vpner("handoff", "--topology", EXPRESSROUTE_ONLY)
    assert result.exit_code == 3
    assert "over: expressroute" in result.stderr


def test_everything_that_a_topology_leaves_open_is_said_at_once() -> None:
    result = vpner("handoff", "--topology", ROOT / "examples" / "production-site.yaml")
    assert result.exit_code == 3
    assert result.stderr.count("[handoff-apipa]") == 2


def document(run_output: str) -> Any:
    return json.loads(run_output[run_output.index("\n{") :])


@pytest.mark.engine
def test_a_site_of_the_production_stack_gets_its_own_plan_before_anything_is_built(tmp_path: Path) -> None:
    prod = Workspace.create(tmp_path, "prod")
    plan = document(prod.run("vpner", "handoff", "--stack", "prod", "--json").succeeded().output)
    devices = [device for site in prod.configured("sites") for device in site["devices"]]
    for given, planned in zip(devices, plan["devices"], strict=True):
        assert planned["name"] == given["name"]
        assert [item["address"] for item in planned["neighbours"]] == given["gatewayApipa"]
        assert (planned["endpoint"], planned["inside"]) == (given["endpoint"]["outside"], given["endpoint"]["inside"])
        assert planned["expressRouteInterface"] == given["expressRouteInterface"]
        assert planned["advertises"] == given["advertises"]
    wanted = prod.run("vpner", "handoff", "--stack", "prod", "--format", "linux", "--device", devices[0]["name"])
    assert wanted.failed().code == 2
    assert "has not chosen" in wanted.output


@pytest.mark.engine
def test_a_deployed_lab_gives_the_appliances_own_configuration_and_the_key_only_when_asked(tmp_path: Path) -> None:
    dev = Workspace.create(tmp_path, "dev")
    dev.configure(stage="ordered")
    dev.pulumi("up", policies=False).succeeded()
    command = "vpner handoff --stack dev --format opnsense"
    dev.run("sh", "-c", f"{command} > without.xml && {command} --with-secrets > with.xml").succeeded()
    without, holding = ((tmp_path / name).read_text(encoding="utf-8") for name in ("without.xml", "with.xml"))
    outputs = dev.run("pulumi", "stack", "output", "--stack", "dev", "--show-secrets", "--json").succeeded().output
    key = document(outputs)["preSharedKeys"]["branch-opnnva"]
    assert holding.replace(key, PLACEHOLDER) == without
    assert holding.count(key) == without.count(PLACEHOLDER) == 2
    config = read_config(holding)
    tunnels = document(outputs)["tunnelAddresses"]
    assert [str(tunnel.remote) for tunnel in config.tunnels] == tunnels
    assert {str(route.prefix) for route in config.routes} >= {f"{address}/32" for address in tunnels}
    assert config.bgp is not None
    assert [str(rule.prefix) for rule in config.bgp.neighbours[0].imports or ()] == [
        "10.0.0.0/24",
        "10.0.1.0/24",
        "10.0.2.0/24",
    ]
