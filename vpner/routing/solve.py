"""From a topology to its tables: the routing model's one entrance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from math import lcm

from vpner.routing.assumptions import DEFAULT, Assumptions
from vpner.routing.bgp import Kind, Path, Role, Session
from vpner.routing.converge import Remembered, Settled, converge, remember
from vpner.routing.effective import Learned, effective_routes, gateway_route, hubs, program, system_routes
from vpner.routing.exchange import Offer, speak
from vpner.routing.fabric import Fabric, Tunnel, build
from vpner.routing.solution import BgpRoute, BgpTable, EffectiveRoute, Memory, Solution, Tables
from vpner.routing.steps import Steps, deciding, steps_of
from vpner.routing.tunnels import dead_tunnels
from vpner.topology import GATEWAY_SUBNET, PASS, ROUTE_SERVER_SUBNET, Address, Prefix, Topology, prefix_key


def solve(
    topology: Topology,
    assumptions: Assumptions = DEFAULT,
    failed: frozenset[str] = frozenset(),
    since: Solution | None = None,
    known: Iterable[Solution] = (),
) -> Solution:
    """Every table of a network, as Azure will have it.

    ``failed`` names elements that are down, as :func:`vpner.routing.fabric.failable` lists them. ``since`` is the
    solution that the network was in before it came to this: where several stable states are possible, the one that
    follows from it is taken. ``known`` are solutions for the same ``failed``: if the speakers come to hold what they
    hold in one of these, that one is returned, and no table is made again. Where routing oscillates the solution has
    more than one phase. The result is the same for equal topologies, byte for byte.
    """
    down: frozenset[Tunnel] = since.tables.dead_tunnels if since else frozenset()
    memory: Memory = since.memory if since else {}
    seen: dict[frozenset[Tunnel], int] = {}
    rounds: list[tuple[Tables, ...]] = []
    assumed: set[str] = set()
    while down not in seen:
        seen[down] = len(rounds)
        model = _Model(build(topology, assumptions, failed, down), failed, down, memory if since else {})
        memory = model.memory()
        for solution in known:
            if model.leads_to(solution, memory):
                return solution
        rounds.append(model.phases())
        down = dead_tunnels(model.fabric, rounds[-1])
        assumed |= model.fabric.assumed
    phases = tuple(tables for tables_of_round in rounds[seen[down] :] for tables in tables_of_round)
    return Solution(phases, tuple(sorted(assumed)), memory, assumptions)


class _Model:
    """One fabric, solved: prefixes that nothing tells apart are settled once and share the result."""

    def __init__(self, fabric: Fabric, failed: frozenset[str], down: frozenset[Tunnel], before: Memory) -> None:
        self.fabric = fabric
        self.failed = failed
        self.down = down
        self.before = before
        self.steps = [steps_of(fabric, speaker) for speaker in range(len(fabric.speakers))]
        self.classes = self._classes()
        everything = sorted((prefix for prefixes in self.classes for prefix in prefixes), key=prefix_key)
        self.positions = {id(prefix): position for position, prefix in enumerate(everything)}
        self.telling = self._telling()
        self.settled = [converge(fabric, prefixes[0], self.steps, before.get(prefixes[0])) for prefixes in self.classes]

    def leads_to(self, known: Solution, memory: Memory) -> bool:
        """Whether this would end in a solution that is known: one without phases, of which it holds everything."""
        if known.oscillates or any(len(states) > 1 for states in self.settled):
            return False
        same = (known.tables.failed, known.tables.dead_tunnels) == (self.failed, self.down)
        return same and _same(memory, known.memory)

    def _telling(self) -> dict[tuple[str, str], list[Session]]:
        """Sessions of gateways and Route Servers, by speaker and neighbour."""
        found: dict[tuple[str, str], list[Session]] = {}
        for session in self.fabric.sessions:
            sender, receiver = self.fabric.speakers[session.sender], self.fabric.speakers[session.receiver]
            if sender.role in _ADVERTISES:
                found.setdefault((sender.name, receiver.owner), []).append(session)
        return found

    def memory(self) -> Memory:
        """What every speaker holds, for a solution that follows this one."""
        found: dict[Prefix, Remembered] = {}
        for prefixes, states in zip(self.classes, self.settled, strict=True):
            found |= dict.fromkeys(prefixes, remember(self.fabric, states[0]))
        return found

    def _classes(self) -> list[list[Prefix]]:
        """Prefixes with the same origins that every policy and rule treats alike."""
        fabric = self.fabric
        classes: dict[Hashable, list[Prefix]] = defaultdict(list)
        for prefix in sorted({*fabric.origins, *fabric.announced, *self.before}, key=prefix_key):
            signature = (
                tuple(fabric.origins.get(prefix, ())),
                tuple(fabric.announced.get(prefix, ())),
                tuple(self._traits(prefix)),
                id(self.before.get(prefix)),
            )
            classes[signature].append(prefix)
        return list(classes.values())

    def _traits(self, prefix: Prefix) -> Iterator[Hashable]:
        fabric = self.fabric
        yield prefix.version
        yield prefix.prefixlen == 0
        for vnet in sorted({speaker.vnet for speaker in fabric.speakers if speaker.role is Role.VPN_GATEWAY}):
            yield fabric.space_sets[vnet].covers(prefix)
        for circuit in fabric.topology.circuits:
            yield circuit.advertises_only is None or prefix in circuit.advertises_only
        for session in fabric.sessions:
            policy = session.policy
            if policy is not PASS:
                only = policy.prepend_only
                permitted = policy.permit is None or prefix in policy.permit
                yield prefix in policy.deny, permitted, only is None or prefix in only
        yield tuple(index for index, prefixes in fabric.withheld.items() if prefix in prefixes)

    def phases(self) -> tuple[Tables, ...]:
        count = lcm(*(len(states) for states in self.settled)) if self.settled else 1
        return tuple(self._tables(phase) for phase in range(count))

    def _tables(self, phase: int) -> Tables:
        fabric = self.fabric
        states = [states[phase % len(states)] for states in self.settled]
        held: dict[int, list[BgpRoute]] = {speaker: [] for speaker in range(len(fabric.speakers))}
        advertised: dict[tuple[str, str], list[BgpRoute]] = {key: [] for key in self.telling}
        for prefixes, state in zip(self.classes, states, strict=True):
            for speaker, paths in enumerate(state.held):
                held[speaker] += _spread(self._rows(prefixes[0], speaker, paths), prefixes)
            for key, sessions in self.telling.items():
                advertised[key] += _spread(self._sent(prefixes[0], sessions, state), prefixes)
        tables = {speaker: self._sorted(rows) for speaker, rows in held.items()}
        sent = {key: self._sorted(rows) for key, rows in advertised.items()}
        by_role: dict[Role, dict[str, BgpTable]] = {role: {} for role in Role}
        for index, speaker in enumerate(fabric.speakers):
            by_role[speaker.role][speaker.name] = tables[index]
        servers = {server.name for server in fabric.topology.route_servers}
        return Tables(
            effective=self._effective(states),
            gateway_learned={**by_role[Role.ER_GATEWAY], **by_role[Role.VPN_GATEWAY]},
            gateway_advertised={key: rows for key, rows in sent.items() if key[0].rpartition("/")[0] not in servers},
            route_server_learned=self._by_peer(by_role[Role.ROUTE_SERVER]),
            route_server_advertised={key: rows for key, rows in sent.items() if key[0].rpartition("/")[0] in servers},
            circuit_routes={name: self._without_link(name, rows) for name, rows in by_role[Role.MSEE].items()},
            router_routes={name: self._with_statics(name, rows) for name, rows in by_role[Role.ROUTER].items()},
            adjacent=frozenset(
                (fabric.speakers[session.sender].name, fabric.speakers[session.receiver].name)
                for session in fabric.sessions
            ),
            dead_tunnels=self.down,
            failed=self.failed,
        )

    def _sorted(self, rows: Iterable[BgpRoute]) -> BgpTable:
        """By prefix; those of one prefix are in order."""
        return tuple(sorted(rows, key=lambda row: self.positions[id(row.prefix)]))

    def _rows(self, prefix: Prefix, speaker: int, paths: tuple[Path, ...]) -> Iterator[BgpRoute]:
        """What a speaker holds of a prefix."""
        fabric, steps = self.fabric, self.steps[speaker]
        own: set[Kind] = set()
        for position, path in enumerate(paths):
            if path.session < 0 and path.kind in own:  # two connections with one prefix are one row
                continue
            if path.session < 0:
                own.add(path.kind)
            fact = _reason(steps, paths, position)
            sender = fabric.sender(path)
            session = fabric.sessions[path.session] if sender else None
            connection = path.connection or (session.name if session else "")
            peer = sender.name if sender else ""
            yield BgpRoute(
                prefix, path.as_path, path.next_hop, path.origin, peer, path.weight, position == 0, fact, connection
            )

    def _sent(self, prefix: Prefix, sessions: Iterable[Session], state: Settled) -> set[BgpRoute]:
        """What a speaker tells a neighbour of a prefix, over all sessions with it."""
        found: set[BgpRoute] = set()
        for session in sessions:
            paths = state.held[session.sender]
            if not paths:
                continue
            held = {-1 - index if path.session < 0 else path.session: path for index, path in enumerate(paths)}
            path = speak(Offer(self.fabric, session, prefix, paths[0], held, self.steps[session.sender]))
            if path is not None:
                row = (path.as_path, path.next_hop, path.origin, "", path.weight, True, "advertised", session.name)
                found.add(BgpRoute(prefix, *row))
        return found

    def _by_peer(self, tables: dict[str, BgpTable]) -> dict[tuple[str, str], BgpTable]:
        fabric = self.fabric
        owners = {speaker.name: speaker.owner for speaker in fabric.speakers}
        found: dict[tuple[str, str], list[BgpRoute]] = {}
        for session in fabric.sessions:
            receiver = fabric.speakers[session.receiver]
            if receiver.role is Role.ROUTE_SERVER:
                found.setdefault((receiver.name, fabric.speakers[session.sender].owner), [])
        for name, rows in tables.items():
            for row in rows:
                if row.peer:
                    found[name, owners[row.peer]].append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    def _without_link(self, name: str, rows: BgpTable) -> BgpTable:
        """An edge does not list the link to its router (edge-hides-own-link)."""
        circuit, _, member = name.rpartition("/")
        paths = next(item.paths for item in self.fabric.topology.circuits if item.name == circuit)
        path = next(item for item in paths if item.name == member)
        ends = [ip for ip in (path.msee_peer_ip, path.router_peer_ip) if isinstance(ip, IPv4Address)]
        return tuple(
            row
            for row in rows
            if not (ends and isinstance(row.prefix, IPv4Network) and all(ip in row.prefix for ip in ends))
            or row.prefix.prefixlen < LINK_LENGTH
        )

    def _with_statics(self, name: str, rows: BgpTable) -> BgpTable:
        """A router's own network has the next hop of the static route to it, where there is one."""
        hops: dict[object, Address | None] = {}
        for static in self.fabric.routers[name].statics:
            hops.setdefault(static.prefix, static.next_hop)
        return tuple(
            BgpRoute(
                row.prefix, row.as_path, hops[row.prefix], row.origin, "", row.weight, row.selected, row.decided_by
            )
            if not row.peer and row.prefix in hops
            else row
            for row in rows
        )

    def _effective(self, states: list[Settled]) -> dict[tuple[str, str], tuple[EffectiveRoute, ...]]:
        topology = self.fabric.topology
        learned: dict[str | None, Learned] = {None: Learned(())}
        tables = {table.name: table for table in topology.route_tables}
        found: dict[tuple[str, str], tuple[EffectiveRoute, ...]] = {}
        gateways = {item.vnet for item in (*topology.vpn_gateways, *topology.er_gateways)}
        servers = {item.vnet for item in topology.route_servers}
        system, hub_of = system_routes(topology), hubs(topology)
        for vnet in topology.vnets:
            hub = hub_of.get(vnet.name)
            if hub is not None and hub not in learned:
                learned[hub] = Learned(self._learned(hub, states))
            rows = learned[hub]
            subnets = {subnet.name: subnet.route_table for subnet in vnet.subnets}
            subnets |= {GATEWAY_SUBNET: subnets.get(GATEWAY_SUBNET)} if vnet.name in gateways else {}
            subnets |= {ROUTE_SERVER_SUBNET: subnets.get(ROUTE_SERVER_SUBNET)} if vnet.name in servers else {}
            shared: dict[str | None, tuple[EffectiveRoute, ...]] = {}
            for name, table in subnets.items():
                if table not in shared:
                    shared[table] = effective_routes(vnet, system[vnet.name], tables[table] if table else None, rows)
                found[vnet.name, name] = shared[table]
        return found

    def _learned(self, hub: str, states: list[Settled]) -> Iterator[EffectiveRoute]:
        for prefixes, state in zip(self.classes, states, strict=True):
            programmed = program(self.fabric, state, hub)
            if programmed is None:
                continue
            for prefix in prefixes:
                beaten = tuple(
                    BgpRoute(
                        prefix,
                        path.as_path,
                        path.next_hop,
                        path.origin,
                        holder,
                        path.weight,
                        False,
                        programmed.decided_by,
                    )
                    for path, holder in programmed.losers
                )
                yield gateway_route(prefix, programmed, beaten)


