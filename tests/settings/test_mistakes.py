"""Every mistake of the table: found at its key, named with its value, and worded as ``messages.txt`` has it.

``messages.txt`` holds every message of the table as a user will see it. ``UPDATE_GOLDEN=1 pytest tests/settings``
writes it anew; read the difference as a reader of the messages would.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.expectations import refused
from tests.settings.changes import MISSING, decoded, parsed, texts
from tests.settings.mistakes import AUTHORISATION, CIRCUIT, FW1, KEY, MISTAKES, Mistake
from tests.support.golden import assert_golden
from vpner.problems import Problem, Problems
from vpner.settings import parse
from vpner.settings.shape import Configuration

MESSAGES = Path(__file__).parent / "messages.txt"


def found(mistake: Mistake) -> tuple[Problem, ...]:
    with pytest.raises(Problems) as raised:
        parsed(mistake.stack, mistake.changes, mistake.secret)
    return raised.value.problems


def wanted(mistake: Mistake) -> list[tuple[str, str, str]]:
    return [(f"vpner:{where}", code, said) for where, code, said in mistake.problems]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_each_mistake_is_found_at_its_key_and_nothing_else_is(mistake: Mistake) -> None:
    refused(found(mistake), *wanted(mistake))


def test_the_messages_are_the_ones_that_were_reviewed() -> None:
    sections: list[str] = []
    for mistake in MISTAKES:
        changes = [
            f"    {path}: {'(taken out)' if value is MISSING else json.dumps(value)}"
            for path, value in mistake.changes.items()
        ]
        messages = [str(problem) for problem in found(mistake)]
        sections.append("\n".join([f"# {mistake.title} ({mistake.stack})", *changes, "", *messages, ""]))
    assert_golden(MESSAGES, "\n".join(sections))


def test_titles_are_unique_and_no_change_is_made_twice() -> None:
    titles = [row.title for row in MISTAKES]
    assert len(set(titles)) == len(titles)
    assert len({(row.stack, repr(row.changes)) for row in MISTAKES}) == len(MISTAKES)


NEAREST = {
    "unknown key": "hub",
    "unknown key of the hub": "addressSpace",
    "unknown key of a gateway": "sku",
    "unknown key of a device": "expressRouteNextHop",
    "unknown key of an endpoint": "outside",
    "unknown key of a link": "circuit",
    "unknown key of the IPsec policy": "dhGroup",
    "key in Python's spelling": "ipsecPolicy",
    "unknown stage": "provisioned",
    "unknown preference": "VpnGateway",
    "unknown mode": "required",
    "misspelt VPN gateway": "VpnGw2AZ",
    "misspelt ExpressRoute gateway": "ErGw1AZ",
    "misspelt ExpressRoute gateway of the branch": "Standard",
    "circuit's SKU misspelt": "Standard_MeteredData",
}


@pytest.mark.parametrize(("title", "nearest"), NEAREST.items())
def test_what_was_probably_meant_is_offered(title: str, nearest: str) -> None:
    (problem,) = found(next(row for row in MISTAKES if row.title == title))
    assert re.search(rf"(did you mean|write) {nearest}\b", problem.remedy)


def test_a_key_that_resembles_nothing_gets_the_keys_that_there_are() -> None:
    (problem,) = found(next(row for row in MISTAKES if row.title == "key that resembles nothing"))
    assert "did you mean" not in problem.remedy
    for key in ("resourceGroup", "hub", "spokes", "tunnel"):
        assert key in problem.why


def property_of(schema: Mapping[str, Any], root: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """The schema of a key in any of a schema's alternatives; list indices are passed through."""
    if "$ref" in schema:
        return property_of(root["$defs"][schema["$ref"].rpartition("/")[2]], root, key)
    for alternative in schema.get("anyOf", []):
        inside = property_of(alternative, root, key)
        if inside is not None:
            return inside
    if key.startswith("["):
        return schema.get("items")
    inside = schema.get("properties", {}).get(key)
    if inside is None and isinstance(schema.get("additionalProperties"), dict):
        inside = schema["additionalProperties"]
    return inside


def exists(where: str) -> bool:
    """Whether a configuration may have a key at this path."""
    root = Configuration.model_json_schema(by_alias=True)
    schema: Mapping[str, Any] | None = root
    for part in re.findall(r"\[\d+\]|[^.\[\]]+", where.removeprefix("vpner:")):
        schema = None if schema is None else property_of(schema, root, part)
    return schema is not None


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_every_place_is_a_key_that_can_be_written(mistake: Mistake) -> None:
    for problem in found(mistake):
        assert exists(problem.where) != (problem.code == "unknown-key")


def test_an_appliance_can_choose_among_a_gateways_addresses() -> None:
    with pytest.raises(Problems) as raised:
        parsed("dev", {"tunnel.apipa": [["169.254.21.1", "169.254.21.5"], ["169.254.21.2"]]})
    for problem in raised.value.problems:
        assert exists(problem.where), problem.where


