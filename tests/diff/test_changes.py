"""Twenty changes of two networks, and what a reviewer has to be told. The truth is that of tests/routing: documented
behaviour and published designs, not the model's own word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from tests.cli.commands import vpner
from tests.routing.lab import (
    APPLIANCE,
    CONNECTION,
    PROVIDER,
    TODAY,
    as_published,
    change,
    example,
    lab,
    without_endpoint_route,
    without_tunnel_statics,
)
from vpner.diff import Diff, Outcome, Standing, diff
from vpner.readers.write import write_topology
from vpner.routing import Failures
from vpner.topology import Exemption, Filter, Intent, Mode, Preference, State, Topology, VNet

Edit = Callable[[Topology], Topology]
SITE = IPv4Network("10.100.0.0/24")
LAB, SILENT = lab(), example("only-the-endpoint")
"""Mode preferred, with a fallback in clear; and mode required, with none."""


def preferring(preference: Preference) -> Edit:
    return lambda net: replace(
        net, route_servers=tuple(replace(item, preference=preference) for item in net.route_servers)
    )


def prepending(times: int) -> Edit:
    prepend = Filter(prepend=(65510,) * times)
    return lambda net: replace(
        net, vpn_connections=tuple(replace(item, imports=prepend) for item in net.vpn_connections)
    )


def without_connection(net: Topology) -> Topology:
    return replace(net, vpn_connections=())


def without_route_table(net: Topology) -> Topology:
    """The branch's subnet follows ExpressRoute again."""
    vnets = tuple(
        replace(vnet, subnets=tuple(replace(item, route_table=None) for item in vnet.subnets)) for vnet in net.vnets
    )
    return replace(net, vnets=vnets)


def without_spoke(net: Topology) -> Topology:
    gone = "az-spk2-vnet"
    return replace(
        net,
        vnets=tuple(item for item in net.vnets if item.name != gone),
        peerings=tuple(item for item in net.peerings if gone not in (item.vnet, item.remote)),
        nics=tuple(item for item in net.nics if item.vnet != gone),
    )


def unrelated_vnet(net: Topology) -> Topology:
    return replace(net, vnets=(*net.vnets, VNet("island", (IPv4Network("10.50.0.0/24"),))))


def peering_down(net: Topology) -> Topology:
    """A spoke that is no longer peered has no gateway's routes."""
    down = tuple(replace(i, state=State.DOWN) if "az-spk1-vnet" in (i.vnet, i.remote) else i for i in net.peerings)
    return replace(net, peerings=down)


def announcing_everything(net: Topology) -> Topology:
    """The silent design's circuit carries the site as well, in both directions."""
    circuits = tuple(
        replace(item, paths=tuple(replace(path, from_router=Filter(), to_router=Filter()) for path in item.paths))
        for item in net.circuits
    )
    return replace(net, circuits=circuits)


def without_device_static(net: Topology) -> Topology:
    return change(net, "device", lambda router: replace(router, statics=()))


def intents(edit: Callable[[Intent], Intent | None]) -> Edit:
    def edited(net: Topology) -> Topology:
        kept = (edit(item) for item in net.intent)
        return replace(net, intent=tuple(item for item in kept if item is not None))

    return edited


def exempting(intent: Intent) -> Intent:
    excuse = Exemption(destinations=intent.destinations, reason="see ticket", expires=date(2099, 1, 1))
    return replace(intent, exempt=(*intent.exempt, excuse))


def both(*edits: Edit) -> Edit:
    def edited(net: Topology) -> Topology:
        for edit in edits:
            net = edit(net)
        return net

    return edited


REMOVED = intents(lambda _: None)
WEAKENED = intents(lambda item: replace(item, mode=Mode.PREFERRED))
STRENGTHENED = intents(lambda item: replace(item, mode=Mode.REQUIRED))
NARROWED = intents(lambda item: replace(item, sources=item.sources[:1], destinations=(IPv4Network("10.100.0.0/30"),)))
EXEMPTED = intents(exempting)


@dataclass(frozen=True)
class Case:
    """``why`` is the fact that decides."""

    base: Topology
    edit: Edit
    outcome: Outcome
    why: str


