"""A configuration as OPNsense's boot file, ``config.xml``.

From 25.7 OPNsense ignores the tunnels of the older ``<ipsec>`` section without a plugin; its ``enable`` is still what
starts strongSwan. Elements and options are those of the models at tag 26.1 of github.com/opnsense/core and
github.com/opnsense/plugins; this has not been run on an appliance.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from vpner.device.common import KEY_PLACEHOLDER
from vpner.device.opnsense.elements import leaves, number, uuid_of
from vpner.device.opnsense.model import LAN, WAN, IpsecTunnel, OpnsenseConfig
from vpner.device.opnsense.write_bgp import write_bgp

MSS_HEADERS = 40
"""OPNsense takes an interface's MSS with the headers of IPv4 and TCP (core 26.1: etc/inc/filter.inc)."""
_TUNNEL_PACKETS = (("udp", "500", "IKE"), ("udp", "4500", "IKE and ESP in UDP"), ("esp", "", "ESP"))


def write(
    config: OpnsenseConfig,
    *,
    pre_shared_key: str | None = None,
    root_password_hash: str | None = None,
    management: tuple[str, ...] = (),
) -> str:
    """The configuration as XML text. With a key it is a secret as a whole; without one a placeholder stands there.

    ``root_password_hash`` is a bcrypt hash; without it the file has no users, and those of the appliance stay.
    ``management`` lists prefixes that may reach the web interface on the ExpressRoute side. Raises :class:`ValueError`
    if a text has a character that XML cannot hold.
    """
    root = Element("opnsense")
    _system(root, config.name, root_password_hash)
    _interfaces(root, config)
    _filter(root, management)
    model = SubElement(root, "OPNsense")
    _gateways(model, config)
    statics = SubElement(root, "staticroutes")
    for route in config.routes:
        item = SubElement(statics, "route", uuid=uuid_of(config, f"static/{route.prefix}"))
        leaves(item, {"network": str(route.prefix), "gateway": route.gateway, "descr": "", "disabled": "0"})
    SubElement(SubElement(root, "ipsec"), "enable").text = "1"
    _ipsec(model, config, KEY_PLACEHOLDER if pre_shared_key is None else pre_shared_key)
    if config.bgp is not None:
        write_bgp(model, config, config.bgp)
    indent(root)
    return '<?xml version="1.0"?>\n' + tostring(root, encoding="unicode") + "\n"


def _system(root: Element, name: str, root_password_hash: str | None) -> None:
    system = SubElement(root, "system")
    leaves(system, {"hostname": name, "domain": "internal", "timezone": "Etc/UTC"})
    leaves(SubElement(system, "webgui"), {"protocol": "https"})
    if root_password_hash is None:
        return
    group = SubElement(system, "group")
    leaves(group, {"name": "admins", "scope": "system", "gid": "1999", "member": "0", "priv": "page-all"})
    user = SubElement(system, "user")
    leaves(user, {"name": "root", "scope": "system", "groupname": "admins", "uid": "0", "password": root_password_hash})


def _interfaces(root: Element, config: OpnsenseConfig) -> None:
    interfaces = SubElement(root, "interfaces")
    for interface in config.interfaces:
        item = SubElement(interfaces, interface.role)
        leaves(item, {"enable": "1", "if": interface.device, "descr": interface.role.upper()})
        if interface.address is None:
            SubElement(item, "ipaddr").text = "dhcp"
        else:
            network = interface.address.network
            leaves(item, {"ipaddr": str(interface.address.ip), "subnet": str(network.prefixlen)})
        if interface.gateway is not None:
            SubElement(item, "gateway").text = interface.gateway
        if interface.mss is not None:
            SubElement(item, "mss").text = str(interface.mss + MSS_HEADERS)
    # The group of all VTIs: rules on it pass what comes out of the tunnels.
    leaves(SubElement(interfaces, "enc0"), {"internal_dynamic": "1", "enable": "1", "if": "enc0", "descr": "IPsec"})


