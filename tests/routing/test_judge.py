"""Verdicts of single situations, in networks small enough to see why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.routing.lab import TODAY, change, example, lab
from tests.routing.networks import ER, HUB, VPN, network, routers, server
from vpner.problems import Problems
from vpner.routing import (
    Carrier,
    End,
    Evidence,
    Failures,
    FlowVerdict,
    Outcome,
    SourceKind,
    Verdict,
    all_flows,
    assess,
    explain_lines,
    judge,
    solve,
    why,
)
from vpner.topology import Announcement, Exemption, Filter, Intent, Mode, Router, Static, Symbol, Topology, Underlay

SITE = IPv4Network("172.31.0.0/16")
SPOKE = IPv4Network("10.0.1.0/27")


def protect(topology: Topology, *exempt: Exemption, to: IPv4Network = SITE, mode: Mode = Mode.REQUIRED) -> Topology:
    return replace(topology, intent=(Intent((SPOKE,), (to,), mode, "site", exempt),))


def verdicts(topology: Topology, failed: frozenset[str] = frozenset()) -> dict[str, FlowVerdict]:
    """By source and destination. The intents of these tests have one class of destinations per prefix."""
    found = judge(topology, solve(topology, failed=failed), TODAY)
    return {f"{item.flow.source} -> {item.flow.destination.prefixes[0]}": item for item in found}


def one(topology: Topology, failed: frozenset[str] = frozenset()) -> FlowVerdict:
    """From the spoke to the site."""
    return verdicts(topology, failed)[f"spoke/vm -> {SITE}"]


INTERNET_VPN = network(HUB + VPN + routers(device=(65001, [str(SITE)])))
EXPRESSROUTE = network(HUB + ER + routers(provider=(64512, [str(SITE)])))


def test_tunnel_over_the_internet_encrypts() -> None:
    found = one(protect(INTERNET_VPN))
    assert (found.verdict, found.underlay) == (Verdict.ENCRYPTED, (Carrier.INTERNET,))
    assert found.evidence is Evidence.DECLARED, "the device's networks are what somebody declared"


def test_expressroute_without_a_tunnel_is_cleartext() -> None:
    found = one(protect(EXPRESSROUTE))
    assert (found.verdict, found.underlay) == (Verdict.CLEARTEXT, (Carrier.EXPRESSROUTE,))
    assert "192.0.2.1" in found.why


def test_one_clear_way_among_equal_ways_counts() -> None:
    """Without a Route Server an ExpressRoute gateway programs the shorter of... both prefixes, longest first."""
    specific = network(HUB + ER + VPN + routers(provider=(64512, [str(SITE)]), device=(65001, ["172.31.0.0/17"])))
    found = verdicts(protect(specific))
    assert found["spoke/vm -> 172.31.0.0/17"].verdict is Verdict.ENCRYPTED, "the longer prefix is the tunnel's"
    assert found["spoke/vm -> 172.31.0.0/16"].verdict is Verdict.CLEARTEXT, "the rest of the /16 is not"


DEVICE_B = IPv4Address("192.168.9.10")
TWO_DEVICES = network(
    HUB
    + VPN.replace("vpn_connections: [", "vpn_connections:\n  - ").replace("9.9}]", "9.9}")
    + "  - {name: site-b, gateway: vpn, remote: device-b, remote_ip: 192.168.9.10}\n"
    + routers(device=(65001, [str(SITE)]))
    + "  device-b: {asn: 65002, addresses: [192.168.9.10]}\n"
)


def test_of_two_devices_with_one_prefix_the_one_that_loses_packets_counts() -> None:
    """Learn: VPN Gateway FAQ; paths of one length share the traffic."""
    both = change(TWO_DEVICES, "device-b", lambda router: replace(router, networks=(SITE,)))
    found = one(protect(both))
    assert found.verdict is Verdict.ENCRYPTED
    assert len(found.journeys) == 4, "two instances, two devices"
    announced = change(
        TWO_DEVICES, "device-b", lambda router: replace(router, announces=(Announcement(SITE, (65002,)),))
    )
    assert one(protect(announced)).verdict is Verdict.ENCRYPTED, "what lies behind an announcement counts as the site"
    inner = Router("inner", addresses=(IPv4Address("192.168.9.20"),), statics=(Static(SITE, DEVICE_B),))
    towards = Static(SITE, inner.addresses[0], redistribute=True)
    loops = change(TWO_DEVICES, "device-b", lambda router: replace(router, statics=(towards,)))
    loops = replace(loops, routers=(*loops.routers, inner))
    assert one(protect(loops)).verdict is Verdict.LOOP
    assert {journey.end for journey in one(protect(loops)).journeys} == {End.LOOP, End.DELIVERED}


def test_public_prefix_without_a_route_leaves_by_the_internet_in_clear() -> None:
    """Learn: Virtual network traffic routing; 0.0.0.0/0 goes to the Internet where nothing else covers it."""
    public = IPv4Network("198.51.100.0/24")
    with_site = network(HUB + VPN + routers(device=(65001, [str(public)])))
    topology = protect(with_site, to=public)
    key = f"spoke/vm -> {public}"
    assert verdicts(topology)[key].verdict is Verdict.ENCRYPTED
    down = verdicts(topology, frozenset({"vpn_connections/site"}))[key]
    assert (down.verdict, down.underlay) == (Verdict.CLEARTEXT, (Carrier.INTERNET,))


def test_private_prefix_without_a_route_is_dropped() -> None:
    found = one(protect(INTERNET_VPN), frozenset({"vpn_connections/site"}))
    assert found.verdict is Verdict.BLACKHOLE
    assert "None" in found.why


def test_msee_hairpin_between_two_vnets_is_named() -> None:
    text = """
