"""An emulation from beginning to end, and what it has shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from vpner.emulation.build import cuts
from vpner.emulation.control import Table
from vpner.emulation.lab import Lab
from vpner.emulation.oracle import Difference, compared, differences
from vpner.emulation.rules import RULES
from vpner.emulation.sessions import plan_control
from vpner.emulation.traffic import Counted, Meanwhile, Watch, populate, protected_machines
from vpner.emulation.wires import plan_wires
from vpner.plan.crypto import CryptoProfile
from vpner.problems import Problem, refuse
from vpner.routing import Solution, explore, failable, judge, solve
from vpner.topology import Topology

Say = Callable[[str], None]
_BEFORE = 1.0
"""Seconds of traffic before a failure."""
_HOLD = 12.0
"""Seconds until BGP (hold time 8) and IKE (dead peer detection, some 8) have noticed a failure."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One state of the network: what the model says of it, and what the daemons and packets say."""

    failed: str
    """The element that is down; empty in steady state."""
    paths: dict[str, int]
    """Paths in each speaker's table that were compared."""
    differences: tuple[Difference, ...]
    flows: tuple[Counted, ...]
    udp: int
    """ESP and IKE packets in UDP port 4500 on providers' links since the last state."""
    meanwhile: tuple[Meanwhile, ...] = ()
    """Traffic that was running while the element failed."""

    @property
    def agrees(self) -> bool:
        return not self.differences and all(flow.agrees for flow in self.flows)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a protected machine gets from another one: answers to ping, and a page."""

    source: str
    destination: str
    ping: int
    page: str
    clear: int
    """Packets of it that could be read on a provider's link."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that an emulation has shown."""

    seconds: float
    states: tuple[Seen, ...]
    conversations: tuple[Conversation, ...]

    @property
    def agrees(self) -> bool:
        return all(state.agrees for state in self.states)

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "agrees": self.agrees,
            "seconds": round(self.seconds, 1),
            "states": [
                {
                    "failed": state.failed or None,
                    "agrees": state.agrees,
                    "paths": state.paths,
                    "differences": [str(item) for item in state.differences],
                    "udp4500": state.udp,
                    "meanwhile": [
                        {
                            "source": item.source,
                            "destination": str(item.destination),
                            "sent": item.sent,
                            "encrypted": item.encrypted,
                            "clear": item.clear,
                            "lost": item.lost,
                        }
                        for item in state.meanwhile
                    ],
                    "flows": [
                        {
                            "source": item.source,
                            "destination": str(item.destination),
                            "verdict": item.expected.value,
                            "sent": item.sent,
                            "arrived": item.arrived,
                            "clear": item.clear,
                            "agrees": item.agrees,
                        }
                        for item in state.flows
                    ],
                }
                for state in self.states
            ],
            "conversations": [
                {"source": c.source, "destination": c.destination, "ping": c.ping, "page": c.page, "clear": c.clear}
                for c in self.conversations
            ],
            "rules": [{"facts": list(rule.facts), "basis": rule.basis.value, "how": rule.how} for rule in RULES],
        }


def emulate(
    topology: Topology,
    today: date,
    elements: Sequence[str] = (),
    profile: CryptoProfile | None = None,
    say: Say = lambda _: None,
    keep: str = "",
) -> Report:
    """Run a network, compare it with the model, then with each of ``elements`` down and up again.

    ``keep`` names a directory that gets captures and logs; they hold no keys. Raises :class:`Problems` for what cannot
    be emulated, ``NotSettled`` where daemons find no state to stay in.
    """
    network = populate(topology)
    solution = solve(network)
    refuse("the emulation compares networks that settle", _unstable(solution))
    plan = plan_wires(network)
    began = time.monotonic()
    with Lab(plan, profile, say) as lab:
        session = _Session(lab, network, today, say)
        try:
            states = [session.look("", lab.settle(dead=session.dead))]
            lab.remember_ties()
            conversations = tuple(session.conversations())
            for element in elements:
                if any(cuts(plan, element)):
                    states.append(session.under(element))
        finally:
            if keep:
                lab.keep(keep)
    return Report(time.monotonic() - began, tuple(states), conversations)


