"""A stack's resources as plain data: what rules and readers look at. Knows neither Pulumi nor the policy SDK."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import Enum
from typing import cast

from vpner.arm import ArmId, ResourceType, by_token, parse_arm_id


class Unknown(Enum):
    """The one value that stands for a property that is not known yet."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        """Raise: a rule that took an unknown for false would let it pass."""
        raise TypeError("an unknown value is neither true nor false")


_SUBNET = "microsoft.network/virtualnetworks/subnets"
UNKNOWN = Unknown.UNKNOWN
SECRET = "[secret]"
"""Stands for a value that is not kept because its name says that it is secret; that there is one matters to rules."""
Value = object
"""None (absent), bool, int, float, str, a list or mapping of these, or :data:`UNKNOWN`."""

KINDS = frozenset(
    {
        "ExpressRouteCircuit",
        "ExpressRouteCircuitPeering",
        "LocalNetworkGateway",
        "NetworkInterface",
        "PublicIPAddress",
        "ResourceGroup",
        "RouteTable",
        "Subnet",
        "VirtualHub",
        "VirtualHubBgpConnection",
        "VirtualHubIpConfiguration",
        "VirtualNetwork",
        "VirtualNetworkGateway",
        "VirtualNetworkGatewayConnection",
        "VirtualNetworkPeering",
    }
)
"""Kinds of Azure resources that are read. Of others only :data:`COUNTED_KEYS` are kept."""
UNMODELLED: Mapping[str, str] = {
    "ConnectivityConfiguration": "vnets and peerings",
    "ExpressRouteCircuitConnection": "global_reach",
    "ExpressRouteGateway": "er_gateways",
    "HubRouteTable": "route_tables",
    "HubVirtualNetworkConnection": "peerings",
    "NetworkVirtualAppliance": "routers",
    "Route": "route_tables",
    "RouteMap": "vpn_connections",
    "RoutingIntent": "route_tables",
    "RoutingRule": "route_tables",
    "VirtualNetworkGatewayNatRule": "vpn_connections",
    "VirtualWan": "vnets",
    "VpnGateway": "vpn_gateways",
}
"""Kinds of azure-native's network module that change routing and are not read, each with the keys of topology format 1
in which their effect can be declared."""
COMPONENT_KEYS = frozenset(
    {"device", "devices", "routers", "circuits", "gateway", "intent", "stage", "circuitIds", "instanceAddresses"}
)
"""Outputs of components that are read. Of others, passwords least of all, nothing is kept."""
COUNTED_KEYS = frozenset({"location", "provisioningState", "sku", "hardwareProfile"})
"""What is kept of Azure's other resources: enough to count them by SKU and region."""
_SECRET_WORDS = ("password", "secret", "sharedkey", "authorizationkey", "servicekey", "customdata", "protectedsettings")


def is_read(token: str) -> bool:
    """Whether resources of the Pulumi type are read."""
    return token.rpartition(":")[2] in KINDS and _arm_type(token) is not None


def is_unmodelled(token: str) -> bool:
    """Whether resources of the Pulumi type change routing in a way that is not read."""
    package, _, rest = token.partition(":")
    module, _, kind = rest.partition(":")
    ours = package.partition("_")[0] == "azure-native" and module.partition("/")[0] == "network"
    return ours and kind in UNMODELLED


def of_interest(token: str, properties: Mapping[str, Value]) -> Mapping[str, Value] | None:
    """What is kept of a resource's properties, without any secret's value; None if it is not kept at all."""
    if is_read(token):
        return cast("Mapping[str, Value]", without_secrets(properties))
    if is_azure(token):
        return _only(COUNTED_KEYS, properties)
    return _only(COMPONENT_KEYS, properties) or None


def is_azure(token: str) -> bool:
    """Whether resources of the Pulumi type are Azure's: azure-native's, in any version of its API."""
    return token.partition(":")[0].partition("_")[0] == "azure-native"


def _only(keys: frozenset[str], properties: Mapping[str, Value]) -> dict[str, Value]:
    return {key: without_secrets(value) for key, value in properties.items() if key in keys}


