"""The VPN gateway and the devices at the other end of its tunnels, from text to a checked plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.plan.addressing import parse_address, parse_all, parse_prefix
from vpner.plan.bgp import AZURE_ASN, azure_apipa, device_apipa, device_asn, gateway_asn
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import (
    INSTANCES,
    DevicePlan,
    Interface,
    VpnGateway,
    announcement_problems,
    plan_device,
    prepend_problems,
)
from vpner.plan.skus import vpn_gateway_sku
from vpner.problems import Problem

_FAQ = "Learn: VPN Gateway FAQ, BGP"
DOWN = ("NotConnected", "Connecting")
"""A connection's ``connectionStatus`` while no tunnel of it carries anything."""


@dataclass(frozen=True, slots=True)
class ExpressRouteSide:
    """How a device reaches the circuits. ``address`` is its own there, where a NAT hides it."""

    interface: str
    address: str | None
    next_hop: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device as it was described, addresses still in text."""

    name: str
    endpoint: str
    asn: int
    apipa: str
    gateway_apipa: tuple[str, ...] = ()
    express_route: ExpressRouteSide | None = None
    advertises: tuple[str, ...] = ()
    prepend: int = 0


@dataclass(frozen=True, slots=True)
class TunnelPlan:
    """The checked gateway, its devices, and a device plan for each that is planned here."""

    gateway: str
    gateway_subnet: IPv4Network
    sku: str
    asn: int
    apipa: tuple[tuple[IPv4Address, ...], ...]
    crypto: CryptoProfile
    devices: tuple[Device, ...]
    device_plans: tuple[DevicePlan, ...]

    @property
    def generation(self) -> str:
        """VpnGw1AZ exists as Generation1 only, VpnGw4AZ and 5AZ as Generation2 only; the others are better in 2."""
        return "Generation1" if self.sku == "VpnGw1AZ" else "Generation2"

    def contract(self) -> dict[str, object]:
        """The gateway as a component registers it: camelCase, known at preview, its tunnel addresses by symbol."""
        gateway = VpnGateway(self.gateway, self.asn, self.gateway_subnet, ())
        return {
            "name": self.gateway,
            "asn": self.asn,
            "gatewaySubnet": str(self.gateway_subnet),
            "apipa": [[str(address) for address in instance] for instance in self.apipa],
            "tunnelAddressSymbols": [str(symbol) for symbol in gateway.tunnel_addresses],
            "connections": [
                {"device": device.name, "endpoint": device.endpoint, "asn": device.asn, "apipa": device.apipa}
                for device in self.devices
            ],
        }


def plan_tunnel(
    *,
    gateway: str,
    gateway_subnet: str,
    sku: str,
    asn: int | None,
    apipa: Sequence[Sequence[str]],
    crypto: CryptoProfile,
    devices: Sequence[Device],
) -> tuple[TunnelPlan | None, list[Problem]]:
    """Check everything, then plan each device that says how it reaches the circuits.

    ``where`` of a problem is its path in the arguments, in ARM's camelCase: ``apipa[0][1]``, ``devices[0].asn``.
    """
    problems = list(vpn_gateway_sku("sku", sku))
    number = AZURE_ASN if asn is None else asn
    problems += gateway_asn("asn", number)
    problems += [problem.at("ipsecPolicy") for problem in crypto.problems()]
    subnet = parse_prefix("gatewaySubnet", gateway_subnet)
    if isinstance(subnet, Problem):
        problems.append(subnet)
    instances, found = _instances(apipa)
    problems += found
    for index, device in enumerate(devices):
        problems += [problem.at(f"devices[{index}]") for problem in _device(device, number, instances)]
        if isinstance(subnet, IPv4Network):
            announced = parse_all("advertises", device.advertises)[0]
            found = announcement_problems("advertises", announced, subnet)
            problems += [problem.at(f"devices[{index}]") for problem in found]
    problems += _shared(devices)
    if problems or isinstance(subnet, Problem):
        return None, problems
    plans = [
        _plan(device, device.express_route, gateway, number, subnet, instances, crypto)
        for device in devices
        if device.express_route is not None
    ]
    return TunnelPlan(gateway, subnet, sku, number, instances, crypto, tuple(devices), tuple(plans)), []


def _instances(apipa: Sequence[Sequence[str]]) -> tuple[tuple[tuple[IPv4Address, ...], ...], list[Problem]]:
    problems: list[Problem] = []
    if len(apipa) != INSTANCES or not all(apipa):
        problems.append(
            Problem(
                "apipa",
                f"custom BGP addresses for {sum(1 for item in apipa if item)} of {INSTANCES} gateway instances",
                "An active-active gateway has two instances, and each needs an address of its own inside the tunnels",
                "write a list of addresses for each instance, for example [[169.254.21.1], [169.254.21.2]]",
                "apipa-per-instance",
                "Learn: About active-active VPN gateways",
            )
        )
    parsed: list[tuple[IPv4Address, ...]] = []
    seen: dict[IPv4Address, str] = {}
    for index, instance in enumerate(apipa):
        addresses: list[IPv4Address] = []
        for position, text in enumerate(instance):
            where = f"apipa[{index}][{position}]"
            address = parse_address(where, text)
            if isinstance(address, Problem):
                problems.append(address)
                continue
            problems += azure_apipa(where, address)
            first = seen.setdefault(address, where)
            if first != where:
                problems.append(
                    Problem(
                        where,
                        f"{address} is used twice, in {first} too",
                        "Every instance needs addresses that no other instance has",
                        "choose another one from 169.254.21.0 to 169.254.22.255",
                        "apipa-used-twice",
                        _FAQ,
                    )
                )
            addresses.append(address)
        parsed.append(tuple(addresses))
    return tuple(parsed), problems


def _device(device: Device, gateway: int, instances: tuple[tuple[IPv4Address, ...], ...]) -> Iterator[Problem]:
    endpoint = parse_address("endpoint", device.endpoint)
    if isinstance(endpoint, Problem):
        yield endpoint
    apipa = parse_address("apipa", device.apipa)
    if isinstance(apipa, Problem):
        yield apipa
    else:
        yield from device_apipa("apipa", apipa)
        if any(apipa in instance for instance in instances):
            yield Problem(
                "apipa",
                f"{apipa} is used twice: the gateway has it too",
                "Both ends of a BGP session need an address of their own",
                "choose another one from 169.254.0.1 to 169.254.255.254",
                "apipa-used-twice",
                _FAQ,
            )
    yield from device_asn("asn", device.asn)
    if device.asn == gateway:
        yield Problem(
            "asn",
            f"ASN {device.asn} is the gateway's own",
            "The two ends of a site-to-site connection must have different ASNs",
            "give the device another one",
            "asn-shared-with-gateway",
            _FAQ,
        )
    yield from _chosen_apipa(device, instances)
    yield from parse_all("advertises", device.advertises)[1]
    yield from prepend_problems("prepend", device.prepend)
    if device.express_route is not None:
        texts = {"nextHop": device.express_route.next_hop}
        if device.express_route.address is not None:
            texts["address"] = device.express_route.address
        for key, text in texts.items():
            address = parse_address(f"expressRoute.{key}", text)
            if isinstance(address, Problem):
                yield address


def _chosen_apipa(device: Device, instances: tuple[tuple[IPv4Address, ...], ...]) -> Iterator[Problem]:
    """Which of an instance's addresses a connection uses must be said where there are several."""
    if not device.gateway_apipa:
        if any(len(instance) > 1 for instance in instances):
            yield Problem(
                "gatewayApipa",
                "an instance of the gateway has several BGP addresses, and none is chosen for this device",
                "A connection uses one address of each instance (ARM: gatewayCustomBgpIpAddresses)",
                "list one address of each instance, in the instances' order",
                "apipa-not-chosen",
                _FAQ,
            )
        return
    for index, text in enumerate(device.gateway_apipa):
        address = parse_address(f"gatewayApipa[{index}]", text)
        if isinstance(address, Problem):
            yield address
        elif index >= len(instances) or address not in instances[index]:
            yield Problem(
                f"gatewayApipa[{index}]",
                f"{address} is no BGP address of instance {index}",
                "A connection uses one address of each instance (ARM: gatewayCustomBgpIpAddresses)",
                "list one address of each instance, in the instances' order",
                "apipa-not-of-instance",
                _FAQ,
            )
    if len(device.gateway_apipa) != INSTANCES:
        yield Problem(
            "gatewayApipa",
            f"{len(device.gateway_apipa)} addresses for {INSTANCES} instances",
            "A connection uses one address of each instance (ARM: gatewayCustomBgpIpAddresses)",
            "list one address of each instance, in the instances' order",
            "apipa-per-instance",
            _FAQ,
        )


