"""Resource options that every component uses in the same way."""

from collections.abc import Sequence

import pulumi
from pulumi import CustomTimeouts, Resource, ResourceOptions

GATEWAY_TIMEOUTS = CustomTimeouts(create="90m", update="90m", delete="90m")
"""Gateways and Route Server take 20 to 60 minutes to build."""
CONNECTION_TIMEOUTS = CustomTimeouts(create="60m", update="60m", delete="60m")


def child_of(
    parent: Resource,
    *,
    depends_on: Sequence[pulumi.Input[Resource]] = (),
    protect: bool | None = None,
    timeouts: CustomTimeouts | None = None,
    ignore_changes: Sequence[str] = (),
    secret_outputs: Sequence[str] = (),
    delete_before_replace: bool | None = None,
    hooks: pulumi.ResourceHookBinding | None = None,
) -> ResourceOptions:
    """Options of a component's child. ``protect`` is left to the component's own options where it is not True."""
    return ResourceOptions(
        parent=parent,
        depends_on=list(depends_on),
        protect=protect or None,
        custom_timeouts=timeouts,
        ignore_changes=list(ignore_changes),
        additional_secret_outputs=list(secret_outputs),
        delete_before_replace=delete_before_replace,
        hooks=hooks,
    )


def after(value: pulumi.Input[str], *others: pulumi.Input[str]) -> pulumi.Output[str]:
    """``value``, known once the others are: Azure runs one operation at a time on what they share."""
    return pulumi.Output.all(value, *others).apply(lambda items: str(items[0]))
