"""What is billed, and the longest chain of creations."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.readers.stacks import azure
from vpner.footprint import footprint
from vpner.footprint.costs import UNKNOWN_SKU
from vpner.readers.resources import UNKNOWN, Resource, Snapshot, Value
from vpner.render.footprint import footprint_json, footprint_text


def gateway(name: str, kind: Value = "Vpn", sku: Value = "VpnGw1AZ", **properties: Value) -> Resource:
    given = {"virtualNetworkGatewayName": name, "gatewayType": kind, "sku": {"name": sku}, **properties}
    return azure("VirtualNetworkGateway", name, given)


def billed(*resources: Resource) -> dict[tuple[str, str], int]:
    found = footprint(Snapshot(resources))
    return {(cost.kind.name, cost.sku): len(cost.names) for cost in found.costs}


def test_a_sku_that_is_not_known_or_not_set_is_said_to_be_unknown() -> None:
    absent = azure("VirtualNetworkGateway", "c", {"gatewayType": "Vpn"})
    found = billed(gateway("a"), gateway("b", sku=UNKNOWN), absent)
    assert found == {("VPN gateway", "VpnGw1AZ"): 1, ("VPN gateway", UNKNOWN_SKU): 2}
    assert "VPN gateway  unknown" in footprint_text(footprint(Snapshot([gateway("b", sku=UNKNOWN)])))


def test_a_gateway_whose_type_is_not_known_is_counted_as_nothing_in_particular() -> None:
    found = footprint(Snapshot([gateway("a", kind=UNKNOWN)]))
    assert (found.costs, found.undocumented) == ((), {"VirtualNetworkGateway": 1})
    assert "Not known what these cost: VirtualNetworkGateway 1" in footprint_text(found)


def test_the_type_of_a_gateway_is_read_in_any_spelling() -> None:
    assert billed(gateway("a", kind="VPN"), gateway("b", kind="expressroute", sku="Standard")) == {
        ("VPN gateway", "VpnGw1AZ"): 1,
        ("ExpressRoute gateway", "Standard"): 1,
    }


def test_a_virtual_hub_of_a_virtual_wan_is_no_route_server() -> None:
    hub = azure("VirtualHub", "rs", {"virtualHubName": "rs", "sku": "Standard"})
    wan = azure("VirtualHub", "wan", {"virtualHubName": "wan", "virtualWan": {"id": "x"}})
    assert billed(hub) == {("Route Server", "Standard"): 1}
    assert footprint(Snapshot([wan])).undocumented == {"VirtualHub": 1}


def test_a_kind_without_a_source_is_named_and_what_is_not_azures_is_left_out() -> None:
    nat = azure("NatGateway", "nat", {"sku": {"name": "Standard"}})
    other = Resource("component", "other:index:Site", "component", {})
    assert footprint(Snapshot([nat, other])).undocumented == {"NatGateway": 1}


def test_only_what_does_not_exist_yet_takes_time() -> None:
    built = gateway("built", provisioningState="Succeeded")
    later = replace(gateway("later"), depends_on=("built",))
    found = footprint(Snapshot([later, built]))
    assert [step.name for step in found.chain] == ["VPN gateway later"]
    assert [cost.planned for cost in found.costs] == [1]
    assert footprint(Snapshot([built])).chain == ()
    assert "Nothing is to be created" in footprint_text(footprint(Snapshot([built])))


def test_the_json_has_a_source_for_every_number() -> None:
    document = footprint_json(footprint(Snapshot([gateway("a")])))
    (cost,) = document["costs"]
    assert cost["source"] == "Learn: What is Azure VPN Gateway?, 2026-06-08"
    assert cost["creationMinutes"] == 45
    assert document["creation"]["chain"][0]["documented"] == "45 minutes or more"
    assert all(item["source"] for item in (cost, *document["creation"]["chain"], *document["quotas"]))


MINUTES = {"VirtualNetworkGateway": 45, "VirtualHubIpConfiguration": 30, "BastionHost": 10, "RouteTable": 0}
"""Documented minutes; of a route table no page says any."""


@st.composite
def graphs(draw: st.DrawFn) -> list[Resource]:
    """Resources that wait for some of those before them, in any order."""
    found: list[Resource] = []
    for index in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(sorted(MINUTES)))
        before = draw(st.sets(st.sampled_from([item.urn for item in found]))) if found else set()
        given = {"gatewayType": "Vpn", "provisioningState": draw(st.sampled_from([UNKNOWN, "Succeeded"]))}
        found.append(replace(azure(kind, str(index), given), depends_on=tuple(sorted(before))))
    return draw(st.permutations(found))


def slowest(resource: Resource, by_urn: dict[str, Resource]) -> int:
    """Minutes until a resource exists, by walking every path."""
    own = MINUTES[resource.kind] if resource.get("provisioningState") is UNKNOWN else 0
    return own + max((slowest(by_urn[urn], by_urn) for urn in resource.depends_on), default=0)


@given(graphs())
def test_the_longest_chain_is_the_longest_of_all_paths(resources: list[Resource]) -> None:
    by_urn = {item.urn: item for item in resources}
    expected = max((slowest(item, by_urn) for item in resources), default=0)
    assert footprint(Snapshot(resources)).minutes == expected
