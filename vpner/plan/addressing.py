"""Prefixes, subnets and static addresses, by Azure's rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from itertools import combinations

from vpner.problems import Problem

GATEWAY_SUBNET = "GatewaySubnet"
ROUTE_SERVER_SUBNET = "RouteServerSubnet"
BASTION_SUBNET = "AzureBastionSubnet"

RESERVED_AT_START = 4
"""Azure keeps .0 (network), .1 (default gateway), .2 and .3 (DNS) of every subnet, and the last address."""

_VNET_FAQ = "Learn: Azure Virtual Network FAQ"


@dataclass(frozen=True, slots=True)
class _SubnetRule:
    longest: int
    why: str
    source: str


_SUBNET_RULES: Mapping[str, _SubnetRule] = {
    GATEWAY_SUBNET: _SubnetRule(
        27,
        "A VPN gateway and an ExpressRoute gateway in one GatewaySubnet need /27 or larger",
        "Learn: Configure ExpressRoute and site-to-site coexisting connections",
    ),
    ROUTE_SERVER_SUBNET: _SubnetRule(
        26,
        "RouteServerSubnet is /26 or larger",
        "Learn: Azure Route Server quickstart, 2025-09-17 (it was /27 before)",
    ),
    BASTION_SUBNET: _SubnetRule(
        26,
        "AzureBastionSubnet is /26 or larger",
        "Learn: Azure Bastion configuration settings",
    ),
}
_ORDINARY_SUBNET = _SubnetRule(29, "The smallest subnet in Azure is /29", _VNET_FAQ)


def parse_prefix(where: str, value: str) -> IPv4Network | Problem:
    """An IPv4 prefix without host bits, or what is wrong with it."""
    if not _ADDRESS_AND_LENGTH.fullmatch(value):
        return _malformed_prefix(where, value, "it has no length" if "/" not in value else "it has no such length")
    try:
        return IPv4Network(value)
    except (AddressValueError, NetmaskValueError) as error:
        return _malformed_prefix(where, value, str(error))
    except ValueError:
        whole = IPv4Network(value, strict=False)
        address, _, _ = value.partition("/")
        return Problem(
            where,
            f"{value} has host bits set",
            "Azure refuses such a prefix with InvalidCIDRNotation",
            f"write {whole}, or a longer prefix that starts at {address}",
            "prefix-host-bits",
        )


_ADDRESS_AND_LENGTH = re.compile(r"[^/]+/(0|[1-9][0-9]?)")
"""The library would also read an address alone, a netmask and a hostmask."""


def _malformed_prefix(where: str, value: str, reason: str) -> Problem:
    return Problem(
        where,
        f"{value!r} is not an IPv4 prefix ({reason})",
        "Prefixes are written as ADDRESS/LENGTH",
        "write it like 10.0.0.0/24",
        "prefix-malformed",
    )


def parse_address(where: str, value: str) -> IPv4Address | Problem:
    """An IPv4 address, or what is wrong with it."""
    try:
        return IPv4Address(value)
    except AddressValueError as error:
        return Problem(
            where,
            f"{value!r} is not an IPv4 address ({error})",
            "Addresses are written without a length",
            "write it like 10.0.0.4",
            "address-malformed",
        )


def parse_all(where: str, values: Sequence[str]) -> tuple[tuple[IPv4Network, ...], list[Problem]]:
    """Every prefix of a list that is one, and a problem for each that is not."""
    parsed = [parse_prefix(f"{where}[{index}]", value) for index, value in enumerate(values)]
    return (
        tuple(item for item in parsed if isinstance(item, IPv4Network)),
        [item for item in parsed if isinstance(item, Problem)],
    )


@dataclass(frozen=True, slots=True)
class VNet:
    """The addresses of one virtual network."""

    prefixes: tuple[IPv4Network, ...]
    subnets: Mapping[str, IPv4Network]

    def problems(self) -> Iterator[Problem]:
        """Every rule of Azure that the plan breaks; ``where`` is relative to the network's own description."""
        yield from overlaps([(f"addressSpace[{index}]", prefix) for index, prefix in enumerate(self.prefixes)])
        placed = [(f"subnets.{name}", prefix) for name, prefix in self.subnets.items()]
        yield from overlaps(placed)
        for name, prefix in self.subnets.items():
            where = f"subnets.{name}"
            rule = _SUBNET_RULES.get(name, _ORDINARY_SUBNET)
            if prefix.prefixlen > rule.longest:
                yield Problem(
                    where,
                    f"{prefix} is too small",
                    rule.why,
                    f"give it a /{rule.longest} or a shorter prefix",
                    "subnet-too-small",
                    rule.source,
                )
            if not any(prefix.subnet_of(space) for space in self.prefixes):
                yield Problem(
                    where,
                    f"{prefix} is outside the address space {_listed(self.prefixes)}",
                    "Azure refuses such a subnet with NetcfgInvalidSubnet",
                    "move the subnet into the address space, or add a prefix to addressSpace",
                    "subnet-outside-vnet",
                )


def overlaps(named: Iterable[tuple[str, IPv4Network]]) -> Iterator[Problem]:
    """A problem for each pair of prefixes that share an address."""
    for (where, first), (other_where, second) in combinations(named, 2):
        if first.overlaps(second):
            yield Problem(
                where,
                f"{first} overlaps with {second} of {other_where}",
                "Azure refuses overlapping subnets, and peerings between networks whose address spaces overlap",
                "give one of them addresses of its own",
                "prefix-overlap",
                "Learn: Create, change, or delete a virtual network peering",
            )


def static_address(where: str, address: IPv4Address, subnet: IPv4Network) -> Iterator[Problem]:
    """Whether a network interface in the subnet can have the address."""
    usable = range(int(subnet.network_address) + RESERVED_AT_START, int(subnet.broadcast_address))
    if int(address) not in usable:
        yield Problem(
            where,
            f"{address} cannot be given to a network interface in {subnet}",
            "An address must lie in its subnet; Azure keeps the first four and the last of every subnet",
            f"choose one from {IPv4Address(usable[0])} to {IPv4Address(usable[-1])}"
            if usable
            else "make the subnet larger: it has no address left for an interface",
            "address-not-usable",
            _VNET_FAQ,
        )


def default_gateway(subnet: IPv4Network) -> IPv4Address:
    """Azure's virtual router in the subnet: whatever is sent there takes the subnet's effective routes."""
    return IPv4Address(min(int(subnet.network_address) + 1, int(subnet.broadcast_address)))


def _listed(prefixes: Iterable[IPv4Network]) -> str:
    return ", ".join(str(prefix) for prefix in prefixes) or "(empty)"
