"""Guard of a cutover: no workload is taken off ExpressRoute before the tunnel that is to carry it is up."""

from collections.abc import Mapping

import pulumi
from pulumi import Input, InvokeOptions, Output, ResourceHook, ResourceHookArgs, ResourceHookBinding

from components.connections import find_connection
from vpner.plan.tunnel import DOWN
from vpner.problems import Problem, refuse

_TABLE = "routeTable"


def require_tunnel(name: str, group: Input[str], connection: str, invoke: InvokeOptions) -> ResourceHookBinding:
    """A hook that refuses to put a route table on a subnet that lives without one while the VPN connection is not up.

    It reads the connection as it is now, at preview too. A subnet that is created with its route table carries nothing
    yet, and is not asked about.
    """

    async def check(args: ResourceHookArgs) -> None:
        if (args.old_inputs or {}).get(_TABLE) or not (args.new_inputs or {}).get(_TABLE):
            return
        where = await Output.from_input(group).future()
        state = await find_connection(where, connection, invoke) if where else None
        refuse(f"{args.name} cannot be switched yet", switch_problems(connection, state))

    hook = ResourceHook(f"{name}-tunnel-up", check, pulumi.ResourceHookOptions(on_dry_run=True))
    return ResourceHookBinding(before_update=[hook])


def switch_problems(connection: str, state: Mapping[str, object] | None) -> list[Problem]:
    """What keeps traffic from being sent into the tunnel of a connection, as Azure returned it; None: there is none."""
    status = "" if state is None else state.get("connectionStatus")
    if state is not None and status not in DOWN:
        return []
    return [
        Problem(
            connection,
            "the VPN connection does not exist yet" if state is None else f"its connectionStatus is {status}",
            "The route table would take the subnet off ExpressRoute while no tunnel can carry its traffic: a gateway "
            "takes up to 45 minutes to build",
            "change in phases, which vpner cutover plans: first pulumi up --exclude '**network:Subnet::**'; when the "
            "connection is Connected, pulumi up",
            "switched-before-tunnel",
        )
    ]
