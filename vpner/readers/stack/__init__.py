"""A stack's resources as a topology: of any program with azure-native resources, and what its components register.

The resources become a document in topology format 1, which the reader of case files then reads. So both have one
meaning, the same checks, and the same names for addresses that only Azure will know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from vpner.problems import Problem, Problems, refuse
from vpner.readers.case import read_document
from vpner.readers.resources import UNMODELLED, Resource, Snapshot, is_unmodelled
from vpner.readers.stack.connections import add_bgp_peers, add_connections
from vpner.readers.stack.draft import Draft
from vpner.readers.stack.gateways import add_gateways, add_route_servers
from vpner.readers.stack.networks import add_peerings, add_route_tables, add_vnets, interfaces
from vpner.readers.stack.outside import (
    Outside,
    add_devices,
    add_intent,
    add_observed_edges,
    add_routers,
    declared_interfaces,
)
from vpner.readers.stack.planned import add_planned
from vpner.topology import Topology


def read_stack(
    snapshot: Snapshot,
    declared: Mapping[str, Any] | None = None,
    origin: str = "stack",
    *,
    planned: bool = False,
) -> Topology:
    """The topology that a stack's resources make, before or after they are deployed.

    ``declared`` is a part of a topology in format 1's words, for what neither resources nor components tell: it
    completes them, and wins where both say something. Addresses that only Azure will know are Symbols. In a stage
    without connections there are none, unless those that components plan are asked for too (``planned``).

    Raises :class:`Problems` with everything that routes depend on and that is unknown, outside the stack, or not
    modelled, each with the key to declare.
    """
    # The engine's order is that of a race between resources.
    draft = Draft(Snapshot(sorted(snapshot.resources, key=lambda item: item.urn)), declared or {})
    for resource in draft.snapshot.resources:
        _refuse_unmodelled(draft, resource)
    add_vnets(draft)
    add_route_tables(draft)
    add_peerings(draft)
    add_gateways(draft)
    add_route_servers(draft)
    found = interfaces(draft)
    outside = Outside(draft)
    taken = add_devices(outside, found) | declared_interfaces(draft, found)
    add_routers(outside)
    add_connections(outside)
    if planned:
        add_planned(outside)
    taken |= add_bgp_peers(outside, found)
    add_observed_edges(outside)
    add_intent(draft)
    draft.section("nics").update({item.name: item.entry() for item in found if item.name not in taken})
    refuse(f"cannot read the network of {origin}", dict.fromkeys(draft.problems))
    document = merged(draft.document, draft.declared)
    try:
        return read_document(document, origin).topology
    except Problems as problems:
        raise Problems(
            f"cannot read the network of {origin}", [_placed(problem, document) for problem in problems.problems]
        ) from None


def _refuse_unmodelled(draft: Draft, resource: Resource) -> None:
    if is_unmodelled(resource.type):
        sections = UNMODELLED[resource.kind]
        if not any(section in draft.declared for section in sections.split(" and ")):
            draft.not_modelled(resource, f"{resource.kind} is not read", f"{sections}: ...")
    elif resource.type.startswith("azure:network/"):
        draft.not_modelled(resource, "resources of the classic provider are not read", "all of this stack's network")


def merged(document: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """The document completed by the declaration. Things in lists are the same if their names, or VNets, are."""
    found = dict(document)
    for key, value in declared.items():
        mine = found.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            found[key] = merged(cast("dict[str, Any]", mine), cast("dict[str, Any]", value))
        elif isinstance(mine, list) and isinstance(value, list) and key in _LISTS:
            found[key] = _merged_list(cast("list[Any]", mine), cast("list[Any]", value), _LISTS[key])
        else:
            found[key] = value
    return found


_LISTS: Mapping[str, tuple[str, ...]] = {
    "peerings": ("vnet", "remote"),
    "er_connections": ("name",),
    "vpn_connections": ("name",),
    "bgp_sessions": ("name",),
    "intent": ("name",),
}
"""Lists of the format, and what identifies their entries."""


def _merged_list(mine: list[Any], declared: list[Any], identity: tuple[str, ...]) -> list[Any]:
    found = {tuple(item.get(key) for key in identity): item for item in mine}
    extra: list[Any] = []
    for item in declared:
        name = tuple(item.get(key) for key in identity)
        if None in name:
            extra.append(item)
        else:
            found[name] = {**found.get(name, {}), **item}
    return [*found.values(), *extra]


def _placed(problem: Problem, document: Mapping[str, Any]) -> Problem:
    """A problem of the document with the name of what it is about, where its place is an index."""
    section, _, rest = problem.where.partition("[")
    index = rest.partition("]")[0]
    if section not in _LISTS or not index.isdigit():
        return problem
    entry = document[section][int(index)]
    name = " to ".join(str(entry.get(key)) for key in _LISTS[section])
    return problem.moved(lambda where: where.replace(f"[{index}]", f"[{name}]", 1))