def _filter(root: Element, management: tuple[str, ...]) -> None:
    rules = SubElement(root, "filter")
    for protocol, port, text in _TUNNEL_PACKETS:
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
    leaves(rule, {"type": "pass", "interface": interface, "ipprotocol": "inet"})
    if protocol != "any":
        SubElement(rule, "protocol").text = protocol
    leaves(SubElement(rule, "source"), source)
    leaves(SubElement(rule, "destination"), destination)
    SubElement(rule, "descr").text = text


def _gateways(model: Element, config: OpnsenseConfig) -> None:
    gateways = SubElement(model, "Gateways")
    for gateway in config.gateways:
        leaves(
            SubElement(gateways, "gateway_item", uuid=uuid_of(config, f"gateway/{gateway.name}")),
            {
                "disabled": "0",
                "name": gateway.name,
                "interface": gateway.interface,
                "ipprotocol": "inet",
                "gateway": "" if gateway.address is None else str(gateway.address),
                "defaultgw": "1" if gateway.default else "0",
                "monitor_disable": "1",  # Azure's virtual router answers no ping
                "priority": "255",
                "weight": "1",
            },
        )


def _ipsec(model: Element, config: OpnsenseConfig, pre_shared_key: str) -> None:
    swanctl = SubElement(model, "Swanctl")
    sections = {name: SubElement(swanctl, name) for name in ("Connections", "locals", "remotes", "children", "VTIs")}
    SubElement(swanctl, "Pools")
    ipsec = SubElement(model, "IPsec")
    SubElement(SubElement(ipsec, "general"), "disablevpnrules").text = "1"
    keys = SubElement(ipsec, "preSharedKeys")
    for index, tunnel in enumerate(config.tunnels):
        _tunnel(sections, config, tunnel, reqid=str(index + 1))
        if tunnel.has_key:
            leaves(
                SubElement(keys, "preSharedKey", uuid=uuid_of(config, f"key/{tunnel.name}")),
                {
                    "ident": tunnel.local_id or "",
                    "remote_ident": tunnel.remote_id or "",
                    "keyType": "PSK",
                    "Key": pre_shared_key,
                    "description": tunnel.name,
                },
            )


def _tunnel(sections: dict[str, Element], config: OpnsenseConfig, tunnel: IpsecTunnel, *, reqid: str) -> None:
    local, remote = "" if tunnel.local is None else str(tunnel.local), str(tunnel.remote)
    connection = uuid_of(config, f"connection/{tunnel.name}")
    leaves(
        SubElement(sections["Connections"], "Connection", uuid=connection),
        {
            "enabled": "1",
            "version": str(tunnel.ike_version),
            "proposals": ",".join(tunnel.ike_proposals),
            "unique": "replace",
            "mobike": "0",
            "local_addrs": local,
            "remote_addrs": remote,
            "dpd_delay": "10",
            "rekey_time": number(tunnel.ike_seconds),
            "description": tunnel.name,
        },
    )
    for section, side, identity in (("locals", "local", tunnel.local_id), ("remotes", "remote", tunnel.remote_id)):
        leaves(
            SubElement(sections[section], side, uuid=uuid_of(config, f"{side}/{tunnel.name}")),
            {"enabled": "1", "connection": connection, "round": "0", "auth": "psk", "id": identity or ""},
        )
    # A route-based child installs no policies of its own: the VTI with the same reqid carries the traffic.
    leaves(
        SubElement(sections["children"], "child", uuid=uuid_of(config, f"child/{tunnel.name}")),
        {
            "enabled": "1",
            "connection": connection,
            "reqid": reqid,
            "esp_proposals": ",".join(tunnel.esp_proposals),
            "start_action": "start",
            "close_action": "start",
            "dpd_action": "start",
            "mode": "tunnel",
            "policies": "0",
            "local_ts": "0.0.0.0/0",
            "remote_ts": "0.0.0.0/0",
            "rekey_time": number(tunnel.esp_seconds),
            "description": tunnel.name,
        },
    )
    leaves(
        SubElement(sections["VTIs"], "VTI", uuid=uuid_of(config, f"vti/{tunnel.name}")),
        {
            "enabled": "1",
            "reqid": reqid,
            "local": local,
            "remote": remote,
            "tunnel_local": str(tunnel.inner_local),
            "tunnel_remote": str(tunnel.inner_remote),
            "description": tunnel.name,
        },
    )
