"""A hub in plain azure-native that knows nothing of this project: no component, literal names, another API version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import network

from policies.declared import POLICY
from tests.policies.support import ArmMocks, judge, sent
from tests.support.mocks import SUBSCRIPTION, build

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
        inside: network.SubnetArgsDict = {"id": ref(subnet, "virtualNetworks/core/subnets/GatewaySubnet")}
        er = network.VirtualNetworkGateway(
            "er",
            virtual_network_gateway_name="er-gw",
            resource_group_name=GROUP,
            gateway_type="ExpressRoute",
            ip_configurations=[{"name": "a", "subnet": inside}],
        )
        vpn = network.VirtualNetworkGateway(
            "vpn",
            **{
                "virtual_network_gateway_name": "vpn-gw",
                "resource_group_name": GROUP,
                "gateway_type": "Vpn",
                "enable_private_ip_address": private,
                "bgp_settings": {"asn": 65515, "bgp_peering_addresses": []},
                "ip_configurations": [{"name": "a", "subnet": inside}],
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
        "devices": [
            {
                "name": "fw",
                "endpoint": "172.16.9.1",
                "expressRouteInterface": "port1",
                "statics": [{"destination": "vpn-gw.instances[0].tunnel/32", "interface": "port1"}],
                "tunnels": [{"remote": "vpn-gw.instances[0].tunnel"}],
                "advertises": ["172.20.0.0/16"],
            }
        ],
        "routers": [{"name": "pe", "links": [{"circuit": "carrier-1"}], "networks": ["172.16.9.1/32"]}],
    }
}
ways = pytest.mark.parametrize("literal", [False, True], ids=["by-reference", "by-literal-id"])
times = pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])


def rules(program: Callable[[], None], *, preview: bool = True, configured: bool = True) -> list[str]:
    monitor, _ = build(program, ArmMocks(unknown=preview))
    return judge(sent(monitor, preview=preview), CONFIGURATION if configured else None).rules


@times
@ways
def test_a_foreign_hub_passes_with_what_lies_outside_azure_in_the_configuration(literal: bool, preview: bool) -> None:
    assert rules(hub(literal=literal), preview=preview) == []


@times
@ways
def test_without_configuration_device_and_router_are_asked_for_and_nothing_else(literal: bool, preview: bool) -> None:
    assert rules(hub(literal=literal), preview=preview, configured=False) == [
        "tunnel-ends-known",
        "endpoint-announced-over-expressroute",
    ]


@times
@ways
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"gateway": {"enable_private_ip_address": None}}, ["private-address-pair"]),
        ({"crypto": False}, ["strong-ipsec-policy"]),
        ({"gateway": {"active_active": True}}, ["device-routes-to-tunnel-addresses"]),
        ({"endpoint": "172.16.9.2"}, ["tunnel-ends-known"]),
        ({"private": None}, ["private-address-pair", "private-address-pair"]),
    ],
)
def test_what_is_wrong_is_found_in_a_foreign_hub(
    options: dict[str, Any], expected: list[str], literal: bool, preview: bool
) -> None:
    assert rules(hub(literal=literal, **options), preview=preview) == expected


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

    assert rules(program, preview=preview) == ["tunnel-ends-known"]


def test_a_pinned_api_version_is_judged_like_the_default_one() -> None:
    monitor, _ = build(hub(literal=True, crypto=False), ArmMocks(unknown=True))
    for versioned in ("azure-native:network/v20230901", "azure-native_network_v20230901:network"):
        resources = sent(monitor, preview=True)
        for item in resources:
            item.type = item.type.replace("azure-native:network", versioned)
        assert judge(resources, CONFIGURATION).rules == ["strong-ipsec-policy"]
