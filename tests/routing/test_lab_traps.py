"""What the reference lab does to its protected traffic, set up right and set up wrong.

Expected values come from Microsoft's documentation (Learn: Hub routing preference; Site-to-site VPN over ExpressRoute
private peering; About virtual hub routing preference, for the tie) and from the lab's own files, not from the model.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.routing.lab import (
    APPLIANCE,
    BRANCH,
    CONNECTION,
    PROVIDER,
    SPOKE,
    TODAY,
    as_published,
    example,
    filtered_by_provider,
    lab,
    without_endpoint_route,
    without_tunnel_statics,
)
from vpner.routing import (
    Carrier,
    End,
    Evidence,
    Failures,
    FlowVerdict,
    Outcome,
    SourceKind,
    Verdict,
    assess,
    judge,
    solve,
    why,
)
from vpner.routing.trace import Tracer
from vpner.topology import Mode, Preference, Topology

ENCRYPTED, CLEARTEXT, BLACKHOLE = Verdict.ENCRYPTED, Verdict.CLEARTEXT, Verdict.BLACKHOLE


def workload(verdicts: tuple[FlowVerdict, ...]) -> dict[bool, set[Verdict]]:
    """Verdicts by direction (True: from Azure to the branch), gateways' own addresses aside."""
    found: dict[bool, set[Verdict]] = {True: set(), False: set()}
    for item in verdicts:
        if item.verdict is not Verdict.TRANSPORT:
            found[not item.flow.source.name.startswith("branch")].add(item.verdict)
    return found


def between_subnets(verdicts: tuple[FlowVerdict, ...]) -> list[FlowVerdict]:
    """Without the addresses that are in no subnet, from which nothing comes back."""
    return [item for item in verdicts if item.verdict is not Verdict.TRANSPORT and not item.flow.destination.holes]


PREFERENCES = [
    # Learn: "Azure will use the ExpressRoute path directly without VPN protection" for one prefix over both
    (Preference.EXPRESSROUTE, 0, CLEARTEXT),
    (Preference.EXPRESSROUTE, 4, CLEARTEXT),
    # "Routes from VPN gateways and NVAs take precedence over ExpressRoute routes"
    (Preference.VPN_GATEWAY, 0, ENCRYPTED),
    (Preference.VPN_GATEWAY, 4, ENCRYPTED),
    # "Routes with shorter AS paths are preferred": 12076 65001 12076 against 65510 and what is prepended; ties go to ER
    (Preference.AS_PATH, 0, ENCRYPTED),
    (Preference.AS_PATH, 1, ENCRYPTED),
    (Preference.AS_PATH, 2, CLEARTEXT),
    (Preference.AS_PATH, 3, CLEARTEXT),
    (Preference.AS_PATH, 4, CLEARTEXT),
]


@pytest.mark.parametrize(("preference", "prepend", "to_branch"), PREFERENCES)
def test_hub_routing_preference_decides_whether_azure_encrypts(
    preference: Preference, prepend: int, to_branch: Verdict
) -> None:
    topology = lab(preference, prepend)
    verdicts = judge(topology, solve(topology), TODAY)
    assert workload(verdicts) == {True: {to_branch}, False: {ENCRYPTED}}, "the forced route keeps the branch encrypted"
    assert {item.asymmetric for item in between_subnets(verdicts)} == {to_branch is not ENCRYPTED}
    assert {item.underlay for item in verdicts if item.verdict is ENCRYPTED} == {(Carrier.EXPRESSROUTE,)}


@pytest.mark.parametrize(("preference", "prepend", "to_branch"), PREFERENCES)
def test_cleartext_with_the_tunnel_up_violates_both_modes(
    preference: Preference, prepend: int, to_branch: Verdict
) -> None:
    found = assess(lab(preference, prepend), TODAY, failures=Failures.NONE)
    assert found.outcome is (Outcome.AS_INTENDED if to_branch is ENCRYPTED else Outcome.VIOLATED)
    assert [item.code for item in found.violations] == ([] if to_branch is ENCRYPTED else ["cleartext"])
    if found.violations:
        assert "VpnGateway" in found.violations[0].remedy


