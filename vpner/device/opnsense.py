"""A device plan as the boot configuration (``config.xml``) of OPNsense 26.1.

It covers what the tunnels need: interfaces, gateways, static routes, IPsec in the Swanctl model with VTIs, BGP, and
rules that let the traffic through. From 25.7 OPNsense ignores the tunnels of the older ``<ipsec>`` section without a
plugin; its ``enable`` is still what starts strongSwan. It has been checked against the
models of the sources, not against a running appliance.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from vpner.plan.device import DevicePlan, StaticRoute, Tunnel
from vpner.topology import Symbol

RELEASE = "26.1"
WAN, LAN = "wan", "lan"


class Unbound(ValueError):
    """The plan still has a symbol where a configuration needs an address."""


def render(plan: DevicePlan, *, pre_shared_key: str, root_password_hash: str, management: tuple[str, ...] = ()) -> str:
    """The configuration as XML text. It holds the pre-shared key: treat the whole as a secret.

    ``plan`` is bound (:meth:`DevicePlan.bind`); raises :class:`Unbound` otherwise. ``root_password_hash`` is a bcrypt
    hash. ``management`` lists prefixes that may reach the web interface on the ExpressRoute side.
    """
    if plan.lan is None:
        raise ValueError(f"{plan.name}: an OPNsense appliance needs a LAN interface in its plan")
    root = Element("opnsense")
    _system(root, plan, root_password_hash)
    interfaces = SubElement(root, "interfaces")
    for role, interface, prefix_length in (
        (WAN, plan.expressroute, plan.expressroute.prefix_length),
        (LAN, plan.lan, plan.lan.prefix_length),
    ):
        item = SubElement(interfaces, role)
        _leaves(item, {"enable": "1", "if": interface.name, "descr": role.upper()})
        _leaves(item, {"ipaddr": str(interface.address), "subnet": str(prefix_length)})
        SubElement(item, "gateway").text = _gateway_name(role)
    # The group of all VTIs: rules on it pass what comes out of the tunnels.
    _leaves(SubElement(interfaces, "enc0"), {"internal_dynamic": "1", "enable": "1", "if": "enc0", "descr": "IPsec"})
    _filter(root, management)
    model = SubElement(root, "OPNsense")
    _gateways(model, plan)
    _statics(root, plan)
    SubElement(SubElement(root, "ipsec"), "enable").text = "1"
    _ipsec(model, plan, pre_shared_key)
    _bgp(model, plan)
    indent(root)
    return '<?xml version="1.0"?>\n' + tostring(root, encoding="unicode") + "\n"


def _system(root: Element, plan: DevicePlan, root_password_hash: str) -> None:
    system = SubElement(root, "system")
    _leaves(system, {"hostname": plan.name, "domain": "internal", "timezone": "Etc/UTC"})
    _leaves(SubElement(system, "webgui"), {"protocol": "https"})
    group = SubElement(system, "group")
    _leaves(group, {"name": "admins", "scope": "system", "gid": "1999", "member": "0", "priv": "page-all"})
    user = SubElement(system, "user")
    _leaves(
        user, {"name": "root", "scope": "system", "groupname": "admins", "uid": "0", "password": root_password_hash}
    )


def _filter(root: Element, management: tuple[str, ...]) -> None:
    rules = SubElement(root, "filter")
    for protocol, port, text in (("udp", "500", "IKE"), ("udp", "4500", "IKE and ESP in UDP"), ("esp", "", "ESP")):
        destination = {"network": f"{WAN}ip", **({"port": port} if port else {})}
        _rule(rules, WAN, protocol, {"any": "1"}, destination, text)
    for prefix in management:
        _rule(rules, WAN, "tcp", {"address": prefix}, {"network": f"{WAN}ip", "port": "443"}, "Management")
    for interface in (LAN, "enc0"):
        _rule(rules, interface, "any", {"any": "1"}, {"any": "1"}, "Traffic of the tunnels")


def _rule(
    rules: Element, interface: str, protocol: str, source: dict[str, str], destination: dict[str, str], text: str
) -> None:
    rule = SubElement(rules, "rule")
    _leaves(rule, {"type": "pass", "interface": interface, "ipprotocol": "inet"})
    if protocol != "any":
        SubElement(rule, "protocol").text = protocol
    _leaves(SubElement(rule, "source"), source)
    _leaves(SubElement(rule, "destination"), destination)
    SubElement(rule, "descr").text = text


def _gateway_name(role: str) -> str:
    return f"{role.upper()}_GW"


def _gateways(model: Element, plan: DevicePlan) -> None:
    gateways = SubElement(model, "Gateways")
    assert plan.lan is not None
    for role, interface in ((WAN, plan.expressroute), (LAN, plan.lan)):
        item = SubElement(gateways, "gateway_item", uuid=_uuid(plan, f"gateway/{role}"))
        _leaves(
            item,
            {
                "disabled": "0",
                "name": _gateway_name(role),
                "interface": role,
                "ipprotocol": "inet",
                "gateway": str(interface.default_gateway),
                "defaultgw": "1" if role == WAN else "0",
                "monitor_disable": "1",  # Azure's virtual router answers no ping
                "priority": "255",
                "weight": "1",
            },
        )


def _statics(root: Element, plan: DevicePlan) -> None:
    statics = SubElement(root, "staticroutes")
    for static in plan.statics:
        role = WAN if static.interface == plan.expressroute.name else LAN
        item = SubElement(statics, "route", uuid=_uuid(plan, f"static/{static.destination}"))
        values = {"network": _network(static), "gateway": _gateway_name(role), "descr": "", "disabled": "0"}
        _leaves(item, values)


def _network(static: StaticRoute) -> str:
    if isinstance(static.destination, Symbol):
        raise Unbound(f"static route to {static.destination}: the address is not known yet")
    return f"{static.destination}/32" if isinstance(static.destination, IPv4Address) else str(static.destination)


def _ipsec(model: Element, plan: DevicePlan, pre_shared_key: str) -> None:
    swanctl = SubElement(model, "Swanctl")
    sections = {name: SubElement(swanctl, name) for name in ("Connections", "locals", "remotes", "children", "VTIs")}
    SubElement(swanctl, "Pools")
    ipsec = SubElement(model, "IPsec")
    SubElement(SubElement(ipsec, "general"), "disablevpnrules").text = "1"
    keys = SubElement(ipsec, "preSharedKeys")
    for index, tunnel in enumerate(plan.tunnels):
        _tunnel(sections, plan, tunnel, reqid=str(index + 1))
        key = SubElement(keys, "preSharedKey", uuid=_uuid(plan, f"key/{tunnel.name}"))
        _leaves(
            key,
            {"ident": str(plan.endpoint), "remote_ident": str(_remote(tunnel)), "keyType": "PSK"},
        )
        _leaves(key, {"Key": pre_shared_key, "description": tunnel.name})


def _tunnel(sections: dict[str, Element], plan: DevicePlan, tunnel: Tunnel, *, reqid: str) -> None:
    remote = str(_remote(tunnel))
    connection = _uuid(plan, f"connection/{tunnel.name}")
    _leaves(
        SubElement(sections["Connections"], "Connection", uuid=connection),
        {
            "enabled": "1",
            "version": "2",
            "proposals": plan.crypto.ike_proposal,
            "unique": "replace",
            "mobike": "0",
            "local_addrs": str(tunnel.local),
            "remote_addrs": remote,
            "dpd_delay": "10",
            "rekey_time": "25200",  # before Azure's fixed main-mode lifetime of 28800 seconds
            "description": tunnel.name,
        },
    )
    for section, side, identity in (("locals", "local", str(plan.endpoint)), ("remotes", "remote", remote)):
        _leaves(
            SubElement(sections[section], side, uuid=_uuid(plan, f"{side}/{tunnel.name}")),
            {"enabled": "1", "connection": connection, "round": "0", "auth": "psk", "id": identity},
        )
    # A route-based child installs no policies of its own: the VTI with the same reqid carries the traffic.
    _leaves(
        SubElement(sections["children"], "child", uuid=_uuid(plan, f"child/{tunnel.name}")),
        {
            "enabled": "1",
            "connection": connection,
            "reqid": reqid,
            "esp_proposals": plan.crypto.esp_proposal,
            "start_action": "start",
            "close_action": "start",
            "dpd_action": "start",
            "mode": "tunnel",
            "policies": "0",
            "local_ts": "0.0.0.0/0",
            "remote_ts": "0.0.0.0/0",
            "rekey_time": str(plan.crypto.sa_life_time_seconds * 9 // 10),
            "description": tunnel.name,
        },
    )
    _leaves(
        SubElement(sections["VTIs"], "VTI", uuid=_uuid(plan, f"vti/{tunnel.name}")),
        {
            "enabled": "1",
            "reqid": reqid,
            "local": str(tunnel.local),
            "remote": remote,
            "tunnel_local": str(tunnel.inner_local),
            "tunnel_remote": str(tunnel.inner_remote),
            "description": tunnel.name,
        },
    )


def _remote(tunnel: Tunnel) -> IPv4Address:
    if isinstance(tunnel.remote, Symbol):
        raise Unbound(f"tunnel {tunnel.name} to {tunnel.remote}: the address is not known yet")
    return tunnel.remote


def _bgp(model: Element, plan: DevicePlan) -> None:
    quagga = SubElement(model, "quagga")
    _leaves(SubElement(quagga, "general"), {"enabled": "1", "profile": "traditional"})
    bgp = SubElement(quagga, "bgp")
    _leaves(
        bgp,
        {
            "enabled": "1",
            "asnumber": str(plan.asn),
            "routerid": str(plan.endpoint),
            "networks": ",".join(str(prefix) for prefix in plan.advertises),
            "networkimportcheck": "1",
        },
    )
    prepend = _uuid(plan, "routemap/prepend") if plan.prepend else ""
    neighbours = SubElement(bgp, "neighbors")
    for tunnel in plan.tunnels:
        _leaves(
            SubElement(neighbours, "neighbor", uuid=_uuid(plan, f"neighbour/{tunnel.name}")),
            {
                "enabled": "1",
                "address": str(tunnel.inner_remote),
                "remoteas": str(plan.gateway_asn),
                "updatesource": "",
                "multihop": "1",  # the peers are the ends of a VTI; Azure answers as if several hops away
                "keepalive": "60",
                "holddown": "180",
                "linkedRoutemapOut": prepend,
                "description": tunnel.name,
            },
        )
    if plan.prepend:
        _leaves(
            SubElement(SubElement(bgp, "routemaps"), "routemap", uuid=prepend),
            {
                "enabled": "1",
                "name": "PREPEND",
                "action": "permit",
                "id": "10",
                "set": "as-path prepend " + " ".join([str(plan.asn)] * plan.prepend),
            },
        )


def _leaves(parent: Element, values: dict[str, str]) -> None:
    for tag, text in values.items():
        if _NOT_XML.search(text):
            raise ValueError(f"<{tag}> would hold a control character, which XML cannot")
        SubElement(parent, tag).text = text


def _uuid(plan: DevicePlan, path: str) -> str:
    """The same for the same plan, so that an unchanged plan renders to unchanged text."""
    return str(uuid5(_NAMESPACE, f"{plan.name}/{path}"))


_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that an XML 1.0 document cannot hold, escaped or not."""
_NAMESPACE: UUID = uuid5(NAMESPACE_URL, "vpner:device:opnsense")
