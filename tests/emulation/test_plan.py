"""What is planned for daemons, against documents and by reading: nothing runs here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from tests.routing.lab import example, lab
from vpner.emulation import RULES
from vpner.emulation.control import Row, Table
from vpner.emulation.frr import bgpd_config
from vpner.emulation.limits import limits, prepare
from vpner.emulation.nodes import Use
from vpner.emulation.oracle import differences, predicted
from vpner.emulation.sessions import plan_control
from vpner.emulation.speakers import ControlPlan
from vpner.emulation.traffic import populate
from vpner.emulation.wires import plan_wires
from vpner.problems import Problems
from vpner.routing import Tables, failable, solve
from vpner.routing.facts import facts
from vpner.topology import Announcement, Filter, Symbol, Topology

EMULATION = Path(__file__).parents[2] / "vpner" / "emulation"
JUDGES = {"oracle.py", "report.py", "traffic.py", "__init__.py"}
"""Modules that compare with the routing model. What is emulated must not come from it."""


def test_nothing_that_is_emulated_comes_from_the_model_that_it_judges() -> None:
    modules = {path.name: path.read_text(encoding="utf-8") for path in EMULATION.glob("*.py")}
    assert set(modules) > JUDGES
    assert {name for name, text in modules.items() if "vpner.routing import" in text} == JUDGES - {"__init__.py"}
    assert not [name for name, text in modules.items() if "from vpner.routing." in text]


def test_every_rule_names_facts_that_the_model_has() -> None:
    assert {fact for rule in RULES for fact in rule.facts} <= set(facts())


def test_lab_has_the_neighbours_of_the_published_one() -> None:
    """AS numbers and APIPA addresses: github.com/dmauser/azure-hub-spoke, vpner-hub-spoke, config.xml."""
    config = bgpd_config(plan_control(lab(), wired=True), "branch-opnnva")
    assert "router bgp 65510" in config
    for neighbour in ("169.254.21.1", "169.254.21.2"):
        assert f" neighbor {neighbour} remote-as 65515" in config
        assert f" neighbor {neighbour} update-source 169.254.0.1" in config
    assert {"  network 10.0.0.0/8", "  network 10.100.0.0/24"} == {
        line.partition(" route-map")[0] for line in config.splitlines() if line.startswith("  network ")
    }


def test_gateway_waits_for_the_device_to_speak() -> None:
    """Learn: VPN Gateway FAQ: with APIPA the on-premises device initiates BGP."""
    plan = plan_control(lab(), wired=True)
    assert " neighbor 169.254.0.1 passive" in bgpd_config(plan, "az-hub-vpngw/0")
    assert "passive" not in bgpd_config(plan, "branch-opnnva")


def test_provider_sees_the_wires_of_circuits_only() -> None:
    plan = plan_wires(lab())
    captured = [wire for wire in plan.wires if wire.use is Use.CIRCUIT]
    assert [{port.node for port in wire.ends} for wire in captured] == [
        {"azure-er-circuit/primary", "provider-mcr"},
        {"branch-er-circuit/primary", "provider-mcr"},
    ]
    assert captured[0].ends[0].addresses == (IPv4Address("169.254.98.62"),)


def test_tunnels_outer_packets_go_by_their_owners_tables() -> None:
    plan = plan_wires(lab())
    device = plan.nodes["branch-opnnva"]
    assert "ip route 10.0.0.36/32 10.100.0.1" in device.statics
    assert not [line for line in device.kernel if line.startswith("rule ")], "the device has its main table only"
    ends = [end for end in plan.tunnels if end.owner == "branch-opnnva"]
    assert {(str(end.local), str(end.remote)) for end in ends} == {
        ("10.100.0.4", "10.0.0.36"),
        ("10.100.0.4", "10.0.0.37"),
    }


def test_failed_elements_take_their_sessions_with_them() -> None:
    whole = plan_control(lab())
    for element in failable(lab()):
        part = plan_control(lab(), failed=frozenset({element}))
        kind, _, name = element.partition("/")
        if kind in {"routers", "edges", "vpn_gateways", "er_gateways", "route_servers"}:
            assert name in whole.speakers
            assert name not in part.speakers
        assert len(part.sessions) <= len(whole.sessions)


def test_symbols_get_free_addresses_of_their_subnets() -> None:
    topology = example("production-site")
    bound = prepare(topology)
    gateway = bound.vpn_gateways[0]
    chosen = [address for item in gateway.instances for address in (item.bgp, item.tunnel)]
    assert all(isinstance(address, IPv4Address) and address in IPv4Network("10.10.0.0/26") for address in chosen)
    assert len(set(chosen)) == len(chosen)
    assert "Symbol(" not in repr(bound)
    statics = {static.prefix for router in bound.routers for static in router.statics}
    assert statics == {
        IPv4Network(item.tunnel) for item in gateway.instances if not isinstance(item.tunnel, Symbol | None)
    }


def with_announcement(topology: Topology) -> Topology:
    item = Announcement(IPv4Network("10.1.0.0/16"), (65001, 65002))
    routers = tuple(
        replace(router, announces=(item,)) if router.name == "provider-mcr" else router for router in topology.routers
    )
    return replace(topology, routers=routers)


def with_override(topology: Topology) -> Topology:
    connections = tuple(replace(item, imports=Filter(as_override=True)) for item in topology.vpn_connections)
    return replace(topology, vpn_connections=connections)


def with_global_reach(topology: Topology) -> Topology:
    return replace(topology, global_reach=(("azure-er-circuit", "branch-er-circuit"),))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (with_announcement, "routers.provider-mcr.announces"),
        (with_override, "vpn_connections.az-hub-to-branch-opnnva-conn.imports"),
        (with_global_reach, "global_reach"),
    ],
)
def test_what_daemons_are_not_set_up_for_is_refused(change: Callable[[Topology], Topology], where: str) -> None:
    with pytest.raises(Problems) as caught:
        prepare(change(lab()))
    assert [(problem.where, problem.code) for problem in caught.value.problems] == [(where, "not-emulated")]
    assert list(limits(lab())) == []


def test_packets_need_a_way_to_the_device() -> None:
    """The production site's devices stand behind the customer's edges, and how is not said."""
    with pytest.raises(Problems) as caught:
        prepare(example("production-site"), wired=True)
    assert {problem.where for problem in caught.value.problems} == {"routers.hq-fw1", "routers.hq-fw2"}
    silent = tuple(replace(item, statics=()) for item in lab().routers)
    with pytest.raises(Problems) as caught:
        prepare(replace(lab(), routers=silent), wired=True)
    assert [problem.where for problem in caught.value.problems] == ["routers.branch-opnnva.statics"]


def test_every_subnet_gets_somebody_to_talk_to() -> None:
    topology = populate(lab())
    there = {(nic.vnet, nic.subnet) for nic in topology.nics}
    assert there == {
        (vnet.name, subnet.name)
        for vnet in topology.vnets
        for subnet in vnet.subnets
        if subnet.name not in {"GatewaySubnet", "RouteServerSubnet"}
    }
    added = [nic for nic in topology.nics if nic.name.startswith("probe-")]
    assert {str(nic.ip) for nic in added if nic.subnet == "Untrusted-Subnet"} == {"10.100.0.5"}, "10.100.0.4 is taken"


def as_found(tables: Tables, plan: ControlPlan) -> dict[str, Table]:
    """What daemons would show if they agreed with the model."""
    return {
        name: tuple(
            Row(IPv4Network(str(row.prefix)), row.as_path, hop, row.selected, row.peer)
            for row in predicted(plan, tables, name)
            for hop in [row.next_hop if isinstance(row.next_hop, IPv4Address) and row.peer else None]
        )
        for name in plan.speakers
    }


def test_comparison_sees_a_path_that_one_side_has_not() -> None:
    plan, tables = plan_control(prepare(lab())), solve(prepare(lab())).tables
    found = as_found(tables, plan)
    assert differences(plan, tables, found) == []
    first, *others = found["provider-mcr"]
    moved = replace(first, as_path=(*first.as_path, 65999))
    seen = differences(plan, tables, {**found, "provider-mcr": (moved, *others)})
    assert [(item.held_by, item.as_path[-1:] == (65999,)) for item in seen] == [("model", False), ("FRR", True)]
    assert [item.held_by for item in differences(plan, tables, {**found, "provider-mcr": tuple(others)})] == ["model"]


def test_comparison_forgives_the_choice_between_equals_only_after_something_has_happened() -> None:
    """Two instances of a gateway announce the same: which of them an edge selects is a tie. A longer path is none."""
    plan, tables = plan_control(prepare(lab())), solve(prepare(lab())).tables
    found = as_found(tables, plan)

    def swapped(speaker: str, prefix: str) -> dict[str, Table]:
        rows = (replace(row, selected=row.selected != (str(row.prefix) == prefix)) for row in found[speaker])
        return {**found, speaker: tuple(rows)}

    tie = swapped("azure-er-circuit/primary", "10.0.1.0/24")
    assert len(differences(plan, tables, tie)) == 4
    assert differences(plan, tables, tie, remembered=True) == []
    choice = swapped("az-hub-rs/0", "10.100.0.0/24")
    assert differences(plan, tables, choice, remembered=True) != []
