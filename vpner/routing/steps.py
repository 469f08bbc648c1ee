"""How each kind of speaker chooses among the paths of one prefix: steps in order, each with the fact behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vpner.routing.bgp import Kind, Origin, Path, Role, tie_key
from vpner.routing.fabric import Fabric
from vpner.topology import Preference


@dataclass(frozen=True, slots=True)
class Step:
    """The lower key wins. Paths that differ only in ``tie`` steps are equally good: both may carry traffic."""

    fact: str
    key: Callable[[Path], Any]
    tie: bool = False


Steps = tuple[Step, ...]


def rank(steps: Steps, paths: Iterable[Path]) -> list[Path]:
    """Best first."""
    paths = list(paths)
    if len(paths) < 2:
        return paths
    return sorted(paths, key=lambda path: [step.key(path) for step in steps])


def equals(steps: Steps, ranked: Sequence[Path]) -> list[Path]:
    """Those at the head of a ranking that only a tie-break tells apart."""
    firm = [step for step in steps if not step.tie]
    return [path for path in ranked if all(step.key(path) == step.key(ranked[0]) for step in firm)]


def deciding(steps: Steps, winner: Path, loser: Path) -> str:
    """The fact behind the step in which two paths differ."""
    return next((step.fact for step in steps if step.key(winner) != step.key(loser)), steps[-1].fact)


def steps_of(fabric: Fabric, speaker: int) -> Steps:
    """The steps of a speaker."""
    return _STEPS[fabric.speakers[speaker].role](fabric, speaker)


def _own_first(path: Path) -> bool:
    return path.session >= 0


def _length(path: Path) -> int:
    return len(path.as_path)


def _internal(path: Path) -> bool:
    return path.origin is Origin.IBGP


def _tie_breaks(fabric: Fabric) -> Steps:
    def order(path: Path) -> int:
        return 0 if path.session < 0 else fabric.sessions[path.session].order

    def neighbour(path: Path) -> tuple[Any, ...]:
        if path.session < 0:
            return (0, 0, "")
        session = fabric.sessions[path.session]
        unknown, address, _ = tie_key(session.sender_ip)
        return unknown, address, fabric.speakers[session.sender].name

    return (
        Step("tie-primary-before-secondary", order, tie=True),
        Step("tie-lowest-address", neighbour, tie=True),
    )


def _router(fabric: Fabric, speaker: int) -> Steps:
    return (
        Step("router-own-routes-first", _own_first),
        Step("router-local-preference", lambda path: -path.local_preference),
        Step("shortest-as-path", _length),
        Step("router-med", lambda path: path.med),
        Step("ebgp-over-ibgp", _internal),
        *_tie_breaks(fabric),
    )


def _edge(fabric: Fabric, speaker: int) -> Steps:
    def length(path: Path) -> int:
        sender = fabric.sender(path)
        return len(path.as_path) + (2 if sender and sender.role is Role.MSEE else 0)

    return (Step("shortest-as-path", length), Step("ebgp-over-ibgp", _internal), *_tie_breaks(fabric))


def _er_gateway(fabric: Fabric, speaker: int) -> Steps:
    server = fabric.servers.get(fabric.speakers[speaker].vnet)
    weight = Step("er-gateway-weight-first", lambda path: -path.weight)
    last: Steps = (Step("ebgp-over-ibgp", _internal), *_tie_breaks(fabric))
    own, length = Step("gateway-own-prefixes-first", _own_first), Step("shortest-as-path", _length)
    if server is None or not server.branch_to_branch:
        return (own, replace(weight, fact="expressroute-over-vpn"), length, *last)
    if fabric.assumptions.er_gateway_weight_first:
        return (own, weight, length, *last)
    return (own, length, weight, *last)


def _vpn_gateway(fabric: Fabric, speaker: int) -> Steps:
    def own(path: Path) -> int:
        return 0 if path.kind is Kind.VNET and path.session < 0 else 1

    def reflected(path: Path) -> bool:
        sender = fabric.sender(path)
        return sender is not None and sender.role is Role.ROUTE_SERVER and path.origin is Origin.IBGP

    steps: list[Step] = [Step("gateway-own-prefixes-first", own)]
    if fabric.assumptions.vpn_tunnels_before_route_server:
        steps.append(Step("vpn-tunnels-before-route-server", reflected))
    if fabric.assumptions.vpn_static_beats_bgp:
        steps.append(Step("vpn-static-beats-bgp", _own_first))
    return (*steps, Step("shortest-as-path", _length), Step("ebgp-over-ibgp", _internal), *_tie_breaks(fabric))


def is_expressroute(fabric: Fabric, path: Path) -> bool:
    """Of the class ExpressRoute, as hub routing preference tells classes apart."""
    sender = fabric.sender(path)
    return sender is not None and sender.role in {Role.ER_GATEWAY, Role.MSEE}


def _preference(fabric: Fabric, preference: Preference) -> Step:
    """The classes of hub routing preference. VPN gateways and appliances are one class."""

    def key(path: Path) -> bool:
        expressroute = is_expressroute(fabric, path)
        return not expressroute if preference is Preference.EXPRESSROUTE else expressroute

    if preference is Preference.AS_PATH:
        return Step("shortest-as-path", _length)
    return Step("hub-routing-preference", key)


def _route_server(fabric: Fabric, speaker: int) -> Steps:
    server = fabric.servers[fabric.speakers[speaker].vnet]
    # Azure keeps the setting without branch-to-branch, and it decides nothing (hub-routing-preference).
    preference = server.preference if server.branch_to_branch else Preference.EXPRESSROUTE
    steps = [Step("gateway-own-prefixes-first", _own_first), _preference(fabric, preference)]
    if fabric.assumptions.route_server_sees_er_weight:
        steps.append(Step("route-server-sees-er-weight", lambda path: -path.weight))
    steps.append(Step("shortest-as-path", _length))
    if preference is Preference.AS_PATH and fabric.assumptions.as_path_tie_prefers_er:
        steps.append(Step("as-path-tie-prefers-er", lambda path: not is_expressroute(fabric, path)))
    return (*steps, *_tie_breaks(fabric))


_STEPS: dict[Role, Callable[[Fabric, int], Steps]] = {
    Role.ROUTER: _router,
    Role.MSEE: _edge,
    Role.ER_GATEWAY: _er_gateway,
    Role.ROUTE_SERVER: _route_server,
    Role.VPN_GATEWAY: _vpn_gateway,
}
