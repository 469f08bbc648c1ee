"""Every rule fires on the real engine: the rules' examples as Pulumi programs, with the pack and its configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.stacks import ROOT
from tests.toolchain.project import Project
from vpner.readers.resources import SECRET, UNKNOWN, Value
from vpner.rules import RULES, Outcome, evaluate
from vpner.rules.declared import POLICY
from vpner.rules.examples import example_network
from vpner.rules.registry import DECLARED, MODEL, Edit

pytestmark = pytest.mark.engine

KEY = "random:index/randomPassword:RandomPassword"
"""What stands for a resource that the rules read nothing of but that something is made by."""
PROGRAM = """
import json
import pulumi

class Resource(pulumi.CustomResource):
    def __init__(self, token, name, properties):
        super().__init__(token, name, properties)

class Component(pulumi.ComponentResource):
    def __init__(self, token, name, outputs):
        super().__init__(token, name)
        self.register_outputs(outputs)

seed = Resource("random:index/randomPassword:RandomPassword", "seed", {"length": 1})
made = {}

def value(item, targets):
    if isinstance(item, dict) and "$made" in item:
        if not targets and item["$made"]:
            return item["$made"]
        known = [made[name].id for name in targets] or [seed.id]
        return pulumi.Output.all(*known).apply(lambda ids: ids[0])
    if isinstance(item, dict):
        return {key: value(inner, targets) for key, inner in item.items()}
    if isinstance(item, list):
        return [value(inner, targets) for inner in item]
    return item

for entry in json.load(open("network.json")):
    properties = {key: value(item, entry["references"].get(key, [])) for key, item in entry["properties"].items()}
    kind = Resource if entry["type"].startswith(("azure-native:", "random:")) else Component
    made[entry["name"]] = kind(entry["type"], entry["name"], properties)