def phases(verdicts: tuple[FlowVerdict, ...]) -> set[tuple[Verdict, ...]]:
    return {item.phases for item in verdicts if item.verdict is not Verdict.TRANSPORT}


def test_lab_without_the_endpoints_route_goes_round_between_a_dead_tunnel_and_cleartext() -> None:
    """The outer packets enter the tunnel, it dies, its routes are withdrawn, ExpressRoute takes over, it returns."""
    topology = without_endpoint_route(lab())
    found = assess(topology, TODAY, failures=Failures.NONE)
    assert phases(found.flows) == {(BLACKHOLE, CLEARTEXT)}
    assert {item.code for item in found.violations} == {"flapping"}
    [finding] = found.contract
    assert finding.code == "endpoint-through-tunnel"
    assert "10.100.0.4/32 via 169.254.98.66 on provider-mcr" in finding.remedy, "as on the lab's provider router"
    assert "azure-er-circuit" in finding.remedy


def test_lab_without_the_appliances_routes_goes_round_too() -> None:
    found = assess(without_tunnel_statics(lab()), TODAY, failures=Failures.NONE)
    assert phases(found.flows) == {(BLACKHOLE, CLEARTEXT)}
    assert {item.code for item in found.contract} == {"device-route-through-tunnel"}
    remedies = [item.remedy for item in found.contract]
    expected = [f"add the static route 10.0.0.{last}/32 via 10.100.0.1 on {APPLIANCE}" for last in (36, 37)]
    assert remedies == expected, "as in the lab's own appliance"


@pytest.mark.parametrize("preference", list(Preference))
def test_published_appliance_leaves_the_way_to_the_branch_in_clear(preference: Preference) -> None:
    """It announces 10.0.0.0/8 only, so that 10.100.0.0/24 is known over ExpressRoute alone."""
    topology = as_published(lab(preference))
    verdicts = judge(topology, solve(topology), TODAY)
    assert workload(verdicts) == {True: {CLEARTEXT}, False: {ENCRYPTED}}
    assert all(item.asymmetric for item in between_subnets(verdicts))
    assert assess(topology, TODAY, failures=Failures.NONE).outcome is Outcome.VIOLATED


def test_published_appliance_sends_the_branchs_traffic_back_into_the_tunnel() -> None:
    """Branch-to-branch leaks 10.100.0.0/24 to it over the tunnel, and it has nothing as specific of its own."""
    right, wrong = lab(), as_published(lab())
    target = IPv4Address(BRANCH)
    [good] = Tracer(right, solve(right).tables).trace_from_router(APPLIANCE, target)
    assert good.end is End.DELIVERED
    assert Carrier.TUNNEL not in {step.carrier for step in good.steps}
    for way in Tracer(wrong, solve(wrong).tables).trace_from_router(APPLIANCE, target):
        assert way.steps[0].carrier is Carrier.TUNNEL
        assert Carrier.EXPRESSROUTE in {step.carrier for step in way.steps}


TUNNEL_DOWN = frozenset({f"vpn_connections/{CONNECTION}"})


def test_loss_of_the_tunnel_falls_back_to_cleartext_which_preferred_names_and_required_forbids() -> None:
    """Learn: after one of two paths to a prefix is lost the other is used; nobody tells the traffic."""
    topology = lab()
    assert workload(judge(topology, solve(topology, failed=TUNNEL_DOWN), TODAY))[True] == {CLEARTEXT}
    preferred = assess(topology, TODAY, failures=Failures.SINGLE)
    assert (preferred.outcome, preferred.violations) == (Outcome.AS_INTENDED, ())
    assert any("10.100.0.0/24" in item.what for item in preferred.fallbacks)
    required = assess(lab(mode=Mode.REQUIRED), TODAY, failures=Failures.SINGLE)
    assert required.outcome is Outcome.VIOLATED
    assert {item.code for item in required.violations} == {"required-has-fallback"}
    assert any("filter 10.100.0.0/24" in item.remedy for item in required.violations)


