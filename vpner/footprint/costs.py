"""What costs money in a stack, and how long building it takes at least."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter

from vpner.footprint.facts import Duration, Kind, kinds
from vpner.readers.resources import UNKNOWN, Resource, Snapshot, has_unknown, is_azure


@dataclass(frozen=True, slots=True)
class Cost:
    """Resources that are billed alike."""

    kind: Kind
    sku: str
    """Empty where the kind has none; "unknown" where it is not known before the update."""
    names: tuple[str, ...]
    planned: int
    """How many of them do not exist yet."""


@dataclass(frozen=True, slots=True)
class Step:
    """One creation of the longest chain."""

    name: str
    """Kind and name."""
    duration: Duration


UNKNOWN_SKU = "unknown"


def costs(snapshot: Snapshot) -> tuple[Cost, ...]:
    """Resources of documented kinds, in the table's order, the SKUs of one kind after another."""
    found: dict[tuple[int, str], list[Resource]] = {}
    for resource in snapshot.resources:
        kind = kind_of(resource)
        if isinstance(kind, Kind):
            found.setdefault((kinds().index(kind), sku_of(kind, resource)), []).append(resource)
    return tuple(
        Cost(
            kinds()[index],
            sku,
            tuple(sorted(name_of(item) for item in items)),
            sum(is_planned(item) for item in items),
        )
        for (index, sku), items in sorted(found.items())
    )


def undocumented(snapshot: Snapshot) -> dict[str, int]:
    """Azure's resources of which nothing is known, and how many: of other kinds, or of a kind that is not known yet."""
    counted: Counter[str] = Counter()
    for resource in snapshot.resources:
        if is_azure(resource.type) and kind_of(resource) is None:
            counted[resource.kind] += 1
    return dict(sorted(counted.items()))


def longest_chain(snapshot: Snapshot) -> tuple[Step, ...]:
    """The creations that follow one another longest, of resources that do not exist yet, first to last.

    Pulumi creates a resource when all that it depends on exists. Creations of which no page says how long they take
    count as nothing, and so does what happens outside Azure, so that the sum is an estimate and no upper bound.
    """
    # The engine's order is that of a race between resources.
    by_urn = {item.urn: item for item in sorted(snapshot.resources, key=lambda item: item.urn)}
    before = {urn: [other for other in item.depends_on if other in by_urn] for urn, item in by_urn.items()}
    chains: dict[str, tuple[Step, ...]] = {}
    for urn in TopologicalSorter(before).static_order():
        earlier = max((chains[other] for other in before[urn]), key=total, default=())
        chains[urn] = (*earlier, *_steps(by_urn[urn]))
    return max(chains.values(), key=total, default=())


def total(chain: tuple[Step, ...]) -> int:
    """Minutes of a chain."""
    return sum(step.duration.minutes for step in chain)


def kind_of(resource: Resource) -> Kind | None:
    """The documented kind; None for any other, and where a property that decides is not known."""
    return next((kind for kind in kinds() if kind.match.fits(resource) is True), None)


def sku_of(kind: Kind, resource: Resource) -> str:
    """What the price depends on, as far as it is set."""
    values = [resource.get(path) for path in kind.sku]
    if has_unknown(values) or (kind.sku and values[0] is None):
        return UNKNOWN_SKU
    return " ".join(str(value) for value in values if value is not None)


def name_of(resource: Resource) -> str:
    """Its name in Azure, where it is known, else its logical one."""
    return resource.physical_name or resource.name


def is_planned(resource: Resource) -> bool:
    """Whether Azure has not built it yet, or will change it: its ``provisioningState`` is then not known."""
    state = resource.get("provisioningState")
    return state is UNKNOWN or state is None


def _steps(resource: Resource) -> Iterator[Step]:
    kind = kind_of(resource)
    if kind is not None and kind.creation is not None and is_planned(resource):
        yield Step(f"{kind.name} {name_of(resource)}", kind.creation)
