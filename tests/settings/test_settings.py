"""What a right configuration means, and how Pulumi.yaml and the shape describe the same keys."""

from __future__ import annotations

import json
from typing import Any, get_args

import pulumi
import pytest
import yaml
from pulumi.runtime import set_all_config
from pydantic_core import PydanticUndefined

from tests.settings.changes import MISSING, decoded, parsed, texts
from tests.settings.mistakes import AUTHORISATION, CIRCUIT, KEY
from tests.support.stacks import ROOT, stack_config
from vpner.settings import parse, read
from vpner.settings.shape import Configuration

DECLARED: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
FIELDS = {field.alias: field for field in Configuration.model_fields.values()}
NOTHING = ("branch", "routeServer", "testVms")
"""Parts that are left out by default; Pulumi.yaml cannot say null and says {}."""


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_projects_stack_files_are_valid(stack: str) -> None:
    configuration = parsed(stack, {})
    assert configuration.hub.name == decoded(stack)["hub"]["name"]


def test_pulumi_yaml_declares_the_shapes_keys_and_no_others() -> None:
    assert set(DECLARED) == set(FIELDS)


@pytest.mark.parametrize("key", sorted(DECLARED))
def test_pulumi_yaml_declares_the_shapes_defaults(key: str) -> None:
    field, declared = FIELDS[key], DECLARED[key]
    assert field.is_required() == ("default" not in declared)
    if field.is_required():
        return
    default = field.default
    assert default is not PydanticUndefined
    if key in NOTHING:
        assert (default, declared["default"]) == (None, {})
    elif hasattr(default, "model_dump"):
        assert default == type(default).model_validate(declared["default"])
    else:
        assert default == declared["default"]


@pytest.mark.parametrize("key", sorted(DECLARED))
def test_every_key_is_described_to_whoever_reads_pulumi_yaml(key: str) -> None:
    assert DECLARED[key]["description"].strip()


@pytest.mark.parametrize(
    ("key", "choices"),
    [("stage", {"ordered", "provisioned"}), ("preference", {"ExpressRoute", "VpnGateway", "ASPath"})],
)
def test_the_choices_are_in_the_description(key: str, choices: set[str]) -> None:
    assert set(get_args(FIELDS[key].annotation)) == choices
    for choice in choices:
        assert choice in DECLARED[key]["description"]


def test_the_keys_that_are_needed_are_enough() -> None:
    values = {key: value for key, value in decoded("prod").items() if "default" not in DECLARED[key]}
    values["tunnel"] = {"enabled": False}
    # One layer-3 circuit for each path of the one hub.
    values["circuits"] = [{**circuit, "layer": 3} for circuit in values["circuits"]]
    configuration = parse(texts(values))
    assert configuration.branch is None
    assert configuration.route_server is None
    assert (configuration.stage, configuration.preference, configuration.protect) == ("ordered", "ExpressRoute", True)


@pytest.mark.parametrize("key", NOTHING)
@pytest.mark.parametrize("nothing", [{}, None], ids=["empty", "null"])
def test_an_empty_part_is_left_out(key: str, nothing: object) -> None:
    changes: dict[str, object] = {"branch": {}, "routeServer": {}, "testVms": {}, "preference": "ExpressRoute"}
    configuration = parsed("prod", {**changes, key: nothing})
    assert configuration.branch is None
    assert configuration.route_server is None
    assert configuration.test_vms is None


@pytest.mark.parametrize(
    "changes",
    [
        {"intent[0].mode": "preferred", "intent[0].reason": "a test"},
        {"intent[0].exempt": [{"from": ["10.11.0.4/32"], "reason": "monitoring", "expires": "2027-06-30"}]},
        {"routeServer.peers": [{"name": f"nva{n}", "address": f"10.10.1.{n}", "asn": 65001} for n in range(4, 12)]},
        {"subscriptions": {"hub": "11111111-1111-1111-1111-111111111111", "circuits": None}},
        {"circuits[1].owned": MISSING, "circuits[1].existing": {"id": CIRCUIT}},
        {"hub.subnets.GatewaySubnet": "10.10.0.0/27"},
        {"tunnel.asn": 65001},
        {"protect": False},
        {"routeServer": {}, "preference": "ExpressRoute"},
        {"spokes": [], "intent[0].from": ["10.10.0.0/23"]},
        {"sites[0].devices[0].endpoint.inside": MISSING},
    ],
    ids=", ".join,
)
def test_what_is_right_is_accepted(changes: dict[str, object]) -> None:
    parsed("prod", changes)


def test_secrets_that_the_stack_file_encrypts_are_accepted_and_never_shown() -> None:
    changes = {
        "preSharedKeys": {"hq-fw1": KEY},
        "circuits[1].owned": MISSING,
        "circuits[1].existing": {"id": CIRCUIT, "authorizationKey": AUTHORISATION},
    }
    configuration = parsed("prod", changes, frozenset(["preSharedKeys", "circuits"]))
    assert configuration.pre_shared_keys == {"hq-fw1": KEY}
    for text in (repr(configuration), str(configuration)):
        assert KEY not in text
        assert AUTHORISATION not in text


def test_settings_are_read_from_pulumis_configuration_with_keys_as_secrets() -> None:
    values = {**stack_config("prod"), "vpner:preSharedKeys": json.dumps({"hq-fw1": KEY}), "other:hub": "[]"}
    set_all_config(values, ["vpner:preSharedKeys"])
    try:
        settings = read()
    finally:
        set_all_config({})
    assert settings.configuration.hub.name == "weu-hub"
    assert list(settings.pre_shared_keys) == ["hq-fw1"]
    assert isinstance(settings.pre_shared_keys["hq-fw1"], pulumi.Output)
    assert KEY not in repr(settings)
