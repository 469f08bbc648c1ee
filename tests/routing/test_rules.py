"""Single rules against what Azure documents or published networks show; ids are those of facts.yaml."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from tests.routing.networks import ER, HUB, VPN, active, case_named, network, routers, row_of, server
from vpner.routing.assumptions import DEFAULT
from vpner.routing.fabric import failable
from vpner.routing.solution import RouteState
from vpner.routing.solve import solve
from vpner.topology import Filter, NextHopType, Preference, Router, RouteTable, Static, Symbol, Topology

LAB = case_named("14-ipsec-over-er-lab-aspath").topology
VPN_HOPS, ER_HOPS = ["10.0.0.46", "10.0.0.47"], ["10.3.129.58"]


def lab(preference: Preference = Preference.AS_PATH, prepend: int = 0) -> Topology:
    """The reference lab: 10.100.0.0/24 over ExpressRoute (12076 65001 12076) and over VPN (65100)."""
    return replace(
        LAB,
        route_servers=tuple(replace(item, preference=preference) for item in LAB.route_servers),
        vpn_connections=tuple(
            replace(item, imports=Filter(prepend=(65100,) * prepend)) for item in LAB.vpn_connections
        ),
    )


def with_router(topology: Topology, name: str, **changes: object) -> Topology:
    def change(router: Router) -> Router:
        return replace(router, **changes) if router.name == name else router

    return replace(topology, routers=tuple(change(router) for router in topology.routers))


PREFERENCES = [
    # Learn: Hub routing preference; about-virtual-hub-routing-preference for the tie (equal lengths at 2 prepends)
    (Preference.EXPRESSROUTE, 0, ER_HOPS, "hub-routing-preference"),
    (Preference.EXPRESSROUTE, 4, ER_HOPS, "hub-routing-preference"),
    (Preference.VPN_GATEWAY, 0, VPN_HOPS, "hub-routing-preference"),
    (Preference.VPN_GATEWAY, 4, VPN_HOPS, "hub-routing-preference"),
    (Preference.AS_PATH, 0, VPN_HOPS, "shortest-as-path"),
    (Preference.AS_PATH, 1, VPN_HOPS, "shortest-as-path"),
    (Preference.AS_PATH, 2, ER_HOPS, "as-path-tie-prefers-er"),
    (Preference.AS_PATH, 3, ER_HOPS, "shortest-as-path"),
    (Preference.AS_PATH, 4, ER_HOPS, "shortest-as-path"),
]


@pytest.mark.parametrize(("preference", "prepend", "hops", "fact"), PREFERENCES)
def test_hub_routing_preference_decides_between_expressroute_and_vpn(
    preference: Preference, prepend: int, hops: list[str], fact: str
) -> None:
    solution = solve(lab(preference, prepend))
    for vnet, subnet in (("az-hub-vnet", "subnet1"), ("az-spk1-vnet", "subnet1"), ("az-hub-vnet", "GatewaySubnet")):
        assert active(solution, vnet, subnet)["10.100.0.0/24"] == hops
    row = row_of(solution.tables.effective["az-spk1-vnet", "subnet1"], "10.100.0.0/24", "VirtualNetworkGateway")
    assert row.decided_by == fact
    assert row.beaten


def test_tie_under_as_path_is_named_as_an_assumption() -> None:
    assert "as_path_tie_prefers_er" in solve(lab(prepend=2)).assumed
    assert "as_path_tie_prefers_er" not in solve(lab(prepend=1)).assumed
    both = solve(lab(prepend=2), DEFAULT.flipped("as_path_tie_prefers_er"))
    assert active(both, "az-hub-vnet", "subnet1")["10.100.0.0/24"] == [*VPN_HOPS, *ER_HOPS]


def test_more_specific_route_over_expressroute_carries_the_tunnel() -> None:
    assert active(solve(lab(Preference.VPN_GATEWAY)), "az-hub-vnet", "GatewaySubnet")["10.100.0.132/32"] == ER_HOPS


def test_tunnel_flaps_when_the_endpoint_has_no_route_of_its_own() -> None:
    solution = solve(with_router(lab(), "provider-mcr", statics=()))
    assert solution.oscillates
    hops = [active(phase, "az-hub-vnet", "subnet1")["10.100.0.0/24"] for phase in solution.phases]
    assert hops == [VPN_HOPS, ER_HOPS]
    assert [len(phase.dead_tunnels) for phase in solution.phases] == [0, 2]
    assert "tunnel_uses_gateway_subnet" in solution.assumed


def test_tunnel_flaps_when_the_device_sends_outer_packets_into_it() -> None:
    router = next(item for item in LAB.routers if item.name == "branch-winnva")
    elsewhere = tuple(Static(IPv4Network(f"10.9.9.{n}/32"), item.next_hop) for n, item in enumerate(router.statics))
    assert solve(with_router(lab(), "branch-winnva", statics=elsewhere)).oscillates
    assert not solve(with_router(lab(), "branch-winnva", statics=router.statics)).oscillates


UNDERLAY = [
    "er_connections/branch-er-circuit-conn-branch",
    "er_connections/azure-er-circuit-conn-az-hub",
    "circuits/branch-er-circuit/primary",
    "edges/azure-er-circuit/primary",
    "routers/provider-mcr",
]


@pytest.mark.parametrize("element", UNDERLAY)
def test_tunnel_dies_with_the_circuits_that_carry_it(element: str) -> None:
    solution = solve(lab(Preference.VPN_GATEWAY), failed=frozenset({element}))
    assert not solution.oscillates
    assert solution.tables.dead_tunnels == {("az-hub-to-branch-conn", 0), ("az-hub-to-branch-conn", 1)}
    assert "10.100.0.0/24" not in active(solution, "az-hub-vnet", "subnet1")


def test_tunnel_addresses_that_azure_has_not_chosen_yet_give_the_same_tables() -> None:
    [gateway] = LAB.vpn_gateways
    names = [Symbol(gateway.name, f"instances[{index}].tunnel", IPv4Network("10.0.0.32/27")) for index in range(2)]
    instances = tuple(replace(item, tunnel=name) for item, name in zip(gateway.instances, names, strict=True))
    planned = replace(lab(), vpn_gateways=(replace(gateway, instances=instances),))
    hop = next(item for item in LAB.routers if item.name == "branch-winnva").statics[0].next_hop
    named = with_router(planned, "branch-winnva", statics=tuple(Static(name, hop) for name in names))
    assert solve(named).tables.effective == solve(lab()).tables.effective
    missing = with_router(planned, "branch-winnva", statics=(Static(names[0], hop),))
    assert [sorted(phase.dead_tunnels) for phase in solve(missing).phases] == [[("az-hub-to-branch-conn", 1)]]


def test_expressroute_preference_keeps_a_tunnel_up_without_a_route_of_its_own() -> None:
    assert not solve(with_router(lab(Preference.EXPRESSROUTE), "provider-mcr", statics=())).oscillates


def test_loss_of_the_tunnel_falls_back_to_expressroute_in_clear() -> None:
    failed = frozenset({"vpn_connections/az-hub-to-branch-conn"})
    solution = solve(lab(Preference.VPN_GATEWAY), failed=failed)
    assert active(solution, "az-hub-vnet", "subnet1")["10.100.0.0/24"] == ER_HOPS


def test_remote_vnet_traffic_must_be_allowed_for_another_vnets_prefixes_only() -> None:
    closed = tuple(replace(item, allow_remote_vnet_traffic=item.name != "az-hub-ergw") for item in LAB.er_gateways)
    solution = solve(replace(case_named("13-ipsec-over-er-lab-er-only").topology, er_gateways=closed))
    assert active(solution, "az-hub-vnet", "subnet1") == {"10.100.0.4/32": ER_HOPS}  # the provider's own static route
    assert "remote_vnet_filter_follows_path" in solution.assumed
    assert set(active(solution, "branch-vnet", "subnet1")) == {"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"}


SITES = routers(provider=(64512, ["172.31.0.0/16", "172.31.9.0/24"]), device=(65001, ["172.31.0.0/16", "10.0.0.0/8"]))


def test_expressroute_beats_vpn_for_one_prefix_whatever_the_as_path() -> None:
    text = HUB + ER + VPN + SITES.replace("networks: [172.31.0.0/16, 172.31.9.0/24]", "networks: [172.31.0.0/16]")
    long = text.replace(
        "router_peer_ip: 172.16.0.1", "router_peer_ip: 172.16.0.1, from_router: {prepend: [64512, 64512]}"
    )
    hops = active(solve(network(long)), "spoke", "vm")
    assert hops["172.31.0.0/16"] == ["192.0.2.2"], "of the circuit's paths the shorter one"
    assert hops["10.0.0.0/8"] == VPN_HOPS


def test_both_paths_of_a_circuit_are_used_without_a_route_server_and_one_with_it() -> None:
    assert active(solve(network(HUB + ER + SITES)), "spoke", "vm")["172.31.9.0/24"] == ["192.0.2.1", "192.0.2.2"]
    with_server = network(HUB + ER + SITES + server(False))
    assert active(solve(with_server), "spoke", "vm")["172.31.9.0/24"] == ["192.0.2.1"]
    split = solve(with_server, DEFAULT.flipped("er_instances_agree"))
    assert active(split, "spoke", "vm")["172.31.9.0/24"] == ["192.0.2.1", "192.0.2.2"]


def test_gateway_routes_reach_a_peer_only_if_it_uses_the_hubs_gateways() -> None:
    solution = solve(network(HUB + ER + SITES))
    assert active(solution, "spoke", "vm") == active(solution, "hub", "vm")
    assert active(solution, "other", "vm") == {}
    announced = {str(row.prefix) for row in solution.tables.gateway_advertised["er/0", "c1"]}
    assert announced == {"10.0.0.0/24", "10.0.1.0/24"}


TRANSIT = [
    (False, {"10.0.0.0/24", "10.0.1.0/24"}),
    (True, {"10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/8", "172.30.0.0/16"}),
]


@pytest.mark.parametrize(("branch_to_branch", "announced"), TRANSIT)
def test_gateways_exchange_routes_only_with_branch_to_branch(branch_to_branch: bool, announced: set[str]) -> None:
    sites = routers(provider=(64512, ["172.31.0.0/16"]), device=(65001, ["172.30.0.0/16", "10.0.0.0/8"]))
    tables = solve(network(HUB + ER + VPN + sites + server(branch_to_branch))).tables
    assert {str(row.prefix) for row in tables.gateway_advertised["er/0", "c1"]} == announced
    to_device = {str(row.prefix) for row in tables.gateway_advertised["vpn/0", "device"]}
    assert ("172.31.0.0/16" in to_device) == branch_to_branch


NVA = """
bgp_sessions:
  - {name: nva-0, a: nva, a_ip: 10.0.0.4, b: rs, b_ip: 10.0.0.68}
  - {name: nva-1, a: nva, a_ip: 10.0.0.4, b: rs, b_ip: 10.0.0.69}
