"""What Azure does with routes that daemons have found: effective routes of subnets, as kernel routes of the fabrics.

No daemon does this, so it is imposed from the documentation (Learn: Virtual network traffic routing; About Azure Route
Server), from what FRR holds at that moment. Nothing of the routing model is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.emulation.control import Row, Table
from vpner.emulation.nodes import Attachment, WirePlan, peers_of
from vpner.emulation.speakers import Kind, Role, Speaker, preference_of
from vpner.topology import NextHopType, Preference, RouteTable, State, Topology, VNet

FIRST_TABLE = 1000
INTERNET = "internet"
ANYWHERE, LINK_LOCAL = IPv4Network("0.0.0.0/0"), IPv4Network("169.254.0.0/16")
DROPPED = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
"""Private space, which Azure drops where nothing covers it."""


@dataclass(frozen=True, slots=True)
class KernelRoute:
    """A route of a fabric. ``ways`` are ``via ADDRESS dev INTERFACE``; none: dropped."""

    table: int
    prefix: IPv4Network
    ways: tuple[str, ...]

    def __str__(self) -> str:
        if not self.ways:
            return f"blackhole {self.prefix} table {self.table}"
        if len(self.ways) == 1:
            return f"{self.prefix} table {self.table} {self.ways[0]}"
        return f"{self.prefix} table {self.table} " + " ".join(f"nexthop {way}" for way in self.ways)


def table_of(plan: WirePlan, vnet: str, subnet: str) -> int:
    """The number of the kernel's table with the routes of a subnet."""
    subnets = sorted({(item.vnet, item.subnet) for item in plan.attachments})
    return FIRST_TABLE + subnets.index((vnet, subnet))


@dataclass(frozen=True, slots=True)
class Effective:
    """An effective route. Local and peered prefixes, dropped ones and the Internet have no next hops."""

    type: NextHopType
    next_hops: tuple[IPv4Address, ...] = ()


def effective_routes(
    plan: WirePlan, tables: Mapping[str, Table], vnet: VNet, subnet: str
) -> Mapping[IPv4Network, Effective]:
    """Active effective routes of a subnet: user-defined over learned over system, system over what lies in it."""
    topology = plan.topology
    found = vnet.subnet(subnet)
    named = {table.name: table for table in topology.route_tables}
    table = named[found.route_table] if found is not None and found.route_table else RouteTable("")
    system = dict(_system(topology, vnet))
    learned = {prefix: item for prefix, item in _learned(plan, tables, vnet.name) if not _inside(prefix, system)}
    if not table.propagate_gateway_routes:
        learned = {}
    user = {
        route.prefix: Effective(
            route.next_hop_type, (route.next_hop,) if isinstance(route.next_hop, IPv4Address) else ()
        )
        for route in table.routes
        if isinstance(route.prefix, IPv4Network)
    }
    defaults = {ANYWHERE: Effective(NextHopType.INTERNET)}
    if ANYWHERE not in learned and ANYWHERE not in user:
        defaults |= dict.fromkeys(DROPPED, Effective(NextHopType.NONE))
    return {**defaults, **system, **learned, **user}


def _system(topology: Topology, vnet: VNet) -> Iterator[tuple[IPv4Network, Effective]]:
    for name in (vnet.name, *peers_of(topology, vnet.name)):
        kind = NextHopType.VNET_LOCAL if name == vnet.name else NextHopType.VNET_PEERING
        for item in topology.vnets:
            if item.name == name:
                yield from ((prefix, Effective(kind)) for prefix in item.prefixes if isinstance(prefix, IPv4Network))


def _inside(prefix: IPv4Network, system: Mapping[IPv4Network, Effective]) -> bool:
    return prefix.subnet_of(LINK_LOCAL) or any(prefix.subnet_of(local) for local in system)


