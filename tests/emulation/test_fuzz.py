"""Random networks: what FRR finds, and what packets do, must be what the model says. All of it, every time.

Networks are drawn in an order that is the same in every run, and shrunk to the smallest one that differs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from tests.emulation.networks import networks
from tests.emulation.sites import sites
from tests.emulation.tier import count
from tests.routing.lab import lab
from vpner.emulation import emulate
from vpner.emulation.control import Control
from vpner.emulation.cradle import Cradle
from vpner.emulation.limits import prepare
from vpner.emulation.oracle import differences
from vpner.emulation.sessions import plan_control
from vpner.routing import DEFAULT, failable, solve
from vpner.topology import Preference, Topology

pytestmark = [pytest.mark.root, pytest.mark.timeout(3600)]

REPRODUCIBLE = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    print_blob=False,
)


@settings(REPRODUCIBLE, max_examples=count(20, 200))
@given(networks(), st.data())
def test_frr_finds_the_tables_that_the_model_predicts(topology: Topology, data: st.DataObject) -> None:
    network = prepare(topology)
    down = frozenset(data.draw(st.lists(st.sampled_from(failable(network)), max_size=2)))
    solution = solve(network, failed=down)
    assume(not solution.oscillates)
    plan = plan_control(network, down)
    assume(plan.sessions)
    event(f"{len(plan.speakers)} speakers")
    with Cradle() as cradle:
        control = Control(cradle, plan)
        control.start()
        tables = control.settle()
    assert sum(map(len, tables.values())) > 0
    assert [str(item) for item in differences(plan, solution.tables, tables)] == []


@settings(REPRODUCIBLE, max_examples=count(3, 20))
@given(sites())
def test_packets_do_what_the_model_says_of_their_flows(topology: Topology) -> None:
    assume(not solve(prepare(topology)).oscillates)
    report = emulate(topology, date(2026, 11, 25))
    [state] = report.states
    assert state.flows, "somebody has to talk"
    assert [str(item) for item in state.differences] == []
    assert [item for item in state.flows if not item.agrees] == []


def test_without_branch_to_branch_the_preference_decides_nothing() -> None:
    """Learn: Hub routing preference (Route Server), 2023: it is chosen for branch-to-branch; else ExpressRoute wins."""
    servers = tuple(replace(item, branch_to_branch=False) for item in lab(Preference.VPN_GATEWAY).route_servers)
    network = prepare(replace(lab(), route_servers=servers))
    plan = plan_control(network)
    with Cradle() as cradle:
        control = Control(cradle, plan)
        control.start()
        tables = control.settle()
    assert {row.as_path for row in tables["az-hub-rs/0"] if row.selected and str(row.prefix) == "10.100.0.0/24"} == {
        (12076, 65001, 12076)
    }
    assert differences(plan, solve(network).tables, tables) == []


def test_wrong_model_differs_from_what_frr_finds() -> None:
    """Each switch of the model that the lab depends on, the other way: the comparison must see it."""
    network = prepare(lab(Preference.AS_PATH))
    plan, right = plan_control(network), solve(network)
    with Cradle() as cradle:
        control = Control(cradle, plan)
        control.start()
        tables = control.settle()
    assert differences(plan, right.tables, tables) == []
    seen: set[str] = set()
    for switch in right.assumed:
        wrong = solve(network, DEFAULT.flipped(switch))
        if differences(plan, wrong.tables, tables):
            seen.add(switch)
    assert seen >= {"msee_accepts_own_asn", "er_gateway_weight_first"}