def test_mistakes_all_over_the_configuration_are_reported_at_once() -> None:
    changes = {
        "hub.vmAddress": "10.10.1.2",
        "spokes[1].subnets.app": "10.99.0.0/20",
        "sites[0].devices[0].asn": 12076,
        "sites[0].devices[1].endpoint.outside": "?",
        "circuits[0].weight": -1,
        "routers[1].links[1].prefix": "172.31.0.12/29",
        "tunnel.sku": "VpnGw1",
        "tunnel.ipsecPolicy": {"saLifeTimeSeconds": 1},
        "routeServer.peers": [{"name": "nva", "address": "x", "asn": 65515}],
        "intent[0].from": [],
        "subscriptions.circuits": "mine",
        "preSharedKeys": {"hq": KEY},
    }
    with pytest.raises(Problems) as raised:
        parsed("prod", changes)
    refused(
        raised.value.problems,
        ("vpner:circuits[0].weight", "weight-out-of-range", "-1"),
        ("vpner:hub.vmAddress", "address-not-usable", "10.10.1.2"),
        ("vpner:intent[0].from", "intent-empty", "no prefix"),
        ("vpner:preSharedKeys", "secret-in-plain-text", "plain text"),
        ("vpner:preSharedKeys.hq", "key-without-device", "'hq'"),
        ("vpner:routeServer.peers[0].address", "address-malformed", "x"),
        ("vpner:routeServer.peers[0].asn", "asn-reserved", "65515"),
        ("vpner:routers[1].links[1].prefix", "prefix-host-bits", "172.31.0.12/29"),
        ("vpner:sites[0].devices[0].asn", "asn-reserved", "12076"),
        ("vpner:sites[0].devices[1].endpoint.outside", "address-malformed", "?"),
        ("vpner:spokes[1].subnets.app", "subnet-outside-vnet", "10.99.0.0/20"),
        ("vpner:subscriptions.circuits", "subscription-malformed", "mine"),
        ("vpner:tunnel.ipsecPolicy.saLifeTimeSeconds", "crypto-lifetime", "1"),
        ("vpner:tunnel.sku", "vpn-sku-not-zonal", "VpnGw1"),
    )
    for problem in raised.value.problems:
        assert str(problem) in str(raised.value).replace("\n  ", "\n")
    assert "14 problems" in str(raised.value)


def test_wrong_kinds_all_over_the_configuration_are_reported_at_once() -> None:
    changes = {"hub.name": 4, "spokes[0].subnets": [], f"{FW1}.asn": "65010", "circuits[0].layers": 2, "stage": "later"}
    with pytest.raises(Problems) as raised:
        parsed("prod", changes)
    refused(
        raised.value.problems,
        ("vpner:circuits[0].layers", "unknown-key", "'layers'"),
        ("vpner:hub.name", "wrong-kind", "4"),
        ("vpner:sites[0].devices[0].asn", "wrong-kind", "'65010'"),
        ("vpner:spokes[0].subnets", "wrong-kind", "wrong kind"),
        ("vpner:stage", "unknown-choice", "'later'"),
    )


SECRET = frozenset(["preSharedKeys", "circuits"])


def everything_printed(error: Problems) -> str:
    return "".join([*traceback.format_exception(error), repr(error), repr(error.problems)])


@pytest.mark.parametrize("mistake", [row for row in MISTAKES if row.stack == "prod"], ids=lambda mistake: mistake.title)
@pytest.mark.parametrize("secret", [SECRET, frozenset[str]()], ids=["encrypted", "in plain text"])
def test_no_mistake_prints_a_secret(mistake: Mistake, secret: frozenset[str]) -> None:
    changes: dict[str, object] = {"preSharedKeys": {"hq-fw1": KEY, "unknown": KEY}, "subscriptions.branch": "x"}
    if not any(path.startswith("circuits") for path in mistake.changes):
        changes["circuits[1].owned"] = MISSING
        changes["circuits[1].existing"] = {"id": CIRCUIT, "authorizationKey": AUTHORISATION}
    changes.update(mistake.changes)
    with pytest.raises(Problems) as raised:
        parsed(mistake.stack, changes, secret)
    printed = everything_printed(raised.value)
    assert KEY not in printed
    assert AUTHORISATION not in printed


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({"preSharedKeys": KEY}, KEY),
        ({"preSharedKeys": [KEY]}, KEY),
        ({"preSharedKeys": {"hq-fw1": [KEY]}}, KEY),
        ({"preSharedKeys": 31415926}, "31415926"),
        ({"circuits[1].existing": {"id": CIRCUIT, "authorizationKey": 31415926}}, "31415926"),
        ({"circuits[1].existing": {"id": CIRCUIT, "authorisationKey": AUTHORISATION}}, AUTHORISATION),
        ({"tunnel.preSharedKey": KEY}, KEY),
        ({"preSharedKeys": {"hq-fw1": 31415926}}, "31415926"),
    ],
)
def test_a_secret_of_the_wrong_kind_or_place_is_not_printed(changes: dict[str, object], value: str) -> None:
    with pytest.raises(Problems) as raised:
        parsed("prod", changes, SECRET)
    assert value not in everything_printed(raised.value)


# Anything at all in place of any value: a configuration is read or refused, and never ends in another exception.
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**33)
    | st.sampled_from(["", "x", "10.0.0.0/8", "169.254.21.1", "hub", "VpnGw1AZ", "primary", "ordered"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "hub", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every value inside a value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [*([path] if path else []), *(deeper for key, child in children for deeper in places(child, (*path, key)))]


def refusals(values: Mapping[str, Any]) -> tuple[Problem, ...]:
    try:
        parse(texts(values))
    except Problems as error:
        return error.problems
    return ()


@settings(max_examples=100)
@given(st.sampled_from(["dev", "prod"]), st.data())
def test_whatever_stands_anywhere_is_read_or_refused(stack: str, data: st.DataObject) -> None:
    values = decoded(stack)
    *parents, last = data.draw(st.sampled_from(places(values)))
    target: Any = values
    for part in parents:
        target = target[part]
    target[last] = data.draw(json_values)
    for problem in refusals(values):
        assert all(text.strip() for text in (problem.code, problem.what, problem.why, problem.remedy))
        assert problem.where.startswith("vpner:")
