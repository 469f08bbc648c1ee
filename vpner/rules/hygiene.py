"""Rules on what lies around the tunnel: next hops, forwarding, SKUs that Azure has retired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address

from vpner.readers.resources import UNKNOWN, Resource, Value, look_up, mappings
from vpner.rules.declared import POLICY
from vpner.rules.model import NO_ROUTERS
from vpner.rules.network import Network, flag, parse_address, same_word
from vpner.rules.reach import PLATFORM_SUBNETS, holds, near
from vpner.rules.registry import (
    DECLARED,
    MODEL,
    Edit,
    Example,
    Severity,
    Verdict,
    inconclusive,
    passed,
    rule,
    violation,
)
from vpner.topology import NextHopType, Topology

_ROUTING = "Learn: Virtual network traffic routing, 2025"
_HOP = "routes.0.nextHopIpAddress"
_RESERVED_FIRST = 4
"""Azure keeps the first four addresses of a subnet and the last one."""


@rule(
    "next-hop-reachable",
    Severity.MEDIUM,
    needs=(MODEL,),
    facts=(_ROUTING, "Learn: Azure Virtual Network FAQ, 2025"),
    why="A next hop of type VirtualAppliance must be the address of an interface or load balancer that the subnet "
    "reaches directly: in its own virtual network or one peered with it. Otherwise Azure drops what follows the route",
    remedy="write the address of the appliance's interface, or of the load balancer in front of it",
    fails=(
        Example("the address is in GatewaySubnet", (Edit("spoke-routes", _HOP, "10.0.0.46"),)),
        Example("Azure keeps the address for itself", (Edit("spoke-routes", _HOP, "10.0.0.65"),)),
    ),
    passes=(
        Example("an appliance in the hub"),
        Example(
            "a load balancer that is declared",
            (
                Edit("spoke-routes", _HOP, "10.0.0.90"),
                Edit(
                    DECLARED,
                    "topology.nics",
                    {"balancer": {"vnet": "hub-vnet", "subnet": "appliances", "ip": "10.0.0.90"}},
                ),
            ),
        ),
    ),
    unknown=(
        Example("nobody says what has the address", (Edit("spoke-routes", _HOP, "10.0.0.90"),)),
        Example("the address is unknown", (Edit("spoke-routes", _HOP, UNKNOWN),)),
    ),
)
def next_hop_reachable(network: Network) -> Iterator[Verdict]:
    """A user-defined route to an appliance leads to an address that is there, and within direct reach."""
    topology = network.topology
    if topology is None or not network.concerned:
        return
    owned = {nic.ip for nic in topology.nics}
    owned |= {nic.ip for router in topology.routers for nic in router.nics}
    for table in topology.route_tables:
        resource, where = network.named(table.name), f"route table {table.name}"
        hops = {item.next_hop for item in table.routes if item.next_hop_type is NextHopType.VIRTUAL_APPLIANCE}
        wrong: list[str] = []
        unclear: list[str] = []
        for hop in sorted(item for item in hops if isinstance(item, IPv4Address)):
            problem = _misplaced(topology, table.name, hop)
            if problem is not None:
                wrong.append(problem)
            elif hop not in owned and any(holds(vnet, hop) for vnet in topology.vnets):
                unclear.append(str(hop))
        if wrong:
            yield violation(resource, "; ".join(wrong), where=where)
        elif unclear:
            what = f"nothing that is known has the next hop {', '.join(unclear)}"
            remedy = (
                f"if it is a load balancer's or another stack's, declare `topology: {{nics: {{NAME: {{vnet: VNET, "
                f"subnet: SUBNET, ip: {unclear[0]}}}}}}}` in the configuration of policy {POLICY}"
            )
            yield inconclusive(resource, what, remedy, where)
        else:
            yield passed(resource)


@rule(
    "next-hop-in-reach",
    Severity.HIGH,
    needs=(MODEL,),
    facts=(_ROUTING,),
    why="A next hop of type VirtualAppliance must be in the subnet's own virtual network or in one peered with it; "
    "behind a gateway it is none, and Azure drops what follows the route",
    remedy="write an address in the subnet's own virtual network or in one peered with it",
    fails=(
        Example("no network near by has the address", (Edit("spoke-routes", _HOP, "10.200.0.4"),)),
        Example("it is an appliance of the site's", (Edit("spoke-routes", _HOP, "10.210.0.4"),)),
    ),
    passes=(Example("an appliance in the hub"),),
    unknown=(NO_ROUTERS,),
)
def next_hop_in_reach(network: Network) -> Iterator[Verdict]:
    """A user-defined route to an appliance leads into a virtual network that each of its subnets reaches directly."""
    topology = network.topology
    if topology is None or not network.concerned:
        return
    for table in topology.route_tables:
        resource, where = network.named(table.name), f"route table {table.name}"
        hops = {item.next_hop for item in table.routes if item.next_hop_type is NextHopType.VIRTUAL_APPLIANCE}
        users = sorted(
            vnet.name for vnet in topology.vnets if any(item.route_table == table.name for item in vnet.subnets)
        )
        wrong = [
            f"{user} does not reach the next hop {hop} directly"
            for user in users
            for hop in sorted(item for item in hops if isinstance(item, IPv4Address))
            if not any(holds(vnet, hop) for vnet in topology.vnets if vnet.name in near(topology, user))
        ]
        yield violation(resource, "; ".join(wrong), where=where) if wrong else passed(resource)


def _misplaced(topology: Topology, table: str, hop: IPv4Address) -> str | None:
    """Why a next hop cannot be an appliance's for the subnets that use the table."""
    reached = _reach(topology, table)
    for vnet in (vnet for vnet in topology.vnets if (not reached or vnet.name in reached) and holds(vnet, hop)):
        for subnet in vnet.subnets:
            offset = int(hop) - int(subnet.prefix.network_address)
            if hop not in subnet.prefix:
                continue
            if subnet.name in PLATFORM_SUBNETS:
                return f"the next hop {hop} is in {subnet.name}, where no appliance can be"
            if offset < _RESERVED_FIRST or hop == subnet.prefix.broadcast_address:
                return f"Azure keeps the next hop {hop} of {subnet.name} for itself"
    return None