"""


@pytest.mark.parametrize("branch_to_branch", [False, True])
def test_appliance_hears_of_gateways_only_with_branch_to_branch_but_nics_use_both(branch_to_branch: bool) -> None:
    sites = routers(provider=(64512, ["172.31.0.0/16"]), nva=(65010, ["172.29.0.0/16"]))
    tables = solve(network(HUB + ER + sites + server(branch_to_branch) + NVA)).tables
    told = {str(row.prefix): row.as_path for row in tables.route_server_advertised["rs/0", "nva"]}
    assert told["10.0.1.0/24"] == (65515,)
    assert told.get("172.31.0.0/16") == ((65515, 12076, 64512) if branch_to_branch else None)
    hops = active(tables, "spoke", "vm")
    assert hops["172.29.0.0/16"] == ["10.0.0.4"]
    assert hops["172.31.0.0/16"] == ["192.0.2.1"]


def test_route_server_drops_paths_with_its_own_asn_unless_they_are_overridden() -> None:
    sites = routers(nva=(65010, []), far=(65020, []))
    announced = sites.replace(
        "networks: []}", "networks: [], announces: [{prefix: 172.28.0.0/16, as_path: [65020, 65515]}]}"
    )
    joined = NVA + "  - {name: nva-far, a: far, b: nva}\n"
    plain = network(
        HUB
        + announced.replace(
            "nva: {asn: 65010, networks: [], announces: [{prefix: 172.28.0.0/16, as_path: [65020, 65515]}]}",
            "nva: {asn: 65010}",
        )
        + server(False)
        + joined
    )
    override = replace(
        plain,
        bgp_sessions=tuple(
            replace(item, a_exports=Filter(as_override=True)) if item.b == "rs" else item for item in plain.bgp_sessions
        ),
    )
    assert "172.28.0.0/16" not in active(solve(plain), "spoke", "vm")
    assert active(solve(override), "spoke", "vm")["172.28.0.0/16"] == ["10.0.0.4"]


def test_routing_weight_of_a_connection_beats_the_as_path() -> None:
    second = ER.replace("er_connections: [", "er_connections: [{name: er-c2, gateway: er, circuit: c2, weight: 10}, ")
    second = second.replace(
        "er_connections:", "  c2: {paths: {primary: {msee: 192.0.2.3, router: longer}}}\ner_connections:"
    )
    sites = routers(provider=(64512, ["172.31.0.0/16"]), longer=(64513, []), behind=(64514, ["172.31.0.0/16"]))
    topology = network(HUB + second + sites + "bgp_sessions: [{name: s, a: longer, b: behind}]\n")
    assert active(solve(topology), "hub", "vm")["172.31.0.0/16"] == ["192.0.2.3"]
    equal = replace(topology, er_connections=tuple(replace(item, weight=0) for item in topology.er_connections))
    assert active(solve(equal), "hub", "vm")["172.31.0.0/16"] == ["192.0.2.1", "192.0.2.2"]


def test_vpn_gateway_drops_its_own_space_but_not_a_larger_prefix() -> None:
    sites = routers(device=(65001, ["10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/25", "10.0.2.0/24"]))
    learned = {
        str(row.prefix)
        for row in solve(network(HUB + VPN + sites)).tables.gateway_learned["vpn/0"]
        if row.peer == "device"
    }
    assert learned == {"10.0.0.0/8", "10.0.2.0/24"}


def test_system_routes_beat_more_specific_bgp_routes_and_link_local_stays_away() -> None:
    sites = routers(provider=(64512, ["10.0.2.0/25", "169.254.10.0/30", "172.31.0.0/16"]))
    solution = solve(network(HUB + ER + sites))
    assert set(active(solution, "hub", "vm")) == {"172.31.0.0/16"}, "10.0.2.0/24 is a peer of the hub"
    assert set(active(solution, "spoke", "vm")) == {"172.31.0.0/16", "10.0.2.0/25"}


def test_user_route_makes_bgp_and_system_routes_of_its_prefix_invalid() -> None:
    table = """
