"""What the Azure CLI shows of a network that was not built here, as resources.

Any JSON in which resources stand with their ``id``: lists of ``az network ... list -o json``, answers of ARM's REST API
and of Resource Graph; and exported templates (see :mod:`vpner.readers.template`). The CLI writes a resource's
properties beside its name, ARM inside ``properties``; both are read. Parts that stand inside their owner (subnets,
peerings) are found there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import cast

from vpner.arm import ArmId, by_arm, parse_arm_id
from vpner.problems import Problem, Problems
from vpner.readers.resources import Resource, Snapshot, Value, is_read, of_arm
from vpner.readers.template import CODE as TEMPLATE_CODE
from vpner.readers.template import SUBSCRIPTION, Template, is_parameters, is_template

UNMODELLED_TYPES: Mapping[str, str] = {
    "microsoft.network/expressroutecircuits/peerings/connections": "ExpressRouteCircuitConnection",
    "microsoft.network/expressroutegateways": "ExpressRouteGateway",
    "microsoft.network/networkmanagers/connectivityconfigurations": "ConnectivityConfiguration",
    "microsoft.network/networkmanagers/routingconfigurations/rulecollections/rules": "RoutingRule",
    "microsoft.network/networkvirtualappliances": "NetworkVirtualAppliance",
    "microsoft.network/virtualhubs/hubroutetables": "HubRouteTable",
    "microsoft.network/virtualhubs/hubvirtualnetworkconnections": "HubVirtualNetworkConnection",
    "microsoft.network/virtualhubs/routemaps": "RouteMap",
    "microsoft.network/virtualhubs/routingintent": "RoutingIntent",
    "microsoft.network/virtualnetworkgateways/natrules": "VirtualNetworkGatewayNatRule",
    "microsoft.network/virtualwans": "VirtualWan",
    "microsoft.network/vpngateways": "VpnGateway",
}
"""Azure's types of what changes routing and is not read. A single route is missing: its table shows it."""
_REFERENCE = frozenset(
    {"id", "resourceGroup", "resourcegroup", "name", "type", "etag", "location", "tags"}
    | {"primary", "deleteOption"}  # of a VM to its network interfaces
)
"""An object with nothing else refers to a resource, and tells nothing of it."""


_SPELLED = {
    "enableIpForwarding": "enableIPForwarding",
    "privateIpAddress": "privateIPAddress",
    "privateIpAddressVersion": "privateIPAddressVersion",
    "privateIpAllocationMethod": "privateIPAllocationMethod",
    "publicIpAddress": "publicIPAddress",
    "publicIpAddressVersion": "publicIPAddressVersion",
    "publicIpAllocationMethod": "publicIPAllocationMethod",
}
"""Azure CLI before 2.40 or so wrote properties as Azure's Python SDK names them; ARM's spelling of those that are read.
"""
_PEERING = "azureAsn"
"""Only in that spelling, and only in a circuit's peering, whose peerAsn is ARM's peerASN."""


class Export(Snapshot):
    """Resources as Azure shows them, and what of the documents cannot be read."""

    def __init__(self, resources: Iterable[Resource], unread: Iterable[Problem] = ()) -> None:
        super().__init__(resources)
        self.unread = tuple(unread)


def read_export(documents: Mapping[str, object]) -> Export:
    """The resources in JSON documents, by the documents' names. A resource that stands in several is read once.

    Raises :class:`Problems` if there is none in a document.
    """
    found: dict[str, tuple[ArmId, Mapping[str, Value]]] = {}
    expanded, problems = _expanded(documents)
    empty: list[Problem] = []
    for name, document in expanded.items():
        here = 0
        for identity, body in _resources(_flat(document)):
            here += 1
            key = str(identity).lower()
            known = found.get(key)
            if known is None or len(body) > len(known[1]):  # a part may be shown shorter inside its owner
                found[key] = identity, body
        if not here and document != []:
            why = "A resource is a JSON object with its ARM id"
            remedy = "export it with, for example, az network vnet list -o json"
            empty.append(Problem(name, "there is no Azure resource in it", why, remedy, "export-empty"))
    if empty:
        raise Problems("cannot read the export", empty)
    made = [item for item in (_resource(identity, body) for identity, body in found.values()) if item is not None]
    return Export(made, [*problems, *_twice(made)])


