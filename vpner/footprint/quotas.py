"""How much of Azure's documented limits a stack uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vpner.arm import parse_arm_id
from vpner.footprint.costs import name_of
from vpner.footprint.facts import Limit, Scope, limits
from vpner.readers.resources import UNKNOWN, Elsewhere, Resource, Snapshot, VNet
from vpner.topology import GATEWAY_SUBNET


class Outcome(StrEnum):
    """Whether a limit holds."""

    WITHIN = "within"
    BEYOND = "beyond"
    UNKNOWN = "unknown"
    """Something is not known that could lead beyond it, or the limit can have been raised."""


@dataclass(slots=True)
class Quota:
    """One limit at one place. The stack alone is counted, not what else is in its subscriptions."""

    limit: Limit
    where: str
    """Region, or name of the resource; empty for a subscription. "unknown" where it is not known."""
    maximum: int | None
    """None: it depends on something that is not known, or that the page does not list."""
    used: int = 0
    doubtful: int = 0
    """Resources that may count here too."""

    @property
    def left(self) -> int | None:
        """What the limit leaves, negative beyond it; None where it is not known."""
        return None if self.maximum is None or self.doubtful else self.maximum - self.used

    @property
    def outcome(self) -> Outcome:
        lowest, highest = (self.maximum, self.maximum) if self.maximum is not None else _range(self.limit)
        if self.used + self.doubtful <= lowest:
            return Outcome.WITHIN
        return Outcome.BEYOND if self.used > highest and not self.limit.adjustable else Outcome.UNKNOWN


UNKNOWN_PLACE = "unknown"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a limit holds. ``key`` tells places apart; ``holder`` is None for a region and outside the stack."""

    key: str
    name: str
    holder: Resource | None = None


def quotas(snapshot: Snapshot) -> tuple[Quota, ...]:
    """Every limit that something in the stack counts for, or could, in the order of the table."""
    return tuple(quota for limit in limits().values() for quota in _quotas(snapshot, limit))


def _range(limit: Limit) -> tuple[int, int]:
    return min(limit.all), max(limit.all)


def _quotas(snapshot: Snapshot, limit: Limit) -> list[Quota]:
    places: dict[str, Quota] = {}
    lost = 0
    for resource in snapshot.resources:
        fits = limit.counts.fits(resource)
        if fits is False:
            continue
        place = _place(snapshot, limit, resource)
        if place is None:
            lost += 1
            continue
        quota = places.setdefault(place.key, _quota(limit, place))
        quota.used += fits is True
        quota.doubtful += fits is UNKNOWN
    if lost and not places:
        places[UNKNOWN_PLACE] = _quota(limit, _Place(UNKNOWN_PLACE, UNKNOWN_PLACE))
    for quota in places.values():
        quota.doubtful += lost
    return sorted(places.values(), key=lambda quota: quota.where)


def _quota(limit: Limit, place: _Place) -> Quota:
    values = (UNKNOWN if place.holder is None else place.holder.get(path) for path in limit.by)
    return Quota(limit, place.name, limit.maximum(*values))


def _place(snapshot: Snapshot, limit: Limit, resource: Resource) -> _Place | None:
    """Where a resource counts; None where it is not known."""
    match limit.per:
        case Scope.SUBSCRIPTION:
            return _Place("", "")
        case Scope.REGION:
            region = resource.get("location")
            plain = region.replace(" ", "").casefold() if isinstance(region, str) else None
            return None if plain is None else _Place(plain, plain)
        case Scope.RESOURCE:
            return _holder(snapshot, limit, resource)


def _holder(snapshot: Snapshot, limit: Limit, resource: Resource) -> _Place | None:
    """The resource that the limit is one of."""
    if limit.via == "ipConfigurations" or limit.via.endswith("Name"):
        vnet = _by_name(snapshot, limit, resource)
        return None if vnet is None else _named(snapshot, limit.of, vnet)
    found = snapshot.referred(resource, limit.via, limit.of)
    if isinstance(found, Resource):
        return _Place(found.urn, name_of(found), found)
    if isinstance(found, Elsewhere):
        parsed = parse_arm_id(found.id)
        return _Place(found.id.casefold(), parsed.name if parsed else found.id)
    return None


def _by_name(snapshot: Snapshot, limit: Limit, resource: Resource) -> VNet | None:
    """Name and group of the resource that the limit is one of: a network, or another one that is named."""
    if limit.via == "ipConfigurations":
        return snapshot.vnet_of(resource, limit.via, GATEWAY_SUBNET)
    name = snapshot.named(resource, limit.via, limit.of)
    return None if name is None else VNet(name, snapshot.group(resource))


def _named(snapshot: Snapshot, kind: str, wanted: VNet) -> _Place:
    """A resource by name and group, in the stack or not."""
    for item in snapshot.of_kind(kind):
        if item.physical_name is not None and VNet(item.physical_name, snapshot.group(item)).is_(wanted):
            return _Place(item.urn, item.physical_name, item)
    return _Place(f"{wanted.group}/{wanted.name}".casefold(), wanted.name)
