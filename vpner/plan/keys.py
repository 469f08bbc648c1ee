"""Pre-shared keys: what they are called in a program, and how one is attested without being shown."""

from __future__ import annotations

import hashlib
import os
from hmac import compare_digest

IN_AZURE = "VPNER_KEY_IN_AZURE"
"""Environment variable with the :func:`fingerprint` of a key that was read in Azure, for the program of an update."""
NOT_ASKED = "not asked"
"""In its place, for previews that only show what a stack would have, and deploy nothing."""
_SALT_BYTES = 16
_COST = 2**14
"""scrypt's N. A generated key cannot be guessed; one that a person chose is at least not guessed fast."""


def key_name(component: str, device: str) -> str:
    """Name of a device's generated key among a stack's resources, under the IpsecOverEr of this name."""
    return f"{component}-{device}-psk"


def fingerprint(key: str) -> str:
    """What proves that somebody knows the key, and tells nobody else what it is; another one each time."""
    salt = os.urandom(_SALT_BYTES)
    return f"{salt.hex()}:{_digest(key, salt)}"


def is_fingerprint_of(text: str, key: str) -> bool:
    """Whether a text is a fingerprint of the key; no other text is an error."""
    salt, _, digest = text.partition(":")
    try:
        expected = _digest(key, bytes.fromhex(salt))
    except ValueError:
        return False
    return compare_digest(expected.encode(), digest.encode())


def _digest(key: str, salt: bytes) -> str:
    return hashlib.scrypt(key.encode(), salt=salt, n=_COST, r=8, p=1).hex()
