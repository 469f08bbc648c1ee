"""The VPN gateway with private addresses, and IPsec to each device over ExpressRoute private peering."""

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import NotRequired, TypedDict

import pulumi
from pulumi import Input, Output
from pulumi_azure_native import network
from pulumi_random import RandomPassword

from components.inputs import IntentMode, IpsecPolicyArgs, Stage
from components.key_guard import require_key_in_azure
from components.network import Place, zonal_public_address
from components.options import CONNECTION_TIMEOUTS, GATEWAY_TIMEOUTS, child_of
from vpner.plan import naming
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import INSTANCES
from vpner.plan.intent import intent_problems
from vpner.plan.keys import key_name
from vpner.plan.tunnel import Device, ExpressRouteSide, TunnelPlan, plan_tunnel
from vpner.problems import Problem, refuse


class ExpressRouteSideArgs(TypedDict):
    """How a device reaches the circuits: what its static routes to the tunnel addresses are planned through."""

    interface: str
    """The device's interface on the ExpressRoute side."""
    address: NotRequired[str]
    """Its address there, where a NAT hides it. Default: the endpoint."""
    next_hop: str
    """Its next hop there."""


class TunnelDeviceArgs(TypedDict):
    """A device at the other end of the tunnels."""

    name: str
    """Name of the device."""
    endpoint: str
    """Its tunnel endpoint as Azure sees it: a private address, reached over ExpressRoute."""
    asn: int
    """Its ASN, another one than the gateway's."""
    apipa: str
    """Its BGP address inside the tunnels, from 169.254.0.1 to 169.254.255.254."""
    gateway_apipa: NotRequired[list[str]]
    """The gateway's BGP address for this device, one for each instance. Required if an instance has several.
    Default: the only one of each instance."""
    express_route: NotRequired[ExpressRouteSideArgs]
    """Plan the device's routes and tunnels here. Default: not here; another component plans the device."""
    advertises: NotRequired[list[str]]
    """Prefixes that it announces inside the tunnels. Default: none."""
    prepend: NotRequired[int]
    """How often it adds its own ASN to the path it announces. Default 0."""
    pre_shared_key: NotRequired[pulumi.Input[str]]
    """Pre-shared key of its tunnels, where it cannot be a new one. A secret. Default: generated."""


class ExemptArgs(TypedDict):
    """Traffic that need not be encrypted, with the reason."""

    from_prefixes: NotRequired[list[str]]
    """Prefixes on the Azure side. Default: those of the intent."""
    to_prefixes: NotRequired[list[str]]
    """Prefixes on the other side. Default: those of the intent."""
    protocol: NotRequired[str]
    """tcp, udp or icmp. Default: any."""
    port: NotRequired[int]
    """Destination port. Default: any."""
    reason: str
    """Why it may travel in clear."""
    expires: str
    """Date after which it may not, as YYYY-MM-DD."""


class IntentArgs(TypedDict):
    """Traffic that must be encrypted, in both directions."""

    name: str
    """Name of the intent."""
    from_prefixes: list[str]
    """Prefixes on the Azure side."""
    to_prefixes: list[str]
    """Prefixes on the other side."""
    mode: IntentMode
    """required: never in clear, whatever fails. preferred: encrypted while a tunnel is up."""
    reason: NotRequired[str]
    """Why preferred is enough. Default: none is given."""
    exempt: NotRequired[list[ExemptArgs]]
    """Exceptions. Default: none."""


class IpsecOverErArgs(TypedDict):
    """Inputs of :class:`IpsecOverEr`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of everything."""
    location: NotRequired[pulumi.Input[str]]
    """Azure region. Default: the provider's, else the resource group's."""
    name: str
    """Name of the hub, from which the resources' names are derived."""
    gateway_subnet_id: pulumi.Input[str]
    """ARM id of GatewaySubnet."""
    gateway_subnet: str
    """Prefix of GatewaySubnet: Azure chooses the tunnel addresses from it."""
    sku: str
    """VpnGw1AZ to VpnGw5AZ."""
    asn: NotRequired[int]
    """The gateway's ASN. Default 65515, which Route Server needs."""
    apipa: list[list[str]]
    """BGP addresses of each instance inside the tunnels, from 169.254.21.0 to 169.254.22.255."""
    devices: list[TunnelDeviceArgs]
    """The devices, each with one connection and two tunnels."""
    ipsec_policy: NotRequired[IpsecPolicyArgs]
    """Algorithms and lifetimes. Default: AES256, SHA256, group 14 for IKE; GCMAES256 with PFS2048 for IPsec."""
    intent: NotRequired[list[IntentArgs]]
    """What the tunnels are there to protect; policies judge the network against it. Default: nothing."""
    stage: Stage
    """provisioned: the connections are built. ordered: the gateway only, while the circuits are provisioned."""
    protect: NotRequired[bool]
    """Protect the gateway against deletion. Default false."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource. Default: none."""


def crypto_profile(args: IpsecPolicyArgs) -> CryptoProfile:
    """The profile with its defaults filled in."""
    return CryptoProfile(**args)