vnets:
  a: {prefixes: [10.0.0.0/24], subnets: {vm: {prefix: 10.0.0.0/27}}}
  b: {prefixes: [10.1.0.0/24], subnets: {vm: {prefix: 10.1.0.0/27}}}
er_gateways: {er-a: {vnet: a}, er-b: {vnet: b}}
circuits: {c: {paths: {primary: {msee: 192.0.2.1}}}}
er_connections: [{name: ca, gateway: er-a, circuit: c}, {name: cb, gateway: er-b, circuit: c}]
intent: [{name: east-west, from: [10.0.0.0/27], to: [10.1.0.0/27], mode: required}]
"""
    topology = network(text)
    for found in judge(topology, solve(topology), TODAY):
        assert (found.verdict, found.underlay) == (Verdict.CLEARTEXT, (Carrier.HAIRPIN,))


def test_peered_vnets_stay_local() -> None:
    topology = network(HUB)
    topology = replace(topology, intent=(Intent((SPOKE,), (IPv4Network("10.0.0.0/27"),), Mode.REQUIRED),))
    assert {item.verdict for item in judge(topology, solve(topology), TODAY)} == {Verdict.LOCAL}


APPLIANCES = """
vnets:
  v:
    prefixes: [10.0.0.0/24]
    subnets: {vm: {prefix: 10.0.0.0/27, route_table: t}, nva: {prefix: 10.0.0.32/27, route_table: t}}
route_tables: {t: {routes: [{prefix: 172.31.0.0/16, next_hop_type: VirtualAppliance, next_hop: 10.0.0.36}]}}
routers:
  nva: {nics: [{vnet: v, subnet: nva, ip: 10.0.0.36}], statics: [{prefix: 172.31.0.0/16, next_hop: 10.0.0.33}]}
"""


def test_appliance_whose_subnet_sends_packets_back_is_a_loop() -> None:
    topology = network(APPLIANCES)
    found = why(topology, solve(topology), IPv4Address("10.0.0.4"), IPv4Address("10.0.0.37"))
    assert found.there.verdict is Verdict.LOCAL
    loop = next(item for item in all_flows(topology, solve(topology)) if item.flow.destination.prefixes == (SITE,))
    assert loop.verdict is Verdict.LOOP
    assert "comes back to nva" in loop.why


def test_next_hop_that_nothing_is_known_to_have_is_inconclusive() -> None:
    topology = network(APPLIANCES.replace("next_hop: 10.0.0.36", "next_hop: 10.0.0.40"))
    loop = next(item for item in all_flows(topology, solve(topology)) if item.flow.destination.prefixes == (SITE,))
    assert loop.verdict is Verdict.INCONCLUSIVE
    assert "10.0.0.40" in loop.why


def test_appliances_own_overlay_is_inconclusive() -> None:
    """Whether an SD-WAN appliance encrypts is nothing that a topology says."""
    sites = """
routers:
  nva: {asn: 65010, nics: [{vnet: hub, subnet: vm, ip: 10.0.0.4}]}
  branch: {asn: 65020, networks: [172.31.0.0/16]}
bgp_sessions:
  - {name: nva-0, a: nva, a_ip: 10.0.0.4, b: rs, b_ip: 10.0.0.68}
  - {name: nva-1, a: nva, a_ip: 10.0.0.4, b: rs, b_ip: 10.0.0.69}
  - {name: overlay, a: nva, b: branch}
