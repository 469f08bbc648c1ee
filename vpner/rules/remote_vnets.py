"""Rules on tunnels between two virtual networks, each with an ExpressRoute gateway."""

from __future__ import annotations

from collections.abc import Iterator

from vpner.readers.resources import UNKNOWN
from vpner.rules.network import Network
from vpner.rules.reach import holds
from vpner.rules.registry import DECLARED, MODEL, Edit, Example, Severity, Verdict, passed, rule, violation
from vpner.topology import Topology, Underlay

_BRANCH = (
    Edit(DECLARED, "topology.vnets", {"branch": {"prefixes": ["10.200.0.0/24"], "subnets": {}}}),
    Edit(DECLARED, "topology.er_gateways", {"branch-ergw": {"vnet": "branch"}}),
)
"""The device is in a VNet with an ExpressRoute gateway of its own."""


@rule(
    "remote-vnet-traffic",
    Severity.HIGH,
    needs=(MODEL,),
    facts=("Learn: About ExpressRoute virtual network gateways, 2026-09-05",),
    why="An ExpressRoute gateway drops the prefixes that another VNet's gateway originates unless "
    "allowRemoteVnetTraffic is set, on both gateways; without it neither end of the tunnel reaches the other",
    remedy="set allowRemoteVnetTraffic: true on both ExpressRoute gateways",
    fails=(
        Example("the device is in a VNet, and the hub's gateway has not got the flag", _BRANCH),
        Example(
            "the gateway of the device's VNet has not got it",
            (
                *_BRANCH,
                Edit("er-gateway", "allowRemoteVnetTraffic", True),
                Edit(DECLARED, "topology.er_gateways.branch-ergw.allow_remote_vnet_traffic", False),
            ),
        ),
    ),
    passes=(
        Example("the device is on premises"),
        Example("both gateways have the flag", (*_BRANCH, Edit("er-gateway", "allowRemoteVnetTraffic", True))),
    ),
    unknown=(Example("the hub's flag is unknown", (*_BRANCH, Edit("er-gateway", "allowRemoteVnetTraffic", UNKNOWN))),),
)
def remote_vnet_traffic(network: Network) -> Iterator[Verdict]:
    """Both ExpressRoute gateways let remote VNets' traffic through where a tunnel's far end is itself in a VNet.

    Absent is false, Azure's default for new gateways.
    """
    topology = network.topology
    if topology is None or not network.concerned:
        return
    concerned: dict[str, str] = {}
    for name, tunnel in _tunnels_by_er_gateway(topology):
        concerned[name] = concerned.get(name) or tunnel
    for gateway in topology.er_gateways:
        if gateway.name not in concerned:
            continue
        resource = network.named(gateway.name)
        if concerned[gateway.name] and not gateway.allow_remote_vnet_traffic:
            yield violation(
                resource,
                f"allowRemoteVnetTraffic is not set, and the tunnel {concerned[gateway.name]} joins two VNets",
                "set allowRemoteVnetTraffic: true on the gateway",
                "" if resource else f"er_gateways.{gateway.name}",
            )
        else:
            yield passed(resource)


def _tunnels_by_er_gateway(topology: Topology) -> Iterator[tuple[str, str]]:
    """Each ExpressRoute gateway of a tunnel's two ends with the tunnel's name; empty if the device is in no VNet."""
    homes = {gateway.name: gateway.vnet for gateway in topology.vpn_gateways}
    for connection in topology.vpn_connections:
        if connection.over is not Underlay.EXPRESSROUTE:
            continue
        near = homes.get(connection.gateway)
        far = [vnet.name for vnet in topology.vnets if vnet.name != near and holds(vnet, connection.remote_endpoint)]
        served = {
            peering.remote for peering in topology.peerings if peering.vnet in far and peering.use_remote_gateways
        }
        remote = [item.name for item in topology.er_gateways if item.vnet in {*far, *served} and item.vnet != near]
        for gateway in topology.er_gateways:
            if gateway.vnet == near or gateway.name in remote:
                yield gateway.name, connection.name if remote else ""
