"""Device plans from a topology: the reference lab's, and what a topology must say for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.device.plans import GATEWAY, LAB, TUNNEL_ADDRESSES, UNBOUND, lab
from vpner.device.contract import read_contract
from vpner.device.plans import device_plans
from vpner.device.provider import provider_routers, unannounced
from vpner.plan.device import DevicePlan
from vpner.problems import Problems
from vpner.readers.case import read_case
from vpner.topology import Address, Topology

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TEXT = (EXAMPLES / "reference-lab.yaml").read_text(encoding="utf-8")
AZURE = tuple(IPv4Network(f"10.0.{index}.0/24") for index in range(3))


def topology(text: str = TEXT) -> Topology:
    return read_case(text, "test").topology


def changed(**sections: Any) -> Topology:
    """The lab with sections of its file replaced or, by name, completed."""
    document = yaml.safe_load(TEXT)
    for section, value in sections.items():
        if isinstance(document[section], dict):
            document[section].update(value)
        else:
            document[section] = value
    return topology(yaml.safe_dump(document))


def connection(**changes: Any) -> list[dict[str, Any]]:
    return [{**yaml.safe_load(TEXT)["vpn_connections"][0], **changes}]


def router(name: str = "branch-opnnva", **changes: Any) -> dict[str, Any]:
    return {name: {**yaml.safe_load(TEXT)["routers"][name], **changes}}


def gateway(apipa: list[list[str]]) -> dict[str, Any]:
    given = yaml.safe_load(TEXT)["vpn_gateways"]["az-hub-vpngw"]
    instances = [{**item, "apipa": chosen} for item, chosen in zip(given["instances"], apipa, strict=True)]
    return {"az-hub-vpngw": {**given, "instances": instances}}


def test_the_labs_topology_gives_the_plan_that_its_stack_has() -> None:
    assert device_plans(topology(), interfaces="hn") == (lab(accepts=AZURE),)


def test_azures_prefixes_are_those_of_the_hub_and_of_networks_that_use_its_gateway() -> None:
    document = yaml.safe_load(TEXT)
    document["peerings"][3]["use_remote_gateways"] = False
    (plan,) = device_plans(topology(yaml.safe_dump(document)))
    assert plan.accepts == AZURE[:2]


def test_interfaces_have_no_name_unless_one_is_given() -> None:
    (plan,) = device_plans(topology())
    assert plan.lan is not None
    assert (plan.expressroute.name, plan.lan.name) == ("", "")


def test_a_prefix_that_the_device_filters_is_not_announced() -> None:
    (plan,) = device_plans(changed(vpn_connections=connection(imports={"deny": ["10.0.0.0/8"]})))
    assert plan.advertises == (IPv4Network("10.100.0.0/24"),)
    (plan,) = device_plans(changed(vpn_connections=connection(imports={"permit": ["10.0.0.0/8"]})))
    assert plan.advertises == (IPv4Network("10.0.0.0/8"),)


@pytest.mark.parametrize("times", [0, 2])
def test_prepends_of_the_own_asn_are_counted(times: int) -> None:
    (plan,) = device_plans(changed(vpn_connections=connection(imports={"prepend": [65510] * times})))
    assert plan.prepend == times


def test_other_devices_endpoints_are_known_so_that_none_is_announced() -> None:
    second = {**connection()[0], "name": "second", "remote": "other", "remote_endpoint": "10.9.9.9"}
    other = {"asn": 65511, "addresses": ["10.9.9.9"], "statics": [{"prefix": "10.0.0.36/32", "next_hop": "10.9.9.1"}]}
    both = changed(vpn_connections=[*connection(), second], routers={"other": other})
    found = {plan.name: plan for plan in device_plans(both)}
    assert found["branch-opnnva"].endpoints == (IPv4Address("10.9.9.9"),)
    assert found["other"].endpoints == (IPv4Address("10.100.0.4"),)
    # Without a network interface in Azure: the next hop is the one of its own static, for both tunnel addresses.
    assert {static.next_hop for static in found["other"].statics} == {IPv4Address("10.9.9.1")}
    assert found["other"].lan is None


def test_connections_over_the_internet_and_without_bgp_are_nobodys_handoff() -> None:
    assert device_plans(changed(vpn_connections=connection(over="internet"))) == ()
    assert device_plans(changed(vpn_connections=connection(bgp=False))) == ()


def test_an_address_that_azure_has_not_chosen_stays_a_symbol() -> None:
    document = yaml.safe_load(TEXT)
    document["vpn_gateways"]["az-hub-vpngw"]["instances"][0]["tunnel"] = None
    (plan,) = device_plans(topology(yaml.safe_dump(document)))
    assert [str(symbol) for symbol in plan.unbound] == ["az-hub-vpngw.instances[0].tunnel"]


OPEN: dict[str, tuple[Mapping[str, Any], str, str]] = {
    "two BGP addresses of an instance": (
        {"vpn_gateways": gateway([["169.254.21.1", "169.254.21.5"], ["169.254.21.2"]])},
        "handoff-apipa",
        "169.254.21.1, 169.254.21.5",
    ),
    "no BGP address of an instance": (
        {"vpn_gateways": gateway([["169.254.21.1"], []])},
        "handoff-apipa",
        "instances[1]",
    ),
    "no endpoint": (
        {"vpn_connections": connection(remote_endpoint=None)},
        "handoff-remote_endpoint",
        "remote_endpoint",
    ),
    "no BGP address of the device": ({"vpn_connections": connection(remote_ip=None)}, "handoff-remote_ip", "remote_ip"),
    "an address behind a NAT": (
        {"routers": router(nics=[], addresses=["10.100.0.4", "192.168.0.4"])},
        "handoff-addresses",
        "192.168.0.4",
    ),
    "no next hop": ({"routers": router(nics=[], addresses=["10.100.0.4"], statics=[])}, "handoff-statics", "next hop"),
    "another ASN prepended": (
        {"vpn_connections": connection(imports={"prepend": [65510, 64999]})},
        "handoff-imports",
        "64999",
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_a_topology_leaves_open_is_said_and_never_guessed(name: str) -> None:
    sections, code, says = OPEN[name]
    with pytest.raises(Problems) as raised:
        device_plans(changed(**sections))
    (problem,) = raised.value.problems
    assert problem.code == code
    assert says in f"{problem.what} {problem.why}"
    assert problem.remedy


def known(text: str) -> Address | None:
    return {str(symbol): symbol for symbol in GATEWAY.tunnel_addresses}.get(text)


@given(st.booleans(), st.booleans(), st.integers(0, 3))
def test_a_registered_plan_is_read_back_equal(bound: bool, inner: bool, times: int) -> None:
    plan = replace(LAB if bound else UNBOUND, prepend=times, accepts=AZURE)
    if not inner:
        plan = replace(plan, lan=None, statics=plan.statics[:2])
    assert read_contract(plan.contract(), known) == plan


def test_what_the_component_registered_wins_over_what_the_topology_lets_one_think() -> None:
    registered = replace(UNBOUND, crypto=replace(UNBOUND.crypto, pfs_group="ECP384"), prepend=3)
    (plan,) = device_plans(topology(), [registered.contract()])
    assert (plan.crypto.pfs_group, plan.prepend, plan.accepts) == ("ECP384", 3, AZURE)
    assert tuple(tunnel.remote for tunnel in plan.tunnels) == TUNNEL_ADDRESSES


def test_a_registered_device_has_its_plan_before_it_is_connected() -> None:
    (plan,) = device_plans(changed(vpn_connections=[]), [UNBOUND.contract()])
    assert plan == lab(accepts=AZURE)


def without(plan: DevicePlan, key: str, value: Any = ...) -> dict[str, object]:
    contract = plan.contract()
    if value is ...:
        del contract[key]
    else:
        contract[key] = value
    return contract


@pytest.mark.parametrize(
    "contract",
    [
        without(UNBOUND, "asn"),
        without(UNBOUND, "ipsecPolicy"),
        without(UNBOUND, "ipsecPolicy", {"dhGroup": "DHGroup14"}),
        without(UNBOUND, "endpoint", "10.100.0.400"),
        without(UNBOUND, "expressRouteInterface", "hn7"),
        without(UNBOUND, "neighbours", []),
        without(UNBOUND, "statics", [{"destination": "nobody.tunnel/32", "interface": "hn0", "nextHop": "10.0.0.1"}]),
        without(UNBOUND, "statics", [{"destination": "10.0.0.1/24", "interface": "hn0", "nextHop": "10.0.0.1"}]),
        {},
    ],
)
def test_a_contract_that_says_too_little_is_refused(contract: dict[str, object]) -> None:
    with pytest.raises(Problems, match="device-contract"):
        read_contract(contract, known)


def test_the_providers_router_announces_the_endpoint_to_the_hubs_circuit_only() -> None:
    (mcr,) = provider_routers(topology())
    assert (mcr.name, mcr.asn) == ("provider-mcr", 65001)
    links = {link.circuit: link for link in mcr.links}
    assert links["azure-er-circuit"].announces == ("10.100.0.4/32",)
    assert links["branch-er-circuit"].announces == ()
    assert (str(links["branch-er-circuit"].router_address), links["branch-er-circuit"].msee_asn) == (
        "169.254.98.65",
        12076,
    )
    # As the lab's author configured it at the provider: 10.100.0.4/32 to 169.254.98.66.
    (static,) = mcr.statics
    assert (static.prefix, str(static.next_hop)) == ("10.100.0.4/32", "169.254.98.66")
    assert static.circuit == "branch-er-circuit"
    assert unannounced([mcr], [IPv4Address("10.100.0.4"), IPv4Address("10.100.0.5")]) == (IPv4Address("10.100.0.5"),)


def test_without_its_static_the_endpoint_is_unannounced() -> None:
    lost = changed(routers=router("provider-mcr", statics=[]))
    assert unannounced(provider_routers(lost), [IPv4Address("10.100.0.4")]) == (IPv4Address("10.100.0.4"),)


def test_an_edges_filters_say_what_it_announces_and_accepts() -> None:
    (device,) = provider_routers(topology((EXAMPLES / "only-the-endpoint.yaml").read_text(encoding="utf-8")))
    (link,) = device.links
    assert (link.announces, link.accepts) == (("10.100.255.4/32",), ())
    assert "    accept only: nothing" in list(device.lines())
