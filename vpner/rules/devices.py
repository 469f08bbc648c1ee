"""Rules on the devices' side: what is planned there agrees with Azure's side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address

from vpner.readers.resources import UNKNOWN, Resource, Value, has_unknown, mappings
from vpner.readers.stack.draft import prefix, text_list
from vpner.rules.ends import Ends, plan_of, private_connections
from vpner.rules.examples import TUNNELS, planned_device
from vpner.rules.network import Network, flag, parse_address
from vpner.rules.registry import (
    DECLARED,
    Edit,
    Example,
    Severity,
    Verdict,
    inconclusive,
    passed,
    rule,
    violation,
)
from vpner.topology import Router, Topology

_VPN_FAQ = "Learn: VPN Gateway FAQ, BGP and connections, 2026"
_IKE = "RFC 7296: Internet Key Exchange Protocol Version 2, 2014"
_BGP = "RFC 4271: A Border Gateway Protocol 4, section 6.2, 2006"
_PRIVATE_PEERING = "Learn: Site-to-site VPN over ExpressRoute private peering, 2025"
_CUSTOM = "bgpSettings.bgpPeeringAddresses"


_SECOND = planned_device(name="fw2", endpoint="10.200.0.20")


# Both ends of a connection


@rule(
    "device-agrees-with-azure",
    Severity.CRITICAL,
    needs=(
        "component.devices[]",
        "LocalNetworkGateway.bgpSettings.asn",
        "LocalNetworkGateway.bgpSettings.bgpPeeringAddress",
        "NetworkInterface.ipConfigurations[].privateIPAddress",
        f"VirtualNetworkGateway.{_CUSTOM}[].customBgpIpAddresses[]",
        "VirtualNetworkGateway.activeActive",
        "VirtualNetworkGateway.bgpSettings.asn",
        "VirtualNetworkGatewayConnection.ipsecPolicies[]",
        "VirtualNetworkGatewayConnection.enableBgp",
    ),
    facts=(_IKE, _BGP, _VPN_FAQ),
    why="A tunnel and its BGP session come up if both ends name the same addresses, ASNs and algorithms; what only one "
    "of them says leaves the session down, and its traffic to ExpressRoute or to nobody",
    remedy="write the same at both ends",
    fails=(
        Example("the device has another ASN", (Edit(DECLARED, "topology.routers.fw.asn", 65011),)),
        Example(
            "the device speaks BGP from another address",
            (*planned_device(), Edit("local", "bgpSettings.bgpPeeringAddress", "169.254.21.9")),
        ),
        Example(
            "an instance has another BGP address than the device's neighbour",
            (*planned_device(), Edit("vpn-gateway", f"{_CUSTOM}.0.customBgpIpAddresses", ["169.254.21.6"])),
        ),
        Example("the device has no tunnel to one instance", planned_device(tunnels=TUNNELS[:1])),
        Example("the device has a tunnel without a BGP neighbour", planned_device(neighbours=[])),
        Example("no network interface has the device's address", planned_device(interfaces=[{"address": "10.0.0.20"}])),
        Example("the device offers another group in phase 1", planned_device(ikeProposal="aes256-sha256-modp1024")),
        Example("the device offers no perfect forward secrecy", planned_device(espProposal="aes256gcm16")),
    ),
    passes=(
        Example("ASNs agree, and no component has a plan of the device"),
        Example("the plan of the device says what Azure's side says", planned_device()),
        Example(
            "group 14 under its other name",
            (*planned_device(), Edit("connection", "ipsecPolicies.0.dhGroup", "DHGroup2048")),
        ),
    ),
    unknown=(
        Example("the tunnels of the plan are unknown", planned_device(tunnels=UNKNOWN)),
        Example("the proposal of the plan is unknown", planned_device(ikeProposal=UNKNOWN)),
    ),
)
def device_agrees_with_azure(network: Network) -> Iterator[Verdict]:
    """What a device is planned or declared with agrees with Azure's side of its tunnels.

    What is unknown on Azure's side, or missing there, is the finding of the rule on that property.
    """
    for connection in private_connections(network):
        if not isinstance(connection.gateway, Resource) or not isinstance(connection.local, Resource):
            continue
        plan = plan_of(network, connection)
        ends = Ends(connection.resource, connection.gateway, connection.local, plan)
        wrong = [*_asn(network, ends), *_addresses(network, plan), *ends.tunnels(), *ends.proposals()]
        unknown = [
            key for key in ("asn", "tunnels", "neighbours", "ikeProposal", "espProposal") if has_unknown(plan.get(key))
        ]
        if wrong:
            yield violation(connection.resource, "; ".join(wrong))
        elif unknown:
            what = f"{', '.join(unknown)} of the plan of {plan.get('name')} is unknown"
            yield inconclusive(connection.resource, what, "register the device's plan with literals")
        else:
            yield passed(connection.resource)


def _asn(network: Network, ends: Ends) -> Iterator[str]:
    asn = ends.local.get("bgpSettings.asn")
    if flag(ends.connection, "enableBgp") is not True or not isinstance(asn, int):
        return
    router = _router_of(network.topology, ends.connection)
    device = ends.plan.get("asn") if ends.plan else router.asn if router is not None else None
    if isinstance(device, int) and device != asn:
        yield f"bgpSettings.asn of {ends.local} is {asn}, and the device's ASN {device}"


def _addresses(network: Network, plan: Mapping[str, Value]) -> Iterator[str]:
    """An address of the device in a VNet of the stack is that of a network interface."""
    given = (parse_address(item.get("address")) for item in mappings(plan.get("interfaces")))
    addresses = [item for item in given if isinstance(item, IPv4Address)]
    nics = {
        parse_address(item.get("privateIPAddress"))
        for nic in network.snapshot.of_kind("NetworkInterface")
        for item in mappings(nic.get("ipConfigurations"))
    }
    for vnet in network.snapshot.of_kind("VirtualNetwork"):
        prefixes = [prefix(item) for item in text_list(vnet.get("addressSpace.addressPrefixes"))]
        for item in addresses:
            if any(space is not None and item in space for space in prefixes) and nics.isdisjoint({item, UNKNOWN}):
                yield f"no network interface has {item}, an address of {plan.get('name')} in {vnet}"


def _router_of(topology: Topology | None, connection: Resource) -> Router | None:
    """The device that the connection leads to, as the topology has it."""
    if topology is None:
        return None
    remotes = {item.remote for item in topology.vpn_connections if item.name == connection.physical_name}
    return next((item for item in topology.routers if item.name in remotes), None)


# Every planned device has its connection


@rule(
    "planned-device-connected",
    Severity.CRITICAL,
    needs=("component.devices[]", "component.stage", "LocalNetworkGateway.gatewayIpAddress"),
    facts=(_PRIVATE_PEERING,),
    why="A device with a plan and no connection has no tunnel: its traffic takes ExpressRoute in clear, or is lost",
    remedy="build a VirtualNetworkGatewayConnection to a local network gateway with the device's endpoint",
    fails=(
        Example(
            "a second device has a plan and no connection",
            _SECOND,
        ),
    ),
    passes=(
        Example("no component has a plan"),
        Example("the connection to the planned device is there", planned_device()),
        Example(
            "the stage without connections is not over",
            (*_SECOND, Edit("plan", "stage", "ordered")),
        ),
    ),
    unknown=(
        Example(
            "the stage is unknown",
            (*_SECOND, Edit("plan", "stage", UNKNOWN)),
        ),
    ),
)
def planned_device_connected(network: Network) -> Iterator[Verdict]:
    """Every device with tunnels in its plan has a connection, once the circuits are provisioned.

    Where it is not known where a connection leads, `network-known` says so.
    """
    stages = [item.get("stage") for item in network.components]
    if "ordered" in stages or network.topology is None:
        return
    connected = [item for item in private_connections(network) if isinstance(item.endpoint, IPv4Address)]
    yield from (passed(item.resource) for item in connected)
    endpoints = {item.endpoint for item in connected}
    for component, plan in network.snapshot.registered("device", "devices"):
        if not mappings(plan.get("tunnels")) or parse_address(plan.get("endpoint")) in endpoints:
            continue
        what = f"{plan.get('name')} at {plan.get('endpoint')} has a plan, and no connection leads to it"
        if UNKNOWN in stages:
            yield inconclusive(component, f"{what}; whether that is to be so is unknown (stage)", "register the stage")
        else:
            yield violation(component, what)
