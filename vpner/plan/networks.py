"""Hub, spokes and branch: their address plans, from text to checked values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from vpner.plan.addressing import (
    BASTION_SUBNET,
    GATEWAY_SUBNET,
    ROUTE_SERVER_SUBNET,
    VNet,
    parse_address,
    parse_all,
    parse_prefix,
    static_address,
)
from vpner.plan.skus import unknown_choice
from vpner.problems import Problem

PLATFORM_SUBNETS = (GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, BASTION_SUBNET, "AzureFirewallSubnet")
"""Subnets that Azure's own services live in. They get no network security group and no route table from here."""

NEXT_HOP_TYPES = ("VirtualAppliance", "VnetLocal", "Internet", "VirtualNetworkGateway", "None")


@dataclass(frozen=True, slots=True)
class UserRoute:
    """One user-defined route. ``next_hop`` is set exactly when the type is ``VirtualAppliance``."""

    name: str
    prefix: IPv4Network
    next_hop_type: str
    next_hop: IPv4Address | None


@dataclass(frozen=True, slots=True)
class Network:
    """One virtual network with its workload."""

    name: str
    vnet: VNet
    vm_address: IPv4Address | None = None
    routes: tuple[UserRoute, ...] = ()
    unread: tuple[str, ...] = ()
    """Names of subnets whose prefix could not be read: they are there, and reported already."""

    @property
    def workload_subnets(self) -> tuple[str, ...]:
        """Names of the subnets that are not the platform's, in the order given."""
        return tuple(name for name in self.vnet.subnets if name not in PLATFORM_SUBNETS)

    @property
    def vm_subnet(self) -> str | None:
        """The workload subnet that the test VM's address lies in."""
        return next(
            (n for n in self.workload_subnets if self.vm_address and self.vm_address in self.vnet.subnets[n]), None
        )

    def problems(self) -> Iterator[Problem]:
        """Every rule that the plan breaks; ``where`` is relative to the network's own description."""
        yield from self.vnet.problems()
        if self.vm_address is not None:
            subnet = self.vm_subnet
            if subnet is None and not self.unread:
                yield Problem(
                    "vmAddress",
                    f"{self.vm_address} is in no workload subnet of {self.name}",
                    "A test VM lives in one of the network's own subnets, and never in a platform subnet",
                    f"choose an address in {', '.join(self.workload_subnets) or 'a workload subnet (there is none)'}",
                    "vm-address-outside",
                )
            elif subnet is not None:
                yield from static_address("vmAddress", self.vm_address, self.vnet.subnets[subnet])


def parse_network(
    name: str,
    address_space: Sequence[str],
    subnets: Mapping[str, str],
    vm_address: str | None = None,
    routes: Sequence[Mapping[str, str]] = (),
) -> tuple[Network, list[Problem]]:
    """What could be read of a network's description, and what is wrong with it, relative to the description.

    The network can be compared with others whatever is wrong with it; it is fit to be built if nothing is.
    """
    prefixes, problems = parse_all("addressSpace", address_space)
    if not address_space:
        problems.append(
            Problem(
                "addressSpace",
                "the address space is empty",
                "A virtual network has at least one prefix",
                "write it like [10.0.0.0/24]",
                "address-space-empty",
            )
        )
    placed: dict[str, IPv4Network] = {}
    for subnet, text in subnets.items():
        prefix = parse_prefix(f"subnets.{subnet}", text)
        if isinstance(prefix, Problem):
            problems.append(prefix)
        else:
            placed[subnet] = prefix
    vm = None if vm_address is None else parse_address("vmAddress", vm_address)
    if isinstance(vm, Problem):
        problems.append(vm)
        vm = None
    user_routes: list[UserRoute] = []
    for index, route in enumerate(routes):
        parsed = _parse_route(f"routes[{index}]", route)
        if isinstance(parsed, UserRoute):
            user_routes.append(parsed)
        else:
            problems.extend(parsed)
    unread = tuple(subnet for subnet in subnets if subnet not in placed)
    network = Network(name, VNet(prefixes, placed), vm, tuple(user_routes), unread)
    problems.extend(network.problems())
    return network, problems


def _parse_route(where: str, route: Mapping[str, str]) -> UserRoute | list[Problem]:
    problems: list[Problem] = []
    prefix = parse_prefix(f"{where}.prefix", route["prefix"])
    if isinstance(prefix, Problem):
        problems.append(prefix)
    kind = route["nextHopType"]
    if kind not in NEXT_HOP_TYPES:
        problems.append(unknown_choice(f"{where}.nextHopType", "next hop type", kind, NEXT_HOP_TYPES))
    text = route.get("nextHop")
    next_hop = None if text is None else parse_address(f"{where}.nextHop", text)
    if isinstance(next_hop, Problem):
        problems.append(next_hop)
        next_hop = None
    elif kind in NEXT_HOP_TYPES and (next_hop is not None) != (kind == "VirtualAppliance"):
        problems.append(
            Problem(
                f"{where}.nextHop",
                f"next hop {text or '(none)'} with next hop type {kind}",
                "A next hop address belongs to type VirtualAppliance, and to that type only",
                "give the appliance's address with VirtualAppliance, and none with the other types",
                "next-hop-mismatch",
                "Learn: Virtual network traffic routing",
            )
        )
    if problems or isinstance(prefix, Problem):
        return problems
    return UserRoute(route["name"], prefix, kind, next_hop)


def overlapping_networks(placed: Sequence[tuple[str, Network]]) -> Iterator[Problem]:
    """A problem for each pair of networks that cannot be peered or connected; ``placed`` has each one's key path."""
    for (where, first), (other_where, second) in combinations(placed, 2):
        for index, prefix in enumerate(first.vnet.prefixes):
            for other_index, other in enumerate(second.vnet.prefixes):
                if prefix.overlaps(other):
                    yield Problem(
                        f"{other_where}.addressSpace[{other_index}]",
                        f"{other} of {second.name} overlaps with {prefix} of {first.name} "
                        f"({where}.addressSpace[{index}])",
                        "Azure refuses to peer such networks, and routes between them would be ambiguous",
                        "give one of them addresses of its own",
                        "address-space-overlap",
                        "Learn: Create, change, or delete a virtual network peering",
                    )
        if first.name == second.name:
            yield Problem(
                f"{other_where}.name",
                f"{second.name!r} is the name of {where} too",
                "Names of resources are derived from it and must differ",
                "choose another name",
                "name-taken",
            )


def link_in_network(where: str, link: IPv4Network, network_where: str, network: Network) -> Iterator[Problem]:
    """A problem if a circuit's link lies in a network's address space."""
    for index, prefix in enumerate(network.vnet.prefixes):
        if link.overlaps(prefix):
            yield Problem(
                where,
                f"{link} overlaps with {prefix} of {network.name} ({network_where}.addressSpace[{index}])",
                "Azure refuses a private peering whose links lie in a virtual network that it is connected to",
                "choose a /30 outside every virtual network, for example from 172.16.0.0/12",
                "prefix-overlap",
                "Learn: Create and modify peering for an ExpressRoute circuit",
            )


def required_subnets(network: Network, names: Sequence[str], why: str) -> Iterator[Problem]:
    """A problem for each subnet that the network needs and does not have."""
    for name in names:
        if name not in network.vnet.subnets and name not in network.unread:
            yield Problem(
                "subnets",
                f"{network.name} has no {name}",
                why,
                f"add {name} with a prefix of its own",
                "subnet-missing",
                "Learn: the service's documentation; the name is fixed, with capital letters as written",
            )
