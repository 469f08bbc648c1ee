"""Rules on the devices' side: their packets to the gateway take ExpressRoute, and never a tunnel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from policies.declared import Declared
from policies.network import Network, Tunnel, flag, parse_address
from policies.registry import Edit, Example, Severity, Verdict, inconclusive, passed, rule, violation
from vpner.plan.device import INSTANCES
from vpner.readers.addresses import is_private
from vpner.readers.resources import UNKNOWN, Resource, Value, has_unknown, mappings


@rule(
    "device-routes-to-tunnel-addresses",
    Severity.CRITICAL,
    needs=(
        "VirtualNetworkGateway.activeActive",
        "devices[].expressRouteInterface",
        "devices[].statics[].destination",
        "devices[].statics[].interface",
        "devices[].tunnels[].remote",
    ),
    facts=(
        "Learn: Site-to-site VPN connections over ExpressRoute private peering, 2023-07-28",
        "Learn: About highly available gateway configurations",
    ),
    why="Over BGP the device learns the hub's whole prefix through the tunnel; without a /32 to each tunnel address "
    "through its ExpressRoute side, the tunnel's packets enter the tunnel, and it breaks down. Azure cannot announce "
    "these /32",
    remedy="plan a tunnel to each tunnel address, and a /32 static to it through the ExpressRoute interface",
    fails=(
        Example("one static is missing", (Edit("appliance", "device.statics.1", None),)),
        Example("a static points elsewhere", (Edit("appliance", "device.statics.0.interface", "LAN"),)),
        Example(
            "a static has another destination",
            (Edit("appliance", "device.statics.0.destination", "hub-vpngw.instances[2].tunnel/32"),),
        ),
        Example("one tunnel is missing", (Edit("appliance", "device.tunnels.0", None),)),
        Example("a static is wider than /32", (Edit("appliance", "device.statics.0.destination", "10.0.0.32/27"),)),
    ),
    passes=(
        Example("the plan has a static and a tunnel for each instance"),
        Example(
            "Azure has chosen the addresses, and the plan names them",
            (
                Edit(
                    "vpn-gateway",
                    "bgpSettings.bgpPeeringAddresses",
                    [
                        {"tunnelIpAddresses": ["192.0.2.1", "10.0.0.36"]},
                        {"tunnelIpAddresses": ["192.0.2.2", "10.0.0.37"]},
                    ],
                ),
                Edit("appliance", "device.statics.0.destination", "10.0.0.36/32"),
                Edit("appliance", "device.tunnels.0.remote", "10.0.0.36"),
            ),
        ),
    ),
    unknown=(
        Example("the ExpressRoute side is unknown", (Edit("appliance", "device.expressRouteInterface", None),)),
        Example("the statics are unknown", (Edit("appliance", "device.statics", UNKNOWN),)),
        Example("one destination is unknown", (Edit("appliance", "device.statics.0.destination", UNKNOWN),)),
        Example("one tunnel's remote end is unknown", (Edit("appliance", "device.tunnels.1.remote", UNKNOWN),)),
    ),
)
def device_routes_to_tunnel_addresses(network: Network) -> Iterator[Verdict]:
    """The device has a tunnel, and a /32 through its ExpressRoute side, for every tunnel address of the gateway.

    The plan's routes are read, with addresses or with the symbols that stand for them. A tunnel whose ends are not
    known is `tunnel-ends-known`'s finding, and not repeated here.
    """
    for tunnel in network.tunnels:
        for device in network.devices_at(tunnel.endpoint):
            yield _device_routes(tunnel, device)


@dataclass(frozen=True, slots=True)
class _TunnelAddress:
    """The tunnel address of one gateway instance: its symbol, and the addresses that Azure has chosen, if any."""

    symbol: str
    addresses: tuple[IPv4Address, ...]

    def is_(self, text: Value) -> bool:
        """Whether a plan means this address, with or without /32."""
        if not isinstance(text, str):
            return False
        address = text.removesuffix("/32")
        return address == self.symbol or parse_address(address) in self.addresses

    def __str__(self) -> str:
        return " or ".join(map(str, self.addresses)) or self.symbol


def _tunnel_addresses(gateway: Resource) -> list[_TunnelAddress]:
    """One for each instance. Where it is unknown how many there are, there may be two, and both are needed."""
    instances = 1 if flag(gateway, "activeActive") is False else INSTANCES
    peerings = mappings(gateway.get("bgpSettings.bgpPeeringAddresses"))
    found: list[_TunnelAddress] = []
    for index in range(instances):
        listed = peerings[index].get("tunnelIpAddresses") if index < len(peerings) else None
        parsed = [parse_address(item) for item in listed] if isinstance(listed, list) else []
        private = tuple(item for item in parsed if isinstance(item, IPv4Address) and is_private(item))
        found.append(_TunnelAddress(f"{gateway.physical_name}.instances[{index}].tunnel", private))
    return found


def _device_routes(tunnel: Tunnel, device: Declared) -> Verdict:
    label = f"device {device.name} ({device.origin})"
    interface = device.value.get("expressRouteInterface")
    if not isinstance(interface, str):
        return inconclusive(
            tunnel.resource,
            f"{label} does not say which interface is its ExpressRoute side",
            "declare expressRouteInterface of the device",
        )
    missing: list[str] = []
    remedies: list[str] = []
    statics, tunnels = mappings(device.value.get("statics")), mappings(device.value.get("tunnels"))
    for address in _tunnel_addresses(tunnel.gateway):
        through = {str(item.get("interface")) for item in statics if address.is_(item.get("destination"))}
        if through != {interface}:
            found = f", but one through {', '.join(sorted(through))}" if through else ""
            missing.append(f"no /32 static to {address} through {interface}{found}")
            remedies.append(f"static {{destination: {address}/32, interface: {interface}}}")
        if not any(address.is_(item.get("remote")) for item in tunnels):
            missing.append(f"no tunnel to {address}")
            remedies.append(f"tunnel {{remote: {address}}}")
    if not missing:
        return passed(tunnel.resource)
    what, remedy = f"{label} has {'; '.join(missing)}", f"add to the device's plan: {'; '.join(remedies)}"
    if has_unknown(device.value.get("statics")) or has_unknown(device.value.get("tunnels")):
        return inconclusive(tunnel.resource, f"{what} (part of its plan is unknown)", remedy)
    return violation(tunnel.resource, what, remedy)
