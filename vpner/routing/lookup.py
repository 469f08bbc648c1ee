"""Longest-prefix lookups: in effective routes and in a device's own routes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.routing.solution import BgpRoute, EffectiveRoute, RouteState
from vpner.topology import Address, Prefix, Router, Topology


def effective_lookup(rows: Iterable[EffectiveRoute], address: IPv4Address) -> EffectiveRoute | None:
    """The active route with the longest prefix (longest-prefix-match)."""
    covering = [
        row
        for row in rows
        if row.state is RouteState.ACTIVE and isinstance(row.prefix, IPv4Network) and address in row.prefix
    ]
    return max(covering, key=lambda row: row.prefix.prefixlen, default=None)


@dataclass(frozen=True, slots=True)
class DeviceRoute:
    """The route that a device uses: its next hop, and the session that brought it (empty: connected or static)."""

    prefix: Prefix
    next_hops: tuple[Address | None, ...]
    connection: str
    peers: tuple[str, ...] = ()


def device_lookup(
    topology: Topology, router: Router, table: Iterable[BgpRoute], target: Address, within: IPv4Network
) -> DeviceRoute | None:
    """What a device does with packets to an address, of which at least ``within`` is known.

    Longest prefix first; then connected, static and BGP routes in this order (device-administrative-distance).
    """
    found: list[tuple[int, int, DeviceRoute]] = []

    def add(
        distance: int, prefix: Prefix, hops: tuple[Address | None, ...], connection: str, peers: tuple[str, ...]
    ) -> None:
        if isinstance(prefix, IPv4Network) and within.subnet_of(prefix):
            found.append((-prefix.prefixlen, distance, DeviceRoute(prefix, hops, connection, peers)))

    vnets = {vnet.name: vnet for vnet in topology.vnets}
    for nic in router.nics:
        subnet = vnets[nic.vnet].subnet(nic.subnet) if nic.subnet else None
        if subnet is not None:
            add(0, subnet.prefix, (None,), "", ())
    for static in router.statics:
        if static.prefix == target:
            return DeviceRoute(within, (static.next_hop,), "", ())
        if not isinstance(static.prefix, IPv4Network):
            continue
        add(1, static.prefix, (static.next_hop,), "", ())
    best: dict[Prefix, list[BgpRoute]] = {}
    for row in table:
        if row.peer and isinstance(row.prefix, IPv4Network) and within.subnet_of(row.prefix):
            best.setdefault(row.prefix, []).append(row)
    for prefix, rows in best.items():
        chosen = next((row for row in rows if row.selected), None)
        if chosen is None:  # its own network, which it holds itself
            continue
        alike = [row for row in rows if row.selected or _equal(row, chosen)]
        hops, peers = tuple(row.next_hop for row in alike), tuple(row.peer for row in alike)
        add(2, prefix, hops, chosen.connection, peers)
    return min(found, key=lambda item: item[:2])[2] if found else None


def _equal(row: BgpRoute, chosen: BgpRoute) -> bool:
    return row.as_path == chosen.as_path and row.origin == chosen.origin and row.decided_by.startswith("tie-")
