"""What the Azure CLI shows of a network that was not built here, as resources.

Any JSON in which resources stand with their ``id``: lists of ``az network ... list -o json``, answers of ARM's REST API
and of Resource Graph. The CLI writes a resource's properties beside its name, ARM inside ``properties``; both are read.
Parts that stand inside their owner (subnets, peerings) are found there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from vpner.arm import ArmId, by_arm, parse_arm_id, references
from vpner.problems import Problem, Problems
from vpner.readers.resources import Resource, Snapshot, Value, is_read, of_arm

COMMANDS: Mapping[str, str] = {
    "microsoft.network/virtualnetworks": "az network vnet list -g GROUP",
    "microsoft.network/virtualnetworks/subnets": "az network vnet list -g GROUP",
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": "az network vnet list -g GROUP",
    "microsoft.network/routetables": "az network route-table list -g GROUP",
    "microsoft.network/networkinterfaces": "az network nic list -g GROUP",
    "microsoft.network/publicipaddresses": "az network public-ip list -g GROUP",
    "microsoft.network/virtualnetworkgateways": "az network vnet-gateway list -g GROUP",
    "microsoft.network/connections": "az network vpn-connection list -g GROUP",
    "microsoft.network/localnetworkgateways": "az network local-gateway list -g GROUP",
    "microsoft.network/expressroutecircuits": "az network express-route list -g GROUP",
    "microsoft.network/expressroutecircuits/peerings": "az network express-route list -g GROUP",
    "microsoft.network/virtualhubs": "az network routeserver list -g GROUP",
    "microsoft.network/virtualhubs/ipconfigurations": (
        "az rest --method get --url ROUTESERVER-ID/ipConfigurations?api-version=2024-05-01"
    ),
    "microsoft.network/virtualhubs/bgpconnections": "az network routeserver peering list -g GROUP --routeserver NAME",
}
"""The command that exports resources of an Azure type (in lower case), each with ``-o json``. All of them only read."""
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
CODE = "export-missing"
_REFERENCE = frozenset({"id", "resourceGroup", "resourcegroup"})
"""An object with nothing else refers to a resource, and tells nothing of it."""


def read_export(documents: Mapping[str, object]) -> Snapshot:
    """The resources in JSON documents, by the documents' names. A resource that stands in several is read once.

    Raises :class:`Problems` if there is none in a document.
    """
    found: dict[str, tuple[ArmId, Mapping[str, Value]]] = {}
    problems: list[Problem] = []
    for name, document in documents.items():
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
            problems.append(Problem(name, "there is no Azure resource in it", why, remedy, "export-empty"))
    if problems:
        raise Problems("cannot read the export", problems)
    made = (_resource(identity, body) for identity, body in found.values())
    return Snapshot(item for item in made if item is not None)


def _resources(value: Value) -> Iterator[tuple[ArmId, Mapping[str, Value]]]:
    """Every object with an id and something to tell, at any depth of a flat value."""
    if isinstance(value, list):
        for item in cast("list[Value]", value):
            yield from _resources(item)
    elif isinstance(value, Mapping):
        body = cast("Mapping[str, Value]", value)
        name = body.get("id")
        identity = parse_arm_id(name) if isinstance(name, str) else None
        if identity is not None and body.keys() - _REFERENCE:
            yield identity, body
        for item in body.values():
            yield from _resources(item)


def _flat(value: Value) -> Value:
    """What ARM puts into ``properties`` stands beside it, at any depth, as azure-native and the CLI have it."""
    if isinstance(value, list):
        return [_flat(item) for item in cast("list[Value]", value)]
    if not isinstance(value, Mapping):
        return value
    body = cast("Mapping[str, Value]", value)
    inner = body.get("properties")
    if isinstance(inner, Mapping):
        kept = {key: item for key, item in body.items() if key != "properties"}
        body = {**cast("Mapping[str, Value]", inner), **kept}
    return {key: _flat(item) for key, item in body.items()}


def _resource(identity: ArmId, body: Mapping[str, Value]) -> Resource | None:
    """As a stack would have it; None for what does not matter to routes."""
    kind = by_arm(identity.type)
    if kind is not None and is_read(kind.token):
        return of_arm(identity, kind, {key: item for key, item in body.items() if item is not None})
    unmodelled = UNMODELLED_TYPES.get(identity.type.lower())
    if unmodelled is None:
        return None
    return Resource(str(identity), f"azure-native:network:{unmodelled}", identity.name, {})


def not_exported(snapshot: Snapshot) -> list[Problem]:
    """What the resources refer to and is not among them, each with the command that exports it."""
    known = {item.urn.lower() for item in snapshot.resources}
    missing: dict[str, Problem] = {}
    for resource in snapshot.resources:
        for target in references(resource.properties):
            identity = parse_arm_id(target)
            command = COMMANDS.get(identity.type.lower()) if identity is not None else None
            if identity is not None and command is not None and target.lower() not in known:
                what = f"{resource} refers to it, and it is not in the export"
                why = "What is there may take part in the routing"
                remedy = f"{command.replace('GROUP', identity.resource_group)} -o json, and give the output too"
                problem = Problem(f"{identity.type.rpartition('/')[2]}/{identity.name}", what, why, remedy, CODE)
                missing.setdefault(target.lower(), problem)
    return list(missing.values())
