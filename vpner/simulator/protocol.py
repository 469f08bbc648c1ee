"""Pulumi's provider protocol: one servicer that turns messages into plain JSON objects and back.

A provider derives from :class:`Servicer` and says what Check, Diff, Create, … mean. Unknown values arrive as
:data:`UNKNOWN`; secrets arrive plain, because the servicer does not accept secrets, and the engine marks them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any, ClassVar, NoReturn, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from vpner.marks import SECRET, SIGNATURE
from vpner.simulator.errors import AzureError
from vpner.simulator.store import Body

UNKNOWN: str = rpc.UNKNOWN
"""Stands for a value that will be known after the update."""

_DETAILS = "grpc-status-details-bin"
"""Where gRPC has the details of an error."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The resource that a call is about."""

    token: str
    name: str
    """Its name in the program."""
    config: Mapping[str, object]
    """Configuration of the provider instance that calls."""
    proposed_name: str | None = None
    """Physical name that the engine proposes, where the project configures autonaming; empty where it forbids it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change of inputs means."""

    changed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Kind of change (``ADD``, ``UPDATE_REPLACE``, …) by property path."""
    delete_first: bool = False
    """Whether a replacement deletes the old resource before it creates the new one."""


class ProviderError(Exception):
    """A refusal of the provider itself, before Azure is asked."""


class PartialFailure(Exception):
    """The resource exists, or may, and is not as it was asked for; the engine keeps it and tries again."""

    def __init__(self, resource_id: str, outputs: Body | None, reason: str) -> None:
        super().__init__(reason)
        self.resource_id = resource_id
        self.outputs = outputs
        """As far as they could be read."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Base of the simulated providers. Subclasses override the methods with plain arguments."""

    distribution: ClassVar[str]
    """Python distribution of the SDK that it serves; it says that it has its version."""

    def __init__(self) -> None:
        self._configs: dict[str, Mapping[str, object]] = {}

    # What a provider says.

    def check(self, resource: Resource, olds: Body, news: Body, seed: bytes) -> tuple[Body, list[str]]:
        """Complete inputs, and why they cannot be accepted."""
        raise NotImplementedError

    def diff(self, resource: Resource, old_inputs: Body, inputs: Body) -> Difference:
        """What has changed."""
        raise NotImplementedError

    def preview(self, resource: Resource, inputs: Body, state: Body | None) -> Body:
        """Outputs as far as they can be known before; ``state`` are the present ones of an update."""
        raise NotImplementedError

    def create(self, resource: Resource, inputs: Body) -> tuple[str, Body]:
        """Id and outputs of a new resource."""
        raise NotImplementedError

    def read(self, resource: Resource, resource_id: str, state: Body, inputs: Body) -> tuple[Body, Body] | None:
        """Outputs and inputs as they are now; None if the resource is gone."""
        raise NotImplementedError

    def update(self, resource: Resource, resource_id: str, inputs: Body) -> Body:
        """Outputs after the update."""
        raise NotImplementedError

    def delete(self, resource: Resource, resource_id: str) -> None:
        """Delete it; it may be gone already."""
        raise NotImplementedError

    def invoke(self, config: Mapping[str, object], token: str, args: Body) -> Body:
        """Result of a function."""
        raise ProviderError(f"not simulated: {token}")

    def package_schema(self) -> str:
        """The package in Pulumi's schema, as JSON."""
        raise ProviderError(f"not simulated: the schema of {self.distribution}")

    # The protocol. The generated base class leaves the types of messages and context open.

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=version(self.distribution))

    def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=self._call(context, self.package_schema))

    def Attach(self, request: Any, context: Any) -> Any:
        return Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        # Another subscription is another network: what is in the old one has to be replaced.
        before, now = _decode(request.old_inputs or request.olds), _decode(request.news)
        replaces = ["subscriptionId"] if before.get("subscriptionId") != now.get("subscriptionId") else []
        changed = provider_pb2.DiffResponse.DIFF_NONE if before == now else provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=changed, replaces=replaces)

    def Configure(self, request: Any, context: Any) -> Any:
        variables = {name.rpartition(":")[2]: value for name, value in request.variables.items()}
        # Every provider instance of a program has its own connection, and its own configuration.
        self._configs[context.peer()] = {**variables, **_decode(request.args)}
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    def Check(self, request: Any, context: Any) -> Any:
        resource = replace(self._resource(request, context), proposed_name=_proposed_name(request))
        inputs, failures = self._call(
            context, self.check, resource, _decode(request.olds), _decode(request.news), request.randomSeed
        )
        reasons = [provider_pb2.CheckFailure(reason=reason) for reason in failures]
        return provider_pb2.CheckResponse(inputs=_encode(inputs), failures=reasons)

    def Diff(self, request: Any, context: Any) -> Any:
        resource = self._resource(request, context)
        found = self._call(context, self.diff, resource, _decode(request.old_inputs), _decode(request.news))
        kinds = provider_pb2.PropertyDiff.Kind
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found.changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({_top(path) for path in found.changed}),
            replaces=sorted({_top(path) for path, kind in found.changed.items() if kind.endswith("_REPLACE")}),
            deleteBeforeReplace=found.delete_first,
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=kinds.Value(kind), inputDiff=True)
                for path, kind in found.changed.items()
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        resource, inputs = self._resource(request, context), _decode(request.properties)
        if request.preview:
            outputs = self._call(context, self.preview, resource, inputs, None)
            return provider_pb2.CreateResponse(properties=_encode(outputs))
        resource_id, outputs = self._call(context, self.create, resource, inputs)
        return provider_pb2.CreateResponse(id=resource_id, properties=_encode(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        resource = self._resource(request, context)
        found = self._call(
            context, self.read, resource, request.id, _decode(request.properties), _decode(request.inputs)
        )
        if found is None:
            return provider_pb2.ReadResponse(id="")
        outputs, inputs = found
        return provider_pb2.ReadResponse(id=request.id, properties=_encode(outputs), inputs=_encode(inputs))

    def Update(self, request: Any, context: Any) -> Any:
        resource, inputs = self._resource(request, context), _decode(request.news)
        if request.preview:
            outputs = self._call(context, self.preview, resource, inputs, _decode(request.olds))
        else:
            outputs = self._call(context, self.update, resource, request.id, inputs)
        return provider_pb2.UpdateResponse(properties=_encode(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        self._call(context, self.delete, self._resource(request, context), request.id)
        return Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        outputs = self._call(context, self.invoke, self._config(context), request.tok, _decode(request.args))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").update(outputs)  # the field's name is a keyword of Python
        return response

    def _resource(self, request: Any, context: Any) -> Resource:
        types, _, name = cast("str", request.urn).split("::", 2)[2].partition("::")
        return Resource(types.rpartition("$")[2], name, self._config(context))

    def _config(self, context: Any) -> Mapping[str, object]:
        config = self._configs.get(context.peer())
        if config is None:  # better than to use another instance's subscription
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the provider is not configured on this connection")
            raise AssertionError
        return config

    def _call(self, context: Any, method: Any, *arguments: object) -> Any:
        try:
            return method(*arguments)
        except (AzureError, ProviderError) as error:
            _abort(context, error)
        except PartialFailure as failure:
            context.set_trailing_metadata([(_DETAILS, _details(failure).SerializeToString())])
            _abort(context, failure)


def _proposed_name(request: Any) -> str | None:
    if not request.HasField("autonaming"):
        return None
    disabled = request.autonaming.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE
    return "" if disabled else request.autonaming.proposed_name or None


def _details(failure: PartialFailure) -> Any:
    """gRPC's status with the resource as the engine is to keep it."""
    kept = provider_pb2.ErrorResourceInitFailed(
        id=failure.resource_id,
        properties=None if failure.outputs is None else _encode(failure.outputs),
        reasons=[str(failure)],
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failure))
    status.details.add().Pack(kept)
    return status


def _abort(context: Any, error: Exception) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError  # abort has raised


def _top(path: str) -> str:
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]


def _decode(struct: Any) -> Body:
    """A JSON object without nulls and without marks of secrets; whole numbers are integers."""
    return cast("Body", _plain(MessageToDict(struct)))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        entries = cast("Body", value)
        if entries.get(SIGNATURE) == SECRET:
            return _plain(entries.get("value"))
        return {name: _plain(item) for name, item in entries.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # the protocol has one kind of number
    return value


def _encode(body: Mapping[str, object]) -> Struct:
    struct = Struct()
    struct.update(cast("dict[str, Any]", dict(body)))
    return struct