@rule(
    "appliance-forwards",
    Severity.HIGH,
    needs=(
        "NetworkInterface.enableIPForwarding",
        "NetworkInterface.ipConfigurations[].privateIPAddress",
        "RouteTable.routes[].nextHopIpAddress",
        "VirtualHubBgpConnection.peerIp",
    ),
    facts=(_ROUTING,),
    why="Without IP forwarding Azure drops every packet that is not for the interface's own address: what routes send "
    "to the appliance is lost",
    remedy="set enableIPForwarding: true on the network interface, and let the appliance's system forward too",
    fails=(
        Example("forwarding is off", (Edit("appliance", "enableIPForwarding", False),)),
        Example("it is left to Azure, which turns it off", (Edit("appliance", "enableIPForwarding", None),)),
    ),
    passes=(Example("the appliance forwards"),),
    unknown=(Example("whether it forwards is unknown", (Edit("appliance", "enableIPForwarding", UNKNOWN),)),),
)
def appliance_forwards(network: Network) -> Iterator[Verdict]:
    """A network interface that routes lead to, or that Route Server peers with, forwards packets."""
    if not network.concerned:
        return
    for nic in network.snapshot.of_kind("NetworkInterface"):
        use = next(_uses(network, nic), None)
        if use is None:
            continue
        match flag(nic, "enableIPForwarding"):
            case True:
                yield passed(nic)
            case False:
                yield violation(nic, f"enableIPForwarding is not set, and {use}")
            case _:
                what = f"enableIPForwarding is unknown, and {use}"
                yield inconclusive(nic, what, "write enableIPForwarding: true as a literal")


def _uses(network: Network, nic: Resource) -> Iterator[str]:
    """What sends packets to an interface that are not for its own address."""
    addresses = {parse_address(item.get("privateIPAddress")) for item in mappings(nic.get("ipConfigurations"))}
    addresses.discard(UNKNOWN)
    for table in network.snapshot.of_kind("RouteTable"):
        for route in mappings(table.get("routes")):
            hop = parse_address(route.get("nextHopIpAddress"))
            if hop in addresses and _near(network, nic, table.physical_name):
                yield f"{table} sends packets to {hop}"
    for peer in network.snapshot.of_kind("VirtualHubBgpConnection"):
        if parse_address(peer.get("peerIp")) in addresses:
            yield f"{peer} makes it a next hop"


def _near(network: Network, nic: Resource, table: str | None) -> bool:
    """Whether a route table's subnets reach an interface directly. Unknown is yes: addresses are seldom equal."""
    subnets = [item.physical_name or "" for item in network.snapshot.dependencies(nic, "ipConfigurations", "Subnet")]
    home = network.snapshot.vnet_of(nic, "ipConfigurations", subnets[0] if len(subnets) == 1 else "")
    if home is None or network.topology is None:
        return True
    reached = _reach(network.topology, table)
    return not reached or home.name in reached


