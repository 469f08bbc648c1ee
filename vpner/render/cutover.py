"""A cutover's plan as text for the people who carry it out, and as plain values for JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from vpner.cutover import Change, Fate, FlowKey, Harm, Kind, Party, Phase, Plan, Rehearsal, Stage, State, Window
from vpner.cutover.changes import identity
from vpner.render.grid import Grid
from vpner.topology import Announcement, Filter, Static

_TYPES = {
    Kind.VPN_GATEWAY: "network:VirtualNetworkGateway",
    Kind.ROUTE_SERVER: "network:VirtualHub",
    Kind.ROUTE_TABLE: "network:RouteTable",
    Kind.PEERING: "network:VirtualNetworkPeering",
    Kind.BGP_SESSION: "network:VirtualHubBgpConnection",
    Kind.VPN_CONNECTION: "network:VirtualNetworkGatewayConnection",
    Kind.STATIC_PREFIXES: "network:LocalNetworkGateway",
    Kind.BRANCH_TO_BRANCH: "network:VirtualHub",
    Kind.PREFERENCE: "network:VirtualHub",
    Kind.ASSOCIATION: "network:Subnet",
}
"""The resource that a change in Azure creates, updates or deletes, in Pulumi's words."""
_COMPONENTS = ("vpner:index:IpsecOverEr", "vpner:index:OpnsenseNva")
"""What they build beside the gateway is deleted with it."""
_TUNNEL = frozenset({Kind.VPN_GATEWAY, Kind.VPN_CONNECTION, Kind.ROUTE_TABLE, Kind.ASSOCIATION})


def change_text(change: Change) -> str:
    """What is to be done, as an instruction."""
    old, new, location = change.old, change.new, change.location
    owner = location[1] if len(location) > 1 else ""
    if not change.member:
        name = "/".join((owner, *location[3:-1]))
        what = "route table" if change.kind is Kind.ASSOCIATION else change.kind.value
        return f"{name}: {what} {_attribute(change)}{_value(new)} (was {_value(old)})"
    if len(location) > 1:
        return f"{owner}: {'remove' if new is None else 'add'} the {change.kind} {_item(old if new is None else new)}"
    name = identity(old if new is None else new)
    if change.kind is Kind.ROUTER:
        return f"put {name} into operation, still without routes" if old is None else f"take {name} out of operation"
    return f"{'create' if old is None else 'delete' if new is None else 'replace'} the {change.kind} {name}"


def _attribute(change: Change) -> str:
    return f"({change.location[-1]}) " if change.kind in {Kind.TUNNEL_FILTER, Kind.CIRCUIT_FILTER} else ""


def _item(item: Any) -> str:
    if isinstance(item, Announcement):
        return f"{item.prefix} with AS path {' '.join(map(str, item.as_path))}"
    return f"{item.prefix} via {item.next_hop}" if isinstance(item, Static) else str(item)


def _value(value: Any) -> str:
    if isinstance(value, Filter):
        default = Filter()
        said = ((name, getattr(value, name)) for name in Filter.__dataclass_fields__)
        return ", ".join(f"{name} {_list(it)}" for name, it in said if it != getattr(default, name)) or "no filter"
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else _list(value)


