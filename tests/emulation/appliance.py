"""A device of an emulation that does what an OPNsense ``config.xml`` says, in place of what the topology says of it.

Routes, addresses, tunnels and BGP are those that :func:`vpner.device.opnsense.read_config` reads, each told to the
kernel, to strongSwan and to FRR as OPNsense tells them. Where core 26.1 is cited, it is github.com/opnsense/core there.

Not the appliance's: the kernel (Linux, not FreeBSD), strongSwan's timers and encapsulation, the firewall.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from vpner.device.opnsense import OpnsenseConfig, read_config
from vpner.device.opnsense.model import NULL4, Bgp, IpsecTunnel
from vpner.emulation.nodes import Port, TunnelEnd, Use, WirePlan

_DEVICE = "hn"
"""How FreeBSD names the NICs of a virtual machine in Azure, with their position."""


def configure_device(plan: WirePlan, name: str, text: str) -> None:
    """Let a device of a plan do what a ``config.xml`` says, with addresses and not by DHCP.

    Its NICs are ``hn0``, ``hn1``, in the topology's order.
    """
    config = read_config(text)
    node, wires = plan.node(name), {wire.index: wire for wire in plan.wires}
    ports = {f"{_DEVICE}{place}": item for place, item in enumerate(plan.of(name, Use.FABRIC))}
    devices = {item.role: item.device for item in config.interfaces}
    gates = {device: other.addresses[0] for device, (_, _, other) in ports.items()}
    names = {device: wire.interface for device, (wire, _, _) in ports.items()}
    for item in config.interfaces:
        assert item.address is not None
        wire, mine, other = ports[item.device]
        wires[wire.index] = replace(wire, ends=(other, replace(mine, addresses=(item.address.ip,))))
    node.statics, node.kernel = [], list(_kernel(config, devices, gates, names))
    node.bgpd = bgpd_config(config.bgp)
    tunnels = {(item.local, item.remote): item for item in config.tunnels if item.has_key}
    kept: list[TunnelEnd] = []
    for end in plan.tunnels:
        tunnel = tunnels.get((end.local, end.remote)) if end.owner == name else None
        if tunnel is not None:
            wire = wires[end.inner]
            # core 26.1, etc/inc/plugins.inc.d/ipsec.inc, ipsec_configure_vti: ifconfig ipsecN inet LOCAL REMOTE
            inner = tunnel.inner_local, tunnel.inner_remote
            mine, beyond = (
                Port(port.node, (port.addresses[0], address)) for port, address in zip(wire.ends, inner, strict=True)
            )
            wires[end.inner] = replace(wire, ends=(mine, beyond))
            kept.append(_with_options(end, tunnel))
        elif end.owner != name:
            kept.append(end)
    plan.tunnels[:], plan.wires[:] = kept, wires.values()


def _kernel(
    config: OpnsenseConfig, devices: Mapping[str, str], gates: Mapping[str, IPv4Address], names: Mapping[str, str]
) -> Iterator[str]:
    """Routes of the appliance's kernel, where OPNsense itself puts statics: FRR finds them there, as connected ones."""
    for item in config.interfaces:
        assert item.address is not None
        # in Azure every neighbour is reached through the subnet's router
        yield f"route replace {item.address.network} via {gates[item.device]} dev {names[item.device]}"
    ways: dict[str, str] = {}
    for gateway in config.gateways:
        ways[gateway.name] = f"via {gateway.address} dev {names[devices[gateway.interface]]}"
        if gateway.default:
            yield f"route replace default {ways[gateway.name]}"
    for route in config.routes:
        # core 26.1, etc/inc/system.inc, system_routing_configure: a route to Null4 is added with -blackhole, one to a
        # gateway that is not there is left out, and of two for one prefix the later one stays.
        if route.gateway == NULL4:
            yield f"route replace blackhole {route.prefix}"
        elif route.gateway in ways:
            yield f"route replace {route.prefix} {ways[route.gateway]}"


def _with_options(end: TunnelEnd, tunnel: IpsecTunnel) -> TunnelEnd:
    """core 26.1, models/OPNsense/IPsec/Swanctl.php, getConfig: options stand in swanctl.conf as the model has them, and
    strongSwan's documentation of swanctl.conf says what they mean. An identity that is not given is the address."""
    connection: dict[str, Any] = {
        "version": str(tunnel.ike_version),
        "remote_addrs": [str(tunnel.remote)],
        "proposals": list(tunnel.ike_proposals),
        "local": {"auth": "psk", "id": tunnel.local_id or str(end.local)},
        "remote": {"auth": "psk", "id": tunnel.remote_id or str(tunnel.remote)},
    }
    child: dict[str, Any] = {"esp_proposals": list(tunnel.esp_proposals)}
    if tunnel.ike_seconds is not None:
        connection["rekey_time"] = str(tunnel.ike_seconds)
    if tunnel.esp_seconds is not None:
        child["rekey_time"] = str(tunnel.esp_seconds)
    return replace(end, connection=connection, child=child)


def bgpd_config(bgp: Bgp | None) -> str:
    """FRR's words for the file's BGP.

    OPNsense's net/frr plugin at tag 26.1 writes each option as one statement, and two that no option stands for: no
    policy is required of eBGP, and IPv4 unicast is activated for each neighbour by name. ``multihop`` is 255 hops.
    """
    return "\n".join(["frr defaults traditional", *(_bgp_lines(bgp) if bgp else ()), ""])


def _bgp_lines(bgp: Bgp) -> Iterator[str]:
    yield f"router bgp {bgp.asn}"
    yield from (" no bgp default ipv4-unicast", " no bgp ebgp-requires-policy")
    yield f" {'' if bgp.import_check else 'no '}bgp network import-check"
    if bgp.router_id is not None:
        yield f" bgp router-id {bgp.router_id}"
    for peer in bgp.neighbours:
        yield f" neighbor {peer.address} remote-as {peer.asn}"
        if peer.multihop:
            yield f" neighbor {peer.address} ebgp-multihop 255"
        if peer.keepalive is not None and peer.hold is not None:
            yield f" neighbor {peer.address} timers {peer.keepalive} {peer.hold}"
    yield " address-family ipv4 unicast"
    yield from (f"  network {prefix}" for prefix in bgp.networks)
    for index, peer in enumerate(bgp.neighbours):
        yield f"  neighbor {peer.address} activate"
        if peer.imports is not None:
            yield f"  neighbor {peer.address} prefix-list IN{index} in"
        if peer.exports is not None:
            yield f"  neighbor {peer.address} prefix-list OUT{index} out"
        if peer.prepend:
            yield f"  neighbor {peer.address} route-map PREPEND{index} out"
    yield from (" exit-address-family", "exit")
    for index, peer in enumerate(bgp.neighbours):
        for name, rules in ((f"IN{index}", peer.imports), (f"OUT{index}", peer.exports)):
            for number, rule in enumerate(rules or ()):
                yield f"ip prefix-list {name} seq {number + 1} {rule.action} {rule.match}"
        if peer.prepend:
            yield from (
                f"route-map PREPEND{index} permit 1",
                f" set as-path prepend {' '.join(map(str, peer.prepend))}",
            )
