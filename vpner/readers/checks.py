"""What a topology means: references, overlaps, sizes. Every finding names its place and the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import combinations

from vpner.problems import Problem
from vpner.readers.shape import TopologyShape
from vpner.topology import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, Topology, VNet


def meaning(shape: TopologyShape, topology: Topology) -> Iterator[Problem]:
    """All problems of a topology whose shape is right; places are key paths of the shape."""
    yield from _references(shape)
    yield from _names(shape)
    yield from _instances(shape)
    for vnet in topology.vnets:
        yield from _subnets(vnet)
    yield from _peered_space(topology)


def _unknown(where: str, kind: str, name: str, known: Iterable[str]) -> Iterator[Problem]:
    names = sorted(known)
    if name not in names:
        near = get_close_matches(name, names, 1)
        remedy = f"write {near[0]}" if near else f"use one of {', '.join(names) or '(there is none)'}"
        why = f"The topology has no {kind} of that name"
        yield Problem(where, f"unknown {kind} {name!r}", why, remedy, "unknown-reference")


def _references(shape: TopologyShape) -> Iterator[Problem]:
    for name, vnet in shape.vnets.items():
        for key, subnet in vnet.subnets.items():
            if subnet.route_table is not None:
                where = f"vnets.{name}.subnets.{key}.route_table"
                yield from _unknown(where, "route table", subnet.route_table, shape.route_tables)
    for index, peering in enumerate(shape.peerings):
        yield from _unknown(f"peerings[{index}].vnet", "VNet", peering.vnet, shape.vnets)
        yield from _unknown(f"peerings[{index}].remote", "VNet", peering.remote, shape.vnets)
    for name, nic in shape.nics.items():
        yield from _place(shape, f"nics.{name}", nic.vnet, nic.subnet)
    yield from _circuit_references(shape)
    yield from _device_references(shape)
    for kind, gateways in (
        ("vpn_gateways", shape.vpn_gateways),
        ("er_gateways", shape.er_gateways),
        ("route_servers", shape.route_servers),
    ):
        for name, gateway in gateways.items():
            yield from _unknown(f"{kind}.{name}.vnet", "VNet", gateway.vnet, shape.vnets)


def _circuit_references(shape: TopologyShape) -> Iterator[Problem]:
    for name, circuit in shape.circuits.items():
        for key, path in circuit.paths.items():
            if path.router is not None:
                yield from _unknown(f"circuits.{name}.paths.{key}.router", "router", path.router, shape.routers)
    for index, connection in enumerate(shape.er_connections):
        where = f"er_connections[{index}]"
        yield from _unknown(f"{where}.gateway", "ExpressRoute gateway", connection.gateway, shape.er_gateways)
        yield from _unknown(f"{where}.circuit", "circuit", connection.circuit, shape.circuits)
    for index, pair in enumerate(shape.global_reach):
        where = f"global_reach[{index}]"
        if len(pair) != 2 or pair[0] == pair[1]:
            why, remedy = "Global Reach joins two circuits", "write [CIRCUIT, CIRCUIT]"
            yield Problem(where, f"{pair} is not a pair of circuits", why, remedy, "global-reach")
        for circuit in pair:
            yield from _unknown(where, "circuit", circuit, shape.circuits)


def _device_references(shape: TopologyShape) -> Iterator[Problem]:
    for name, router in shape.routers.items():
        for index, nic in enumerate(router.nics):
            yield from _place(shape, f"routers.{name}.nics[{index}]", nic.vnet, nic.subnet)
        sessions = set(_sessions(shape, name))
        for index, announcement in enumerate(router.announces):
            for session in announcement.to or ():
                yield from _unknown(f"routers.{name}.announces[{index}].to", f"session of {name}", session, sessions)
    for index, vpn in enumerate(shape.vpn_connections):
        where = f"vpn_connections[{index}]"
        yield from _unknown(f"{where}.gateway", "VPN gateway", vpn.gateway, shape.vpn_gateways)
        yield from _unknown(
            f"{where}.remote", "router or VPN gateway", vpn.remote, {*shape.routers, *shape.vpn_gateways}
        )
    for index, session in enumerate(shape.bgp_sessions):
        speakers = {*shape.routers, *shape.route_servers}
        yield from _unknown(f"bgp_sessions[{index}].a", "router or Route Server", session.a, speakers)
        yield from _unknown(f"bgp_sessions[{index}].b", "router or Route Server", session.b, speakers)
        if session.a in shape.route_servers and session.b in shape.route_servers:
            why, remedy = "A Route Server peers with appliances only", "put a router between them"
            yield Problem(f"bgp_sessions[{index}]", "both ends are Route Servers", why, remedy, "session-ends")
        for end in (session.a, session.b):
            if end in shape.routers and shape.routers[end].asn is None:
                why, remedy = "BGP needs an AS number", f"give routers.{end} an asn"
                yield Problem(f"bgp_sessions[{index}]", f"router {end} has no asn", why, remedy, "router-without-asn")


def _place(shape: TopologyShape, where: str, vnet: str, subnet: str | None) -> Iterator[Problem]:
    yield from _unknown(f"{where}.vnet", "VNet", vnet, shape.vnets)
    if subnet is not None and vnet in shape.vnets:
        yield from _unknown(f"{where}.subnet", f"subnet of {vnet}", subnet, shape.vnets[vnet].subnets)


def _sessions(shape: TopologyShape, router: str) -> Iterator[str]:
    for name, circuit in shape.circuits.items():
        yield from (f"{name}/{key}" for key, path in circuit.paths.items() if path.router == router)
    yield from (item.name for item in shape.vpn_connections if item.remote == router)
    yield from (item.name for item in shape.bgp_sessions if router in {item.a, item.b})


def _names(shape: TopologyShape) -> Iterator[Problem]:
    """Names that stand twice, where a name says which thing is meant."""
    speakers = (*shape.vpn_gateways, *shape.er_gateways, *shape.route_servers, *shape.routers)
    sessions = (*(item.name for item in shape.vpn_connections), *(item.name for item in shape.bgp_sessions))
    for where, names in (
        ("gateways, Route Servers and routers", speakers),
        ("vpn_connections and bgp_sessions", sessions),
        ("er_connections", tuple(item.name for item in shape.er_connections)),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            why, remedy = "References by name would be ambiguous", "rename one of them"
            yield Problem(where, f"the name {name!r} stands twice", why, remedy, "duplicate-name")
    pairs = [(item.vnet, item.remote) for item in shape.peerings]
    for vnet, remote in sorted({pair for pair in pairs if pairs.count(pair) > 1}):
        why, remedy = "Each direction of a peering is one entry", "remove one"
        yield Problem("peerings", f"{vnet} to {remote} stands twice", why, remedy, "duplicate-name")


def _instances(shape: TopologyShape) -> Iterator[Problem]:
    counts = {
        name: len(gateway.instances) if gateway.instances else 1 + gateway.active_active
        for name, gateway in shape.vpn_gateways.items()
    }
    for name, gateway in shape.vpn_gateways.items():
        if counts[name] != 1 + gateway.active_active:
            where = f"vpn_gateways.{name}.instances"
            why = "An active-active gateway has two instances, an active-standby gateway shows one"
            remedy = f"set active_active to {str(counts[name] == 2).lower()}, or list {1 + gateway.active_active}"
            yield Problem(where, f"{counts[name]} instances", why, remedy, "instances")
    for index, vpn in enumerate(shape.vpn_connections):
        for key, gateway, chosen in (
            ("instances", vpn.gateway, vpn.instances),
            ("remote_instances", vpn.remote, vpn.remote_instances),
        ):
            for number in chosen or ():
                if gateway in counts and not 0 <= number < counts[gateway]:
                    where, what = f"vpn_connections[{index}].{key}", f"{gateway} has no instance {number}"
                    remedy = f"use indexes below {counts[gateway]}"
                    yield Problem(where, what, "Instances are counted from 0", remedy, "instances")


def _subnets(vnet: VNet) -> Iterator[Problem]:
    where = f"vnets.{vnet.name}"
    for subnet in vnet.subnets:
        space = [prefix for prefix in vnet.prefixes if prefix.version == 4]
        if not any(subnet.prefix.subnet_of(prefix) for prefix in space):  # type: ignore[arg-type]
            what = f"{subnet.prefix} is outside the address space of {vnet.name}"
            why = "A subnet lies in one prefix of its VNet"
            remedy = f"choose one in {', '.join(map(str, space))}"
            yield Problem(f"{where}.subnets.{subnet.name}.prefix", what, why, remedy, "subnet-outside-vnet")
        if subnet.name in {GATEWAY_SUBNET, ROUTE_SERVER_SUBNET} and subnet.prefix.prefixlen > 29:
            why, remedy = "Azure needs room for two instances there", "use a /27 or larger"
            yield Problem(f"{where}.subnets.{subnet.name}.prefix", f"{subnet.prefix} is too small", why, remedy, "size")
    for first, second in combinations(vnet.subnets, 2):
        if first.prefix.overlaps(second.prefix):
            what = f"{second.prefix} overlaps subnet {first.name}, {first.prefix}"
            why, remedy = "Subnets of a VNet do not overlap", "choose another prefix"
            yield Problem(f"{where}.subnets.{second.name}.prefix", what, why, remedy, "overlap")
    for first, second in combinations(vnet.prefixes, 2):
        if first.version == second.version and first.overlaps(second):
            what, why = f"{first} and {second} overlap", "Prefixes of a VNet do not overlap"
            yield Problem(f"{where}.prefixes", what, why, "remove or change one", "overlap")


def _peered_space(topology: Topology) -> Iterator[Problem]:
    vnets = {vnet.name: vnet for vnet in topology.vnets}
    for peering in topology.peerings:
        if peering.vnet not in vnets or peering.remote not in vnets or peering.vnet > peering.remote:
            continue
        for first in vnets[peering.vnet].prefixes:
            for second in vnets[peering.remote].prefixes:
                if first.version == second.version and first.overlaps(second):
                    what = f"{peering.vnet} {first} and {peering.remote} {second} overlap"
                    why = "Peered VNets have different address spaces"
                    yield Problem("peerings", what, why, "change one of them, or remove the peering", "overlap")
