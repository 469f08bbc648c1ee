"""Verdicts of protected flows as problems: what is wrong, why it matters and what to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from vpner.problems import Problem
from vpner.routing.facts import facts
from vpner.routing.journey import Carrier, Place, Step
from vpner.routing.verdicts import FlowVerdict, Verdict
from vpner.topology import Mode, Topology, Underlay


class Code(StrEnum):
    """What is said about a protected flow. ``fallback`` is allowed, but named."""

    CLEARTEXT = "cleartext"
    DEVICE_SERVICE = "device-service-in-clear"
    CLEARTEXT_UNDER_FAILURE = "cleartext-under-failure"
    REQUIRED_HAS_FALLBACK = "required-has-fallback"
    FLAPPING = "flapping"
    LOOP = "loop"
    BLACKHOLE = "blackhole"
    INCONCLUSIVE = "inconclusive"
    FALLBACK = "fallback"


VIOLATIONS = frozenset(Code) - {Code.INCONCLUSIVE, Code.FALLBACK}

_WHY = {
    Code.CLEARTEXT: "Protected traffic must be encrypted between device and gateway while a tunnel is up",
    Code.DEVICE_SERVICE: (
        "The endpoint's /32 travels outside the tunnel, and with it whatever else listens on that address"
    ),
    Code.CLEARTEXT_UNDER_FAILURE: "A tunnel that could carry this traffic is still up, yet it travels in clear",
    Code.REQUIRED_HAS_FALLBACK: "Mode required means that nothing but the tunnel may cover protected prefixes",
    Code.FALLBACK: (
        "Mode preferred allows this while no tunnel to the site is up, and when two elements are down at once"
    ),
    Code.FLAPPING: "Routing oscillates; in one of its phases protected traffic travels in clear",
    Code.LOOP: "Protected traffic goes round in circles",
    Code.BLACKHOLE: "A tunnel to the site is there, yet protected traffic is lost",
    Code.INCONCLUSIVE: "What the model does not know it does not guess; this counts as failure",
}

Events = tuple[str, ...]


def allowed(item: FlowVerdict, tunnel_up: bool, events: Events) -> bool:
    """By the mode of its intent. ``preferred`` promises nothing about two failures at once."""
    if item.verdict is Verdict.CLEARTEXT:
        several = sum(1 if event.startswith("fail ") else -1 for event in events) > 1
        return item.flow.mode is Mode.PREFERRED and (not tunnel_up or several)
    return item.verdict is not Verdict.INCONCLUSIVE


def endpoints_of(topology: Topology) -> frozenset[IPv4Network]:
    """Host prefixes of the devices' tunnel endpoints over ExpressRoute: outer packets to them are never in a tunnel."""
    return frozenset(
        IPv4Network(item.remote_endpoint)
        for item in topology.vpn_connections
        if item.over is Underlay.EXPRESSROUTE and isinstance(item.remote_endpoint, IPv4Address)
    )


def code_of(
    item: FlowVerdict, tunnel_up: bool, events: Events, somebody_there: bool, endpoints: frozenset[IPv4Network]
) -> Code | None:
    """What is to be said about a verdict; None: nothing. ``endpoints``: see :func:`endpoints_of`."""
    verdict, flaps = item.verdict, len(set(item.phases)) > 1
    if verdict is Verdict.INCONCLUSIVE:
        return Code.INCONCLUSIVE
    if verdict is Verdict.CLEARTEXT:
        if endpoints.issuperset(item.flow.destination.prefixes):
            return Code.DEVICE_SERVICE
        if flaps:
            return Code.FLAPPING
        if allowed(item, tunnel_up, events):
            return Code.FALLBACK
        if not events:
            return Code.CLEARTEXT
        return Code.REQUIRED_HAS_FALLBACK if item.flow.mode is Mode.REQUIRED else Code.CLEARTEXT_UNDER_FAILURE
    lost = {Verdict.LOOP: Code.LOOP, Verdict.BLACKHOLE: Code.BLACKHOLE if tunnel_up or flaps else None}
    return lost.get(verdict) if somebody_there and not events else None