def without_secrets(value: Value) -> Value:
    """The value without what is secret by its name, at any depth: of that only whether it is there."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Value]", value)
        kept = {key: item for key, item in items.items() if not key.startswith("__")}
        return {key: SECRET if _hides(key, item) else without_secrets(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in cast("list[Value]", value)]
    return value


def is_secret(key: str) -> bool:
    """Whether a property of this name holds a secret."""
    return any(word in key.casefold() for word in _SECRET_WORDS)


def _hides(key: str, value: Value) -> bool:
    return value is not None and value is not UNKNOWN and is_secret(key)


def _arm_type(token: str) -> ResourceType | None:
    # A locally generated SDK of one API version has a package of its own, azure-native_network_v20240501.
    package, _, rest = token.partition(":")
    return by_token(f"{package.partition('_')[0]}:{rest}")


def merge(output: Value, given: Value) -> Value:
    """What is known of a value: the resource's output, and where that is absent or unknown, the program's input.

    At preview an output that the program did not set is unknown, even where it can be set. The program has decided
    there: it is absent, and Azure's default counts. An input that is itself unknown stays unknown.
    """
    if output is UNKNOWN or output is None:
        return given
    if isinstance(output, Mapping) and isinstance(given, Mapping):
        outputs, inputs = cast("Mapping[str, Value]", output), cast("Mapping[str, Value]", given)
        return {key: merge(outputs.get(key), inputs.get(key)) for key in {**inputs, **outputs}}
    if isinstance(output, list) and isinstance(given, list):
        outputs_, inputs_ = cast("list[Value]", output), cast("list[Value]", given)
        if len(outputs_) == len(inputs_):
            return [merge(a, b) for a, b in zip(outputs_, inputs_, strict=True)]
    return cast("Value", output)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the stack, or one component."""

    urn: str
    type: str
    """Pulumi's type token."""
    name: str
    """Its logical name: for messages only, no rule depends on it."""
    properties: Mapping[str, Value]
    """Inputs and outputs together, see :func:`merge`. A component has what it registered."""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """URNs that each top-level property depends on."""
    parent: str | None = None
    depends_on: tuple[str, ...] = ()
    """URNs of all that Pulumi creates before it."""

    @property
    def arm_type(self) -> ResourceType | None:
        """Azure's type; None for a component and for what no rule reads."""
        return _arm_type(self.type)

    @property
    def kind(self) -> str:
        """The type's last word, ``VirtualNetworkGateway``, or the component's."""
        return self.type.rpartition(":")[2]

    @property
    def physical_name(self) -> str | None:
        """The resource's name in Azure, where it is known."""
        arm_type = self.arm_type
        keys = ((arm_type.parameters[-1],) if arm_type else ()) + ("name",)
        return next((value for key in keys if isinstance(value := self.properties.get(key), str)), None)

    def get(self, path: str) -> Value:
        """The value at a dotted path, ``bgpSettings.asn``: None where it is absent, UNKNOWN where that is not known."""
        return look_up(self.properties, path)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def of_arm(identity: ArmId, kind: ResourceType, body: Mapping[str, Value]) -> Resource:
    """What Azure shows of a resource, as a stack would have it. ``body`` has its ``properties`` beside its name."""
    names = [identity.resource_group, *identity.names]
    shown = cast("Mapping[str, Value]", without_secrets(body))
    spelled = shown.get("name")
    if isinstance(spelled, str) and spelled.casefold() == names[-1].casefold():
        names[-1] = spelled  # in ids Azure is careless with case
    return Resource(str(identity), kind.token, names[-1], {**dict(zip(kind.parameters, names, strict=True)), **shown})


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A reference that leads out of the stack."""

    id: str


def look_up(value: Value, path: str) -> Value:
    """The value at a dotted path inside nested mappings."""
    for key in path.split("."):
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, Value]", value).get(key)
    return value


def mappings(value: Value) -> list[Mapping[str, Value]]:
    """The mappings in a list; none if it is no list."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [cast("Mapping[str, Value]", item) for item in cast("Sequence[Value]", value) if isinstance(item, Mapping)]


def has_unknown(value: Value) -> bool:
    """Whether anything in the value is unknown."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in cast("Mapping[str, Value]", value).values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(has_unknown(item) for item in cast("Sequence[Value]", value))
    return value is UNKNOWN


@dataclass(frozen=True, slots=True)
class VNet:
    """A virtual network, inside the stack or not. ``group`` is None where the resource group's name is not known."""

    name: str
    group: str | None

    def is_(self, other: VNet) -> bool:
        """Whether both are the same network, as far as they are known. Azure's names ignore case."""
        if self.name.casefold() != other.name.casefold():
            return False
        return self.group is None or other.group is None or self.group.casefold() == other.group.casefold()


