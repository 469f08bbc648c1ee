"""``vpner check``, ``flows`` and ``why``: verdicts, exit codes, text and JSON.

The reference lab prefers the tunnel (preference VpnGateway); its author shows that preference ExpressRoute, or no
tunnel at all, leaves the branch's traffic on ExpressRoute, in clear.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.commands import EXPRESSROUTE_ONLY, LAB, ROOT, vpner
from tests.support.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"
TEXT = LAB.read_text(encoding="utf-8")
PREFER_ER = TEXT.replace("preference: VpnGateway", "preference: ExpressRoute")
NO_TUNNEL = EXPRESSROUTE_ONLY.read_text(encoding="utf-8")
ONLY_ENDPOINT = (ROOT / "examples" / "only-the-endpoint.yaml").read_text(encoding="utf-8")


def with_aggregate(mode: str) -> str:
    """The small example, its site also announced over ExpressRoute, as an aggregate: the tunnel's longer prefix wins,
    and when it is gone the aggregate covers the site."""
    network = yaml.safe_load(ONLY_ENDPOINT)
    path = network["circuits"]["circuit"]["paths"]["primary"]
    path["from_router"]["permit"].append("10.100.0.0/16")
    network["routers"]["device"]["networks"].append("10.100.0.0/16")
    network["vpn_connections"][0]["imports"]["deny"].append("10.100.0.0/16")
    network["intent"][0]["mode"] = mode
    return yaml.safe_dump(network)


def to_nowhere() -> str:
    """The small example, protecting a prefix that nothing in it has."""
    network = yaml.safe_load(ONLY_ENDPOINT)
    network["intent"][0]["to"] = ["192.168.7.0/24"]
    return yaml.safe_dump(network)


NO_INTENT = TEXT.partition("\nintent:")[0]


def without_host_route() -> str:
    """The lab whose provider does not announce the endpoint."""
    network = yaml.safe_load(TEXT)
    network["routers"]["provider-mcr"]["statics"] = []
    return yaml.safe_dump(network)


def document(*arguments: str | Path, stdin: str) -> Any:
    return json.loads(vpner(*arguments, "--topology", "-", "--json", stdin=stdin).stdout)


OUTCOMES = {
    "the lab as built": (TEXT, "none", 0, "as intended"),
    "preference ExpressRoute": (PREFER_ER, "none", 1, "violated"),
    "required, and no tunnel": (NO_TUNNEL.replace("mode: preferred", "mode: required"), "none", 1, "violated"),
    "nothing but the endpoint on ExpressRoute": (ONLY_ENDPOINT, "pairs", 0, "as intended"),
    "required, with an aggregate to fall back to": (with_aggregate("required"), "single", 1, "violated"),
    "preferred, with an aggregate to fall back to": (with_aggregate("preferred"), "single", 0, "as intended"),
    "protected prefix that is nowhere": (to_nowhere(), "none", 2, "inconclusive"),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_exit_code_is_the_outcome(name: str) -> None:
    text, failures, code, outcome = OUTCOMES[name]
    result = vpner("check", "--topology", "-", "--failures", failures, stdin=text)
    assert result.exit_code == code, result.output
    last = result.stdout.splitlines()[-1]
    assert last == f"{outcome.upper()} (predicted)"
    machine = vpner("check", "--topology", "-", "--failures", failures, "--json", stdin=text)
    assert machine.exit_code == code
    assert json.loads(machine.stdout)["outcome"] == outcome


def test_check_prints_flows_and_names_the_fallback_that_preferred_allows() -> None:
    result = vpner("check", "--topology", "-", stdin=with_aggregate("preferred"))
    assert_golden(GOLDEN / "check-preferred.txt", result.stdout)
    assert "Allowed by mode preferred" in result.stdout


def test_check_of_the_lab_that_prefers_expressroute_prints_what_is_in_clear() -> None:
    result = vpner("check", "--topology", "-", "--failures", "none", stdin=PREFER_ER)
    assert_golden(GOLDEN / "check-prefer-expressroute.txt", result.stdout)


def test_both_directions_of_the_protected_flow_are_judged() -> None:
    flows = document("check", "--failures", "none", stdin=TEXT)["flows"]
    assert {flow["verdict"] for flow in flows} == {"ENCRYPTED", "TRANSPORT"}
    assert {flow["intent"] for flow in flows} == {"branch-workload"}
    assert {flow["from"].partition("/")[0] for flow in flows} >= {"az-hub-vnet", "az-spk1-vnet", "branch-vnet"}
    assert {tuple(flow["underlay"]) for flow in flows if flow["verdict"] == "ENCRYPTED"} == {("ExpressRoute",)}


def test_flow_in_clear_over_expressroute_names_the_rule_that_decided() -> None:
    flows = document("flows", stdin=PREFER_ER)["flows"]
    clear = [flow for flow in flows if flow["verdict"] == "CLEARTEXT"]
    assert clear
    rules = {hop["route"]["rule"] for flow in clear for hop in flow["journeys"][0]["hops"] if hop["route"]}
    assert "hub-routing-preference" in rules


def test_missing_host_route_of_the_endpoint_is_printed_with_its_place() -> None:
    result = vpner("check", "--topology", "-", "--failures", "none", stdin=without_host_route())
    assert result.exit_code == 1
    assert "10.100.0.4/32" in result.stdout.partition("Violated")[2]


def test_failures_are_as_deep_as_asked() -> None:
    none, single, pairs = (
        document("check", "--failures", depth, stdin=with_aggregate("preferred"))
        for depth in ("none", "single", "pairs")
    )
    assert (none["under_failure"], none["states"]) == ([], 1)
    assert any(item["verdict"] == "CLEARTEXT" and item["allowed"] for item in single["under_failure"])
    assert 1 < single["states"] < pairs["states"]


def test_flows_of_a_network_without_intent_are_all_its_flows() -> None:
    every = document("flows", "--all", stdin=NO_INTENT)
    assert document("flows", stdin=NO_INTENT) == every
    assert len(document("flows", stdin=TEXT)["flows"]) < len(every["flows"])


def test_flows_end_with_0_whatever_they_are() -> None:
    result = vpner("flows", "--topology", "-", stdin=PREFER_ER)
    assert result.exit_code == 0
    assert result.stdout.startswith("Flows (predicted)\nVerdict")
    assert "CLEARTEXT" in result.stdout


def test_why_shows_the_winning_and_the_losing_route_with_the_rule() -> None:
    result = vpner("why", "10.0.1.4", "10.100.0.100", "--topology", LAB)
    assert result.exit_code == 0
    assert_golden(GOLDEN / "why-reference-lab.txt", result.stdout)
    for text in ("10.0.0.46", "10.3.129.58", "hub-routing-preference", "ENCRYPTED", "predicted"):
        assert text in result.stdout + result.stderr


def test_why_takes_names_of_nics_and_gives_the_same_answer() -> None:
    by_name = vpner("why", "az-spk1-lxvm-nic", "branch-vm1VMNic", "--topology", LAB, "--json")
    by_address = vpner("why", "10.0.1.4", "10.100.0.100", "--topology", LAB, "--json")
    assert by_name.stdout == by_address.stdout
    found = json.loads(by_name.stdout)
    assert (found["there"]["verdict"], found["back"]["verdict"]) == ("ENCRYPTED", "ENCRYPTED")


@pytest.mark.parametrize(
    ("address", "says"),
    [("10.0.1.400", "neither an IPv4 address nor a NIC"), ("2001:db8::1", "IPv6 flows"), ("8.8.8.8", "8.8.8.8")],
)
def test_address_that_cannot_be_traced_is_bad_input(address: str, says: str) -> None:
    result = vpner("why", address, "10.100.0.100", "--topology", LAB)
    assert result.exit_code == 3
    assert says in result.stderr
