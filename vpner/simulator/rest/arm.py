"""Finds the answer to a request: resources and collections from the store, route tables from the routing model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hmac import compare_digest
from typing import Any, cast

from vpner.arm import RESOURCE_GROUP, RESOURCE_TYPES, ArmId, by_arm, parse_arm_id
from vpner.problems import Problems
from vpner.routing.converge import Unsettled
from vpner.simulator.azure import not_found
from vpner.simulator.errors import AzureError, bad_request, conflict
from vpner.simulator.kinds.gateway_addresses import CONNECTION
from vpner.simulator.rest import tables
from vpner.simulator.rest.bodies import arm_body
from vpner.simulator.rest.identity import TENANT
from vpner.simulator.rest.keys import SharedKeys
from vpner.simulator.rest.messages import Request, Response, listed, ok, refused
from vpner.simulator.rest.network import OUTSIDE_FILE, Network, Networks
from vpner.simulator.rest.operations import PATHS, Operations
from vpner.simulator.store import Body, Record, Snapshot, Store

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview|-privatepreview)?")

Action = Callable[[Network, Record, Request], object]
"""Computes the result of a POST."""

ACTIONS: dict[tuple[str, str], Action] = {
    ("networkinterfaces", "effectiveroutetable"): lambda net, item, _: tables.effective_routes(net, item),
    ("virtualnetworkgateways", "getlearnedroutes"): lambda net, item, _: tables.learned_routes(net, item),
    ("virtualnetworkgateways", "getadvertisedroutes"): lambda net, item, request: tables.advertised_routes(
        net, item, _required(request, "peer")
    ),
    ("virtualnetworkgateways", "getbgppeerstatus"): lambda net, item, request: tables.peer_status(
        net, item, request.query.get("peer")
    ),
    ("expressroutecircuits/peerings", "routetables"): lambda net, item, request: tables.circuit_routes(
        net, item, request.path.rpartition("/")[2].lower()
    ),
    ("virtualhubs/bgpconnections", "learnedroutes"): lambda net, item, _: tables.server_routes(net, item, learned=True),
    ("virtualhubs/bgpconnections", "advertisedroutes"): lambda net, item, _: tables.server_routes(
        net, item, learned=False
    ),
}
"""Long-running actions by type (without ``Microsoft.Network``) and name, in lower case: ids are not case-sensitive."""


class Arm:
    """Azure Resource Manager before the simulated subscriptions. Safe to use from several threads."""

    def __init__(self, store: Store, token: str, subscription: str, operations: Operations | None = None) -> None:
        self._store = store
        self._token = token
        self._subscription = subscription
        self._operations = operations or Operations()
        self._networks = Networks(store)
        self._keys = SharedKeys(store, self._operations)

    def answer(self, request: Request) -> Response:
        """The answer; what Azure refuses is an answer too."""
        try:
            self._authenticate(request)
            version = request.query.get("api-version", "")
            if not _VERSION.fullmatch(version):
                raise _version_error(version)
            return self._route(request)
        except AzureError as error:
            return refused(error)
        except Problems as problems:  # the folder's files cannot be read
            return refused(AzureError(500, "SimStateUnreadable", str(problems)))

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            what = "Authentication failed. The 'Authorization' header is missing."
            raise AzureError(401, "AuthenticationFailed", what)
        if not compare_digest(token.encode(), self._token.encode()):
            raise AzureError(401, "InvalidAuthenticationToken", "The access token is invalid.")

    def _route(self, request: Request) -> Response:
        parts = [part for part in request.path.split("/") if part]
        match [part.lower() for part in parts]:
            case ["tenants"]:
                return listed([{"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "simulated"}])
            case ["subscriptions"]:
                return listed([_subscription(item) for item in self.subscriptions()])
            case ["subscriptions", *_]:
                pass
            case _:
                raise AzureError(404, "NotFound", f"There is nothing at {request.path}.")
        subscription = next((item for item in self.subscriptions() if item.lower() == parts[1].lower()), None)
        if subscription is None:
            raise AzureError(404, "SubscriptionNotFound", f"The subscription '{parts[1]}' could not be found.")
        if len(parts) == 2:
            return self._read(request, lambda: ok(_subscription(subscription)))
        return self._inside(request, subscription, parts)

    def _inside(self, request: Request, subscription: str, parts: list[str]) -> Response:
        if PATHS & {part.lower() for part in parts[:-1]}:
            found = self._operations.result(request, parts[-1])
            if found is None:
                raise AzureError(404, "NotFound", "There is no such operation, or its result is no longer kept.")
            return found
        words = [request.method, *(part.lower() for part in parts[-3:])]
        match words:
            case ["PUT", "connections", _, "sharedkey"]:
                return self._keys.put(request, subscription, self._connection(parts[:-1]))
            case ["POST", _, "sharedkey", "reset"]:
                return self._keys.reset(request, subscription, self._connection(parts[:-2]))
            case ["POST", *_]:
                return self._act(request, subscription, parts)
            case [_, "connections", _, "sharedkey"]:
                return self._read(request, lambda: self._keys.get(self._connection(parts[:-1])))
            case _:
                pass
        return self._read(request, lambda: self._get(subscription, parts))

    def subscriptions(self) -> list[str]:
        """Those that have resources, and the one that is configured."""
        found = {self._subscription.lower(): self._subscription}
        for record in self._store.snapshot().all():
            name = record.id.split("/")[2]
            found.setdefault(name.lower(), name)
        return list(found.values())

    def _read(self, request: Request, read: Callable[[], Response]) -> Response:
        if request.method == "GET":
            return read()
        if request.method == "HEAD":
            return Response(204) if read().status == 200 else Response(404)
        what = f"{request.method} is not simulated here: change what a program has deployed with Pulumi."
        raise AzureError(405, "SimMethodNotAllowed", what)

    def _get(self, subscription: str, parts: list[str]) -> Response:
        cloud = self._store.snapshot()
        inside = f"/subscriptions/{subscription}/"
        match [part.lower() for part in parts[2:]]:
            case ["resourcegroups"]:
                return listed(self._bodies(cloud, _of_type(cloud, RESOURCE_GROUP, inside)))
            case ["resources"]:
                return listed(self._bodies(cloud, _own(cloud, inside)))
            case ["providers", namespace, kind]:
                return listed(self._bodies(cloud, _of_type(cloud, _type(namespace, [kind]), inside)))
            case ["resourcegroups", group, *rest]:
                inside += f"resourceGroups/{group}"
                if cloud.get(inside) is None:
                    message = f"Resource group '{parts[3]}' could not be found."
                    raise AzureError(404, "ResourceGroupNotFound", message)
                if rest == ["resources"]:
                    return listed(self._bodies(cloud, _own(cloud, f"{inside}/")))
                if len(rest) > 2 and len(rest) % 2:  # a collection: of the group, or of the parts of a resource
                    kind = _type(rest[1], rest[2::2])
                    owner = "/" + "/".join(parts[:-1]) if len(rest) > 3 else inside
                    if len(rest) > 3:
                        self._record(cloud, owner)
                    return listed(self._bodies(cloud, _of_type(cloud, kind, f"{owner}/")))
            case _:
                pass
        return ok(self._body(cloud, self._record(cloud, "/" + "/".join(parts))))

    def _record(self, cloud: Snapshot, resource_id: str) -> Record:
        identity = _identity(resource_id)
        record = cloud.get(resource_id)
        if record is None:
            raise not_found(cloud, identity)
        return record

    def _connection(self, parts: list[str]) -> Record:
        return self._record(self._store.snapshot(), "/" + "/".join(parts))

    def _bodies(self, cloud: Snapshot, records: Iterable[Record]) -> list[object]:
        return [self._body(cloud, record) for record in sorted(records, key=lambda record: record.key)]

    def _body(self, cloud: Snapshot, record: Record) -> Body:
        body = arm_body(cloud, record)
        if record.type == CONNECTION and record.body.get("connectionType") == "IPsec":
            if self._keys.still_updating(record):
                body = {**body, "properties": {**cast("Body", body["properties"]), "provisioningState": "Updating"}}
            try:
                network = self._networks.now()
                shown = tables.connection_state(network, record, cast("dict[str, Any]", body["properties"]))
            except (Problems, Unsettled, KeyError):
                return body  # nothing says whether the far end is up: connectionStatus stays Unknown
            return {**body, "properties": shown}
        return body

    def _act(self, request: Request, subscription: str, parts: list[str]) -> Response:
        """202 for an action whose result the model computes; what it cannot know is refused, never guessed."""
        owner, name = parts[:-1], parts[-1].lower()
        if owner[-1].lower() == "routetables":  # routeTables/primary
            owner, name = owner[:-1], owner[-1].lower()
        identity = _identity("/" + "/".join(owner))
        action = ACTIONS.get((identity.type.lower().partition("/")[2], name))
        if action is None:
            raise bad_request("SimActionNotSimulated", f"not simulated: {identity.type}/{name}")
        self._record(self._store.snapshot(), str(identity))
        try:
            network = self._networks.now()
            result = action(network, self._record(network.cloud, str(identity)), request)
        except Problems as problems:
            where = self._store.folder / OUTSIDE_FILE
            raise conflict("SimNetworkUnknown", f"{problems}\n  Declare it in {where}.") from problems
        except Unsettled as error:
            raise conflict("SimNetworkUnsettled", str(error)) from error
        return self._operations.accepted(request, subscription, result)


def _identity(resource_id: str) -> ArmId:
    identity = parse_arm_id(resource_id)
    if identity is None or by_arm(identity.type) is None:
        raise bad_request("SimTypeNotSimulated", f"not simulated: {identity.type if identity else resource_id}")
    return identity


def _type(namespace: str, segments: list[str]) -> str:
    wanted = "/".join([namespace, *segments])
    found = by_arm(wanted)
    if found is None:
        raise bad_request("SimTypeNotSimulated", f"not simulated: {wanted}")
    return found.arm


def _of_type(cloud: Snapshot, arm_type: str, inside: str) -> Iterator[Record]:
    prefix = inside.lower()
    return (record for record in cloud.all(arm_type) if record.key.startswith(prefix))


def _own(cloud: Snapshot, inside: str) -> Iterator[Record]:
    """Resources that are nobody's part."""
    whole = {kind.arm for kind in RESOURCE_TYPES if kind.parent is None and kind.arm != RESOURCE_GROUP}
    prefix = inside.lower()
    return (record for record in cloud.all() if record.type in whole and record.key.startswith(prefix))


def _subscription(name: str) -> Body:
    return {
        "id": f"/subscriptions/{name}",
        "subscriptionId": name,
        "tenantId": TENANT,
        "displayName": "simulated",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }


def _required(request: Request, name: str) -> str:
    if not request.query.get(name):
        raise bad_request("SimParameterRequired", f"The query parameter {name} is required.")
    return request.query[name]


def _version_error(version: str) -> AzureError:
    if not version:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        return bad_request("MissingApiVersionParameter", message)
    return bad_request("InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")