def _learned(plan: WirePlan, tables: Mapping[str, Table], vnet: str) -> Iterator[tuple[IPv4Network, Effective]]:
    """What gateways or Route Server give: Route Server's choice, else the ExpressRoute gateway's, else the VPN's."""
    topology = plan.topology
    owners = {item.vnet for item in (*topology.vpn_gateways, *topology.er_gateways, *topology.route_servers)}
    lent = (
        item.remote
        for item in topology.peerings
        if item.vnet == vnet and item.use_remote_gateways and item.state is State.UP
        if any(p.vnet == item.remote and p.remote == vnet and p.allow_gateway_transit for p in topology.peerings)
    )
    hub = vnet if vnet in owners else next(lent, None)
    speakers = [item for item in plan.control.speakers.values() if item.vnet == hub]
    by_role = {role: [item for item in speakers if item.role is role] for role in _PROGRAMS}
    holders = next((found for found in by_role.values() if found), list[Speaker]())
    for prefix in sorted({row.prefix for holder in holders for row in tables.get(holder.name, ())}):
        hops = _hops(plan, tables, holders, prefix)
        if hops:
            yield prefix, Effective(NextHopType.VIRTUAL_NETWORK_GATEWAY, tuple(sorted(set(hops))))


_PROGRAMS = (Role.ROUTE_SERVER, Role.ER_GATEWAY, Role.VPN_GATEWAY)


def _hops(
    plan: WirePlan, tables: Mapping[str, Table], holders: list[Speaker], prefix: IPv4Network
) -> list[IPv4Address]:
    rows = [(row, holder) for holder in holders for row in tables.get(holder.name, ()) if row.prefix == prefix]
    if holders[0].role is Role.VPN_GATEWAY:  # every instance that has a route is a next hop
        return [
            holder.address
            for row, holder in rows
            if row.selected and holder.address is not None and not _of_vnet(holder, row)
        ]
    if any(not row.peer for row, _ in rows):
        return []
    best = min((_rank(plan, row, holder) for row, holder in rows), default=None)
    return [row.next_hop for row, holder in rows if row.next_hop and _rank(plan, row, holder) == best]


def _of_vnet(holder: Speaker, row: Row) -> bool:
    return not row.peer and any(prefix == row.prefix and kind is Kind.VNET for prefix, kind in holder.networks)


def _rank(plan: WirePlan, row: Row, holder: Speaker) -> tuple[int, ...]:
    """Lower is better. All equally good paths carry traffic (multipath)."""
    sender = plan.control.speakers[row.peer]
    if holder.role is Role.ER_GATEWAY:
        return -row.weight, len(row.as_path), sender.asn == holder.asn
    preference = preference_of(plan.topology, holder.owner)
    er, length = sender.role is Role.ER_GATEWAY, len(row.as_path)
    if preference is Preference.AS_PATH:
        return length, not er
    return er != (preference is Preference.EXPRESSROUTE), length


def program(plan: WirePlan, tables: Mapping[str, Table]) -> Mapping[str, frozenset[KernelRoute]]:
    """The routes of every fabric."""
    found: dict[str, set[KernelRoute]] = {fabric: set() for fabric in plan.fabrics.values()}
    for vnet in plan.topology.vnets:
        fabric = plan.fabrics[vnet.name]
        for name in sorted({item.subnet for item in plan.attachments if item.vnet == vnet.name}):
            effective = effective_routes(plan, tables, vnet, name)
            found[fabric] |= set(_kernel(plan, fabric, table_of(plan, vnet.name, name), effective))
    return {fabric: frozenset(routes) for fabric, routes in found.items()}


def _kernel(
    plan: WirePlan, fabric: str, number: int, effective: Mapping[IPv4Network, Effective]
) -> Iterator[KernelRoute]:
    here = [item for item in plan.attachments if item.fabric == fabric]
    owners = {address: item for item in here for address in item.addresses}
    for prefix, row in effective.items():
        if row.type is NextHopType.INTERNET:
            yield KernelRoute(number, prefix, (f"dev {INTERNET}",))
        else:  # a local prefix drops what no interface has
            yield KernelRoute(number, prefix, tuple(_via(hop, owners[hop]) for hop in row.next_hops if hop in owners))
    for address, item in owners.items():
        covering = [prefix for prefix in effective if address in prefix]
        longest = max(covering, key=lambda prefix: prefix.prefixlen, default=ANYWHERE)
        if effective[longest].type in _LOCAL and longest.prefixlen < 32:
            yield KernelRoute(number, IPv4Network(address), (_via(address, item),))


_LOCAL = {NextHopType.VNET_LOCAL, NextHopType.VNET_PEERING, NextHopType.VNET_GLOBAL_PEERING}


def _via(hop: IPv4Address, item: Attachment) -> str:
    return f"via {hop} dev w{item.wire}"