def _expanded(documents: Mapping[str, object]) -> tuple[dict[str, Value], list[Problem]]:
    """The documents with the resources of templates in place of these, and what is wrong with templates."""
    templates = [name for name, document in documents.items() if is_template(document)]
    values = {name: document for name, document in documents.items() if is_parameters(document)}
    found = {name: document for name, document in documents.items() if name not in values}
    problems: list[Problem] = []
    for name in values:
        if not _templates_of(name, templates):
            what, why = "no template is beside it", "A parameters file belongs to the template in its folder"
            problems.append(Problem(name, what, why, "give the template with --arm too", TEMPLATE_CODE))
    for index, name in enumerate(templates):
        given: dict[str, Value] = {}
        for file, document in values.items():
            if name in _templates_of(file, templates):
                entries = cast("Mapping[str, Value]", document).get("parameters")
                given |= cast("Mapping[str, Value]", entries) if isinstance(entries, Mapping) else {}
        group = "GROUP" if len(templates) == 1 else f"GROUP{index + 1}"
        template = Template(name, cast("Mapping[str, Value]", documents[name]), group, given)
        found[name] = template.resources()
        problems += template.problems
    return found, problems


def _templates_of(parameters: str, templates: Sequence[str]) -> list[str]:
    """The templates that a parameters file is for: those beside it, or the only one."""
    beside = [name for name in templates if PurePath(name).parent == PurePath(parameters).parent]
    return beside or (list(templates) if len(templates) == 1 else [])


def _twice(resources: Iterable[Resource]) -> Iterator[Problem]:
    """Resources of templates of which there is another with the same name: a template does not say its group."""
    by_name: dict[tuple[str, ...], list[Resource]] = {}
    for resource in resources:
        identity = parse_arm_id(resource.urn)
        if identity is not None and identity.names:
            by_name.setdefault(tuple(part.casefold() for part in (identity.type, *identity.names)), []).append(resource)
    for same in by_name.values():
        if len(same) > 1 and any(of_template(item) for item in same):
            what = "it stands in a template, and there is another of that name"
            why = "A template does not say its resource group, so references to it may mean both"
            remedy = "export each of the groups with az network ... list -o json"
            yield Problem(str(same[0]), what, why, remedy, "export-twice")


def of_template(resource: Resource) -> bool:
    """Whether a resource is known from a template."""
    identity = parse_arm_id(resource.urn)
    return identity is not None and identity.subscription == SUBSCRIPTION


def _resources(value: Value) -> Iterator[tuple[ArmId, Mapping[str, Value]]]:
    """Every object with an id and something to tell, at any depth of a flat value."""
    if isinstance(value, list):
        for item in cast("list[Value]", value):
            yield from _resources(item)
    elif isinstance(value, Mapping):
        body = cast("Mapping[str, Value]", value)
        name = body.get("id")
        identity = parse_arm_id(name) if isinstance(name, str) else None
        if identity is not None and (body.keys() - _REFERENCE or identity.type.lower() in UNMODELLED_TYPES):
            yield identity, body
        for item in body.values():
            yield from _resources(item)


def _flat(value: Value) -> Value:
    """What ARM puts into ``properties`` stands beside it, at any depth, as azure-native and the CLI have it.

    What is null is left out: older CLIs print every property of what they only refer to.
    """
    if isinstance(value, list):
        return [_flat(item) for item in cast("list[Value]", value) if item is not None]
    if not isinstance(value, Mapping):
        return value
    body = cast("Mapping[str, Value]", value)
    inner = body.get("properties")
    if isinstance(inner, Mapping):
        kept = {key: item for key, item in body.items() if key != "properties"}
        body = {**cast("Mapping[str, Value]", inner), **kept}
    spelled = {**_SPELLED, "peerAsn": "peerASN"} if _PEERING in body else _SPELLED
    return {spelled.get(key, key): _flat(item) for key, item in body.items() if item is not None}


def _resource(identity: ArmId, body: Mapping[str, Value]) -> Resource | None:
    """As a stack would have it; None for what does not matter to routes."""
    kind = by_arm(identity.type)
    if kind is not None and is_read(kind.token):
        made = of_arm(identity, kind, body)
        if not of_template(made):
            return made
        kept = {key: item for key, item in made.properties.items() if key != "resourceGroupName"}
        return replace(made, properties=kept)  # in which group it is, nobody knows
    unmodelled = UNMODELLED_TYPES.get(identity.type.lower())
    if unmodelled is None:
        return None
    return Resource(str(identity), f"azure-native:network:{unmodelled}", identity.name, {})