"""
    found = one(protect(network(HUB + server(True) + sites)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "unknown encryption" in found.why


def test_intent_for_what_nobody_has_is_inconclusive_and_says_what_to_declare() -> None:
    found = assess(protect(INTERNET_VPN, to=IPv4Network("192.168.77.0/24")), TODAY, failures=Failures.NONE)
    assert found.outcome is Outcome.INCONCLUSIVE
    [undeclared] = [item for item in found.flows if item.flow.source.kind is SourceKind.UNDECLARED]
    assert undeclared.verdict is Verdict.INCONCLUSIVE
    assert any("192.168.77.0/24" in item.what and "declare" in item.remedy for item in found.inconclusive)


@pytest.mark.parametrize(
    ("field", "declare"), [("remote_endpoint", "remote_endpoint of"), ("tunnel", "instances[0].tunnel")]
)
def test_tunnel_of_which_an_end_is_not_declared_is_inconclusive(field: str, declare: str) -> None:
    topology = lab()
    if field == "tunnel":
        [gateway] = topology.vpn_gateways
        unknown = tuple(replace(item, tunnel=None) for item in gateway.instances)
        topology = replace(topology, vpn_gateways=(replace(gateway, instances=unknown),))
    else:
        connections = tuple(replace(item, remote_endpoint=None) for item in topology.vpn_connections)
        topology = replace(topology, vpn_connections=connections)
    found = assess(topology, TODAY, failures=Failures.NONE)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert any(declare in item.why for item in found.flows)
    assert any(declare.split(maxsplit=1)[0].rsplit(".", maxsplit=1)[-1] in item.remedy for item in found.inconclusive)


def test_symbols_for_tunnel_addresses_give_the_same_verdicts() -> None:
    """Before the gateway exists, the device's routes are planned against names."""
    topology = lab()
    [gateway] = topology.vpn_gateways
    within = IPv4Network("10.0.0.32/27")
    names = [Symbol(gateway.name, f"instances[{index}].tunnel", within) for index in range(2)]
    instances = tuple(replace(item, tunnel=name) for item, name in zip(gateway.instances, names, strict=True))
    planned = replace(topology, vpn_gateways=(replace(gateway, instances=instances),))
    bound = {IPv4Network(str(item.tunnel)): name for item, name in zip(gateway.instances, names, strict=True)}
    planned = change(
        planned,
        "branch-opnnva",
        lambda router: replace(
            router,
            statics=tuple(
                replace(item, prefix=bound.get(item.prefix, item.prefix))  # type: ignore[arg-type]
                for item in router.statics
            ),
        ),
    )
    mine, theirs = (assess(item, TODAY, failures=Failures.NONE) for item in (planned, topology))
    assert (mine.outcome, mine.contract, mine.inconclusive) == (theirs.outcome, (), ())
    assert {item.verdict for item in mine.flows} == {item.verdict for item in theirs.flows}
    missing = change(
        planned,
        "branch-opnnva",
        lambda router: replace(
            router, statics=tuple(item for item in router.statics if isinstance(item.prefix, IPv4Network))
        ),
    )
    assert assess(missing, TODAY, failures=Failures.NONE).outcome is Outcome.VIOLATED


DAY = date(2026, 12, 31)
BACKUP = IPv4Network("172.31.9.0/24")


def test_exemption_covers_its_prefixes_in_both_directions_and_says_what_it_hides() -> None:
    exempt = Exemption("backup appliance encrypts itself", DAY, (SPOKE,), (BACKUP,))
    topology = protect(EXPRESSROUTE, exempt)
    found = verdicts(topology)
    hidden = found[f"spoke/vm -> {BACKUP}"]
    assert (hidden.verdict, hidden.beneath) == (Verdict.EXEMPT, Verdict.CLEARTEXT)
    assert "backup appliance" in hidden.why
    assert "2026-12-31" in hidden.why
    assert found[f"spoke/vm -> {SITE}"].verdict is Verdict.CLEARTEXT
    back = [item for item in judge(topology, solve(topology), TODAY) if item.flow.source.name == "provider"]
    by_source = {tuple(map(str, item.flow.source.prefixes)): item.verdict for item in back}
    assert by_source[str(BACKUP),] is Verdict.EXEMPT
    assert len(by_source) == 2
    [rest] = [prefixes for prefixes in by_source if prefixes != (str(BACKUP),)]
    assert by_source[rest] is Verdict.CLEARTEXT
    assert not any(IPv4Network(prefix).overlaps(BACKUP) for prefix in rest)


@pytest.mark.parametrize(
    ("exempt", "verdict"),
    [
        (Exemption("expired", date(2026, 1, 1), (SPOKE,), (SITE,)), Verdict.CLEARTEXT),
        (Exemption("last day", TODAY, (SPOKE,), (SITE,)), Verdict.EXEMPT),
        (Exemption("only HTTPS", DAY, (SPOKE,), (SITE,), "tcp", 443), Verdict.CLEARTEXT),
        (Exemption("from another subnet", DAY, (IPv4Network("10.0.2.0/27"),), (SITE,)), Verdict.CLEARTEXT),
        (Exemption("everything", DAY), Verdict.EXEMPT),
    ],
    ids=lambda value: value.reason if isinstance(value, Exemption) else str(value),
)
def test_exemption_ends_and_leaves_the_rest_to_be_judged(exempt: Exemption, verdict: Verdict) -> None:
    found = one(protect(EXPRESSROUTE, exempt))
    assert found.verdict is verdict
    if exempt.port is not None:
        assert "tcp port 443" in found.why


