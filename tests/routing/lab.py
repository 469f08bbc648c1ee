"""The reference lab with its tunnel, and what people get wrong in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from ipaddress import IPv4Network
from pathlib import Path

from vpner.readers.case import read_case
from vpner.topology import Filter, Mode, Preference, Router, Topology

EXAMPLES = Path(__file__).parents[2] / "examples"
TODAY = date(2026, 11, 25)

APPLIANCE, PROVIDER, CONNECTION = "branch-opnnva", "provider-mcr", "az-hub-to-branch-opnnva-conn"
SPOKE, BRANCH, ENDPOINT = "10.0.1.4", "10.100.0.100", "10.100.0.4"


def example(name: str) -> Topology:
    path = EXAMPLES / f"{name}.yaml"
    return read_case(path.read_text(encoding="utf-8"), path.name).topology


def lab(preference: Preference = Preference.VPN_GATEWAY, prepend: int = 0, mode: Mode = Mode.PREFERRED) -> Topology:
    """10.100.0.0/24 is known over ExpressRoute by 12076 65001 12076, and over VPN by 65510 and what is prepended."""
    topology = example("reference-lab")
    servers = tuple(replace(item, preference=preference) for item in topology.route_servers)
    prepended = Filter(prepend=(65510,) * prepend)
    connections = tuple(replace(item, imports=prepended) for item in topology.vpn_connections)
    intents = tuple(replace(item, mode=mode) for item in topology.intent)
    return replace(topology, route_servers=servers, vpn_connections=connections, intent=intents)


def change(topology: Topology, name: str, edit: Callable[[Router], Router]) -> Topology:
    """The topology with one router changed."""
    routers = tuple(edit(router) if router.name == name else router for router in topology.routers)
    return replace(topology, routers=routers)


def without_endpoint_route(topology: Topology) -> Topology:
    """The provider does not announce the tunnel endpoint's /32 over ExpressRoute."""
    return change(topology, PROVIDER, lambda router: replace(router, statics=()))


def without_tunnel_statics(topology: Topology) -> Topology:
    """The appliance has no routes of their own to the gateway's tunnel addresses."""
    kept = (IPv4Network("10.0.0.0/8"), IPv4Network("10.100.0.0/24"))
    return change(
        topology,
        APPLIANCE,
        lambda router: replace(router, statics=tuple(item for item in router.statics if item.prefix in kept)),
    )


def as_published(topology: Topology) -> Topology:
    """The appliance's configuration in the lab's repository: no static 10.100.0.0/24, so it is not announced."""
    missing = IPv4Network("10.100.0.0/24")
    return change(
        topology,
        APPLIANCE,
        lambda router: replace(
            router,
            networks=tuple(prefix for prefix in router.networks if prefix != missing),
            statics=tuple(item for item in router.statics if item.prefix != missing),
        ),
    )


def filtered_by_provider(topology: Topology) -> Topology:
    """Over ExpressRoute the hub hears of the endpoint only, and the branch of the hub but not of the spokes."""
    to_hub = Filter(permit=(IPv4Network(f"{ENDPOINT}/32"),))
    to_branch = Filter(permit=(IPv4Network("10.0.0.0/24"),))
    circuits = tuple(
        replace(
            circuit,
            paths=tuple(
                replace(path, from_router=to_hub if circuit.name == "azure-er-circuit" else to_branch)
                for path in circuit.paths
            ),
        )
        for circuit in topology.circuits
    )
    spokes = (IPv4Network("10.0.1.0/24"), IPv4Network("10.0.2.0/24"))
    return replace(topology, circuits=circuits, intent=tuple(replace(item, sources=spokes) for item in topology.intent))
