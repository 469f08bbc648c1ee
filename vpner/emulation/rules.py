"""What in an emulation daemons do by themselves, and what is imposed on them from Azure's documentation.

Agreement about a *standard* rule says something about the rule: independent software does the same. Agreement about an
*assumption* says that the model and the emulation draw the same conclusions from it, not that Azure does what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    STANDARD = "emulated-standard"
    ASSUMPTION = "emulated-assumption"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the routing model, by the ids of its facts where it has some, and who follows it in an emulation."""

    facts: tuple[str, ...]
    basis: Basis
    how: str


RULES = (
    Rule(("longest-prefix-match",), Basis.STANDARD, "Linux looks up every packet"),
    Rule(("shortest-as-path", "ebgp-over-ibgp", "own-asn-is-a-loop"), Basis.STANDARD, "FRR's best path"),
    Rule(("router-own-routes-first", "router-local-preference", "router-med"), Basis.STANDARD, "FRR's best path"),
    Rule(("ibgp-not-passed-on", "route-server-reflects-unchanged"), Basis.STANDARD, "FRR's iBGP and route reflection"),
    Rule(("device-administrative-distance", "device-own-lookup"), Basis.STANDARD, "FRR's zebra and the device's table"),
    Rule(("tie-oldest-path",), Basis.STANDARD, "FRR's best path among eBGP neighbours, once the first state is found"),
    Rule(("vpn-multipath-with-route-server",), Basis.ASSUMPTION, "routes of the fabrics with several next hops"),
    Rule(("tunnel-uses-gateway-subnet",), Basis.ASSUMPTION, "outer packets go by the fabric's routes of GatewaySubnet"),
    Rule(("hub-routing-preference", "expressroute-over-vpn", "er-gateway-weight-first"), Basis.ASSUMPTION, "weights"),
    Rule(("gateway-own-prefixes-first", "vpn-static-beats-bgp"), Basis.ASSUMPTION, "weights"),
    Rule(("vpn-tunnels-before-route-server",), Basis.ASSUMPTION, "weights"),
    Rule(("as-path-tie-prefers-er",), Basis.ASSUMPTION, "metrics on Route Server's sessions"),
    Rule(("tie-primary-before-secondary", "tie-lowest-address"), Basis.ASSUMPTION, "originator ids, the order of ties"),
    Rule(("router-returns-nothing", "edge-returns-nothing"), Basis.ASSUMPTION, "tags; FRR returns what it has learned"),
    Rule(("router-static-not-to-its-next-hop",), Basis.ASSUMPTION, "prefix lists (RFC 4271, 5.1.3)"),
    Rule(("edge-strips-private-asns", "edge-replaces-gateway-asn"), Basis.ASSUMPTION, "exclude, and as-override"),
    Rule(("msee-accepts-own-asn",), Basis.ASSUMPTION, "allowas-in"),
    Rule(("remote-vnet-traffic",), Basis.ASSUMPTION, "tags of the gateway that announced a prefix"),
    Rule(("branch-to-branch", "gateways-not-transitive", "er-gateway-no-circuit-transit"), Basis.ASSUMPTION, "tags"),
    Rule(("vpn-host-routes-stay", "vpn-static-not-returned", "vpn-default-not-advertised"), Basis.ASSUMPTION, "tags"),
    Rule(("vpn-drops-own-space",), Basis.ASSUMPTION, "prefix lists"),
    Rule(("route-server-programs-nics", "er-gateway-programs-nics", "vpn-gateway-programs-itself"), Basis.ASSUMPTION,
         "the fabrics' routes, set from FRR's tables"),
    Rule(("udr-over-bgp-over-system", "nic-system-routes-beat-bgp", "nic-no-link-local",
          "propagation-off-removes-gateway-routes", "system-drops-private-space",
          "default-route-removes-dropped-space"), Basis.ASSUMPTION, "the fabrics' routes"),
)  # fmt: skip
