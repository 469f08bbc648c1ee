"""Exported templates: expressions, parameters, and the network that they describe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.commands import vpner
from tests.readers.test_export import bodies, outside
from tests.simulator.rest.deployed import Deployed, deploy
from vpner.arm import parse_arm_id
from vpner.readers.export import read_export
from vpner.readers.expression import Scope, Unevaluated, evaluate
from vpner.readers.gaps import unanswered
from vpner.readers.stack import read_stack

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
PARAMETERS = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


def template(*resources: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **parts}


def network(**changes: Any) -> dict[str, Any]:
    properties = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": []}
    return {"type": "Microsoft.Network/virtualNetworks", "name": "hub", "properties": properties, **changes}


# Expressions


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@st.composite
def expressions(draw: st.DrawFn, known: dict[str, Any], depth: int = 3) -> tuple[str, str]:
    """An expression and the text that it stands for; parameters and variables are put into ``known``."""
    kind = draw(st.sampled_from(["text", "parameters", "variables", "concat", "number"] if depth else ["text"]))
    space = draw(st.sampled_from(["", " "]))
    if kind == "concat":
        parts = draw(st.lists(expressions(known, depth - 1), min_size=1, max_size=3))
        return f"concat({space}{f',{space}'.join(part for part, _ in parts)})", "".join(value for _, value in parts)
    if kind == "number" and depth < 3:  # a number alone is no text
        number = draw(st.integers(-9, 10**6))
        return f"concat({number})", str(number)
    value = draw(st.text(st.sampled_from("'[]()., a/-") | st.characters(exclude_categories=["Cs"]), max_size=12))
    if kind in ("text", "number"):
        return quoted(value), value
    name = f"{kind}{len(known)}"
    known[name] = value
    return f"{draw(st.sampled_from([kind, kind.upper()]))}({quoted(name)})", value


@given(st.data())
def test_an_expression_written_from_a_value_evaluates_to_it(data: st.DataObject) -> None:
    known: dict[str, Any] = {}
    text, value = data.draw(expressions(known))
    scope = Scope("sub", "group", known.__getitem__, known.__getitem__)
    assert evaluate(f"[{text}]", scope) == value


ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub/subnets/vm"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"resourceId('{SUBSCRIPTION}', 'net', 'Microsoft.Network/virtualNetworks/subnets', 'hub', 'vm')", ID),
        ("resourceId('net', 'Microsoft.Network/virtualNetworks/subnets', 'hub', 'vm')", ID),
        ("ResourceID('Microsoft.Network/virtualNetworks/subnets', 'hub', 'vm')", ID),
        ("concat(resourceId('Microsoft.Network/virtualNetworks', 'hub'), '/subnets/vm')", ID),
        ("variables('all').vnets[1].name", "spoke"),
        ("concat(variables('all').list, variables('all').list)", [1, 1]),
    ],
)
def test_ids_and_parts_are_evaluated_as_azure_documents_them(text: str, value: object) -> None:
    """[Learn: template functions for resources, resourceId: its examples have this order of arguments]"""
    whole = {"vnets": [{"name": "hub"}, {"Name": "spoke"}], "list": [1]}
    assert evaluate(f"[{text}]", Scope(SUBSCRIPTION, "net", {}.__getitem__, {"all": whole}.__getitem__)) == value


@pytest.mark.parametrize(
    "text",
    [
        "uniqueString(resourceGroup().id)",
        "reference('gw').ipConfigurations[0].privateIPAddress",
        "resourceId('Microsoft.Network/virtualNetworks', 'hub', 'vm')",
        "resourceId('Microsoft.Network/virtualNetworks')",
        "concat('a'",
        "contoso.name('a')",
        "variables('all')[7]",
        "concat(variables('all'), 'x')",
        "",
    ],
)
def test_what_the_template_does_not_tell_is_unevaluated(text: str) -> None:
    with pytest.raises(Unevaluated):
        evaluate(f"[{text}]", Scope("s", "g", {}.__getitem__, {"all": [1]}.__getitem__))


# Templates


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return deploy(tmp_path_factory.mktemp("lab") / "azure")


def exported(listed: list[dict[str, Any]]) -> dict[str, Any]:
    """As ``az group export`` has it: names are parameters, ids are expressions, and nothing has an id of its own."""
    parameters: dict[str, Any] = {}

    def of(kind: str, name: str) -> str:
        key = f"{kind}_{name}_name".replace("-", "_")
        parameters[key] = {"defaultValue": name, "type": "String"}
        return f"parameters('{key}')"

    def reference(text: str) -> str:
        identity = parse_arm_id(text)
        if identity is None or not identity.names:
            return text
        first, *rest = identity.names
        names = [of(identity.type.split("/")[1], first), *(quoted(name) for name in rest)]
        return f"[resourceId({', '.join([quoted(identity.type), *names])})]"

    def written(value: Any) -> Any:
        if isinstance(value, list):
            return [written(item) for item in value]
        if isinstance(value, dict):
            return {key: written(item) for key, item in value.items()}
        return reference(value) if isinstance(value, str) and value.startswith("/subscriptions/") else value

    resources: list[dict[str, Any]] = []
    for body in listed:
        identity = parse_arm_id(body["id"])
        if identity is None or not identity.names:
            continue
        first, *rest = identity.names
        name = of(identity.type.split("/")[1], first)
        name = f"[concat({', '.join([name, *(quoted(f'/{part}') for part in rest)])})]" if rest else f"[{name}]"
        kept = {key: written(item) for key, item in body.items() if key in ("location", "sku", "properties")}
        resources.append({"type": body["type"], "apiVersion": "2024-05-01", "name": name, "dependsOn": [], **kept})
    return template(*resources, parameters=parameters, variables={})


def test_a_template_of_the_lab_makes_the_topology_of_the_stack(lab: Deployed) -> None:
    deployed = lab.network().topology
    document = exported(bodies(lab))
    assert "/subscriptions/" not in json.dumps(document)
    found = read_export({"template.json": document})
    assert unanswered(found, outside(deployed)) == []
    assert read_stack(found, outside(deployed), "the export") == deployed


def test_parts_are_found_wherever_a_template_has_them() -> None:
    """Beside their owner, among its resources with a short type and name, or in its properties without an id."""
    peering = {"remoteVirtualNetwork": {"id": "[resourceId('Microsoft.Network/virtualNetworks', 'spoke')]"}}
    subnets = [
        {"type": "subnets", "name": "inside", "properties": {"addressPrefix": "10.0.1.0/24"}},
        {"type": "subnets", "name": "hub/whole", "properties": {"addressPrefix": "10.0.2.0/24"}},
    ]
    hub = network(resources=subnets)
    hub["properties"] = {
        **hub["properties"],
        "subnets": [{"name": "written", "properties": {"addressPrefix": "10.0.3.0/24"}}],
        "virtualNetworkPeerings": [{"name": "to-spoke", "properties": peering}],
    }
    beside = {"type": "Microsoft.Network/virtualNetworks/subnets", "name": "hub/beside"}
    spoke = network(name="spoke", properties={"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}})
    resources = [hub, spoke, {**beside, "properties": {"addressPrefix": "10.0.4.0/24"}}]
    found = read_stack(read_export({"t": template(*resources)}))
    (first, _) = found.vnets
    assert {subnet.name for subnet in first.subnets} == {"inside", "whole", "written", "beside"}
    assert [(item.vnet, item.remote) for item in found.peerings] == [("hub", "spoke")]


REFUSED = {
    "a function": (template(network(name="[uniqueString(resourceGroup().id)]")), "[uniqueString(resourceGroup().id)]"),
    "a value": (
        template(network(properties={"addressSpace": {"addressPrefixes": ["[cidrSubnet('10.0.0.0/8', 16, 0)]"]}})),
        "resources[0].properties.addressSpace.addressPrefixes[0]",
    ),
    "no value": (template(network(name="[parameters('vnet')]"), parameters={"vnet": {"type": "string"}}), "no value"),
    "a circle": (template(network(name="[variables('a')]"), variables={"a": "[variables('a')]"}), "made of itself"),
    "a condition": (template(network(condition="[equals('a', 'b')]")), "resources[0].condition"),
    "copies": (template(network(copy={"name": "many", "count": 2})), "resources[0].copy"),
    "nested": (template({"type": "Microsoft.Resources/deployments", "name": "inner"}), "nested deployment"),
    "a short name": (template({"type": "Microsoft.Network/virtualNetworks/subnets", "name": "vm"}), "no name of a"),
    "larger": (
        {**template(), "$schema": SCHEMA.replace("deployment", "subscriptionDeployment")},
        "each resource group",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_evaluated_is_inconclusive_and_names_its_place(what: str, tmp_path: Path) -> None:
    document, said = REFUSED[what]
    document["resources"] = [*document["resources"], network(name="other")]
    file, declared = tmp_path / "template.json", tmp_path / "intent.yaml"
    file.write_text(json.dumps(document))
    declared.write_text("intent: [{name: i, from: [10.0.0.0/16], to: [10.9.0.0/16], mode: required}]")
    done = vpner("check", "--arm", file, "--outside", declared)
    assert done.exit_code == 2, done.output
    shown = " ".join(done.output.split())
    assert said in shown
    assert "template.json" in shown
    refused = vpner("topology", "--arm", file)
    assert refused.exit_code == 3
    assert said in " ".join(refused.output.split())


def test_what_no_route_depends_on_need_not_be_evaluated() -> None:
    """Virtual machines and storage accounts of an export have names and disks of all kinds."""
    machine = {"type": "Microsoft.Compute/virtualMachines", "name": "[uniqueString('a')]", "properties": {}}
    skipped = network(name="gone", condition=False)
    found = read_export({"t": template(network(), machine, skipped)})
    assert (found.unread, [item.name for item in found.resources]) == ((), ["hub"])


def files(folder: Path, **documents: Any) -> Path:
    folder.mkdir()
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_a_parameters_file_beside_a_template_gives_its_values(tmp_path: Path) -> None:
    """The portal downloads both as template.json and parameters.json."""
    asked = template(network(name="[parameters('vnet')]"), parameters={"VNet": {"type": "string", "defaultValue": "x"}})
    given_ = {"$schema": PARAMETERS, "parameters": {"vnet": {"value": "given"}}}
    folder = files(tmp_path / "both", template=asked, parameters=given_)
    shown = vpner("topology", "--arm", folder)
    assert shown.exit_code == 0, shown.output
    assert list(yaml.safe_load(shown.stdout)["vnets"]) == ["given"]
    alone = files(tmp_path / "alone", template=asked)
    apart = files(tmp_path / "apart", parameters=given_)
    assert vpner("topology", "--arm", alone, "--arm", apart).stdout == shown.stdout
    other = {**given_, "parameters": {"vnte": {"value": "typo"}}}
    assert "does not declare it" in vpner("topology", "--arm", files(tmp_path / "typo", t=asked, p=other)).output


def test_secrets_of_templates_are_neither_kept_nor_said(tmp_path: Path) -> None:
    secret = "plain-text-key"
    properties = {
        "sharedKey": f"[concat('{secret}', uniqueString('a'))]",
        "connectionType": "[concat(parameters('key'), uniqueString(parameters('key')))]",
        "note": "[parameters('key')]",
        "vault": "[parameters('vault')]",
    }
    connection = {"type": "Microsoft.Network/connections", "name": "c", "properties": properties}
    shapes = {"key": {"type": "SecureString"}, "vault": {"type": "string"}}
    values = {"key": {"value": secret}, "vault": {"reference": {"keyVault": {"id": "x"}, "secretName": secret}}}
    documents = {
        "t": template(connection, parameters=shapes),
        "p": {"$schema": PARAMETERS, "parameters": values},
    }
    found = read_export(documents)
    assert secret not in str([item.properties for item in found.resources])
    assert found.unread
    assert secret not in str(found.unread)
    shown = vpner("check", "--arm", files(tmp_path / "s", **documents))
    assert secret not in shown.output


def test_a_template_and_a_list_of_one_network_are_not_two_networks() -> None:
    listed = {"id": ID.partition("/subnets/")[0], "name": "hub", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    found = read_export({"t": template(network()), "l": [listed]})
    assert [problem.code for problem in found.unread] == ["export-twice"]


def test_templates_of_two_groups_refer_to_each_other() -> None:
    remote = {"remoteVirtualNetwork": {"id": ID.partition("/subnets/")[0]}}
    spoke = network(name="spoke", properties={"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}})
    peering = {"type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings", "name": "spoke/p"}
    found = read_export({"a": template(network()), "b": template(spoke, {**peering, "properties": remote})})
    assert found.unread == ()
    assert [(item.vnet, item.remote) for item in read_stack(found).peerings] == [("spoke", "hub")]


def test_what_a_template_refers_to_and_has_not_is_asked_for_with_a_group_to_fill_in(tmp_path: Path) -> None:
    table = "[resourceId('Microsoft.Network/routeTables', 'rt')]"
    subnet = {"name": "vm", "properties": {"addressPrefix": "10.0.0.0/24", "routeTable": {"id": table}}}
    hub = network()
    hub["properties"] = {**hub["properties"], "subnets": [subnet]}
    refused = vpner("topology", "--arm", files(tmp_path / "t", template=template(hub)))
    assert refused.exit_code == 3
    assert "az network route-table list -g GROUP -o json" in " ".join(refused.output.split())
