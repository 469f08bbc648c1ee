"""Reading and writing networks: what is read comes back, and every mistake has its place and remedy."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
import yaml

from tests.routing.networks import CASES, HUB
from vpner.problems import Problem, Problems
from vpner.readers.case import read_case
from vpner.readers.shape import schema_text
from vpner.readers.write import write_topology
from vpner.topology import Mode, Static, Symbol


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_topology_of_a_case_survives_writing_and_reading(path: Path) -> None:
    topology = read_case(path.read_text(encoding="utf-8")).topology
    assert read_case(write_topology(topology)).topology == topology


def test_published_schema_is_that_of_the_reader() -> None:
    """To renew it: ``python -c "from vpner.readers.shape import schema_text; print(schema_text(), end='')"``."""
    published = Path(__file__).parents[2] / "docs" / "topology-format.schema.json"
    assert published.read_text(encoding="utf-8") == schema_text()


def test_case_has_its_source_and_what_was_printed() -> None:
    case = read_case(CASES[0].read_text(encoding="utf-8"))
    assert case.name == CASES[0].stem
    assert "jocortems/labs" in case.source
    assert case.expect.effective_routes["vm-nic"].rows[0].next_hops == ["10.3.129.92"]


def test_bare_topology_is_a_case_that_expects_nothing() -> None:
    case = read_case(HUB)
    assert (case.name, case.expect.effective_routes) == ("", {})
    assert [vnet.name for vnet in case.topology.vnets] == ["hub", "other", "spoke"]


GATEWAY = HUB + "vpn_gateways: {vpn: {vnet: hub, active_active: true}}\n"
TUNNEL = Symbol("vpn", "instances[1].tunnel", IPv4Network("10.0.0.32/27"))


def test_address_that_is_not_given_is_named_with_the_subnet_it_comes_from() -> None:
    [gateway] = read_case(GATEWAY).topology.vpn_gateways
    assert [str(instance.bgp) for instance in gateway.instances] == ["vpn.instances[0].bgp", "vpn.instances[1].bgp"]
    assert gateway.instances[0].bgp == Symbol("vpn", "instances[0].bgp", IPv4Network("10.0.0.32/27"))
    assert gateway.instances[0].tunnel is None


def test_null_tunnel_is_an_address_that_only_azure_will_know() -> None:
    text = GATEWAY.replace("active_active: true", "active_active: true, instances: [{tunnel: null}, {tunnel: null}]")
    topology = read_case(text).topology
    assert topology.vpn_gateways[0].instances[1].tunnel == TUNNEL
    assert read_case(write_topology(topology)).topology == topology


def test_masked_address_keeps_what_was_published() -> None:
    text = HUB + "vpn_gateways: {vpn: {vnet: hub, instances: [{bgp: 10.0.0.40, public: 20.5.X.X}]}}\n"
    topology = read_case(text).topology
    assert topology.vpn_gateways[0].instances[0].public == Symbol(
        "vpn", "instances[0].public", IPv4Network("20.5.0.0/16")
    )
    assert "20.5.X.X" in write_topology(topology)


def test_static_route_to_an_address_that_azure_has_not_chosen_survives_writing_and_reading() -> None:
    topology = read_case(GATEWAY + "routers: {device: {asn: 65001}}\n").topology
    [router] = topology.routers
    static = Static(TUNNEL, IPv4Address("10.100.0.1"))
    planned = replace(topology, routers=(replace(router, statics=(static,)),))
    assert read_case(write_topology(planned)).topology == planned


def test_intent_survives_writing_and_reading() -> None:
    intent = """
intent:
  - name: site
    from: [10.0.1.0/24]
    to: [10.100.0.0/24]
    mode: required
    exempt: [{from: [10.0.1.5/32], port: 123, protocol: udp, reason: time, expires: 2027-01-31}]
"""
    topology = read_case(HUB + intent).topology
    assert topology.intent[0].mode is Mode.REQUIRED
    assert topology.intent[0].exempt[0].port == 123
    assert read_case(write_topology(topology)).topology == topology


MISTAKES: list[dict[str, str]] = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(Problems) as raised:
        read_case(text)
    return list(raised.value.problems)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake["what"] for mistake in MISTAKES])
def test_mistake_is_reported_with_place_and_remedy(mistake: dict[str, str]) -> None:
    found = [problem for problem in problems_of(HUB + mistake["add"]) if problem.where == mistake["where"]]
    assert [problem.code for problem in found] == [mistake["code"]]
    assert mistake["remedy"] in found[0].remedy


SPACE = [
    ("subnet outside its VNet", HUB.replace("10.0.1.0/27", "10.9.1.0/27"), "subnet-outside-vnet"),
    ("overlapping subnets", HUB.replace("10.0.0.32/27", "10.0.0.0/28"), "overlap"),
    ("overlapping peers", HUB.replace("10.0.1.0/24", "10.0.0.0/25").replace("10.0.1.0/27", "10.0.0.0/27"), "overlap"),
    ("peering that stands twice", HUB + "  - {vnet: other, remote: hub}\n", "duplicate-name"),
]


@pytest.mark.parametrize(("what", "text", "code"), SPACE, ids=[item[0] for item in SPACE])
def test_address_space_that_azure_refuses_is_reported(what: str, text: str, code: str) -> None:
    assert code in {problem.code for problem in problems_of(text)}


def test_all_mistakes_are_reported_at_once() -> None:
    nics = "nics: {a: {vnet: hubb, subnet: vm}, b: {vnet: hub, subnet: vm, ip: x}}\n"
    assert len(problems_of(HUB + nics + "routers: {r: {networks: [1.2.3.4/8]}}\n")) == 3


TEXTS = [
    ("a list", "[1, 2]", "a list stands where a mapping should"),
    ("a scalar", "hello", "a str stands where a mapping should"),
    ("broken YAML", "vnets: {a: [}", ""),
    ("a key that stands twice", "vnets: {}\nvnets: {}", "'vnets' stands twice"),
    ("a control character", "vnets: \x07", ""),
]


@pytest.mark.parametrize(("what", "text", "message"), TEXTS, ids=[item[0] for item in TEXTS])
def test_text_that_is_no_network_is_reported_with_its_place(what: str, text: str, message: str) -> None:
    [problem] = problems_of(text)
    assert problem.code == "yaml"
    assert message in problem.what


def test_table_of_something_that_is_not_there_is_reported() -> None:
    text = CASES[0].read_text(encoding="utf-8").replace("    vm-nic:\n      complete", "    other-nic:\n      complete")
    assert [problem.code for problem in problems_of(text)] == ["unknown-reference"]
