"""Networks as the Azure CLI shows them: the same topology as that of the stack that was deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tests.simulator.rest.deployed import GROUP, Deployed, deploy
from vpner.arm import RESOURCE_GROUP, RESOURCE_TYPES
from vpner.cli import app
from vpner.problems import Problems
from vpner.readers.export import UNMODELLED_TYPES, read_export
from vpner.readers.gaps import unanswered
from vpner.readers.resources import UNMODELLED, is_read
from vpner.readers.stack import read_stack
from vpner.readers.write import topology_document
from vpner.simulator.rest.bodies import arm_body
from vpner.topology import Topology

OUTSIDE = ("routers", "circuits", "intent")
"""What Azure does not know, and the file beside the export declares."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return deploy(tmp_path_factory.mktemp("lab") / "azure")


def bodies(lab: Deployed) -> list[dict[str, Any]]:
    """Every resource as ARM's REST API shows it."""
    cloud = lab.store.snapshot()
    return [dict(arm_body(cloud, record)) for record in cloud.all()]


def as_the_cli_has_it(body: Any) -> Any:
    """Azure CLI: properties stand beside the name."""
    if isinstance(body, list):
        return [as_the_cli_has_it(item) for item in body]
    if not isinstance(body, dict):
        return body
    inner = body.get("properties")
    outer = {key: value for key, value in body.items() if key != "properties"}
    return {key: as_the_cli_has_it(value) for key, value in {**(inner or {}), **outer}.items()}


