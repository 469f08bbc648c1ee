"""What one speaker tells another about a prefix: a path as the receiver holds it, or nothing.

Each pair of roles has a function; each rule in it names the fact (``facts.yaml``) that it comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vpner.routing.bgp import Held, Kind, Origin, Path, Role, Session, Speaker
from vpner.routing.fabric import Fabric
from vpner.routing.steps import Steps, equals, rank
from vpner.topology import Address, Prefix

PRIVATE_ASNS = (range(64512, 65535), range(4200000000, 4294967295))


@dataclass(frozen=True, slots=True)
class Offer:
    """A speaker's best path of a prefix, at one of its sessions."""

    fabric: Fabric
    session: Session
    prefix: Prefix
    best: Path
    held: Held
    steps: Steps

    @property
    def sender(self) -> Speaker:
        return self.fabric.speakers[self.session.sender]

    @property
    def receiver(self) -> Speaker:
        return self.fabric.speakers[self.session.receiver]

    @property
    def learned_from(self) -> Speaker | None:
        return self.fabric.sender(self.best)

    @property
    def returns(self) -> bool:
        """The path came from the speaker that it would go to."""
        return self.best.session >= 0 and self.session.reverse == self.best.session


def tell(offer: Offer) -> Path | None:
    """What the receiver holds after the sender has spoken. None: nothing, or it does not accept it."""
    path = speak(offer)
    return path if path is not None and _accepts(offer, path) else None


def speak(offer: Offer) -> Path | None:
    """What the sender says, as the receiver would hold it if it accepted everything."""
    return _SENDS[offer.sender.role, offer.receiver.role](offer)


def _external(offer: Offer, as_path: tuple[int, ...], next_hop: Address | None = None) -> Path | None:
    """Over an eBGP session, with the session's policy."""
    session = offer.session
    policy = session.policy
    if not _permitted(offer):
        return None
    if policy.as_override:
        as_path = tuple(offer.sender.asn if asn == offer.receiver.asn else asn for asn in as_path)
    as_path = (offer.sender.asn, *as_path)
    if policy.prepend and (policy.prepend_only is None or offer.prefix in policy.prepend_only):
        as_path = (*policy.prepend, *as_path)
    return Path(
        as_path,
        policy.next_hop or next_hop or session.sender_ip,
        Origin.EBGP,
        Kind.EXTERNAL,
        session.index,
        weight=session.weight,
        local_preference=100 if policy.local_preference is None else policy.local_preference,
        from_gateway=offer.best.from_gateway,
    )


def _internal(offer: Offer, next_hop: Address | None) -> Path | None:
    """Over an iBGP session: the AS path stays as it is."""
    if not _permitted(offer):
        return None
    return Path(
        offer.best.as_path,
        next_hop,
        Origin.IBGP,
        offer.best.kind,
        offer.session.index,
        weight=offer.session.weight,
        local_preference=offer.best.local_preference,
        med=offer.best.med,
        from_gateway=offer.best.from_gateway,
    )


def _permitted(offer: Offer) -> bool:
    policy = offer.session.policy
    return offer.prefix not in policy.deny and (policy.permit is None or offer.prefix in policy.permit)


# Routers and appliances


def _from_router(offer: Offer) -> Path | None:
    if offer.returns and not offer.session.policy.as_override:  # router-returns-nothing
        return None
    own = offer.best.session < 0
    if own and offer.best.next_hop is not None and offer.best.next_hop == offer.session.receiver_ip:
        return None  # router-static-not-to-its-next-hop
    if offer.sender.asn != offer.receiver.asn:
        return _external(offer, offer.best.as_path)
    if offer.best.origin is Origin.IBGP:  # ibgp-not-passed-on
        return None
    return _internal(offer, offer.session.sender_ip)


def announce(offer: Offer, as_path: tuple[int, ...], next_hop: Address | None, med: int) -> Path | None:
    """A path of which only the announcement is known, which is as it is received."""
    path = Path(
        as_path,
        next_hop or offer.session.sender_ip,
        Origin.EBGP,
        Kind.EXTERNAL,
        offer.session.index,
        offer.session.weight,
        med=med,
    )
    return path if _permitted(offer) and _accepts(offer, path) else None


# ExpressRoute


