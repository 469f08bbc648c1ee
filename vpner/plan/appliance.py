"""An appliance with two network interfaces in Azure, from text to a checked device plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.plan.addressing import default_gateway, parse_address, parse_all, parse_prefix, static_address
from vpner.plan.bgp import device_apipa, device_asn
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import (
    DevicePlan,
    Interface,
    VpnGateway,
    announcement_problems,
    apipa_per_instance,
    plan_device,
    prepend_problems,
)
from vpner.problems import Problem


@dataclass(frozen=True, slots=True)
class Appliance:
    """An appliance as it was described, addresses still in text."""

    name: str
    untrusted_subnet: str
    untrusted_address: str
    trusted_subnet: str
    trusted_address: str
    asn: int
    apipa: str
    advertises: tuple[str, ...]
    prepend: int = 0
    management: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()


def plan_appliance(
    appliance: Appliance,
    *,
    gateway: str,
    gateway_asn: int,
    gateway_subnet: str,
    gateway_apipa: Sequence[str],
    crypto: CryptoProfile,
) -> tuple[DevicePlan | None, list[Problem]]:
    """The device plan, or every problem with its path in the appliance's arguments, in camelCase.

    ``hn0`` and ``hn1`` are FreeBSD's names for the first and second network interface of an Azure VM.
    """
    problems: list[Problem] = []
    untrusted = _interface("untrusted", "hn0", appliance.untrusted_subnet, appliance.untrusted_address, problems)
    trusted = _interface("trusted", "hn1", appliance.trusted_subnet, appliance.trusted_address, problems)
    advertises, unreadable = parse_all("advertises", appliance.advertises)
    problems += unreadable
    accepts, unreadable = parse_all("accepts", appliance.accepts)
    problems += unreadable
    problems += parse_all("managementPrefixes", appliance.management)[1]
    problems += device_asn("asn", appliance.asn)
    apipa = parse_address("apipa", appliance.apipa)
    problems += [apipa] if isinstance(apipa, Problem) else device_apipa("apipa", apipa)
    subnet = parse_prefix("gateway.gatewaySubnet", gateway_subnet)
    problems += [subnet] if isinstance(subnet, Problem) else []
    inner = [parse_address(f"gateway.apipa[{index}]", text) for index, text in enumerate(gateway_apipa)]
    problems += [item for item in inner if isinstance(item, Problem)]
    problems += [problem.at("ipsecPolicy") for problem in crypto.problems()]
    problems += prepend_problems("prepend", appliance.prepend)
    problems += apipa_per_instance("gateway.apipa", gateway_apipa)
    if isinstance(subnet, IPv4Network):
        problems += announcement_problems("advertises", advertises, subnet)
    if problems or untrusted is None or isinstance(apipa, Problem) or isinstance(subnet, Problem):
        return None, problems
    known = tuple(item for item in inner if isinstance(item, IPv4Address))
    plan = plan_device(
        name=appliance.name,
        asn=appliance.asn,
        endpoint=untrusted.address,
        inside=untrusted.address,
        apipa=apipa,
        gateway=VpnGateway(gateway, gateway_asn, subnet, known),
        expressroute=untrusted,
        lan=trusted,
        crypto=crypto,
        advertises=advertises,
        prepend=appliance.prepend,
        accepts=accepts,
    )
    return plan, []


def _interface(side: str, name: str, subnet: str, address: str, problems: list[Problem]) -> Interface | None:
    prefix = parse_prefix(f"{side}Subnet", subnet)
    parsed = parse_address(f"{side}Address", address)
    found = [item for item in (prefix, parsed) if isinstance(item, Problem)]
    if isinstance(prefix, IPv4Network) and isinstance(parsed, IPv4Address):
        found += static_address(f"{side}Address", parsed, prefix)
        problems += found
        return Interface(name, parsed, default_gateway(prefix), prefix.prefixlen)
    problems += found
    return None
