"""A managed identity for the command that runs with the simulation: how clients get a token without an account.

It is App Service's endpoint, which azure-identity and the Azure CLI find by two environment variables. The secret
header and the token are new for every run; nothing else is accepted.
[Learn: How to use managed identities for App Service and Azure Functions, REST endpoint reference]
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from hmac import compare_digest

from vpner.simulator.kinds.base import guid
from vpner.simulator.rest.messages import Request, Response

TENANT = guid("tenant")
_PRINCIPAL = guid("principal")
_LIFETIME = 24 * 3600
PATH = "/msi/token"


def _token() -> str:
    """A token in the form of a JWT: clients read the tenant and the identity from it. Its last part is the secret."""
    claims = {
        "aud": "https://management.azure.com/",
        "tid": TENANT,
        "oid": _PRINCIPAL,
        "sub": _PRINCIPAL,
        "appid": guid("application"),
        "xms_mirid": "/subscriptions/simulated/resourcegroups/simulated/providers/Microsoft.Web/sites/simulated",
        "exp": int(time.time()) + _LIFETIME,
    }
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join(
        [*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), secrets.token_urlsafe(32)]
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of one run."""

    header: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    token: str = field(default_factory=_token, repr=False)

    def answer(self, request: Request) -> Response:
        """The token, for who knows the header."""
        given = request.headers.get("x-identity-header", "")
        if request.method != "GET" or request.path != PATH or not compare_digest(given.encode(), self.header.encode()):
            return Response(401, {"statusCode": 401, "message": "the X-IDENTITY-HEADER is missing or wrong"})
        return Response(
            200,
            {
                "access_token": self.token,
                "expires_on": str(int(time.time()) + _LIFETIME),
                "resource": request.query.get("resource", ""),
                "token_type": "Bearer",
                "client_id": guid("application"),
            },
        )