class Findings:
    """Problems of protected flows. Flows that routes to one prefix decide make one problem, with the fewest events."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._groups: dict[tuple[object, ...], tuple[Code, Events, list[FlowVerdict]]] = {}

    def add(self, item: FlowVerdict, code: Code | None, events: Events) -> None:
        """States must come in the order of their events."""
        if code is None:
            return
        step = deciding_step(item)
        place = (step.place, step.name if step.place is not Place.SUBNET else "") if step else item.why
        prefix = step.decision.prefix if step and step.decision else None
        unknown = code is Code.INCONCLUSIVE and prefix is not None  # what is missing is the cause, wherever it is met
        key = (code, item.flow.intent, item.why) if unknown else (code, item.flow.intent, place, prefix)
        _, first, items = self._groups.setdefault(key, (code, events, []))
        if first == events:
            items.append(item)

    def problems(self, codes: Iterable[Code]) -> tuple[Problem, ...]:
        """Those of some kinds, sorted."""
        wanted = set(codes)
        return tuple(sorted(self._problem(*group) for group in self._groups.values() if group[0] in wanted))

    def _problem(self, code: Code, events: Events, items: Sequence[FlowVerdict]) -> Problem:
        first = items[0]
        shown = "; ".join(str(item.flow) for item in items[:3])
        more = f"; and {len(items) - 3} more" if len(items) > 3 else ""
        after = f" after {', '.join(events)}" if events else ""
        phases = f", through the phases {', '.join(first.phases)}" if len(set(first.phases)) > 1 else ""
        what = f"{shown}{more}: {first.verdict}{after}{phases}. {first.why}"
        remedy = next(self._remedies(code, first))
        return Problem(f"intent {first.flow.intent}", what, _WHY[code], remedy, code.value, _source(first))

    def _remedies(self, code: Code, item: FlowVerdict) -> Iterator[str]:
        """What to change; the first that applies."""
        step = deciding_step(item)
        if code is Code.INCONCLUSIVE:
            yield f"declare what is missing: {item.why}"
        if code is Code.FLAPPING:
            yield "add the routes that the findings of the /32 contract name"
        if code is Code.DEVICE_SERVICE:
            endpoint = ", ".join(map(str, item.flow.destination.prefixes))
            yield (
                f"leave {endpoint} out of the intent, or declare what uses it: exempt: [{{to: [{endpoint}], reason: "
                "..., expires: YYYY-MM-DD}]"
            )
        if step is None or step.decision is None:
            yield "follow the hops of the flow"
            return
        prefix, azure = step.decision.prefix, step.place is Place.SUBNET
        if code in {Code.LOOP, Code.BLACKHOLE}:
            yield f"correct the route to {prefix} at {step.name}"
        if code in {Code.FALLBACK, Code.REQUIRED_HAS_FALLBACK}:
            yield (
                f"to close it, filter {prefix} and whatever else covers it on the ExpressRoute side towards "
                f"{'Azure' if azure else step.name}, so that only the tunnel endpoints' /32 travel over ExpressRoute"
            )
        if not azure:
            yield (
                f"on {step.name}, prefer what comes through the tunnel for {prefix} by local preference, or filter it "
                "from the ExpressRoute side; AS path cannot decide between paths of one length"
            )
        device = self._device_in(step.name.partition("/")[0])
        if device:
            yield (
                f"give {step.name} a route table without gateway route propagation, with a route for {prefix} (or "
                f"0.0.0.0/0) to the VirtualAppliance {device}"
            )
        yield (
            f"let the tunnel win for {prefix} in Azure: hub routing preference VpnGateway (or ASPath with a shorter "
            "path), or announce a more specific prefix through the tunnel only"
        )

    def _device_in(self, vnet: str) -> str:
        """The inner address of a tunnel's device in a VNet that stands for a site."""
        remotes = {connection.remote for connection in self.topology.vpn_connections}
        devices = [router for router in self.topology.routers if router.name in remotes]
        return next((str(nic.ip) for device in devices for nic in device.nics[::-1] if nic.vnet == vnet), "")


def deciding_step(item: FlowVerdict) -> Step | None:
    """Of the worst way, the step that takes it out in clear, or the last one with a decision."""
    if not item.journeys:
        return None
    steps = item.journeys[0].steps
    out = next((step for step in steps if step.carrier in {Carrier.EXPRESSROUTE, Carrier.INTERNET}), None)
    return out or next((step for step in reversed(steps) if step.decision), steps[-1])


def _source(item: FlowVerdict) -> str:
    step = deciding_step(item)
    if step is None or step.decision is None:
        return ""
    fact = facts()[step.decision.rule]
    return f"{fact.id}: {fact.source}"
