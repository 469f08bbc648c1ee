"""How Pulumi marks what is no plain value, in a state and in its protocol. Source: pulumi/sdk, resource/sig."""

from __future__ import annotations

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key of an object that stands for a secret, an asset or a reference; its value says which."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"
"""The signature of a secret."""
