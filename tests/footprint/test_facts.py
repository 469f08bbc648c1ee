"""The tables: every number has a page and a day, and every path is a property of Azure's resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pulumi_azure_native
import pytest
from pydantic import ValidationError

from vpner.arm import RESOURCE_TYPES
from vpner.footprint.facts import Billing, Kind, Limit, Match, Scope, kinds, limits
from vpner.readers.resources import UNKNOWN

SOURCED = [
    *((kind.name, kind) for kind in kinds()),
    *((f"{kind.name} (creation)", kind.creation) for kind in kinds() if kind.creation),
    *((limit.id, limit) for limit in limits().values()),
]


@pytest.mark.parametrize(("name", "row"), SOURCED, ids=[name for name, _ in SOURCED])
def test_every_row_names_a_public_page_and_its_day(name: str, row: Any) -> None:
    assert row.source.startswith("Learn: ")
    assert date(2018, 1, 1) < row.date < date(2027, 1, 1)
    assert re.fullmatch(r"Learn: .+, 20\d\d-\d\d-\d\d", row.citation)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_what_is_billed_has_a_page_of_prices_and_no_price(kind: Kind) -> None:
    assert (kind.prices is None) == (kind.billed is Billing.NOTHING)
    assert not re.search(r"[$€]|\bUSD\b|\bEUR\b", kind.why)


def properties(kind: str) -> set[str]:
    """Properties of a resource in ARM's spelling, as the SDK has them."""
    modules = (pulumi_azure_native.network, pulumi_azure_native.compute)
    (found,) = (getattr(module, kind) for module in modules if hasattr(module, kind))
    values = [value for value in vars(found).values() if isinstance(value, property) and value.fget is not None]
    return {value.fget.__dict__.get("_pulumi_name", value.fget.__name__) for value in values if value.fget}


def paths() -> Iterator[tuple[str, str]]:
    for kind in kinds():
        yield from ((kind.match.kind, path) for path in (*kind.match.when, *kind.sku))
    for limit in limits().values():
        yield from ((limit.counts.kind, path) for path in limit.counts.when)
        yield from ((limit.of, path) for path in limit.by)
        if limit.of and not limit.via.endswith("Name"):
            yield limit.counts.kind, limit.via


@pytest.mark.parametrize(("kind", "path"), dict.fromkeys(paths()), ids=str)
def test_every_path_is_a_property_of_azures_resource(kind: str, path: str) -> None:
    assert path.partition(".")[0] in properties(kind)


PARAMETERS = {item.token.rpartition(":")[2]: item.parameters for item in RESOURCE_TYPES}


@pytest.mark.parametrize("limit", limits().values(), ids=limits())
def test_a_limit_of_a_resource_says_how_that_is_found(limit: Limit) -> None:
    assert (limit.per is Scope.RESOURCE) == bool(limit.of) == bool(limit.via)
    assert not limit.via.endswith("Name") or limit.via in PARAMETERS[limit.counts.kind]


def test_a_key_that_nobody_reads_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Match.model_validate({"kind": "VirtualHub", "where": {}})


PREMIUM = {50: 20, 100: 25, 200: 25, 500: 40, 1000: 50, 2000: 60, 5000: 75, 10000: 100}
"""Virtual network links of a Premium circuit by its Mbps, as the page of limits has them."""


def test_the_links_of_a_circuit_depend_on_its_tier_and_with_premium_on_its_bandwidth() -> None:
    links = limits()["links-per-circuit"]
    assert {mbps: links.maximum("Premium", mbps) for mbps in PREMIUM} == PREMIUM
    assert [links.maximum(tier, 10_000) for tier in ("standard", "Local")] == [10, 10]
    assert [links.maximum("Standard", UNKNOWN), links.maximum("Premium", UNKNOWN)] == [10, None]
    assert [links.maximum("Premium", 40_000), links.maximum(UNKNOWN, 50), links.maximum(None, 50)] == [None] * 3