@pytest.mark.parametrize(
    "topology",
    [example("only-the-endpoint"), filtered_by_provider(lab(mode=Mode.REQUIRED))],
    ids=["only-the-endpoint-over-expressroute", "provider-filters-what-the-tunnel-carries"],
)
def test_designs_without_a_fallback_stay_closed_under_every_pair_of_failures(topology: Topology) -> None:
    found = assess(topology, TODAY, failures=Failures.PAIRS)
    assert (found.outcome, found.violations, found.contract) == (Outcome.AS_INTENDED, (), ())
    assert {item.verdict for item in found.flows} <= {ENCRYPTED, Verdict.TRANSPORT}
    assert {item.verdict for item in found.under_failure} == {BLACKHOLE}


def test_expressroute_only_lab_is_a_named_fallback() -> None:
    found = assess(example("reference-lab-expressroute-only"), TODAY, failures=Failures.NONE)
    assert workload(found.flows) == {True: {CLEARTEXT}, False: {CLEARTEXT}}
    assert (found.outcome, bool(found.fallbacks)) == (Outcome.AS_INTENDED, True)


def test_verdicts_of_the_lab_depend_on_the_edge_accepting_its_own_as_number() -> None:
    """Undocumented, but the lab works only so: without it neither circuit hears of the other's VNet."""
    found = assess(lab(), TODAY, failures=Failures.NONE)
    assert "msee_accepts_own_asn" in found.assumed
    assert "as_path_tie_prefers_er" not in found.assumed


def test_weakest_evidence_counts_outer_packets_and_names_what_is_assumed() -> None:
    """No device states its routes: that its outer packets avoid the tunnel is an assumption."""
    statics = assess(lab(), TODAY, failures=Failures.NONE)
    assert {item.evidence for item in statics.flows if item.verdict is ENCRYPTED} == {Evidence.DECLARED}
    routers = tuple(replace(item, statics=()) if item.name == APPLIANCE else item for item in lab().routers)
    silent = assess(replace(lab(), routers=routers), TODAY, failures=Failures.NONE)
    evidence = {item.evidence for item in silent.flows if item.verdict is not Verdict.TRANSPORT}
    assert evidence == {Evidence.ASSUMED}
    assert "device_without_statics_avoids_tunnel" in silent.assumed
    assert silent.outcome is Outcome.INCONCLUSIVE
    assert {item.code for item in silent.inconclusive} == {"device-route-unknown"}


def test_gateway_addresses_are_transport_although_the_intent_covers_them() -> None:
    topology = lab()
    transport = [item for item in judge(topology, solve(topology), TODAY) if item.verdict is Verdict.TRANSPORT]
    for tunnel in (IPv4Address("10.0.0.36"), IPv4Address("10.0.0.37")):
        assert any(tunnel in item.flow.destination for item in transport)
    assert {item.flow.source.kind for item in transport} == {SourceKind.SUBNET}


def test_why_names_winner_losers_and_rule_at_every_hop() -> None:
    topology = lab(Preference.AS_PATH)
    found = why(topology, solve(topology), IPv4Address(SPOKE), IPv4Address(BRANCH))
    assert (found.there.verdict, found.back.verdict, found.asymmetric) == (ENCRYPTED, ENCRYPTED, False)
    first = found.there.journeys[0].steps[0]
    assert first.name == "az-spk1-vnet/subnet1"
    assert first.decision is not None
    assert (str(first.decision.prefix), first.decision.rule) == ("10.100.0.0/24", "shortest-as-path")
    assert any("12076 65001 12076" in loser for loser in first.decision.beaten)
    names = [step.name for step in found.there.journeys[0].hops]
    assert names == ["az-hub-vpngw/0", APPLIANCE]
    outside = why(topology, solve(topology), IPv4Address(SPOKE), IPv4Address("10.100.0.4"))
    assert [step.name for step in outside.there.journeys[0].hops][:2] == ["azure-er-circuit/primary", PROVIDER]
