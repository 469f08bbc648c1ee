"""Requests to the simulated Azure as values, the states that they start from, and the test that they are refused.

Codes that begin with Sim are the simulator's own; others are Azure's, from public threads and documents. Messages are
not asserted: their wording changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.simulator.lab import (
    POLICY,
    Lab,
    circuit_connection,
    peering,
    resource,
)
from vpner.simulator import carrier
from vpner.simulator.errors import AzureError

Step = Callable[[Lab], object]
Row = tuple[str, Callable[[Lab], None], Step, str]
"""What is wrong, the state before, the request, the code of the refusal."""


def check_refused(lab: Lab, row: Row) -> None:
    """The request, made in the state, is refused with the code."""
    _, prepare, request, code = row
    prepare(lab)
    with pytest.raises(AzureError) as refused:
        request(lab)
    assert refused.value.code == code, refused.value
    assert f'Code="{code}"' in str(refused.value)


def table(rows: list[Row]) -> pytest.MarkDecorator:
    """A test for every row."""
    return pytest.mark.parametrize("row", rows, ids=[row[0] for row in rows])


HUB, SPOKE = "virtualNetworks/hub", "virtualNetworks/spoke"
VPN, ER, CONNECTION = "virtualNetworkGateways/vpngw", "virtualNetworkGateways/ergw", "connections/conn"
CIRCUIT, DEVICE = "expressRouteCircuits/circuit", "localNetworkGateways/device"
SUBNET_ID = {"id": resource("virtualNetworks/hub/subnets/subnet1")}


def put(path: str, body: Mapping[str, object], namespace: str = "Microsoft.Network") -> Step:
    return lambda lab: lab.put(path, body, namespace)


def delete(path: str) -> Step:
    return lambda lab: lab.delete(path)


def steps(*actions: Step) -> Step:
    """Several requests; only the last one is refused."""

    def run(lab: Lab) -> object:
        for action in actions[:-1]:
            action(lab)
        return actions[-1](lab)

    return run


def sku(name: str) -> dict[str, Any]:
    return {"sku": {"name": name, "tier": name}}


def policy(**changes: object) -> dict[str, object]:
    changed = {name: value for name, value in {**POLICY, **changes}.items() if value is not None}
    return {"ipsecPolicies": [changed]}


def with_group(name: str) -> dict[str, object]:
    return {"networkSecurityGroup": {"id": resource(f"networkSecurityGroups/{name}")}}


def with_table(name: str) -> dict[str, object]:
    return {"routeTable": {"id": resource(f"routeTables/{name}")}}


def empty(lab: Lab) -> None:
    del lab


def group(lab: Lab) -> None:
    lab.group()


def hub(lab: Lab) -> None:
    lab.hub()


def hub_and_spoke(lab: Lab) -> None:
    lab.hub().spoke()


def small_gateway_subnet(lab: Lab) -> None:
    lab.hub(gateway_subnet="10.0.0.32/28").express_route()


def express_route(lab: Lab) -> None:
    lab.hub().express_route()


def tunnel(lab: Lab) -> None:
    """Everything that a VPN connection needs."""
    lab.hub().vpn().device()


def ordered(lab: Lab) -> None:
    lab.hub().express_route().ordered()


def provisioned(lab: Lab) -> None:
    lab.hub().express_route().provisioned()


def connected(lab: Lab) -> None:
    lab.hub().express_route().provisioned()
    lab.put(CONNECTION, circuit_connection())


def provisioned_without_peering(lab: Lab) -> None:
    lab.hub().express_route().ordered()
    carrier.provision(lab.store, "circuit", None)


def peered(lab: Lab) -> None:
    lab.hub().express_route().spoke()
    lab.put(f"{HUB}/virtualNetworkPeerings/to-spoke", peering("spoke", allowGatewayTransit=True))


def transit(lab: Lab) -> None:
    peered(lab)
    lab.put(f"{SPOKE}/virtualNetworkPeerings/to-hub", peering("hub", useRemoteGateways=True))


def route_server(lab: Lab) -> None:
    lab.hub().route_server()


def virtual_machine(lab: Lab) -> None:
    lab.hub().virtual_machine()
