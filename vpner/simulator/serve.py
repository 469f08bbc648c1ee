"""The simulated providers as gRPC servers on the loopback interface."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from vpner.simulator.azure import Azure
from vpner.simulator.faults import Faults
from vpner.simulator.protocol import Servicer
from vpner.simulator.provider import AzureNative
from vpner.simulator.random import Random

_THREADS = 32
_LARGEST_MESSAGE = 400 * 1024 * 1024  # as the engine's own


@contextmanager
def serving(azure: Azure, faults: Faults) -> Generator[str]:
    """Run both providers; gives the value of ``PULUMI_DEBUG_PROVIDERS`` that makes an engine use them."""
    servers: list[grpc.Server] = []
    addresses: list[str] = []
    try:
        for package, servicer in (("azure-native", AzureNative(azure, faults)), ("random", Random())):
            server, port = _start(servicer)
            servers.append(server)
            addresses.append(f"{package}:{port}")
        yield ",".join(addresses)
    finally:
        faults.release()
        for server in servers:
            server.stop(None).wait()


def _start(servicer: Servicer) -> tuple[grpc.Server, int]:
    options = [
        ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
        ("grpc.max_send_message_length", _LARGEST_MESSAGE),
    ]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