def nested(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As ``az network vnet list`` and Resource Graph have it: parts inside their owner, and not beside it."""
    owners = {item["id"]: json.loads(json.dumps(item)) for item in listed}
    inside = {"subnets": "subnets", "virtualNetworkPeerings": "virtualNetworkPeerings", "peerings": "peerings"}
    for item in listed:
        owner, _, _ = item["id"].rpartition("/")
        owner, _, part = owner.rpartition("/")
        if owner in owners and part in inside:
            parts = owners[owner]["properties"].setdefault(inside[part], [])
            owners[owner]["properties"][inside[part]] = [each for each in parts if each["id"] != item["id"]] + [item]
            del owners[item["id"]]
    return list(owners.values())


def in_capitals(body: Any) -> Any:
    """References in another case than the names: Azure has RESOURCEGROUPS in places."""
    if isinstance(body, list):
        return [in_capitals(item) for item in body]
    if not isinstance(body, dict):
        return body
    own = "name" in body
    return {
        key: item.upper() if key == "ipconfigurationId" or (key == "id" and not own) else in_capitals(item)
        for key, item in body.items()
    }


def occupied(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With what stands in each subnet, as ARM shows it, and the simulation does not: see published, NetBrain."""
    found = json.loads(json.dumps(listed))
    for item in listed:
        parts = item["properties"].get("ipConfigurations", []) if "properties" in item else []
        for part in [*parts, item]:
            home = part.get("properties", part).get("subnet", {}).get("id", "").lower()
            for subnet in every_part(found, "/subnets/"):
                if subnet["id"].lower() == home:
                    subnet["properties"].setdefault("ipConfigurations", []).append({"id": part["id"]})
    return found


def every_part(body: Any, of: str) -> Iterator[dict[str, Any]]:
    """Every object whose id has the text, at any depth, with properties of its own."""
    if isinstance(body, list):
        for item in body:
            yield from every_part(item, of)
    elif isinstance(body, dict):
        if of in str(body.get("id")) and "properties" in body:
            yield body
        for item in body.values():
            yield from every_part(item, of)


def outside(topology: Topology) -> dict[str, Any]:
    document = topology_document(topology)
    return {key: document[key] for key in OUTSIDE}


SHAPES = {
    "REST": lambda listed: {"value": listed},
    "CLI": as_the_cli_has_it,
    "Resource Graph": lambda listed: {"count": len(listed), "data": nested(listed)},
    "CLI, parts inside": lambda listed: as_the_cli_has_it(nested(listed)),
    "references in capitals": in_capitals,
    "subnets with what stands in them": occupied,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_export_makes_the_topology_of_the_stack(lab: Deployed, shape: str) -> None:
    deployed = lab.network().topology
    exported = read_export({shape: SHAPES[shape](bodies(lab))})
    assert read_stack(exported, outside(deployed), "the export") == deployed
    assert unanswered(exported, outside(deployed)) == []


@pytest.mark.parametrize("preference", ["ExpressRoute", "VpnGateway", "ASPath"])
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_an_export_of_either_stack_tells_its_preference(stack: str, preference: str, tmp_path: Path) -> None:
    made = deploy(tmp_path / "azure", stack, preference=preference)
    deployed = made.network().topology
    (server,) = deployed.route_servers
    assert server.preference == preference
    assert read_stack(read_export({"all": bodies(made)}), outside(deployed), "the export") == deployed


def test_what_was_exported_by_several_commands_is_one_network(lab: Deployed) -> None:
    deployed, listed = lab.network().topology, bodies(lab)
    files = {f"{index}.json": [item] for index, item in enumerate(listed)}
    again = {"twice.json": listed, "nothing.json": []}
    assert read_stack(read_export({**files, **again}), outside(deployed), "the export") == deployed


def export(lab: Deployed, folder: Path, without: str = "", *, parts: bool = False) -> list[str]:
    """Options of the command line for the lab as files, but for the resources of one type, and the parts of these."""
    folder.mkdir()
    for body in occupied(bodies(lab)):
        kind = str(body.get("type", "group")).rpartition("/")[2]
        if body.get("type") != without and not (parts and str(body.get("type")).startswith(without)):
            (folder / f"{kind}-{body['name']}.json").write_text(json.dumps([as_the_cli_has_it(body)]))
    declared = outside(lab.network().topology)
    intent = declared.pop("intent")
    file = folder.parent / f"{folder.name}.yaml"
    file.write_text(yaml.safe_dump({"topology": declared, "intent": intent}))
    return ["--arm", str(folder), "--outside", str(file)]


def test_commands_answer_for_an_export_as_for_the_topology_itself(lab: Deployed, tmp_path: Path) -> None:
    options = export(lab, tmp_path / "answers")
    written = tmp_path / "lab.yaml"
    written.write_text(yaml.safe_dump(topology_document(lab.network().topology)))
    for command in (["flows"], ["routes"], ["why", "10.0.1.4", "10.100.0.100"], ["topology"]):
        asked = [CliRunner().invoke(app, [*command, *given]) for given in (options, ["--topology", str(written)])]
        assert [done.exit_code for done in asked] == [0, 0], asked[0].output
        assert asked[0].stdout == asked[1].stdout
    for suffix in ("svg", "html"):
        output = tmp_path / f"lab.{suffix}"
        reported = CliRunner().invoke(app, ["report", *options, "-o", str(output)])
        assert reported.exit_code == 0, reported.output
        assert "az-spk1-vnet" in output.read_text(encoding="utf-8")
    judged = CliRunner().invoke(app, ["check", *options, "--failures", "single", "--json"])
    assert judged.exit_code in (0, 1), "the rules judge the resources, too: " + judged.output
    assert json.loads(judged.stdout)["flows"]


def test_an_export_is_a_side_of_a_diff_and_an_end_of_a_cutover(lab: Deployed, tmp_path: Path) -> None:
    _, folder, _, declared = export(lab, tmp_path / "answers")
    written = tmp_path / "lab.yaml"
    written.write_text(yaml.safe_dump(topology_document(lab.network().topology)))
    name = f"arm:{folder}"
    for sides in ([name, str(written)], [str(written), name], [name, name]):
        same = CliRunner().invoke(app, ["diff", *sides, "--outside", declared, "--failures", "none", "--json"])
        assert same.exit_code == 0, same.output
        found = json.loads(same.stdout)
        assert (found["flows"], found["routes"]) == ([], [])
    for table in Path(folder).glob("routeTables-*.json"):
        (changed,) = json.loads(table.read_text())
        changed["disableBgpRoutePropagation"] = not changed["disableBgpRoutePropagation"]
        table.write_text(json.dumps([changed]))
    differs = CliRunner().invoke(
        app, ["diff", str(written), name, "--outside", declared, "--failures", "none", "--json"]
    )
    assert json.loads(differs.stdout)["routes"], differs.output
    ends = [
        CliRunner().invoke(app, ["cutover", "--from", str(written), "--to", end, "--outside", declared, "--json"])
        for end in (name, str(written))
    ]
    assert json.loads(ends[0].stdout)["phases"]
    assert json.loads(ends[1].stdout)["phases"] == []


def test_a_word_for_an_export_names_what_is_not_there(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["diff", f"arm:{tmp_path / 'none'}", str(tmp_path)])
    assert done.exit_code == 3
    assert "none" in done.output


MISSING = {
    "virtualNetworks": "az network vnet list -g GROUP -o json",
    "virtualNetworkGateways": "az network vnet-gateway list -g GROUP -o json",
    "connections": "az network vpn-connection list -g GROUP -o json",
    "localNetworkGateways": "az network local-gateway list -g GROUP -o json",
    "routeTables": "az network route-table list -g GROUP -o json",
    "networkInterfaces": "az network nic list -g GROUP -o json",
    "publicIPAddresses": "az network public-ip list -g GROUP -o json",
    "virtualHubs": "az network routeserver list -g GROUP -o json",
    "virtualHubs/ipConfigurations": "az-hub-rs/ipConfigurations?api-version=2024-05-01 -o json",
}
"""What nothing else tells, and the command that exports it."""
NOT_MISSED = {
    "expressRouteCircuits": "what lies behind them is declared",
    "expressRouteCircuits/peerings": "what lies behind them is declared",
    "networkSecurityGroups": "no route depends on them",
    "virtualHubs/bgpConnections": "the lab has none",
    "virtualNetworks/subnets": "they stand in their network too",
    "virtualNetworks/virtualNetworkPeerings": "they stand in their network too",
}


def test_every_kind_that_is_read_is_missed_or_need_not_be(lab: Deployed) -> None:
    deployed = {body["type"] for body in bodies(lab) if str(body.get("type")).startswith("Microsoft.Network/")}
    read = {f"Microsoft.Network/{kind}" for kind in {**MISSING, **NOT_MISSED}}
    assert deployed <= read
    known = {kind.arm for kind in RESOURCE_TYPES if is_read(kind.token)} - {RESOURCE_GROUP}
    assert known <= read


@pytest.mark.parametrize("missing", MISSING)
def test_an_export_with_missing_parts_is_inconclusive_and_names_the_command(
    lab: Deployed, tmp_path: Path, missing: str
) -> None:
    options = export(lab, tmp_path / "answers", f"Microsoft.Network/{missing}")
    judged = CliRunner().invoke(app, ["check", *options, "--failures", "none"])
    assert judged.exit_code == 2, judged.output
    said = " ".join(judged.output.split())
    assert MISSING[missing].replace("GROUP", GROUP) in said
    # No route depends on a public address; some rule does.
    assert ("ENCRYPTED" in said) == (missing == "publicIPAddresses")


@pytest.mark.parametrize("missing", sorted(NOT_MISSED.keys() - {"virtualHubs/bgpConnections"}))
def test_flows_are_encrypted_without_what_they_do_not_depend_on(lab: Deployed, tmp_path: Path, missing: str) -> None:
    whole, without = (
        export(lab, tmp_path / name, kind) for name, kind in (("a", ""), ("b", f"Microsoft.Network/{missing}"))
    )
    tables = [CliRunner().invoke(app, ["flows", *options, "--json"]).stdout for options in (whole, without)]
    assert json.loads(tables[0]) == json.loads(tables[1])


def test_a_route_server_that_is_missing_with_all_its_parts_is_missed(lab: Deployed, tmp_path: Path) -> None:
    """Only its subnet tells that it is there; without it the model would have the tunnel win where the circuit does."""
    options = export(lab, tmp_path / "answers", "Microsoft.Network/virtualHubs", parts=True)
    judged = CliRunner().invoke(app, ["check", *options, "--failures", "none"])
    assert judged.exit_code == 2, judged.output
    assert f"az network routeserver list -g {GROUP} -o json" in " ".join(judged.output.split())


def test_a_gateway_has_no_connection_if_that_is_declared(lab: Deployed) -> None:
    listed = [body for body in bodies(lab) if body.get("type") != "Microsoft.Network/connections"]
    exported = read_export({"all": listed})
    assert {item.code for item in unanswered(exported, {})} == {"export-missing"}
    assert unanswered(exported, {"vpn_connections": [], "er_connections": []}) == []


@pytest.mark.parametrize(
    ("owner", "part", "declare"),
    [
        ("expressRouteCircuits/azure-er-circuit/peerings/AzurePrivatePeering", "connections", "global_reach"),
        ("virtualNetworkGateways/az-hub-vpngw", "natRules", "vpn_connections"),
        ("virtualHubs/az-hub-rs", "routeMaps", "vpn_connections"),
    ],
)
def test_what_changes_routing_and_is_not_read_is_never_ignored(
    lab: Deployed, owner: str, part: str, declare: str
) -> None:
    """It stands inside its owner, as the CLI shows it, or alone: Global Reach joins sites without any gateway."""
    extra = {"id": lab.id(f"{owner}/{part}/extra"), "name": "extra", "properties": {"provisioningState": "Succeeded"}}
    inside = [{**item, "properties": {**item["properties"], part: [extra]}} for item in bodies(lab)[:1]]
    outside_it = outside(lab.network().topology)
    for documents in ([*bodies(lab), extra], [*bodies(lab), *inside]):
        exported = read_export({"all": documents})
        declared = {key: value for key, value in outside_it.items() if key != declare}
        with pytest.raises(Problems, match="stack-not-modelled") as refused:
            read_stack(exported, declared, "the export")
        assert declare in str(refused.value)


def test_every_kind_that_is_not_modelled_is_known_by_its_azure_type() -> None:
    """A route of its own is not: an export has it inside its table."""
    assert set(UNMODELLED_TYPES.values()) | {"Route"} == set(UNMODELLED)


def test_a_file_without_a_resource_is_refused() -> None:
    with pytest.raises(Problems, match="export-empty") as refused:
        read_export({"one.json": {"error": "AuthorizationFailed"}, "two.json": ["nothing"]})
    assert len(refused.value.problems) == 2


def test_secrets_in_an_export_are_not_kept(lab: Deployed) -> None:
    listed = bodies(lab)
    for item in listed:
        if item["type"].endswith("/connections"):
            item["properties"] = {**item["properties"], "sharedKey": "plain-text-key"}
    assert "plain-text-key" not in str([item.properties for item in read_export({"all": listed}).resources])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "none of --topology, --stack and --arm is given"),
        (["--arm", ".", "--topology", "x.yaml"], "--topology and --arm are given"),
    ],
)
def test_a_command_looks_at_one_network(options: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["flows", *options])
    assert done.exit_code == 3
    assert said in " ".join(done.output.split())
