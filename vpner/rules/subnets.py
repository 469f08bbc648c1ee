"""Rules on GatewaySubnet and RouteServerSubnet: names, sizes, and what must not be attached to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from vpner.arm import parse_arm_id
from vpner.plan.addressing import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET
from vpner.readers.resources import UNKNOWN, Resource, Unknown, Value, VNet, look_up, mappings, subnet_ids
from vpner.readers.stack.draft import text_list
from vpner.rules.gateways import ON_TUNNEL, tunnel_gateways
from vpner.rules.network import Network
from vpner.rules.registry import Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation

_SETTINGS = "Learn: About ExpressRoute virtual network gateways, 2026-09-05"
_COEXIST = "Learn: Configure ExpressRoute and site-to-site coexisting connections, 2025"
_QUICKSTART = "Learn: Quickstart: Create and configure Azure Route Server, 2025-09-17"
_PLATFORM = (GATEWAY_SUBNET, ROUTE_SERVER_SUBNET)
COEXISTENCE = 27
"""Longest prefix of a GatewaySubnet with a VPN and an ExpressRoute gateway."""
ROUTE_SERVER_FLOOR = 27
"""Longest prefix with which Route Server has been seen to work: the minimum of the documentation until 2025."""
ROUTE_SERVER_ADVISED = 26
"""The documented minimum since 2025."""
IN_TUNNEL_NETWORK = (*ON_TUNNEL, "VirtualNetworkGateway.ipConfigurations[].subnet.id", "Subnet.virtualNetworkName")
"""What :func:`platform_subnets` reads."""
_PREFIX_NEEDS = (
    *IN_TUNNEL_NETWORK,
    "Subnet.addressPrefix",
    "Subnet.addressPrefixes[]",
    "VirtualNetwork.subnets[].addressPrefix",
    "VirtualNetwork.subnets[].addressPrefixes[]",
)


@dataclass(frozen=True, slots=True)
class PlatformSubnet:
    """GatewaySubnet or RouteServerSubnet in a network that has a tunnel over private peering."""

    name: str
    resource: Resource
    """The subnet, or the virtual network that it is written in."""
    properties: Mapping[str, Value]

    def reference(self, network: Network, key: str, kind: str) -> Resource | Unknown | None:
        """What ``KEY.id`` leads to; UNKNOWN where it is not in this stack."""
        owner = key if self.resource.kind == "Subnet" else "subnets"
        found = network.snapshot.resolve(self.resource, owner, look_up(self.properties, f"{key}.id"), kind)
        return found if found is None or isinstance(found, Resource) else UNKNOWN

    @property
    def prefix(self) -> IPv4Network | Unknown:
        """The first IPv4 prefix."""
        for text in (*text_list([self.properties.get("addressPrefix")]), *self._listed):
            try:
                return IPv4Network(text, strict=False)
            except ValueError:
                continue
        return UNKNOWN

    @property
    def _listed(self) -> list[str]:
        return text_list(self.properties.get("addressPrefixes"))


def platform_subnets(network: Network, *names: str, underlay: bool = False) -> Iterator[PlatformSubnet]:
    """Those of the networks with a tunnel, each once. One of another stack is judged there.

    ``underlay``: those of ExpressRoute gateways too, over which outer packets travel, if there is a tunnel.
    """
    gateways = [*tunnel_gateways(network)]
    if underlay and network.has_tunnel:
        gateways += network.gateways("ExpressRoute")
    homes = [vnet for gateway in gateways if (vnet := network.vnet_of_gateway(gateway)) is not None]
    wanted = {name.casefold(): name for name in names}
    seen: list[tuple[str, VNet]] = []
    for resource, vnet, properties in _subnets(network):
        given = properties.get("name") if resource.kind == "VirtualNetwork" else resource.physical_name
        name = wanted.get(given.casefold()) if isinstance(given, str) else None
        if name is None or not any(vnet.is_(home) for home in homes):
            continue
        if not any(name == other and vnet.is_(place) for other, place in seen):
            seen.append((name, vnet))
            yield PlatformSubnet(name, resource, properties)


def _subnets(network: Network) -> Iterator[tuple[Resource, VNet, Mapping[str, Value]]]:
    """Subnets of their own first: Azure lists them in the network as well."""
    for subnet in network.snapshot.of_kind("Subnet"):
        owner = network.snapshot.named(subnet, "virtualNetworkName", "VirtualNetwork")
        if owner is not None:
            yield subnet, VNet(owner, network.snapshot.group(subnet)), subnet.properties
    for vnet in network.snapshot.of_kind("VirtualNetwork"):
        if vnet.physical_name is not None:
            for inline in mappings(vnet.get("subnets")):
                yield vnet, VNet(vnet.physical_name, network.snapshot.group(vnet)), inline


@rule(
    "platform-subnet-names",
    Severity.HIGH,
    needs=(
        *ON_TUNNEL,
        "VirtualNetworkGateway.ipConfigurations[].subnet.id",
        "VirtualHubIpConfiguration.subnet.id",
        "Subnet.subnetName",
    ),
    facts=(_SETTINGS, _QUICKSTART),
    why="Azure builds gateways only in a subnet called GatewaySubnet, and Route Server only in RouteServerSubnet",
    remedy="name the subnet exactly GatewaySubnet or RouteServerSubnet",
    fails=(
        Example("the gateways' subnet has a name of its own", (Edit("gateway-subnet", "subnetName", "gateways"),)),
        Example("the spelling differs", (Edit("gateway-subnet", "subnetName", "gatewaysubnet"),)),
        Example("Route Server's subnet has a name of its own", (Edit("route-server-subnet", "subnetName", "rs"),)),
    ),
    passes=(Example("both names are Azure's"),),
    unknown=(Example("the gateways' subnet's name is unknown", (Edit("gateway-subnet", "subnetName", UNKNOWN),)),),
)
def platform_subnet_names(network: Network) -> Iterator[Verdict]:
    """Gateways live in GatewaySubnet, and Route Server in RouteServerSubnet.

    Whether a subnet that is named by its id has the right name, Azure itself says: it is there already.
    """
    if not tunnel_gateways(network):
        return
    users = [(item, "ipConfigurations", GATEWAY_SUBNET) for item in network.snapshot.of_kind("VirtualNetworkGateway")]
    names = {hub.physical_name for hub in network.route_servers}
    for item in network.snapshot.of_kind("VirtualHubIpConfiguration"):
        if network.snapshot.named(item, "virtualHubName", "VirtualHub") in names:
            users.append((item, "subnet", ROUTE_SERVER_SUBNET))
    judged: set[str] = set()
    for user, key, wanted in users:
        verdict = _named(network, user, key, wanted)
        place = verdict.resource.urn if verdict.resource else ""
        if place not in judged:
            judged.add(place)
            yield verdict


def _named(network: Network, user: Resource, key: str, wanted: str) -> Verdict:
    literal = [parsed for item in subnet_ids(user.get(key)) if isinstance(item, str) and (parsed := parse_arm_id(item))]
    wrong = [parsed.name for parsed in literal if parsed.name.casefold() != wanted.casefold()]
    if wrong:
        return violation(user, f"it is in subnet {wrong[0]}, not in {wanted}", f"write the id of {wanted}")
    behind = network.snapshot.dependencies(user, key, "Subnet")
    if literal or not behind or any(item.physical_name == wanted for item in behind):
        return passed(user)
    others = [item for item in behind if item.physical_name not in _PLATFORM]
    subnet = others[0] if len(others) == 1 else None
    if subnet is not None and subnet.physical_name is None:
        return inconclusive(subnet, f"subnetName is unknown, and {user} needs {wanted}", f"write subnetName: {wanted}")
    name = subnet.physical_name if subnet else " or ".join(str(item.physical_name) for item in behind)
    return violation(subnet or user, f"{user} is in subnet {name}, not in {wanted}", f"write subnetName: {wanted}")


@rule(
    "gateway-subnet-size",
    Severity.HIGH,
    needs=_PREFIX_NEEDS,
    facts=(_COEXIST, _SETTINGS),
    why="A VPN gateway and an ExpressRoute gateway in one GatewaySubnet need /27 or a shorter prefix; in a smaller one "
    "Azure refuses the second gateway",
    remedy="give GatewaySubnet a /27 or a shorter prefix",
    fails=(Example("GatewaySubnet is a /28", (Edit("gateway-subnet", "addressPrefix", "10.0.0.32/28"),)),),
    passes=(
        Example("GatewaySubnet is a /27"),
        Example("GatewaySubnet is a /26", (Edit("gateway-subnet", "addressPrefix", "10.0.0.0/26"),)),
    ),
    unknown=(Example("its prefix is unknown", (Edit("gateway-subnet", "addressPrefix", UNKNOWN),)),),
)
def gateway_subnet_size(network: Network) -> Iterator[Verdict]:
    """GatewaySubnet is large enough for both kinds of gateways."""
    yield from _sizes(network, GATEWAY_SUBNET, COEXISTENCE)


@rule(
    "route-server-subnet-size",
    Severity.HIGH,
    needs=_PREFIX_NEEDS,
    facts=(_QUICKSTART, "Learn: Quickstart: Create and configure Route Server (minimum /27), 2023"),
    why="Route Server cannot be deployed in a subnet smaller than /27",
    remedy="give RouteServerSubnet a /26 or a shorter prefix",
    fails=(Example("RouteServerSubnet is a /28", (Edit("route-server-subnet", "addressPrefix", "10.0.0.128/28"),)),),
    passes=(
        Example("RouteServerSubnet is a /26"),
        Example("it is a /27, as in older documents", (Edit("route-server-subnet", "addressPrefix", "10.0.0.128/27"),)),
    ),
    unknown=(Example("its prefix is unknown", (Edit("route-server-subnet", "addressPrefix", UNKNOWN),)),),
)
def route_server_subnet_size(network: Network) -> Iterator[Verdict]:
    """RouteServerSubnet is not smaller than what Route Server has ever been deployed in."""
    yield from _sizes(network, ROUTE_SERVER_SUBNET, ROUTE_SERVER_FLOOR)


@rule(
    "route-server-subnet-advised-size",
    Severity.MEDIUM,
    needs=_PREFIX_NEEDS,
    facts=(_QUICKSTART,),
    why="The documentation asks for /26 since 2025, and does not say whether Azure still accepts a /27",
    remedy="give RouteServerSubnet a /26 or a shorter prefix",
    fails=(Example("RouteServerSubnet is a /27", (Edit("route-server-subnet", "addressPrefix", "10.0.0.128/27"),)),),
    passes=(
        Example("RouteServerSubnet is a /26"),
        Example("it is a /25", (Edit("route-server-subnet", "addressPrefix", "10.0.0.128/25"),)),
    ),
    unknown=(Example("its prefix is unknown", (Edit("route-server-subnet", "addressPrefix", UNKNOWN),)),),
)
def route_server_subnet_advised_size(network: Network) -> Iterator[Verdict]:
    """RouteServerSubnet has the size that today's documentation asks for."""
    yield from _sizes(network, ROUTE_SERVER_SUBNET, ROUTE_SERVER_ADVISED)


def _sizes(network: Network, name: str, longest: int) -> Iterator[Verdict]:
    for subnet in platform_subnets(network, name):
        prefix = subnet.prefix
        if isinstance(prefix, Unknown):
            yield inconclusive(subnet.resource, f"addressPrefix of {name} is unknown", "write it as a literal")
        elif prefix.prefixlen > longest:
            what = f"addressPrefix of {name} is {prefix}, smaller than /{longest}"
            yield violation(subnet.resource, what)
        else:
            yield passed(subnet.resource)
