"""Packets of flows, counted where they arrive and where the provider could read them."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from vpner.emulation.build import name_of
from vpner.emulation.lab import Lab
from vpner.emulation.limits import prepare
from vpner.emulation.nodes import Use, site_of
from vpner.routing import AddressClass, FlowVerdict, SourceKind, Verdict
from vpner.topology import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, Nic, Subnet, Topology

PACKETS = 16
"""For each flow, from as many ports: with two equal ways, all take the same one once in 32,768 times."""
_FIRST_PORT = 20000
_MEANWHILE = 700
_PROBE = """import json, socket, sys, time
for source, target, port, first, count, pause in json.load(sys.stdin):
    for number in range(first, first + count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sender.bind((source, 30000 + number))
            try:
                sender.sendto(b"vpner", (target, port))
            except OSError:
                pass
        time.sleep(pause)
"""
_LINE = re.compile(r"IP (\S+)\.(\d+) > (\S+)\.(\d+): ")


def populate(topology: Topology) -> Topology:
    """What is built of a topology: with addresses, and a machine in every subnet, so that there is somebody to talk to.

    Raises :class:`Problems` with everything that the emulation does not take on.
    """
    topology = prepare(topology, wired=True)
    taken = {nic.ip for nic in topology.nics} | {nic.ip for item in topology.routers for nic in item.nics}
    there = {(nic.vnet, nic.subnet) for nic in topology.nics}
    added = [
        Nic(f"probe-{vnet.name}-{subnet.name}", vnet.name, subnet.name, _free(subnet, taken))
        for vnet in topology.vnets
        for subnet in vnet.subnets
        if (vnet.name, subnet.name) not in there and subnet.name not in {GATEWAY_SUBNET, ROUTE_SERVER_SUBNET}
    ]
    return replace(topology, nics=(*topology.nics, *added))


def _free(subnet: Subnet, taken: Collection[object]) -> IPv4Address:
    """Azure keeps the first four addresses and the last."""
    number = 4
    while subnet.prefix[number] in taken:
        number += 1
    return subnet.prefix[number]


def protected_machines(topology: Topology) -> Iterator[tuple[Nic, IPv4Address, list[IPv4Address]]]:
    """Machines whose traffic is protected, each with its address and those at the other side."""
    machines = {nic.ip: nic for nic in topology.nics if isinstance(nic.ip, IPv4Address)}
    for intent in topology.intent:
        for sources, targets in ((intent.sources, intent.destinations), (intent.destinations, intent.sources)):
            there = [ip for ip in machines if any(ip in prefix for prefix in targets)]
            for ip, nic in machines.items():
                if there and any(ip in prefix for prefix in sources):
                    yield nic, ip, there


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of a flow's packets. ``clear``: read on a provider's link; ``outer``: ESP in UDP there meanwhile."""

    source: str
    destination: IPv4Address
    expected: Verdict
    somebody_there: bool
    sent: int
    arrived: int
    clear: int

    @property
    def agrees(self) -> bool:
        """The packets did what the verdict says. Where nobody is there, only what could be read is compared."""
        if self.expected is Verdict.CLEARTEXT:
            return self.clear > 0
        if self.clear or not self.somebody_there:
            return not self.clear
        if self.expected in {Verdict.ENCRYPTED, Verdict.LOCAL}:
            return self.arrived == self.sent
        return self.arrived < self.sent


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What became of packets that were sent while something failed."""

    source: str
    destination: IPv4Address
    sent: int
    arrived: int
    clear: int

    @property
    def encrypted(self) -> int:
        """Arrived, and could not be read on the way."""
        return self.arrived - min(self.clear, self.arrived)

    @property
    def lost(self) -> int:
        """Neither arrived nor could be read."""
        return self.sent - self.encrypted - self.clear


def _meanwhile(port: int) -> str:
    return f"meanwhile-{port}.json"


def measurable(verdicts: Sequence[FlowVerdict]) -> list[FlowVerdict]:
    """Flows whose verdict says what packets do."""
    outside = {Verdict.INCONCLUSIVE, Verdict.TRANSPORT, Verdict.EXEMPT}
    return [item for item in verdicts if item.verdict not in outside]


class Watch:
    """Captures on every provider's link and at every machine, for as long as a lab runs."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.topology = lab.plan.topology
        self._next = _FIRST_PORT
        self._files: dict[str, Use] = {}
        machines = {nic.name for nic in self.topology.nics} | {site_of(item.name) for item in self.topology.routers}
        for wire in lab.plan.wires:
            for port in wire.ends[: 1 if wire.use is Use.CIRCUIT else 2]:
                if wire.use is Use.CIRCUIT or port.node in machines:
                    file = f"/run/lab/{name_of(port.node)}-{wire.interface}.pcap"
                    self._files[file] = wire.use
                    command = ["tcpdump", "-U", "--immediate-mode", "-p", "-n", "-s", "128", "-Z", "root"]
                    command += [] if wire.use is Use.CIRCUIT else ["-Q", "in"]
                    command += ["-i", wire.interface, "-w", file]
                    if wire.use is Use.FABRIC:  # what only passes a machine, in a loop, has not arrived
                        command += ["dst", "host", str(port.addresses[0])]
                    lab.cradle.start(*command, netns=name_of(port.node))
        self._await_captures()

    def _await_captures(self) -> None:
        files = " ".join(self._files)
        self.lab.cradle.run("sh", "-c", f"for f in {files}; do while ! [ -s $f ]; do sleep 0.05; done; done")

    def flows(self, verdicts: Sequence[FlowVerdict]) -> list[Counted]:
        """Send packets of every flow that can be measured, and count."""
        probes: dict[str, list[tuple[str, str, int, int, int, float]]] = {}
        asked: dict[int, tuple[FlowVerdict, IPv4Address, bool]] = {}
        for item in measurable(verdicts):
            node, source = self._source(item)
            target = self._target(item.flow.destination)
            if node and source is not None:
                somebody = target is not None or self._in_site(item.flow.destination.sample)
                address = target or item.flow.destination.sample
                asked[self._next] = item, address, somebody
                probes.setdefault(node, []).append((str(source), str(address), self._next, 0, PACKETS, 0.001))
                self._next += 1
        for node, list_of_probes in probes.items():
            self.lab.cradle.run("python3", "-c", _PROBE, netns=name_of(node), text=json.dumps(list_of_probes))
        time.sleep(0.5)
        clear, arrived = self._counts(clear=True), self._counts(clear=False)
        return [
            Counted(str(item.flow.source), address, item.verdict, there, PACKETS, arrived[port], clear[port])
            for port, (item, address, there) in asked.items()
        ]

    def begin(
        self, pairs: Sequence[tuple[str, IPv4Address, IPv4Address]], packets: int = _MEANWHILE
    ) -> dict[int, Meanwhile]:
        """Send packets between pairs (node, its address, destination), some 50 a second, without waiting."""
        begun: dict[int, Meanwhile] = {}
        for node, source, target in pairs:
            file, flow = _meanwhile(self._next), (str(source), str(target), self._next, 1, 0.02)
            begun[self._next] = Meanwhile(node, target, packets, 0, 0)
            repeated = [(*flow[:3], number, *flow[3:]) for number in range(packets)]
            self.lab.cradle.write({f"traffic/{file}": json.dumps(repeated)})
            command = f"python3 -c '{_PROBE}' < /run/lab/traffic/{file}; touch /run/lab/traffic/{file}.sent"
            self.lab.cradle.start("sh", "-c", command, netns=name_of(node))
            self._next += 1
        return begun

    def ended(self, begun: dict[int, Meanwhile]) -> list[Meanwhile]:
        """What became of them, once all are sent."""
        files = " ".join(f"/run/lab/traffic/{_meanwhile(port)}.sent" for port in begun)
        self.lab.cradle.run("sh", "-c", f"for f in {files}; do while ! [ -e $f ]; do sleep 0.1; done; done")
        time.sleep(0.5)
        clear, arrived = self._counts(clear=True), self._counts(clear=False)
        return [replace(item, arrived=arrived[port], clear=clear[port]) for port, item in begun.items()]

    def _source(self, item: FlowVerdict) -> tuple[str, IPv4Address | None]:
        source = item.flow.source
        if source.kind is SourceKind.SUBNET:
            vnet, _, subnet = source.name.rpartition("/")
            for nic in self.topology.nics:
                if (nic.vnet, nic.subnet) == (vnet, subnet) and isinstance(nic.ip, IPv4Address):
                    return nic.name, nic.ip
        elif site_of(source.name) in self.lab.plan.nodes:
            for prefix in source.prefixes:
                return site_of(source.name), prefix[1] if prefix.prefixlen < 31 else prefix[0]
        return "", None

    def _target(self, item: AddressClass) -> IPv4Address | None:
        for nic in self.topology.nics:
            ip = nic.ip
            if isinstance(ip, IPv4Address) and ip in item:
                return ip
        return None

    def _in_site(self, address: IPv4Address) -> bool:
        networks = [prefix for item in self.topology.routers if not item.nics for prefix in item.networks]
        spaces = [prefix for vnet in self.topology.vnets for prefix in vnet.prefixes if isinstance(prefix, IPv4Network)]
        return any(isinstance(prefix, IPv4Network) and address in prefix for prefix in networks) and not any(
            address in prefix for prefix in spaces
        )

    def _counts(self, clear: bool) -> Counter[int]:
        """Packets of each probe, by its port: on the provider's links, or at the machines."""
        seen: set[tuple[int, int]] = set()
        for file, use in self._files.items():
            if (use is Use.CIRCUIT) == clear:
                seen |= {
                    (int(port), int(sender))
                    for _, sender, _, port in self._lines(file, "udp and dst portrange 20000-29999")
                }
        return Counter(port for port, _ in seen)

    def _lines(self, file: str, what: str) -> Iterator[tuple[str, str, str, str]]:
        for line in self.lab.cradle.run("tcpdump", "-nn", "-r", file, what, timeout=60).splitlines():
            found = _LINE.search(line)
            if found:
                yield found.group(1), found.group(2), found.group(3), found.group(4)

    def provider(self, what: str) -> int:
        """How many packets on providers' links match a filter of tcpdump."""
        files = [file for file, use in self._files.items() if use is Use.CIRCUIT]
        output = (self.lab.cradle.run("tcpdump", "-nn", "-r", file, what, timeout=60) for file in files)
        return sum(len(text.splitlines()) for text in output)
