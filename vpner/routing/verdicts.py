"""What happens to a flow, from the ways that its packets can take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vpner.routing.assumptions import Assumptions
from vpner.routing.facts import Grade, facts
from vpner.routing.flows import Flow
from vpner.routing.journey import Carrier, End, Journey, Place, Step
from vpner.routing.solution import Tables
from vpner.routing.trace import Tracer
from vpner.routing.tunnels import Outer, azure_side_fails, device_side_fails, outer_packets
from vpner.topology import Topology, Underlay


class Verdict(StrEnum):
    """Of one flow in one direction. LOCAL, TRANSPORT and EXEMPT are outside the question."""

    ENCRYPTED = "ENCRYPTED"
    CLEARTEXT = "CLEARTEXT"
    LOOP = "LOOP"
    BLACKHOLE = "BLACKHOLE"
    INCONCLUSIVE = "INCONCLUSIVE"
    LOCAL = "LOCAL"
    TRANSPORT = "TRANSPORT"
    EXEMPT = "EXEMPT"


SEVERITY = (
    Verdict.CLEARTEXT,
    Verdict.INCONCLUSIVE,
    Verdict.LOOP,
    Verdict.BLACKHOLE,
    Verdict.ENCRYPTED,
    Verdict.LOCAL,
    Verdict.TRANSPORT,
    Verdict.EXEMPT,
)
"""Worst first."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The one that counts among several equal ways, or phases of an oscillation."""
    return min(verdicts, key=SEVERITY.index)


class Evidence(StrEnum):
    """How well a verdict is known, strongest first. ``declared``: somebody asserted it about the on-premises side."""

    MEASURED = "measured"
    DOCUMENTED = "documented"
    INFERRED = "inferred"
    DECLARED = "declared"
    ASSUMED = "assumed"


_STRENGTH = tuple(Evidence)
_GRADES = {grade: Evidence(grade.value) for grade in Grade}


def weakest(evidence: Iterable[Evidence]) -> Evidence:
    """The one that a conclusion from all of them has."""
    return max(evidence, key=_STRENGTH.index, default=Evidence.MEASURED)


@dataclass(frozen=True, slots=True)
class FlowVerdict:
    """What happens to a flow: the worst of its equal ways and of the phases that routing goes round in."""

    flow: Flow
    verdict: Verdict
    underlay: tuple[Carrier, ...]
    """What carries the packets outside Azure and sites on the worst way; of a tunnel, its outer packets."""
    evidence: Evidence
    """The weakest on the way, outer packets included."""
    why: str
    journeys: tuple[Journey, ...]
    """The equal ways in the worst phase, worst first."""
    phases: tuple[Verdict, ...]
    """One per phase of the solution. More than one: routing oscillates."""
    asymmetric: bool = False
    """The opposite direction has another verdict."""
    beneath: Verdict | None = None
    """What it would be if it were not exempt."""
    assumed: tuple[str, ...] = ()
    """Switches that would change the verdict."""


