"""Networks to go between, and the brute force that a plan is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from tests.routing.lab import TODAY, example, without_endpoint_route
from vpner.cutover import Change
from vpner.routing import FlowVerdict, Verdict, judge, solve
from vpner.topology import Filter, Mode, Preference, Topology

EXPRESSROUTE_ONLY = example("reference-lab-expressroute-only")
ENCRYPTED = example("reference-lab")
CONNECTION = "vpn_connections/az-hub-to-branch-opnnva-conn"
ASSOCIATION = "vnets/branch-vnet/subnets/subnet1/route_table"
PREFERENCE = "route_servers/az-hub-rs/preference"


def preferring(topology: Topology, preference: Preference) -> Topology:
    servers = tuple(replace(item, preference=preference) for item in topology.route_servers)
    return replace(topology, route_servers=servers)


def untouched() -> Topology:
    """The lab before anybody thought of encryption: Azure's default preference, and no /32 at the provider."""
    return without_endpoint_route(preferring(EXPRESSROUTE_ONLY, Preference.EXPRESSROUTE))


def with_another_gateway() -> Topology:
    """The lab with a new VPN gateway in place of the old one, in the same VNet."""
    gateways = tuple(replace(item, name="new-vpngw") for item in ENCRYPTED.vpn_gateways)
    connections = tuple(replace(item, name="new-conn", gateway="new-vpngw") for item in ENCRYPTED.vpn_connections)
    return replace(ENCRYPTED, vpn_gateways=gateways, vpn_connections=connections)


def site_in_clear(mode: Mode) -> tuple[Topology, Topology]:
    """The small example, and the same site before its tunnel: both sides over ExpressRoute, and no Route Server."""
    after = example("only-the-endpoint")
    after = replace(after, intent=tuple(replace(item, mode=mode) for item in after.intent))
    circuits = tuple(
        replace(item, paths=tuple(replace(path, from_router=Filter(), to_router=Filter()) for path in item.paths))
        for item in after.circuits
    )
    devices = tuple(replace(item, statics=()) for item in after.routers)
    before = replace(after, circuits=circuits, routers=devices, vpn_gateways=(), vpn_connections=())
    return before, after


def ideals(changes: Sequence[Change]) -> list[tuple[Change, ...]]:
    """Every set of changes that holds what its members need, found among all subsets."""
    keys = {change.key for change in changes}
    return [
        chosen
        for size in range(len(changes) + 1)
        for chosen in combinations(changes, size)
        if all(change.needs & keys <= {item.key for item in chosen} for change in chosen)
    ]


def applied(topology: Topology, changes: Sequence[Change]) -> Topology:
    for change in changes:
        topology = change.apply(topology)
    return topology


def verdicts(topology: Topology) -> Iterator[FlowVerdict]:
    """Of what the intent protects, but for gateways' own traffic."""
    for item in judge(topology, solve(topology), TODAY):
        if item.verdict is not Verdict.TRANSPORT:
            yield item


def by_source(topology: Topology) -> dict[str, set[Verdict]]:
    """The verdicts of each source's flows, phases of an oscillation included."""
    found: dict[str, set[Verdict]] = {}
    for item in verdicts(topology):
        found.setdefault(item.flow.source.name, set()).update(item.phases)
    return found
