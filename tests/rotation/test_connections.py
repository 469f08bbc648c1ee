"""Connections and their keys, out of what Pulumi exports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from vpner.problems import Problems
from vpner.rotation import Connection, Key, read_connections

COMPONENT = "urn:pulumi:prod::vpner::vpner:index:IpsecOverEr::tunnel"
PASSWORD = "urn:pulumi:prod::vpner::vpner:index:IpsecOverEr$random:index/randomPassword:RandomPassword::tunnel-fw1-psk"
CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"
APPLIANCE = "urn:pulumi:prod::vpner::vpner:index:OpnsenseNva::appliance"
EXTENSION = "azure-native:compute:VirtualMachineExtension"
ARM_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/connections/hub-to-fw1-conn"


def secret(value: object) -> dict[str, str]:
    """As an export with --show-secrets has it."""
    marked = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    return {**marked, "plaintext": json.dumps(value)}


def resource(urn: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": kind, "inputs": {}, "outputs": {}, **more}


def deployment(*others: dict[str, Any], key: str | None = "new") -> dict[str, Any]:
    password = resource(
        PASSWORD,
        "random:index/randomPassword:RandomPassword",
        outputs={"result": secret(key)},
        created="2026-11-29T01:29:04.937099108Z",
    )
    found = [
        resource(COMPONENT, "vpner:index:IpsecOverEr", outputs={"connectionIds": {"fw1": ARM_ID}}),
        resource(f"{COMPONENT}/x", CONNECTION, id=ARM_ID, inputs={"sharedKey": secret("old")}),
        *([] if key is None else [password]),
        *others,
    ]
    return {"resources": found}


def only(document: dict[str, Any], given: dict[str, str] | None = None) -> Connection:
    [found] = read_connections(document, given or {})
    return found


def test_a_generated_key_is_the_newest_and_has_an_age() -> None:
    left = resource(
        PASSWORD, "random:index/randomPassword:RandomPassword", outputs={"result": secret("x")}, delete=True
    )
    found = only({"resources": [left, *deployment()["resources"]]})
    assert (found.name, found.id, found.device, found.key_urn) == ("hub-to-fw1-conn", ARM_ID, "fw1", PASSWORD)
    assert (found.key, found.recorded) == (Key("new"), Key("old"))
    assert found.made is not None
    assert found.made.replace(microsecond=0) == datetime(2026, 11, 29, 1, 29, 4, tzinfo=UTC)
    assert found.loader is None
    assert "new" not in repr(found)
    assert "old" not in repr(found)


def test_a_configured_key_counts_and_nobody_generates_it() -> None:
    for key in ("new", None):
        found = only(deployment(key=key), {"fw1": "chosen"})
        assert (found.key, found.key_urn, found.made) == (Key("chosen"), None, None)


def test_a_key_made_nobody_knows_when_has_no_age() -> None:
    document = deployment()
    del document["resources"][2]["created"]
    assert only(document).made is None


@pytest.mark.parametrize(("device", "loads"), [("fw1", True), ("fw2", False)])
def test_an_appliance_of_the_stack_is_loaded_by_its_extension(device: str, loads: bool) -> None:
    appliance = resource(APPLIANCE, "vpner:index:OpnsenseNva", outputs={"device": {"name": device}})
    extension = resource(f"{APPLIANCE}-boot", EXTENSION, parent=APPLIANCE)
    foreign = resource("urn:other", EXTENSION, parent="urn:another")
    found = only(deployment(foreign, appliance, extension))
    assert found.loader == (extension["urn"] if loads else None)


def test_a_connection_without_a_key_and_a_stack_without_connections_are_refused() -> None:
    with pytest.raises(Problems) as refused:
        read_connections(deployment(key=None), {"fw2": "chosen"})
    assert [(item.where, item.code) for item in refused.value.problems] == [("hub-to-fw1-conn", "rotation-no-key")]
    assert PASSWORD in str(refused.value)
    for empty in ({}, {"resources": None}, {"resources": [resource(COMPONENT, "vpner:index:IpsecOverEr")]}):
        with pytest.raises(Problems, match="rotation-nothing"):
            read_connections(empty, {})
