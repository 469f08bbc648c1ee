"""What the routing model says, as verdicts of rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from vpner.problems import Problem
from vpner.readers.resources import Resource
from vpner.routing.findings import Code
from vpner.rules.network import Network, flag
from vpner.rules.registry import DECLARED, Edit, Example, Outcome, Verdict, passed, predicted

NO_ROUTERS = Example("the site's firewall is not declared", (Edit(DECLARED, "topology.routers.fw", None),))
"""Without it there is no topology, and no verdict of the model."""


def flow_verdicts(network: Network, codes: Iterable[Code], unknown: Iterable[Code] = ()) -> Iterator[Verdict]:
    """What the model says of protected flows. Without a topology, `network-known` says what is missing."""
    found = network.assessment
    if found is None or not found.flows:
        return
    wanted, doubtful = {item.value for item in codes}, {item.value for item in unknown}
    problems = [item for item in found.violations if item.code in wanted]
    open_ = [item for item in found.inconclusive if item.code in doubtful]
    yield from (predicted(item) for item in problems)
    yield from (predicted(item, outcome=Outcome.INCONCLUSIVE) for item in open_)
    if not problems and not open_:
        yield passed()


def contract_verdicts(network: Network, codes: Iterable[str], unknown: Iterable[str]) -> Iterator[Verdict]:
    """What the model says of the /32 contract, by the codes of its findings."""
    found = network.assessment
    if found is None or not _has_tunnel(network):
        return
    wanted, doubtful = set(codes), set(unknown)
    problems = _together(item for item in found.contract if item.code in wanted)
    open_ = _together(
        item for item in found.inconclusive if item.code in doubtful and not _has_no_private_address(network, item)
    )
    yield from (predicted(item, resource_of(network, item)) for item in problems)
    yield from (predicted(item, resource_of(network, item), Outcome.INCONCLUSIVE) for item in open_)
    if not problems and not open_:
        yield passed()


def _together(problems: Iterable[Problem]) -> list[Problem]:
    """Findings of one kind on one device or gateway as one, with everything that is to be written."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.code, problem.where.partition(" -> ")[0]), []).append(problem)
    return [
        replace(
            items[0],
            where=items[0].where + "".join(f", {item.where.partition(' -> ')[2]}" for item in items[1:]),
            remedy="; ".join(dict.fromkeys(item.remedy for item in items)),
        )
        for items in groups.values()
    ]


def _has_no_private_address(network: Network, problem: Problem) -> bool:
    """Then `private-address-pair` has said what is wrong, and there is no address to declare."""
    gateway = resource_of(network, problem) if problem.code == "tunnel-address-unknown" else None
    return gateway is not None and flag(gateway, "enablePrivateIpAddress") is False


def _has_tunnel(network: Network) -> bool:
    return network.topology is not None and bool(network.topology.vpn_connections)


def resource_of(network: Network, problem: Problem) -> Resource | None:
    """The resource that a problem is about: it is named by its kind and logical name, or as in the topology."""
    by_name = [item for item in network.snapshot.resources if str(item) == problem.where]
    if len(by_name) == 1:
        return by_name[0]
    words = problem.where.replace(".", " ").replace("[", " ").replace("/", " ").split()
    return next((found for word in words if (found := network.named(word)) is not None), None)
