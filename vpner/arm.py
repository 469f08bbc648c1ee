"""Azure Resource Manager's names for what Pulumi's azure-native provider manages. Pure: no Pulumi, no I/O.

A resource of the provider has a token (``azure-native:network:Subnet``), a type in Azure (
``Microsoft.Network/virtualNetworks/subnets``) and an id. The id is made of the *path parameters* among its inputs
(``resourceGroupName``, ``virtualNetworkName``, ``subnetName``); the provider's outputs do not repeat them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

ENDPOINT_VARIABLE = "VPNER_ARM_ENDPOINT"
"""Where Azure Resource Manager is, if not at https://management.azure.com: that of another cloud, or the simulation."""

RESOURCE_GROUP = "Microsoft.Resources/resourceGroups"
_GROUP_PARAMETER = "resourceGroupName"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi's engine writes for a value that it does not know yet."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One type, in both vocabularies."""

    token: str
    """Pulumi's type token without an API version, for example ``azure-native:network:Subnet``."""
    arm: str
    """Azure's type, for example ``Microsoft.Network/virtualNetworks/subnets``."""
    parameters: tuple[str, ...]
    """Path parameters, outermost first; the last one is the resource's own name."""

    @property
    def parent(self) -> str | None:
        """Azure's type of the resource that it is a part of; None for a resource of its own."""
        outer, _, _ = self.arm.rpartition("/")
        return outer if "/" in outer else None

    def id(self, subscription: str, names: tuple[str, ...]) -> str:
        """The id of the resource with these path parameters."""
        group, *rest = names
        prefix = f"/subscriptions/{subscription}/resourceGroups/{group}"
        if self.arm == RESOURCE_GROUP:
            return prefix
        namespace, *segments = self.arm.split("/")
        path = "".join(f"/{segment}/{name}" for segment, name in zip(segments, rest, strict=True))
        return f"{prefix}/providers/{namespace}{path}"


def _network(name: str, arm: str, *parameters: str) -> ResourceType:
    return ResourceType(f"azure-native:network:{name}", f"Microsoft.Network/{arm}", (_GROUP_PARAMETER, *parameters))


def _compute(name: str, arm: str, *parameters: str) -> ResourceType:
    return ResourceType(f"azure-native:compute:{name}", f"Microsoft.Compute/{arm}", (_GROUP_PARAMETER, *parameters))


RESOURCE_TYPES: tuple[ResourceType, ...] = (
    ResourceType("azure-native:resources:ResourceGroup", RESOURCE_GROUP, (_GROUP_PARAMETER,)),
    _network("VirtualNetwork", "virtualNetworks", "virtualNetworkName"),
    _network("Subnet", "virtualNetworks/subnets", "virtualNetworkName", "subnetName"),
    _network(
        "VirtualNetworkPeering",
        "virtualNetworks/virtualNetworkPeerings",
        "virtualNetworkName",
        "virtualNetworkPeeringName",
    ),
    _network("RouteTable", "routeTables", "routeTableName"),
    _network("NetworkSecurityGroup", "networkSecurityGroups", "networkSecurityGroupName"),
    _network("PublicIPAddress", "publicIPAddresses", "publicIpAddressName"),
    _network("NetworkInterface", "networkInterfaces", "networkInterfaceName"),
    _network("VirtualNetworkGateway", "virtualNetworkGateways", "virtualNetworkGatewayName"),
    _network("VirtualNetworkGatewayConnection", "connections", "virtualNetworkGatewayConnectionName"),
    _network("LocalNetworkGateway", "localNetworkGateways", "localNetworkGatewayName"),
    _network("ExpressRouteCircuit", "expressRouteCircuits", "circuitName"),
    _network("ExpressRouteCircuitPeering", "expressRouteCircuits/peerings", "circuitName", "peeringName"),
    _network(
        "ExpressRouteCircuitAuthorization", "expressRouteCircuits/authorizations", "circuitName", "authorizationName"
    ),
    _network("VirtualHub", "virtualHubs", "virtualHubName"),
    _network("VirtualHubIpConfiguration", "virtualHubs/ipConfigurations", "virtualHubName", "ipConfigName"),
    _network("VirtualHubBgpConnection", "virtualHubs/bgpConnections", "virtualHubName", "connectionName"),
    _network("BastionHost", "bastionHosts", "bastionHostName"),
    _compute("VirtualMachine", "virtualMachines", "vmName"),
    _compute("VirtualMachineExtension", "virtualMachines/extensions", "vmName", "vmExtensionName"),
)
"""What this project builds or reads. Source of the parameters' names: the azure-native 3.29 SDK."""

