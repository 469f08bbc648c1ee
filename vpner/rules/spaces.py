"""Rules on address spaces: what overlaps is refused by Azure, or never leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from vpner.readers.resources import UNKNOWN
from vpner.rules.encryption import OVERLAP
from vpner.rules.model import NO_ROUTERS
from vpner.rules.network import Network
from vpner.rules.reach import near
from vpner.rules.registry import DECLARED, MODEL, Edit, Example, Severity, Verdict, passed, predicted, rule, violation
from vpner.topology import Topology

_PEERING = "Learn: Create, change, or delete a virtual network peering, 2025"
_ROUTING = "Learn: Virtual network traffic routing, 2025"
_VPN_FAQ = "Learn: VPN Gateway FAQ, BGP and connections, 2026"


@rule(
    "address-spaces-disjoint",
    Severity.HIGH,
    needs=(MODEL,),
    facts=(_PEERING,),
    why="Azure refuses to peer a virtual network with one that it overlaps with, or that another of its peers overlaps "
    "with (VnetAddressSpacesOverlap, VnetAddressSpaceOverlapsWithAlreadyPeeredVnet)",
    remedy="give one of them another address space",
    fails=(
        Example(
            "the spoke's space lies in the hub's", (Edit("vnet", "addressSpace.addressPrefixes", ["10.0.0.0/23"]),)
        ),
        Example(
            "another spoke of the hub overlaps with the spoke",
            (
                Edit(DECLARED, "topology.vnets", {"other-vnet": {"prefixes": ["10.0.1.128/25"]}}),
                Edit(
                    DECLARED,
                    "topology.peerings",
                    [{"vnet": "hub-vnet", "remote": "other-vnet"}, {"vnet": "other-vnet", "remote": "hub-vnet"}],
                ),
            ),
        ),
    ),
    passes=(
        Example("hub and spoke are apart"),
        Example("they touch", (Edit("spoke", "addressSpace.addressPrefixes", ["10.0.1.0/24", "10.0.2.0/24"]),)),
        Example(
            "a network overlaps with the spoke, and they have no peer in common",
            (Edit(DECLARED, "topology.vnets", {"other-vnet": {"prefixes": ["10.0.1.128/25"]}}),),
        ),
    ),
    unknown=(
        Example("a space is unknown", (Edit("spoke", "addressSpace.addressPrefixes", UNKNOWN),)),
        NO_ROUTERS,
    ),
)
def address_spaces_disjoint(network: Network) -> Iterator[Verdict]:
    """Subnets, and address spaces of virtual networks that are peered or have a peer in common, do not overlap."""
    if not network.concerned:
        return
    for problem in network.missing:
        if problem.code == OVERLAP:
            yield predicted(problem)
    topology = network.topology
    if topology is None:
        return
    spaces = {vnet.name: [item for item in vnet.prefixes if isinstance(item, IPv4Network)] for vnet in topology.vnets}
    reported: set[tuple[str, str]] = set()
    for hub in spaces:
        peers = sorted({item.remote for item in topology.peerings if item.vnet == hub} & spaces.keys())
        for first, second in combinations(peers, 2):
            shared = [f"{a} and {b}" for a in spaces[first] for b in spaces[second] if a.overlaps(b)]
            if shared and (first, second) not in reported:
                what = f"{first} and {second} overlap ({', '.join(shared)}), and both are peered with {hub}"
                yield violation(network.named(second), what, where=f"virtual network {second}")
                reported.add((first, second))
    if not reported:
        yield passed()


@rule(
    "protected-site-outside-azure",
    Severity.HIGH,
    needs=(MODEL,),
    facts=(_VPN_FAQ, _ROUTING),
    why="Azure keeps what is addressed to a virtual network's own space inside, whatever a tunnel brings: a site's "
    "prefix that lies in it is never reached",
    remedy="give the site or the virtual network another prefix, or correct the intent",
    fails=(
        Example("the site's prefix lies in a spoke", (Edit(DECLARED, "intent.0.to", ["10.0.1.128/25"]),)),
        Example("it is equal to the hub's", (Edit(DECLARED, "intent.0.to", ["10.210.0.0/16", "10.0.0.0/24"]),)),
    ),
    passes=(
        Example("the site is elsewhere"),
        Example(
            "the intent names an aggregate that covers Azure too", (Edit(DECLARED, "intent.0.to", ["10.0.0.0/8"]),)
        ),
    ),
    unknown=(NO_ROUTERS,),
)
def protected_site_outside_azure(network: Network) -> Iterator[Verdict]:
    """No protected traffic has both its ends inside the virtual networks of one gateway.

    An aggregate that covers a virtual network is common, and right: the more specific system route wins.
    """
    topology = network.topology
    if topology is None or not network.concerned:
        return
    for index, intent in enumerate(topology.intent):
        where = f"intent {intent.name or index}"
        inside = [
            (source, destination, gateway.vnet)
            for gateway in topology.vpn_gateways
            for source in intent.sources
            for destination in intent.destinations
            if _within(topology, gateway.vnet, source) and _within(topology, gateway.vnet, destination)
        ]
        if inside:
            source, destination, home = inside[0]
            what = f"{source} and {destination} both lie in {home} and the networks peered with it"
            yield violation(None, what, where=where)
        else:
            yield passed()


def _within(topology: Topology, home: str, prefix: IPv4Network) -> bool:
    """Whether a prefix lies in the space of a virtual network or of one peered with it."""
    reached = near(topology, home)
    return any(
        isinstance(block, IPv4Network) and prefix.subnet_of(block)
        for vnet in topology.vnets
        if vnet.name in reached
        for block in vnet.prefixes
    )
