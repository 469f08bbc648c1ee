"""Errors as Azure Resource Manager gives them."""

from __future__ import annotations

OWN_CODE = "Sim"
"""Codes that start so are the simulator's own: Azure refuses, too, but its code is not known."""


class AzureError(Exception):
    """A refusal: HTTP status, code and message.

    Codes are Azure's where a public source shows them; see :data:`OWN_CODE` for the others.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f'Status={status} Code="{code}" Message="{message}"')
        self.status = status
        self.code = code
        self.message = message


def bad_request(code: str, message: str) -> AzureError:
    """The request cannot be carried out as it is (400)."""
    return AzureError(400, code, message)


def conflict(code: str, message: str) -> AzureError:
    """The state of a resource does not allow the request (409)."""
    return AzureError(409, code, message)
