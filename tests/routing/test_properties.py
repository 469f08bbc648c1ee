"""What must not change a prediction: the order of the input, names, and networks that have nothing to do with it."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.routing.networks import CASES, case_named
from vpner.readers.case import read_case
from vpner.readers.write import topology_document
from vpner.routing.facts import facts
from vpner.routing.solution import BgpRoute, EffectiveRoute, Solution, Tables
from vpner.routing.solve import solve

NAMED = ("vnets", "route_tables", "nics", "vpn_gateways", "er_gateways", "route_servers", "circuits", "routers")
NAMES = st.sampled_from([path.stem for path in CASES])


def printed(solution: Solution) -> str:
    """A solution as text, byte for byte."""

    def plain(value: Any) -> Any:
        if isinstance(value, Tables):
            return {name: plain(getattr(value, name)) for name in value.__slots__}
        if isinstance(value, dict):
            return {str(key): plain(value[key]) for key in sorted(value, key=str)}
        if isinstance(value, EffectiveRoute | BgpRoute):
            return [plain(getattr(value, name)) for name in value.__slots__]
        if isinstance(value, frozenset):
            return sorted(map(str, value))
        return [plain(part) for part in value] if isinstance(value, tuple) else str(value)

    return json.dumps([plain(solution.phases), solution.assumed])


def shuffled(value: Any, random: Random) -> Any:
    """The same document in another order: mappings, and the lists whose order means nothing."""
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key], random) for key in keys}
    return value


UNORDERED = ("peerings", "er_connections", "vpn_connections", "bgp_sessions", "global_reach")


@settings(max_examples=40, deadline=None)
@given(name=NAMES, random=st.randoms(use_true_random=False))
def test_order_of_the_input_changes_nothing(name: str, random: Random) -> None:
    topology = case_named(name).topology
    document = shuffled(topology_document(topology), random)
    for key in UNORDERED:
        random.shuffle(document.get(key, []))
    again = read_case(yaml.safe_dump(document, sort_keys=False)).topology
    assert again == topology
    assert printed(solve(again)) == printed(solve(topology))


def renamed(document: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The document with other names of VNets, gateways, circuits, routers, sessions and the rest."""

    def change(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {(names.get(k, k) if key in NAMED else k): change(part, k) for k, part in value.items()}
        if isinstance(value, list):
            return [change(part, key) for part in value]
        if isinstance(value, str):
            owner, slash, member = value.partition("/")
            if key == "to" and slash and owner in names:
                return f"{names[owner]}/{member}"
            owner, dot, member = value.partition(".instances[")
            if dot and owner in names:
                return f"{names[owner]}.instances[{member}"
            return names.get(value, value) if key not in {"state", "over", "mode", "next_hop_type", "subnet"} else value
        return value

    return change(document, "")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_names_change_nothing(path: Path) -> None:
    topology = read_case(path.read_text(encoding="utf-8")).topology
    document = topology_document(topology)
    names = {name for key in NAMED for name in document.get(key, ())}
    names |= {
        item["name"] for key in ("er_connections", "vpn_connections", "bgp_sessions") for item in document.get(key, ())
    }
    mapping = {name: f"n{number:03}" for number, name in enumerate(sorted(names, key=lambda name: name[::-1]))}
    other = read_case(yaml.safe_dump(renamed(document, mapping))).topology
    mine, theirs = solve(topology).tables, solve(other).tables
    for (vnet, subnet), rows in mine.effective.items():
        assert effective(theirs.effective[mapping[vnet], subnet]) == effective(rows)
    for name, rows in mine.gateway_learned.items():
        gateway, _, index = name.rpartition("/")
        assert learned(theirs.gateway_learned[f"{mapping[gateway]}/{index}"]) == learned(rows)
    for name, rows in mine.router_routes.items():
        assert learned(theirs.router_routes[mapping[name]]) == learned(rows)


def effective(rows: tuple[EffectiveRoute, ...]) -> list[tuple[str, ...]]:
    def hop(address: object) -> str:
        return str(address) if "." in str(address) and str(address)[0].isdigit() else "unknown"

    return sorted((str(row.prefix), row.type, *sorted(map(hop, row.next_hops)), row.source, row.state) for row in rows)


def learned(rows: tuple[BgpRoute, ...]) -> list[tuple[object, ...]]:
    return sorted((str(row.prefix), row.as_path, row.origin, row.weight) for row in rows)


@settings(max_examples=20, deadline=None)
@given(name=NAMES)
def test_unrelated_vnet_changes_nothing(name: str) -> None:
    topology = case_named(name).topology
    document = topology_document(topology)
    document["vnets"]["unrelated"] = {
        "prefixes": ["198.18.0.0/24"],
        "subnets": {"GatewaySubnet": {"prefix": "198.18.0.0/27"}},
    }
    document.setdefault("er_gateways", {})["unrelated-er"] = {"vnet": "unrelated"}
    mine, theirs = solve(topology).tables, solve(read_case(yaml.safe_dump(document)).topology).tables
    for key, rows in mine.effective.items():
        assert theirs.effective[key] == rows
    for key, table in mine.gateway_learned.items():
        assert theirs.gateway_learned[key] == table


@settings(max_examples=15, deadline=None)
@given(name=NAMES)
def test_equal_input_gives_equal_output(name: str) -> None:
    topology = case_named(name).topology
    assert printed(solve(topology)) == printed(solve(topology))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_deciding_fact_is_in_the_list_of_facts(path: Path) -> None:
    tables = solve(read_case(path.read_text(encoding="utf-8")).topology).tables
    used = {row.decided_by for rows in tables.effective.values() for row in rows}
    used |= {
        row.decided_by
        for group in (tables.gateway_learned, tables.router_routes)
        for rows in group.values()
        for row in rows
    }
    assert used <= set(facts())
