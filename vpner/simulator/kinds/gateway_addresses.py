"""Which addresses of GatewaySubnet Azure gives to whom.

Azure documents no rule. What was published fits this one, counted from the subnet's first address (lab 01 of
azure-network-terraform, the reference lab and its second variant):

- tunnel addresses of a VPN gateway, and Microsoft's edge addresses of an ExpressRoute connection, come from +4 upwards
  in the order of creation;
- instances of an ExpressRoute gateway come from +12 upwards;
- BGP addresses of a VPN gateway come from +12 upwards if an ExpressRoute gateway is there before it, else from +4.

So ExpressRoute gateway, then VPN gateway in 10.0.0.32/27 gives instances .44/.45, tunnels .36/.37 and BGP .46/.47.
A real deployment may differ: read the addresses from the gateway, never compute them.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from vpner.simulator.errors import bad_request
from vpner.simulator.kinds.base import Request, is_same, objects, reference, texts, usable
from vpner.simulator.store import Record, Snapshot

GATEWAY = "Microsoft.Network/virtualNetworkGateways"
CONNECTION = "Microsoft.Network/connections"
_HIGH = 12


def gateways_in(cloud: Snapshot, subnet_id: str) -> Iterator[Record]:
    """Gateways with an ip configuration in the subnet."""
    for gateway in cloud.all(GATEWAY):
        if any(is_same(reference(item, "subnet"), subnet_id) for item in objects(gateway.body, "ipConfigurations")):
            yield gateway


class GatewayAddresses:
    """The addresses of one GatewaySubnet during one request."""

    def __init__(self, request: Request, subnet_id: str, space: IPv4Network) -> None:
        self._subnet = space
        self._taken: set[IPv4Address] = set()
        cloud = request.cloud
        for gateway in gateways_in(cloud, subnet_id):
            for record in (gateway, *_connections(cloud, gateway)):
                self._taken |= {IPv4Address(value) for value in texts(record.chosen, "addresses")}

    def low(self, before: list[str], count: int) -> list[str]:
        """``count`` addresses from the start, keeping those that were given before."""
        return self._complete(before, count, 0)

    def high(self, before: list[str], count: int) -> list[str]:
        """``count`` addresses from +12, keeping those that were given before."""
        return self._complete(before, count, _HIGH)

    def _complete(self, before: list[str], count: int, start: int) -> list[str]:
        given = before[:count]
        given += [str(self._next(start)) for _ in range(count - len(given))]
        return given

    def _next(self, start: int) -> IPv4Address:
        candidates = list(usable(self._subnet))
        first = self._subnet.network_address + start
        # In a subnet that is too small for the high ones, whatever is free.
        ordered = [item for item in candidates if item >= first] + [item for item in candidates if item < first]
        for candidate in ordered:
            if candidate not in self._taken:
                self._taken.add(candidate)
                return candidate
        raise bad_request("SubnetIsFull", f"GatewaySubnet {self._subnet} does not have enough capacity.")


def _connections(cloud: Snapshot, gateway: Record) -> Iterator[Record]:
    for connection in cloud.all(CONNECTION):
        if is_same(reference(connection.body, "virtualNetworkGateway1"), gateway.id):
            yield connection
