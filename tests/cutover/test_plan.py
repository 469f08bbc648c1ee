"""The phases of a cutover: every state between, judged once more without the search; and what there is without phases.

By the facts of the reference lab: what is announced over ExpressRoute only is in clear; the tunnel needs the endpoint's
/32 over ExpressRoute and the device's statics; the branch's route table sends everything to the appliance, whatever its
tunnel does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.cutover.walks import (
    ASSOCIATION,
    CONNECTION,
    ENCRYPTED,
    EXPRESSROUTE_ONLY,
    PREFERENCE,
    TODAY,
    applied,
    by_source,
    ideals,
    preferring,
    site_in_clear,
    untouched,
    with_another_gateway,
)
from vpner.cutover import Fate, Harm, Plan, Stage, differences, plan, rehearse
from vpner.problems import Problems
from vpner.routing import Outcome, Verdict, judge, solve
from vpner.topology import Mode, Preference, Topology

AZURE = ("az-hub-vnet/subnet1", "az-spk1-vnet/subnet1", "az-spk2-vnet/subnet1")
BRANCH = "branch-vnet/subnet1"
DEVICE = "routers/branch-opnnva"
STATICS = f"{DEVICE}/statics"


@pytest.fixture(scope="module")
def there() -> Plan:
    return plan(EXPRESSROUTE_ONLY, ENCRYPTED, TODAY)


def test_cutover_of_the_lab_prepares_then_connects_then_switches_the_branch(there: Plan) -> None:
    assert there.outcome is Outcome.AS_INTENDED
    assert [phase.stage for phase in there.phases] == [Stage.PREPARE, Stage.CONNECT, Stage.SWITCH]
    assert [change.key for phase in there.phases[1:] for change in phase.changes] == [CONNECTION, ASSOCIATION]
    assert there.encrypted_from() == 3
    assert there.phases[-1].topology == ENCRYPTED


def test_no_state_that_a_phase_can_pass_through_is_worse_than_both_ends(there: Plan) -> None:
    """Subsets of the changes by brute force, each judged alone: a direction is in clear until it is encrypted."""
    done: tuple[str, ...] = ()
    network, judged = EXPRESSROUTE_ONLY, 0
    for phase in there.phases:
        start = by_source(network)
        found = ideals([replace(item, needs=item.needs - set(done)) for item in phase.changes])
        assert len(found) == phase.states
        end = by_source(applied(network, phase.changes))
        for chosen in found:
            judged += 1
            for source, now in by_source(applied(network, chosen)).items():
                assert now in (start[source], end[source]), (source, [item.key for item in chosen])
        done += tuple(change.key for change in phase.changes)
        network = applied(network, phase.changes)
        for source in (*AZURE, BRANCH):
            was, now = start[source], end[source]
            assert (was, now) != ({Verdict.ENCRYPTED}, {Verdict.CLEARTEXT})
            assert was | now <= {Verdict.ENCRYPTED, Verdict.CLEARTEXT}
    assert judged == sum(phase.states for phase in there.phases) == 260 + 2 + 2


def test_one_update_in_any_order_opens_windows() -> None:
    found = rehearse(EXPRESSROUTE_ONLY, ENCRYPTED, TODAY)
    # Device bare, its four statics and two networks: 1 + 2^6 sets; gateway and connection; route table and its subnet.
    without_connection, with_connection = 2 * (1 + 2**6) * 3, 2**6 * 3
    assert found.states == without_connection + with_connection
    harms = {(item.harm, item.change) for item in found.windows}
    # The branch's traffic goes to an appliance that is not there, or that has no tunnel.
    assert {harm for harm, change in harms if change == ASSOCIATION} == {Harm.UNKNOWN, Harm.LOST}
    # A tunnel that is up and carries traffic; then the device learns a way to 10.0.0.0/8 before the /32s of the tunnel.
    assert (Harm.CLEARTEXT, f"{STATICS}/10.0.0.0/8 via 10.100.0.17") in harms
    assert {(item.was, item.becomes) for item in found.windows if item.harm is Harm.CLEARTEXT} == {
        (Fate.ENCRYPTED, Fate.FLAPPING)
    }


def test_way_back_in_one_update_opens_windows() -> None:
    found = rehearse(ENCRYPTED, EXPRESSROUTE_ONLY, TODAY)
    exposing = {item.change for item in found.windows if item.harm is Harm.CLEARTEXT and item.was is Fate.ENCRYPTED}
    # The device loses its way to a tunnel address while the tunnel is still there.
    assert exposing == {f"{STATICS}/10.0.0.36/32 via 10.100.0.1", f"{STATICS}/10.0.0.37/32 via 10.100.0.1"}


def test_the_programs_way_back_in_one_update_opens_none() -> None:
    """Pulumi deletes after all updates, dependants first, and the lab's appliance goes as a whole, before or after its
    connection: then the branch is in clear from the first step, and Azure's side from when its tunnel is gone."""
    changes = differences(ENCRYPTED, EXPRESSROUTE_ONLY)
    [switched] = [item for item in changes if item.key == ASSOCIATION]
    device = [item for item in changes if item.key.startswith(DEVICE)]
    for chosen in ideals(changes):
        gone = [item for item in chosen if item in device]
        if switched not in chosen or len(gone) not in (0, len(device)):
            continue
        found = by_source(applied(ENCRYPTED, chosen))
        tunnel = CONNECTION not in {item.key for item in chosen}
        assert found[BRANCH] == {Verdict.CLEARTEXT}
        assert {verdict for source in AZURE for verdict in found[source]} == {
            Verdict.ENCRYPTED if tunnel else Verdict.CLEARTEXT
        }
    switched_only = switched.apply(ENCRYPTED)
    gone_first = solve(switched_only, failed=frozenset({DEVICE}), since=solve(switched_only))
    verdicts = {item.verdict for item in judge(switched_only, gone_first, TODAY)}
    assert verdicts == {Verdict.CLEARTEXT, Verdict.TRANSPORT}


