"""Rules on BGP inside the tunnels: settings of both ends, and APIPA addresses."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import cast

from vpner.plan.bgp import AZURE_APIPA, AZURE_ASN, device_apipa, device_asn, gateway_asn
from vpner.readers.resources import UNKNOWN, Resource, Value, has_unknown, mappings
from vpner.readers.stack.draft import text_list
from vpner.rules.gateways import ON_TUNNEL, tunnel_gateways
from vpner.rules.network import IpsecConnection, Network, flag, parse_address
from vpner.rules.registry import Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation

_VPN_FAQ = "Learn: VPN Gateway FAQ, BGP and connections, 2026"
_AWS = "Learn: How to connect AWS and Azure using a BGP-enabled VPN gateway, 2026-02-18"
_LINK_LOCAL = IPv4Network("169.254.0.0/16")
_PEERINGS = "bgpSettings.bgpPeeringAddresses"
_PEER = "bgpSettings.bgpPeeringAddress"
_CUSTOM = "customBgpIpAddresses"
_NEEDS_APIPA = (
    *ON_TUNNEL,
    f"VirtualNetworkGateway.{_PEERINGS}[].{_CUSTOM}[]",
    f"LocalNetworkGateway.{_PEER}",
    "VirtualNetworkGatewayConnection.enableBgp",
)
_CUSTOM_0 = f"{_PEERINGS}.0.{_CUSTOM}"
_CUSTOM_1 = f"{_PEERINGS}.1.{_CUSTOM}"
_UNKNOWN_CUSTOM = Example("an instance's addresses are unknown", (Edit("vpn-gateway", _CUSTOM_0, UNKNOWN),))
_UNKNOWN_PEER = Example("the device's BGP address is unknown", (Edit("local", _PEER, UNKNOWN),))
_LITERALS = "write the addresses as literals"


@rule(
    "bgp-on-both-ends",
    Severity.HIGH,
    needs=(
        *ON_TUNNEL,
        "VirtualNetworkGatewayConnection.enableBgp",
        "VirtualNetworkGateway.enableBgp",
        "VirtualNetworkGateway.bgpSettings.asn",
        "LocalNetworkGateway.bgpSettings.asn",
        f"LocalNetworkGateway.{_PEER}",
    ),
    facts=(_VPN_FAQ,),
    why="A connection with enableBgp needs BGP on the gateway, and the device's ASN and BGP address in its local "
    "network gateway; the ASNs must differ, and be none that Azure or IANA has reserved. Otherwise the tunnel has no "
    "routes, and traffic takes ExpressRoute or nothing",
    remedy="set enableBgp: true on the gateway, and bgpSettings: {asn, bgpPeeringAddress} on the local network gateway",
    fails=(
        Example("BGP is off on the gateway", (Edit("vpn-gateway", "enableBgp", False),)),
        Example("the device has no ASN", (Edit("local", "bgpSettings.asn", None),)),
        Example("the device has no BGP address", (Edit("local", _PEER, None),)),
        Example("both ends have the same ASN", (Edit("vpn-gateway", "bgpSettings.asn", 65010),)),
        Example("the device's ASN is Azure's", (Edit("local", "bgpSettings.asn", 65515),)),
        Example("the device's ASN is reserved", (Edit("local", "bgpSettings.asn", 65517),)),
    ),
    passes=(
        Example("BGP is on at both ends, with different ASNs"),
        Example(
            "the connection has no BGP",
            (Edit("connection", "enableBgp", None), Edit("vpn-gateway", "enableBgp", None)),
        ),
        Example("the ASN is left to Azure, which takes 65515", (Edit("vpn-gateway", "bgpSettings.asn", None),)),
    ),
    unknown=(
        Example("whether the gateway has BGP is unknown", (Edit("vpn-gateway", "enableBgp", UNKNOWN),)),
        Example("the device's ASN is unknown", (Edit("local", "bgpSettings.asn", UNKNOWN),)),
        Example("whether the connection has BGP is unknown", (Edit("connection", "enableBgp", UNKNOWN),)),
    ),
)
def bgp_on_both_ends(network: Network) -> Iterator[Verdict]:
    """A connection with BGP finds it on the gateway and on the device, with different, usable ASNs.

    An end that is not in the stack is `network-known`'s finding, and not repeated here.
    """
    for connection in _connections(network):
        gateway, local = connection.gateway, connection.local
        uses = flag(connection.resource, "enableBgp")
        if uses is UNKNOWN:
            yield inconclusive(connection.resource, "enableBgp is unknown", "write enableBgp as a literal")
        elif uses is False:
            yield passed(connection.resource)
        elif isinstance(gateway, Resource) and isinstance(local, Resource):
            yield _both_ends(connection.resource, gateway, local)


def _both_ends(connection: Resource, gateway: Resource, local: Resource) -> Verdict:
    ours, theirs = gateway.get("bgpSettings.asn"), local.get("bgpSettings.asn")
    ours = AZURE_ASN if ours is None else ours
    wrong: list[str] = []
    if flag(gateway, "enableBgp") is False:
        wrong.append(f"enableBgp is not true on {gateway}")
    if isinstance(ours, int):
        wrong += [f"bgpSettings.asn of {gateway}: {problem.what}" for problem in gateway_asn("", ours)]
    wrong += [f"{local} has no {key}" for key in ("bgpSettings.asn", _PEER) if local.get(key) is None]
    if isinstance(theirs, int) and theirs == ours:
        wrong.append(f"bgpSettings.asn is {theirs} on {local} and on the gateway")
    elif isinstance(theirs, int):
        wrong += [f"bgpSettings.asn of {local}: {problem.what}" for problem in device_asn("", theirs)]
    if wrong:
        return violation(connection, f"enableBgp is true, and {'; '.join(wrong)}")
    needed = (
        (gateway, "enableBgp", flag(gateway, "enableBgp")),
        (gateway, "bgpSettings.asn", ours),
        (local, "bgpSettings.asn", theirs),
        (local, _PEER, local.get(_PEER)),
    )
    unknown = [f"{key} of {owner}" for owner, key, value in needed if value is UNKNOWN]
    if unknown:
        return inconclusive(connection, f"{' and '.join(unknown)} is unknown", "write it as a literal")
    return passed(connection)


@rule(
    "apipa-in-range",
    Severity.HIGH,
    needs=_NEEDS_APIPA,
    facts=(_VPN_FAQ, _AWS),
    why="A gateway's custom BGP addresses come from 169.254.21.0 to 169.254.22.255, and a device's link-local address "
    "from 169.254.0.1 to 169.254.255.254; Azure refuses others",
    remedy="choose another address",
    fails=(
        Example("an instance's address is below the range", (Edit("vpn-gateway", _CUSTOM_0, ["169.254.20.255"]),)),
        Example("an instance's address is no link-local one", (Edit("vpn-gateway", _CUSTOM_0, ["10.0.0.46"]),)),
        Example("the device's address is the network's own", (Edit("local", _PEER, "169.254.0.0"),)),
    ),
    passes=(
        Example("each instance's address is in the range"),
        Example("the device's address is in another block", (Edit("local", _PEER, "169.254.0.1"),)),
        Example("the device's BGP address is no link-local one", (Edit("local", _PEER, "10.210.0.1"),)),
    ),
    unknown=(_UNKNOWN_CUSTOM, _UNKNOWN_PEER),
)
def apipa_in_range(network: Network) -> Iterator[Verdict]:
    """Custom BGP addresses of gateways, and link-local ones of devices, are in the ranges that Azure accepts."""
    for gateway in tunnel_gateways(network):
        custom = [item for instance in _custom(gateway) for item in instance]
        wrong = [item for item in custom if not _in_range(item)]
        if wrong:
            listed = ", ".join(wrong)
            remedy = "choose them from 169.254.21.0 to 169.254.22.255, another for each instance"
            yield violation(gateway, f"customBgpIpAddresses has {listed}, outside Azure's range", remedy)
        elif _custom_unknown(gateway):
            yield inconclusive(gateway, "customBgpIpAddresses is unknown", _LITERALS)
        else:
            yield passed(gateway)
    for local in {item.local.urn: item.local for item in _peers(network) if isinstance(item.local, Resource)}.values():
        peer = _peer(local)
        problem = next(device_apipa("", peer), None) if peer is not None and peer in _LINK_LOCAL else None
        if problem is not None:
            yield violation(local, f"{_PEER} is {peer}, which no device can have", problem.remedy)
        elif local.get(_PEER) is UNKNOWN:
            yield inconclusive(local, f"{_PEER} is unknown", _LITERALS)
        else:
            yield passed(local)


@rule(
    "apipa-on-both-ends",
    Severity.HIGH,
    needs=(*_NEEDS_APIPA, "VirtualNetworkGateway.activeActive"),
    facts=(_VPN_FAQ,),
    why="The gateway uses a custom BGP address with a device exactly if the device's is link-local; an instance "
    "without one has no BGP session with that device",
    remedy="give each instance a customBgpIpAddresses entry in bgpSettings.bgpPeeringAddresses",
    fails=(
        Example("the second instance has none", (Edit("vpn-gateway", f"{_PEERINGS}.1", None),)),
        Example("the second instance's list is empty", (Edit("vpn-gateway", _CUSTOM_1, []),)),
        Example("no instance has one", (Edit("vpn-gateway", _PEERINGS, None),)),
    ),
    passes=(
        Example("each instance has one"),
        Example(
            "the device's BGP address is not link-local",
            (Edit("local", _PEER, "10.210.0.1"), Edit("vpn-gateway", _PEERINGS, None)),
        ),
        Example(
            "the gateway has one instance",
            (Edit("vpn-gateway", "activeActive", False), Edit("vpn-gateway", f"{_PEERINGS}.1", None)),
        ),
    ),
    unknown=(
        _UNKNOWN_CUSTOM,
        _UNKNOWN_PEER,
        Example("all instances' addresses are unknown", (Edit("vpn-gateway", _PEERINGS, UNKNOWN),)),
    ),
)
def apipa_on_both_ends(network: Network) -> Iterator[Verdict]:
    """Where a device's BGP address is link-local, each instance of the gateway has a custom one."""
    for connection in _peers(network):
        gateway, local = connection.gateway, connection.local
        if not (isinstance(gateway, Resource) and isinstance(local, Resource)):
            continue
        peer, instances = _peer(local), 2 if gateway.get("activeActive") is True else 1
        having = sum(1 for instance in _custom(gateway) if instance)
        link_local = peer is not None and peer in _LINK_LOCAL
        if local.get(_PEER) is UNKNOWN or (link_local and having < instances and _custom_unknown(gateway)):
            what = f"{_PEER} of {local}" if local.get(_PEER) is UNKNOWN else "customBgpIpAddresses"
            yield inconclusive(gateway, f"{what} is unknown", _LITERALS)
        elif link_local and having < instances:
            what = f"{having} of {instances} instances have customBgpIpAddresses, and {_PEER} of {local} is {peer}"
            yield violation(gateway, what)
        else:
            yield passed(gateway)


