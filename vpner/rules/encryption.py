"""Rules on traffic: what is declared protected is encrypted, in steady state and when something fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vpner.readers.resources import UNKNOWN
from vpner.readers.stack.draft import FORMAT
from vpner.routing.findings import Code
from vpner.routing.internet import flipped_to_internet
from vpner.rules.declared import POLICY
from vpner.rules.model import NO_ROUTERS, flow_verdicts, resource_of
from vpner.rules.network import Network
from vpner.rules.registry import (
    DECLARED,
    MODEL,
    Edit,
    Example,
    Outcome,
    Severity,
    Verdict,
    inconclusive,
    passed,
    predicted,
    rule,
)

_PRIVATE_PEERING = "Learn: Site-to-site VPN over ExpressRoute private peering, 2025"
_PREFERENCE = "Learn: Hub routing preference with Azure Route Server, 2025"
_BOTH = Edit(
    DECLARED,
    "topology.routers.edge.statics",
    [{"prefix": "10.210.0.0/16", "next_hop": "10.200.0.4", "redistribute": True}],
)
"""The site's prefix over ExpressRoute too."""
_PREFERRED = Edit(DECLARED, "intent.0.mode", "preferred")
OVERLAP = "overlap"
"""Code of a problem of the reader: known, and refused by Azure, rather than missing."""
_DECLARE_INTENT = (
    f"declare `intent: [{{from: [PREFIX], to: [PREFIX], mode: required}}]` in the configuration of policy {POLICY}, or "
    "`intent: []` if nothing is to be protected"
)


@rule(
    "network-known",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=("Learn: Virtual network traffic routing, 2025",),
    why="Whether traffic is encrypted follows from every route on its way; what is not known is not guessed",
    remedy="declare what is missing",
    fails=(),
    passes=(Example("the stack and what is declared tell everything"),),
    unknown=(
        NO_ROUTERS,
        Example("the circuit's far end is not declared", (Edit(DECLARED, "topology.circuits", None),)),
        Example("the endpoint is unknown", (Edit("local", "gatewayIpAddress", UNKNOWN),)),
        Example("the routing preference is unknown", (Edit("route-server", "hubRoutingPreference", UNKNOWN),)),
        Example("nobody says what is to be protected", (Edit(DECLARED, "intent", None),)),
    ),
)
def network_known(network: Network) -> Iterator[Verdict]:
    """Everything is known that the routes of protected traffic depend on.

    A network without an intent and without a tunnel over private peering has nothing to protect, and needs nothing.
    """
    if not network.concerned:
        return
    for problem in network.missing:
        if problem.code == OVERLAP:  # `address-spaces-disjoint` reports it
            continue
        remedy = problem.remedy.replace(FORMAT, f"in `topology` of the configuration of policy {POLICY}:")
        yield predicted(replace(problem, remedy=remedy), resource_of(network, problem), Outcome.INCONCLUSIVE)
    if network.topology is not None and network.assessment is None:
        yield inconclusive(None, f"the model came to no result: {network.unsettled}", "report the network", "routing")
    if not network.says_what_is_protected:
        what = "there is a tunnel over private peering, and nobody says what it protects"
        yield inconclusive(None, what, _DECLARE_INTENT, "intent")
    if not network.missing:
        yield passed()


@rule(
    "protected-traffic-encrypted",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=(_PREFERENCE, _PRIVATE_PEERING),
    why="Protected traffic must be encrypted between device and gateway while a tunnel is up",
    remedy="let the tunnel win in both directions",
    fails=(
        Example(
            "ExpressRoute carries the same prefix, and Azure prefers it",
            (_BOTH, Edit("route-server", "hubRoutingPreference", "ExpressRoute")),
        ),
        Example(
            "the tunnel does not bring the prefix, and ExpressRoute does",
            (
                _BOTH,
                Edit(
                    DECLARED,
                    "topology.vpn_connections",
                    [{"name": "hub-to-fw", "imports": {"deny": ["10.210.0.0/16"]}}],
                ),
            ),
        ),
    ),
    passes=(
        Example("only the tunnel brings the site's prefix"),
        Example("both bring it, Azure prefers the tunnel, and the intent allows a fallback", (_BOTH, _PREFERRED)),
    ),
    unknown=(Example("no device says where it sends what", (Edit(DECLARED, "topology.routers.fw.statics", None),)),),
)
def protected_traffic_encrypted(network: Network) -> Iterator[Verdict]:
    """Every protected flow is encrypted in both directions, as the routes stand."""
    yield from flow_verdicts(network, {Code.CLEARTEXT, Code.FLAPPING}, {Code.INCONCLUSIVE})