def test_windows_of_one_update_are_seen_when_their_states_are_judged_alone() -> None:
    changes = {change.key: change for change in differences(EXPRESSROUTE_ONLY, ENCRYPTED)}
    early = applied(EXPRESSROUTE_ONLY, [changes[key] for key in changes if key.startswith("route_tables")])
    assert by_source(early)[BRANCH] == {Verdict.CLEARTEXT}
    assert by_source(changes[ASSOCIATION].apply(early))[BRANCH] == {Verdict.INCONCLUSIVE}
    own = ("10.0.0.36/32", "10.0.0.37/32")  # without them the tunnel's own 10.0.0.0/24 takes the outer packets
    unready = [item for key, item in changes.items() if key != ASSOCIATION and not any(prefix in key for prefix in own)]
    assert by_source(applied(EXPRESSROUTE_ONLY, unready))[AZURE[0]] == {Verdict.CLEARTEXT, Verdict.BLACKHOLE}


def test_preference_waits_for_the_tunnel_and_the_tunnel_for_the_endpoints_route() -> None:
    found = plan(untouched(), ENCRYPTED, TODAY)
    assert found.outcome is Outcome.AS_INTENDED
    phase_of = {change.key: number for number, phase in enumerate(found.phases) for change in phase.changes}
    endpoint = next(key for key in phase_of if "10.100.0.4/32" in key)
    statics = [number for key, number in phase_of.items() if "branch-opnnva/statics" in key]
    assert len(statics) == 4
    assert max(phase_of[endpoint], *statics) < phase_of[CONNECTION] < phase_of[PREFERENCE]
    # With preference ExpressRoute the tunnel carries nothing from Azure until the preference is changed.
    assert by_source(found.phases[1].topology)[AZURE[0]] == {Verdict.CLEARTEXT}


