"""Stands in for Pulumi's azure-native provider, with the simulated Azure behind it.

It does what the provider does where a program can tell the difference (its source: provider 3.x, ``provider.go``,
``diff.go``, ``previewOutputs.go``, ``replacement.go``). Only path parameters and very few properties cause a
replacement; other properties that Azure does not let anybody change are sent, and Azure refuses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version

from vpner.arm import ResourceType, arm_id, by_token, parse_arm_id
from vpner.simulator import schema
from vpner.simulator.azure import Azure
from vpner.simulator.client import Client, outputs
from vpner.simulator.errors import AzureError
from vpner.simulator.faults import Faults
from vpner.simulator.kinds import KINDS
from vpner.simulator.package_schema import azure_native
from vpner.simulator.properties import carry_over, compare, expected, type_failures
from vpner.simulator.protocol import UNKNOWN, Difference, ProviderError, Resource, Servicer
from vpner.simulator.store import Body

SUBSCRIPTION = "ARM_SUBSCRIPTION_ID"
"""Where Azure's own tools look for the subscription too."""
DEFAULT_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"

_REPLACES: Mapping[str, frozenset[str]] = {
    "azure-native:resources:ResourceGroup": frozenset({"location"}),
    "azure-native:network:VirtualNetwork": frozenset({"location"}),
    "azure-native:network:PublicIPAddress": frozenset({"location", "publicIPAddressVersion", "publicIPPrefix", "sku"}),
}
"""Properties beside the path parameters that the provider replaces a resource for."""

_MAINTAINED: Mapping[str, tuple[str, ...]] = {
    "azure-native:network:VirtualNetwork": ("subnets", "virtualNetworkPeerings"),
    "azure-native:network:RouteTable": ("routes",),
    "azure-native:network:NetworkSecurityGroup": ("securityRules",),
    "azure-native:network:ExpressRouteCircuit": ("authorizations", "peerings"),
}
"""Lists that may also be resources of their own: the provider leaves them alone while a program does not give them."""

_AUTO_NAMED = "__createBeforeDelete"
_NOBODY = "00000000-0000-0000-0000-000000000000"


