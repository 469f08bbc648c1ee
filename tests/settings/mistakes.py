"""One row for each mistake that somebody can make in a stack's configuration.

Where the rules come from is said at the tests of the planners (tests/plan) that know each rule; here it is the key
path, the code and the value that a user will read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.settings.changes import MISSING

KEY, AUTHORISATION = "recognisable-pre-shared-key", "recognisable-authorisation-key"
CIRCUIT = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network"
CIRCUIT += "/expressRouteCircuits/er1"
FW1 = "sites[0].devices[0]"
NVA = "branch.appliance"


@dataclass(frozen=True)
class Mistake:
    """What was changed in a stack file that was right, and each problem: key path, code, value in its finding."""

    title: str
    stack: str
    changes: Mapping[str, object]
    problems: list[tuple[str, str, str]]
    secret: frozenset[str] = field(default=frozenset())


def prod(title: str, changes: Mapping[str, object], *problems: tuple[str, str, str], secret: str = "") -> Mistake:
    return Mistake(title, "prod", changes, list(problems), frozenset(secret.split()))


def dev(title: str, changes: Mapping[str, object], *problems: tuple[str, str, str], secret: str = "") -> Mistake:
    return Mistake(title, "dev", changes, list(problems), frozenset(secret.split()))


def one(stack: str, title: str, path: str, value: object, code: str, said: str, where: str = "") -> Mistake:
    """One change and one problem, at the same key unless said otherwise."""
    return Mistake(title, stack, {path: value}, [(where or path, code, said)])


def spoke(**changes: Any) -> dict[str, Any]:
    return {"name": "new", "addressSpace": ["10.50.0.0/16"], "subnets": {"app": "10.50.0.0/24"}, **changes}


def route(**keys: str) -> list[dict[str, str]]:
    return [{"name": "r", "prefix": "192.0.2.0/24", **keys}]


SHAPE = [
    one("prod", "unknown key", "huub", {}, "unknown-key", "'huub'"),
    one("prod", "unknown key of the hub", "hub.adressSpace", [], "unknown-key", "'adressSpace'"),
    one("prod", "unknown key of a gateway", "hub.expressRouteGateway.skuu", "x", "unknown-key", "'skuu'"),
    one("prod", "unknown key of a device", f"{FW1}.expressRouteNexthop", "x", "unknown-key", "'expressRouteNexthop'"),
    one("prod", "unknown key of an endpoint", f"{FW1}.endpoint.outsid", "x", "unknown-key", "'outsid'"),
    one("prod", "unknown key of a link", "routers[0].links[1].cirucit", "x", "unknown-key", "'cirucit'"),
    one("prod", "unknown key of the IPsec policy", "tunnel.ipsecPolicy.dhGruop", "x", "unknown-key", "'dhGruop'"),
    one("prod", "key in Python's spelling", "tunnel.ipsec_policy", {}, "unknown-key", "'ipsec_policy'"),
    one("prod", "key that resembles nothing", "zzz", 1, "unknown-key", "'zzz'"),
    one("prod", "no hub", "hub", MISSING, "missing-key", "'hub'"),
    one("prod", "no circuits", "circuits", MISSING, "missing-key", "'circuits'"),
    one("prod", "no name of a spoke", "spokes[1].name", MISSING, "missing-key", "'name'"),
    one("prod", "no outside address", f"{FW1}.endpoint.outside", MISSING, "missing-key", "'outside'"),
    one("prod", "no mode of an intent", "intent[0].mode", MISSING, "missing-key", "'mode'"),
    one("prod", "a number in quotes", f"{FW1}.asn", "65010", "wrong-kind", "'65010'"),
    one("prod", "one prefix instead of a list", "hub.addressSpace", "10.10.0.0/23", "wrong-kind", "'10.10.0.0/23'"),
    one("prod", "a list instead of subnets by name", "hub.subnets", ["10.10.0.0/26"], "wrong-kind", "wrong kind"),
    one("prod", "a number as a subnet", "hub.subnets.shared", 10, "wrong-kind", "10"),
    one("prod", "text instead of true", "tunnel.enabled", "ja", "wrong-kind", "'ja'"),
    one("prod", "an empty name", "spokes[0].name", "", "wrong-kind", "''"),
    one("prod", "plain text for an object", "testVms", "Standard_B1s", "wrong-kind", "plain text"),
    one("prod", "a number for an object", "hub", 4, "wrong-kind", "4"),
    one("prod", "unknown stage", "stage", "provisoned", "unknown-choice", "'provisoned'"),
    one("prod", "unknown preference", "preference", "VPNGateway", "unknown-choice", "'VPNGateway'"),
    one("prod", "unknown mode", "intent[0].mode", "require", "unknown-choice", "'require'"),
]

ADDRESSES = [
    prod(
        "malformed prefix of a spoke",
        {"spokes[2]": spoke(addressSpace=["10.50.0.0/16", "10.51/16"])},
        ("spokes[2].addressSpace[1]", "prefix-malformed", "10.51/16"),
    ),
    one("prod", "host bits", "spokes[0].addressSpace[1]", "10.13.1.0/16", "prefix-host-bits", "10.13.1.0/16"),
    one("prod", "host bits of a subnet", "hub.subnets.new", "10.10.0.129/26", "prefix-host-bits", "10.10.0.129/26"),
    prod(
        "empty address space",
        {"spokes[2]": spoke(addressSpace=[], subnets={})},
        ("spokes[2].addressSpace", "address-space-empty", "empty"),
    ),
    prod(
        "a spoke overlaps with the hub",
        {"spokes[2]": spoke(addressSpace=["10.10.1.0/24"], subnets={})},
        ("spokes[2].addressSpace[0]", "address-space-overlap", "10.10.0.0/23 of weu-hub"),
    ),
    prod(
        "two spokes overlap",
        {"spokes[2]": spoke(addressSpace=["10.12.128.0/24"], subnets={})},
        ("spokes[2].addressSpace[0]", "address-space-overlap", "10.12.0.0/16 of weu-web"),
    ),
    one("dev", "host bits in the lab's hub", "hub.addressSpace[1]", "10.7.0.1/24", "prefix-host-bits", "10.7.0.1/24"),
    one("dev", "branch overlaps with a spoke", "spokes[0].addressSpace[1]", "10.100.0.0/16", "address-space-overlap",
        "10.100.0.0/24 of branch", "branch.addressSpace[0]"),
    one("prod", "two prefixes of the hub overlap", "hub.addressSpace[1]", "10.10.1.128/25", "prefix-overlap",
        "10.10.1.128/25 of addressSpace[1]", "hub.addressSpace[0]"),
    one("prod", "two subnets overlap", "spokes[0].subnets.third", "10.11.16.0/24", "prefix-overlap",
        "10.11.16.0/24 of subnets.third", "spokes[0].subnets.data"),
    one("prod", "subnet outside its network", "spokes[0].subnets.third", "10.99.0.0/24", "subnet-outside-vnet",
        "10.99.0.0/24"),
    one("prod", "subnet too small", "hub.subnets.tiny", "10.10.0.128/30", "subnet-too-small", "10.10.0.128/30"),
    one("prod", "GatewaySubnet too small", "hub.subnets.GatewaySubnet", "10.10.0.0/28", "subnet-too-small",
        "10.10.0.0/28"),
    one("prod", "RouteServerSubnet too small", "hub.subnets.RouteServerSubnet", "10.10.0.64/27", "subnet-too-small",
        "10.10.0.64/27"),
    one("dev", "AzureBastionSubnet too small", "branch.subnets.AzureBastionSubnet", "10.100.0.192/27",
        "subnet-too-small", "10.100.0.192/27"),
    one("prod", "GatewaySubnet missing", "hub.subnets.GatewaySubnet", MISSING, "subnet-missing", "GatewaySubnet",
        "hub.subnets"),
    one("prod", "RouteServerSubnet missing", "hub.subnets.RouteServerSubnet", MISSING, "subnet-missing",
        "RouteServerSubnet", "hub.subnets"),
    one("dev", "the branch's GatewaySubnet missing", "branch.subnets.GatewaySubnet", MISSING, "subnet-missing",
        "GatewaySubnet", "branch.subnets"),
    dev(
        "Bastion without its subnet",
        {"branch.bastion": True, "branch.subnets.AzureBastionSubnet": MISSING},
        ("branch.subnets", "subnet-missing", "AzureBastionSubnet"),
    ),
    one("prod", "two networks of one name", "spokes[1].name", "weu-hub", "name-taken", "'weu-hub'"),
    one("dev", "VM on a reserved address", "hub.vmAddress", "10.0.0.2", "address-not-usable", "10.0.0.2"),
    one("dev", "VM on a subnet's last address", "hub.vmAddress", "10.0.0.31", "address-not-usable", "10.0.0.31"),
    one("dev", "VM outside the network", "spokes[0].vmAddress", "10.0.2.4", "vm-address-outside", "10.0.2.4"),
    one("dev", "VM in GatewaySubnet", "hub.vmAddress", "10.0.0.40", "vm-address-outside", "10.0.0.40"),
    one("dev", "VM address malformed", "hub.vmAddress", "10.0.0.4/27", "address-malformed", "10.0.0.4/27"),
    one("prod", "user route without its appliance", "hub.routes", route(nextHopType="VirtualAppliance"),
        "next-hop-mismatch", "VirtualAppliance", "hub.routes[0].nextHop"),
    one("prod", "user route with a needless address", "spokes[0].routes",
        route(nextHopType="Internet", nextHop="10.0.0.9"), "next-hop-mismatch", "10.0.0.9",
        "spokes[0].routes[0].nextHop"),
    one("prod", "user route of an unknown type", "hub.routes", route(nextHopType="VnetPeering"), "unknown-choice",
        "'VnetPeering'", "hub.routes[0].nextHopType"),
    one("prod", "user route with host bits", "hub.routes",
        [{"name": "r", "prefix": "192.0.2.1/24", "nextHopType": "None"}], "prefix-host-bits", "192.0.2.1/24",
        "hub.routes[0].prefix"),
]  # fmt: skip

GATEWAYS = [
    one("prod", "VPN gateway without zones", "tunnel.sku", "VpnGw2", "vpn-sku-not-zonal", "VpnGw2"),
    one("prod", "misspelt VPN gateway", "tunnel.sku", "VpnGw2ZA", "unknown-choice", "'VpnGw2ZA'"),
    one("prod", "misspelt ExpressRoute gateway", "hub.expressRouteGateway.sku", "ErGw1ZA", "unknown-choice",
        "'ErGw1ZA'"),
    one("dev", "misspelt ExpressRoute gateway of the branch", "branch.expressRouteGateway.sku", "Standart",
        "unknown-choice", "'Standart'"),
    one("prod", "gateway's ASN reserved", "tunnel.asn", 12076, "asn-reserved", "12076"),
    one("prod", "gateway's ASN out of range", "tunnel.asn", 0, "asn-out-of-range", "0"),
    prod(
        "gateway's ASN is the devices'",
        {"tunnel.asn": 65010},
        (f"{FW1}.asn", "asn-shared-with-gateway", "65010"),
        ("sites[0].devices[1].asn", "asn-shared-with-gateway", "65010"),
    ),
    dev(
        "gateway's address outside Azure's range",
        {"tunnel.apipa[1][0]": "169.254.23.0"},
        ("tunnel.apipa[1][0]", "apipa-outside-azure-range", "169.254.23.0"),
    ),
    one("dev", "both instances have one address", "tunnel.apipa[1][0]", "169.254.21.1", "apipa-used-twice",
        "169.254.21.1"),
    one("prod", "three instances", "tunnel.apipa[2]", ["169.254.21.3"], "apipa-per-instance", "3 of 2",
        "tunnel.apipa"),
    one("prod", "weak algorithm", "tunnel.ipsecPolicy.dhGroup", "DHGroup2", "unknown-choice", "'DHGroup2'"),
    one("prod", "GCM without its integrity", "tunnel.ipsecPolicy.ipsecIntegrity", "SHA256", "crypto-gcm-mismatch",
        "SHA256"),
    one("prod", "lifetime too short", "tunnel.ipsecPolicy.saLifeTimeSeconds", 60, "crypto-lifetime", "60"),
]  # fmt: skip

DEVICES = [
    prod(
        "device's ASN is the gateway's default",
        {f"{FW1}.asn": 65515},
        (f"{FW1}.asn", "asn-reserved", "65515"),
        (f"{FW1}.asn", "asn-shared-with-gateway", "65515"),
    ),
    one("prod", "device's ASN is IANA's", f"{FW1}.asn", 64500, "asn-reserved", "64500"),
    one("prod", "device's address is no APIPA", f"{FW1}.apipa", "10.1.1.1", "apipa-malformed", "10.1.1.1"),
    one("prod", "device has the gateway's address", f"{FW1}.apipa", "169.254.22.10", "apipa-used-twice",
        "169.254.22.10"),
    one("prod", "two devices with one address", "sites[0].devices[1].apipa", "169.254.21.1", "device-not-distinct",
        "169.254.21.1"),
    one("prod", "two devices with one endpoint", "sites[0].devices[1].endpoint.outside", "10.200.0.4",
        "device-not-distinct", "10.200.0.4"),
    one("prod", "two devices of one name", "sites[0].devices[1].name", "hq-fw1", "device-not-distinct", "hq-fw1"),
    one("prod", "endpoint malformed", f"{FW1}.endpoint.outside", "hq.example.com", "address-malformed",
        "hq.example.com"),
    one("prod", "inside address malformed", f"{FW1}.endpoint.inside", "192.168.100", "address-malformed",
        "192.168.100"),
    one("prod", "next hop malformed", f"{FW1}.expressRouteNextHop", "gw", "address-malformed", "gw"),
    one("prod", "announcement with host bits", f"{FW1}.advertises[0]", "10.210.0.1/16", "prefix-host-bits",
        "10.210.0.1/16"),
    one("prod", "no address chosen of several", f"{FW1}.gatewayApipa", [], "apipa-not-chosen", "none is chosen"),
    one("prod", "address chosen of no instance", f"{FW1}.gatewayApipa[0]", "169.254.21.3", "apipa-not-of-instance",
        "169.254.21.3"),
    one("prod", "address chosen of one instance", f"{FW1}.gatewayApipa", ["169.254.21.2"], "apipa-per-instance",
        "1 addresses"),
    one("prod", "a site without a device", "sites[1]", {"name": "plant", "devices": []}, "site-without-device",
        "plant", "sites[1].devices"),
    one("prod", "no device at all", "sites", [], "no-device", "no device"),
    one("dev", "appliance on a reserved address", f"{NVA}.untrustedAddress", "10.100.0.3", "address-not-usable",
        "10.100.0.3"),
    one("dev", "appliance outside its subnet", f"{NVA}.trustedAddress", "10.100.0.4", "address-not-usable",
        "10.100.0.4"),
    one("dev", "appliance's announcement malformed", f"{NVA}.advertises[1]", "branch", "prefix-malformed", "branch"),
    one("dev", "appliance prepends too often", f"{NVA}.prepend", 11, "prepend-out-of-range", "11"),
    one("dev", "management prefix with host bits", "branch.managementPrefixes", ["203.0.113.7/24"],
        "prefix-host-bits", "203.0.113.7/24", "branch.managementPrefixes[0]"),
]  # fmt: skip

CIRCUITS = [
    prod(
        "one circuit",
        {"circuits[1]": MISSING, "routers[1]": MISSING},
        ("circuits", "circuit-pair", "1 circuits"),
    ),
    one("prod", "circuit of an unknown gateway", "circuits[0].gateway", "branch", "unknown-choice", "'branch'"),
    one("prod", "circuit neither owned nor existing", "circuits[1].owned", MISSING, "circuit-owned-or-existing",
        "neither", "circuits[1]"),
    one("prod", "circuit owned and existing", "circuits[1].existing", {"id": CIRCUIT}, "circuit-owned-or-existing",
        "owned and existing", "circuits[1]"),
    prod(
        "id of a circuit malformed",
        {"circuits[1].owned": MISSING, "circuits[1].existing": {"id": "er1"}},
        ("circuits[1].existing.id", "circuit-id-malformed", "'er1'"),
    ),
    one("prod", "circuit's SKU misspelt", "circuits[0].owned.sku", "StandardMeteredData", "unknown-choice",
        "'StandardMeteredData'"),
    one("prod", "circuit's bandwidth not sold", "circuits[0].owned.bandwidthInMbps", 75, "unknown-choice", "'75'"),
    one("prod", "layer 2 without VLAN", "circuits[0].vlanId", MISSING, "vlan-missing", "no VLAN"),
    one("prod", "VLAN out of range", "circuits[0].vlanId", 4095, "vlan-out-of-range", "4095"),
    one("prod", "layer 2 without a second link", "routers[0].links[1]", MISSING, "layer2-without-link", "secondary",
        "circuits[0].layer"),
    one("prod", "unknown layer", "circuits[1].layer", 1, "unknown-choice", "'1'"),
    one("prod", "weight out of range", "circuits[1].weight", 32001, "weight-out-of-range", "32001"),
    one("prod", "router's ASN reserved", "routers[1].asn", 12076, "asn-reserved", "12076"),
    one("prod", "link is no /30", "routers[1].links[0].prefix", "172.31.0.8/31", "link-not-30", "172.31.0.8/31"),
    one("prod", "link with host bits", "routers[1].links[0].prefix", "172.31.0.9/30", "prefix-host-bits",
        "172.31.0.9/30"),
    one("prod", "two links overlap", "routers[1].links[0].prefix", "172.31.0.0/30", "prefix-overlap",
        "172.31.0.0/30", "routers[0].links[0].prefix"),
    one("prod", "path linked twice", "routers[1].links[1].path", "primary", "path-linked-twice", "primary",
        "routers[1].links[1]"),
    one("prod", "unknown path", "routers[1].links[1].path", "backup", "unknown-path", "'backup'"),
    one("prod", "link of an unknown circuit", "routers[1].links[1].circuit", "weu-er-paris", "unknown-circuit",
        "'weu-er-paris'"),
    one("prod", "static without a link", "routers[1].statics",
        [{"prefix": "10.9.0.0/32", "circuit": "weu-er-amsterdam"}], "static-without-link",
        "'weu-er-amsterdam'", "routers[1].statics[0].circuit"),
    one("prod", "network of a router malformed", "routers[1].networks[0]", "10.200.0.4/33", "prefix-malformed",
        "10.200.0.4/33"),
]  # fmt: skip

REST = [
    one("prod", "intent without a prefix", "intent[0].to", [], "intent-empty", "no prefix"),
    one("prod", "intent with host bits", "intent[0].from[0]", "10.10.0.1/23", "prefix-host-bits", "10.10.0.1/23"),
    one("prod", "preferred without a reason", "intent[0].mode", "preferred", "intent-without-reason", "preferred",
        "intent[0].reason"),
    one("prod", "exemption without an end", "intent[0].exempt", [{"reason": "monitoring", "expires": "never"}],
        "intent-expiry-malformed", "'never'", "intent[0].exempt[0].expires"),
    one("prod", "required without a tunnel", "tunnel.enabled", False, "intent-without-tunnel", "headquarters",
        "intent[0].mode"),
    one("prod", "preference without Route Server", "routeServer.enabled", False, "preference-without-route-server",
        "VpnGateway", "preference"),
    one("prod", "peer of Route Server with 32 bits", "routeServer.peers",
        [{"name": "nva", "address": "10.10.1.4", "asn": 4200000000}], "asn-not-16-bit", "4200000000",
        "routeServer.peers[0].asn"),
    one("prod", "too many peers of Route Server", "routeServer.peers",
        [{"name": f"nva{n}", "address": f"10.10.1.{n}", "asn": 65001} for n in range(4, 13)], "route-server-peers",
        "9 peers"),
    one("prod", "subscription by name", "subscriptions.hub", "connectivity", "subscription-malformed",
        "'connectivity'"),
    prod(
        "pre-shared key in plain text",
        {"preSharedKeys": {"hq-fw1": KEY}},
        ("preSharedKeys", "secret-in-plain-text", "plain text"),
    ),
    prod(
        "pre-shared key of an unknown device",
        {"preSharedKeys": {"hq-fw3": KEY}},
        ("preSharedKeys.hq-fw3", "key-without-device", "'hq-fw3'"),
        secret="preSharedKeys",
    ),
    prod(
        "authorisation key in plain text",
        {"circuits[1].owned": MISSING, "circuits[1].existing": {"id": CIRCUIT, "authorizationKey": AUTHORISATION}},
        ("circuits[1].existing.authorizationKey", "secret-in-plain-text", "plain text"),
    ),
    prod(
        "several pre-shared keys, all wrong",
        {"preSharedKeys": {"zzz": KEY, "hq-fw2": KEY}},
        ("preSharedKeys", "secret-in-plain-text", "plain text"),
        ("preSharedKeys.zzz", "key-without-device", "'zzz'"),
    ),
]  # fmt: skip

MASKED: list[Mistake] = [
    one("dev", "one instance has no address", "tunnel.apipa[1]", [], "apipa-per-instance", "1 of 2",
        "tunnel.apipa"),
    one("prod", "plain text for the tunnel", "tunnel", "VpnGw1AZ", "wrong-kind", "plain text"),
    one("dev", "the appliance's subnet missing", "branch.subnets.Untrusted-Subnet", MISSING, "subnet-missing",
        "Untrusted-Subnet", "branch.subnets"),
    one("prod", "a link of layer 2 with host bits", "routers[0].links[1].prefix", "172.31.0.5/30",
        "prefix-host-bits", "172.31.0.5/30"),
    dev(
        "the appliance's subnet is one address",
        {"branch.subnets.Untrusted-Subnet": "255.255.255.255/32"},
        ("branch.appliance.untrustedAddress", "address-not-usable", "10.100.0.4"),
        ("branch.subnets.Untrusted-Subnet", "subnet-outside-vnet", "255.255.255.255/32"),
        ("branch.subnets.Untrusted-Subnet", "subnet-too-small", "255.255.255.255/32"),
    ),
    prod(
        "a spoke overlaps with a hub that has another mistake",
        {"hub.vmAddress": "10.10.1.2", "spokes[2]": spoke(addressSpace=["10.10.1.0/24"], subnets={})},
        ("hub.vmAddress", "address-not-usable", "10.10.1.2"),
        ("spokes[2].addressSpace[0]", "address-space-overlap", "10.10.0.0/23"),
    ),
    prod(
        "GatewaySubnet missing beside another mistake",
        {"hub.subnets.GatewaySubnet": MISSING, "hub.vmAddress": "10.10.1.2"},
        ("hub.subnets", "subnet-missing", "GatewaySubnet"),
        ("hub.vmAddress", "address-not-usable", "10.10.1.2"),
    ),
    prod(
        "malformed intent while there is no tunnel",
        {"tunnel.enabled": False, "intent[0].mode": "preferred", "intent[0].reason": "a test",
         "intent[0].to": ["x"]},
        ("intent[0].to[0]", "prefix-malformed", "x"),
    ),
    one("prod", "a prefix without its length", "spokes[0].addressSpace[1]", "10.13.0.0", "prefix-malformed",
        "10.13.0.0"),
    one("prod", "a device prepends too often", f"{FW1}.prepend", 11, "prepend-out-of-range", "11"),
    one("prod", "a link lies in the hub", "routers[0].links[0].prefix", "10.10.1.0/30", "prefix-overlap",
        "10.10.1.0/30"),
]  # fmt: skip
"""Mistakes beside others, each of which must be found, and none of which may be reported twice."""

MISTAKES: list[Mistake] = [*SHAPE, *ADDRESSES, *GATEWAYS, *DEVICES, *CIRCUITS, *REST, *MASKED]