@rule(
    "encrypted-under-failure",
    Severity.CRITICAL,
    needs=(MODEL,),
    facts=(_PRIVATE_PEERING, "Learn: Using S2S VPN as a backup for ExpressRoute private peering, 2025"),
    why="A failure must not turn protected traffic into cleartext: with `required` never, with `preferred` not while a "
    "tunnel is up",
    remedy="filter what ExpressRoute carries, so that only the tunnel endpoints' /32 travel over it",
    fails=(
        Example("the intent is required, and ExpressRoute covers the site when the tunnel is down", (_BOTH,)),
        Example(
            "a default route over ExpressRoute covers the site when the tunnel is down",
            (
                Edit(
                    DECLARED,
                    "topology.routers.edge.statics",
                    [{"prefix": "0.0.0.0/0", "next_hop": "10.200.0.4", "redistribute": True}],
                ),
            ),
        ),
    ),
    passes=(
        Example("nothing but the tunnel covers the site"),
        Example("the intent allows the fallback", (_BOTH, _PREFERRED)),
    ),
    unknown=(NO_ROUTERS,),
)
def encrypted_under_failure(network: Network) -> Iterator[Verdict]:
    """No failure and no repair leads to a state in which protected traffic is in clear against its intent's mode."""
    yield from flow_verdicts(network, {Code.CLEARTEXT_UNDER_FAILURE, Code.REQUIRED_HAS_FALLBACK})


@rule(
    "protected-traffic-arrives",
    Severity.HIGH,
    needs=(MODEL,),
    facts=("Learn: Virtual network traffic routing, 2025",),
    why="A tunnel is there, yet protected traffic is lost or goes round in circles",
    remedy="correct the route that decides",
    fails=(
        Example(
            "a user-defined route drops it",
            (
                Edit(
                    DECLARED,
                    "topology.vnets",
                    {"spoke-vnet": {"subnets": {"app": {"prefix": "10.0.1.0/25", "route_table": "blocked"}}}},
                ),
                Edit(
                    DECLARED,
                    "topology.route_tables",
                    {"blocked": {"routes": [{"prefix": "10.210.0.0/16", "next_hop_type": "None"}]}},
                ),
            ),
        ),
    ),
    passes=(Example("the tunnel carries it, and what comes back too"),),
    unknown=(NO_ROUTERS,),
)
def protected_traffic_arrives(network: Network) -> Iterator[Verdict]:
    """No protected flow ends in a loop or a black hole while a tunnel to its site is up."""
    yield from flow_verdicts(network, {Code.LOOP, Code.BLACKHOLE})


@rule(
    "device-services-declared",
    Severity.HIGH,
    needs=(MODEL,),
    facts=(_PRIVATE_PEERING,),
    why="The endpoint's /32 travels over ExpressRoute outside the tunnel, and with it whatever else listens on that "
    "address: management, monitoring, DNS",
    remedy="keep the endpoint's address out of the intent, or declare an exemption for it",
    fails=(
        Example(
            "the intent covers the endpoint's own address",
            (Edit(DECLARED, "intent.0.to", ["10.210.0.0/16", "10.200.0.0/24"]),),
        ),
    ),
    passes=(
        Example("no intent covers the endpoint's address"),
        Example(
            "it is exempt, with a reason and a date",
            (
                Edit(DECLARED, "intent.0.to", ["10.210.0.0/16", "10.200.0.4/32"]),
                Edit(
                    DECLARED,
                    "intent.0.exempt",
                    [{"to": ["10.200.0.4/32"], "reason": "management over SSH", "expires": "2026-12-31"}],
                ),
            ),
        ),
    ),
    unknown=(NO_ROUTERS,),
)
def device_services_declared(network: Network) -> Iterator[Verdict]:
    """No protected flow leads to a device's tunnel endpoint in clear, unless somebody has declared it exempt."""
    yield from flow_verdicts(network, {Code.DEVICE_SERVICE})


@rule(
    "sites-stay-on-expressroute",
    Severity.MEDIUM,
    needs=(MODEL,),
    facts=(_PREFERENCE,),
    why="Hub routing preference holds for every prefix of the hub: set for the tunnels over ExpressRoute, it also "
    "moves a site with a backup VPN over the Internet away from its circuit",
    remedy="announce that site's prefixes more specifically over ExpressRoute, or with a longer path over the Internet "
    "(preference ASPath)",
    fails=(
        Example(
            "another site has ExpressRoute and a VPN over the Internet",
            (
                Edit(DECLARED, "topology.routers.edge.networks", ["10.200.0.4/32", "10.220.0.0/16"]),
                Edit(
                    DECLARED,
                    "topology.routers.branch",
                    {"asn": 65030, "addresses": ["203.0.113.9"], "networks": ["10.220.0.0/16"]},
                ),
                Edit(
                    DECLARED,
                    "topology.vpn_connections",
                    [{"name": "to-branch", "gateway": "hub-vpngw", "remote": "branch", "remote_ip": "10.220.0.1"}],
                ),
            ),
        ),
    ),
    passes=(Example("every VPN runs over ExpressRoute"),),
    unknown=(NO_ROUTERS,),
)
def sites_stay_on_expressroute(network: Network) -> Iterator[Verdict]:
    """No prefix that ExpressRoute brings is sent over the Internet because of the hub's routing preference."""
    found = network.assessment
    if found is None or network.topology is None:
        return
    problems = flipped_to_internet(network.topology, found.solution)
    for problem in problems:
        yield predicted(problem, resource_of(network, problem))
    if not problems:
        yield passed()
