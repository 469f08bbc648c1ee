"""What a kind of resource is to the simulator, and how the rules of the kinds read a body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import cast
from uuid import NAMESPACE_URL, uuid5

from vpner.arm import ArmId, ResourceType, by_token, parse_arm_id
from vpner.simulator.errors import AzureError, bad_request
from vpner.simulator.store import Body, Record, Snapshot, Transaction


@dataclass(frozen=True, slots=True)
class Request:
    """A PUT that is being carried out."""

    cloud: Transaction
    id: ArmId
    body: Body
    """The whole body, with the kind's defaults."""
    existing: Record | None
    """The resource before, None at its creation."""

    @property
    def resource_id(self) -> str:
        """The id as text, in the spelling of the creation."""
        return self.existing.id if self.existing else str(self.id)

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.id.name

    def chosen(self, name: str) -> object:
        """What Azure chose before; None at the creation."""
        return self.existing.chosen.get(name) if self.existing else None


def _nothing(_: Request) -> None:
    return None


def _chooses_nothing(_: Request) -> Body:
    return {}


def _shows_nothing(_cloud: Snapshot, _record: Record) -> Body:
    return {}


def _allows(_cloud: Snapshot, _record: Record) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of resource: what Azure fills in, refuses, chooses and shows."""

    type: ResourceType
    defaults: Mapping[str, object] = field(default_factory=dict[str, object])
    """Top-level properties that Azure fills in when they are absent."""
    immutable: tuple[str, ...] = ()
    """Property paths (``osProfile.adminUsername``) that are set at the creation; another value is refused later."""
    immutable_code: str = "SimPropertyCannotBeChanged"
    keeps: tuple[str, ...] = ()
    """Top-level properties that are set at the creation; another value is ignored later."""
    check: Callable[[Request], None] = _nothing
    """Raise what Azure refuses a PUT with."""
    choose: Callable[[Request], Body] = _chooses_nothing
    """What Azure chooses: kept with the resource, and shown where it is an output's name."""
    view: Callable[[Snapshot, Record], Body] = _shows_nothing
    """Outputs that follow from the resource and from others as they are now."""
    check_delete: Callable[[Snapshot, Record], None] = _allows
    """Raise what Azure refuses a DELETE with, beyond being referred to."""
    parts_first: bool = False
    """Whether its parts must be deleted before it; otherwise they go with it."""
    in_use: str = "SimResourceInUse"
    """Code of the refusal to delete while another resource refers to it."""
    not_users: frozenset[str] = frozenset()
    """Azure's types that may refer to it and do not keep it from being deleted."""
    inline: Mapping[str, str] = field(default_factory=dict[str, str])
    """Properties that list parts which are resources of their own: property to Azure's type of the part."""


def kind_type(name: str) -> ResourceType:
    """The type of a Pulumi token's last two parts, ``network:Subnet``."""
    found = by_token(f"azure-native:{name}")
    assert found is not None, name
    return found


# Reading a body. Missing and null are the same; a value of another kind is what ARM calls a malformed request.


def malformed(where: str, expected: str) -> AzureError:
    """ARM's refusal of a value that it cannot read."""
    return bad_request("InvalidRequestFormat", f"Cannot parse the request: {where} is not {expected}.")


def text(body: Mapping[str, object], *path: str) -> str | None:
    """Text at a path of nested objects."""
    value = value_at(body, path)
    if value is None or isinstance(value, str):
        return value
    raise malformed(".".join(path), "text")


def number(body: Mapping[str, object], *path: str) -> int | None:
    """A whole number at a path of nested objects."""
    value = value_at(body, path)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise malformed(".".join(path), "a whole number")


def flag(body: Mapping[str, object], *path: str) -> bool:
    """A boolean at a path of nested objects; absent is false."""
    value = value_at(body, path)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise malformed(".".join(path), "true or false")


def objects(body: Mapping[str, object], *path: str) -> list[Body]:
    """Objects of a list; absent is empty."""
    return cast("list[Body]", [item for item in _list(body, path) if isinstance(item, dict)])


def texts(body: Mapping[str, object], *path: str) -> list[str]:
    """Texts of a list; absent is empty."""
    return [item for item in _list(body, path) if isinstance(item, str)]


def reference(body: Mapping[str, object], *path: str) -> str | None:
    """The id in a reference ``{"id": …}``."""
    return text(body, *path, "id")


def _list(body: Mapping[str, object], path: tuple[str, ...]) -> list[object]:
    value = value_at(body, path)
    if value is None:
        return []
    if isinstance(value, list):
        return cast("list[object]", value)
    raise malformed(".".join(path), "a list")


def value_at(body: Mapping[str, object], path: tuple[str, ...]) -> object:
    """Whatever is at a path of nested objects; None if there is nothing."""
    name, *rest = path
    value = body.get(name)
    if not rest:
        return value
    return value_at(cast("Mapping[str, object]", value), tuple(rest)) if isinstance(value, Mapping) else None


# Relations between resources.


def is_same(first: str | None, second: str | None) -> bool:
    """Whether two ids name one resource."""
    return first is not None and second is not None and first.lower() == second.lower()


def is_within(inner: str, outer: str) -> bool:
    """Whether an id is another one, or lies under it."""
    return f"{inner.lower()}/".startswith(f"{outer.lower()}/")


def users(cloud: Snapshot, record: Record, *, but: frozenset[str] = frozenset()) -> Iterator[Record]:
    """Resources outside of a resource that refer to it or to a part of it."""
    for other in cloud.all():
        if other.type in but or is_within(other.id, record.id):
            continue
        if any(is_within(target, record.id) for target in other.targets):
            yield other


def parent_of(cloud: Snapshot, child: ArmId | Record) -> Record:
    """The resource that another one is a part of; it exists as long as the part does."""
    identity = parse_arm_id(child.id) if isinstance(child, Record) else child
    assert identity is not None
    assert identity.parent is not None
    record = cloud.get(str(identity.parent))
    assert record is not None, str(identity.parent)
    return record


def parent_id(resource_id: str) -> str:
    """The id that a part's id begins with."""
    return resource_id.rsplit("/", 2)[0]


# Addresses.

RESERVED_AT_START = 4
"""Azure keeps .0 to .3 and the last address of every subnet. [Learn: Virtual Network FAQ]"""


def prefix(value: str) -> IPv4Network:
    """An address prefix as Azure reads it."""
    try:
        return IPv4Network(value)
    except ValueError as error:
        try:
            meant = f" For the given prefix length, the address prefix should be {IPv4Network(value, strict=False)}."
        except ValueError:
            meant = ""
        raise bad_request(
            "InvalidCIDRNotation", f"The address prefix {value} has an invalid CIDR notation.{meant}"
        ) from error


def address(where: str, value: str) -> IPv4Address:
    """An address as Azure reads it."""
    try:
        return IPv4Address(value)
    except AddressValueError as error:
        raise bad_request("InvalidIPAddressFormat", f"IP address {value} in {where} is not valid.") from error


def usable(subnet: IPv4Network) -> Iterator[IPv4Address]:
    """Addresses of a subnet that Azure gives away, in ascending order."""
    last = subnet.num_addresses - 1
    return (subnet[offset] for offset in range(RESERVED_AT_START, last))


def guid(*parts: str) -> str:
    """A GUID that only depends on the parts."""
    return str(uuid5(NAMESPACE_URL, "/".join(part.lower() for part in parts)))
