"""What an export leaves out: resources that others refer to, and the command that exports them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vpner.arm import ArmId, parse_arm_id, references
from vpner.problems import Problem
from vpner.readers.export import Export, of_template
from vpner.readers.resources import Resource, look_up, mappings
from vpner.readers.template import SUBSCRIPTION

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
CODE = "export-missing"
_WHY = "What is there may take part in the routing"
_ROUTERS = {
    "microsoft.network/virtualnetworkgateways": ("er_gateways", "vpn_gateways"),
    "microsoft.network/virtualhubs": ("route_servers",),
}
"""Azure types that route by being in a subnet, whether or not anything else refers to them, and where in a topology
they can be declared."""
_CONNECTIONS = {"ExpressRoute": "er_connections", "Vpn": "vpn_connections"}


def not_exported(export: Export) -> list[Problem]:
    """What the resources refer to and is not among them. Not all of it matters to routes."""
    return [_problem(identity, resource) for identity, resource in _missing(export).items()]


def unanswered(export: Export, declared: Mapping[str, Any]) -> list[Problem]:
    """What cannot be missing, even where nothing that is read needs it: gateways and Route Servers, the connections of
    gateways, and expressions of templates. ``declared`` is a part of a topology, and counts as exported."""
    missing = [
        _problem(identity, resource)
        for identity, resource in _missing(export).items()
        if identity.type.lower() in _ROUTERS
        and not any(identity.name in declared.get(section, {}) for section in _ROUTERS[identity.type.lower()])
    ]
    return [*export.unread, *missing, *_homeless(export, declared), *_unconnected(export, declared)]


def _missing(export: Export) -> dict[ArmId, Resource]:
    """What is referred to, or has parts, and is not in the export, with one resource that tells so."""
    known = {item.urn.lower() for item in export.resources}
    known |= {_in_any_group(item.urn) for item in export.resources if of_template(item)}
    found: dict[str, tuple[ArmId, Resource]] = {}
    for resource in export.resources:
        for target in (*references(resource.properties), resource.urn):
            identity = parse_arm_id(target)
            # An ip configuration is never exported on its own; what it belongs to is.
            while identity is not None and identity.type.lower() not in COMMANDS:
                identity = identity.parent
            owners = (identity.parent, identity) if identity is not None else ()
            missing = (item for item in owners if item and not {str(item).lower(), _in_any_group(str(item))} & known)
            if (wanted := next(missing, None)) is not None:
                found.setdefault(str(wanted).lower(), (wanted, resource))
    return dict(found.values())


def _in_any_group(arm_id: str) -> str:
    """The part of an id behind the resource group: a template does not say its own."""
    return arm_id.lower().rpartition("/providers/")[2]


def _problem(identity: ArmId, resource: Resource) -> Problem:
    what = f"{resource} refers to it, and it is not in the export"
    return Problem(f"{identity.type.rpartition('/')[2]}/{identity.name}", what, _WHY, _remedy(identity), CODE)


def _remedy(identity: ArmId) -> str:
    group = "GROUP" if identity.subscription == SUBSCRIPTION else identity.resource_group
    return f"{COMMANDS[identity.type.lower()].replace('GROUP', group)} -o json, and give the output too"


def _homeless(export: Export, declared: Mapping[str, Any]) -> Iterator[Problem]:
    """Route Servers without their subnet, which no list shows."""
    parts = (item for item in export.of_kind("VirtualHubIpConfiguration") if item.get("subnet.id") is not None)
    settled = {str(item.get("virtualHubName")).lower() for item in parts}
    for server in export.of_kind("VirtualHub"):
        if server.name.lower() in settled | {name.lower() for name in declared.get("route_servers", {})}:
            continue
        if server.get("virtualWan") is None:
            command = COMMANDS["microsoft.network/virtualhubs/ipconfigurations"].replace("ROUTESERVER-ID", server.urn)
            what, remedy = "its subnet is not in the export", f"{command} -o json, and give the output too"
            yield Problem(str(server), what, _WHY, remedy, CODE)


def _unconnected(export: Export, declared: Mapping[str, Any]) -> Iterator[Problem]:
    """Gateways without a connection: no other resource tells whether they have some."""
    ends = {
        str(look_up(connection.properties, f"{key}.id")).lower()
        for connection in export.of_kind("VirtualNetworkGatewayConnection")
        for key in ("virtualNetworkGateway1", "virtualNetworkGateway2")
    }
    names = {end.rpartition("/")[2] for end in ends}
    for gateway in export.of_kind("VirtualNetworkGateway"):
        section = _CONNECTIONS.get(str(gateway.get("gatewayType")), "vpn_connections")
        listed = [item.get("gateway") for item in mappings(declared.get(section, []))]
        identity = parse_arm_id(gateway.urn)
        if identity is None or gateway.name.lower() in names or gateway.name in listed or declared.get(section) == []:
            continue
        wanted = ArmId(identity.subscription, identity.resource_group, "Microsoft.Network/connections", ("",))
        remedy = f"{_remedy(wanted)}; if it has none, declare {section}: []"
        yield Problem(str(gateway), "no connection of it is in the export", _WHY, remedy, CODE)
