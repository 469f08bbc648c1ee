"""A topology as a running network: namespaces, wires, FRR, charon and machines that answer."""

from __future__ import annotations

import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path
from types import TracebackType

from vpner.emulation.build import cuts, lines_of, name_of, start_command
from vpner.emulation.control import Control, NotSettled, Table, directory, vtysh
from vpner.emulation.cradle import CommandFailed, Cradle
from vpner.emulation.frr import bgpd_config
from vpner.emulation.ipsec import configure, established, start_charon
from vpner.emulation.nodes import WirePlan
from vpner.emulation.programming import KernelRoute, program
from vpner.plan.crypto import CryptoProfile

_WEB = """import http.server, sys
class Name(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(sys.argv[1].encode() + b"\\n")
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("", 80), Name).serve_forever()
"""
_PROGRAM_EVERY = 0.5


class Lab:
    """A running network. A context manager; nothing of it is left afterwards."""

    def __init__(
        self, plan: WirePlan, profile: CryptoProfile | None = None, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.plan = plan
        self.cradle = Cradle()
        self.control = Control(self.cradle, plan.control)
        self.profile = profile or CryptoProfile()
        self.say = say
        self.programmed: dict[str, frozenset[KernelRoute]] = {}
        self.withdrawn: set[tuple[str, IPv4Network]] = set()
        self._stop = threading.Event()
        self._programmer = threading.Thread(target=self._keep_programming, daemon=True)

    def __enter__(self) -> Lab:
        self.cradle.__enter__()
        try:
            self.say(f"{len(self.plan.nodes)} nodes, {len(self.plan.wires)} wires")
            self.cradle.script(list(lines_of(self.plan)))
            self.say(f"{len(self.plan.control.speakers)} BGP speakers, {len(self.plan.tunnels)} ends of tunnels")
            self._daemons()
            self._tunnels()
            self._programmer.start()
            self.say("running")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._stop.set()
        if self._programmer.is_alive():
            self._programmer.join()
        self.cradle.close()

    # Building

    def _daemons(self) -> None:
        lines: list[str] = []
        for name in self.plan.control.speakers:
            home = self.cradle.run_dir / directory(name)
            node = self.plan.nodes.get(name)
            statics = "\n".join(dict.fromkeys(node.statics)) if node else ""
            bgpd = (node.bgpd if node else "") or bgpd_config(self.plan.control, name)
            lines += [
                f"mkdir -p {home}",
                f"cat > {home}/bgpd.conf <<'END'\n{bgpd}END",
                f"printf 'hostname {directory(name)}\\n' > {home}/zebra.conf",
                f"cat > {home}/staticd.conf <<'END'\n{statics}\nEND",
                f"chown -R frr: {home}",
                start_command(self.plan, self.cradle.run_dir, name),
            ]
        self.cradle.script(lines)
        for name, node in self.plan.nodes.items():
            if node.web:
                self.cradle.start(sys.executable, "-c", _WEB, node.web, netns=name_of(name))

    def _tunnels(self) -> None:
        key = secrets.token_urlsafe(32)
        for end in self.plan.tunnels:
            start_charon(self.cradle, end)
        ends = sorted(self.plan.tunnels, key=lambda end: end.initiates)
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(configure, self.cradle, end, self.profile, key) for end in ends]:
                done.result()

    # Azure's own routing, from what the daemons have found

    def _keep_programming(self) -> None:
        while not self._stop.wait(_PROGRAM_EVERY):
            try:
                self._withdraw()
                self.program(self.control.tables())
            except (CommandFailed, ValueError) as error:  # a daemon was stopped while it answered
                self.say(f"programming: {error}")

    def _withdraw(self) -> None:
        """A gateway has a connection's prefixes and host routes while its tunnel is up."""
        up = {(end.owner, end.tunnel.rpartition("/")[0]) for end in self.plan.tunnels if established(self.cradle, end)}
        tunnels = {(end.owner, end.tunnel.rpartition("/")[0]) for end in self.plan.tunnels}
        for (speaker, prefix), connections in self.plan.control.given.items():
            known = {(speaker, name) for name in connections} & tunnels
            gone = bool(known) and not known & up
            if gone != ((speaker, prefix) in self.withdrawn):
                me = self.plan.control.speakers[speaker]
                network = f"network {prefix} route-map OWN-{dict(me.networks)[prefix].name}"
                words = ("configure terminal", f"router bgp {me.asn}", "address-family ipv4 unicast")
                vtysh(self.cradle, speaker, "bgpd", *words, f"no network {prefix}" if gone else network)
                (self.withdrawn.add if gone else self.withdrawn.discard)((speaker, prefix))

    def program(self, tables: Mapping[str, Table]) -> None:
        """Set the fabrics' routes to what these tables ask for."""
        for fabric, routes in program(self.plan, tables).items():
            old = self.programmed.get(fabric, frozenset())
            if fabric not in self.plan.nodes or routes == old:
                continue
            kept = {(route.table, route.prefix) for route in routes}
            lines = [f"route replace {route}" for route in sorted(routes - old, key=str)]
            lines += [
                f"route del {route.prefix} table {route.table}"
                for route in sorted(old, key=str)
                if (route.table, route.prefix) not in kept
            ]
            self.cradle.run("ip", "-n", name_of(fabric), "-force", "-batch", "-", text="\n".join(lines))
            self.programmed[fabric] = routes

    # Failures

    def remember_ties(self) -> None:
        """From now on, of equal eBGP paths the one that is selected stays: FRR's way, which needs a first choice."""
        for name, speaker in self.plan.control.speakers.items():
            forget = ("configure terminal", f"router bgp {speaker.asn}", "no bgp bestpath compare-routerid")
            vtysh(self.cradle, name, "bgpd", *forget)

    def fail(self, element: str) -> None:
        """Take an element down, named as :func:`vpner.routing.failable` does."""
        self._break(element, "add")

    def repair(self, element: str) -> None:
        """Take it up again."""
        self._break(element, "delete")

    def _break(self, element: str, verb: str) -> None:
        lines = [
            f"ip netns exec {name_of(node)} nft {verb} element inet broken {kind} '{{ {value} }}'"
            for node, kind, value in sorted(set(cuts(self.plan, element)))
        ]
        if not lines:
            raise ValueError(f"{element} is no part of this network")
        self.cradle.script(lines)

    # Watching

    def settle(
        self, timeout: float = 120, quiet: float = 2.0, failed: bool = False, dead: frozenset[str] = frozenset()
    ) -> Mapping[str, Table]:
        """Wait until neither tables nor fabrics change, and unless something has ``failed``, every session is up.

        Sessions in ``dead`` tunnels (``CONNECTION/INSTANCE``) are not waited for. Raises :class:`NotSettled`.
        """
        until = time.monotonic() + timeout
        last: object = None
        since = time.monotonic()
        down: list[str] = []
        while time.monotonic() < until:
            down = [] if failed else list(self.control.down(dead))
            tables = self.control.tables()
            state = tables, dict(self.programmed), down, set(self.withdrawn)
            if state != last:
                last, since = state, time.monotonic()
            elif not down and time.monotonic() - since >= quiet:
                return tables
            time.sleep(0.3)
        raise NotSettled(f"not up: {', '.join(down)}" if down else f"still changing after {timeout:g} s")

    def tunnels_up(self) -> Mapping[str, bool]:
        """Which tunnels have a child association at both ends."""
        found: dict[str, bool] = {}
        for end in self.plan.tunnels:
            found[end.tunnel] = established(self.cradle, end) and found.get(end.tunnel, True)
        return found

    def keep(self, folder: str) -> None:
        """Copy captures and logs out of the emulation. Keys are in neither: they exist in charon's memory only."""
        for name in self.cradle.run("sh", "-c", "cd /run/lab; find . -name '*.pcap' -o -name '*.log'").split():
            target = Path(folder) / name.removeprefix("./")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((self.cradle.files / name).read_bytes())

    def inside(self, node: str, *command: str, timeout: float = 30) -> str:
        """Run a command in a node."""
        return self.cradle.run(*command, netns=name_of(node), timeout=timeout)