class Scene:
    """One phase of a solution, with the ways of every tunnel's outer packets."""

    def __init__(self, topology: Topology, tables: Tables, assumptions: Assumptions) -> None:
        self.topology = topology
        self.tracer = Tracer(topology, tables)
        self.assumptions = assumptions
        self.outers: Mapping[str, Outer] = {outer.name: outer for outer in outer_packets(self.tracer)}
        self.connections = {connection.name: connection for connection in topology.vpn_connections}

    def verdict(self, journey: Journey) -> tuple[Verdict, str]:
        """Of one way, with the reason."""
        return next(self._reasons(journey))

    def _reasons(self, journey: Journey) -> Iterator[tuple[Verdict, str]]:
        """All that can be said of a way, worst first."""
        tunnels = list(dict.fromkeys(step.tunnel for step in journey.steps if step.tunnel))
        for step in journey.steps:
            if step.carrier in {Carrier.EXPRESSROUTE, Carrier.INTERNET}:
                yield Verdict.CLEARTEXT, f"{_decision(step)} takes it to {step.carrier} outside a tunnel"
        for step in journey.steps:
            if step.carrier is Carrier.OVERLAY:
                yield Verdict.INCONCLUSIVE, f"{_decision(step)} leaves by a tunnel of its own, of unknown encryption"
        for why in filter(None, map(self._unknown, tunnels)):
            yield Verdict.INCONCLUSIVE, why
        if journey.end is End.UNKNOWN:
            yield Verdict.INCONCLUSIVE, journey.why
        if journey.end is End.LOOP:
            yield Verdict.LOOP, journey.why
        for name in tunnels:
            why = self._fails(name)
            if why:
                yield Verdict.BLACKHOLE, f"the tunnel {name} carries nothing: {why}"
        if journey.end is End.DROPPED:
            yield Verdict.BLACKHOLE, journey.why
        into = next((step for step in journey.steps if step.tunnel), None)
        if into is not None:
            yield Verdict.ENCRYPTED, f"{_decision(into)} takes it through the tunnel {into.tunnel}"
        yield Verdict.LOCAL, "it never leaves Azure, or the site"

    def _unknown(self, name: str) -> str:
        """What is not known of a tunnel over ExpressRoute, and must be declared."""
        connection, outer = self.connections[name.rpartition("/")[0]], self.outers.get(name)
        if connection.over is not Underlay.EXPRESSROUTE:
            return ""
        if outer is None:
            return f"{name} joins two VPN gateways over ExpressRoute, which is not modelled"
        if outer.endpoint is None:
            return f"the device's tunnel endpoint is unknown: declare remote_endpoint of {connection.name}"
        if outer.tunnel is None:
            where = f"vpn_gateways.{connection.gateway}.instances[{outer.instance}]"
            return f"the gateway's private tunnel address is unknown: declare {where}.tunnel"
        return ""

    def _fails(self, name: str) -> str:
        """Why the outer packets of a tunnel do not arrive."""
        outer, assumptions = self.outers.get(name), self.assumptions
        if outer is None:
            return ""
        azure = azure_side_fails(outer) if assumptions.tunnel_uses_gateway_subnet else ""
        return azure or device_side_fails(
            self.topology, outer, lambda: assumptions.device_without_statics_avoids_tunnel
        )

    def underlay(self, journey: Journey) -> tuple[Carrier, ...]:
        """What carries the packets outside Azure and sites."""
        found: dict[Carrier, None] = dict.fromkeys(_outside(journey.steps))
        for outer, over in self._tunnels(journey):
            if outer is None or outer.to_device is None:
                found[Carrier.INTERNET if over is Underlay.INTERNET else Carrier.EXPRESSROUTE] = None
            else:
                found |= dict.fromkeys(carrier for way in outer.to_device for carrier in _outside(way.steps))
        return tuple(sorted(found, key=tuple(Carrier).index))

    def _tunnels(self, journey: Journey) -> list[tuple[Outer | None, Underlay]]:
        names = dict.fromkeys(step.tunnel for step in journey.steps if step.tunnel)
        return [(self.outers.get(name), self.connections[name.rpartition("/")[0]].over) for name in names]

    def evidence(self, journey: Journey) -> Evidence:
        """The weakest of the steps, and of the steps of the outer packets of the tunnels on the way."""
        found = [_of_step(step) for step in journey.steps]
        for outer, _ in self._tunnels(journey):
            if outer is not None:
                ways = (*(outer.to_device or ()), *(outer.to_gateway or ()))
                found += [_of_step(step) for way in ways for step in way.steps]
        return weakest(found)


def _decision(step: Step) -> str:
    if step.decision is None:
        return step.name
    hops = ", ".join(map(str, step.decision.next_hops))
    return f"{step.name}: {step.decision.prefix}{f' via {hops}' if hops else ''} ({step.decision.rule})"


def _of_step(step: Step) -> Evidence:
    """A router's configuration is what somebody declared, whatever rule it applies."""
    found = [Evidence.DECLARED] if step.place is Place.ROUTER else []
    if step.decision is not None:
        found.append(_GRADES[facts()[step.decision.rule].grade])
    return weakest(found)


def _outside(steps: Sequence[Step]) -> Iterable[Carrier]:
    """ExpressRoute, MSEE hairpin (from a VNet to Microsoft's edge and back, without a router between), Internet."""
    edges = [index for index, step in enumerate(steps) if step.place is Place.EDGE]
    if edges:
        between = steps[max(edges[0] - 1, 0) : edges[-1] + 2]
        routers = any(step.place is Place.ROUTER for step in between)
        returns = any(step.place is Place.SUBNET for step in steps[edges[-1] + 1 :])
        yield Carrier.HAIRPIN if returns and not routers else Carrier.EXPRESSROUTE
    elif any(step.carrier is Carrier.EXPRESSROUTE for step in steps):
        yield Carrier.EXPRESSROUTE
    if any(step.carrier is Carrier.INTERNET for step in steps):
        yield Carrier.INTERNET