route_tables:
  t:
    routes:
      - {prefix: 172.31.0.0/16, next_hop_type: VirtualAppliance, next_hop: 10.0.0.4}
      - {prefix: 10.0.0.0/24, next_hop_type: None}
"""
    text = HUB.replace("vm: {prefix: 10.0.1.0/27}", "vm: {prefix: 10.0.1.0/27, route_table: t}") + ER + SITES + table
    topology = network(text)
    rows = solve(topology).tables.effective["spoke", "vm"]
    assert row_of(rows, "172.31.0.0/16", "VirtualNetworkGateway").state is RouteState.INVALID
    assert row_of(rows, "10.0.0.0/24", "Default").state is RouteState.INVALID
    winner = row_of(rows, "172.31.0.0/16", "User")
    assert (winner.state, winner.decided_by) == (RouteState.ACTIVE, "udr-over-bgp-over-system")
    assert [str(loser.prefix) for loser in winner.beaten] == ["172.31.0.0/16"]
    off = tuple(RouteTable(item.name, item.routes, False) for item in topology.route_tables)
    rows = solve(replace(topology, route_tables=off)).tables.effective["spoke", "vm"]
    assert {row.source for row in rows} == {"User", "Default"}


def test_superset_from_bgp_replaces_the_dropped_space() -> None:
    rows = solve(network(HUB + VPN + SITES)).tables.effective["spoke", "vm"]
    assert row_of(rows, "10.0.0.0/8", "VirtualNetworkGateway").state is RouteState.ACTIVE
    assert {str(row.prefix) for row in rows if row.type is NextHopType.NONE} == {
        "100.64.0.0/10",
        "172.16.0.0/12",
        "192.168.0.0/16",
    }


HAIRPIN = """
vnets:
  a: {prefixes: [10.0.0.0/24], subnets: {vm: {prefix: 10.0.0.0/27}}}
  b: {prefixes: [10.1.0.0/24], subnets: {vm: {prefix: 10.1.0.0/27}}}
