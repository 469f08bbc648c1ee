"""A client of the provider protocol, which does what Pulumi's engine does."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc


def struct(values: Mapping[str, object]) -> Struct:
    message = Struct()
    message.update(dict(values))  # pyright: ignore[reportArgumentType]
    return message


def plain(message: Any) -> dict[str, Any]:
    return MessageToDict(message)


@dataclass
class Engine:
    """One connection to a provider, as one provider instance of an engine has it."""

    stub: Any

    def urn(self, token: str, name: str) -> str:
        return f"urn:pulumi:dev::project::parent:index:Component${token}::{name}"

    def configure(self, **config: str) -> Engine:
        self.stub.Configure(pb.ConfigureRequest(args=struct(config), acceptSecrets=True))
        return self

    def check(
        self, token: str, name: str, news: Mapping[str, object], olds: Mapping[str, object] | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        request = pb.CheckRequest(
            urn=self.urn(token, name), news=struct(news), olds=struct(olds or {}), randomSeed=b"seed"
        )
        answer = self.stub.Check(request)
        return plain(answer.inputs), [failure.reason for failure in answer.failures]

    def checked(self, token: str, name: str, news: Mapping[str, object]) -> dict[str, Any]:
        inputs, failures = self.check(token, name, news)
        assert failures == []
        return inputs

    def create(
        self, token: str, name: str, inputs: Mapping[str, object], *, preview: bool = False
    ) -> tuple[str, dict[str, Any]]:
        request = pb.CreateRequest(urn=self.urn(token, name), properties=struct(inputs), preview=preview)
        answer = self.stub.Create(request)
        return answer.id, plain(answer.properties)

    def build(self, token: str, name: str, news: Mapping[str, object]) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Check and create: id, inputs, outputs."""
        inputs = self.checked(token, name, news)
        resource_id, outputs = self.create(token, name, inputs)
        return resource_id, inputs, outputs

    def diff(self, token: str, old_inputs: Mapping[str, object], news: Mapping[str, object]) -> pb.DiffResponse:
        return self.stub.Diff(
            pb.DiffRequest(urn=self.urn(token, "x"), old_inputs=struct(old_inputs), news=struct(news))
        )

    def read(
        self, token: str, resource_id: str, state: Mapping[str, object], inputs: Mapping[str, object]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        request = pb.ReadRequest(
            urn=self.urn(token, "x"), id=resource_id, properties=struct(state), inputs=struct(inputs)
        )
        answer = self.stub.Read(request)
        return answer.id, plain(answer.properties), plain(answer.inputs)

    def update(
        self,
        token: str,
        resource_id: str,
        olds: Mapping[str, object],
        news: Mapping[str, object],
        *,
        preview: bool = False,
    ) -> dict[str, Any]:
        request = pb.UpdateRequest(
            urn=self.urn(token, "x"), id=resource_id, olds=struct(olds), news=struct(news), preview=preview
        )
        return plain(self.stub.Update(request).properties)

    def delete(self, token: str, resource_id: str) -> None:
        self.stub.Delete(pb.DeleteRequest(urn=self.urn(token, "x"), id=resource_id))

    def invoke(self, token: str, **args: str) -> dict[str, Any]:
        answer = self.stub.Invoke(pb.InvokeRequest(tok=token, args=struct(args)))
        return plain(getattr(answer, "return"))


@contextmanager
def connected(port: str, *, configure: bool = True, **config: str) -> Generator[Engine]:
    """A provider instance: with a connection of its own, as in the engine."""
    own = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=own) as channel:
        engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel))
        yield engine.configure(**config) if configure else engine


def refusal(error: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    return str(getattr(error.value, "details")())  # noqa: B009 - grpc has no types
