"""Requests and responses of ARM's REST, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vpner.simulator.errors import AzureError


@dataclass(frozen=True, slots=True)
class Request:
    """A request as ARM reads it."""

    method: str
    path: str
    """Decoded, without the query."""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """By lower-case name."""
    base: str = ""
    """Scheme, host and port that the client used, for links in the answer."""
    body: bytes = field(default=b"", repr=False)
    """It may hold a secret."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; ``body`` is a JSON value, None for none."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def ok(body: object) -> Response:
    return Response(200, body)


def listed(values: list[object]) -> Response:
    """A collection, on one page."""
    return Response(200, {"value": values})


def refused(error: AzureError, headers: Mapping[str, str] | None = None) -> Response:
    """An error in ARM's form."""
    return Response(error.status, {"error": {"code": error.code, "message": error.message}}, headers or {})
