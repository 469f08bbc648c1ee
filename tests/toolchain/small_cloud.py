"""A provider for tests of the engine: it keeps what it creates as files, and can be told to take its time.

    python small_cloud.py FOLDER     prints the port; a resource with `slow: true` is never finished

It says `azure-native` resources exist under the id that Azure would give them, as soon as their creation has begun.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from vpner.arm import arm_id

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(properties, struct_pb2.Struct())


class SmallCloud(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, resource_id: str) -> Path:
        return self.folder / resource_id.replace("/", "_")

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="3.29.0")

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return provider_pb2.DiffResponse()

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Nothing is ever updated: the tests look at what exists."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        inputs = json_format.MessageToDict(request.properties)
        resource_id = arm_id(request.type, inputs, SUBSCRIPTION) or str(uuid4())
        if self.file(resource_id).exists():
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"cannot create already existing resource {resource_id}")
        if not inputs.get("refused"):
            self.file(resource_id).write_text(json.dumps(inputs))
        if inputs.get("slow"):
            threading.Event().wait()
        return provider_pb2.CreateResponse(id=resource_id, properties=request.properties)

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """As it is in the cloud, secrets in plain text: whoever reads first does not know which they are."""
        if not self.file(request.id).exists():
            return provider_pb2.ReadResponse()
        inputs = json.loads(self.file(request.id).read_text())
        for key, value in inputs.items():
            inputs[key] = value["value"] if isinstance(value, dict) and "value" in value else value
        return provider_pb2.ReadResponse(id=request.id, properties=struct(inputs), inputs=struct(inputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.file(request.id).unlink(missing_ok=True)
        return empty_pb2.Empty()


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(SmallCloud(Path(sys.argv[1])), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