er_gateways: {er-a: {vnet: a}, er-b: {vnet: b}}
route_servers: {rs: {vnet: a, instances: [10.0.0.68, 10.0.0.69], branch_to_branch: true}}
circuits: {c: {paths: {primary: {msee: 192.0.2.1}, secondary: {msee: 192.0.2.2}}}}
er_connections: [{name: ca, gateway: er-a, circuit: c}, {name: cb, gateway: er-b, circuit: c}]
routers: {nva: {asn: 65010, networks: [172.29.0.0/16]}}
"""


def test_edge_turns_vnet_prefixes_round_but_not_those_of_an_appliance() -> None:
    tables = solve(network(HAIRPIN + NVA)).tables
    assert active(tables, "b", "vm") == {"10.0.0.0/24": ["192.0.2.1", "192.0.2.2"]}
    path = next(row.as_path for row in tables.gateway_learned["er-b/0"] if str(row.prefix) == "10.0.0.0/24")
    assert path == (12076, 12076)
    assert {str(row.prefix) for row in tables.circuit_routes["c/primary"]} >= {"172.29.0.0/16"}


def test_global_reach_joins_two_circuits_and_no_third() -> None:
    text = """
vnets: {v: {prefixes: [10.0.0.0/24]}}
er_gateways: {er: {vnet: v}}
circuits:
  a: {paths: {primary: {msee: 192.0.2.1}}}
  b: {paths: {primary: {msee: 192.0.2.2, router: rb}}}
  c: {paths: {primary: {msee: 192.0.2.3, router: rc}}}
