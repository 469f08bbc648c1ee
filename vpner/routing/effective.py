"""Effective routes of subnets: what gateways and Route Server program, system routes and user-defined routes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network

from vpner.routing.bgp import Kind, Origin, Path, PrefixSet, Role, tie_key
from vpner.routing.converge import Settled
from vpner.routing.fabric import Fabric, transit_peers
from vpner.routing.solution import BgpRoute, EffectiveRoute, RouteState, Source
from vpner.routing.steps import Steps, deciding, equals, is_expressroute, rank, steps_of
from vpner.topology import (
    ANYWHERE,
    Address,
    NextHopType,
    Peering,
    Prefix,
    RouteTable,
    State,
    Symbol,
    Topology,
    VNet,
    prefix_key,
)

LINK_LOCAL = IPv4Network("169.254.0.0/16")
DEFAULT_ROUTES: tuple[Prefix, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
DROPPED = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
"""Prefixes that Azure drops where nothing else covers them (system-drops-private-space)."""


Key = tuple[int, ...] | tuple[int, int, int, str]
"""Sorts rows by prefix."""
Keyed = tuple[Key, EffectiveRoute]


@dataclass(frozen=True, slots=True)
class Programmed:
    """Next hops that a VNet's gateways or Route Server give to its NICs for a prefix, and the paths that lost."""

    next_hops: tuple[Address, ...]
    decided_by: str
    losers: tuple[tuple[Path, str], ...]
    """With the name of the speaker that holds it."""


def program(fabric: Fabric, settled: Settled, vnet: str) -> Programmed | None:
    """What NICs get for one prefix. Route Server programs if there is one, else the ExpressRoute gateway, else VPN."""
    if fabric.in_vnet(Role.ROUTE_SERVER, vnet):  # route-server-programs-nics
        return _from_pool(fabric, settled, fabric.in_vnet(Role.ROUTE_SERVER, vnet))
    if fabric.in_vnet(Role.ER_GATEWAY, vnet):  # er-gateway-programs-nics
        return _from_pool(fabric, settled, fabric.in_vnet(Role.ER_GATEWAY, vnet))
    return _from_vpn(fabric, settled, fabric.in_vnet(Role.VPN_GATEWAY, vnet))


def _from_pool(fabric: Fabric, settled: Settled, holders: Sequence[int]) -> Programmed | None:
    """All equally good paths of the instances together (multipath)."""
    steps = steps_of(fabric, holders[0])
    held = [(path, holder) for holder in holders for path in settled.held[holder]]
    owners = {id(path): fabric.speakers[holder].name for path, holder in held}
    ranked = rank(steps, [path for path, _ in held])
    if not ranked or ranked[0].session < 0:
        return None
    winners = equals(steps, ranked)
    losers = [path for path in ranked if path not in winners]
    if fabric.speakers[holders[0]].role is Role.ROUTE_SERVER:
        winners = _vpn_multipath(fabric, winners)
        _note_rivals(fabric, steps, ranked)
    fact = deciding(steps, winners[0], losers[0]) if losers else "only-route"
    return Programmed(_unique(winners), fact, tuple((path, owners[id(path)]) for path in losers))


def _note_rivals(fabric: Fabric, steps: Steps, ranked: Sequence[Path]) -> None:
    """ExpressRoute and something else know the prefix: note the switches that decide between them."""
    lengths: dict[bool, int] = {}
    for path in ranked:
        expressroute = is_expressroute(fabric, path)
        lengths[expressroute] = min(len(path.as_path), lengths.get(expressroute, len(path.as_path)))
    if len(lengths) < 2:
        return
    if lengths[True] == lengths[False] and steps[1].fact == "shortest-as-path":
        fabric.depends("as_path_tie_prefers_er")
    if lengths[False] < lengths[True]:  # an ExpressRoute gateway that heard of it might prefer it
        fabric.depends("er_gateway_weight_first")


