"""Snapshots for tests: the project's program on mocks, as the policy pack writes it, and single resources by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from policies.crossguard import SNAPSHOT_FILE
from tests.policies.support import Answer, ArmMocks, judge, sent
from tests.support.mocks import SUBSCRIPTION, build
from tests.support.stacks import ROOT, run_program, stack_config
from vpner.readers.case import read_case
from vpner.readers.resources import Resource, Snapshot, Value
from vpner.readers.state import read_snapshot
from vpner.topology import Topology

GROUP = "rg"
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network"


def snapshot(name: str, *, preview: bool, **changes: object) -> Snapshot:
    """A stack file with keys of its configuration changed, as the pack writes it. Equal ones are built once."""
    given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in changes.items()}
    return _stack(name, preview, tuple(sorted(given.items())))


@cache
def _stack(name: str, preview: bool, changes: tuple[tuple[str, str], ...]) -> Snapshot:
    config = stack_config(name) | {f"vpner:{key}": value for key, value in changes}
    with TemporaryDirectory() as folder:
        return written(Path(folder) / "snapshot.json", run_program, preview=preview, config=config)


def written(file: Path, program: Callable[[], object], *, preview: bool, **given: Any) -> Snapshot:
    """What the pack writes of any program."""
    answer(file, program, preview=preview, **given)
    return read_snapshot(file.read_text(encoding="utf-8"))


def answer(
    file: Path,
    program: Callable[[], object],
    *,
    preview: bool,
    config: Mapping[str, str] | None = None,
    configuration: Mapping[str, Mapping[str, Any]] | None = None,
) -> Answer:
    """The pack's answer, while it is to write a file; ``configuration`` is the pack's."""
    monitor, _ = build(program, ArmMocks(unknown=preview), config)
    with patch.dict(os.environ, {SNAPSHOT_FILE: str(file)}):
        return judge(sent(monitor, preview=preview), configuration)


def example(name: str) -> Topology:
    """A network of ``examples/``, written by hand."""
    return read_case((ROOT / "examples" / f"{name}.yaml").read_text(encoding="utf-8"), name).topology


def azure(
    kind: str,
    name: str,
    properties: Mapping[str, Value],
    references: Mapping[str, tuple[str, ...]] | None = None,
    *,
    group: str = GROUP,
) -> Resource:
    """A resource of azure-native's network module. Its URN is its logical name."""
    given = {"resourceGroupName": group, **properties}
    return Resource(name, f"azure-native:network:{kind}", name, given, references or {})


def component(name: str, **outputs: Value) -> Resource:
    """A component of somebody's own with what it registered."""
    return Resource(name, "other:index:Site", name, outputs)


HUB: tuple[Resource, ...] = (
    azure(
        "VirtualNetwork",
        "hub",
        {
            "virtualNetworkName": "core",
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [
                {"name": "GatewaySubnet", "addressPrefix": "10.0.0.0/27"},
                {"name": "RouteServerSubnet", "addressPrefix": "10.0.0.64/26"},
                {"name": "work", "addressPrefixes": ["10.0.1.0/24"]},
            ],
        },
    ),
    azure(
        "VirtualNetworkGateway",
        "vpn",
        {
            "virtualNetworkGatewayName": "vpn-gw",
            "gatewayType": "vpn",
            "ipConfigurations": [{"subnet": {"id": f"{NETWORK}/virtualNetworks/core/subnets/GatewaySubnet"}}],
        },
    ),
    azure(
        "LocalNetworkGateway",
        "local",
        {
            "localNetworkGatewayName": "site",
            "gatewayIpAddress": "192.0.2.1",
            "localNetworkAddressSpace": {"addressPrefixes": ["172.20.0.0/16"]},
        },
    ),
    azure(
        "VirtualNetworkGatewayConnection",
        "s2s",
        {
            "virtualNetworkGatewayConnectionName": "s2s",
            "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": f"{NETWORK}/virtualNetworkGateways/vpn-gw"},
            "localNetworkGateway2": {"id": f"{NETWORK}/localNetworkGateways/site"},
        },
    ),
)
"""A hub of plain resources with literal ids, and one static tunnel over the Internet."""
