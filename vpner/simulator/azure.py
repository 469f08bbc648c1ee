"""What Azure Resource Manager does with a request, for every type alike.

Requests are carried out at once and one after another. Azure takes its time, and refuses a second change of a network
meanwhile (AnotherOperationInProgress); azure-native waits then and tries again, so its user sees an order as here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import cast

from vpner.arm import RESOURCE_GROUP, ArmId, by_arm, parse_arm_id
from vpner.simulator import schema
from vpner.simulator.answers import response
from vpner.simulator.errors import AzureError, bad_request, conflict
from vpner.simulator.kinds import KINDS
from vpner.simulator.kinds.base import Kind, Request, parent_id, users, value_at
from vpner.simulator.references import FAILED, STATE, check_references
from vpner.simulator.secrets import is_sealed, opens, seal_all, without_secrets
from vpner.simulator.store import Body, Record, Snapshot, Store, Transaction

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")
_GROUP_NAME = re.compile(r"[\w.()-]{0,89}[\w()-]")


class Azure:
    """The simulated subscriptions behind one store. Safe to use from several threads and processes."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, resource_id: str) -> Body:
        """A resource as GET returns it. Raises :class:`AzureError` 404 if there is none."""
        identity, kind = _kind(resource_id)
        cloud = self.store.snapshot()
        record = cloud.get(resource_id)
        if record is None:
            raise not_found(cloud, identity)
        return response(cloud, kind, record)

    def exists(self, resource_id: str) -> bool:
        """Whether there is a resource with the id."""
        return self.store.snapshot().get(resource_id) is not None

    def put(self, resource_id: str, body: Mapping[str, object]) -> Body:
        """Create or replace a resource; returns it as GET would.

        Properties that list parts (a network's ``subnets``) replace those parts if they are there, and leave them alone
        if they are not. Raises :class:`AzureError` and changes nothing if Azure would refuse.
        """
        with self.store.transaction() as cloud:
            record = _put(cloud, resource_id, body)
            return response(cloud, _kind(resource_id)[1], record)

    def fail(self, resource_id: str) -> Body:
        """Have the last operation on a resource fail: it stays, in provisioningState Failed, until it is PUT again.

        Returns it as GET would. Raises :class:`AzureError` 404 if there is none.
        """
        identity, kind = _kind(resource_id)
        with self.store.transaction() as cloud:
            record = cloud.get(resource_id)
            if record is None:
                raise not_found(cloud, identity)
            failed = record.with_chosen(**{STATE: FAILED})
            cloud.put(failed)
            return response(cloud, kind, failed)

    def delete(self, resource_id: str) -> None:
        """Delete a resource with its parts; one that is gone is no error.

        A resource group takes what is in it along. What refuses stays, as does the group then.
        """
        refused: AzureError | None = None
        with self.store.transaction() as cloud:
            record = cloud.get(resource_id)
            if record is None:
                return
            if record.type == RESOURCE_GROUP:
                refused = _empty_group(cloud, record)
            else:
                _delete(cloud, record)
        if refused is not None:  # after the commit: what could be deleted is gone
            raise refused


def _kind(resource_id: str) -> tuple[ArmId, Kind]:
    identity = parse_arm_id(resource_id)
    if identity is None:
        raise bad_request("SimInvalidResourceId", f"{resource_id} is no id of a resource.")
    known = by_arm(identity.type)
    if known is None:
        raise bad_request("SimTypeNotSimulated", f"not simulated: {identity.type}")
    return identity, KINDS[known.arm]


def not_found(cloud: Snapshot, identity: ArmId) -> AzureError:
    """What Azure says of a resource that does not exist."""
    if cloud.get(identity.group_id) is None:
        return AzureError(
            404, "ResourceGroupNotFound", f"Resource group '{identity.resource_group}' could not be found."
        )
    return AzureError(
        404,
        "ResourceNotFound",
        f"The Resource '{identity.type}/{identity.name}' under resource group '{identity.resource_group}' "
        "was not found.",
    )


