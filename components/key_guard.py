"""Guard of a connection's pre-shared key: Azure ignores a new one in an update, so no update may claim it."""

import os
from collections.abc import Mapping
from typing import cast

import pulumi
from pulumi import Output, ResourceHook, ResourceHookArgs, ResourceHookBinding

from vpner.plan.keys import IN_AZURE, NOT_ASKED, is_fingerprint_of
from vpner.problems import Problem, refuse

_KEY = "sharedKey"


def require_key_in_azure(name: str) -> ResourceHookBinding:
    """A hook that refuses to give an existing connection a key that Azure does not have already, at preview too.

    ``vpner rotate-key`` sets the key in Azure, reads it back, and attests it to the update that follows.
    """
    hook = ResourceHook(f"{name}-key-in-azure", check_update, pulumi.ResourceHookOptions(on_dry_run=True))
    return ResourceHookBinding(before_update=[hook])


async def check_update(args: ResourceHookArgs) -> None:
    """Raise :class:`Problems` if a connection's update has a key that is not attested."""
    in_azure = os.environ.get(IN_AZURE, "")
    if in_azure == NOT_ASKED and pulumi.runtime.is_dry_run():
        return
    before, now = await _key(args.old_inputs), await _key(args.new_inputs)
    refuse(f"{args.name} cannot be updated", key_problems(args.name, before, now, in_azure))


def key_problems(connection: str, before: str | None, now: str | None, in_azure: str) -> list[Problem]:
    """What is wrong with a connection's new key, None: not known yet. ``in_azure``: fingerprint of the one in Azure."""
    if now is not None and (now == before or is_fingerprint_of(in_azure, now)):
        return []
    return [
        Problem(
            connection,
            "the update has another sharedKey than the connection was made with",
            "Azure ignores sharedKey in an update of an existing connection: it would keep the old key while the state "
            "has the new one, and the tunnel would break when a device with the new key authenticates",
            "rotate the key with vpner rotate-key, which sets it in Azure and at the device, one connection at a time; "
            "it also finishes a rotation that was interrupted",
            "key-not-in-azure",
            "github.com/hashicorp/terraform-provider-azurerm/pull/11742",
        )
    ]


async def _key(inputs: Mapping[str, object] | None) -> str | None:
    value = (inputs or {}).get(_KEY)
    if isinstance(value, Output):
        value = await cast("Output[object]", value).future()
    return value if isinstance(value, str) else None