def _edge_to_gateway(offer: Offer) -> Path | None:
    fabric, gateway = offer.fabric, offer.receiver
    if offer.best.from_gateway == gateway.owner:  # edge-returns-nothing
        return None
    announced = any(path.session >= 0 and path.from_gateway == gateway.owner for path in offer.held.values())
    if announced and fabric.depends("edge_hides_announced_prefixes"):
        return None
    circuit = next(item for item in fabric.topology.circuits if item.name == offer.sender.owner)
    if circuit.advertises_only is not None and offer.prefix not in circuit.advertises_only:
        return None
    over_global_reach = offer.learned_from is not None and offer.learned_from.role is Role.MSEE
    # edge-replaces-gateway-asn: only where the path holds nothing else; global-reach-adds-two
    as_path = offer.best.as_path
    if set(as_path) == {gateway.asn}:
        as_path = (offer.sender.asn,) * len(as_path)
    return _external(offer, ((offer.sender.asn,) * 2 if over_global_reach else ()) + as_path)


def _edge_to_router(offer: Offer) -> Path | None:
    if offer.returns:  # edge-returns-nothing
        return None
    over_global_reach = offer.learned_from is not None and offer.learned_from.role is Role.MSEE
    as_path = _without_private(offer.fabric, offer.best.as_path)
    return _external(offer, ((offer.sender.asn,) * 2 if over_global_reach else ()) + as_path)


def _without_private(fabric: Fabric, as_path: tuple[int, ...]) -> tuple[int, ...]:
    """edge-strips-private-asns"""
    every = tuple(asn for asn in as_path if not _is_private(asn))
    leading = next((index for index, asn in enumerate(as_path) if not _is_private(asn)), len(as_path))
    if every == as_path[leading:] or fabric.depends("msee_strips_leading_private_asns"):
        return as_path[leading:]
    return every


def _is_private(asn: int) -> bool:
    return any(asn in block for block in PRIVATE_ASNS)


def _edge_to_edge(offer: Offer) -> Path | None:
    if offer.learned_from is not None and offer.learned_from.role is Role.MSEE:  # global-reach-not-transitive
        return None
    return _internal(offer, None)


def _er_to_edge(offer: Offer) -> Path | None:
    source = offer.learned_from
    # er-gateway-no-circuit-transit; gateways-not-transitive
    if source is not None and source.role is not Role.ROUTE_SERVER:
        return None
    path = _external(offer, offer.best.as_path)
    return None if path is None else replace(path, from_gateway=offer.sender.owner)


def _er_to_vpn(offer: Offer) -> Path | None:
    if offer.best.session >= 0:  # gateways-not-transitive
        return None
    same = offer.sender.asn == offer.receiver.asn
    return _internal(offer, offer.session.sender_ip) if same else _external(offer, ())


def _er_to_server(offer: Offer) -> Path | None:
    if offer.learned_from is None or offer.learned_from.role is not Role.MSEE:
        return None
    best = offer.best
    alike = equals(offer.steps, rank(offer.steps, offer.held.values()))
    if len(alike) > 1 and not offer.fabric.depends("er_instances_agree"):
        best = alike[int(offer.sender.member) % len(alike)]
    path = _internal(replace(offer, best=best), best.next_hop)  # route-server-reflects-unchanged
    if path is not None and offer.fabric.assumptions.route_server_sees_er_weight:
        path = replace(path, weight=best.weight)
    return path


# VPN gateways


def _to_vpn_peer(offer: Offer) -> Path | None:
    """From a VPN gateway to a device, or to another VPN gateway."""
    if offer.best.kind is Kind.PEER:  # vpn-host-routes-stay
        return None
    if offer.prefix.prefixlen == 0 and offer.best.origin is not Origin.NETWORK:  # vpn-default-not-advertised
        return None
    if offer.prefix in offer.fabric.withheld.get(offer.session.index, ()):  # vpn-static-not-returned
        return None
    return None if offer.returns else _external(offer, offer.best.as_path)


def _vpn_to_sibling(offer: Offer) -> Path | None:
    if offer.best.origin is Origin.IBGP or offer.best.kind is Kind.VNET:  # ibgp-not-passed-on
        return None
    return _internal(offer, offer.session.sender_ip)


