"""Pulumi mocks that answer like the real providers where components depend on it, and a monitor that keeps everything.

The answers are few on purpose: ids in ARM's shape, and the properties that the program reads. What Azure would refuse
is the simulated Azure's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from pulumi import ResourceHookArgs
from pulumi.runtime import mocks, rpc, settings

from vpner.problems import Problems

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
PASSWORD = "generated-by-the-mock"
SERVICE_KEY = "service-key-by-the-mock"
AUTHORIZATION_KEY = "authorization-key-by-the-mock"


def tag(token: str) -> str:
    """``azure-native:network:Subnet`` as ``Subnet``."""
    return token.rpartition(":")[2]


class AzureMocks(mocks.Mocks):
    """Azure and random, as far as components read them. ``unknown``: as at preview, when nothing exists yet."""

    def __init__(self, *, unknown: bool = False, circuit_state: str = "Provisioned", existing: tuple[str, ...] = ()):
        self.unknown = unknown
        self.circuit_state = circuit_state
        self.existing = existing
        """Names of connections that exist already."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if not args.custom:
            return "", {}
        state = dict(args.inputs)
        if self.unknown and not args.typ.startswith("pulumi:providers"):
            return "", {**state, **dict.fromkeys(self._computed(args), pulumi.UNKNOWN)}
        if args.typ.startswith("azure-native:"):
            return f"/subscriptions/{SUBSCRIPTION}/{tag(args.typ)}/{args.name}", {**state, **self._computed(args)}
        return args.name, {**state, **self._computed(args)}

    def _computed(self, args: mocks.MockResourceArgs) -> dict[str, Any]:
        inputs: Mapping[str, Any] = args.inputs
        name = next((v for k, v in inputs.items() if k.endswith("Name") and k != "resourceGroupName"), args.name)
        match tag(args.typ):
            case "RandomPassword":
                return {"result": f"{PASSWORD}-{args.name}", "bcryptHash": "$2a$10$hash"}
            case "ExpressRouteCircuit":
                return {"name": name, "serviceKey": SERVICE_KEY}
            case "ExpressRouteCircuitAuthorization":
                return {"name": name, "authorizationKey": AUTHORIZATION_KEY}
            case "PublicIPAddress":
                return {"name": name, "ipAddress": "192.0.2.10"}
            case "VirtualNetworkGateway" if inputs.get("gatewayType") == "Vpn":
                bgp = {
                    "asn": inputs["bgpSettings"]["asn"],
                    "bgpPeeringAddresses": [
                        {
                            "defaultBgpIpAddresses": [f"10.0.0.{46 + index}"],
                            "customBgpIpAddresses": item["customBgpIpAddresses"],
                            "tunnelIpAddresses": [f"192.0.2.{index}", f"10.0.0.{36 + index}"],
                        }
                        for index, item in enumerate(inputs["bgpSettings"]["bgpPeeringAddresses"])
                    ],
                }
                return {"name": name, "bgpSettings": bgp}
            case "ResourceGroup":
                return {"name": inputs["resourceGroupName"]}
            case _:
                return {"name": name}

    def call(self, args: mocks.MockCallArgs) -> Any:
        match args.token:
            case "azure-native:network:getExpressRouteCircuit":
                return {
                    "serviceProviderProvisioningState": self.circuit_state,
                    "peerings": [{"peeringType": "AzurePrivatePeering"}],
                }
            case "azure-native:network:getVirtualNetworkGatewayConnection":
                name = args.args["virtualNetworkGatewayConnectionName"]
                if name in self.existing:
                    return {"name": name}
                return {}, [("", f"ResourceNotFound: {name} was not found")]
            case "azure-native:network:getVirtualHub":
                return {"virtualRouterIps": ["10.0.0.132", "10.0.0.133"]}
            case _:
                raise AssertionError(f"unexpected call of {args.token}")


@dataclass
class Registration:
    """One resource as the program registered it."""

    type: str
    name: str
    urn: str
    custom: bool
    parent: str
    inputs: dict[str, Any]
    state: dict[str, Any]
    protect: bool
    depends_on: tuple[str, ...]
    property_dependencies: dict[str, tuple[str, ...]]
    ignore_changes: tuple[str, ...]
    secret_outputs: tuple[str, ...]
    timeouts: tuple[str, str, str]
    hooks: tuple[str, ...]
    outputs: dict[str, Any] = field(default_factory=dict)
    """What a component registered with ``register_outputs``."""