class Snapshot:
    """A stack's resources, and how they refer to each other.

    A reference is an id. At preview it is not known yet, and Pulumi's own record of what a property depends on says
    where it leads; a literal id says it itself.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)
        self._by_urn = {resource.urn: resource for resource in self.resources}

    def registered(self, *keys: str) -> Iterator[tuple[Resource, Mapping[str, Value]]]:
        """What components registered under the keys, one thing or a list of things, with the component."""
        for resource in self.resources:
            for key in keys if resource.arm_type is None else ():
                value = resource.properties.get(key)
                single = [cast("Mapping[str, Value]", value)] if isinstance(value, Mapping) else mappings(value)
                yield from ((resource, item) for item in single)

    def of_kind(self, kind: str) -> Iterator[Resource]:
        """Azure resources of a kind, in the stack's order."""
        return (item for item in self.resources if item.kind == kind and item.arm_type is not None)

    def referred(self, resource: Resource, path: str, kind: str) -> Resource | Elsewhere | Unknown | None:
        """What the id at ``path`` leads to.

        None where there is no reference; UNKNOWN where neither the id nor the dependencies tell.
        """
        return self.resolve(resource, path.partition(".")[0], resource.get(path), kind)

    def resolve(self, resource: Resource, key: str, value: Value, kind: str) -> Resource | Elsewhere | Unknown | None:
        """What an id somewhere inside the top-level property ``key`` leads to, as :meth:`referred`."""
        if value is None:
            return None
        dependencies = self.dependencies(resource, key, kind)
        if isinstance(value, str):
            parsed = parse_arm_id(value)
            found = [item for item in self.of_kind(kind) if parsed is not None and self._has_id(item, parsed)]
            if len(found) > 1:
                found = [item for item in found if item in dependencies or item.urn.casefold() == value.casefold()]
            return found[0] if len(found) == 1 else Elsewhere(value)
        return dependencies[0] if len(dependencies) == 1 else UNKNOWN

    def named(self, resource: Resource, key: str, kind: str) -> str | None:
        """A name among the resource's path parameters: literal, or that of the resource it was taken from."""
        value = resource.get(key)
        if isinstance(value, str):
            return value
        dependencies = self.dependencies(resource, key, kind)
        return dependencies[0].physical_name if len(dependencies) == 1 else None

    def group(self, resource: Resource) -> str | None:
        """Name of the resource's resource group."""
        return self.named(resource, "resourceGroupName", "ResourceGroup")

    def vnet_of(self, resource: Resource, key: str, subnet_name: str) -> VNet | None:
        """The virtual network of the subnet that a property refers to; None where it is unknown or not one network."""
        if resource.get(key) is None:
            return None
        found: list[VNet] = []
        literal = False
        for subnet_id in subnet_ids(resource.get(key)):
            parsed = parse_arm_id(subnet_id) if isinstance(subnet_id, str) else None
            vnet = parsed.parent if parsed is not None and parsed.type.casefold() == _SUBNET else None
            if vnet is not None:
                literal = True
                found.append(VNet(vnet.name, vnet.resource_group))
        if not literal:
            found = list(self._vnets_behind(resource, key, subnet_name))
        return found[0] if found and all(item.is_(found[0]) for item in found) else None

    def _vnets_behind(self, resource: Resource, key: str, subnet_name: str) -> Iterator[VNet]:
        subnets = [
            item
            for item in self.dependencies(resource, key, "Subnet")
            if (item.physical_name or "").casefold() == subnet_name.casefold()
        ]
        for subnet in subnets:
            name = self.named(subnet, "virtualNetworkName", "VirtualNetwork")
            if name is not None:
                yield VNet(name, self.group(subnet))
        if not subnets:  # the subnet is part of the network's own description
            for vnet in self.dependencies(resource, key, "VirtualNetwork"):
                if vnet.physical_name is not None:
                    yield VNet(vnet.physical_name, self.group(vnet))

    def dependencies(self, resource: Resource, key: str, kind: str) -> list[Resource]:
        """Azure resources of a kind that a top-level property was made from.

        Of an output of a component, some of Pulumi's languages record the component only: then what it consists of.
        """
        urns = dict.fromkeys(resource.references.get(key, ()))
        found = [self._by_urn[urn] for urn in urns if urn in self._by_urn]
        direct = [item for item in found if item.kind == kind and item.arm_type is not None]
        components = urns.keys() - {item.urn for item in found if item.arm_type is not None}
        return direct or [item for item in self.of_kind(kind) if self._is_within(item, components)]

    def _is_within(self, resource: Resource, components: Set[str]) -> bool:
        parent = resource.parent
        while parent is not None:
            if parent in components:
                return True
            outer = self._by_urn.get(parent)
            parent = outer.parent if outer else None
        return False

    def _has_id(self, resource: Resource, parsed: ArmId) -> bool:
        arm_type, name, group = resource.arm_type, resource.physical_name, self.group(resource)
        if arm_type is None or name is None or arm_type.arm.casefold() != parsed.type.casefold():
            return False
        return VNet(name, group).is_(VNet(parsed.name, parsed.resource_group))


def subnet_ids(value: Value) -> list[Value]:
    """``subnet.id`` of an ip configuration, or of each in a list; of ``subnet`` itself if that is given."""
    items = mappings(value) or ([cast("Mapping[str, Value]", value)] if isinstance(value, Mapping) else [])
    return [look_up(item, "id" if "id" in item and "subnet" not in item else "subnet.id") for item in items]
