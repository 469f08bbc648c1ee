"""Exported state and snapshots: what is kept, what is dropped, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.readers.stacks import answer, written
from tests.support.mocks import AUTHORIZATION_KEY, PASSWORD, SERVICE_KEY
from tests.support.stacks import run_program, stack_config
from vpner.problems import Problems
from vpner.readers.resources import SECRET as SECRET_VALUE
from vpner.readers.resources import UNKNOWN, Resource, Snapshot, without_secrets
from vpner.readers.state import read_snapshot, read_state, snapshot_text

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"


def state(*resources: dict[str, Any]) -> str:
    return json.dumps({"version": 3, "deployment": {"resources": list(resources)}})


def entry(token: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::p::{token}::{name}", "type": token, **fields}


def test_inputs_complete_outputs_because_only_they_have_path_parameters() -> None:
    inputs = {"subnetName": "a", "virtualNetworkName": "v", "addressPrefix": "10.0.0.0/24"}
    outputs = {"name": "a", "addressPrefix": "10.0.1.0/24"}
    (found,) = read_state(state(entry("azure-native:network:Subnet", "s", inputs=inputs, outputs=outputs))).resources
    assert found.properties == {**inputs, **outputs}
    assert found.name == "s"


@pytest.mark.parametrize("value", [{**SECRET, "ciphertext": "v1:x"}, {**SECRET, "plaintext": '"psk"'}])
def test_a_secret_is_unknown_wherever_it_stands_even_if_it_is_shown(value: Any) -> None:
    properties = {"gatewayIpAddress": value, "bgpSettings": {"asn": value}, "list": [value]}
    text = state(entry("azure-native:network:LocalNetworkGateway", "l", inputs={}, outputs=properties))
    (found,) = read_state(text).resources
    assert found.properties == {"gatewayIpAddress": UNKNOWN, "bgpSettings": {"asn": UNKNOWN}, "list": [UNKNOWN]}


SECRET_NAMES = ("sharedKey", "authorizationKey", "serviceKey", "adminPassword", "customData", "protectedSettings")


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_of_a_property_with_a_secret_name_only_its_presence_is_kept_at_any_depth(name: str) -> None:
    kept = without_secrets({"a": [{name: "x", "b": 1}], name: {"c": "x"}})
    assert kept == {"a": [{name: SECRET_VALUE, "b": 1}], name: SECRET_VALUE}
    assert without_secrets({name: UNKNOWN, "b": None}) == {name: UNKNOWN, "b": None}


def test_of_components_only_the_contract_is_kept_and_of_azures_other_resources_what_counts_them() -> None:
    counted = {
        "location": "westeurope",
        "hardwareProfile": {"vmSize": "Standard_B2s"},
        "provisioningState": "Succeeded",
    }
    text = state(
        entry("vpner:index:OpnsenseNva", "nva", outputs={"device": {"name": "d"}, "rootPassword": "x", "vmId": "y"}),
        entry("azure-native:compute:VirtualMachine", "vm", outputs={"osProfile": {"computerName": "x"}, **counted}),
        entry("random:index/randomPassword:RandomPassword", "password", outputs={"result": "x"}),
        entry("pulumi:pulumi:Stack", "p-dev", outputs={"preference": "x"}),
    )
    component, machine = read_state(text).resources
    assert component.properties == {"device": {"name": "d"}}
    assert machine.properties == counted


def test_what_a_resource_waits_for_is_read() -> None:
    (found,) = read_state(state(entry(CONNECTION, "c", outputs={}, dependencies=["urn:gateway"]))).resources
    assert found.depends_on == ("urn:gateway",)


def test_what_is_to_be_deleted_is_left_out() -> None:
    assert read_state(state(entry(CONNECTION, "c", outputs={}, delete=True))).resources == ()


def test_of_a_resource_that_is_not_modelled_only_its_presence_is_kept() -> None:
    (found,) = read_state(state(entry("azure-native:network:Route", "r", outputs={"name": "x"}))).resources
    assert (found.kind, found.properties) == ("Route", {})


UNREADABLE = [
    ("no JSON", "{", "no JSON"),
    ("a list", "[]", "a list stands"),
    ("no resources", "{}", "deployment.resources"),
    ("a malformed resource", state({"type": "t"}), "malformed"),
    ("a resource that is none", json.dumps({"deployment": {"resources": ["x"]}}), "malformed"),
]


@pytest.mark.parametrize(("what", "text", "message"), UNREADABLE, ids=[item[0] for item in UNREADABLE])
def test_text_that_is_no_state_is_refused_with_what_to_do(what: str, text: str, message: str) -> None:
    with pytest.raises(Problems, match=message):
        read_state(text, "state.json")


@pytest.mark.parametrize("text", ["{}", '{"snapshot": 2, "resources": []}', '{"snapshot": 1, "resources": [{}]}', "x"])
def test_text_that_is_no_snapshot_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(Problems, match="cannot read preview") as raised:
        read_snapshot(text, "preview")
    assert all(problem.remedy for problem in raised.value.problems)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
resources = st.builds(
    Resource,
    urn=st.text(),
    type=st.text(),
    name=st.text(),
    properties=st.dictionaries(st.text(), values, max_size=4),
    references=st.dictionaries(st.text(), st.tuples(st.text()), max_size=2),
    parent=st.none() | st.text(),
    depends_on=st.tuples(st.text()) | st.just(()),
)


@given(st.lists(resources, max_size=3))
def test_a_snapshot_survives_writing_and_reading(listed: list[Resource]) -> None:
    assert read_snapshot(snapshot_text(Snapshot(listed))).resources == tuple(listed)


def test_the_pack_writes_no_secret_and_only_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    hub, branch = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    config = stack_config("dev") | {"vpner:subscriptions": json.dumps({"hub": hub, "branch": branch})}
    assert len(written(file, run_program, preview=False, config=config).resources) > 30
    text = file.read_text(encoding="utf-8")
    for secret in (PASSWORD, SERVICE_KEY, AUTHORIZATION_KEY):
        assert secret not in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file], "nothing else is left behind"


def test_a_snapshot_that_cannot_be_written_fails_the_preview(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "snapshot.json"
    messages = answer(file, run_program, preview=True, config=stack_config("dev")).messages
    assert [item.policyName for item in messages] == ["declared-network"]
    assert "FileNotFoundError" in messages[0].message
