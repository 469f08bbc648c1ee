"""What fails, what follows, and what is remembered after a repair."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from tests.routing.lab import CONNECTION, TODAY, example, lab
from tests.routing.networks import ER, HUB, VPN, network, routers, server
from vpner.routing import DEFAULT, Failures, Outcome, Verdict, assess, explore, failable, solve
from vpner.topology import Intent, Mode, Preference


def test_every_element_that_exists_fails_alone_and_is_repaired() -> None:
    topology = lab()
    alone = {next(iter(state.failed)) for state in explore(topology, depth=1) if len(state.failed) == 1}
    absent = {name for name in failable(topology) if name.endswith("secondary") and name.startswith("circuits/")}
    assert absent, "the lab's secondary links were never built"
    assert alone == set(failable(topology)) - absent


def test_pairs_include_every_two_elements() -> None:
    topology = example("only-the-endpoint")
    states = list(explore(topology, depth=2))
    elements = {name for state in states for name in state.failed if state.events != ("fail every VPN connection",)}
    pairs = {state.failed for state in states if len(state.failed) == 2}
    assert len(pairs) == len(elements) * (len(elements) - 1) // 2
    assert all(len(state.failed) <= 2 for state in states)
    assert [len(state.events) for state in states[:-1]] == sorted(len(state.events) for state in states[:-1])


STICKY = HUB + ER + VPN + routers(provider=(64512, ["172.31.0.0/16"]), device=(65001, ["172.31.0.0/16"])) + server(True)


@pytest.mark.parametrize("weight_first", [True, False])
def test_repair_leads_back_unless_gateways_compare_as_paths_first(weight_first: bool) -> None:
    """Learn: Hub routing preference, note on failback: after ExpressRoute is restored, traffic may stay on VPN."""
    assumptions = replace(DEFAULT, er_gateway_weight_first=weight_first)
    single = network(STICKY.replace("      secondary:", "      #secondary:"))
    repaired = [state for state in explore(single, assumptions, depth=1) if state.events and not state.failed]
    assert bool(repaired) is not weight_first, "a state like the first one is not listed again"


def test_required_is_kept_only_if_no_reachable_state_is_in_clear() -> None:
    protected = Intent((IPv4Network("10.0.1.0/27"),), (IPv4Network("172.31.0.0/16"),), Mode.REQUIRED, "site")
    text = STICKY.replace("preference: ExpressRoute", "preference: VpnGateway")
    topology = replace(network(text), intent=(protected,))
    assert topology.route_servers[0].preference is Preference.VPN_GATEWAY
    assert assess(topology, TODAY, failures=Failures.NONE).under_failure == ()
    found = assess(topology, TODAY, failures=Failures.SINGLE)
    assert found.outcome is Outcome.VIOLATED
    to_site = [item for item in found.under_failure if str(item.flow.source) == "spoke/vm"]
    [clear] = [item for item in to_site if item.verdict is Verdict.CLEARTEXT]
    assert (clear.allowed, clear.steady, len(clear.events)) == (False, Verdict.ENCRYPTED, 1)
    relaxed = replace(topology, intent=(replace(protected, mode=Mode.PREFERRED),))
    found = assess(relaxed, TODAY, failures=Failures.SINGLE)
    to_site = [item for item in found.under_failure if str(item.flow.source) == "spoke/vm"]
    assert all(item.allowed for item in to_site)


def test_blackhole_under_failure_is_reported_and_allowed() -> None:
    found = assess(example("only-the-endpoint"), TODAY, failures=Failures.SINGLE)
    assert found.outcome is Outcome.AS_INTENDED
    assert {(item.verdict, item.allowed) for item in found.under_failure} == {(Verdict.BLACKHOLE, True)}


def test_loss_of_one_of_two_tunnels_changes_nothing() -> None:
    found = assess(lab(), TODAY, failures=Failures.SINGLE)
    single = {event for item in found.under_failure for event in item.events}
    assert f"fail vpn_connections/{CONNECTION}/0" not in single
    assert f"fail vpn_connections/{CONNECTION}/1" not in single


def test_small_networks_are_tried_in_pairs_and_larger_ones_are_not() -> None:
    assert assess(example("only-the-endpoint"), TODAY).failures is Failures.PAIRS
    assert assess(example("production-site"), TODAY).failures is Failures.SINGLE


def test_first_state_is_the_steady_one() -> None:
    topology = lab()
    first = next(iter(explore(topology)))
    assert (first.events, first.failed) == ((), frozenset())
    assert first.solution == solve(topology)