@rule(
    "apipa-distinct",
    Severity.HIGH,
    needs=_NEEDS_APIPA,
    facts=(_VPN_FAQ, _AWS),
    why="Link-local BGP addresses must not be used twice among a device and all gateways that it is connected to: "
    "neither side could tell two sessions apart",
    remedy="choose an address that no other instance and no device has",
    fails=(
        Example("both instances have the same", (Edit("vpn-gateway", _CUSTOM_1, ["169.254.21.2"]),)),
        Example("the device has an instance's address", (Edit("local", _PEER, "169.254.22.2"),)),
    ),
    passes=(
        Example("every address is used once"),
        Example("an instance has several", (Edit("vpn-gateway", _CUSTOM_0, ["169.254.21.2", "169.254.21.10"]),)),
    ),
    unknown=(_UNKNOWN_CUSTOM, _UNKNOWN_PEER),
)
def apipa_distinct(network: Network) -> Iterator[Verdict]:
    """No link-local BGP address is used twice among a device and the gateways that it is connected to.

    Gateways without a common device may have the same ones.
    """
    for gateway in tunnel_gateways(network):
        yield _instances_differ(gateway)
    sessions = [
        (item.gateway, item.local)
        for item in _peers(network)
        if isinstance(item.gateway, Resource) and isinstance(item.local, Resource)
    ]
    for gateway, local in sessions:
        peer = _peer(local)
        if peer in _addresses(gateway):
            yield violation(local, f"{_PEER} is {peer}, and {gateway} has it too")
        elif local.get(_PEER) is UNKNOWN:
            yield inconclusive(local, f"{_PEER} is unknown", _LITERALS)
        else:
            yield passed(local)
    for (gateway, local), (other_gateway, other_local) in combinations(sessions, 2):
        same_device = _device(local) == _device(other_local)
        if gateway == other_gateway and not same_device:
            peer = _peer(other_local)
            if peer is not None and peer in _LINK_LOCAL and peer == _peer(local):
                what = f"{_PEER} is {peer}, and {local} has it too, connected to the same gateway"
                yield violation(other_local, what)
        elif gateway != other_gateway and same_device:
            common = sorted(_addresses(gateway) & _addresses(other_gateway))
            if common:
                listed = ", ".join(map(str, common))
                what = f"customBgpIpAddresses has {listed}, and {gateway} has it too, connected to the same device"
                yield violation(other_gateway, what)