"""


def edits_of(rule: str) -> tuple[Edit, ...]:
    found = RULES[rule]
    return (found.fails or found.unknown)[0].edits


CHEAP = [rule for rule in RULES.values() if MODEL not in rule.needs]


def fired(edits: tuple[Edit, ...]) -> set[str]:
    findings = evaluate(example_network(edits), CHEAP).findings
    return {finding.rule for finding in findings if finding.outcome is not Outcome.PASS}


def clash(mine: tuple[Edit, ...], others: tuple[Edit, ...]) -> bool:
    """Whether one of them changes what the other does, or a list whose items the other counts."""
    tops = {(edit.resource, *edit.path.split(".")[:3]) for edit in others}
    return any((edit.resource, *edit.path.split(".")[:3]) in tops for edit in mine)


@cache
def groups() -> tuple[tuple[str, ...], ...]:
    """Rules on resources whose failing examples can be one network, in which all of them still fire: fewer previews.

    What the model says is tried one by one.
    """
    open_ = [rule.id for rule in CHEAP]
    found: list[tuple[str, ...]] = []
    while open_:
        group: list[str] = []
        edits: tuple[Edit, ...] = ()
        for rule in list(open_):
            mine = edits_of(rule)
            if clash(mine, edits):
                continue
            try:
                holds = fired((*edits, *mine)) >= {*group, rule}
            except (KeyError, IndexError, TypeError):
                holds = False
            if holds:
                group.append(rule)
                edits = (*edits, *mine)
                open_.remove(rule)
        assert group, f"no example makes {open_[0]} fire"
        found.append(tuple(group))
    return tuple(found)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("rules"))
    project.write("program/__main__.py", PROGRAM)
    with project.small_cloud():
        yield project


def encoded(value: Value) -> Any:
    if value == SECRET:
        return {"$made": "written out"}
    if value is UNKNOWN:
        return {"$made": None}
    if isinstance(value, dict):
        return {key: encoded(item) for key, item in value.items()}
    return [encoded(item) for item in value] if isinstance(value, list) else value


def write_network(project: Project, edits: tuple[Edit, ...]) -> None:
    network = example_network(edits)
    entries = [
        {
            "name": item.name,
            "type": item.type,
            "properties": encoded(item.properties),
            "references": {key: [urn.rpartition("::")[2] for urn in urns] for key, urns in item.references.items()},
        }
        for item in network.snapshot.resources
    ]
    named = {item["name"]: item for item in entries}
    for target in {target for item in entries for targets in item["references"].values() for target in targets}:
        named.setdefault(target, {"name": target, "type": KEY, "properties": {"length": 1}, "references": {}})
    order = sorted(named.values(), key=lambda entry: len(depth(entry["name"], named)))
    project.write("program/network.json", json.dumps(order))
    declared = dict(network.declared.topology)
    intent = declared.pop("intent", None)
    configuration = {"topology": declared} | ({} if intent is None else {"intent": intent})
    if network.declared.resilience is not None:
        configuration["resilience"] = network.declared.resilience.value
    project.write("program/pack.json", json.dumps({POLICY: configuration}, default=str))


def depth(name: str, entries: dict[str, Any]) -> set[str]:
    """Everything that a resource is made from, itself included."""
    targets = {target for targets in entries[name]["references"].values() for target in targets}
    return {name}.union(*(depth(target, entries) for target in targets)) if targets else {name}


def reported(output: str) -> set[str]:
    return set(re.findall(r"\[([a-z0-9-]+)\]$", output, re.MULTILINE)) & set(RULES)


def preview(project: Project, code: int) -> str:
    pack = str(Path(ROOT) / "policies")
    return project.pulumi("preview", "--policy-pack", pack, "--policy-pack-config", "pack.json", code=code)


def test_the_example_network_passes_on_the_engine(project: Project) -> None:
    write_network(project, ())
    assert reported(preview(project, 0)) == set()


def assert_fires(project: Project, rules: tuple[str, ...]) -> None:
    edits = tuple(edit for rule in rules for edit in edits_of(rule))
    write_network(project, edits)
    # One edit can break several rules: the preview fails if one of them is mandatory.
    found = evaluate(example_network(edits)).findings
    fails = any(RULES[item.rule].severity.mandatory for item in found if item.outcome is not Outcome.PASS)
    output = preview(project, 1 if fails else 0)
    assert reported(output) >= set(rules), output


@pytest.mark.parametrize("rule", [rule.id for rule in RULES.values() if rule not in CHEAP])
def test_a_rule_on_routes_fires_on_the_engine(project: Project, rule: str) -> None:
    assert_fires(project, (rule,))


def test_every_rule_on_resources_fires_on_the_engine_in_some_program(project: Project) -> None:
    for group in groups():
        assert_fires(project, group)
    assert {rule for group in groups() for rule in group} == {rule.id for rule in CHEAP}


def test_what_cannot_be_read_is_declared_in_the_packs_configuration(project: Project) -> None:
    write_network(project, (Edit(DECLARED, "topology.routers", None),))
    output = preview(project, 1)
    assert reported(output) == {"network-known"}
    assert "INCONCLUSIVE" in output
    assert "in `topology` of the configuration of policy declared-network" in " ".join(output.split())


STOCK = """
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

def check(args, report):
    for resource in args.resources:
        if resource.name == "connection" and not resource.props["useLocalAzureIpAddress"]:
            report("the connection does not use the private address", resource.urn)

rule = StackValidationPolicy(name="stock", description="Stock.", validate=check)
PolicyPack(name="stock", enforcement_level=EnforcementLevel.MANDATORY, policies=[rule])
"""


def test_an_unknown_passes_a_mandatory_policy_of_the_stock_sdk_and_not_this_pack(project: Project) -> None:
    write_network(project, (Edit("connection", "useLocalAzureIpAddress", UNKNOWN),))
    project.write("policies/__main__.py", STOCK)
    stock = project.pulumi("preview", "--policy-pack", "../policies")
    assert "can't run policy 'stock'" in stock
    output = preview(project, 1)
    assert "private-address-pair" in reported(output)
    assert "INCONCLUSIVE" in output
