"""What happens to every protected flow, and to every flow that there can be, in one solution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from ipaddress import IPv4Address, IPv4Network

from vpner.routing.bgp import PrefixSet
from vpner.routing.classes import without
from vpner.routing.flows import Atlas, Flow, Source, SourceKind, name_of
from vpner.routing.journey import Journey
from vpner.routing.solution import Solution
from vpner.routing.verdicts import SEVERITY, Evidence, FlowVerdict, Scene, Verdict, worst
from vpner.topology import Exemption, Intent, Topology


def judge(topology: Topology, solution: Solution, today: date) -> tuple[FlowVerdict, ...]:
    """Every protected flow, in both directions, one per source and class of destinations.

    ``today`` decides which exemptions have expired.
    """
    return Court(topology, solution).protected(today)


def all_flows(topology: Topology, solution: Solution) -> tuple[FlowVerdict, ...]:
    """From every place to every class of addresses: the whole address space."""
    court = Court(topology, solution)
    flows = [Flow(source, item) for source in court.atlas.places for item in court.atlas.classes]
    return tuple(court.compare([court.flow(flow) for flow in flows]))


def flows_of(topology: Topology, solution: Solution, today: date) -> tuple[FlowVerdict, ...]:
    """The flows that somebody asks about: protected ones, or all where nothing is protected."""
    return judge(topology, solution, today) if topology.intent else all_flows(topology, solution)


def _sides(intent: Intent) -> tuple[tuple[Sequence[IPv4Network], Sequence[IPv4Network]], ...]:
    return (intent.sources, intent.destinations), (intent.destinations, intent.sources)


class Court:
    """Judges flows in one solution."""

    def __init__(self, topology: Topology, solution: Solution, atlas: Atlas | None = None) -> None:
        self.topology = topology
        self.atlas = atlas or Atlas(topology, solution.phases)
        self.scenes = [Scene(topology, tables, solution.assumptions) for tables in solution.phases]
        self._ways: dict[tuple[SourceKind, str, IPv4Address], FlowVerdict] = {}

    def protected(self, today: date) -> tuple[FlowVerdict, ...]:
        """Every flow of every intent."""
        found: list[FlowVerdict] = []
        for intent in self.topology.intent:
            verdicts = [verdict for side in _sides(intent) for verdict in self.intent(intent, *side, today)]
            found += self.compare(verdicts)
        return tuple(found)

    def intent(
        self, intent: Intent, sources: Sequence[IPv4Network], destinations: Sequence[IPv4Network], today: date
    ) -> Iterator[FlowVerdict]:
        """One direction of an intent."""
        atlas, name = self.atlas, name_of(self.topology, intent)
        targets = atlas.within(destinations)
        exemptions = [item for item in intent.exempt if item.expires >= today]
        for source in (part for whole in atlas.sources(sources) for part in _split(atlas, whole, exemptions)):
            for target in targets:
                verdict = self.flow(Flow(source, target, name, intent.mode))
                yield _exempt(verdict, exemptions)
        for prefix in atlas.undeclared(sources):
            source = Source(SourceKind.UNDECLARED, str(prefix), (prefix,))
            for target in targets[:1]:
                flow = Flow(source, target, name, intent.mode)
                why = (
                    f"no subnet and no router's network is in {prefix}: declare the VNet's subnets, or the networks of "
                    "the router that has it"
                )
                verdict = Verdict.INCONCLUSIVE
                yield FlowVerdict(flow, verdict, (), Evidence.DECLARED, why, (), (verdict,) * len(self.scenes))

    def flow(self, flow: Flow) -> FlowVerdict:
        """One flow, without exemptions."""
        key = flow.source.kind, flow.source.name, flow.destination.sample
        if key not in self._ways:
            self._ways[key] = self._judge(flow)
        return replace(self._ways[key], flow=flow)

    def _judge(self, flow: Flow) -> FlowVerdict:
        if self.atlas.gateways_only(flow.destination):
            why = "only gateways and Route Servers are there: IKE, ESP and BGP of the link"
            verdict = Verdict.TRANSPORT
            return FlowVerdict(flow, verdict, (), Evidence.DOCUMENTED, why, (), (verdict,) * len(self.scenes))
        phases = [self._in(scene, flow) for scene in self.scenes]
        verdict = worst(found.verdict for found in phases)
        chosen = next(found for found in phases if found.verdict is verdict)
        return replace(chosen, phases=tuple(found.verdict for found in phases))

    def _in(self, scene: Scene, flow: Flow) -> FlowVerdict:
        tracer, target = scene.tracer, flow.destination.sample
        if flow.source.kind is SourceKind.SUBNET:
            vnet, _, subnet = flow.source.name.rpartition("/")
            journeys = tracer.trace_from_subnet(vnet, subnet, target)
        else:
            journeys = tracer.trace_from_router(flow.source.name, target)
        judged = sorted(
            ((*scene.verdict(journey), journey) for journey in journeys), key=lambda item: SEVERITY.index(item[0])
        )
        verdict, why, first = judged[0]
        ways: tuple[Journey, ...] = tuple(journey for _, _, journey in judged)
        return FlowVerdict(flow, verdict, scene.underlay(first), scene.evidence(first), why, ways, (verdict,))

    def compare(self, verdicts: Sequence[FlowVerdict]) -> Iterator[FlowVerdict]:
        """Note where the two directions differ."""
        between: dict[tuple[str, str], set[Verdict]] = {}
        for verdict in verdicts:
            if verdict.verdict in _OF_ENDS:
                for place in self._places(verdict):
                    between.setdefault((verdict.flow.source.name, place), set()).add(verdict.verdict)
        for verdict in verdicts:
            here = verdict.flow.source.name
            back = {found for place in self._places(verdict) for found in between.get((place, here), ())}
            differs = verdict.verdict in _OF_ENDS and bool(back - {verdict.verdict})
            yield replace(verdict, asymmetric=True) if differs else verdict

    def _places(self, verdict: FlowVerdict) -> tuple[str, ...]:
        return self.atlas.places_of(verdict.flow.destination.sample)


_OF_ENDS = frozenset(Verdict) - {Verdict.TRANSPORT, Verdict.EXEMPT}


def _split(atlas: Atlas, source: Source, exemptions: Sequence[Exemption]) -> Iterator[Source]:
    """A source in parts, each of which exemptions treat alike."""
    cuts = [prefix for item in exemptions for prefix in (*item.sources, *item.destinations)]
    if not any(cut.subnet_of(prefix) and cut != prefix for cut in cuts for prefix in source.prefixes):
        yield source
        return
    inside = PrefixSet(source.prefixes)
    groups: dict[tuple[bool, ...], list[IPv4Network]] = {}
    for item in atlas.classes:
        if inside.covers(IPv4Network(item.sample)):
            pieces = without(item.prefixes, item.holes)
            treated = tuple(_holds(each, item.sample) for each in _sets(exemptions))
            groups.setdefault(treated, []).extend(pieces)
    for prefixes in groups.values():
        yield Source(source.kind, source.name, without(prefixes, ()))


def _sets(exemptions: Iterable[Exemption]) -> Iterator[Sequence[IPv4Network]]:
    for item in exemptions:
        yield item.sources
        yield item.destinations


def _holds(prefixes: Sequence[IPv4Network], address: IPv4Address) -> bool:
    """No prefixes: any address."""
    return not prefixes or any(address in prefix for prefix in prefixes)


def _exempt(verdict: FlowVerdict, exemptions: Sequence[Exemption]) -> FlowVerdict:
    """Exempt, if a whole flow is: an exemption of one protocol or port leaves the rest of it to be judged."""
    if verdict.verdict is Verdict.TRANSPORT:
        return verdict
    here, there = verdict.flow.source.prefixes[0].network_address, verdict.flow.destination.sample
    for item in exemptions:
        forth = _holds(item.sources, here) and _holds(item.destinations, there)
        back = _holds(item.sources, there) and _holds(item.destinations, here)
        if not (forth or back):
            continue
        if item.protocol is None and item.port is None:
            why = f"exempt until {item.expires.isoformat()}: {item.reason}"
            return replace(verdict, verdict=Verdict.EXEMPT, why=why, beneath=verdict.verdict)
        port = f" port {item.port}" if item.port is not None else ""
        part = f"{item.protocol or 'any protocol'}{port}, exempt until {item.expires.isoformat()}: {item.reason}"
        verdict = replace(verdict, why=f"{verdict.why} (but for {part})")
    return verdict
