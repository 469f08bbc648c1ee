"""A hub in plain azure-native that knows nothing of this project: no component, literal names, another API version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import network

from tests.policies.support import ArmMocks, judge, sent
from tests.support.mocks import SUBSCRIPTION, build
from vpner.rules.declared import POLICY

GROUP = "rg-network"
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network"
STRONG: network.IpsecPolicyArgsDict = {
    "sa_life_time_seconds": 3600,
    "sa_data_size_kilobytes": 102400000,
    "ipsec_encryption": "AES256",
    "ipsec_integrity": "SHA256",
    "ike_encryption": "AES256",
    "ike_integrity": "SHA384",
    "dh_group": "ECP384",
    "pfs_group": "ECP384",
}


def hub(
    *,
    literal: bool,
    private: bool | None = True,
    endpoint: str = "172.16.9.1",
    gateway: dict[str, Any] | None = None,
    crypto: bool = True,
) -> Callable[[], None]:
    """A hub with both gateways and one tunnel; ``literal``: ids are written out, and no output is used."""

    def ref(resource: pulumi.CustomResource, path: str) -> pulumi.Input[str]:
        return f"{NETWORK}/{path}" if literal else resource.id

    def program() -> None:
        vnet = network.VirtualNetwork(
            "vnet",
            virtual_network_name="core",
            resource_group_name=GROUP,
            address_space={"address_prefixes": ["10.0.0.0/16"]},
        )
        subnet = network.Subnet(
            "gws",
            subnet_name="GatewaySubnet",
            virtual_network_name="core" if literal else vnet.name,
            resource_group_name=GROUP,
            address_prefix="10.0.0.0/27",
        )
        network.Subnet(
            "work",
            subnet_name="work",
            virtual_network_name="core" if literal else vnet.name,
            resource_group_name=GROUP,
            address_prefix="10.0.1.0/24",
        )
        inside: network.SubnetArgsDict = {"id": ref(subnet, "virtualNetworks/core/subnets/GatewaySubnet")}
        er = network.VirtualNetworkGateway(
            "er",
            virtual_network_gateway_name="er-gw",
            resource_group_name=GROUP,
            gateway_type="ExpressRoute",
            ip_configurations=[{"name": "a", "subnet": inside}],
        )
        pip = network.PublicIPAddress(
            "pip",
            public_ip_address_name="vpn-gw-pip",
            resource_group_name=GROUP,
            public_ip_allocation_method="Static",
            sku={"name": "Standard"},
            zones=["1", "2", "3"],
        )
        public: network.PublicIPAddressArgsDict = {"id": ref(pip, "publicIPAddresses/vpn-gw-pip")}
        vpn = network.VirtualNetworkGateway(
            "vpn",
            **{
                "virtual_network_gateway_name": "vpn-gw",
                "resource_group_name": GROUP,
                "gateway_type": "Vpn",
                "sku": {"name": "VpnGw2AZ", "tier": "VpnGw2AZ"},
                "enable_private_ip_address": private,
                "bgp_settings": {"asn": 65515, "bgp_peering_addresses": []},
                "ip_configurations": [{"name": "a", "subnet": inside, "public_ip_address": public}],
                **(gateway or {}),
            },
        )
        local = network.LocalNetworkGateway(
            "lng",
            local_network_gateway_name="site",
            resource_group_name=GROUP,
            gateway_ip_address=endpoint,
            local_network_address_space={"address_prefixes": ["172.20.0.0/16"]},
        )
        network.VirtualNetworkGatewayConnection(
            "s2s",
            virtual_network_gateway_connection_name="s2s",
            resource_group_name=GROUP,
            connection_type="IPsec",
            use_local_azure_ip_address=private,
            virtual_network_gateway1={"id": ref(vpn, "virtualNetworkGateways/vpn-gw")},
            local_network_gateway2={"id": ref(local, "localNetworkGateways/site")},
            ipsec_policies=[STRONG] if crypto else None,
        )
        network.VirtualNetworkGatewayConnection(
            "er-conn",
            virtual_network_gateway_connection_name="er-conn",
            resource_group_name=GROUP,
            connection_type="ExpressRoute",
            virtual_network_gateway1={"id": ref(er, "virtualNetworkGateways/er-gw")},
            peer={"id": f"{NETWORK}/expressRouteCircuits/carrier-1"},
        )

    return program


CONFIGURATION: dict[str, dict[str, Any]] = {
    POLICY: {
        "topology": {
            "circuits": {"carrier-1": {"paths": {"primary": {"router": "pe"}}}},
            "routers": {
                "pe": {"asn": 65001, "networks": ["172.16.9.1/32"]},
                "fw": {
                    "addresses": ["172.16.9.1"],
                    "networks": ["172.20.0.0/16"],
                    "statics": [{"prefix": "vpn-gw.instances[0].tunnel", "next_hop": "172.16.9.254"}],
                },
            },
            "vpn_connections": [{"name": "s2s", "remote_static_prefixes": ["10.0.0.0/16"]}],
        },
        "intent": [{"name": "site", "from": ["10.0.0.0/16"], "to": ["172.20.0.0/16"], "mode": "required"}],
    }
}
ways = pytest.mark.parametrize("literal", [False, True], ids=["by-reference", "by-literal-id"])
times = pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])


def rules(
    program: Callable[[], None],
    *,
    preview: bool = True,
    configured: bool = True,
    configuration: dict[str, dict[str, Any]] = CONFIGURATION,
) -> list[str]:
    monitor, _ = build(program, ArmMocks(unknown=preview))
    return judge(sent(monitor, preview=preview), configuration if configured else None).rules


@times
@ways
def test_a_foreign_hub_passes_with_what_lies_outside_azure_in_the_configuration(literal: bool, preview: bool) -> None:
    assert rules(hub(literal=literal), preview=preview) == []


@times
@ways
def test_without_configuration_the_far_end_and_the_intent_are_asked_for_and_nothing_else(
    literal: bool, preview: bool
) -> None:
    assert rules(hub(literal=literal), preview=preview, configured=False) == ["network-known", "network-known"]


@times
@ways
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"gateway": {"enable_private_ip_address": None}},
            {"private-address-pair": 1, "protected-traffic-encrypted": 1},
        ),
        ({"gateway": {"active_active": True}}, {"tunnel-addresses-over-expressroute": 1}),
        ({"endpoint": "172.16.9.2"}, {"endpoint-over-expressroute": 1, "protected-traffic-encrypted": 1}),
        ({"private": None}, {"private-address-pair": 2, "protected-traffic-encrypted": 1}),
    ],
)
def test_what_is_wrong_is_found_in_a_foreign_hub_once_by_its_cause_and_once_by_its_effect(
    options: dict[str, Any], expected: dict[str, int], literal: bool, preview: bool
) -> None:
    assert Counter(rules(hub(literal=literal, **options), preview=preview)) == expected


@times
@ways
def test_an_internet_vpn_beside_expressroute_raises_no_alarm(literal: bool, preview: bool) -> None:
    internet = hub(literal=literal, private=None, endpoint="203.0.113.9")
    assert rules(internet, preview=preview, configured=False) == []


@times
def test_a_gateway_of_another_stack_is_inconclusive(preview: bool) -> None:
    elsewhere = f"{NETWORK}/virtualNetworkGateways/somewhere-else"

    def program() -> None:
        local = network.LocalNetworkGateway(
            "lng", local_network_gateway_name="site", resource_group_name=GROUP, gateway_ip_address="172.16.9.1"
        )
        network.VirtualNetworkGatewayConnection(
            "s2s",
            resource_group_name=GROUP,
            connection_type="IPsec",
            use_local_azure_ip_address=True,
            virtual_network_gateway1={"id": elsewhere},
            local_network_gateway2={"id": local.id},
            ipsec_policies=[STRONG],
        )

    assert rules(program, preview=preview) == ["network-known"]


def test_a_pinned_api_version_is_judged_like_the_default_one() -> None:
    monitor, _ = build(hub(literal=True, crypto=False), ArmMocks(unknown=True))
    for versioned in ("azure-native:network/v20230901", "azure-native_network_v20230901:network"):
        resources = sent(monitor, preview=True)
        for item in resources:
            item.type = item.type.replace("azure-native:network", versioned)
        assert "explicit-ipsec-policy" in judge(resources, CONFIGURATION).rules


SPOKES_STACK = {
    POLICY: {
        "topology": {
            "vnets": {"core": {"prefixes": ["10.0.0.0/16"], "subnets": {"GatewaySubnet": {"prefix": "10.0.0.0/27"}}}},
            "peerings": [{"vnet": "core", "remote": "app", "allow_gateway_transit": True}],
            "vpn_gateways": {
                "vpn-gw": {"vnet": "core", "instances": [{"tunnel": None, "public": None}]},
            },
            "er_gateways": {"er-gw": {"vnet": "core"}},
            "er_connections": [{"name": "er-conn", "gateway": "er-gw", "circuit": "carrier-1"}],
            **{key: CONFIGURATION[POLICY]["topology"][key] for key in ("circuits", "routers")},
            "vpn_connections": [
                {
                    "name": "s2s",
                    "gateway": "vpn-gw",
                    "remote": "fw",
                    "remote_endpoint": "172.16.9.1",
                    "over": "expressroute",
                    "bgp": False,
                    "static_prefixes": ["172.20.0.0/16"],
                    "remote_static_prefixes": ["10.0.0.0/8"],
                }
            ],
        },
        "intent": [{"name": "site", "from": ["10.1.0.0/16"], "to": ["172.20.0.0/16"], "mode": "required"}],
    }
}


def spoke(route: network.RouteArgsDict | None = None) -> Callable[[], None]:
    """A spoke in a stack of its own, peered to the hub of another stack."""

    def program() -> None:
        vnet = network.VirtualNetwork(
            "vnet",
            virtual_network_name="app",
            resource_group_name=GROUP,
            address_space={"address_prefixes": ["10.1.0.0/16"]},
        )
        table = network.RouteTable(
            "table", route_table_name="app-routes", resource_group_name=GROUP, routes=[route] if route else []
        )
        network.Subnet(
            "work",
            subnet_name="work",
            virtual_network_name=vnet.name,
            resource_group_name=GROUP,
            address_prefix="10.1.0.0/24",
            route_table={"id": table.id},
        )
        network.VirtualNetworkPeering(
            "to-hub",
            virtual_network_peering_name="to-hub",
            virtual_network_name=vnet.name,
            resource_group_name=GROUP,
            remote_virtual_network={"id": f"{NETWORK}/virtualNetworks/core"},
            use_remote_gateways=True,
            allow_forwarded_traffic=True,
            allow_virtual_network_access=True,
        )

    return program


@times
def test_a_spoke_in_a_stack_of_its_own_is_judged_with_the_hub_in_the_configuration(preview: bool) -> None:
    assert rules(spoke(), preview=preview, configuration=SPOKES_STACK) == []
    dropped: network.RouteArgsDict = {"name": "site", "address_prefix": "172.20.0.0/16", "next_hop_type": "None"}
    assert rules(spoke(dropped), preview=preview, configuration=SPOKES_STACK) == ["protected-traffic-arrives"]


@times
def test_a_spoke_without_any_configuration_has_nothing_to_protect(preview: bool) -> None:
    assert rules(spoke(), preview=preview, configured=False) == []


@times
def test_a_spoke_whose_hub_is_not_declared_is_inconclusive_and_the_key_is_named(preview: bool) -> None:
    intent = {POLICY: {"intent": SPOKES_STACK[POLICY]["intent"]}}
    monitor, _ = build(spoke(), ArmMocks(unknown=preview))
    messages = judge(sent(monitor, preview=preview), intent).messages
    assert {item.policyName for item in messages} == {"network-known"}
    assert any("vnets: {core:" in " ".join(item.message.split()) for item in messages)


@times
@ways
def test_a_common_right_design_raises_no_alarm(literal: bool, preview: bool) -> None:
    """Own public range over private peering, two circuits of unequal weight, and a connection without a key, which
    somebody set by hand; a default route over ExpressRoute, with nothing protected."""
    own = {**CONFIGURATION[POLICY]["topology"]["routers"]["fw"], "addresses": ["198.51.100.9"]}
    edge = {"asn": 65001, "networks": ["198.51.100.9/32"]}
    topology = {
        **CONFIGURATION[POLICY]["topology"],
        "routers": {"fw": own, "pe": edge},
        "circuits": {name: {"paths": {"primary": {"router": "pe"}}} for name in ("carrier-1", "carrier-2")},
        "er_connections": [{"name": "second", "gateway": "er-gw", "circuit": "carrier-2", "weight": 100}],
    }
    configuration = {POLICY: {**CONFIGURATION[POLICY], "topology": topology}}
    program = hub(literal=literal, endpoint="198.51.100.9")
    assert rules(program, preview=preview, configuration=configuration) == []
    default = {**topology, "routers": {"fw": own, "pe": {**edge, "networks": ["198.51.100.9/32", "0.0.0.0/0"]}}}
    nothing = {POLICY: {"topology": default, "intent": []}}
    assert rules(program, preview=preview, configuration=nothing) == []