class AzureNative(Servicer):
    """The provider protocol on a simulated Azure."""

    distribution = "pulumi-azure-native"

    def __init__(self, azure: Azure, faults: Faults) -> None:
        super().__init__()
        self._azure = azure
        self._client = Client(azure, faults)

    def package_schema(self) -> str:
        return azure_native(version(self.distribution))

    def check(self, resource: Resource, olds: Body, news: Body, seed: bytes) -> tuple[Body, list[str]]:
        kind = by_token(resource.token)
        if kind is None:
            return news, [f"not simulated: {resource.token}"]
        inputs = dict(news)
        self._name(kind, resource, olds, inputs, seed)
        self._locate(kind, resource, olds, inputs)
        inputs.setdefault("azureApiVersion", schema.api_version(kind))
        shape = schema.inputs_of(kind)
        failures = [
            f"missing required property '{name}'"
            for name, prop in shape.items()
            if (prop.required or name in kind.parameters) and name not in inputs
        ]
        failures += type_failures(inputs, shape)
        return inputs, failures

    def _name(self, kind: ResourceType, resource: Resource, olds: Body, inputs: Body, seed: bytes) -> None:
        """A name as the provider makes it: with a random end for a resource of its own, a copy for a part."""
        own = kind.parameters[-1]
        if own in inputs or resource.proposed_name == "":
            return
        random = kind.parent is None
        if own in olds:
            inputs[own], random = olds[own], bool(olds.get(_AUTO_NAMED))
        elif resource.proposed_name is not None:
            inputs[own], random = resource.proposed_name, True
        else:
            inputs[own] = f"{resource.name}{sha256(seed).hexdigest()[:8]}" if random else resource.name
        if random:
            inputs[_AUTO_NAMED] = True

    def _locate(self, kind: ResourceType, resource: Resource, olds: Body, inputs: Body) -> None:
        """A location: the one before, else the configured one, else the resource group's."""
        if "location" in inputs or "location" not in schema.inputs_of(kind):
            return
        group = inputs.get("resourceGroupName")
        location = olds.get("location") or resource.config.get("location")
        if location is None and group == UNKNOWN:
            location = UNKNOWN
        if location is None and isinstance(group, str):
            try:
                found = self._azure.get(f"/subscriptions/{subscription(resource.config)}/resourceGroups/{group}")
                location = found.get("location")
            except AzureError:
                location = None
        if location is not None:
            inputs["location"] = location

    def diff(self, resource: Resource, old_inputs: Body, inputs: Body) -> Difference:
        kind = _kind(resource)
        replacing = {*kind.parameters, *_REPLACES.get(kind.token, ())}
        changed = compare(old_inputs, inputs, replacing)
        replaced = any(change.endswith("_REPLACE") for change in changed.values())
        return Difference(changed, delete_first=replaced and not old_inputs.get(_AUTO_NAMED))

    def preview(self, resource: Resource, inputs: Body, state: Body | None) -> Body:
        previewed = expected(inputs, schema.outputs_of(_kind(resource)))
        for name in ("name", "location"):  # these never change
            if state and name in state:
                previewed[name] = state[name]
        return previewed

    def create(self, resource: Resource, inputs: Body) -> tuple[str, Body]:
        kind = _kind(resource)
        resource_id = arm_id(kind.token, inputs, subscription(resource.config))
        if resource_id is None:
            raise ProviderError(f"{resource.name}: a path parameter of {kind.token} is missing")
        if self._azure.exists(resource_id):
            raise ProviderError(f"cannot create already existing resource '{resource_id}'")
        created = self._client.put("create", resource, kind, resource_id, inputs)
        return str(created["id"]), outputs(kind, created)

    def read(self, resource: Resource, resource_id: str, state: Body, inputs: Body) -> tuple[Body, Body] | None:
        kind = _kind(resource)
        try:
            found = outputs(kind, self._azure.get(resource_id))
        except AzureError as error:
            if error.status == 404:
                return None
            raise
        shape = schema.inputs_of(kind)
        if not inputs:
            return found, {**_path_parameters(kind, resource_id), **_given(schema.project_all(found, shape))}
        unlisted = [name for name in _MAINTAINED.get(kind.token, ()) if name not in inputs]
        now = schema.project_all({name: value for name, value in found.items() if name not in unlisted}, shape)
        return found, carry_over(inputs, schema.project_all(state, shape), now)

    def update(self, resource: Resource, resource_id: str, inputs: Body) -> Body:
        kind = _kind(resource)
        updated = self._client.put(
            "update", resource, kind, resource_id, {**self._maintained(kind, resource_id, inputs), **inputs}
        )
        return outputs(kind, updated)

    def _maintained(self, kind: ResourceType, resource_id: str, inputs: Body) -> Body:
        """Lists that a program does not give, as they are: without them a PUT would empty them."""
        unlisted = [name for name in _MAINTAINED.get(kind.token, ()) if name not in inputs]
        if not unlisted:
            return {}
        try:
            current = self._azure.get(resource_id)
        except AzureError as error:
            raise ProviderError(
                f"failed maintaining unset sub-resource properties: reading cloud state: {error}"
            ) from error
        # Parts that are resources of their own a PUT leaves alone.
        return {name: current[name] for name in unlisted if name in current and name not in KINDS[kind.arm].inline}

    def delete(self, resource: Resource, resource_id: str) -> None:
        self._client.delete(resource, _kind(resource), resource_id)

    def invoke(self, config: Mapping[str, object], token: str, args: Body) -> Body:
        if token == "azure-native:authorization:getClientConfig":
            own = subscription(config)
            return {"clientId": _NOBODY, "objectId": _NOBODY, "tenantId": _NOBODY, "subscriptionId": own}
        module, _, function = token.rpartition(":")
        kind = by_token(f"{module}:{function.removeprefix('get')}") if function.startswith("get") else None
        if kind is None:
            raise ProviderError(f"not simulated: {token}")
        resource_id = arm_id(kind.token, args, subscription(config))
        if resource_id is None:
            raise ProviderError(f"{token}: needs {', '.join(kind.parameters)}")
        found = self._azure.get(resource_id)
        return {"id": found["id"], **outputs(kind, found)}


def subscription(config: Mapping[str, object]) -> str:
    """Subscription of a provider instance: configured, else the environment's, else zeros."""
    configured = config.get("subscriptionId") or os.environ.get(SUBSCRIPTION)
    return str(configured or DEFAULT_SUBSCRIPTION)


def _kind(resource: Resource) -> ResourceType:
    kind = by_token(resource.token)
    if kind is None:
        raise ProviderError(f"not simulated: {resource.token}")
    return kind


def _path_parameters(kind: ResourceType, resource_id: str) -> Body:
    identity = parse_arm_id(resource_id)
    assert identity is not None
    return dict(zip(kind.parameters, (identity.resource_group, *identity.names), strict=True))


def _given(inputs: Body) -> Body:
    """What an import writes down: not what is empty."""
    return {name: value for name, value in inputs.items() if value not in ("", [], {})}