er_connections: [{name: x, gateway: er, circuit: a}]
global_reach: [[a, b], [b, c]]
routers: {rb: {asn: 65001, networks: [172.16.1.0/24]}, rc: {asn: 65002, networks: [172.16.2.0/24]}}
"""
    tables = solve(network(text)).tables
    learned = {str(row.prefix): row.as_path for row in tables.gateway_learned["er/0"] if row.peer}
    assert learned == {"172.16.1.0/24": (12076, 12076, 12076, 65001)}
    assert "172.16.1.0/24" in {str(row.prefix) for row in tables.router_routes["rc"]}


STICKY = HUB + ER + VPN + routers(provider=(64512, ["172.31.0.0/16"]), device=(65001, ["172.31.0.0/16"])) + server(True)


@pytest.mark.parametrize("weight_first", [True, False])
def test_recovered_expressroute_stays_unused_only_if_gateways_compare_as_paths_first(weight_first: bool) -> None:
    """Learn: Hub routing preference, note on failback: traffic may stay on a shorter VPN path."""
    assumptions = replace(DEFAULT, er_gateway_weight_first=weight_first)
    topology = network(STICKY)
    before = solve(topology, assumptions)
    failed = solve(topology, assumptions, frozenset({"circuits/c1/primary", "circuits/c1/secondary"}), since=before)
    assert active(failed, "spoke", "vm")["172.31.0.0/16"] == VPN_HOPS
    after = solve(topology, assumptions, since=failed)
    expected = ["192.0.2.1"] if weight_first else VPN_HOPS
    assert active(after, "spoke", "vm")["172.31.0.0/16"] == expected
    assert "er_gateway_weight_first" in solve(topology).assumed


def test_path_that_stayed_up_wins_a_tie_after_the_other_has_come_back() -> None:
    topology = network(HUB + ER + SITES + server(False))
    lost = solve(topology, failed=frozenset({"circuits/c1/primary"}), since=solve(topology))
    assert active(lost, "hub", "vm")["172.31.9.0/24"] == ["192.0.2.2"]
    assert active(solve(topology, since=lost), "hub", "vm")["172.31.9.0/24"] == ["192.0.2.2"]
    assert active(solve(topology), "hub", "vm")["172.31.9.0/24"] == ["192.0.2.1"]


def test_every_element_can_fail_alone() -> None:
    topology = lab()
    names = failable(topology)
    assert len(names) == len(set(names))
    for name in names:
        solve(topology, failed=frozenset({name}))
    assert "edges/azure-er-circuit/primary" in names
    gone = solve(topology, failed=frozenset({"edges/azure-er-circuit/primary"}))
    assert "azure-er-circuit/primary" not in gone.tables.circuit_routes
