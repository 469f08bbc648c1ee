"""The project's stacks on mocks, as the policy pack sees them, against networks that were written by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.readers.stacks import example, snapshot
from tests.support.stacks import stack_config
from vpner.readers.compare import bind, bindings, differences
from vpner.readers.resources import Resource, Snapshot
from vpner.readers.stack import read_stack
from vpner.readers.write import write_topology
from vpner.topology import State, Symbol, Topology


def without_regions(topology: Topology) -> Topology:
    """Mocks have no provider that fills in the region; the engine's tests compare it too."""
    return replace(topology, vnets=tuple(replace(vnet, region=None) for vnet in topology.vnets))


def assert_equal_once_bound(stack: Topology, by_hand: Topology) -> None:
    """Both ways: the file knows what the stack will learn from Azure, and the stack what nobody has published."""
    complete = bind(by_hand, bindings(by_hand, stack))
    assert differences(complete, bind(stack, bindings(stack, by_hand))) == []
    assert complete == bind(stack, bindings(stack, by_hand))


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_reference_lab_is_the_one_written_by_hand(preview: bool) -> None:
    stack = read_stack(snapshot("dev", preview=preview))
    assert_equal_once_bound(stack, without_regions(example("reference-lab")))


def test_at_preview_exactly_what_azure_chooses_is_a_symbol() -> None:
    stack = read_stack(snapshot("dev", preview=True))
    symbols = bindings(stack, example("reference-lab"))
    expected = {f"az-hub-vpngw.instances[{i}].{what}" for i in (0, 1) for what in ("bgp", "tunnel")}
    expected |= {f"{owner}.instances[{i}]" for owner in ("az-hub-ergw", "branch-ergw", "az-hub-rs") for i in (0, 1)}
    assert {str(symbol) for symbol in symbols} == expected
    statics = {
        str(item.prefix) for router in stack.routers for item in router.statics if isinstance(item.prefix, Symbol)
    }
    assert statics == {"az-hub-vpngw.instances[0].tunnel", "az-hub-vpngw.instances[1].tunnel"}
    assert all(symbol.within.prefixlen >= 26 for symbol in symbols), "each symbol names the subnet it will come from"


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_reference_lab_without_its_tunnel_is_the_one_written_by_hand(preview: bool) -> None:
    stack = read_stack(snapshot("dev", preview=preview, tunnel={"enabled": False}))
    assert stack.intent == (), "only the tunnel's component registers the intent"
    by_hand = replace(example("reference-lab-expressroute-only"), intent=())
    assert_equal_once_bound(stack, without_regions(by_hand))


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_production_site_is_the_one_written_by_hand(preview: bool) -> None:
    stack = read_stack(snapshot("prod", preview=preview, stage="provisioned"))
    assert_equal_once_bound(stack, without_regions(example("production-site")))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_in_stage_ordered_there_are_no_connections_and_the_rest_is_the_same(stack: str) -> None:
    ordered = read_stack(snapshot(stack, preview=True, stage="ordered"))
    provisioned = read_stack(snapshot(stack, preview=True, stage="provisioned"))
    assert ordered.er_connections == ordered.vpn_connections == ()
    assert provisioned.er_connections
    assert provisioned.vpn_connections
    assert ordered == replace(provisioned, er_connections=(), vpn_connections=())


CIRCUITS = "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/x/providers/Microsoft.Network"


@pytest.mark.parametrize("adopted", [("weu-er-amsterdam",), ("weu-er-amsterdam", "weu-er-frankfurt")])
@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_a_circuit_that_existed_before_has_its_name_in_azure(preview: bool, adopted: tuple[str, ...]) -> None:
    circuits = json.loads(stack_config("prod")["vpner:circuits"])
    for circuit in circuits:
        if circuit["name"] in adopted:
            del circuit["owned"]
            circuit |= {"layer": 3, "existing": {"id": f"{CIRCUITS}/expressRouteCircuits/old-{circuit['name']}"}}
    stack = read_stack(snapshot("prod", preview=preview, stage="provisioned", circuits=circuits))
    names = {(f"old-{item}" if item in adopted else item) for item in ("weu-er-amsterdam", "weu-er-frankfurt")}
    assert {item.circuit for item in stack.er_connections} == names
    assert {item.name: {path.router for path in item.paths} for item in stack.circuits} == {
        name: {"ams-edge" if name.endswith("amsterdam") else "fra-edge"} for name in names
    }