def _device(local: Resource) -> str:
    """What tells devices apart: the endpoint, where it is known."""
    endpoint = local.get("gatewayIpAddress")
    return endpoint if isinstance(endpoint, str) else local.urn


def _instances_differ(gateway: Resource) -> Verdict:
    listed = [item for instance in _custom(gateway) for item in instance]
    twice = sorted({item for item in listed if listed.count(item) > 1})
    if twice:
        return violation(gateway, f"customBgpIpAddresses has {', '.join(twice)} twice")
    if _custom_unknown(gateway):
        return inconclusive(gateway, "customBgpIpAddresses is unknown", _LITERALS)
    return passed(gateway)


def _connections(network: Network) -> Iterator[IpsecConnection]:
    return (item for item in network.ipsec_connections if item.over_private_peering is not False)


def _peers(network: Network) -> Iterator[IpsecConnection]:
    """Connections over private peering that have BGP, or may have."""
    return (item for item in _connections(network) if flag(item.resource, "enableBgp") is not False)


def _peer(local: Resource) -> IPv4Address | None:
    found = parse_address(local.get(_PEER))
    return found if isinstance(found, IPv4Address) else None


def _custom(gateway: Resource) -> list[list[str]]:
    """Each instance's custom BGP addresses, as far as they are known."""
    return [text_list(item.get(_CUSTOM)) for item in mappings(gateway.get(_PEERINGS))]


def _addresses(gateway: Resource) -> set[IPv4Address]:
    found = (parse_address(item) for instance in _custom(gateway) for item in instance)
    return {item for item in found if isinstance(item, IPv4Address)}


def _custom_unknown(gateway: Resource) -> bool:
    """Whether any custom address is unknown; the other properties of a peering are Azure's to fill in."""
    peerings = gateway.get(_PEERINGS)
    if not isinstance(peerings, list):
        return peerings is UNKNOWN
    items = cast("list[Value]", peerings)
    return any(item is UNKNOWN for item in items) or any(has_unknown(item.get(_CUSTOM)) for item in mappings(items))


def _in_range(text: str) -> bool:
    address = parse_address(text)
    return isinstance(address, IPv4Address) and any(address in block for block in AZURE_APIPA)
