"""The BGP of a topology on real daemons, without wires: every speaker is a bgpd, all in one network namespace."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from vpner.emulation.cradle import BGPD, CommandFailed, Cradle
from vpner.emulation.frr import bgpd_config
from vpner.emulation.speakers import ControlPlan

SETTLED = 3
"""Tables that are equal so often in a row, a moment apart, have settled."""
_MOMENT = 0.4


class NotSettled(RuntimeError):
    """BGP goes on changing, or a session does not come up."""


@dataclass(frozen=True, slots=True)
class Row:
    """A path in a BGP table. ``next_hop`` is None for the speaker's own prefixes."""

    prefix: IPv4Network
    as_path: tuple[int, ...]
    next_hop: IPv4Address | None
    selected: bool
    peer: str = ""
    weight: int = 0


Table = tuple[Row, ...]


def directory(speaker: str) -> str:
    """The directory of a speaker's daemons."""
    return speaker.replace("/", ".")


def vtysh(cradle: Cradle, speaker: str, daemon: str, *commands: str) -> str:
    """What one of a speaker's daemons answers."""
    home = str(cradle.run_dir / directory(speaker))
    return cradle.run(
        "vtysh", "--vty_socket", home, "-d", daemon, *(part for item in commands for part in ("-c", item))
    )


class Control:
    """Daemons of a control plan."""

    def __init__(self, cradle: Cradle, plan: ControlPlan) -> None:
        self.cradle = cradle
        self.plan = plan

    def start(self) -> None:
        """Start every daemon."""
        lines = ["set -e"]
        for session in self.plan.sessions:
            lines += [f"ip addr add {self.plan.talks_at(session, end)}/32 dev lo" for end in (0, 1)]
        files = {f"{directory(name)}/bgpd.conf": bgpd_config(self.plan, name) for name in self.plan.speakers}
        for name in self.plan.speakers:
            home = self.cradle.run_dir / directory(name)
            listens = [f"-l {self.plan.talks_at(session, end)}" for session, end in self.plan.of(name)]
            lines.append(f"mkdir -p {home}; cat > {home}/bgpd.conf <<'END-OF-FILE'")
            lines.append(files[f"{directory(name)}/bgpd.conf"] + "END-OF-FILE")
            lines.append(f"chown -R frr: {home}")
            lines.append(
                f"{BGPD} -d -Z -P 0 -u frr -g frr -f {home}/bgpd.conf -i {home}/bgpd.pid --vty_socket {home} "
                f"--log file:{home}/bgpd.log {' '.join(listens) or '-n'}"
            )
        self.cradle.script(lines)

    def settle(self, timeout: float = 90) -> Mapping[str, Table]:
        """Wait until every session is up and no table changes. Raises :class:`NotSettled`."""
        until = time.monotonic() + timeout
        last: Mapping[str, Table] = {}
        equal = 0
        down = ["every session"]
        while time.monotonic() < until:
            down = down and list(self.down())
            if not down:
                tables = self.tables()
                equal = equal + 1 if tables == last else 1
                if equal == SETTLED:
                    return tables
                last = tables
            time.sleep(_MOMENT)
        raise NotSettled(f"not up: {', '.join(down)}" if down else f"tables still change after {timeout:g} s")

    def down(self, dead: frozenset[str] = frozenset()) -> Iterator[str]:
        """Sessions that are not established, by their ends; not those in ``dead`` tunnels (``CONNECTION/INSTANCE``)."""
        found = self._ask("show bgp ipv4 unicast summary json")
        for session in self.plan.sessions:
            here, there = (end.speaker for end in session.ends)
            if f"{session.name}/{session.tunnel}" in dead:
                continue
            peers = found[here].get("peers", {})
            if peers.get(str(self.plan.talks_at(session, 1)), {}).get("state") != "Established":
                yield f"{here} - {there}"

    def tables(self) -> Mapping[str, Table]:
        """The BGP table of every speaker."""
        return {name: tuple(sorted(self._rows(name, answer), key=str)) for name, answer in self._ask(_TABLE).items()}

    def _rows(self, name: str, answer: Mapping[str, Any]) -> Iterator[Row]:
        peers = {
            str(self.plan.talks_at(session, 1 - end)): session.ends[1 - end].speaker
            for session, end in self.plan.of(name)
        }
        for prefix, paths in answer.get("routes", {}).items():
            for path in paths:
                peer = peers.get(path["peerId"], "")
                hop = IPv4Address(path["nexthops"][0]["ip"]) if peer else None
                as_path = tuple(int(asn) for asn in path["path"].split())
                best, weight = bool(path.get("bestpath")), path.get("weight", 0)
                yield Row(IPv4Network(prefix), as_path, hop, best, peer, weight)

    def _ask(self, question: str) -> Mapping[str, dict[str, Any]]:
        def one(name: str) -> dict[str, Any]:
            try:
                return json.loads(vtysh(self.cradle, name, "bgpd", question) or "{}")
            except CommandFailed:  # it is down, as a failure has it
                return {}

        with ThreadPoolExecutor(4) as pool:
            return dict(zip(self.plan.speakers, pool.map(one, self.plan.speakers), strict=True))


_TABLE = "show bgp ipv4 unicast json"
