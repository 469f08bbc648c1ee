"""A hundred networks that are as predicted: no difference is reported where there is none.

Each is the reference lab with some things done in another way, drawn from a seed: once on the network that is written
by hand, once on the simulated Azure. The two ways know nothing of each other.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.compare.asking import compared
from tests.readers.stacks import example
from tests.simulator.rest.deployed import Deployed
from vpner.topology import (
    Filter,
    NextHopType,
    Peering,
    Preference,
    RouteTable,
    Topology,
    UserRoute,
    VNet,
)

LAB = example("reference-lab")
LOCATION = {"location": "southcentralus"}
RUNS = 100

Variation = Callable[[random.Random, Deployed, Topology], Topology]
"""Does a thing on the deployment, and returns the network in which it is done."""


def preference(draw: random.Random, lab: Deployed, network: Topology) -> Topology:
    chosen = draw.choice(list(Preference))
    lab.change("virtualHubs/az-hub-rs", hubRoutingPreference=chosen.value)
    return replace(network, route_servers=tuple(replace(item, preference=chosen) for item in network.route_servers))


def branch_to_branch(_: random.Random, lab: Deployed, network: Topology) -> Topology:
    lab.change("virtualHubs/az-hub-rs", allowBranchToBranchTraffic=False)
    return replace(
        network, route_servers=tuple(replace(item, branch_to_branch=False) for item in network.route_servers)
    )


def spoke(draw: random.Random, lab: Deployed, network: Topology) -> Topology:
    """One more spoke, with or without the hub's gateways."""
    prefix, transit = f"10.{draw.randrange(1, 90)}.{draw.randrange(256)}.0/24", draw.random() < 0.7
    lab.azure.put(lab.id("virtualNetworks/spoke"), {**LOCATION, "addressSpace": {"addressPrefixes": [prefix]}})
    for owner, remote, flags in (
        ("az-hub-vnet", "spoke", {"allowGatewayTransit": transit}),
        ("spoke", "az-hub-vnet", {"useRemoteGateways": transit}),
    ):
        body = {"remoteVirtualNetwork": {"id": lab.id(f"virtualNetworks/{remote}")}, **flags}
        lab.azure.put(lab.id(f"virtualNetworks/{owner}/virtualNetworkPeerings/to-{remote}"), body)
    peerings = (
        Peering("az-hub-vnet", "spoke", allow_gateway_transit=transit, allow_forwarded_traffic=False),
        Peering("spoke", "az-hub-vnet", use_remote_gateways=transit, allow_forwarded_traffic=False),
    )
    vnet = VNet("spoke", (IPv4Network(prefix),), region=LOCATION["location"])
    return replace(network, vnets=(*network.vnets, vnet), peerings=(*network.peerings, *peerings))


def user_routes(draw: random.Random, lab: Deployed, network: Topology) -> Topology:
    """A route table in a spoke."""
    name, propagate = draw.choice(["az-spk1-vnet", "az-spk2-vnet"]), draw.random() < 0.5
    prefix = draw.choice(["10.100.0.0/24", "10.100.0.0/16", "0.0.0.0/0", "10.0.0.0/8"])
    route = {"name": "r", "addressPrefix": prefix, "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.20"}
    table = lab.id("routeTables/more")
    lab.azure.put(table, {**LOCATION, "disableBgpRoutePropagation": not propagate, "routes": [route]})
    lab.change(f"virtualNetworks/{name}/subnets/subnet1", routeTable={"id": table})
    routes = (UserRoute(IPv4Network(prefix), NextHopType.VIRTUAL_APPLIANCE, IPv4Address("10.0.0.20")),)
    vnets = tuple(
        replace(vnet, subnets=tuple(replace(item, route_table="more") for item in vnet.subnets))
        if vnet.name == name
        else vnet
        for vnet in network.vnets
    )
    tables = (*network.route_tables, RouteTable("more", routes, propagate))
    return replace(network, vnets=vnets, route_tables=tables)


def announcements(draw: random.Random, lab: Deployed, network: Topology) -> Topology:
    """The device announces something else, and prepends."""
    prefixes = draw.sample(["10.0.0.0/8", "10.100.0.0/24", "10.200.0.0/16", "172.20.0.0/16"], draw.randrange(1, 5))
    prepend = draw.randrange(4)
    outputs = lab.registered("device")
    lab.register({**outputs, "device": {**outputs["device"], "advertises": prefixes, "prepend": prepend}})
    networks = tuple(IPv4Network(prefix) for prefix in prefixes)
    routers = tuple(
        replace(item, networks=networks) if item.name == "branch-opnnva" else item for item in network.routers
    )
    imports = Filter(prepend=(65510,) * prepend)
    connections = tuple(replace(item, imports=imports) for item in network.vpn_connections)
    return replace(network, routers=routers, vpn_connections=connections)


def provider_networks(draw: random.Random, lab: Deployed, network: Topology) -> Topology:
    """The provider's router announces networks of its own."""
    prefixes = draw.sample(["10.77.0.0/16", "10.100.0.0/25", "192.168.4.0/22"], 2)
    outputs = lab.registered("routers")
    lab.register({**outputs, "routers": [{**outputs["routers"][0], "networks": prefixes}]})
    networks = tuple(IPv4Network(prefix) for prefix in prefixes)
    routers = tuple(
        replace(item, networks=networks) if item.name == "provider-mcr" else item for item in network.routers
    )
    return replace(network, routers=routers)


def hub_gateway(draw: random.Random, lab: Deployed, network: Topology) -> Topology:
    """An ExpressRoute gateway that refuses other virtual networks behind circuits."""
    name = draw.choice(["az-hub-ergw", "branch-ergw"])
    lab.change(f"virtualNetworkGateways/{name}", allowRemoteVnetTraffic=False)
    gateways = tuple(
        replace(item, allow_remote_vnet_traffic=False) if item.name == name else item for item in network.er_gateways
    )
    return replace(network, er_gateways=gateways)


def no_tunnel(_: random.Random, lab: Deployed, network: Topology) -> Topology:
    lab.azure.delete(lab.id("connections/az-hub-to-branch-opnnva-conn"))
    return replace(network, vpn_connections=())


def no_circuit(draw: random.Random, lab: Deployed, network: Topology) -> Topology:
    """A gateway that is not connected to its circuit."""
    name = draw.choice([item.name for item in network.er_connections])
    lab.azure.delete(lab.id(f"connections/{name}"))
    return replace(network, er_connections=tuple(item for item in network.er_connections if item.name != name))


VARIATIONS: tuple[Variation, ...] = (
    preference,
    branch_to_branch,
    spoke,
    user_routes,
    announcements,
    provider_networks,
    hub_gateway,
    no_tunnel,
    no_circuit,
)


@pytest.mark.parametrize("seed", range(RUNS))
def test_what_is_as_predicted_is_equal(lab: Deployed, seed: int) -> None:
    draw = random.Random(seed)
    network = LAB
    for vary in VARIATIONS:  # in one order: what comes later may replace what came before
        if draw.random() < 0.3:
            network = vary(draw, lab, network)
    found = compared(lab, network)
    assert [*map(str, found.differences), *found.unclear] == []
    assert found.tables >= 14
