"""Gateways' connections as Azure shows them now."""

from collections.abc import Mapping
from typing import cast

from pulumi import InvokeOptions
from pulumi.runtime import invoke_async

_GET_CONNECTION = "azure-native:network:getVirtualNetworkGatewayConnection"
_NOT_FOUND = "NotFound"
"""In the code of every error that Azure gives for a resource or group that is not there."""


async def find_connection(group: str, connection: str, opts: InvokeOptions) -> Mapping[str, object] | None:
    """A gateway's connection as Azure shows it; None if it is not there."""
    arguments = {"resourceGroupName": group, "virtualNetworkGatewayConnectionName": connection}
    try:
        return cast("Mapping[str, object]", await invoke_async(_GET_CONNECTION, arguments, opts))
    except Exception as error:
        if _NOT_FOUND in str(error):
            return None
        raise
