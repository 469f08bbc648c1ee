"""Mutants of ``tests/mutation`` on real routers: what packets do to the truth that was written down by hand.

A mutant is *run* if the network that is read from its stack differs in what the emulation reads. Equal networks are run
once. Nothing of the routing model is asked here: harm is what daemons and packets show.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from tests.mutation.judging import TODAY, good
from tests.mutation.mutants import Mutant, Truth, declaration, mutate
from vpner.emulation import NotSettled
from vpner.emulation.lab import Lab
from vpner.emulation.nodes import Use
from vpner.emulation.traffic import Meanwhile, Watch, populate, protected_machines
from vpner.emulation.wires import plan_wires
from vpner.problems import Problems
from vpner.readers.resources import Snapshot, Value
from vpner.routing.facts import facts
from vpner.rules import Network, read_declared
from vpner.rules.registry import DECLARED
from vpner.topology import Mode, Topology

_TO_COME_UP, _TO_SETTLE, _QUIET = 40.0, 40.0, 3.0
"""Seconds. The lab is up and quiet after ten; BGP's hold time is 8."""
_PACKETS = 300
"""Of each pair, in six seconds: with the quiet before, longer than a tunnel that carries itself can seem to live."""
_NOTICED = 20.0
"""Seconds after which BGP and IKE have long noticed a failure, and the fallback carries."""


class Outcome(StrEnum):
    """What the emulation has to say of a mutant."""

    HARMED = "packets show harm"
    CARRIED = "carried, encrypted"
    BEYOND = "no matter of packets"
    """Carried, and the harm is of another kind: it rests on a document about what Azure refuses or two ends agree on,
    and not on a fact about routes."""
    SAME = "same network"
    UNREAD = "network not read"
    REFUSED = "not emulated"


@dataclass(frozen=True, slots=True)
class Ran:
    """A mutant with its outcome, and what was seen that does harm."""

    mutant: Mutant
    outcome: Outcome
    evidence: tuple[str, ...] = ()

    @property
    def diverges(self) -> bool:
        """Packets contradict the truth."""
        harmless = self.mutant.truth is Truth.HARMLESS
        return self.outcome is (Outcome.HARMED if harmless else Outcome.CARRIED)

    def __str__(self) -> str:
        row = self.mutant.row
        seen = "; ".join(self.evidence) or "nothing"
        return f"{self.mutant}: {row.truth} ({row.because}; {row.fact}), {self.outcome}: {seen}"


def run(mutant: Mutant) -> Ran:
    """A mutant in the emulation, if there is something to run."""
    found = network(mutant)
    if isinstance(found, Outcome):
        return Ran(mutant, found)
    evidence = observed(found)
    if evidence:
        return Ran(mutant, Outcome.HARMED, evidence)
    beyond = mutant.truth is Truth.HARMFUL and not about_routes(mutant)
    return Ran(mutant, Outcome.BEYOND if beyond else Outcome.CARRIED)


def about_routes(mutant: Mutant) -> bool:
    """The truth rests on a fact about routes, so that packets must show it."""
    return mutant.row.fact in facts()


def network(mutant: Mutant) -> Topology | Outcome:
    """The network of a mutant with somebody in every subnet, or why there is none to run."""
    declared = mutant.edit.resource == DECLARED
    snapshot = good(mutant.stack) if declared else mutate(good(mutant.stack), mutant.edit)
    topology = _read(snapshot, declaration(mutant.edit))
    if topology is None:
        return Outcome.UNREAD
    if _as_emulated(topology) == _as_emulated(good_topology(mutant.stack)):
        return Outcome.SAME
    try:
        return populated(topology)
    except Problems:
        return Outcome.REFUSED


def populated(topology: Topology) -> Topology:
    """What is built of a network: with addresses, and a machine in every subnet."""
    return populate(_as_emulated(topology))


@cache
def good_topology(stack: str) -> Topology:
    """The network of a stack as it is."""
    topology = _read(good(stack), {})
    assert topology is not None
    return topology


def _read(snapshot: Snapshot, declared: Mapping[str, Value]) -> Topology | None:
    read, problems = read_declared(declared)
    assert not problems, problems
    return Network(snapshot, read, today=TODAY).topology


def _as_emulated(topology: Topology) -> Topology:
    """Without what the emulation does not read."""
    return replace(
        topology,
        vnets=tuple(replace(item, region=None) for item in topology.vnets),
        peerings=tuple(replace(item, allow_forwarded_traffic=True) for item in topology.peerings),
    )


@cache
def observed(network: Topology) -> tuple[str, ...]:
    """What does harm in a network, in words: nothing, if every protected flow travels encrypted and goes on to."""
    plan = plan_wires(network)
    with Lab(plan) as lab:
        watch = Watch(lab)
        down = _await(lab)
        if down:
            return tuple(f"not up: {item}" for item in down)
        try:
            tables = lab.settle(timeout=_TO_SETTLE, quiet=_QUIET)
        except NotSettled as error:
            return (f"unstable: {error}",)
        evidence = [_counted(item) for item in _talk(watch) if item.clear or item.lost]
        evidence += [f"down again: {item}" for item in _down(lab)]
        evidence += _own_packets_in_tunnels(lab)
        if lab.control.tables() != tables:
            evidence.append("tables have changed")
        if not evidence and any(item.mode is Mode.REQUIRED for item in network.intent):
            evidence += _without_tunnels(lab, watch)
    return tuple(evidence)


def _without_tunnels(lab: Lab, watch: Watch) -> Iterator[str]:
    """What could be read while a connection's tunnels are down. Losing the traffic is what mode required asks for."""
    for connection in lab.plan.topology.vpn_connections:
        element = f"vpn_connections/{connection.name}"
        lab.fail(element)
        time.sleep(_NOTICED)
        yield from (f"without {element}: {_counted(item)}" for item in _talk(watch) if item.clear)
        lab.repair(element)


def _own_packets_in_tunnels(lab: Lab) -> Iterator[str]:
    """Tunnels whose outer packets their device sends into a tunnel, its own or another one: the kernel's own lookup.

    In another one they may arrive, as long as that is up, and none is left when it is not.
    """
    for end in lab.plan.tunnels:
        if end.owner in {router.name for router in lab.plan.topology.routers}:
            inner = {wire.interface for wire, _, _ in lab.plan.of(end.owner, Use.INNER)}
            way = lab.inside(end.owner, "ip", "route", "get", str(end.remote))
            if any(f"dev {name} " in way for name in inner):
                yield f"outer packets of tunnel {end.tunnel} enter a tunnel"


def _await(lab: Lab) -> list[str]:
    """What has not come up in time."""
    until = time.monotonic() + _TO_COME_UP
    while (down := _down(lab)) and time.monotonic() < until:
        time.sleep(1.0)
    return down


def _down(lab: Lab) -> list[str]:
    tunnels = (f"tunnel {name}" for name, up in lab.tunnels_up().items() if not up)
    return [*tunnels, *(f"session {item}" for item in lab.control.down())]


def _talk(watch: Watch) -> list[Meanwhile]:
    """Packets of every protected pair of machines, both ways."""
    pairs = {(nic.name, one, other) for nic, one, there in protected_machines(watch.topology) for other in there}
    assert pairs, "nobody has anything to protect"
    return watch.ended(watch.begin(sorted(pairs), _PACKETS))


def _counted(item: Meanwhile) -> str:
    return f"{item.source} to {item.destination}: {item.clear} in clear, {item.lost} lost of {item.sent}"