def _vpn_to_vnet(offer: Offer) -> Path | None:
    """From a VPN gateway to the ExpressRoute gateway or Route Server of its VNet."""
    if offer.best.kind in {Kind.VNET, Kind.PEER, Kind.LISTED_PEER} or offer.returns:  # vpn-host-routes-stay
        return None
    if offer.sender.asn != offer.receiver.asn:
        return _external(offer, offer.best.as_path)
    return None if offer.best.origin is Origin.IBGP else _internal(offer, offer.session.sender_ip)  # ibgp-not-passed-on


def _vpn_to_vpn(offer: Offer) -> Path | None:
    return _vpn_to_sibling(offer) if offer.sender.owner == offer.receiver.owner else _to_vpn_peer(offer)


# Route Server


def _server_to_gateway(offer: Offer) -> Path | None:
    server = offer.fabric.servers[offer.sender.vnet]
    if not server.branch_to_branch or offer.best.session < 0 or offer.returns:  # branch-to-branch
        return None
    if offer.sender.asn != offer.receiver.asn:
        return _external(offer, offer.best.as_path)
    return _internal(offer, offer.best.next_hop)  # route-server-reflects-unchanged


def _server_to_appliance(offer: Offer) -> Path | None:
    server, best = offer.fabric.servers[offer.sender.vnet], offer.best
    if not server.branch_to_branch:  # branch-to-branch
        allowed = [
            path
            for path in offer.held.values()
            if path.session < 0 or offer.fabric.speakers[offer.fabric.sessions[path.session].sender].role is Role.ROUTER
        ]
        if not allowed:
            return None
        best = rank(offer.steps, allowed)[0]
        offer = replace(offer, best=best)
    return None if offer.returns else _external(offer, best.as_path)


_SENDS: dict[tuple[Role, Role], Callable[[Offer], Path | None]] = {
    (Role.ROUTER, Role.ROUTER): _from_router,
    (Role.ROUTER, Role.MSEE): _from_router,
    (Role.ROUTER, Role.ROUTE_SERVER): _from_router,
    (Role.ROUTER, Role.VPN_GATEWAY): _from_router,
    (Role.MSEE, Role.ROUTER): _edge_to_router,
    (Role.MSEE, Role.ER_GATEWAY): _edge_to_gateway,
    (Role.MSEE, Role.MSEE): _edge_to_edge,
    (Role.ER_GATEWAY, Role.MSEE): _er_to_edge,
    (Role.ER_GATEWAY, Role.VPN_GATEWAY): _er_to_vpn,
    (Role.ER_GATEWAY, Role.ROUTE_SERVER): _er_to_server,
    (Role.VPN_GATEWAY, Role.ROUTER): _to_vpn_peer,
    (Role.VPN_GATEWAY, Role.VPN_GATEWAY): _vpn_to_vpn,
    (Role.VPN_GATEWAY, Role.ER_GATEWAY): _vpn_to_vnet,
    (Role.VPN_GATEWAY, Role.ROUTE_SERVER): _vpn_to_vnet,
    (Role.ROUTE_SERVER, Role.ROUTER): _server_to_appliance,
    (Role.ROUTE_SERVER, Role.ER_GATEWAY): _server_to_gateway,
    (Role.ROUTE_SERVER, Role.VPN_GATEWAY): _server_to_gateway,
}


def _accepts(offer: Offer, path: Path) -> bool:
    fabric, receiver = offer.fabric, offer.receiver
    if receiver.asn in path.as_path:  # own-asn-is-a-loop
        if receiver.role is not Role.MSEE or path.origin is Origin.IBGP:
            return receiver.role is Role.MSEE
        return fabric.depends("msee_accepts_own_asn")
    if receiver.role is Role.VPN_GATEWAY:
        inside = fabric.space_sets[receiver.vnet].covers(offer.prefix)
        from_er = offer.sender.role is Role.ER_GATEWAY
        return from_er or (offer.prefix.version == 4 and not inside)  # vpn-drops-own-space
    if receiver.role is Role.ER_GATEWAY and offer.sender.role is Role.MSEE and path.from_gateway:
        return _remote_vnet_allowed(offer, path)
    return True


def _remote_vnet_allowed(offer: Offer, path: Path) -> bool:
    """remote-vnet-traffic"""
    fabric = offer.fabric
    if fabric.er_gateways[offer.receiver.owner].allow_remote_vnet_traffic:
        return True
    directly = all(asn == offer.sender.asn for asn in path.as_path)
    return not directly and not fabric.depends("remote_vnet_filter_follows_path")
