"""Guards of a circuit's two stages: no connection before the provider is ready, and no going back while one lives."""

from collections.abc import Mapping
from typing import cast

import pulumi
from pulumi import Input, InvokeOptions, Output, ResourceHook, ResourceHookArgs, ResourceHookBinding
from pulumi.runtime import invoke_async

from components.connections import find_connection
from components.inputs import Stage
from vpner.plan.circuits import circuit_id
from vpner.problems import Problem, refuse

_GET_CIRCUIT = "azure-native:network:getExpressRouteCircuit"


def require_provisioned(name: str, invoke: InvokeOptions, *, peering: bool) -> ResourceHookBinding:
    """A hook that refuses to create a connection or peering while its circuit is not provisioned.

    It reads the circuit as it is now, at preview too. ``peering``: the provider must have configured the private
    peering as well. Where the circuit itself is still to be created, preview cannot know, and says so.
    """

    async def check(args: ResourceHookArgs) -> None:
        where = circuit_of(args.new_inputs or {})
        if where is None:
            pulumi.log.info(f"{args.name}: the circuit does not exist yet; its state is checked when it does")
            return
        group, circuit = where
        state = cast(
            "Mapping[str, object]",
            await invoke_async(_GET_CIRCUIT, {"resourceGroupName": group, "circuitName": circuit}, invoke),
        )
        refuse(f"{args.name} cannot be created yet", circuit_state_problems(circuit, state, peering=peering))

    hook = ResourceHook(f"{name}-circuit-provisioned", check, pulumi.ResourceHookOptions(on_dry_run=True))
    return ResourceHookBinding(before_create=[hook])


def circuit_of(inputs: Mapping[str, object]) -> tuple[str, str] | None:
    """Resource group and name of the circuit that a connection or peering refers to; None while it is unknown."""
    peer = inputs.get("peer")
    if isinstance(peer, Mapping):
        value = cast("Mapping[str, object]", peer).get("id")
        parsed = circuit_id("peer.id", value) if isinstance(value, str) else None
        return parsed[1:] if isinstance(parsed, tuple) else None
    group, circuit = inputs.get("resourceGroupName"), inputs.get("circuitName")
    return (group, circuit) if isinstance(group, str) and isinstance(circuit, str) and group and circuit else None


def circuit_state_problems(circuit: str, state: Mapping[str, object], *, peering: bool) -> list[Problem]:
    """What keeps a circuit, as Azure returned it, from being connected."""
    provisioning = state.get("serviceProviderProvisioningState")
    if provisioning != "Provisioned":
        return [
            Problem(
                circuit,
                f"the circuit's serviceProviderProvisioningState is {provisioning or 'unknown'}",
                "Azure refuses private peerings and connections until the connectivity provider has provisioned the "
                "circuit, which takes it days",
                f"give the circuit's service key to the provider and wait; until then keep the stage at "
                f"{Stage.ORDERED.value}",
                "circuit-not-provisioned",
                "Learn: ExpressRoute workflows for circuit provisioning",
            )
        ]
    peerings = cast("list[Mapping[str, object]]", state.get("peerings") or [])
    if peering and not any(item.get("peeringType") == "AzurePrivatePeering" for item in peerings):
        return [
            Problem(
                circuit,
                "the circuit is provisioned and has no AzurePrivatePeering",
                "With a layer 3 provider the provider configures the private peering, and a connection needs it",
                "ask the provider to configure it, or describe the circuit as layer 2 and its links here",
                "circuit-without-peering",
                "Learn: ExpressRoute workflows for circuit provisioning",
            )
        ]
    return []


def refuse_going_back(group: Input[str], connections: Mapping[str, InvokeOptions]) -> Output[str]:
    """The resource group's name, unless one of the connections still exists in it.

    In stage ``ordered`` a connection that lives would be deleted without a word, and the traffic with it.
    """

    async def check(name: str) -> str:
        alive = [item for item, opts in connections.items() if await find_connection(name, item, opts) is not None]
        refuse(
            f"Stage {Stage.ORDERED.value} is behind this deployment",
            [
                Problem(
                    connection,
                    "the ExpressRoute connection exists",
                    f"Going back to stage {Stage.ORDERED.value} would delete it, and with it all traffic over the "
                    "circuit",
                    f"set the stage to {Stage.PROVISIONED.value}; to take the connection down on purpose, destroy it "
                    "by name first (pulumi destroy --target URN --target-dependents)",
                    "stage-going-back",
                )
                for connection in alive
            ],
        )
        return name

    return Output.from_input(group).apply(check)