def single_failures(topology: Topology) -> tuple[str, ...]:
    """Every element that can fail alone."""
    return failable(topology)


def _unstable(solution: Solution) -> Iterator[Problem]:
    if solution.oscillates:
        what = f"routing goes round through {len(solution.phases)} phases"
        why, remedy = "There is no table to compare", "see `vpner check`, which names the missing route"
        yield Problem("topology", what, why, remedy, "oscillates")


class _Session:
    def __init__(self, lab: Lab, topology: Topology, today: date, say: Say) -> None:
        self.lab = lab
        self.topology = topology
        self.today = today
        self.say = say
        self.watch = Watch(lab)
        self.udp = 0
        self.dead = frozenset(f"{name}/{index}" for name, index in solve(topology).tables.dead_tunnels)
        """Tunnels that never come up, as the model has it."""

    def look(self, failed: str, tables: Mapping[str, Table]) -> Seen:
        """Compare this moment with the model, which must know the state that the daemons are in."""
        down = frozenset({failed} if failed else ())
        control = plan_control(self.topology, down, wired=True)
        best: tuple[list[Difference], Solution] | None = None
        for solution in self._states(down):
            found = differences(control, solution.tables, tables, remembered=bool(failed))
            if best is None or len(found) < len(best[0]):
                best = found, solution
            if not found:
                break
        assert best is not None
        flows = self.watch.flows(judge(self.topology, best[1], self.today))
        before, self.udp = self.udp, self.watch.provider("udp port 4500")
        seen = Seen(failed, dict(compared(control, tables)), tuple(best[0]), tuple(flows), self.udp - before)
        self.say(f"{failed or 'steady state'}: {'all equal' if seen.agrees else 'DIFFERENT'}")
        for item in (*seen.differences, *(flow for flow in flows if not flow.agrees)):
            self.say(f"  {item}")
        return seen

    def _states(self, down: frozenset[str]) -> Iterator[Solution]:
        """Stable states in which this is down: the first one, and those that a failure and its repair lead to."""
        steady = [solve(self.topology)]
        yield solve(self.topology, failed=down, since=steady[0]) if down else steady[0]
        yield solve(self.topology, failed=down)
        for reached in explore(self.topology):
            if not reached.failed:
                yield solve(self.topology, failed=down, since=reached.solution)

    def under(self, element: str) -> Seen:
        """Take an element down, look, and take it up again."""
        begun = self.watch.begin([(nic.name, ip, there[0]) for nic, ip, there in protected_machines(self.topology)])
        time.sleep(_BEFORE)
        self.lab.fail(element)
        time.sleep(_HOLD)
        seen = self.look(element, self.lab.settle(failed=True))
        seen = replace(seen, meanwhile=tuple(self.watch.ended(begun)))
        self.lab.repair(element)
        self.lab.settle(dead=self.dead)
        return seen

    def conversations(self) -> Iterator[Conversation]:
        """From every machine whose traffic is protected to one at the other side."""
        for nic, ip, there in protected_machines(self.topology):
            yield self._talk(nic.name, str(ip), str(there[0]))

    def _talk(self, node: str, source: str, destination: str) -> Conversation:
        command = f"ping -n -c 3 -i 0.2 -W 1 {destination} | grep -c ' bytes from'; curl -sm 3 {destination}; true"
        count, _, page = self.lab.inside(node, "sh", "-c", command).partition("\n")
        between = f"host {source} and host {destination} and (icmp or tcp port 80)"
        return Conversation(node, destination, int(count), page.strip(), self.watch.provider(between))


__all__ = ["Conversation", "Report", "Seen", "emulate", "single_failures"]
