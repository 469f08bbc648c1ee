"""Settings that decide between tunnel and ExpressRoute, and what a network is with each of their values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from vpner.topology import Filter, Preference, Router, Topology, Underlay, VpnConnection, own_networks

AS_IS = "as it is"
MOST_PREPENDS = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """One setting. ``values`` of a network: the words for each, and the network with it; empty where there is none."""

    name: str
    values: Callable[[Topology], dict[str, Topology]]


def _preferences(topology: Topology) -> dict[str, Topology]:
    """Hub routing preference of every Route Server."""
    if not topology.route_servers:
        return {}
    return {
        item.value: replace(
            topology, route_servers=tuple(replace(server, preference=item) for server in topology.route_servers)
        )
        for item in Preference
    }


def _prepends(topology: Topology) -> dict[str, Topology]:
    """How often devices prepend their own AS number in tunnels over ExpressRoute."""
    asns = {router.name: router.asn for router in topology.routers}
    turned = {item.name: asn for item in _tunnels(topology) if (asn := asns.get(item.remote))}
    if not turned:
        return {}
    return {
        str(times): replace(
            topology,
            vpn_connections=tuple(
                replace(item, imports=replace(item.imports, prepend=(turned[item.name],) * times))
                if item.name in turned
                else item
                for item in topology.vpn_connections
            ),
        )
        for times in range(MOST_PREPENDS + 1)
    }


def _granularity(topology: Topology) -> dict[str, Topology]:
    """What devices announce in tunnels: their networks, or the halves of each as well, which ExpressRoute lacks."""
    devices = {item.remote for item in _tunnels(topology)}
    halved = {router.name: _halves(topology, router) for router in topology.routers if router.name in devices}
    if not any(halved.values()):
        return {}
    routers = tuple(replace(item, networks=(*item.networks, *halved.get(item.name, ()))) for item in topology.routers)
    circuits = tuple(
        replace(
            circuit,
            paths=tuple(
                replace(path, from_router=_denying(path.from_router, halved[path.router]))
                if path.router in halved
                else path
                for path in circuit.paths
            ),
        )
        for circuit in topology.circuits
    )
    return {"the networks": topology, "their halves too": replace(topology, routers=routers, circuits=circuits)}


def _halves(topology: Topology, router: Router) -> tuple[IPv4Network, ...]:
    """Of what the intents protect behind the router: halves of an aggregate or of a host route would be no design."""
    sides = [prefix for intent in topology.intent for prefix in (*intent.sources, *intent.destinations)]
    return tuple(
        half
        for item in own_networks(topology, router)
        if item.prefixlen < 31 and any(side.subnet_of(item) for side in sides)
        for half in item.subnets()
    )


def _denying(found: Filter, prefixes: tuple[IPv4Network, ...]) -> Filter:
    return replace(found, deny=(*found.deny, *prefixes))


def _branch_to_branch(topology: Topology) -> dict[str, Topology]:
    """Whether gateways hear each other's routes through the Route Server."""
    if not topology.route_servers:
        return {}
    return {
        word: replace(
            topology, route_servers=tuple(replace(item, branch_to_branch=value) for item in topology.route_servers)
        )
        for word, value in (("on", True), ("off", False))
    }


def _route_tables(topology: Topology) -> dict[str, Topology]:
    """Whether subnets have the route tables that they have."""
    if not any(subnet.route_table for vnet in topology.vnets for subnet in vnet.subnets):
        return {}
    vnets = tuple(
        replace(vnet, subnets=tuple(replace(subnet, route_table=None) for subnet in vnet.subnets))
        for vnet in topology.vnets
    )
    return {AS_IS: topology, "none": replace(topology, vnets=vnets)}


def _stages(topology: Topology) -> dict[str, Topology]:
    """Before and after the provider has provisioned the circuits: the first stage builds no connection."""
    if not (topology.er_connections or topology.vpn_connections):
        return {}
    return {"ordered": replace(topology, er_connections=(), vpn_connections=()), "provisioned": topology}


def _tunnels(topology: Topology) -> Iterator[VpnConnection]:
    return (item for item in topology.vpn_connections if item.over is Underlay.EXPRESSROUTE)


def combined(
    topology: Topology, turns: Sequence[Turn], values: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Topology]]:
    """Every combination of the values of settings, and the network with it."""
    if not turns:
        yield values, topology
        return
    for word, turned in turns[0].values(topology).items():
        yield from combined(turned, turns[1:], (*values, word))


PREFERENCE = Turn("Preference", _preferences)
PREPENDS = Turn("Prepends", _prepends)
STAGE = Turn("Stage", _stages)
TURNS = (
    PREFERENCE,
    PREPENDS,
    Turn("In the tunnel", _granularity),
    Turn("Branch-to-branch", _branch_to_branch),
    Turn("Route tables", _route_tables),
)
