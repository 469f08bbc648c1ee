"""Pulumi's commands of each phase, and the instructions for people. The commands were run on the simulated Azure: each
makes exactly the changes of its phase."""

from __future__ import annotations

from tests.cutover.walks import ENCRYPTED, EXPRESSROUTE_ONLY, TODAY, site_in_clear, untouched
from vpner.cutover import Plan, plan
from vpner.render.cutover import change_text, commands
from vpner.topology import Mode

ENABLE = "pulumi config set --path vpner:tunnel.enabled"
COMPONENTS = "--exclude '**vpner:index:IpsecOverEr**' --exclude '**vpner:index:OpnsenseNva**'"


def all_commands(found: Plan) -> list[tuple[str, ...]]:
    return [commands(found.phases, number) for number in range(len(found.phases))]


def test_each_phase_leaves_out_what_later_phases_change() -> None:
    assert all_commands(plan(EXPRESSROUTE_ONLY, ENCRYPTED, TODAY)) == [
        (
            f"{ENABLE} true",
            "pulumi up --exclude '**network:Subnet::**' --exclude '**network:VirtualNetworkGatewayConnection::**'",
        ),
        ("pulumi up --exclude '**network:Subnet::**'",),
        ("pulumi up",),
    ]


def test_way_back_deletes_nothing_before_its_phase() -> None:
    assert all_commands(plan(ENCRYPTED, EXPRESSROUTE_ONLY, TODAY)) == [
        (
            f"{ENABLE} false",
            f"pulumi up {COMPONENTS} --exclude '**network:RouteTable::**'",
        ),
        ("pulumi up --target '**network:VirtualNetworkGatewayConnection::**'",),
        ("pulumi up",),
    ]


def test_preference_is_set_in_the_phase_that_switches() -> None:
    found = plan(untouched(), ENCRYPTED, TODAY)
    assert all_commands(found)[-1] == ("pulumi config set vpner:preference VpnGateway", "pulumi up")
    texts = [change_text(change) for phase in found.phases for change in phase.changes]
    assert "provider-mcr: add the static route 10.100.0.4/32 via 169.254.98.66" in texts
    assert "az-hub-rs: hub routing preference VpnGateway (was ExpressRoute)" in texts


def test_filters_are_told_to_the_device_in_the_words_of_the_topology() -> None:
    before, after = site_in_clear(Mode.REQUIRED)
    texts = [change_text(change) for phase in plan(before, after, TODAY).phases for change in phase.changes]
    assert "circuit/primary: filter on the circuit (from_router) permit [10.100.255.4/32] (was no filter)" in texts
    assert "circuit/primary: filter on the circuit (to_router) permit [] (was no filter)" in texts
