"""No rule lets an unknown pass: every property that a rule reads, made unknown wherever it is or may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.rules.test_rules import DECIDED_OTHERWISE, WITHIN_EVERY_LIMIT
from vpner.readers.resources import KINDS, UNKNOWN, Resource
from vpner.rules import RULES, Outcome
from vpner.rules.examples import example_network
from vpner.rules.registry import MODEL, Edit

OTHER_KINDS: Mapping[str, frozenset[str]] = {
    "er-gateway": frozenset({"enablePrivateIpAddress", "activeActive", "enableBgp", "vpnType"}),
    "hub-er-connection": frozenset({"useLocalAzureIpAddress", "ipsecPolicies", "connectionProtocol", "enableBgp"}),
    "appliance-subnet": frozenset({"networkSecurityGroup", "addressPrefixes"}),
    "spoke-subnet": frozenset({"networkSecurityGroup", "addressPrefixes"}),
}
"""Properties that are read of VPN gateways, IPsec connections and platform subnets, which these resources are not."""
ALTERNATIVES = {"addressPrefixes", "fqdn", "expressRoutePort"}
"""Read where the other form of the same is absent: addressPrefix, gatewayIpAddress, a provider's state."""
DECIDED_BY_ANOTHER: Mapping[tuple[str, str, str], str] = {
    ("no-retired-sku", "vpn-gateway", "sku.name"): "az-gateway-sku says so, and is mandatory",
    ("no-retired-sku", "vpn-address-0", "sku.name"): "zonal-gateway-addresses says so, and is mandatory",
    ("no-retired-sku", "vpn-address-1", "sku.name"): "zonal-gateway-addresses says so, and is mandatory",
    ("expressroute-circuit-limit", "vpn-gateway", "sku.name"): "the limit is the ExpressRoute gateway's",
    ("appliance-forwards", "appliance", "ipConfigurations.0.privateIPAddress"): "next-hop-in-reach says so",
    ("device-agrees-with-azure", "local", "bgpSettings.asn"): "no component registers this device",
    ("device-agrees-with-azure", "connection", "ipsecPolicies.0"): "no component registers this device",
    ("device-agrees-with-azure", "appliance", "ipConfigurations.0.privateIPAddress"): "it is no device of a tunnel",
}


def pairs() -> Iterator[Any]:
    """Rule, resource and path; a list is represented by its first item."""
    resources = example_network().snapshot.resources
    for rule in RULES.values():
        for need in rule.needs:
            kind, _, path = need.partition(".")
            if need == MODEL or kind not in KINDS or not path:
                continue
            concrete = path.replace("[]", ".0")
            for resource in resources:
                if resource.kind == kind and (place := settable(resource, concrete)) is not None:
                    yield pytest.param(rule.id, resource.name, place, id=f"{rule.id} {resource.name} {place}")


def settable(resource: Resource, path: str) -> str | None:
    """The path, or as much of it as the resource has: what is not there may be unknown as a whole."""
    holder: Any = resource.properties
    way: list[str] = []
    for key in path.split("."):
        if isinstance(holder, list):
            if int(key) >= len(holder):
                return ".".join(way)
        elif not isinstance(holder, dict):
            return ".".join(way) or None
        way.append(key)
        holder = holder[int(key)] if isinstance(holder, list) else holder.get(key)
        if holder is None:
            return ".".join(way)
    return ".".join(way)


@pytest.mark.parametrize(("rule", "resource", "path"), list(pairs()))
def test_a_rule_does_not_pass_what_it_reads_and_nobody_knows(rule: str, resource: str, path: str) -> None:
    edit = Edit(resource, path, UNKNOWN)
    network = example_network((edit,))
    open_ = [item for item in RULES[rule].run(network) if item.outcome is not Outcome.PASS] or network.missing
    first = path.partition(".")[0]
    decided = (
        DECIDED_OTHERWISE.search(path)
        or (resource, path) in WITHIN_EVERY_LIMIT
        or first in OTHER_KINDS.get(resource, ())
        or path in ALTERNATIVES
        or (rule, resource, path) in DECIDED_BY_ANOTHER
    )
    assert open_ or decided, "an unknown let the network pass"