def test_way_back_is_the_way_there_backwards(there: Plan) -> None:
    back = plan(ENCRYPTED, EXPRESSROUTE_ONLY, TODAY)
    assert back.outcome is Outcome.AS_INTENDED
    assert back.phases == there.back
    assert back.back == there.phases
    assert [{change.key for change in phase.changes} for phase in back.phases] == [
        {change.key for change in phase.changes} for phase in reversed(there.phases)
    ]
    assert [by_source(phase.topology) for phase in back.phases[:-1]] == [
        by_source(phase.topology) for phase in reversed(there.phases[:-1])
    ]
    assert back.phases[-1].topology == EXPRESSROUTE_ONLY
    assert (back.clear_from(), back.encrypted_from()) == (1, None)


def test_new_gateway_in_the_same_vnet_cannot_come_without_a_window() -> None:
    """A VNet has one VPN gateway: while there is none, the lab's branch is reached over ExpressRoute, in clear."""
    found = plan(ENCRYPTED, with_another_gateway(), TODAY)
    assert (found.outcome, found.phases, found.back) == (Outcome.VIOLATED, (), ())
    assert {(item.harm, item.change) for item in found.obstacles} >= {(Harm.CLEARTEXT, CONNECTION)}


def test_site_without_route_server_is_switched_by_what_expressroute_no_longer_carries() -> None:
    before, after = site_in_clear(Mode.REQUIRED)
    found = plan(before, after, TODAY)
    assert found.outcome is Outcome.AS_INTENDED
    filters = {change.key for change in found.phases[-1].changes}
    assert filters & {
        "circuits/circuit/paths/primary/from_router",
        "circuits/circuit/paths/primary/to_router",
    }
    assert found.encrypted_from() == len(found.phases)


def test_giving_up_required_encryption_is_a_violation_and_preferred_is_not() -> None:
    for mode, outcome in ((Mode.REQUIRED, Outcome.VIOLATED), (Mode.PREFERRED, Outcome.AS_INTENDED)):
        before, after = site_in_clear(mode)
        assert plan(after, before, TODAY).outcome is outcome


def test_target_that_stays_in_clear_is_a_violation_although_no_step_is_a_window() -> None:
    found = plan(EXPRESSROUTE_ONLY, preferring(ENCRYPTED, Preference.EXPRESSROUTE), TODAY)
    assert found.outcome is Outcome.VIOLATED
    assert found.phases
    assert found.target.violations


def test_target_of_which_something_is_unknown_is_inconclusive() -> None:
    connections = tuple(replace(item, remote_endpoint=None) for item in ENCRYPTED.vpn_connections)
    found = plan(EXPRESSROUTE_ONLY, replace(ENCRYPTED, vpn_connections=connections), TODAY)
    assert (found.outcome, found.phases) == (Outcome.INCONCLUSIVE, ())


def _other_intent(topology: Topology) -> Topology:
    return replace(topology, intent=())


def _other_nic(topology: Topology) -> Topology:
    return replace(topology, nics=topology.nics[1:])


def _other_asn(topology: Topology) -> Topology:
    return replace(topology, vpn_gateways=tuple(replace(item, asn=65010) for item in topology.vpn_gateways))


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (_other_intent, "intent"),
        (_other_nic, "nics.az-hub-lxvm-nic"),
        (_other_asn, "vpn_gateways.az-hub-vpngw.asn"),
    ],
)
def test_difference_that_is_no_step_is_refused_with_its_place(edit: Callable[[Topology], Topology], where: str) -> None:
    with pytest.raises(Problems) as caught:
        plan(ENCRYPTED, edit(ENCRYPTED), TODAY)
    assert [(item.where, item.code) for item in caught.value.problems] == [(where, "no-step-of-a-cutover")]


def test_equal_networks_need_no_phase() -> None:
    found = plan(ENCRYPTED, ENCRYPTED, TODAY)
    assert (found.outcome, found.phases, found.judged) == (Outcome.AS_INTENDED, (), 1)