def _reach(topology: Topology, table: str | None) -> set[str]:
    """Virtual networks of a route table's subnets, and those peered with them."""
    users = {vnet.name for vnet in topology.vnets for subnet in vnet.subnets if subnet.route_table == table}
    return near(topology, *users)


RETIRED_VPN_SKUS: Mapping[str, str] = {
    **{f"vpngw{size}": "in September 2026" for size in range(1, 6)},
    "standard": "on 31 March 2026",
    "highperformance": "on 31 March 2026",
}
"""When Azure retired a VPN gateway's SKU, by its name in small letters. Basic is not retired."""
_INTERNET_ONLY = Edit("vpn-gateway", "enablePrivateIpAddress", False)


@rule(
    "no-retired-sku",
    Severity.MEDIUM,
    needs=(
        "VirtualNetworkGateway.gatewayType",
        "VirtualNetworkGateway.sku.name",
        "VirtualNetworkGateway.enablePrivateIpAddress",
        "VirtualNetworkGateway.ipConfigurations",
        "PublicIPAddress.sku.name",
    ),
    facts=(
        "Learn: VPN Gateway SKU consolidation and migration, 2026-02-03",
        "Azure updates: Basic SKU public IP addresses will be retired, 2025-09-30",
    ),
    why="Azure creates nothing new with a retired SKU, and moves or removes by itself what still has one",
    remedy="write VpnGw1AZ to VpnGw5AZ as the gateway's sku, and Standard as the public address's",
    fails=(
        Example("a gateway for the Internet is VpnGw1", (_INTERNET_ONLY, Edit("vpn-gateway", "sku.name", "VpnGw1"))),
        Example("its public address is Basic", (_INTERNET_ONLY, Edit("vpn-address-0", "sku.name", "Basic"))),
        Example(
            "its public address has no SKU: Azure takes Basic", (_INTERNET_ONLY, Edit("vpn-address-0", "sku", None))
        ),
    ),
    passes=(
        Example("nothing is retired"),
        Example("the ExpressRoute gateway is Standard", (Edit("er-gateway", "sku.name", "Standard"),)),
        Example("a gateway for the Internet is Basic", (_INTERNET_ONLY, Edit("vpn-gateway", "sku.name", "Basic"))),
    ),
    unknown=(
        Example("the gateway's SKU is unknown", (_INTERNET_ONLY, Edit("vpn-gateway", "sku.name", UNKNOWN))),
        Example("the public address's SKU is unknown", (_INTERNET_ONLY, Edit("vpn-address-0", "sku", UNKNOWN))),
    ),
)
def no_retired_sku(network: Network) -> Iterator[Verdict]:
    """No gateway and no public address has a SKU that Azure has retired.

    Gateways with private tunnel addresses, and their public addresses, have a rule of their own that asks for more.
    """
    if not network.concerned:
        return
    judged_elsewhere: set[str] = set()
    for gateway in network.snapshot.of_kind("VirtualNetworkGateway"):
        if flag(gateway, "enablePrivateIpAddress") is not False:
            judged_elsewhere |= {item.urn for item in _public_addresses(network, gateway)}
        else:
            retired: Mapping[str, str] = {} if _is_expressroute(gateway) else RETIRED_VPN_SKUS
            yield _sku(gateway, gateway.get("sku.name"), retired)
    for address in network.snapshot.of_kind("PublicIPAddress"):
        if address.urn not in judged_elsewhere:
            given = address.get("sku.name")
            yield _sku(address, "Basic" if given is None else given, {"basic": "on 30 September 2025"})


def _is_expressroute(gateway: Resource) -> bool:
    return same_word(gateway.get("gatewayType"), "ExpressRoute") is True


def _public_addresses(network: Network, gateway: Resource) -> Iterator[Resource]:
    """Those that a gateway's ip configurations lead to, by id or by dependency."""
    yield from network.snapshot.dependencies(gateway, "ipConfigurations", "PublicIPAddress")
    for configuration in mappings(gateway.get("ipConfigurations")):
        reference = look_up(configuration, "publicIPAddress.id")
        found = network.snapshot.resolve(gateway, "ipConfigurations", reference, "PublicIPAddress")
        if isinstance(found, Resource):
            yield found


def _sku(resource: Resource, sku: Value, retired: Mapping[str, str]) -> Verdict:
    if sku is UNKNOWN and retired:
        return inconclusive(resource, "sku.name is unknown", "write sku.name as a literal")
    if isinstance(sku, str) and sku.casefold() in retired:
        return violation(resource, f"sku.name is {sku}, which Azure retired {retired[sku.casefold()]}")
    return passed(resource)
