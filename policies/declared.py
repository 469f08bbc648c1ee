"""What lies outside Azure: devices, provider routers and circuits, as components register them or a user declares them.

Both have one shape, that of the components' outputs, and are read by content: ``device`` and ``devices[]``,
``routers[]``, ``circuits[]`` and ``gateway.connections[]``, whatever the component is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from vpner.problems import Problem
from vpner.readers.resources import Resource, Snapshot, Value, mappings
from vpner.settings.shape_problems import shape_problems

POLICY = "declared-network"
"""The policy whose configuration holds the declarations."""
CONTRACT_KEYS = frozenset({"device", "devices", "routers", "circuits", "gateway"})
"""Outputs of a component that the rules read."""


class _Shape(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, hide_input_in_errors=True
    )


class DeviceStatic(_Shape):
    """A static route of a device."""

    destination: str = Field(description="/32 of a tunnel address, or GATEWAY.instances[0].tunnel/32 until Azure knows")
    interface: str = Field(description="Interface that it points through")
    next_hop: str | None = Field(None, description="Next hop there")


class DeviceTunnel(_Shape):
    """A tunnel of a device."""

    remote: str = Field(description="The gateway's tunnel address, or GATEWAY.instances[0].tunnel until Azure knows")
    name: str | None = None


class Device(_Shape):
    """A device at the other end of the tunnels."""

    name: str
    endpoint: str = Field(description="Its tunnel endpoint, as Azure sees it: gatewayIpAddress of its connection")
    express_route_interface: str = Field(description="Its interface on the ExpressRoute side")
    statics: list[DeviceStatic]
    tunnels: list[DeviceTunnel]
    advertises: list[str] | None = Field(None, description="Prefixes that it announces inside the tunnels")


class RouterLink(_Shape):
    """A router's link to a circuit."""

    circuit: str = Field(description="Name of the circuit")


class RouterStatic(_Shape):
    """A static route of a router towards a circuit."""

    prefix: str
    circuit: str = Field(description="Name of the circuit that it points to")
    redistribute: bool = Field(True, description="Whether the router announces it over its other links")


class Router(_Shape):
    """A router at the far end of the circuits: the provider's, or the customer's edge."""

    name: str
    links: list[RouterLink]
    statics: list[RouterStatic] = []
    networks: list[str] = Field([], description="Prefixes that it announces over every link")


class Circuit(_Shape):
    """A circuit whose connection is in another stack."""

    name: str
    gateway: str = Field(description="Name of a gateway in the virtual network that it is connected to")


class Declarations(_Shape):
    """What lies outside the stack: configuration of the policy ``declared-network``."""

    devices: list[Device] = Field([], description="Devices at the other end of the tunnels")
    routers: list[Router] = Field([], description="Routers at the far end of the circuits")
    circuits: list[Circuit] = Field([], description="Circuits that are connected in another stack")


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared thing, and who says so."""

    value: Mapping[str, Value]
    origin: str
    """For messages: the component that registered it, or the policy's configuration."""
    resource: Resource | None
    stage: Value = None
    """``stage`` of the component: ordered or provisioned, if it has one."""

    @property
    def name(self) -> str:
        """Its name, for messages."""
        name = self.value.get("name")
        return name if isinstance(name, str) else "(without a name)"


class Outside:
    """Everything that was declared about what lies outside Azure."""

    def __init__(self, snapshot: Snapshot, configuration: Mapping[str, Value]) -> None:
        sources = [
            (item.properties, str(item), item)
            for item in snapshot.resources
            if item.arm_type is None and CONTRACT_KEYS & item.properties.keys()
        ]
        self._sources = [*sources, (configuration, f"configuration of policy {POLICY}", None)]
        self.devices = tuple(item for item in self._all("device", "devices") if "endpoint" in item.value)
        self.routers = tuple(item for item in self._all("routers") if "links" in item.value)
        self.circuits = tuple(item for item in self._all("circuits") if "gateway" in item.value)
        self.planned_gateways = tuple(item for item in self._all("gateway") if "connections" in item.value)

    def _all(self, *keys: str) -> Iterator[Declared]:
        for properties, origin, resource in self._sources:
            for key in keys:
                value = properties.get(key)
                single = [cast("Mapping[str, Value]", value)] if isinstance(value, Mapping) else mappings(value)
                for item in single:
                    yield Declared(item, origin, resource, properties.get("stage"))


def read_configuration(configuration: Mapping[str, Any]) -> tuple[dict[str, Value], list[Problem]]:
    """The policy's configuration in the components' shape, or every problem with its key path."""
    try:
        parsed = Declarations.model_validate(dict(configuration))
    except ValidationError as error:
        return {}, list(shape_problems(POLICY, Declarations, error))
    return parsed.model_dump(by_alias=True, exclude_none=True), []


def configuration_schema() -> dict[str, dict[str, Any]]:
    """JSON schema of each key of the configuration, for the policy engine. Definitions are written in place."""
    schema = Declarations.model_json_schema(by_alias=True)
    return {key: _in_place(value, schema["$defs"]) for key, value in schema["properties"].items()}


def _in_place(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        node = cast("dict[str, Any]", schema)
        if "$ref" in node:
            return _in_place(definitions[node["$ref"].rpartition("/")[2]], definitions)
        return {key: _in_place(value, definitions) for key, value in node.items() if key not in ("title", "default")}
    if isinstance(schema, list):
        return [_in_place(item, definitions) for item in cast("list[Any]", schema)]
    return schema
