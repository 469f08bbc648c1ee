"""From the configuration to each component's arguments. What only Pulumi knows is passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from pulumi import Input, Output
from pulumi_azure_native import Provider
from pydantic import BaseModel

from components.branch_emulation import TRUSTED_SUBNET, UNTRUSTED_SUBNET, BranchEmulationArgs
from components.er_circuit_pair import CircuitArgs, ConnectedGatewayArgs, ErCircuitPairArgs, RouterArgs
from components.hub_spoke import HubSpokeArgs
from components.inputs import (
    ExpressRouteGatewayArgs,
    IntentMode,
    IpsecPolicyArgs,
    NetworkArgs,
    RoutePreference,
    Stage,
    TestVmArgs,
)
from components.ipsec_over_er import ExemptArgs, IntentArgs, IpsecOverErArgs, TunnelDeviceArgs
from components.opnsense_nva import OpnsenseNvaArgs
from components.route_server_preference import RouteServerPeerArgs, RouteServerPreferenceArgs
from vpner.plan import naming
from vpner.plan.addressing import GATEWAY_SUBNET
from vpner.settings import shape

HUB, BRANCH = "hub", "branch"
"""Names of the gateways, as circuits refer to them."""


def hub_spoke(configuration: shape.Configuration, group: Input[str]) -> HubSpokeArgs:
    hub = configuration.hub
    args: HubSpokeArgs = {
        "resource_group_name": group,
        "hub": network(hub),
        "spokes": [network(spoke) for spoke in configuration.spokes],
        "express_route_gateway": _gateway(hub.express_route_gateway),
        "protect": configuration.protect,
        "tags": dict(configuration.tags),
    }
    if configuration.test_vms:
        args["test_vms"] = _test_vms(configuration.test_vms)
    return args


def branch(
    configuration: shape.Configuration, group: Input[str], hub_group: Input[str], hub_provider: Provider | None = None
) -> BranchEmulationArgs:
    """There is a branch. The tunnel's connection is in the hub's group and subscription."""
    description = configuration.branch
    if description is None:
        raise ValueError("the configuration describes no branch")
    args: BranchEmulationArgs = {
        "resource_group_name": group,
        "network": network(description),
        "express_route_gateway": _gateway(description.express_route_gateway),
        "management_prefixes": description.management_prefixes,
        "bastion": description.bastion,
        "protect": configuration.protect,
        "tags": dict(configuration.tags),
    }
    # Without tunnels the workload uses ExpressRoute, as the routes that Azure propagates say.
    if description.appliance and configuration.tunnel.enabled:
        args["appliance_address"] = description.appliance.trusted_address
        if Stage(configuration.stage) is Stage.PROVISIONED:  # before, nothing lives on ExpressRoute
            args["tunnel"] = {
                "resource_group_name": hub_group,
                "name": naming.vpn_connection(configuration.hub.name, description.appliance.name),
            }
            if hub_provider:
                args["tunnel"]["provider"] = hub_provider
    if configuration.test_vms:
        args["test_vms"] = _test_vms(configuration.test_vms)
    return args


def circuit_pair(
    configuration: shape.Configuration,
    group: Input[str],
    gateway_ids: Mapping[str, Input[str]],
    providers: Mapping[str, Provider],
) -> ErCircuitPairArgs:
    """``gateway_ids`` by gateway (``hub``, ``branch``); ``providers`` for those not in the circuits' subscription."""
    owners = {HUB: configuration.hub.name}
    if configuration.branch:
        owners[BRANCH] = configuration.branch.name
    gateways: list[ConnectedGatewayArgs] = []
    for name, owner in owners.items():
        gateway: ConnectedGatewayArgs = {"name": name, "owner": owner, "id": gateway_ids[name]}
        if name in providers:
            gateway["provider"] = providers[name]
        gateways.append(gateway)
    return {
        "resource_group_name": group,
        "stage": Stage(configuration.stage),
        "circuits": [_circuit(circuit, authorize=circuit.gateway in providers) for circuit in configuration.circuits],
        "gateways": gateways,
        "routers": [cast("RouterArgs", _given(router)) for router in configuration.routers],
        "protect": configuration.protect,
        "tags": dict(configuration.tags),
    }


def ipsec(
    configuration: shape.Configuration, group: Input[str], gateway_subnet_id: Input[str], keys: Mapping[str, Input[str]]
) -> IpsecOverErArgs:
    """``keys``: pre-shared keys that are not to be generated, by device."""
    tunnel = configuration.tunnel
    devices: list[TunnelDeviceArgs] = []
    if configuration.branch and configuration.branch.appliance:
        devices.append(_appliance(configuration.branch.appliance))
    devices += [_site_device(device) for site in configuration.sites for device in site.devices]
    for device in devices:
        if device["name"] in keys:
            device["pre_shared_key"] = keys[device["name"]]
    return {
        "resource_group_name": group,
        "name": configuration.hub.name,
        "gateway_subnet_id": gateway_subnet_id,
        "gateway_subnet": configuration.hub.subnets.get(GATEWAY_SUBNET, ""),
        "sku": tunnel.sku,
        "asn": tunnel.asn,
        "apipa": tunnel.apipa,
        "devices": devices,
        "ipsec_policy": cast("IpsecPolicyArgs", _given(tunnel.ipsec_policy)),
        "intent": [_intent(intent) for intent in configuration.intent],
        "stage": Stage(configuration.stage),
        "protect": configuration.protect,
        "tags": dict(configuration.tags),
    }


