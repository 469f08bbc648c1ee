"""The plan of every device in a topology whose tunnels run over ExpressRoute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address, IPv4Network

from vpner.device.contract import read_contract
from vpner.plan.addressing import default_gateway
from vpner.plan.crypto import CryptoProfile
from vpner.plan.device import DevicePlan, Interface, StaticRoute, Tunnel
from vpner.problems import Problem, Problems
from vpner.topology import Address, Router, Symbol, Topology, Underlay, VpnConnection, VpnGateway


def device_plans(
    topology: Topology, contracts: Sequence[Mapping[str, object]] = (), *, interfaces: str = ""
) -> tuple[DevicePlan, ...]:
    """A plan for each device, by name: those that components registered, whether connected already or not, and each
    other one behind a BGP connection over ExpressRoute.

    ``contracts`` are the plans that components registered. Without one, the plan is made from the topology, with this
    project's default crypto profile. A topology does not name interfaces: they are ``interfaces`` and their position,
    ``hn0``, or have no name. Every plan gets Azure's prefixes from the topology, and the other devices' endpoints.

    Raises :class:`Problems` with everything that a topology leaves open and that a device cannot do without.
    """
    plans: dict[str, DevicePlan] = {}
    problems: list[Problem] = []
    for make in _makers(topology, contracts, interfaces):
        try:
            plan = make()
        except Problems as found:
            problems += found.problems
        else:
            plans.setdefault(plan.name, plan)
    if problems:
        raise Problems("what a device needs is open", problems)
    return tuple(_completed(topology, plans[name], plans.values()) for name in sorted(plans))


def _makers(
    topology: Topology, contracts: Sequence[Mapping[str, object]], interfaces: str
) -> Iterator[Callable[[], DevicePlan]]:
    symbols = _symbols(topology)
    for contract in contracts:
        yield partial(read_contract, contract, symbols.get)
    registered = {contract.get("name") for contract in contracts}
    routers = {router.name: router for router in topology.routers}
    gateways = {gateway.name: gateway for gateway in topology.vpn_gateways}
    for connection in topology.vpn_connections:
        if connection.over is not Underlay.EXPRESSROUTE or not connection.bgp or connection.remote in registered:
            continue
        router, gateway = routers.get(connection.remote), gateways.get(connection.gateway)
        if router is not None and gateway is not None:
            yield _Inference(topology, connection, router, gateway, interfaces).plan


def _completed(topology: Topology, plan: DevicePlan, plans: Iterable[DevicePlan]) -> DevicePlan:
    remotes = {tunnel.remote for tunnel in plan.tunnels}
    found = [item for item in topology.vpn_gateways if remotes & {instance.tunnel for instance in item.instances}]
    others = [other.endpoint for other in plans if other.name != plan.name]
    accepts = plan.accepts or (azure_prefixes(topology, found[0]) if len(found) == 1 else ())
    return replace(plan, accepts=accepts, endpoints=tuple(others))


def azure_prefixes(topology: Topology, gateway: VpnGateway) -> tuple[IPv4Network, ...]:
    """What the gateway announces of Azure: its own network, and those that use it as their remote gateway."""
    transit = {item.remote for item in topology.peerings if item.vnet == gateway.vnet and item.allow_gateway_transit}
    users = {item.vnet for item in topology.peerings if item.remote == gateway.vnet and item.use_remote_gateways}
    names = {gateway.vnet} | transit & users
    return tuple(
        prefix
        for vnet in sorted(topology.vnets, key=lambda vnet: (vnet.name != gateway.vnet, vnet.name))
        for prefix in vnet.prefixes
        if vnet.name in names and isinstance(prefix, IPv4Network)
    )


def _symbols(topology: Topology) -> dict[str, Address]:
    """The tunnel address of each gateway instance, by the name that stands for it in a plan."""
    return {
        f"{gateway.name}.instances[{index}].tunnel": instance.tunnel
        for gateway in topology.vpn_gateways
        for index, instance in enumerate(gateway.instances)
        if instance.tunnel is not None
    }


@dataclass(frozen=True, slots=True)
class _Inference:
    """A plan from what a topology says. What it leaves open is a problem, never a guess."""

    topology: Topology
    connection: VpnConnection
    router: Router
    gateway: VpnGateway
    interfaces: str

    def plan(self) -> DevicePlan:
        router = self.router
        if router.asn is None:
            raise self._open("asn", "its ASN is unknown", "BGP needs it", f"routers: {{{router.name}: {{asn: ...}}}}")
        endpoint, inner = self._address("remote_endpoint"), self._address("remote_ip")
        tunnels = tuple(self._tunnels(endpoint, inner))
        side, lan = self._sides(endpoint, tunnels)
        advertises = self._advertises()
        statics = [StaticRoute(tunnel.remote, side.name, side.default_gateway) for tunnel in tunnels]
        if lan is not None:
            statics += [StaticRoute(prefix, lan.name, lan.default_gateway) for prefix in advertises]
        return DevicePlan(
            name=router.name,
            asn=router.asn,
            endpoint=endpoint,
            inside=endpoint,
            gateway_asn=self.gateway.asn,
            expressroute=side,
            lan=lan,
            statics=tuple(statics),
            tunnels=tunnels,
            crypto=CryptoProfile(),
            advertises=advertises,
            prepend=self._prepend(router.asn),
        )

    def _address(self, key: str) -> IPv4Address:
        value = getattr(self.connection, key)
        if not isinstance(value, IPv4Address):
            what, why = f"{key} is unknown", "A tunnel has an end, and BGP a peer, on the device"
            raise self._open(key, what, why, f"write {key} of the connection")
        return value

    def _tunnels(self, endpoint: IPv4Address, inner: IPv4Address) -> Iterator[Tunnel]:
        chosen = self.connection.instances or range(len(self.gateway.instances))
        for index in chosen:
            instance = self.gateway.instances[index]
            where = f"vpn_gateways.{self.gateway.name}.instances[{index}]"
            if instance.tunnel is None:
                what = f"{where} has no private tunnel address"
                raise self._open("tunnel", what, "The tunnels run over ExpressRoute", f"write tunnel of {where}")
            peers: Sequence[Address] = instance.apipa if inner.is_link_local else (instance.bgp,)
            if len(peers) != 1 or isinstance(peers[0], Symbol):
                listed = ", ".join(map(str, peers)) or "none"
                what = f"which BGP address of {where} the connection uses is open ({listed})"
                why = "A topology does not say which one a connection uses (ARM: gatewayCustomBgpIpAddresses)"
                raise self._open("apipa", what, why, f"leave one address in apipa of {where}, or use --stack")
            yield Tunnel(f"{self.gateway.name}-{index}", endpoint, instance.tunnel, inner, peers[0])

    def _sides(self, endpoint: IPv4Address, tunnels: tuple[Tunnel, ...]) -> tuple[Interface, Interface | None]:
        """The interface towards ExpressRoute and the inner one."""
        nics = [(nic.ip, self._subnet(nic.vnet, nic.subnet)) for nic in self.router.nics]
        sides = [
            Interface(
                f"{self.interfaces}{index}" if self.interfaces else "", ip, default_gateway(subnet), subnet.prefixlen
            )
            for index, (ip, subnet) in enumerate(nics)
            if isinstance(ip, IPv4Address) and subnet is not None
        ]
        own = [side for side in sides if side.address == endpoint]
        if own:
            others = [side for side in sides if side is not own[0]]
            return own[0], others[0] if len(others) == 1 else None
        addresses = [address for address in self.router.addresses if address != endpoint]
        if addresses:
            what = f"its own address on the ExpressRoute side is open: {', '.join(map(str, addresses))} or the endpoint"
            why, remedy = (
                "Behind a NAT the tunnels start at it",
                "leave the endpoint alone in addresses, or use --stack",
            )
            raise self._open("addresses", what, why, remedy)
        remotes = {str(tunnel.remote) for tunnel in tunnels}
        hops = {item.next_hop for item in self.router.statics if str(item.prefix).removesuffix("/32") in remotes}
        hop = hops.pop() if len(hops) == 1 else None
        if not isinstance(hop, IPv4Address):
            what, why = "its next hop towards ExpressRoute is open", "The /32 to each tunnel address needs one"
            remedy = f"routers: {{{self.router.name}: {{statics: [{{prefix: TUNNEL ADDRESS/32, next_hop: ...}}]}}}}"
            raise self._open("statics", what, why, remedy)
        return Interface("", endpoint, hop), None

    def _subnet(self, vnet: str, name: str | None) -> IPv4Network | None:
        owner = next((item for item in self.topology.vnets if item.name == vnet), None)
        subnet = owner.subnet(name) if owner is not None and name is not None else None
        return None if subnet is None else subnet.prefix

    def _advertises(self) -> tuple[IPv4Network, ...]:
        """What it originates, as far as its own filter lets it pass to the gateway."""
        sent = self.connection.imports
        return tuple(
            prefix
            for prefix in self.router.networks
            if isinstance(prefix, IPv4Network)
            and prefix not in sent.deny
            and (sent.permit is None or prefix in sent.permit)
        )

    def _prepend(self, asn: int) -> int:
        prepended = self.connection.imports.prepend
        if any(number != asn for number in prepended):
            what, why = f"it prepends {prepended}", "A device prepends its own ASN, as often as wanted"
            raise self._open("imports.prepend", what, why, f"write {asn} only")
        return len(prepended)

    def _open(self, key: str, what: str, why: str, remedy: str) -> Problems:
        where = f"{self.connection.name}, {self.router.name}"
        return Problems(where, [Problem(where, what, why, remedy, f"handoff-{key.partition('.')[0]}")])