@given(st.randoms())
@settings(max_examples=10, deadline=None)
def test_the_order_in_which_the_engine_registers_resources_does_not_matter(random: Random) -> None:
    dev = snapshot("dev", preview=True)
    shuffled = list(dev.resources)
    random.shuffle(shuffled)
    assert write_topology(read_stack(Snapshot(shuffled))) == write_topology(read_stack(dev))


@pytest.mark.parametrize("stage", ["ordered", "provisioned"])
def test_it_is_enough_that_an_output_is_recorded_as_its_components(stage: str) -> None:
    prod = snapshot("prod", preview=True, stage=stage)
    parents = {item.urn: item.parent for item in prod.resources}

    def as_in_yaml(item: Resource) -> Resource:
        """Pulumi's YAML records of another component's output the component."""
        seen = {
            key: tuple(parent if (parent := parents.get(urn)) not in (None, item.parent) else urn for urn in urns)
            for key, urns in item.references.items()
        }
        return replace(item, references=seen)

    changed = [as_in_yaml(item) for item in prod.resources]
    assert sum(item.references != was.references for item, was in zip(changed, prod.resources, strict=True)) >= 2
    assert write_topology(read_stack(Snapshot(changed))) == write_topology(read_stack(prod))


def test_every_setting_that_routing_depends_on_reaches_the_topology() -> None:
    changed = snapshot("dev", preview=True, preference="ASPath", routeServer={"branchToBranch": False})
    (server,) = read_stack(changed).route_servers
    assert (server.preference, server.branch_to_branch) == ("ASPath", False)


def test_a_prepend_of_the_appliance_stands_in_front_of_what_the_gateway_imports() -> None:
    appliance = {
        "name": "branch-opnnva",
        "untrustedAddress": "10.100.0.4",
        "trustedAddress": "10.100.0.20",
        "asn": 65510,
        "apipa": "169.254.0.1",
        "advertises": ["10.100.0.0/24"],
        "prepend": 2,
    }
    branch = {
        "name": "branch",
        "addressSpace": ["10.100.0.0/24"],
        "subnets": {
            "Untrusted-Subnet": "10.100.0.0/28",
            "Trusted-Subnet": "10.100.0.16/28",
            "GatewaySubnet": "10.100.0.32/27",
        },
        "expressRouteGateway": {"sku": "Standard", "allowRemoteVnetTraffic": False},
        "appliance": appliance,
    }
    stack = read_stack(snapshot("dev", preview=True, branch=branch, intent=[]))
    (connection,) = stack.vpn_connections
    assert connection.imports.prepend == (65510, 65510)
    (gateway,) = [item for item in stack.er_gateways if item.name == "branch-ergw"]
    assert gateway.allow_remote_vnet_traffic is False


def test_exemptions_of_the_intent_are_read() -> None:
    intent = {
        "name": "all",
        "from": ["10.0.0.0/24"],
        "to": ["10.100.0.96/27"],
        "mode": "required",
        "exempt": [{"protocol": "icmp", "reason": "monitoring", "expires": "2027-06-30"}],
    }
    (found,) = read_stack(snapshot("dev", preview=True, intent=[intent])).intent
    (exemption,) = found.exempt
    assert (exemption.protocol, exemption.reason, exemption.expires.isoformat()) == ("icmp", "monitoring", "2027-06-30")


def test_paths_that_nobody_linked_are_absent() -> None:
    stack = read_stack(snapshot("dev", preview=True))
    states = {(c.name, path.name): path.state for c in stack.circuits for path in c.paths}
    assert {key for key, state in states.items() if state is State.ABSENT} == {
        ("azure-er-circuit", "secondary"),
        ("branch-er-circuit", "secondary"),
    }
