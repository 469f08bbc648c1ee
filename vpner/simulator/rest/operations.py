"""Long-running operations: a request is accepted with 202, and its result is fetched from ``Location``."""

from __future__ import annotations

from threading import Lock
from uuid import uuid4

from vpner.simulator.rest.messages import Request, Response, ok

_KEPT = 1000
"""Results that are kept; older ones are forgotten, as Azure forgets them after some hours."""


class Operations:
    """Results that wait to be fetched.

    ``retry_after`` is what clients are told to wait, in seconds (0: nothing, and they decide). ``pending`` is how often
    an operation is still in progress when it is asked for.
    """

    def __init__(self, retry_after: int = 1, pending: int = 0) -> None:
        self._retry_after = retry_after
        self._pending = pending
        self._results: dict[str, tuple[object, int]] = {}
        self._lock = Lock()

    def accepted(self, request: Request, subscription: str, result: object) -> Response:
        """202 for a request that has this result."""
        name = str(uuid4())
        with self._lock:
            self._results[name] = result, self._pending
            while len(self._results) > _KEPT:
                del self._results[next(iter(self._results))]
        where = f"/subscriptions/{subscription}/providers/Microsoft.Network/locations/simulated/operationResults/{name}"
        version = request.query.get("api-version", "")
        return self._wait(f"{request.base}{where}?api-version={version}")

    def result(self, request: Request, name: str) -> Response | None:
        """The result, 202 if it is to be asked for again, None if there is no such operation."""
        with self._lock:
            if name not in self._results:
                return None
            result, pending = self._results[name]
            if pending == 0:
                return ok(result)
            self._results[name] = result, pending - 1
        version = request.query.get("api-version", "")
        return self._wait(f"{request.base}{request.path}?api-version={version}")

    def _wait(self, location: str) -> Response:
        waiting = {"Retry-After": str(self._retry_after)} if self._retry_after else {}
        return Response(202, None, {"Location": location, **waiting})