_BY_TOKEN = {kind.token: kind for kind in RESOURCE_TYPES}
_BY_ARM = {kind.arm.lower(): kind for kind in RESOURCE_TYPES}


def by_token(token: str) -> ResourceType | None:
    """The type with the Pulumi token; an API version in it (``network/v20240501``) does not matter."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    return _BY_TOKEN.get(f"{package}:{module.partition('/')[0]}:{name}")


def by_arm(arm: str) -> ResourceType | None:
    """The type with Azure's name, which is not case-sensitive."""
    return _BY_ARM.get(arm.lower())


def arm_id(pulumi_type: str, inputs: Mapping[str, object], subscription: str) -> str | None:
    """The id that a resource has or will have in Azure.

    None if the type is none of :data:`RESOURCE_TYPES`, or if a path parameter is missing or not known yet.
    """
    kind = by_token(pulumi_type)
    if kind is None:
        return None
    names: list[str] = []
    for parameter in kind.parameters:
        value = inputs.get(parameter)
        if not isinstance(value, str) or not value or value == _UNKNOWN:
            return None
        names.append(value)
    return kind.id(subscription, tuple(names))


@dataclass(frozen=True, slots=True)
class ArmId:
    """The parts of an id."""

    subscription: str
    resource_group: str
    type: str
    """Azure's type as the id spells it; ``Microsoft.Resources/resourceGroups`` for a resource group."""
    names: tuple[str, ...]
    """Names along the path, the resource group's excepted; empty for a resource group."""

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.names[-1] if self.names else self.resource_group

    @property
    def group_id(self) -> str:
        """Id of the resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"

    @property
    def parent(self) -> ArmId | None:
        """The resource that it is a part of, if any. A resource group is nobody's parent here."""
        if len(self.names) < 2:
            return None
        return ArmId(self.subscription, self.resource_group, self.type.rpartition("/")[0], self.names[:-1])

    def __str__(self) -> str:
        if not self.names:
            return self.group_id
        namespace, *segments = self.type.split("/")
        path = "".join(f"/{segment}/{name}" for segment, name in zip(segments, self.names, strict=True))
        return f"{self.group_id}/providers/{namespace}{path}"


def parse_arm_id(text: str) -> ArmId | None:
    """The parts of an id of a resource group or of something in one; None if it is no such id."""
    match text.strip("/").split("/"):
        case [subscriptions, subscription, groups, group, *rest] if (
            subscriptions.lower() == "subscriptions" and groups.lower() == "resourcegroups" and subscription and group
        ):
            pass
        case _:
            return None
    if not rest:
        return ArmId(subscription, group, RESOURCE_GROUP, ())
    if len(rest) < 4 or len(rest) % 2 or rest[0].lower() != "providers" or not all(rest):
        return None
    return ArmId(subscription, group, "/".join((rest[1], *rest[2::2])), tuple(rest[3::2]))


def references(value: object) -> Iterator[str]:
    """Every id in a resource's body, its own among them, at any depth."""
    if isinstance(value, Mapping):
        for name, item in cast("Mapping[str, object]", value).items():
            if not isinstance(item, str):
                yield from references(item)
            elif name == "id" or (name.endswith(("Id", "configurationId")) and item.startswith("/")):
                yield item
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from references(item)
