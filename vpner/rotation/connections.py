"""A stack's VPN connections with their keys, from its deployment as ``pulumi stack export --show-secrets`` gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from vpner.marks import SECRET, SIGNATURE
from vpner.plan.keys import key_name
from vpner.problems import Problem, Problems

_TUNNELS = "vpner:index:IpsecOverEr"
_APPLIANCE = "vpner:index:OpnsenseNva"
_PASSWORD = "random:index/randomPassword:RandomPassword"
_CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"
_EXTENSION = "azure-native:compute:VirtualMachineExtension"

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """A pre-shared key. It is in no text that is made of it."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """A VPN connection of the stack."""

    name: str
    """Azure's name of it."""
    id: str
    """Its ARM id."""
    urn: str
    device: str
    """Name of the device at the other end."""
    key: Key
    """The key that both ends are to have: the newest that was generated, or the one that is configured."""
    recorded: Key | None
    """The key that the connection itself has in the state. None: it has none there."""
    key_urn: str | None
    """What generates the key; None where it is configured."""
    made: datetime | None
    """When the key was generated; None if nobody knows."""
    loader: str | None
    """URN of what loads the key on the device, where the device is this stack's own; None where a person does."""


def read_connections(deployment: Resource, given: Mapping[str, str]) -> list[Connection]:
    """The connections, in the order of their devices in the program. ``given``: configured keys by device.

    Raises :class:`Problems` if there is no connection, or one whose key is neither configured nor in the state.
    """
    # What a replacement has left to be deleted has the URN of what is there now.
    resources: list[Resource] = [item for item in deployment.get("resources") or () if not item.get("delete")]
    problems: list[Problem] = []
    found: list[Connection] = []
    for component, device, arm_id in _tunnels(resources):
        connection = next((item for item in resources if item.get("id") == arm_id), None)
        if connection is None or connection["type"] != _CONNECTION:
            continue
        urn = f"{component['urn'].rpartition('::')[0]}${_PASSWORD}::{key_name(_name(component), device)}"
        password = next((item for item in resources if item["urn"] == urn), None)
        value = given.get(device) or (None if password is None else _plain(password["outputs"].get("result")))
        if not isinstance(value, str):
            problems.append(_no_key(arm_id.rpartition("/")[2], urn))
            continue
        recorded = _plain(connection["inputs"].get("sharedKey"))
        generated = password if device not in given else None
        found.append(
            Connection(
                name=arm_id.rpartition("/")[2],
                id=arm_id,
                urn=connection["urn"],
                device=device,
                key=Key(value),
                recorded=Key(recorded) if isinstance(recorded, str) else None,
                key_urn=generated["urn"] if generated else None,
                made=_time(generated.get("created")) if generated else None,
                loader=_loader(resources, device),
            )
        )
    if not found and not problems:
        why = "A key belongs to a VPN connection, which is built in stage provisioned"
        what = "the deployed stack has no VPN connection of an IpsecOverEr"
        problems.append(Problem("stack", what, why, "deploy the stack first", "rotation-nothing"))
    if problems:
        raise Problems("cannot rotate keys", problems)
    return found


def _tunnels(resources: list[Resource]) -> Iterator[tuple[Resource, str, str]]:
    """Component, device and ARM id of each connection."""
    for component in resources:
        if component["type"] == _TUNNELS:
            outputs: Resource = component.get("outputs") or {}
            ids = cast("Mapping[str, str]", _plain(outputs.get("connectionIds")) or {})
            for device, arm_id in ids.items():
                yield component, device, arm_id


def _loader(resources: list[Resource], device: str) -> str | None:
    for component in resources:
        if component["type"] == _APPLIANCE and component["outputs"]["device"]["name"] == device:
            parts = [r for r in resources if r.get("parent") == component["urn"] and r["type"] == _EXTENSION]
            return parts[0]["urn"] if parts else None
    return None


def _name(resource: Resource) -> str:
    return str(resource["urn"]).rpartition("::")[2]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        if entries.get(SIGNATURE) == SECRET:  # shown, as JSON
            return json.loads(entries["plaintext"])
    return cast("object", value)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _no_key(connection: str, urn: str) -> Problem:
    return Problem(
        connection,
        "its key is neither in the stack's state nor in vpner:preSharedKeys",
        "The new key is taken from there",
        f"generate it, and nothing else, with: pulumi up --target '{urn}'",
        "rotation-no-key",
    )