def _put(cloud: Transaction, resource_id: str, body: Mapping[str, object]) -> Record:
    identity, kind = _kind(resource_id)
    existing = cloud.get(resource_id)
    _check_place(cloud, identity, kind)
    shape = schema.inputs_of(kind.type)
    given = schema.project_all(body, shape)
    for parameter in (*kind.type.parameters, "id", "azureApiVersion"):
        given.pop(parameter, None)
    given = _spelled(given, shape)
    parts = {name: given.pop(name) for name in kind.inline if name in given}
    complete = {**kind.defaults, **given}
    if existing:
        _keep_what_was_set(cloud, kind, complete, existing)
    _check_location(identity, kind, complete, existing)
    check_references(cloud, identity, complete)
    request = Request(cloud, identity, complete, existing)
    kind.check(request)
    chosen = {**(existing.chosen if existing else {}), **kind.choose(request)}
    chosen.pop(STATE, None)
    record = _record(request, kind, chosen)
    cloud.put(record)
    for name, listed in parts.items():
        _put_parts(cloud, record, kind.inline[name], cast("list[Body]", listed))
    return record


def _record(request: Request, kind: Kind, chosen: Body) -> Record:
    existing = request.existing
    stored = seal_all({name: value for name, value in request.body.items() if not is_sealed(value)})
    stored |= {name: value for name, value in request.body.items() if is_sealed(value)}
    if existing is None:
        return Record(str(request.id), kind.type.arm, stored, chosen)
    unchanged = without_secrets(stored) == without_secrets(existing.body) and chosen == existing.chosen
    return Record(existing.id, existing.type, stored, chosen, existing.revision + (0 if unchanged else 1))


def _check_place(cloud: Snapshot, identity: ArmId, kind: Kind) -> None:
    pattern = _GROUP_NAME if kind.type.arm == RESOURCE_GROUP else _NAME
    if not pattern.fullmatch(identity.name):
        raise bad_request(
            "InvalidResourceName",
            f"Resource name {identity.name} is invalid. The name can be up to 80 characters long. It must begin with "
            "a word character, and it must end with a word character or with '_'. The name may contain word characters "
            "or '.', '-', '_'.",
        )
    if kind.type.arm == RESOURCE_GROUP:
        return
    if cloud.get(identity.group_id) is None:
        raise AzureError(
            404, "ResourceGroupNotFound", f"Resource group '{identity.resource_group}' could not be found."
        )
    if identity.parent is not None and cloud.get(str(identity.parent)) is None:
        raise AzureError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform 'write' on resource(s) of type '{identity.type.partition('/')[2]}', because the parent "
            f"resource '{identity.parent}' could not be found.",
        )


def _spelled(body: Mapping[str, object], shape: schema.Shape, where: str = "") -> Body:
    """A body with enumerations in Azure's spelling, whatever their case. Raises for values that Azure does not know."""
    return {name: _spelled_value(value, shape[name], f"{where}{name}") for name, value in body.items()}


def _spelled_value(value: object, prop: schema.Property, where: str) -> object:
    if isinstance(value, Mapping) and prop.kind == "object":
        return _spelled(cast("Mapping[str, object]", value), prop.shape, f"{where}.")
    if isinstance(value, list) and prop.item is not None:
        item = prop.item
        return [_spelled_value(entry, item, f"{where}[{i}]") for i, entry in enumerate(cast("list[object]", value))]
    if not isinstance(value, str) or not prop.choices:
        return cast("object", value)
    for choice in prop.choices:
        if choice.lower() == value.lower():
            return choice
    raise bad_request(
        "InvalidRequestFormat",
        f"Cannot parse the request: {where} is {value!r}; it must be one of {', '.join(prop.choices)}.",
    )


def _keep_what_was_set(cloud: Snapshot, kind: Kind, body: Body, existing: Record) -> None:
    """Refuse or undo changes of what is set at the creation; a property that is absent now keeps its value."""
    shown = response(cloud, kind, existing) if kind.immutable else {}
    for path in kind.immutable:
        *outer, name = path.split(".")
        before = value_at(existing.body, tuple(path.split(".")))
        if before is None:
            before = value_at(shown, tuple(path.split(".")))  # Azure has chosen it
        now = value_at(body, tuple(path.split(".")))
        if before is None and now is None:
            continue
        holder = value_at(body, tuple(outer)) if outer else body
        if now is None:
            if isinstance(holder, dict):
                cast("Body", holder)[name] = before
            continue
        if opens(before, now) if is_sealed(before) else _equal(before, now):
            continue
        raise conflict(kind.immutable_code, f"Changing property '{path}' of {existing.id} is not allowed.")
    for name in kind.keeps:
        if name in existing.body:
            body[name] = existing.body[name]