CASES = {
    "nothing": Case(LAB, lambda net: net, Outcome.NOT_WORSE, "equal networks"),
    "a VNet that is peered with nothing": Case(LAB, unrelated_vnet, Outcome.NOT_WORSE, "no route leads there"),
    "a spoke and all that is its": Case(LAB, without_spoke, Outcome.NOT_WORSE, "who is not there says nothing"),
    "preference ExpressRoute": Case(
        LAB, preferring(Preference.EXPRESSROUTE), Outcome.WORSE, "the same prefix over both: ExpressRoute wins"
    ),
    "preference ASPath": Case(
        LAB, preferring(Preference.AS_PATH), Outcome.NOT_WORSE, "65510 is shorter than 12076 65001 12076"
    ),
    "preference ASPath, and three prepends": Case(
        LAB, both(preferring(Preference.AS_PATH), prepending(3)), Outcome.WORSE, "four hops against three"
    ),
    "three prepends": Case(LAB, prepending(3), Outcome.NOT_WORSE, "VpnGateway comes before the AS path"),
    "no tunnel": Case(LAB, without_connection, Outcome.WORSE, "the mode allows it, and it is in clear from now on"),
    "no route table at the branch": Case(LAB, without_route_table, Outcome.WORSE, "10.0.0.0/24 over ExpressRoute"),
    "no /32 of the endpoint": Case(LAB, without_endpoint_route, Outcome.WORSE, "the tunnel carries itself"),
    "no /32 statics at the device": Case(LAB, without_tunnel_statics, Outcome.WORSE, "the tunnel carries itself"),
    "the appliance as published": Case(LAB, as_published, Outcome.WORSE, "10.100.0.0/24 only over ExpressRoute"),
    "a spoke's peering down": Case(LAB, peering_down, Outcome.WORSE, "its traffic is lost"),
    "the provider announces the site": Case(
        SILENT, announcing_everything, Outcome.WORSE, "with the tunnel down, there is a way in clear"
    ),
    "no static at the device": Case(SILENT, without_device_static, Outcome.WORSE, "no way for outer packets"),
    "preference back to VpnGateway": Case(
        lab(Preference.EXPRESSROUTE), preferring(Preference.VPN_GATEWAY), Outcome.NOT_WORSE, "better"
    ),
    "the intent asks for more than the network does": Case(
        LAB, STRENGTHENED, Outcome.WORSE, "required, and there is a fallback in clear"
    ),
    "only the intent is weaker": Case(SILENT, WEAKENED, Outcome.NOT_WORSE, "no packet goes another way"),
    "preference ExpressRoute, and no intent": Case(
        LAB, both(preferring(Preference.EXPRESSROUTE), REMOVED), Outcome.WORSE, "the base's intent counts"
    ),
    "the provider announces the site, and mode preferred": Case(
        SILENT, both(announcing_everything, WEAKENED), Outcome.WORSE, "the base's mode counts"
    ),
    "no /32 of the endpoint, and an exemption": Case(
        LAB, both(without_endpoint_route, EXEMPTED), Outcome.WORSE, "the base's exemptions count"
    ),
    "preference ExpressRoute, and a narrower intent": Case(
        LAB, both(preferring(Preference.EXPRESSROUTE), NARROWED), Outcome.WORSE, "the base's prefixes count"
    ),
}


def compared(case: Case) -> Diff:
    return diff(case.base, case.edit(case.base), TODAY)


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_judged_by_the_intent_before_it(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    assert compared(case).outcome is case.outcome, case.why
    files = [tmp_path / "base.yaml", tmp_path / "head.yaml"]
    for file, topology in zip(files, (case.base, case.edit(case.base)), strict=True):
        file.write_text(write_topology(topology), encoding="utf-8")
    code = {Outcome.NOT_WORSE: 0, Outcome.WORSE: 1, Outcome.UNKNOWN: 2}[case.outcome]
    assert vpner("diff", *files).exit_code == code


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].edit(CASES[name].base).intent != LAB.intent])
def test_a_change_of_the_intent_is_told(name: str) -> None:
    case = CASES[name]
    changed = case.edit(case.base).intent != case.base.intent
    assert bool(compared(case).intents) is changed


def test_what_asks_for_less_is_named_so() -> None:
    told = {name: [item.weaker for item in compared(CASES[name]).intents] for name in CASES}
    weaker = {name for name, found in told.items() if found == [True]}
    assert weaker == {
        "only the intent is weaker",
        "preference ExpressRoute, and no intent",
        "the provider announces the site, and mode preferred",
        "no /32 of the endpoint, and an exemption",
    }


def test_a_change_taken_back_is_the_same_the_other_way_round() -> None:
    base, head = LAB, preferring(Preference.EXPRESSROUTE)(LAB)
    there, back = diff(base, head, TODAY), diff(head, base, TODAY)
    assert [(item.before, item.after) for item in there.flows] == [(item.after, item.before) for item in back.flows]
    assert [(item.before, item.after) for item in there.routes] == [(item.after, item.before) for item in back.routes]
    assert back.outcome is Outcome.NOT_WORSE


def test_every_direction_that_gets_worse_is_named_with_the_route_that_takes_it_out() -> None:
    found = compared(CASES["preference ExpressRoute"])
    assert {item.source.partition("/")[0] for item in found.flows if item.worse} == {
        "az-hub-vnet",
        "az-spk1-vnet",
        "az-spk2-vnet",
    }
    assert {item.after for item in found.flows} == {Standing.FORBIDDEN}
    assert all(f"{SITE} via 10.3.129.58" in item.why for item in found.flows)
    [route] = found.routes
    assert (route.prefix, route.before, route.after) == (
        str(SITE),
        ("VirtualNetworkGateway", ("10.0.0.46", "10.0.0.47")),
        ("VirtualNetworkGateway", ("10.3.129.58",)),
    )


def test_what_is_unknown_after_a_change_is_inconclusive() -> None:
    nowhere = Intent((IPv4Network("10.0.1.0/24"),), (IPv4Network("10.200.0.0/24"),), Mode.REQUIRED, "new site")
    found = diff(LAB, replace(LAB, intent=(*LAB.intent, nowhere)), TODAY, Failures.NONE)
    assert found.outcome is not Outcome.NOT_WORSE


def test_names_here_are_those_of_the_lab() -> None:
    assert {router.name for router in LAB.routers} == {APPLIANCE, PROVIDER}
    assert [item.name for item in LAB.vpn_connections] == [CONNECTION]
