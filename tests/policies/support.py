"""From a program on mocks to the pack: the messages that Pulumi's engine would send it, and its answers.

What the engine sends is known from its source: inputs as the provider has checked them to Analyze; to AnalyzeStack each
resource's outputs, which at preview are the inputs in the response's shape and unknown for everything else, without
path parameters, and for a component what it registered. Secrets arrive in plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi_azure_native
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import mocks, proto, rpc
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.crossguard import PACK, policies
from tests.support.mocks import SUBSCRIPTION, AzureMocks, RecordingMonitor, Registration, tag
from vpner.arm import arm_id, by_token


class ArmMocks(AzureMocks):
    """The project's mocks, with ids in ARM's shape: at update the rules read them."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        given, state = super().new_resource(args)
        return (arm_id(args.typ, args.inputs, SUBSCRIPTION) or given) if given else given, state


@dataclass
class Sent:
    """One resource as the engine sends it: ``inputs`` to Analyze, ``outputs`` to AnalyzeStack."""

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    references: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    parent: str = ""
    depends_on: tuple[str, ...] = ()


def sent(monitor: RecordingMonitor, *, preview: bool) -> list[Sent]:
    """Everything that a program registered on mocks."""
    return [_sent(item, preview=preview) for item in monitor.registrations.values()]


def _sent(item: Registration, *, preview: bool) -> Sent:
    outputs = wire(item.state if item.custom else item.outputs)
    inputs = wire(item.inputs) if item.custom else {}
    arm_type = by_token(item.type)
    if arm_type is not None:
        outputs = {key: value for key, value in outputs.items() if key not in arm_type.parameters}
        if preview:
            outputs = {**dict.fromkeys(_properties(item.type), UNKNOWN_STRING_VALUE), **outputs}
    return Sent(
        item.type, item.name, item.urn, inputs, outputs, item.property_dependencies, item.parent, item.depends_on
    )


def _properties(token: str) -> Iterator[str]:
    """Every output property of a resource, in ARM's spelling, as the SDK's class has it."""
    module = getattr(pulumi_azure_native, token.split(":")[1].partition("/")[0])
    for value in vars(getattr(module, tag(token))).values():
        if isinstance(value, property) and value.fget is not None:
            yield value.fget.__dict__.get("_pulumi_name", value.fget.__name__)


def wire(value: Any) -> Any:
    """A recorded value as the engine writes it: unknowns as its sentinel, secrets unwrapped."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        if items.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return wire(items["value"])
        return {key: wire(item) for key, item in items.items()}
    if isinstance(value, list):
        return [wire(item) for item in cast("list[Any]", value)]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return UNKNOWN_STRING_VALUE


def analyze_requests(resources: Iterable[Sent]) -> Iterator[proto.AnalyzeRequest]:
    """The engine's call for each resource, with its inputs."""
    for item in resources:
        yield proto.AnalyzeRequest(type=item.type, properties=_struct(item.inputs), urn=item.urn, name=item.name)


def stack_request(resources: Iterable[Sent]) -> proto.AnalyzeStackRequest:
    """The engine's call for the stack, with the outputs of all."""
    return proto.AnalyzeStackRequest(
        resources=[
            proto.AnalyzerResource(
                type=item.type,
                properties=_struct(item.outputs),
                urn=item.urn,
                name=item.name,
                parent=item.parent,
                dependencies=list(item.depends_on),
                propertyDependencies={
                    key: proto.AnalyzerPropertyDependencies(urns=list(urns)) for key, urns in item.references.items()
                },
            )
            for item in resources
        ]
    )


def configure_request(configuration: Mapping[str, Mapping[str, Any]]) -> proto.ConfigureAnalyzerRequest:
    """The engine's call with the pack's configuration, by policy."""
    return proto.ConfigureAnalyzerRequest(
        policyConfig={
            policy: proto.PolicyConfig(properties=_struct(values), enforcementLevel=proto.MANDATORY)
            for policy, values in configuration.items()
        }
    )


def _struct(values: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(dict(values))
    return struct


@dataclass(frozen=True)
class Answer:
    """What the pack answered."""

    messages: tuple[proto.AnalyzeDiagnostic, ...]
    not_applicable: frozenset[str]

    @property
    def rules(self) -> list[str]:
        """Ids of the rules that reported something, one for each message."""
        return [item.policyName for item in self.messages]


def judge(resources: list[Sent], configuration: Mapping[str, Mapping[str, Any]] | None = None) -> Answer:
    """Run the pack in this process, through the policy SDK's own server, proxies and all."""
    servicer = _PolicyAnalyzerServicer(PACK, "0.0.1", policies(), EnforcementLevel.ADVISORY)
    if configuration:
        servicer.Configure(configure_request(configuration), None)
    messages: list[Any] = []
    for request in analyze_requests(resources):
        messages += servicer.Analyze(request, None).diagnostics
    response = servicer.AnalyzeStack(stack_request(resources), None)
    messages += response.diagnostics
    return Answer(tuple(messages), frozenset(item.policy_name for item in response.not_applicable))
