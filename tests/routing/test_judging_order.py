"""What must not change a judgement: order, names, unrelated networks, and whether it is made twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.routing.lab import EXAMPLES, TODAY, example
from tests.routing.test_properties import NAMED, UNORDERED, renamed, shuffled
from vpner.readers.case import read_case
from vpner.readers.write import topology_document
from vpner.routing import Assessment, Failures, FlowVerdict, assess

NETWORKS = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))


def printed(found: Assessment) -> str:
    """Everything that a judgement says, byte for byte."""
    parts = (found.flows, found.under_failure, found.violations, found.inconclusive, found.contract, found.fallbacks)
    return repr((found.outcome, parts, found.notes, found.assumed, found.states))


@settings(max_examples=12, deadline=None)
@given(name=st.sampled_from(NETWORKS), random=st.randoms(use_true_random=False))
def test_order_of_the_input_changes_no_verdict(name: str, random: Random) -> None:
    topology = example(name)
    document = shuffled(topology_document(topology), random)
    for key in UNORDERED:
        random.shuffle(document.get(key, []))
    again = read_case(yaml.safe_dump(document, sort_keys=False)).topology
    mine, theirs = (assess(item, TODAY, failures=Failures.SINGLE) for item in (topology, again))
    assert printed(mine) == printed(theirs)


def told(flows: tuple[FlowVerdict, ...]) -> Counter[tuple[object, ...]]:
    return Counter(
        (str(item.flow.destination), item.verdict, item.evidence, item.underlay, item.phases, item.asymmetric)
        for item in flows
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_names_change_no_verdict(name: str) -> None:
    topology = example(name)
    document = topology_document(topology)
    names = {item for key in NAMED for item in document.get(key, ())}
    names |= {
        item["name"] for key in ("er_connections", "vpn_connections", "bgp_sessions") for item in document.get(key, ())
    }
    mapping = {item: f"n{number:03}" for number, item in enumerate(sorted(names, key=lambda item: item[::-1]))}
    other = read_case(yaml.safe_dump(renamed(document, mapping))).topology
    mine, theirs = (assess(item, TODAY, failures=Failures.SINGLE) for item in (topology, other))
    assert told(mine.flows) == told(theirs.flows)
    assert (mine.outcome, mine.assumed, mine.states) == (theirs.outcome, theirs.assumed, theirs.states)
    assert Counter((item.verdict, item.allowed) for item in mine.under_failure) == Counter(
        (item.verdict, item.allowed) for item in theirs.under_failure
    )
    assert Counter(item.code for item in mine.contract) == Counter(item.code for item in theirs.contract)


@pytest.mark.parametrize("name", NETWORKS)
def test_unrelated_vnet_changes_no_verdict(name: str) -> None:
    topology = example(name)
    document = topology_document(topology)
    document["vnets"]["unrelated"] = {
        "prefixes": ["198.18.0.0/24"],
        "subnets": {"vm": {"prefix": "198.18.0.128/25"}, "GatewaySubnet": {"prefix": "198.18.0.0/27"}},
    }
    document.setdefault("er_gateways", {})["unrelated-er"] = {"vnet": "unrelated"}
    other = read_case(yaml.safe_dump(document)).topology
    mine, theirs = (assess(item, TODAY, failures=Failures.NONE) for item in (topology, other))
    assert [(str(item.flow), item.verdict, item.why) for item in mine.flows] == [
        (str(item.flow), item.verdict, item.why) for item in theirs.flows
    ]


SCRIPT = """
from tests.routing.lab import TODAY, example
from tests.routing.test_judging_order import printed
from vpner.routing import Failures, assess
print(printed(assess(example("reference-lab"), TODAY, failures=Failures.SINGLE)))
"""


def test_hash_seed_of_the_interpreter_changes_nothing() -> None:
    texts = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=EXAMPLES.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(texts) == 1
    assert len(texts.pop()) > 1000