def _shared(devices: Sequence[Device]) -> Iterator[Problem]:
    """Two devices with one endpoint or BGP address cannot be told apart."""
    for attribute, key in (("name", "name"), ("endpoint", "endpoint"), ("apipa", "apipa")):
        seen: dict[str, int] = {}
        for index, device in enumerate(devices):
            value = str(getattr(device, attribute))
            first = seen.setdefault(value, index)
            if first != index:
                yield Problem(
                    f"devices[{index}].{key}",
                    f"{value} is used twice, by {devices[first].name} too",
                    "Azure tells devices apart by it",
                    "give each device its own",
                    "device-not-distinct",
                    _FAQ,
                )


def _plan(
    device: Device,
    side: ExpressRouteSide,
    gateway: str,
    asn: int,
    subnet: IPv4Network,
    instances: tuple[tuple[IPv4Address, ...], ...],
    crypto: CryptoProfile,
) -> DevicePlan:
    chosen = tuple(IPv4Address(text) for text in device.gateway_apipa) or tuple(instance[0] for instance in instances)
    inside = IPv4Address(side.address or device.endpoint)
    return plan_device(
        name=device.name,
        asn=device.asn,
        endpoint=IPv4Address(device.endpoint),
        inside=inside,
        apipa=IPv4Address(device.apipa),
        gateway=VpnGateway(gateway, asn, subnet, chosen),
        expressroute=Interface(side.interface, inside, IPv4Address(side.next_hop)),
        lan=None,
        crypto=crypto,
        advertises=[IPv4Network(prefix) for prefix in device.advertises],
        prepend=device.prepend,
    )
