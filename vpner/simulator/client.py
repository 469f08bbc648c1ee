"""How the azure-native provider asks Azure to change something, and what it makes of what goes wrong.

Its source (provider 3.x, ``client_azcore.go``, ``crud.go``): 429, and 409 with AnotherOperationInProgress, are asked
again three times, after 20, 60 and 120 s or as Azure's Retry-After says; then they are errors. An operation that Azure
has accepted and that fails, or that the provider gives up waiting for, is a partial failure: the engine keeps the
resource in its state, with what a GET shows (nothing if that fails), and its next update is forced. Here nobody waits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from vpner.arm import RESOURCE_GROUP, ResourceType, parse_arm_id, references
from vpner.simulator import schema
from vpner.simulator.azure import Azure
from vpner.simulator.chaos import REFUSALS, Entry, Fault
from vpner.simulator.errors import AzureError, conflict
from vpner.simulator.faults import Faults
from vpner.simulator.kinds.base import is_within
from vpner.simulator.protocol import PartialFailure, ProviderError, Resource
from vpner.simulator.store import Body

RETRIES = 3
"""How often the provider asks again. Source: azcore's default, which the provider keeps."""

_TIMEOUT = "context deadline exceeded"
_READ_FAILED = "resource created but read failed"


class Client:
    """The provider's requests, on a simulated Azure in which something may go wrong."""

    def __init__(self, azure: Azure, faults: Faults) -> None:
        self._azure = azure
        self._faults = faults

    def put(self, operation: str, resource: Resource, kind: ResourceType, resource_id: str, body: Body) -> Body:
        """Create or update a resource; returns it as GET would.

        Raises :class:`AzureError` where nothing has changed, and :class:`PartialFailure` where something may have.
        """
        fault = self._asked(operation, resource, resource_id, body, possible_faults(operation, kind, resource_id, body))
        done = self._azure.put(resource_id, body)
        self._faults.reach(operation, "after", resource)
        if fault is Fault.KILLED_AFTER:
            self._faults.kill(f"after {operation} of {resource.name}")
        if fault is Fault.FAILED:
            shown = self._azure.fail(resource_id)
            raise PartialFailure(resource_id, outputs(kind, shown), str(operation_failed()))
        if fault is Fault.NOTHING_LEFT:
            self._azure.delete(resource_id)
            missing = AzureError(404, "NotFound", f"Resource {resource_id} not found.")
            raise PartialFailure(resource_id, None, f"{_READ_FAILED} {missing}: {retryable(200)}")
        if fault is Fault.TIMED_OUT:
            raise PartialFailure(resource_id, None, f"{_READ_FAILED} {_TIMEOUT}: {_TIMEOUT}")
        return done

    def delete(self, resource: Resource, kind: ResourceType, resource_id: str) -> None:
        """Delete a resource; one that is gone is no error. Raises :class:`AzureError` or :class:`ProviderError`."""
        fault = self._asked("delete", resource, resource_id, {}, possible_faults("delete", kind, resource_id, {}))
        if fault is Fault.FAILED and self._azure.exists(resource_id):
            self._azure.fail(resource_id)
            raise operation_failed()
        self._azure.delete(resource_id)
        self._faults.reach("delete", "after", resource)
        if fault is Fault.KILLED_AFTER:
            self._faults.kill(f"after delete of {resource.name}")
        if fault is Fault.TIMED_OUT:
            raise ProviderError(_TIMEOUT)

    def _asked(
        self, operation: str, resource: Resource, resource_id: str, body: Body, possible: Collection[Fault]
    ) -> Fault | None:
        """What happens to a request that Azure gets; the engine is dead, or an exception is raised, if it gets none."""
        self._faults.reach(operation, "before", resource)
        entry = self._faults.chaos.decide(operation, resource.name, possible)
        if entry is None or entry.fault is None:
            return None
        if entry.fault is Fault.KILLED_BEFORE:
            self._faults.kill(f"before {operation} of {resource.name}")
        if surfaces(entry) and entry.fault in REFUSALS:
            raise refusal(entry.fault, resource_id)
        return entry.fault


def possible_faults(operation: str, kind: ResourceType, resource_id: str, body: Mapping[str, object]) -> set[Fault]:
    """What can go wrong with a request of this kind."""
    possible = set(Fault)
    if operation != "create":
        possible.remove(Fault.NOTHING_LEFT)
    if not any(not is_within(target, resource_id) for target in references(body)):
        possible.remove(Fault.NOT_PROVISIONED)
    if kind.arm == RESOURCE_GROUP and operation != "delete":  # not a long-running operation
        possible -= {Fault.FAILED, Fault.NOTHING_LEFT, Fault.TIMED_OUT}
    return possible


def retries(entry: Entry) -> int:
    """How often the provider asked again."""
    return min(entry.lasts, RETRIES)


def surfaces(entry: Entry) -> bool:
    """Whether the user hears of it: of every fault but a refusal that has passed before the provider gives up."""
    return entry.fault is not None and (entry.fault not in REFUSALS or entry.lasts > RETRIES)


def refusal(fault: Fault, resource_id: str) -> AzureError:
    """A refusal as the provider gives it to the user, when it has asked often enough."""
    if fault is Fault.NOT_PROVISIONED:
        return retryable(429)
    identity = parse_arm_id(resource_id)
    assert identity is not None
    if fault is Fault.BUSY:
        return conflict(
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress. To retrieve status of the operation use "
            f"uri: https://management.azure.com/subscriptions/{identity.subscription}/providers/Microsoft.Network/"
            "locations/simulated/operations/00000000-0000-0000-0000-000000000000?api-version=2024-05-01.",
        )
    return AzureError(
        429,
        "SubscriptionRequestsThrottled",
        f"Number of requests for subscription '{identity.subscription}' exceeded. Please try again after '1' seconds "
        "after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
    )


def operation_failed() -> AzureError:
    """How an accepted operation ends that fails: the request for its result is answered 200."""
    return AzureError(200, "InternalServerError", "An error occurred.")


def retryable(status: int) -> AzureError:
    """As of a referenced resource that is Updating; the provider leaves out the detail that says so."""
    return AzureError(status, "RetryableError", "A retryable error occurred.")


def outputs(kind: ResourceType, body: Mapping[str, object]) -> Body:
    """A body of Azure's as the provider returns it."""
    shown = {name: value for name, value in body.items() if name != "id"}
    return {**shown, "azureApiVersion": schema.api_version(kind)}
