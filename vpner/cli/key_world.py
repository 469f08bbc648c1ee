"""Pre-shared keys in a deployed stack and in Azure: what a rotation acts on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vpner.arm import parse_arm_id
from vpner.cli.deployment import configured_keys, deployment, update
from vpner.cli.subscription import client
from vpner.plan.keys import IN_AZURE, fingerprint
from vpner.problems import Problem, Problems
from vpner.rotation import Connection, Key, read_connections

if TYPE_CHECKING:
    from azure.mgmt.network import NetworkManagementClient

_POLL_SECONDS = 2.0
_WORKING = ("Updating", "Creating")


class DeployedKeys:
    """Acts on one stack, and on the subscriptions of its connections, with the credential that azure-identity finds.

    Azure demands ``Microsoft.Network/connections/sharedKey/action`` for reading a key as well as for setting it.
    [Learn: Azure permissions for networking; github.com/hashicorp/terraform-provider-azurerm/issues/29903]
    """

    def __init__(self, stack: str, folder: Path, patience: float) -> None:
        self._stack = stack
        self._folder = folder
        self._patience = patience
        self._given = configured_keys(stack, folder)
        self._clients: dict[str, NetworkManagementClient] = {}

    def read(self) -> list[Connection]:
        return read_connections(deployment(self._stack, self._folder), self._given)

    def in_azure(self, connection: Connection) -> Key:
        return Key(self._asked(connection, lambda api, place: api.get_shared_key(*place).value))

    def make(self, connection: Connection) -> None:
        assert connection.key_urn is not None
        update(self._stack, self._folder, [connection.key_urn], "--replace", connection.key_urn)

    def load(self, connection: Connection) -> None:
        assert connection.loader is not None
        update(self._stack, self._folder, [connection.loader])

    def set(self, connection: Connection) -> None:
        value = {"value": connection.key.value}
        self._asked(connection, lambda api, place: api.begin_set_shared_key(*place, value).result())
        # Azure says that it has succeeded, and goes on: github.com/Azure/azure-rest-api-specs/issues/26660.
        state = self._until(connection, "provisioningState", lambda state: state not in _WORKING)
        if state != "Succeeded":
            why, remedy = "Azure did not take the key", "see the connection's activity log, then run the command again"
            problem = Problem(connection.name, f"its provisioningState is {state}", why, remedy, "rotation-failed")
            raise Problems("cannot rotate keys", [problem])

    def status(self, connection: Connection) -> str:
        return self._until(connection, "connectionStatus", lambda status: status in ("Connected", "Unknown"))

    def record(self, connection: Connection) -> None:
        # The key is named too, so that nothing is left of the one before if its replacement was interrupted.
        urns = [connection.urn, *([connection.key_urn] if connection.key_urn else [])]
        update(self._stack, self._folder, urns, attested={IN_AZURE: fingerprint(connection.key.value)})

    def _until(self, connection: Connection, name: str, good: Callable[[str], bool]) -> str:
        """A property of the connection once it is good, or as it is when patience is at its end."""
        until = time.monotonic() + self._patience
        while True:
            shown = self._asked(connection, lambda api, place: api.get(*place).as_dict())
            value = str(shown["properties"].get(name, "Unknown"))
            if good(value) or time.monotonic() >= until:
                return value
            time.sleep(_POLL_SECONDS)

    def _asked(self, connection: Connection, question: Callable[[Any, tuple[str, str]], Any]) -> Any:
        """An answer of Azure's. Raises :class:`Problems` with Azure's code and no more: a body may hold a key."""
        try:
            from azure.core.exceptions import AzureError  # noqa: PLC0415
        except ImportError:
            why, remedy = "Keys are read and set through the Azure SDK", "pip install 'vpner[azure]'"
            problem = Problem("rotate-key", "the Azure SDK is not installed", why, remedy, "azure-sdk")
            raise Problems("cannot ask Azure", [problem]) from None
        identity = parse_arm_id(connection.id)
        assert identity is not None
        if identity.subscription not in self._clients:
            self._clients[identity.subscription] = client(identity.subscription)
        api = self._clients[identity.subscription].virtual_network_gateway_connections
        try:
            return question(api, (identity.resource_group, identity.name))
        except AzureError as error:
            code = getattr(getattr(error, "error", None), "code", None) or type(error).__name__
            why = "Reading and setting a key need Microsoft.Network/connections/sharedKey/action"
            remedy = "check rights and reachability, then run the command again: it goes on where it stopped"
            problem = Problem(connection.name, f"Azure refuses: {code}", why, remedy, "azure-refused")
            raise Problems("cannot rotate keys", [problem]) from None
