"""The rule on what devices announce: they have a route to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from vpner.readers.resources import UNKNOWN, has_unknown, mappings
from vpner.readers.stack.draft import prefix, text_list
from vpner.routing.fabric import transit_peers
from vpner.rules.ends import plan_of, private_connections
from vpner.rules.examples import TUNNELS, planned_device
from vpner.rules.network import Network
from vpner.rules.registry import MODEL, Example, Severity, Verdict, inconclusive, passed, rule, violation


@rule(
    "announced-prefix-routed",
    Severity.HIGH,
    needs=("component.devices[]", MODEL),
    facts=("FRRouting: BGP, bgp network import-check, 2025",),
    why="BGP announces a prefix only if the device's routing table holds it; what is not announced is left to "
    "ExpressRoute, or to nobody",
    remedy="add a static to the prefix through the device's inner interface, or take it out of what it announces",
    fails=(
        Example(
            "the plan has an inner interface, and no route there",
            planned_device(interfaces=[{"name": "wan0"}, {"name": "lan0"}]),
        ),
    ),
    passes=(
        Example("no component has a plan"),
        Example("the plan says nothing of the inner side", planned_device(interfaces=[{"name": "wan0"}])),
        Example(
            "there is a static through the inner interface",
            planned_device(
                interfaces=[{"name": "wan0"}, {"name": "lan0"}],
                statics=[
                    *({"destination": f"{item['remote']}/32", "nextHop": "10.200.0.1"} for item in TUNNELS),
                    {"destination": "10.210.0.0/16", "nextHop": "10.210.0.1"},
                ],
            ),
        ),
    ),
    unknown=(
        Example(
            "a destination is unknown",
            planned_device(
                interfaces=[{"name": "wan0"}, {"name": "lan0"}],
                statics=[
                    *({"destination": f"{item['remote']}/32", "nextHop": "10.200.0.1"} for item in TUNNELS),
                    {"destination": UNKNOWN, "nextHop": "10.210.0.1"},
                ],
            ),
        ),
    ),
)
def announced_prefix_routed(network: Network) -> Iterator[Verdict]:
    """A planned device with an inner interface has a route to what it announces of protected traffic's ends."""
    for connection in private_connections(network):
        plan = plan_of(network, connection)
        statics = plan.get("statics")
        routed = {prefix(item.get("destination")) for item in mappings(statics)}
        announced = [item for item in map(prefix, text_list(plan.get("advertises"))) if item is not None]
        missing = [str(item) for item in _deciding(network, announced) if item not in routed]
        if len(mappings(plan.get("interfaces"))) < 2 or not missing:
            yield passed(connection.resource)
        elif has_unknown(statics):
            what = f"{plan.get('name')} announces {', '.join(missing)}, and not all of its statics are known"
            yield inconclusive(connection.resource, what, "register the device's plan with literals")
        else:
            what = f"{plan.get('name')} announces {', '.join(missing)}, and has no route there"
            yield violation(connection.resource, what)


def _deciding(network: Network, announced: Sequence[IPv4Network]) -> Iterator[IPv4Network]:
    """Of the announced prefixes those that decide where protected traffic goes: the longest that covers the site's end
    of an intent, and parts of it."""
    topology = network.topology
    if topology is None:
        return
    homes = {
        home for gateway in topology.vpn_gateways for home in (gateway.vnet, *transit_peers(topology, gateway.vnet))
    }
    azure = [
        item for vnet in topology.vnets if vnet.name in homes for item in vnet.prefixes if isinstance(item, IPv4Network)
    ]
    given = {end for intent in topology.intent for end in (*intent.sources, *intent.destinations)}
    ends = {end for end in given if not any(end.subnet_of(item) for item in azure)}
    covering = {end: [item for item in announced if end.subnet_of(item)] for end in ends}
    longest = {max(found, key=lambda item: item.prefixlen) for found in covering.values() if found}
    for item in announced:
        if item in longest or any(item != end and item.subnet_of(end) for end in ends):
            yield item
