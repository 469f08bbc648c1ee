"""Too many requests, on demand: ``VPNER_SIMULATOR_THROTTLE=3`` has every third request answered 429."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from threading import Lock

from vpner.problems import Problem, Problems
from vpner.simulator.errors import AzureError
from vpner.simulator.rest.messages import Response, refused

VARIABLE = "VPNER_SIMULATOR_THROTTLE"


class Throttle:
    """Refuses every n-th request; none if n is 0."""

    def __init__(self, every: int = 0, retry_after: int = 1) -> None:
        self._every = every
        self._retry_after = retry_after
        self._numbers = count(1)
        self._lock = Lock()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Throttle:
        """What the environment asks for. Raises :class:`Problems` if it is no number that can be."""
        text = environment.get(VARIABLE, "0")
        if not text.isdecimal() or int(text) == 1:
            why = "Every n-th request is refused; with 1, no client would ever get an answer"
            problem = Problem(VARIABLE, f"{text!r} is no such number", why, "set 2 or more", "simulator-throttle")
            raise Problems("Simulated Azure", [problem])
        return cls(int(text))

    def refusal(self, subscription: str) -> Response | None:
        """429 with how long to wait, if this request's turn has come."""
        with self._lock:
            number = next(self._numbers)
        if not self._every or number % self._every:
            return None
        message = (
            f"Number of requests for subscription '{subscription}' exceeded. Please try again after "
            f"'{self._retry_after}' seconds after additional tokens are available. Refer to "
            "https://aka.ms/arm-throttling for additional information."
        )
        error = AzureError(429, "SubscriptionRequestsThrottled", message)
        return refused(error, {"Retry-After": str(self._retry_after)})