class RecordingMonitor(mocks.MockMonitor):
    """A mock monitor that keeps each request."""

    def __init__(self, azure: AzureMocks):
        super().__init__(azure)
        self.registrations: dict[str, Registration] = {}
        self.hook_names: list[str] = []

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        if request.type == "pulumi:pulumi:Stack":
            return response
        timeouts = request.customTimeouts
        self.registrations[response.urn] = Registration(
            type=request.type,
            name=request.name,
            urn=response.urn,
            custom=request.custom,
            parent=request.parent,
            inputs=rpc.deserialize_properties(request.object, keep_unknowns=True),
            state=rpc.deserialize_properties(response.object, keep_unknowns=True),
            protect=request.protect,
            depends_on=tuple(request.dependencies),
            property_dependencies={key: tuple(value.urns) for key, value in request.propertyDependencies.items()},
            ignore_changes=tuple(request.ignoreChanges),
            secret_outputs=tuple(request.additionalSecretOutputs),
            timeouts=(timeouts.create, timeouts.update, timeouts.delete),
            hooks=(*request.hooks.before_create, *request.hooks.before_update),
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if request.urn in self.registrations:
            outputs = rpc.deserialize_properties(request.outputs, keep_unknowns=True)
            self.registrations[request.urn].outputs = outputs
        return super().RegisterResourceOutputs(request)

    def of_type(self, name: str) -> list[Registration]:
        return [item for item in self.registrations.values() if tag(item.type) == name]

    def named(self, name: str) -> Registration:
        (found,) = [item for item in self.registrations.values() if item.name == name]
        return found


class _Loops:
    """The event loop of the program that runs now. Pulumi leaves tasks in it, which end with the next program."""

    def __init__(self) -> None:
        self._current: asyncio.AbstractEventLoop | None = None

    def renew(self) -> None:
        if self._current is not None and not self._current.is_closed():
            pending = asyncio.all_tasks(self._current)
            for task in pending:
                task.cancel()
            self._current.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            self._current.close()
        self._current = asyncio.new_event_loop()
        asyncio.set_event_loop(self._current)


_loops = _Loops()


def build(
    program: Callable[[], object],
    azure: AzureMocks | None = None,
    config: Mapping[str, str] | None = None,
    secret_keys: tuple[str, ...] = (),
) -> tuple[RecordingMonitor, dict[str, Any]]:
    """Run a program on mocks until everything is registered; what it registered and exported."""
    _loops.renew()
    settings.set_root_resource(cast("Any", None))  # or the exports of the program before leak into this one
    azure = azure or AzureMocks()
    monitor = RecordingMonitor(azure)
    mocks.set_mocks(azure, project="vpner", stack="test", preview=azure.unknown, monitor=monitor)
    pulumi.runtime.set_all_config(dict(config or {}), list(secret_keys))

    @pulumi.runtime.test
    def run() -> None:
        program()

    run()
    root: Any = settings.get_root_resource()
    exports: dict[str, Any] = dict(root.outputs) if root else {}
    return monitor, exports


def resolve(output: Any) -> Any:
    """The value of an output after :func:`build`."""
    return asyncio.get_event_loop().run_until_complete(output.future(with_unknowns=True))


def is_secret(output: Any) -> bool:
    """Whether an output is marked as a secret, after :func:`build`."""
    return asyncio.get_event_loop().run_until_complete(output.is_secret())


def said_by_hook(hooks: Callable[[], Sequence[Any] | None], args: ResourceHookArgs, azure: AzureMocks) -> str:
    """What the one hook that ``hooks`` makes says when the engine calls it; empty if it lets the resource pass."""
    said: list[str] = []

    def program() -> None:
        (hook,) = hooks() or []

        async def call() -> None:
            try:
                await hook.callback(args)
            except Problems as problems:
                said.append(str(problems))

        pulumi.Output.from_input(asyncio.ensure_future(call())).apply(lambda _: None)

    build(program, azure)
    return "\n".join(said)