def _vpn_multipath(fabric: Fabric, winners: list[Path]) -> list[Path]:
    def from_vpn(path: Path) -> bool:
        sender = fabric.sender(path)
        return sender is not None and sender.role is Role.VPN_GATEWAY

    vpn = [path for path in winners if from_vpn(path)]
    if len(_unique(vpn)) > 1 and not fabric.depends("vpn_multipath_with_route_server"):
        return [path for path in winners if not from_vpn(path) or path.next_hop == vpn[0].next_hop]
    return winners


def _unique(paths: Sequence[Path]) -> tuple[Address, ...]:
    hops = {path.next_hop for path in paths if path.next_hop is not None}
    return tuple(sorted(hops, key=tie_key))


def _from_vpn(fabric: Fabric, settled: Settled, instances: Sequence[int]) -> Programmed | None:
    """vpn-gateway-programs-itself: every instance that has a route is a next hop."""
    hops: list[Address] = []
    losers: list[tuple[Path, str]] = []
    fact = "only-route"
    for index in instances:
        held = settled.held[index]
        if not held or held[0].kind is Kind.VNET:
            continue
        from_sibling = held[0].origin is Origin.IBGP
        if from_sibling and not fabric.depends("vpn_sibling_is_next_hop"):
            continue
        speaker = fabric.speakers[index]
        gateway = fabric.gateways[speaker.owner]
        instance = gateway.instances[int(speaker.member)]
        public = instance.public or Symbol(gateway.name, f"instances[{speaker.member}].public", ANYWHERE)
        hops.append(instance.bgp if gateway.active_active else public)  # active-standby-shows-public-address
        losers += [(path, speaker.name) for path in held[1:]]
        if len(held) > 1:
            fact = deciding(steps_of(fabric, index), held[0], held[1])
    return Programmed(tuple(sorted(set(hops), key=tie_key)), fact, tuple(losers)) if hops else None


def hubs(topology: Topology) -> dict[str, str]:
    """By VNet, the one whose gateways it uses: itself, or a peer that lends its own."""
    owners = {item.vnet for item in (*topology.vpn_gateways, *topology.er_gateways, *topology.route_servers)}
    found = {vnet: vnet for vnet in owners}
    for hub in sorted(owners):
        for vnet in transit_peers(topology, hub):
            found.setdefault(vnet, hub)
    return found


def connected_peerings(topology: Topology) -> Iterator[Peering]:
    """Peerings that are up in both directions (peering-needs-both-directions)."""
    up = {(item.vnet, item.remote) for item in topology.peerings if item.state is State.UP}
    for item in topology.peerings:
        if (item.vnet, item.remote) in up and (item.remote, item.vnet) in up:
            yield item


def system_routes(topology: Topology) -> dict[str, list[EffectiveRoute]]:
    """By VNet, its routes to itself and to its peers."""
    spaces = {item.name: item.prefixes for item in topology.vnets}
    found = {name: [_system(prefix, NextHopType.VNET_LOCAL) for prefix in space] for name, space in spaces.items()}
    for peering in connected_peerings(topology):
        kind = NextHopType.VNET_GLOBAL_PEERING if peering.is_global else NextHopType.VNET_PEERING
        found[peering.vnet] += [_system(prefix, kind) for prefix in spaces[peering.remote]]
    return found


def _system(prefix: Prefix, kind: NextHopType, beaten: tuple[EffectiveRoute, ...] = ()) -> EffectiveRoute:
    return EffectiveRoute(prefix, kind, (), Source.DEFAULT, RouteState.ACTIVE, "system-route", beaten)


def gateway_route(prefix: Prefix, programmed: Programmed, beaten: tuple[BgpRoute, ...]) -> EffectiveRoute:
    return EffectiveRoute(
        prefix,
        NextHopType.VIRTUAL_NETWORK_GATEWAY,
        programmed.next_hops,
        Source.VIRTUAL_NETWORK_GATEWAY,
        RouteState.ACTIVE,
        programmed.decided_by,
        beaten,
    )


