"""FRR's configuration of each speaker: what BGP does by itself, and Azure's own rules as route-maps.

Azure's rules are imposed here from their documentation: the daemons then show what follows from them together, not that
they are true. ``rules`` says for each of them whether FRR does it by itself.

Large communities carry what BGP has no attribute for; they never leave the emulation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from vpner.emulation.speakers import ControlPlan, End, Kind, Role, Session, Speaker, preference_of, space
from vpner.topology import Preference, Static

PRIVATE_ASNS = (range(64512, 65535), range(4200000000, 4294967295))
EDGE_WEIGHT = 32769
"""What a gateway gives to routes of its edge (published tables of ExpressRoute gateways)."""

_GATEWAY, _KIND, _FROM, _MIXED, _CAME = 1, 2, 3, 4, 5
"""Tags: the ExpressRoute gateway that announced it, why the first speaker has it, the last sender's role, a gateway's
ASN among others, the session that it came over."""


def _tag(what: int, value: int) -> str:
    return f"65000:{what}:{value}"


class Config:
    """The configuration of one speaker, in the order in which FRR reads it."""

    def __init__(self, plan: ControlPlan, speaker: Speaker) -> None:
        self.plan = plan
        self.me = speaker
        self.sessions = list(plan.of(speaker.name))
        self.gateways = sorted({item.owner for item in plan.speakers.values() if item.role is Role.ER_GATEWAY})
        self.lists: list[str] = []
        self.maps: list[str] = []

    def talks(self, session: Session, end: int) -> IPv4Address:
        """By which address an end talks BGP."""
        return self.plan.talks_at(session, end)

    def other(self, session: Session, end: int) -> Speaker:
        return self.plan.speakers[session.ends[1 - end].speaker]

    def internal(self, session: Session, end: int) -> bool:
        return self.other(session, end).asn == self.me.asn

    def _prefixes(self, name: str, prefixes: Iterable[IPv4Network], inside: bool = False) -> str:
        """A list that matches exactly these prefixes, or also what lies in them."""
        more = " le 32" if inside else ""
        self.lists += [
            f"ip prefix-list {name} permit {prefix}{more if prefix.prefixlen < 32 else ''}" for prefix in prefixes
        ]
        return f"match ip address prefix-list {name}"

    def _entry(self, name: str, action: str, *lines: str) -> None:
        number = 10 * (1 + sum(line.startswith(f"route-map {name} ") for line in self.maps))
        self.maps += [f"route-map {name} {action} {number}", *(f" {line}" for line in lines), "exit"]

    def text(self) -> str:
        """The whole of bgpd's configuration."""
        tags = [
            *(("KIND", kind.name, _tag(_KIND, kind)) for kind in Kind),
            *(("FROM", role.name, _tag(_FROM, role)) for role in Role),
            *(("GATEWAY", str(index), _tag(_GATEWAY, index)) for index in range(len(self.gateways))),
            ("MIXED", "1", _tag(_MIXED, 1)),
            *(("CAME", str(session.index), _tag(_CAME, session.index)) for session, _ in self.sessions),
        ]
        for group, name, tag in tags:
            self.lists.append(f"bgp large-community-list standard ANY-{group} permit {tag}")
            self.lists.append(f"bgp large-community-list standard {group}-{name} permit {tag}")
        ranks = self._ranks()
        for session, end in self.sessions:
            self._inbound(session, end, ranks[session.index])
            self._outbound(session, end)
        for kind in sorted({kind for _, kind in self.me.networks}):
            lines = [f"set large-community {_tag(_KIND, kind)}"]
            if self.me.role is not Role.ROUTER:  # gateway-own-prefixes-first
                lines.append(f"set weight {65535 if kind is Kind.VNET else 65000}")
            self._entry(f"OWN-{kind.name}", "permit", *lines)
        return "\n".join([*dict.fromkeys(self.lists), *self.maps, *self._router(), ""])

    def _router(self) -> Iterator[str]:
        me, number = self.me, list(self.plan.speakers).index(self.me.name)
        yield f"router bgp {me.asn}"
        yield f" bgp router-id {IPv4Address('10.255.0.1') + number}"
        yield from (
            " no bgp ebgp-requires-policy",
            " no bgp network import-check",
            " no bgp default ipv4-unicast",
            " bgp bestpath compare-routerid",
            " timers bgp 2 8",
            " coalesce-time 20",
        )
        if me.role is Role.ROUTE_SERVER:
            yield " bgp always-compare-med"
        if me.role is not Role.ROUTER:
            yield " bgp bestpath as-path multipath-relax"
        for session, end in self.sessions:
            yield from self._neighbour(session, end)
        yield " address-family ipv4 unicast"
        yield from (f"  network {prefix} route-map OWN-{kind.name}" for prefix, kind in me.networks)
        yield "  maximum-paths 64"
        yield "  maximum-paths ibgp 64"
        for session, end in self.sessions:
            far = self.talks(session, 1 - end)
            yield f"  neighbor {far} activate"
            yield f"  neighbor {far} route-map IN-{session.index} in"
            yield f"  neighbor {far} route-map OUT-{session.index} out"
            if me.role is Role.EDGE:
                yield f"  neighbor {far} allowas-in 10"
                if self.other(session, end).role is Role.ER_GATEWAY:
                    yield f"  neighbor {far} as-override"
            if me.role is Role.ROUTE_SERVER and self.internal(session, end):
                yield f"  neighbor {far} route-reflector-client"
        yield " exit-address-family"

    def _neighbour(self, session: Session, end: int) -> Iterator[str]:
        far = self.talks(session, 1 - end)
        yield f" neighbor {far} remote-as {self.other(session, end).asn}"
        yield f" neighbor {far} description {self.other(session, end).name}"
        yield f" neighbor {far} update-source {self.talks(session, end)}"
        yield f" neighbor {far} timers connect 1"
        if not self.internal(session, end):
            yield f" neighbor {far} ebgp-multihop 64"
        if end == 0:
            yield f" neighbor {far} passive"

    # What is accepted

    def _ranks(self) -> dict[int, int]:
        """The order among equals: primary before secondary, then the lowest address."""

        def key(item: tuple[Session, int]) -> tuple[int, bool, int, str]:
            session, end = item
            far = session.ends[1 - end].address
            return session.order, far is None, int(far or 0), self.other(session, end).name

        return {session.index: rank for rank, (session, _) in enumerate(sorted(self.sessions, key=key), start=1)}

    def _inbound(self, session: Session, end: int, rank: int) -> None:
        me, other, name = self.me, self.other(session, end), f"IN-{session.index}"
        policy = session.ends[1 - end].sends
        if me.role is Role.VPN_GATEWAY and other.role is not Role.ER_GATEWAY:
            self._entry(name, "deny", self._prefixes("SPACE", space(self.plan.topology, me.vnet), inside=True))
        if me.role is Role.ER_GATEWAY and other.role is Role.EDGE and not self._remote_vnets():
            self._entry(name, "deny", "match large-community ANY-GATEWAY")
        foreign = [asn for asn in policy.prepend if asn != other.asn]
        if foreign and me.asn in policy.prepend and me.role is not Role.EDGE:
            self._entry(name, "deny", *self._prepended(session, policy.prepend_only))
        external = not self.internal(session, end)
        # an entry deletes after it adds, so that deleting needs entries of its own
        for tag in ("ANY-FROM", "ANY-CAME", "ANY-MIXED", *(["ANY-KIND"] if external else [])):
            self._entry(name, "permit", f"set large-comm-list {tag} delete", "on-match next")
        if me.role is Role.EDGE:
            self._mixed(name)
        if foreign and external:
            text = " ".join(map(str, policy.prepend))
            only = self._prepended(session, policy.prepend_only)
            self._entry(name, "permit", *only, f"set as-path prepend {text}", "on-match next")
        tags = f"{_tag(_FROM, other.role)} {_tag(_CAME, session.index)}"
        lines = [f"set large-community {tags} additive", f"set originator-id 0.0.0.{rank}"]
        lines.append("set origin igp")
        weight = self._weight(session, other, external)
        if weight is not None:
            lines.append(f"set weight {weight}")
        if me.role is not Role.ROUTER:
            lines.append(f"set metric {self._metric(other, rank)}")
        if me.role is Role.ROUTER and policy.local_preference is not None and external:
            lines.append(f"set local-preference {policy.local_preference}")
        self._entry(name, "permit", *lines)

    def _mixed(self, name: str) -> None:
        """A gateway's ASN among others is a loop for a gateway, which as-override would hide from it."""
        for asn in sorted({item.asn for item in self.plan.speakers.values() if item.role is Role.ER_GATEWAY}):
            self.lists.append(f"bgp as-path access-list MIXED-{asn} deny ^{asn}( {asn})*$")
            self.lists.append(f"bgp as-path access-list MIXED-{asn} permit _{asn}_")
            mark = f"match as-path MIXED-{asn}", f"set large-community {_tag(_MIXED, 1)} additive"
            self._entry(name, "permit", *mark, "on-match next")

    def _remote_vnets(self) -> bool:
        """Learn: ExpressRoute virtual network gateways, VNet-to-VNet connectivity."""
        gateway = next(item for item in self.plan.topology.er_gateways if item.name == self.me.owner)
        return gateway.allow_remote_vnet_traffic

    def _preference(self) -> Preference:
        return preference_of(self.plan.topology, self.me.owner)

    def _weight(self, session: Session, other: Speaker, external: bool) -> int | None:
        """FRR compares weights first; an Azure rule that comes before the AS path is a weight."""
        role = self.me.role
        if role is Role.ER_GATEWAY:
            return EDGE_WEIGHT + session.weight if other.role is Role.EDGE else 32768
        if role is Role.VPN_GATEWAY:
            return 30000 if other.role is Role.ROUTE_SERVER and not external else 40000
        if role is Role.ROUTE_SERVER and self._preference() is not Preference.AS_PATH:
            is_er = other.role is Role.ER_GATEWAY
            return 40000 if is_er == (self._preference() is Preference.EXPRESSROUTE) else 30000
        return None

    def _metric(self, other: Speaker, rank: int) -> int:
        """Route Server makes no difference between iBGP and eBGP, so that ties are broken before FRR does."""
        if self.me.role is not Role.ROUTE_SERVER:
            return 0
        late = self._preference() is Preference.AS_PATH and other.role is not Role.ER_GATEWAY
        return rank + (1000 if late else 0)

    def _prepended(self, session: Session, only: tuple[object, ...] | None) -> list[str]:
        if only is None:
            return []
        prefixes = [prefix for prefix in only if isinstance(prefix, IPv4Network)]
        return [self._prefixes(f"PREPEND-{session.index}", prefixes)]

    # What is said

    def _outbound(self, session: Session, end: int) -> None:
        me, other, name = self.me, self.other(session, end), f"OUT-{session.index}"
        mine = session.ends[end]
        self._denied(name, f"CAME-{session.index}")  # router-returns-nothing: FRR would
        self._filtered(name, session, mine)
        says = {
            Role.ROUTER: self._router_says,
            Role.EDGE: self._edge_says,
            Role.ER_GATEWAY: self._er_says,
            Role.VPN_GATEWAY: self._vpn_says,
            Role.ROUTE_SERVER: self._server_says,
        }
        says[me.role](session, end, other, name)
        external = not self.internal(session, end)
        if external and mine.sends.prepend and set(mine.sends.prepend) == {me.asn}:
            text = " ".join(map(str, mine.sends.prepend))
            only = self._prepended(session, mine.sends.prepend_only)
            self._entry(name, "permit", *only, f"set as-path prepend {text}", "on-match next")
        lines: list[str] = []
        between = me.role, other.role
        if external or me.role in {Role.VPN_GATEWAY, Role.ROUTER} or between == (Role.ER_GATEWAY, Role.VPN_GATEWAY):
            hop = mine.sends.next_hop if external and mine.sends.next_hop else mine.address
            lines.append(f"set ip next-hop {hop or self.talks(session, end)}")
        if me.role is Role.EDGE and other.role is Role.ROUTER:
            private = sorted({asn for asn in self._asns() if any(asn in block for block in PRIVATE_ASNS)})
            lines += [f"set as-path exclude {' '.join(map(str, private))}"] if private else []
        if me.role is Role.ER_GATEWAY and other.role is Role.EDGE:
            self._entry(name, "permit", "set large-comm-list ANY-GATEWAY delete", "on-match next")
            lines.append(f"set large-community {_tag(_GATEWAY, self.gateways.index(me.owner))} additive")
        self._entry(name, "permit", *lines)

    def _asns(self) -> Iterator[int]:
        for speaker in self.plan.speakers.values():
            yield speaker.asn
        for session in self.plan.sessions:
            for item in session.ends:
                yield from item.sends.prepend

    def _filtered(self, name: str, session: Session, mine: End) -> None:
        denied = [*mine.withholds, *(prefix for prefix in mine.sends.deny if isinstance(prefix, IPv4Network))]
        if denied:
            self._entry(name, "deny", self._prefixes(f"DENY-{session.index}", denied))
        if mine.sends.permit is not None:
            self._nothing_but(name, f"ALLOWED-{session.index}", mine.sends.permit)

    def _nothing_but(self, name: str, allowed: str, prefixes: Iterable[object]) -> None:
        self.lists += [f"ip prefix-list {allowed} deny {prefix}" for prefix in prefixes]
        self.lists.append(f"ip prefix-list {allowed} permit 0.0.0.0/0 le 32")
        self._entry(name, "deny", f"match ip address prefix-list {allowed}")

    def _router_says(self, session: Session, end: int, other: Speaker, name: str) -> None:
        """router-static-not-to-its-next-hop (RFC 4271, 5.1.3)"""
        far = session.ends[1 - end].address
        router = next(item for item in self.plan.topology.routers if item.name == self.me.owner)
        back = [item.prefix for item in router.statics if _leads(item, far)]
        prefixes = [prefix for prefix in back if isinstance(prefix, IPv4Network)]
        if prefixes:
            match = self._prefixes(f"BACK-{session.index}", prefixes)
            self._entry(name, "deny", match, "match large-community KIND-NETWORK")

    def _edge_says(self, session: Session, end: int, other: Speaker, name: str) -> None:
        """edge-returns-nothing: not what the same gateway has announced, however far it has come since."""
        if other.role is not Role.ER_GATEWAY:
            return
        self._denied(name, f"GATEWAY-{self.gateways.index(other.owner)}", "ANY-MIXED")
        circuit = next(item for item in self.plan.topology.circuits if item.name == self.me.owner)
        if circuit.advertises_only is not None:
            self._nothing_but(name, f"ONLY-{session.index}", circuit.advertises_only)

    def _er_says(self, session: Session, end: int, other: Speaker, name: str) -> None:
        """er-gateway-no-circuit-transit, gateways-not-transitive"""
        if other.role is Role.ROUTE_SERVER:
            self._denied(name, "KIND-VNET", "FROM-ROUTE_SERVER", "FROM-VPN_GATEWAY")
        elif other.role is Role.VPN_GATEWAY:
            self._denied(name, "ANY-FROM")
        else:
            self._denied(name, "FROM-EDGE", "FROM-VPN_GATEWAY")

    def _vpn_says(self, session: Session, end: int, other: Speaker, name: str) -> None:
        """vpn-host-routes-stay, vpn-default-not-advertised; vpn-static-not-returned is in what the end withholds"""
        if other.role is Role.ROUTER or (other.role is Role.VPN_GATEWAY and other.owner != self.me.owner):
            self._denied(name, "KIND-PEER")
            default = self._prefixes(f"DEFAULT-{session.index}", [IPv4Network("0.0.0.0/0")])
            self._entry(name, "deny", default, "match large-community ANY-FROM")
        elif other.role is Role.VPN_GATEWAY:
            self._denied(name, "KIND-VNET")
        else:
            self._denied(name, "KIND-VNET", "KIND-PEER", "KIND-LISTED_PEER")

    def _server_says(self, session: Session, end: int, other: Speaker, name: str) -> None:
        """branch-to-branch"""
        server = next(item for item in self.plan.topology.route_servers if item.name == self.me.owner)
        if other.role is Role.ROUTER:
            if not server.branch_to_branch:
                self._denied(name, "FROM-ER_GATEWAY", "FROM-VPN_GATEWAY")
            return
        if not server.branch_to_branch:
            self._entry(name, "deny")
        self._entry(name, "deny", self._prefixes("OWN", [prefix for prefix, _ in self.me.networks]))

    def _denied(self, name: str, *tags: str) -> None:
        for tag in tags:
            self._entry(name, "deny", f"match large-community {tag}")


def _leads(static: Static, far: IPv4Address | None) -> bool:
    return static.redistribute and far is not None and static.next_hop == far


def bgpd_config(plan: ControlPlan, speaker: str) -> str:
    """bgpd's configuration of one speaker."""
    return Config(plan, plan.speakers[speaker]).text()
