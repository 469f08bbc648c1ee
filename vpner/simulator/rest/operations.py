"""Long-running operations: a request is accepted, and the client asks until it is done.

A POST is answered 202, and its result is fetched from ``Location``. A PUT is answered 201 with the resource; how it
stands is asked at ``Azure-AsyncOperation``. [Learn: Azure Resource Manager, asynchronous operations]
"""

from __future__ import annotations

from threading import Lock
from uuid import uuid4

from vpner.simulator.rest.messages import Request, Response, ok

_KEPT = 1000
"""Results that are kept; older ones are forgotten, as Azure forgets them after some hours."""
_RESULTS, _STATES = "operationResults", "operations"
PATHS = frozenset({_RESULTS.lower(), _STATES.lower()})
"""What an operation's path has before its name, in lower case."""


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
        return self._wait(self._begin(request, subscription, _RESULTS, result))

    def created(self, request: Request, subscription: str, body: object) -> Response:
        """201 for a PUT of this resource."""
        where = self._begin(request, subscription, _STATES, {"status": "Succeeded"})
        return Response(201, body, {"Azure-AsyncOperation": where, **self._patience()})

    def result(self, request: Request, name: str) -> Response | None:
        """The result or the state, 202 for a result to be asked for again, None if there is no such operation."""
        with self._lock:
            if name not in self._results:
                return None
            result, pending = self._results[name]
            if pending == 0:
                return ok(result)
            self._results[name] = result, pending - 1
        if f"/{_STATES}/".lower() in request.path.lower():
            return Response(200, {"status": "InProgress"}, self._patience())
        version = request.query.get("api-version", "")
        return self._wait(f"{request.base}{request.path}?api-version={version}")

    def _begin(self, request: Request, subscription: str, kind: str, result: object) -> str:
        """Keep a result; returns where it is asked for."""
        name = str(uuid4())
        with self._lock:
            self._results[name] = result, self._pending
            while len(self._results) > _KEPT:
                del self._results[next(iter(self._results))]
        where = f"/subscriptions/{subscription}/providers/Microsoft.Network/locations/simulated/{kind}/{name}"
        return f"{request.base}{where}?api-version={request.query.get('api-version', '')}"

    def _wait(self, location: str) -> Response:
        return Response(202, None, {"Location": location, **self._patience()})

    def _patience(self) -> dict[str, str]:
        return {"Retry-After": str(self._retry_after)} if self._retry_after else {}