class Learned:
    """What the gateways of a hub program, sorted once for all the VNets that use them."""

    def __init__(self, rows: Iterable[EffectiveRoute]) -> None:
        kept = (row for row in rows if not _link_local(row.prefix))  # nic-no-link-local
        self._rows = sorted(((_row_key(row), row) for row in kept), key=_first)
        self._prefixes = {row.prefix for _, row in self._rows}

    def outside(self, prefixes: Iterable[Prefix]) -> list[Keyed]:
        """Those that no prefix covers, with their keys, sorted."""
        left, end = list[Keyed](), 0
        for prefix in sorted(set(prefixes), key=prefix_key):
            first = prefix.version, int(prefix.network_address), prefix.prefixlen
            last = prefix.version, int(prefix.broadcast_address) + 1
            left += self._rows[end : max(end, bisect_left(self._rows, first, lo=end, key=_first))]
            end = max(end, bisect_left(self._rows, last, lo=end, key=_first))
        return left + self._rows[end:]

    def __contains__(self, prefix: Prefix) -> bool:
        return prefix in self._prefixes


def effective_routes(
    vnet: VNet, system: Sequence[EffectiveRoute], table: RouteTable | None, learned: Learned
) -> tuple[EffectiveRoute, ...]:
    """Effective routes of a subnet with a route table. ``learned`` is what gateways program in its VNet."""
    local = PrefixSet(row.prefix for row in system)
    if table is not None and not table.propagate_gateway_routes:  # propagation-off-removes-gateway-routes
        learned = Learned(())
    gateway = learned.outside(row.prefix for row in system)  # nic-system-routes-beat-bgp
    user = [_user(route.prefix, route.next_hop_type, route.next_hop) for route in (table.routes if table else ())]
    by_user = {row.prefix for row in user}
    by_gateway = {prefix for prefix in (*DEFAULT_ROUTES, *DROPPED) if prefix in learned and not local.covers(prefix)}
    others = [*system, *_defaults(vnet, by_user, by_gateway, {row.prefix for row in system})]
    rows = [*gateway, *((_row_key(row), row) for row in others)]
    if user:
        rows = list(_with_user_routes(rows, user))
    return tuple(row for _, row in sorted(rows, key=_first))


def _with_user_routes(rows: Iterable[Keyed], user: Iterable[EffectiveRoute]) -> Iterator[Keyed]:
    """User-defined routes, and the others, of which those for the same prefix lose (udr-over-bgp-over-system)."""
    lost: dict[Prefix, list[EffectiveRoute]] = {row.prefix: [] for row in user}
    for key, row in rows:
        if row.prefix in lost:
            loser = replace(row, state=RouteState.INVALID)
            lost[row.prefix].append(loser)
            yield key, loser
        else:
            yield key, row
    for row in user:
        beaten = tuple(lost[row.prefix])
        yield _row_key(row), replace(row, beaten=beaten, decided_by="udr-over-bgp-over-system") if beaten else row


def _user(prefix: Prefix, kind: NextHopType, next_hop: Address | IPv6Address | None) -> EffectiveRoute:
    hops = () if next_hop is None else (next_hop,)
    return EffectiveRoute(prefix, kind, hops, Source.USER, RouteState.ACTIVE, "only-route")


def _defaults(vnet: VNet, user: set[Prefix], gateway: set[Prefix], system: set[Prefix]) -> Iterator[EffectiveRoute]:
    """Default routes to the Internet, and the private space that is dropped."""
    versions = {prefix.version for prefix in vnet.prefixes} | {4}
    for prefix in DEFAULT_ROUTES:
        if prefix.version in versions and prefix not in gateway and prefix not in system:
            yield _system(prefix, NextHopType.INTERNET)
    if not {*user, *gateway} & set(DEFAULT_ROUTES[:1]):  # default-route-removes-dropped-space
        for prefix in DROPPED:
            if prefix not in user and prefix not in gateway and prefix not in system:
                yield _system(prefix, NextHopType.NONE)


def _link_local(prefix: Prefix) -> bool:
    return isinstance(prefix, IPv4Network) and prefix.subnet_of(LINK_LOCAL)


def _row_key(row: EffectiveRoute) -> Key:
    return row.prefix.version, int(row.prefix.network_address), row.prefix.prefixlen, row.source


def _first(keyed: Keyed) -> Key:
    return keyed[0]