def plan_ipsec(args: IpsecOverErArgs) -> tuple[TunnelPlan | None, list[Problem]]:
    """The gateway and its devices as a checked plan, and every problem with its path in the arguments."""
    plan, problems = plan_tunnel(
        gateway=naming.vpn_gateway(args["name"]),
        gateway_subnet=args["gateway_subnet"],
        sku=args["sku"],
        asn=args.get("asn"),
        apipa=args["apipa"],
        crypto=crypto_profile(args.get("ipsec_policy", {})),
        devices=[_device(device) for device in args["devices"]],
    )
    intents = [intent_contract(intent) for intent in args.get("intent", [])]
    problems += [problem.at("intent") for problem in intent_problems(intents)]
    return (None if problems else plan), problems


def _device(args: TunnelDeviceArgs) -> Device:
    side = args.get("express_route")
    return Device(
        name=args["name"],
        endpoint=args["endpoint"],
        asn=args["asn"],
        apipa=args["apipa"],
        gateway_apipa=tuple(args.get("gateway_apipa", ())),
        express_route=ExpressRouteSide(side["interface"], side.get("address"), side["next_hop"]) if side else None,
        advertises=tuple(args.get("advertises", ())),
        prepend=args.get("prepend", 0),
    )


class IpsecOverEr(pulumi.ComponentResource):
    """An active-active VPN gateway whose tunnels run over ExpressRoute private peering."""

    gateway_id: pulumi.Output[str]
    """ARM id of the VPN gateway."""
    tunnel_addresses: pulumi.Output[list[str]]
    """Private tunnel address of each instance, chosen by Azure: what a device's tunnels end at."""
    bgp_addresses: pulumi.Output[list[str]]
    """BGP address of each instance in GatewaySubnet: the next hop that network interfaces show."""
    pre_shared_keys: pulumi.Output[dict[str, str]]
    """Generated pre-shared key of each device's tunnels by the device's name (secret)."""
    connection_ids: pulumi.Output[dict[str, str]]
    """ARM id of each connection by the device's name; empty in stage ordered."""

    def __init__(self, name: str, args: IpsecOverErArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpner:index:IpsecOverEr", name, None, opts)
        plan, problems = plan_ipsec(args)
        refuse(f"IpsecOverEr {name!r}", problems)
        assert plan is not None
        place = Place(self, args["resource_group_name"], args.get("location"), args.get("tags", {}))

        gateway = self._gateway(place, name, plan, args["gateway_subnet_id"], protect=args.get("protect", False))
        keys: dict[str, Output[str]] = {}
        connections: dict[str, Output[str]] = {}
        for device, device_args in zip(plan.devices, args["devices"], strict=True):
            key = device_args.get("pre_shared_key")
            if key is None:
                password = key_name(name, device.name)
                key = RandomPassword(password, length=64, special=False, opts=child_of(self)).result
            keys[device.name] = Output.secret(key)
            local = self._local_network_gateway(place, f"{name}-{device.name}", device)
            if Stage(args["stage"]) is Stage.PROVISIONED:
                connections[device.name] = self._connect(
                    place, f"{name}-{device.name}", args["name"], plan, device, gateway, local, keys[device.name]
                ).id

        settings = gateway.bgp_settings
        self.gateway_id = gateway.id
        self.tunnel_addresses = settings.apply(lambda value: _tunnel_addresses(value, plan))
        self.bgp_addresses = settings.apply(_bgp_addresses)
        self.pre_shared_keys = Output.secret(Output.all(**keys))
        self.connection_ids = Output.all(**connections)
        self.register_outputs(
            {
                "stage": Stage(args["stage"]).value,
                "gateway": plan.contract(),
                "devices": [device.contract() for device in plan.device_plans],
                "intent": [intent_contract(intent) for intent in args.get("intent", [])],
                "gatewayId": self.gateway_id,
                "connectionIds": self.connection_ids,
                "tunnelAddresses": self.tunnel_addresses,
                "bgpAddresses": self.bgp_addresses,
            }
        )

    def _gateway(
        self, place: Place, name: str, plan: TunnelPlan, subnet_id: Input[str], *, protect: bool
    ) -> network.VirtualNetworkGateway:
        addresses = [
            zonal_public_address(place, f"{name}-pip{index + 1}", naming.public_address(plan.gateway, index))
            for index in range(INSTANCES)
        ]
        # The BGP addresses refer to the gateway's own ip configurations, so their ids are needed before it exists.
        subscription = Output.from_input(subnet_id).apply(lambda value: value.split("/")[2])
        own = Output.format(
            "/subscriptions/{0}/resourceGroups/{1}/providers/Microsoft.Network/virtualNetworkGateways/{2}",
            subscription,
            place.resource_group_name,
            plan.gateway,
        )
        return network.VirtualNetworkGateway(
            f"{name}-vpngw",
            virtual_network_gateway_name=plan.gateway,
            resource_group_name=place.resource_group_name,
            location=place.location,
            gateway_type="Vpn",
            vpn_type="RouteBased",
            vpn_gateway_generation=plan.generation,
            sku={"name": plan.sku, "tier": plan.sku},
            active_active=True,
            enable_bgp=True,
            enable_private_ip_address=True,
            bgp_settings={
                "asn": plan.asn,
                "bgp_peering_addresses": [
                    {
                        "ipconfiguration_id": Output.concat(own, "/ipConfigurations/", _ip_configuration(index)),
                        "custom_bgp_ip_addresses": [str(address) for address in plan.apipa[index]],
                    }
                    for index in range(INSTANCES)
                ],
            },
            ip_configurations=[
                {
                    "name": _ip_configuration(index),
                    "private_ip_allocation_method": "Dynamic",
                    "subnet": {"id": subnet_id},
                    "public_ip_address": {"id": address.id},
                }
                for index, address in enumerate(addresses)
            ],
            tags=place.tags,
            opts=child_of(self, protect=protect, timeouts=GATEWAY_TIMEOUTS),
        )

    def _local_network_gateway(self, place: Place, logical: str, device: Device) -> network.LocalNetworkGateway:
        # No address prefixes: BGP announces them, and an APIPA peer address cannot be one.
        return network.LocalNetworkGateway(
            f"{logical}-lgw",
            local_network_gateway_name=naming.local_network_gateway(device.name),
            resource_group_name=place.resource_group_name,
            location=place.location,
            gateway_ip_address=device.endpoint,
            bgp_settings={"asn": device.asn, "bgp_peering_address": device.apipa},
            tags=place.tags,
            opts=child_of(self),
        )

    def _connect(
        self,
        place: Place,
        logical: str,
        owner: str,
        plan: TunnelPlan,
        device: Device,
        gateway: network.VirtualNetworkGateway,
        local: network.LocalNetworkGateway,
        key: Output[str],
    ) -> network.VirtualNetworkGatewayConnection:
        crypto = plan.crypto
        custom: list[network.GatewayCustomBgpIpAddressIpConfigurationArgsDict] = [
            {
                "ip_configuration_id": Output.concat(gateway.id, "/ipConfigurations/", _ip_configuration(index)),
                "custom_bgp_ip_address": address,
            }
            for index, address in enumerate(device.gateway_apipa)
        ]
        return network.VirtualNetworkGatewayConnection(
            f"{logical}-connection",
            virtual_network_gateway_connection_name=naming.vpn_connection(owner, device.name),
            resource_group_name=place.resource_group_name,
            location=place.location,
            connection_type="IPsec",
            connection_protocol="IKEv2",
            virtual_network_gateway1={"id": gateway.id},
            local_network_gateway2={"id": local.id},
            enable_bgp=True,
            use_local_azure_ip_address=True,
            gateway_custom_bgp_ip_addresses=custom or None,
            shared_key=key,
            ipsec_policies=[
                {
                    "sa_life_time_seconds": crypto.sa_life_time_seconds,
                    "sa_data_size_kilobytes": crypto.sa_data_size_kilobytes,
                    "ipsec_encryption": crypto.ipsec_encryption,
                    "ipsec_integrity": crypto.ipsec_integrity,
                    "ike_encryption": crypto.ike_encryption,
                    "ike_integrity": crypto.ike_integrity,
                    "dh_group": crypto.dh_group,
                    "pfs_group": crypto.pfs_group,
                }
            ],
            tags=place.tags,
            opts=child_of(
                self,
                timeouts=CONNECTION_TIMEOUTS,
                delete_before_replace=True,
                secret_outputs=["shared_key"],
                hooks=require_key_in_azure(logical),
            ),
        )


def intent_contract(intent: IntentArgs) -> dict[str, object]:
    """An intent in the words of the topology format."""
    entry: dict[str, object] = {
        "name": intent["name"],
        "from": intent["from_prefixes"],
        "to": intent["to_prefixes"],
        "mode": str(intent["mode"]),
    }
    if "reason" in intent:
        entry["reason"] = intent["reason"]
    if "exempt" in intent:
        renamed = {"from_prefixes": "from", "to_prefixes": "to"}
        entry["exempt"] = [{renamed.get(key, key): value for key, value in item.items()} for item in intent["exempt"]]
    return entry


def _ip_configuration(index: int) -> str:
    return "default" if index == 0 else "activeActive"


def _tunnel_addresses(settings: network.outputs.BgpSettingsResponse | None, plan: TunnelPlan) -> list[str]:
    """Each instance's address that lies in GatewaySubnet; Azure lists the public one beside it."""
    return [
        address
        for peering in _instances(settings)
        for address in peering.tunnel_ip_addresses or ()  # ARM leaves it out while the gateway is updating
        if IPv4Address(address) in plan.gateway_subnet
    ]


def _bgp_addresses(settings: network.outputs.BgpSettingsResponse | None) -> list[str]:
    return [address for peering in _instances(settings) for address in peering.default_bgp_ip_addresses or ()]


def _instances(
    settings: network.outputs.BgpSettingsResponse | None,
) -> Sequence[network.outputs.IPConfigurationBgpPeeringAddressResponse]:
    return (settings.bgp_peering_addresses if settings else None) or ()
