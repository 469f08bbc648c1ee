"""Secrets in the store: kept as salted hashes, so that a change can be noticed and nothing can be read.

What Azure gives back must be kept as it is: circuits' service keys, authorisation keys, and the pre-shared key in force
of a connection, which a call of its own returns. These are among what Azure chose, in a file of mode 0600.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from hmac import compare_digest
from typing import cast

SECRETS = frozenset(
    {
        "sharedKey",
        "authorizationKey",
        "adminPassword",
        "customData",
        "userData",
        "protectedSettings",
        "radiusServerSecret",
    }
)
"""Properties that a caller hands to Azure and that Azure does not give back."""

_SEALED = "sealed"
_SALT_BYTES = 16
_COST = 2**12
"""scrypt's N: some milliseconds, and no clear text for somebody who finds the file."""


def seal(value: object) -> dict[str, object]:
    """A salted hash of a JSON value, to be stored in its place."""
    salt = os.urandom(_SALT_BYTES)
    return {_SEALED: f"{salt.hex()}:{_digest(value, salt).hex()}"}


def is_sealed(value: object) -> bool:
    """Whether a stored value stands for a secret."""
    return isinstance(value, Mapping) and list(cast("Mapping[str, object]", value)) == [_SEALED]


def opens(sealed: object, value: object) -> bool:
    """Whether a value is the one that was sealed."""
    if not isinstance(sealed, Mapping):
        return False
    salt, _, digest = str(cast("Mapping[str, object]", sealed).get(_SEALED, "")).partition(":")
    return compare_digest(_digest(value, bytes.fromhex(salt)).hex(), digest)


def seal_all(body: Mapping[str, object]) -> dict[str, object]:
    """A body with every secret in it sealed, at any depth."""
    return {name: seal(value) if name in SECRETS else _seal_inside(value) for name, value in body.items()}


def without_secrets(body: Mapping[str, object]) -> dict[str, object]:
    """A stored body as Azure returns it: without what is sealed."""
    return {name: _clean_inside(value) for name, value in body.items() if not is_sealed(value)}


def _seal_inside(value: object) -> object:
    if isinstance(value, Mapping):
        return seal_all(cast("Mapping[str, object]", value))
    if isinstance(value, list):
        return [_seal_inside(item) for item in cast("list[object]", value)]
    return value


def _clean_inside(value: object) -> object:
    if isinstance(value, Mapping):
        return without_secrets(cast("Mapping[str, object]", value))
    if isinstance(value, list):
        return [_clean_inside(item) for item in cast("list[object]", value)]
    return value


def _digest(value: object, salt: bytes) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.scrypt(text.encode(), salt=salt, n=_COST, r=8, p=1)