def _list(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def commands(phases: Sequence[Phase], number: int) -> tuple[str, ...]:
    """What Pulumi is told in a phase, counted from 0, in a project of this program's configuration.

    The configuration becomes the target's in the first phase; what later phases change is left out until then.
    """
    mine = [change for change in phases[number].changes if change.party is Party.AZURE]
    if not mine:
        return ()
    later = [change for phase in phases[number + 1 :] for change in phase.changes if change.party is Party.AZURE]
    now, then = ({_TYPES[item.kind] for item in side if item.kind in _TYPES} for side in (mine, later))
    earlier = {_setting(change) for phase in phases[:number] for change in phase.changes}
    lines = [line for line in dict.fromkeys(map(_setting, mine)) if line and line not in earlier]
    if now & then:
        return (*lines, f"pulumi up, with --target for the URNs of this phase: {', '.join(sorted(now))}")
    if any(map(_deletes, later)) and all(map(_deletes, mine)):
        return (*lines, _up("--target", _resources(now)))
    if any(change.kind is Kind.VPN_GATEWAY and _deletes(change) for change in later):
        then -= {_TYPES[Kind.VPN_GATEWAY], _TYPES[Kind.VPN_CONNECTION]}
        return (*lines, _up("--exclude", (*_COMPONENTS, *_resources(then))))
    return (*lines, _up("--exclude", _resources(then)))


def _deletes(change: Change) -> bool:
    return change.member and change.new is None


def _resources(types: Iterable[str]) -> list[str]:
    return [f"{item}::" for item in sorted(types)]


def _up(option: str, patterns: Iterable[str]) -> str:
    return " ".join(["pulumi up", *(f"{option} '**{item}**'" for item in patterns)])


def _setting(change: Change) -> str:
    """The key of a stack's configuration that brings a change about; empty where another program must say it."""
    if change.kind is Kind.PREFERENCE:
        return f"pulumi config set vpner:preference {change.new}"
    if change.kind is Kind.BRANCH_TO_BRANCH:
        return f"pulumi config set --path vpner:routeServer.branchToBranch {json.dumps(change.new)}"
    if change.kind is Kind.ROUTE_SERVER:
        return f"pulumi config set --path vpner:routeServer.enabled {json.dumps(change.new is not None)}"
    if change.kind in _TUNNEL:
        return f"pulumi config set --path vpner:tunnel.enabled {json.dumps(change.new is not None)}"
    return ""


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan for people: phases there, then the way back in short."""
    for number, phase in enumerate(plan.phases):
        yield from _phase_lines(plan, number, phase)
    if plan.phases:
        yield "Way back: the same states the other way round. From the middle, undo what is done, the last phase first"
        for number in range(len(plan.back)):
            yield f"  Phase {number + 1}"
            yield from (f"  {line}" for line in _orders(plan.back, number))
        yield ""
    unknown = {plan.first.of(key).why for key in plan.flows if plan.first.of(key).fate is Fate.UNKNOWN}
    yield from (f"Unknown of the network before it: {why}" for why in sorted(unknown))
    for item in plan.obstacles:
        yield f"In the way: {window_text(item)}"
    for problem in (*plan.target.violations, *plan.target.inconclusive):
        yield f"The network after it: {problem}"


def _phase_lines(plan: Plan, number: int, phase: Phase) -> Iterator[str]:
    yield f"Phase {number + 1}: {phase.stage} ({phase.states} states, {phase.orders} orders, no window)"
    yield from _orders(plan.phases, number)
    yield f"  See: {_see(phase)}"
    for line in str(summary(plan.flows, phase)).splitlines():
        yield f"  {line}"
    if plan.clear_from() == number + 1:
        yield "  IN CLEAR FROM HERE: encryption is given up as this phase begins"
    if plan.encrypted_from() == number + 1:
        yield "  ENCRYPTED FROM HERE: no later step may show a protected flow in clear"
    yield ""


def _orders(phases: Sequence[Phase], number: int) -> Iterator[str]:
    """Who does what in a phase."""
    for party in Party:
        for change in phases[number].changes:
            if change.party is party:
                yield f"  {party}: {change_text(change)}"
    for line in commands(phases, number):
        yield f"  $ {line}"


def _see(phase: Phase) -> str:
    up = [identity(item.new) for item in phase.changes if item.kind is Kind.VPN_CONNECTION and item.new is not None]
    moved = "the new next hops (az network nic show-effective-route-table)" if phase.stage is Stage.SWITCH else ""
    connected = [f"connectionStatus Connected (az network vpn-connection show -n {name})" for name in up]
    return "; ".join([*connected, *filter(None, [moved]), "vpner compare with the network of this phase (--write)"])


def summary(flows: Iterable[FlowKey], phase: Phase) -> Grid:
    """Protected flows before and after a phase, by intent and source."""
    rows: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
    for key in flows:
        before, after = rows.setdefault(key[:2], ({}, {}))
        before[_fate(phase.before, key)] = after[_fate(phase.after, key)] = None
    return Grid(
        ("Intent", "From", "Before", "After (predicted)"),
        tuple((intent, source, ", ".join(was), ", ".join(now)) for (intent, source), (was, now) in rows.items()),
    )


def _fate(state: State, key: FlowKey) -> str:
    found = state.of(key)
    return str(found.verdict or "(not there yet)") if found.fate is not Fate.FLAPPING else "flapping"


def window_text(window: Window) -> str:
    """A step that must not be, with its reason."""
    intent, source, address = window.flow
    return f"{source} -> {address} ({intent}) {window.was}, then {window.becomes} after {window.change}: {window.why}"


def rehearsal_lines(found: Rehearsal) -> Iterator[str]:
    """What could happen in one update: how many states, and each change with which it begins."""
    yield f"In one update: {found.changes} changes, {found.states} states, {found.orders} orders"
    for harm in Harm:
        of_kind = [item for item in found.windows if item.harm is harm]
        if not of_kind:
            continue
        yield f"  {harm.value}: {len({item.done for item in of_kind})} states"
        begins = [item for item in of_kind if item.was in {Fate.ENCRYPTED, Fate.CLEARTEXT}]
        for item in {item.change: item for item in reversed(begins)}.values():
            yield f"    {window_text(item)}"
    if not found.windows:
        yield "  no window"


def plan_json(plan: Plan) -> dict[str, Any]:
    """Everything of a plan; states are shown as the flows of each phase."""
    return {
        "predicted": True,
        "outcome": plan.outcome.value,
        "states": plan.judged,
        "encrypted_from": plan.encrypted_from(),
        "clear_from": plan.clear_from(),
        "phases": _phases_json(plan, plan.phases),
        "back": _phases_json(plan, plan.back),
        "obstacles": [_window_json(item) for item in plan.obstacles],
    }


def _phases_json(plan: Plan, phases: Sequence[Phase]) -> list[dict[str, Any]]:
    return [
        {
            "stage": phase.stage.value,
            "states": phase.states,
            "orders": phase.orders,
            "changes": [
                {"key": item.key, "by": item.party.value, "kind": item.kind.value, "do": change_text(item)}
                for item in phase.changes
            ],
            "commands": list(commands(phases, number)),
            "see": _see(phase),
            "flows": [
                {
                    "intent": key[0],
                    "from": key[1],
                    "to": str(key[2]),
                    "before": _fate(phase.before, key),
                    "after": _fate(phase.after, key),
                }
                for key in plan.flows
            ],
        }
        for number, phase in enumerate(phases)
    ]


def rehearsal_json(found: Rehearsal) -> dict[str, Any]:
    """What could happen in one update."""
    return {
        "changes": found.changes,
        "states": found.states,
        "orders": found.orders,
        "windows": [_window_json(item) for item in found.windows],
    }


def _window_json(item: Window) -> dict[str, Any]:
    return {
        "harm": item.harm.value,
        "intent": item.flow[0],
        "from": item.flow[1],
        "to": str(item.flow[2]),
        "was": item.was.value,
        "becomes": item.becomes.value,
        "after": item.change,
        "why": item.why,
    }
