"""Where packets go."""

from __future__ import annotations

from ipaddress import IPv4Address

from tests.routing.networks import ER, HUB, case_named, network, routers
from vpner.routing.journey import End, Place
from vpner.routing.solve import solve
from vpner.routing.trace import Tracer, reach


def test_packet_to_a_site_passes_the_edge_and_the_provider() -> None:
    case = case_named("13-ipsec-over-er-lab-er-only").topology
    [journey] = Tracer(case, solve(case).tables).trace("az-spk1-lxvm-nic", IPv4Address("10.100.0.100"))
    assert journey.end is End.DELIVERED
    assert [hop.place for hop in journey.hops] == [Place.EDGE, Place.ROUTER, Place.EDGE]


def test_equal_routes_are_traced_each() -> None:
    case = case_named("14-ipsec-over-er-lab-aspath").topology
    journeys = Tracer(case, solve(case).tables).trace("az-spk1-lxvm-nic", IPv4Address("10.100.0.100"))
    assert [journey.hops[0].name for journey in journeys] == ["az-hub-vpngw/0", "az-hub-vpngw/1"]
    assert {journey.end for journey in journeys} == {End.DELIVERED}


def test_appliance_that_gets_its_own_packets_back_is_a_loop() -> None:
    case = case_named("22-two-rs-as-override-c").topology
    found = reach(case, solve(case).tables, "Spoke-VM", "Spoke1-VM")
    assert not found.works
    assert "comes back" in found.why


def test_address_that_nothing_is_known_to_have_differs_from_one_without_a_route() -> None:
    topology = network(
        HUB + ER + routers(provider=(64512, [])) + "nics: {vm: {vnet: spoke, subnet: vm, ip: 10.0.1.4}}\n"
    )
    tracer = Tracer(topology, solve(topology).tables)
    [inside] = tracer.trace("vm", IPv4Address("10.0.0.9"))
    [outside] = tracer.trace("vm", IPv4Address("172.31.0.1"))
    assert (inside.end, outside.end) == (End.ARRIVED, End.DROPPED)
    assert "nothing in 10.0.0.0/24" in inside.why
    assert "None" in outside.why
