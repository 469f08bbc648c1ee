"""Pre-shared keys of connections: ``sharedkey``, the one thing that this face of the simulation lets a client change.

[Learn: REST, Virtual Network Gateway Connections: Get, Set and Reset Shared Key]
"""

from __future__ import annotations

import json
from threading import Lock
from typing import Any, cast

from vpner.simulator.errors import AzureError, bad_request
from vpner.simulator.kinds.base import malformed
from vpner.simulator.kinds.connections import PRE_SHARED_KEY, check_key, new_key
from vpner.simulator.rest.messages import Request, Response, ok, refused
from vpner.simulator.rest.operations import Operations
from vpner.simulator.store import Record, Store

_RESET_LENGTHS = range(1, 129)


class SharedKeys:
    """Reads and changes keys. Safe to use from several threads.

    After a change has succeeded, the connection is in provisioningState Updating for a while, and refuses another one.
    [github.com/Azure/azure-rest-api-specs/issues/26660; the refusal is what Azure does with any resource in work] Here
    that lasts until somebody has looked.
    """

    def __init__(self, store: Store, operations: Operations) -> None:
        self._store = store
        self._operations = operations
        self._updating: set[str] = set()
        self._lock = Lock()

    def still_updating(self, connection: Record) -> bool:
        """Whether its key has just been changed. Asking is looking."""
        with self._lock:
            updating = connection.key in self._updating
            self._updating.discard(connection.key)
            return updating

    def get(self, connection: Record) -> Response:
        """The key in force."""
        return ok({"value": self._key(connection)})

    def put(self, request: Request, subscription: str, connection: Record) -> Response:
        """Set a key."""
        value = _given(request, "value")
        if not isinstance(value, str):
            raise malformed("value", "text")
        check_key(connection.name, value)
        return self._change(connection, value) or self._operations.created(request, subscription, {"value": value})

    def reset(self, request: Request, subscription: str, connection: Record) -> Response:
        """Have Azure make a key of the length that is asked for."""
        length = _given(request, "keyLength")
        if not isinstance(length, int) or length not in _RESET_LENGTHS:
            raise malformed("keyLength", "a whole number from 1 to 128")
        return self._change(connection, new_key(length)) or self._operations.accepted(
            request, subscription, {"keyLength": length}
        )

    def _change(self, connection: Record, key: str) -> Response | None:
        """Change the key; the refusal, if the connection is in work."""
        self._key(connection)
        if self.still_updating(connection):
            message = "Another operation on this or dependent resource is in progress."
            return refused(AzureError(429, "AnotherOperationInProgress", message), {"Retry-After": "1"})
        with self._store.transaction() as cloud:
            now = cloud.get(connection.id)
            if now is None:
                raise AzureError(404, "ResourceNotFound", f"The Resource '{connection.id}' was not found.")
            cloud.put(now.with_chosen(**{PRE_SHARED_KEY: key}))
        with self._lock:
            self._updating.add(connection.key)
        return None

    @staticmethod
    def _key(connection: Record) -> object:
        if PRE_SHARED_KEY not in connection.chosen:
            raise bad_request("SimNoSharedKey", f"{connection.id} has no pre-shared key that can be read.")
        return connection.chosen[PRE_SHARED_KEY]


def _given(request: Request, name: str) -> object:
    try:
        body: Any = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise malformed("the body", "a JSON object")
    return cast("dict[str, Any]", body).get(name)