LINK_LENGTH = 29
"""Link prefixes of a private peering are a /30, or a part of a /29."""

_ADVERTISES = {Role.ER_GATEWAY, Role.VPN_GATEWAY, Role.ROUTE_SERVER}


def _same(first: Memory, second: Memory) -> bool:
    """Whether speakers hold and select the same. Prefixes share what is held of them; each pair is compared once."""
    if first.keys() != second.keys():
        return False
    pairs = {(id(mine), id(second[prefix])): (mine, second[prefix]) for prefix, mine in first.items()}
    return all(mine == theirs for mine, theirs in pairs.values())


def _reason(steps: Steps, paths: tuple[Path, ...], position: int) -> str:
    """The fact by which the selected path won, or by which a path lost to it."""
    if len(paths) == 1:
        return "only-route"
    return deciding(steps, paths[0], paths[max(position, 1)])


def _spread(rows: Iterable[BgpRoute], prefixes: Iterable[Prefix]) -> Iterator[BgpRoute]:
    """Rows of one prefix, in order, for each of the prefixes."""
    ordered = list(rows)
    if len(ordered) > 1:
        ordered.sort(key=lambda row: (not row.selected, row.as_path, str(row.next_hop), row.peer))
    for prefix in prefixes:
        for row in ordered:
            way = row.as_path, row.next_hop, row.origin, row.peer, row.weight
            yield BgpRoute(prefix, *way, row.selected, row.decided_by, row.connection)
