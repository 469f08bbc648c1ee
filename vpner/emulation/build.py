"""A wire plan as shell: what builds its namespaces, starts its routers, and breaks its parts. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vpner.emulation.control import directory
from vpner.emulation.cradle import BGPD, STATICD, ZEBRA
from vpner.emulation.nodes import CONTROL, TUNNEL_MTU, Port, Use, Wire, WirePlan
from vpner.emulation.programming import INTERNET, table_of
from vpner.emulation.speakers import TRANSPORT

_SETTINGS = (
    "net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1 net.ipv4.conf.all.rp_filter=0 "
    "net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.default.proxy_arp=1 "
    "net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 net.ipv4.icmp_ratelimit=0"
)
_BREAKER = """table inet broken {
  set interfaces { type ifname; }
  set addresses { type ipv4_addr; }
  chain arriving { type filter hook prerouting priority raw;
    iifname @interfaces drop
    ip saddr @addresses drop
    ip daddr @addresses drop
  }
  chain sent { type filter hook output priority raw;
    oifname @interfaces drop
    ip saddr @addresses drop
    ip daddr @addresses drop
  }
  chain passing { type filter hook forward priority raw;
    oifname @interfaces drop
  }
}"""
"""What failures switch on: a packet filter, because an interface that goes down would take its routes with it."""


def lines_of(plan: WirePlan) -> Iterator[str]:
    """Shell that builds every namespace and wire of a plan, with addresses, routes and translation."""
    for name in plan.nodes:
        yield f"ip netns add {name_of(name)}"
        yield f"ip netns exec {name_of(name)} sysctl -q -w {_SETTINGS}"
        yield f"ip -n {name_of(name)} link set lo up"
    for wire in plan.wires:
        here, there = (name_of(port.node) for port in wire.ends)
        names = f"ip link add {wire.interface} netns {here} type veth peer name {wire.interface} netns {there}"
        yield names
        for mine, other in (wire.ends, wire.ends[::-1]):
            yield from _port(wire, mine, other)
    for fabric in sorted(set(plan.fabrics.values())):
        if fabric in plan.nodes:
            yield f"ip -n {name_of(fabric)} link add {INTERNET} type veth peer name sink"
            yield f"ip -n {name_of(fabric)} link set {INTERNET} up"
    for item in plan.attachments:
        table = table_of(plan, item.vnet, item.subnet)
        yield f"ip -n {name_of(item.fabric)} rule add iif w{item.wire} lookup {table}"
        yield f"ip -n {name_of(item.fabric)} route replace blackhole default table {table} metric 9999"
    for name, node in plan.nodes.items():
        yield from (f"ip -n {name_of(name)} addr add {address}/32 dev lo" for address in dict.fromkeys(node.loopback))
        yield from (f"ip -n {name_of(name)} {line}" for line in dict.fromkeys(node.kernel))
        rules = "\n".join([_BREAKER, *([_nat(node.nat)] if node.nat else [])])
        yield f"ip netns exec {name_of(name)} nft -f - <<'END'\n{rules}\nEND"


def _port(wire: Wire, mine: Port, other: Port) -> Iterator[str]:
    name = name_of(mine.node)
    if wire.use is Use.INNER and mine is wire.ends[1]:  # the other tunnel end's address is the other's
        yield f"ip -n {name} addr add {mine.addresses[0]}/32 peer {other.addresses[0]}/32 dev {wire.interface}"
    elif mine.addresses and other.addresses:
        for index in range(max(len(mine.addresses), len(other.addresses))):
            own = mine.addresses[min(index, len(mine.addresses) - 1)]
            peer = other.addresses[min(index, len(other.addresses) - 1)]
            yield f"ip -n {name} addr add {own}/32 peer {peer}/32 dev {wire.interface}"
    if wire.use is Use.INNER:
        yield f"ip -n {name} link set {wire.interface} mtu {TUNNEL_MTU}"
        yield f"ip netns exec {name} sysctl -q -w net.ipv4.neigh.{wire.interface}.proxy_delay=0"
    yield f"ip -n {name} link set {wire.interface} up"


def start_command(plan: WirePlan, run_dir: Path, speaker: str) -> str:
    """Shell that starts the daemons of a speaker."""
    home = run_dir / directory(speaker)
    common = f"-d -P 0 -u frr -g frr --vty_socket {home}"
    node = CONTROL if speaker not in plan.nodes else speaker
    run = f"ip netns exec {name_of(node)}"
    bgpd = f"{run} {BGPD} {common} -f {home}/bgpd.conf -i {home}/bgpd.pid --log file:{home}/bgpd.log"
    if node == CONTROL:
        listens = [f"-l {plan.control.talks_at(session, end)}" for session, end in plan.control.of(speaker)]
        return f"{bgpd} -Z {' '.join(listens)}"
    zserv = f"-z {home}/zserv.api"
    zebra = f"{run} {ZEBRA} {common} {zserv} -f {home}/zebra.conf -i {home}/zebra.pid --log file:{home}/zebra.log"
    staticd = f"{run} {STATICD} {common} {zserv} -f {home}/staticd.conf -i {home}/staticd.pid"
    return f"{zebra} && {staticd} && {bgpd} {zserv}"


def cuts(plan: WirePlan, element: str) -> Iterator[tuple[str, str, str]]:
    """What to block when an element fails: a node, ``interfaces`` or ``addresses``, and which."""
    kind, _, name = element.partition("/")
    for wire in plan.wires:
        for port in wire.ends:
            whole = kind in {"routers", "edges", "vpn_gateways"} and port.node == name
            part = wire.use is not Use.INNER and (wire.about == element or wire.about.startswith(f"{element}/"))
            if whole or part:
                yield port.node, "interfaces", wire.interface
    for session in plan.control.sessions:
        ends = [end.speaker for end in session.ends]
        of_connection = kind == "er_connections" and any(
            item.name == name and ends[0].startswith(f"{item.circuit}/") and ends[1].startswith(f"{item.gateway}/")
            for item in plan.topology.er_connections
        )
        of_speaker = kind in {"er_gateways", "route_servers", "edges", "vpn_gateways", "routers"} and name in ends
        if of_speaker or of_connection or (kind == "bgp_sessions" and session.name == name):
            for end in (0, 1):
                address = plan.control.talks_at(session, end)
                if address in TRANSPORT:
                    yield CONTROL, "addresses", str(address)


def name_of(node: str) -> str:
    """A node's name as a network namespace."""
    return node.replace("/", ".")


def _nat(rules: list[str]) -> str:
    """Outer packets carry the owner's address; IKE and ESP-in-UDP that come for a tunnel go to its helper."""
    into, out = list[str](), list[str]()
    for rule in dict.fromkeys(rules):
        kind, *words = rule.split()
        if kind == "dnat":
            remote, local, helper = words
            into.append(f"    ip saddr {remote} ip daddr {local} udp dport {{ 500, 4500 }} dnat to {helper}")
        else:
            helper, local = words
            out.append(f"    ip saddr {helper} snat to {local}")
    return "\n".join(
        [
            "table ip tunnels {",
            "  chain into {",
            "    type nat hook prerouting priority dstnat;",
            *into,
            "  }",
            "  chain out {",
            "    type nat hook postrouting priority srcnat;",
            *out,
            "  }",
            "}",
        ]
    )
