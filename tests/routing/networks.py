"""Small networks for tests of single rules, and short ways to read their tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vpner.readers.case import Case, read_case
from vpner.routing.solution import EffectiveRoute, Solution, Tables
from vpner.topology import Topology

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))


LATER = sorted((Path(__file__).parent.parent / "cases" / "later").glob("*.yaml"))
"""Networks that were transcribed after the model was written."""


def case_named(name: str) -> Case:
    """A published case by its file's stem."""
    path = next(path for path in CASES if path.stem == name)
    return read_case(path.read_text(encoding="utf-8"), path.name)


def network(text: str) -> Topology:
    return read_case(text).topology


def active(tables: Tables | Solution, vnet: str, subnet: str) -> dict[str, list[str]]:
    """Next hops of the active gateway routes of a subnet, by prefix."""
    found = tables.tables if isinstance(tables, Solution) else tables
    return {
        str(row.prefix): [str(hop) for hop in row.next_hops]
        for row in found.effective[vnet, subnet]
        if row.source == "VirtualNetworkGateway" and row.state == "Active"
    }


def row_of(rows: Sequence[EffectiveRoute], prefix: str, source: str) -> EffectiveRoute:
    return next(row for row in rows if str(row.prefix) == prefix and row.source == source)


HUB = """
vnets:
  hub:
    prefixes: [10.0.0.0/24]
    subnets:
      vm: {prefix: 10.0.0.0/27}
      GatewaySubnet: {prefix: 10.0.0.32/27}
      RouteServerSubnet: {prefix: 10.0.0.64/26}
  spoke: {prefixes: [10.0.1.0/24], subnets: {vm: {prefix: 10.0.1.0/27}}}
  other: {prefixes: [10.0.2.0/24], subnets: {vm: {prefix: 10.0.2.0/27}}}
peerings:
  - {vnet: hub, remote: spoke, allow_gateway_transit: true}
  - {vnet: spoke, remote: hub, use_remote_gateways: true}
  - {vnet: hub, remote: other}
  - {vnet: other, remote: hub}
"""
"""A hub, a spoke that uses its gateways and a peer that does not."""

ER = """
er_gateways: {er: {vnet: hub, instances: [10.0.0.44, 10.0.0.45]}}
circuits:
  c1:
    paths:
      primary: {msee: 192.0.2.1, router: provider, msee_peer_ip: 172.16.0.2, router_peer_ip: 172.16.0.1}
      secondary: {msee: 192.0.2.2, router: provider, msee_peer_ip: 172.16.0.6, router_peer_ip: 172.16.0.5}
er_connections: [{name: er-c1, gateway: er, circuit: c1}]
"""
"""An ExpressRoute gateway in the hub, a circuit and a provider's router that the network must add."""

VPN = """
vpn_gateways:
  vpn: {vnet: hub, active_active: true, instances: [{bgp: 10.0.0.46}, {bgp: 10.0.0.47}]}
vpn_connections: [{name: site, gateway: vpn, remote: device, remote_ip: 192.168.9.9}]
"""
"""An active-active VPN gateway in the hub with a BGP connection to a device that the network must add."""


def server(branch_to_branch: bool, preference: str = "ExpressRoute") -> str:
    flag = str(branch_to_branch).lower()
    settings = f"instances: [10.0.0.68, 10.0.0.69], branch_to_branch: {flag}, preference: {preference}"
    return f"route_servers: {{rs: {{vnet: hub, {settings}}}}}\n"


def routers(**asn_and_networks: tuple[int, Sequence[str]]) -> str:
    lines = [
        f"  {name}: {{asn: {asn}, networks: [{', '.join(nets)}]}}" for name, (asn, nets) in asn_and_networks.items()
    ]
    return "\n".join(["routers:", *lines, ""])