def test_static_vpn_routes_of_a_device_are_used_while_a_tunnel_is_up() -> None:
    """The lab's variant without BGP: static prefixes on both sides."""
    topology = example("only-the-endpoint")
    [connection] = topology.vpn_connections
    static = replace(
        connection,
        bgp=False,
        static_prefixes=(IPv4Network("10.100.0.0/24"),),
        remote_static_prefixes=(IPv4Network("10.0.0.0/24"),),
    )
    topology = replace(topology, vpn_connections=(static,))
    assert {item.verdict for item in judge(topology, solve(topology), TODAY)} == {Verdict.ENCRYPTED}
    down = solve(topology, failed=frozenset({f"vpn_connections/{connection.name}"}))
    assert {item.verdict for item in judge(topology, down, TODAY)} == {Verdict.BLACKHOLE}


def test_nothing_is_protected_without_an_intent_and_the_result_says_so() -> None:
    found = assess(EXPRESSROUTE, TODAY, failures=Failures.NONE)
    assert (found.outcome, found.flows) == (Outcome.AS_INTENDED, ())
    assert any("nothing is protected" in note for note in found.notes)


def test_why_refuses_an_address_that_nothing_has() -> None:
    with pytest.raises(Problems, match=r"203\.0\.113\.9"):
        why(EXPRESSROUTE, solve(EXPRESSROUTE), IPv4Address("10.0.1.4"), IPv4Address("203.0.113.9"))


def test_explanation_prints_every_hop_with_rule_and_source() -> None:
    text = "\n".join(explain_lines(why(lab(), solve(lab()), IPv4Address("10.0.1.4"), IPv4Address("10.100.0.100"))))
    for part in (
        "ENCRYPTED over ExpressRoute",
        "hub-routing-preference",
        "Learn:",
        "beats",
        "onto   IPsec",
        "predicted",
    ):
        assert part in text


def test_endpoint_is_found_when_a_local_network_gateway_captures_it() -> None:
    [connection] = lab().vpn_connections
    greedy = replace(connection, static_prefixes=(IPv4Network("10.100.0.4/32"),))
    found = assess(replace(lab(), vpn_connections=(greedy,)), TODAY, failures=Failures.NONE)
    assert found.outcome is Outcome.VIOLATED
    assert {item.code for item in found.contract} <= {"endpoint-captured", "endpoint-route-not-more-specific"}
    assert any("10.100.0.4/32" in item.what for item in found.contract)


def test_leak_of_the_endpoints_prefix_that_loses_is_harmless_but_an_equal_one_is_found() -> None:
    """The provider announces 10.100.0.4/32 only; a second device that announces it through its tunnel captures it."""
    host = IPv4Network("10.100.0.4/32")
    leaking = change(lab(), "branch-opnnva", lambda router: replace(router, networks=(*router.networks, host)))
    found = assess(leaking, TODAY, failures=Failures.NONE)
    assert {item.code for item in found.contract} == {"endpoint-through-tunnel"}
    filtered = replace(
        leaking,
        vpn_connections=tuple(replace(item, imports=Filter(deny=(host,))) for item in leaking.vpn_connections),
    )
    assert assess(filtered, TODAY, failures=Failures.NONE).contract == ()


def test_route_to_the_tunnel_address_that_only_bgp_brings_falls_into_the_tunnel_when_expressroute_is_lost() -> None:
    topology = example("only-the-endpoint")
    open_circuits = tuple(
        replace(circuit, paths=tuple(replace(path, to_router=Filter()) for path in circuit.paths))
        for circuit in topology.circuits
    )
    other = Static(IPv4Network("192.168.0.0/24"), IPv4Address("172.16.0.2"))
    longer = Filter(prepend=(65515,))
    topology = replace(
        topology,
        circuits=open_circuits,
        vpn_connections=tuple(replace(item, exports=longer) for item in topology.vpn_connections),
    )
    topology = change(topology, "device", lambda router: replace(router, statics=(other,)))
    found = assess(topology, TODAY, failures=Failures.NONE)
    [finding] = found.contract
    assert finding.code == "device-route-falls-into-tunnel"
    assert "add the static route 10.0.0.36/32" in finding.remedy


def test_tunnel_over_the_internet_has_no_contract() -> None:
    assert INTERNET_VPN.vpn_connections[0].over is Underlay.INTERNET
    assert assess(INTERNET_VPN, TODAY, failures=Failures.NONE).contract == ()