def nva(
    configuration: shape.Configuration,
    group: Input[str],
    subnet_ids: Mapping[str, Input[str]] | Output[dict[str, str]],
    tunnel_addresses: Input[list[str]],
    pre_shared_keys: Mapping[str, Input[str]] | Output[dict[str, str]],
) -> OpnsenseNvaArgs:
    """``subnet_ids`` by the branch's subnets, ``pre_shared_keys`` by device. There is a branch with an appliance."""
    tunnel, description = configuration.tunnel, configuration.branch
    appliance = description.appliance if description else None
    if description is None or appliance is None:
        raise ValueError("the configuration describes no appliance")
    return {
        "resource_group_name": group,
        "name": appliance.name,
        "size": appliance.size,
        "untrusted_subnet_id": subnet_ids[UNTRUSTED_SUBNET],
        "untrusted_subnet": description.subnets.get(UNTRUSTED_SUBNET, ""),
        "untrusted_address": appliance.untrusted_address,
        "trusted_subnet_id": subnet_ids[TRUSTED_SUBNET],
        "trusted_subnet": description.subnets.get(TRUSTED_SUBNET, ""),
        "trusted_address": appliance.trusted_address,
        "asn": appliance.asn,
        "apipa": appliance.apipa,
        "advertises": appliance.advertises,
        "prepend": appliance.prepend,
        "accepts": [
            *configuration.hub.address_space,
            *(p for spoke in configuration.spokes for p in spoke.address_space),
        ],
        "gateway": {
            "name": naming.vpn_gateway(configuration.hub.name),
            "asn": tunnel.asn,
            "gateway_subnet": configuration.hub.subnets.get(GATEWAY_SUBNET, ""),
            "apipa": appliance.gateway_apipa or [instance[0] for instance in tunnel.apipa if instance],
        },
        "tunnel_addresses": tunnel_addresses,
        "pre_shared_key": pre_shared_keys[appliance.name],
        "ipsec_policy": cast("IpsecPolicyArgs", _given(tunnel.ipsec_policy)),
        "management_prefixes": description.management_prefixes,
        "tags": dict(configuration.tags),
    }


def route_server(
    configuration: shape.Configuration, group: Input[str], subnet_id: Input[str], gateway_ids: Sequence[Input[str]]
) -> RouteServerPreferenceArgs:
    """``gateway_ids``: gateways of the hub that are built before. There is a Route Server."""
    description = configuration.route_server
    if description is None:
        raise ValueError("the configuration describes no Route Server")
    return {
        "resource_group_name": group,
        "name": configuration.hub.name,
        "route_server_subnet_id": subnet_id,
        "gateway_ids": list(gateway_ids),
        "preference": RoutePreference(configuration.preference),
        "branch_to_branch": description.branch_to_branch,
        "peers": [cast("RouteServerPeerArgs", _given(peer)) for peer in description.peers],
        "protect": configuration.protect,
        "tags": dict(configuration.tags),
    }


def _given(model: BaseModel) -> dict[str, object]:
    """A model's fields as a TypedDict has them: without those that are not there."""
    return model.model_dump(exclude_none=True)


def network(description: shape.Network) -> NetworkArgs:
    fields = {"name", "address_space", "subnets", "vm_address", "routes"}
    return cast("NetworkArgs", description.model_dump(include=fields, exclude_none=True))


def _gateway(gateway: shape.ExpressRouteGateway) -> ExpressRouteGatewayArgs:
    return cast("ExpressRouteGatewayArgs", _given(gateway))


def _test_vms(vms: shape.TestVms) -> TestVmArgs:
    return cast("TestVmArgs", _given(vms))


def _circuit(circuit: shape.Circuit, *, authorize: bool) -> CircuitArgs:
    args = cast("CircuitArgs", _given(circuit))
    if authorize and circuit.owned:
        args["authorize"] = True
    return args


def _appliance(appliance: shape.Appliance) -> TunnelDeviceArgs:
    return {
        "name": appliance.name,
        "endpoint": appliance.untrusted_address,
        "asn": appliance.asn,
        "apipa": appliance.apipa,
        "gateway_apipa": appliance.gateway_apipa,
        "advertises": appliance.advertises,
        "prepend": appliance.prepend,
    }


def _site_device(device: shape.SiteDevice) -> TunnelDeviceArgs:
    args: TunnelDeviceArgs = {
        "name": device.name,
        "endpoint": device.endpoint.outside,
        "asn": device.asn,
        "apipa": device.apipa,
        "gateway_apipa": device.gateway_apipa,
        "express_route": {
            "interface": device.express_route_interface,
            "next_hop": device.express_route_next_hop,
        },
        "advertises": device.advertises,
        "prepend": device.prepend,
    }
    if device.endpoint.inside is not None:
        args["express_route"]["address"] = device.endpoint.inside
    return args


def _intent(intent: shape.Intent) -> IntentArgs:
    args: IntentArgs = {
        "name": intent.name,
        "from_prefixes": intent.from_,
        "to_prefixes": intent.to,
        "mode": IntentMode(intent.mode),
        "exempt": [_exempt(exempt) for exempt in intent.exempt],
    }
    if intent.reason is not None:
        args["reason"] = intent.reason
    return args


def _exempt(exempt: shape.Exempt) -> ExemptArgs:
    renamed = {"from_": "from_prefixes", "to": "to_prefixes"}
    return cast("ExemptArgs", {renamed.get(key, key): value for key, value in _given(exempt).items()})