def _equal(before: object, now: object) -> bool:
    if isinstance(before, str) and isinstance(now, str):
        return before.lower() == now.lower()
    return before == now


def _check_location(identity: ArmId, kind: Kind, body: Body, existing: Record | None) -> None:
    if "location" not in schema.inputs_of(kind.type):
        return
    location = body.get("location")
    if not isinstance(location, str) or not location:
        raise bad_request("LocationRequired", "The location property is required for this definition.")
    body["location"] = location.replace(" ", "").lower()
    if existing and existing.body.get("location") != body["location"]:
        raise conflict(
            "InvalidResourceLocation",
            f"The resource '{identity.name}' already exists in location '{existing.body.get('location')}' in resource "
            f"group '{identity.resource_group}'. A resource with the same name cannot be created in location "
            f"'{body['location']}'. Please select a new resource name.",
        )


def _put_parts(cloud: Transaction, record: Record, arm_type: str, listed: list[Body]) -> None:
    """Replace a resource's parts of one type by those that its body lists."""
    segment = arm_type.rpartition("/")[2]
    wanted = {f"{record.id}/{segment}/{part.get('name')}": part for part in listed}
    keys = {part_id.lower() for part_id in wanted}
    for old in list(cloud.within(record.id, arm_type)):
        if old.key not in keys:
            _delete(cloud, old)
    for part_id, part in wanted.items():
        _put(cloud, part_id, part)


def _delete(cloud: Transaction, record: Record) -> None:
    kind = KINDS[record.type]
    kind.check_delete(cloud, record)
    found = [user.id for user in users(cloud, record, but=kind.not_users)]
    if kind.parts_first:
        found += [part.id for part in cloud.within(record.id)]
    if found:
        raise bad_request(
            kind.in_use,
            f"{record.type.rpartition('/')[2]} {record.name} is in use by {', '.join(found)} and cannot be deleted.",
        )
    for part in list(cloud.within(record.id)):
        cloud.delete(part.id)
    cloud.delete(record.id)


def _empty_group(cloud: Transaction, group: Record) -> AzureError | None:
    """Delete what is in the group, users before what they use, then the group; the refusal if something stays."""
    while True:
        refusals: dict[str, AzureError] = {}
        deleted = False
        for record in list(cloud.within(group.id)):
            if cloud.get(record.id) is None or _goes_with_parent(cloud, record):
                continue
            try:
                _delete(cloud, record)
                deleted = True
            except AzureError as error:
                refusals[record.id] = error
        if not refusals:
            cloud.delete(group.id)
            return None
        if not deleted:
            reasons = " ".join(
                f"{resource_id}: {error.code}: {error.message}" for resource_id, error in refusals.items()
            )
            return conflict(
                "ResourceGroupDeletionBlocked",
                f"Deletion of resource group '{group.name}' failed as these resources could not be deleted: {reasons}",
            )


def _goes_with_parent(cloud: Snapshot, record: Record) -> bool:
    outer = cloud.get(parent_id(record.id))
    return outer is not None and not KINDS[outer.type].parts_first


def listing(store: Store) -> Iterator[tuple[str, str]]:
    """Id and state of every resource, sorted by id."""
    cloud = store.snapshot()
    for record in sorted(cloud.all(), key=lambda record: record.key):
        body = response(cloud, KINDS[record.type], record)
        yield record.id, _state(body)


def _state(body: Body) -> str:
    """The state that a reader asks for first."""
    for name in ("serviceProviderProvisioningState", "connectionStatus", "peeringState", "routingState"):
        if isinstance(body.get(name), str):
            return str(body[name])
    return str(body.get("provisioningState", "Succeeded"))
