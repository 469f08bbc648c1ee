"""ARM's REST over a deployment, and the Azure SDK's client on it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from azure.core.credentials import AccessToken
from azure.mgmt.network import NetworkManagementClient

from tests.support.mocks import SUBSCRIPTION
from vpner.simulator.rest.arm import Arm
from vpner.simulator.rest.identity import Identity
from vpner.simulator.rest.operations import Operations
from vpner.simulator.rest.server import Endpoints, listening
from vpner.simulator.store import Store


@dataclass(frozen=True)
class Token:
    """A credential that has its token already."""

    token: str

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(self.token, 4_000_000_000)


@dataclass(frozen=True)
class Served:
    endpoints: Endpoints
    identity: Identity
    trust: Path

    def client(self, token: str | None = None) -> NetworkManagementClient:
        """The unmodified client, which asks again at once. Without a token of its own it has the right one."""
        settings: dict[str, Any] = {
            "base_url": self.endpoints.arm,
            "credential_scopes": [f"{self.endpoints.arm}/.default"],
            "polling_interval": 0,
            "connection_verify": str(self.trust),
        }
        return NetworkManagementClient(Token(token or self.identity.token), SUBSCRIPTION, **settings)


@contextmanager
def served(store: Store, *, pending: int = 0) -> Generator[Served]:
    """Serve a store. Operations are in progress for so many polls; clients are not told to wait."""
    identity = Identity()
    arm = Arm(store, identity.token, SUBSCRIPTION, Operations(retry_after=0, pending=pending))
    with listening(arm.answer, identity) as endpoints, TemporaryDirectory() as folder:
        trust = Path(folder) / "trust.pem"
        trust.write_bytes(endpoints.authority)
        yield Served(endpoints, identity, trust)
