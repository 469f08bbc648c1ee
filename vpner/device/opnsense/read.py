"""Any OPNsense ``config.xml`` as a typed configuration: written here, exported from an appliance, or published.

Both places are read in which OPNsense has had gateways and tunnels: the models (``OPNsense/Gateways``,
``OPNsense/Swanctl``), and the older sections (``gateways``, ``ipsec``), where the models have none. What is disabled is
left out. A key is never kept; firewall rules are not read.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from vpner.device.common import KEY_PLACEHOLDER
from vpner.device.opnsense.fields import Fields
from vpner.device.opnsense.model import Gateway, Interface, IpsecTunnel, OpnsenseConfig, Route
from vpner.device.opnsense.read_bgp import read_bgp
from vpner.device.opnsense.write import MSS_HEADERS
from vpner.problems import Problem, Problems

_DH_GROUPS = {"2": "modp1024", "5": "modp1536", "14": "modp2048", "19": "ecp256", "20": "ecp384", "21": "ecp521"}
"""Of the older section, by IANA's number."""


def read_config(text: str, origin: str = "config.xml") -> OpnsenseConfig:
    """The configuration in the text of a ``config.xml``.

    Raises :class:`Problems` if it is no XML, has a document type or entities, or with every value that cannot be read.
    """
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        what = f"{type(error).__name__}: {error}"
        why, remedy = "OPNsense's configuration is XML without a document type", "export it again"
        raise Problems(f"cannot read {origin}", [Problem(origin, what, why, remedy, "xml")]) from None
    fields = Fields()
    interfaces = _interfaces(fields, root)
    config = OpnsenseConfig(
        name=root.findtext("system/hostname") or "",
        interfaces=interfaces,
        gateways=_gateways(fields, root, interfaces),
        routes=tuple(
            Route(fields.network(item, "network"), fields.text(item, "gateway"))
            for item in root.findall("staticroutes/route")
            if fields.text(item, "disabled") != "1"
        ),
        tunnels=_tunnels(fields, root) or _older_tunnels(fields, root),
        bgp=read_bgp(fields, root),
    )
    fields.refuse(f"cannot read {origin}")
    return config


def _interfaces(fields: Fields, root: Element) -> tuple[Interface, ...]:
    found: list[Interface] = []
    for item in root.iterfind("interfaces/*"):
        if fields.text(item, "enable") != "1" or "1" in (
            fields.text(item, "internal_dynamic"),
            fields.text(item, "virtual"),
        ):
            continue
        address = fields.text(item, "ipaddr")
        mss = fields.number(item, "mss")
        found.append(
            Interface(
                role=item.tag,
                device=fields.text(item, "if"),
                address=None if address in ("", "dhcp") else fields.interface(item, "ipaddr", "subnet"),
                gateway=fields.text(item, "gateway") or None,
                mss=None if mss is None else mss - MSS_HEADERS,
            )
        )
    return tuple(found)


def _gateways(fields: Fields, root: Element, interfaces: tuple[Interface, ...]) -> tuple[Gateway, ...]:
    items = root.findall("OPNsense/Gateways/gateway_item") or root.findall("gateways/gateway_item")
    found = [
        Gateway(
            name=fields.text(item, "name"),
            interface=fields.text(item, "interface"),
            address=fields.optional_address(item, "gateway"),
            default=fields.text(item, "defaultgw") == "1",
        )
        for item in items
        if fields.text(item, "disabled") != "1"
    ]
    # OPNsense itself has a gateway for each interface with DHCP (core 26.1: Routing/Gateways.php).
    names = {gateway.name for gateway in found}
    implied = [Gateway(f"{item.role.upper()}_DHCP", item.role, None, False) for item in interfaces if not item.address]
    return (*found, *(gateway for gateway in implied if gateway.name not in names))


def _tunnels(fields: Fields, root: Element) -> tuple[IpsecTunnel, ...]:
    swanctl, found = "OPNsense/Swanctl", list[IpsecTunnel]()
    keys = {
        (fields.text(item, "ident"), fields.text(item, "remote_ident")): fields.text(item, "Key")
        for item in root.findall("OPNsense/IPsec/preSharedKeys/preSharedKey")
    }
    vtis = {fields.text(item, "reqid"): item for item in root.findall(f"{swanctl}/VTIs/VTI") if fields.enabled(item)}
    for connection in root.findall(f"{swanctl}/Connections/Connection"):
        if not fields.enabled(connection):
            continue
        uuid = connection.get("uuid")
        ids = [
            next(
                (
                    fields.text(item, "id")
                    for item in root.findall(f"{swanctl}/{path}")
                    if fields.text(item, "connection") == uuid
                ),
                "",
            )
            for path in ("locals/local", "remotes/remote")
        ]
        for child in root.findall(f"{swanctl}/children/child"):
            vti = vtis.get(fields.text(child, "reqid"))
            if fields.text(child, "connection") != uuid or not fields.enabled(child) or vti is None:
                continue
            found.append(
                IpsecTunnel(
                    name=fields.text(connection, "description"),
                    local=fields.optional_address(connection, "local_addrs"),
                    remote=fields.address(connection, "remote_addrs"),
                    local_id=ids[0] or None,
                    remote_id=ids[1] or None,
                    inner_local=fields.address(vti, "tunnel_local"),
                    inner_remote=fields.address(vti, "tunnel_remote"),
                    ike_version=fields.number(connection, "version") or 0,
                    ike_proposals=fields.listed(connection, "proposals"),
                    esp_proposals=fields.listed(child, "esp_proposals"),
                    ike_seconds=fields.number(connection, "rekey_time"),
                    esp_seconds=fields.number(child, "rekey_time"),
                    has_key=keys.get((ids[0], ids[1]), "") not in ("", KEY_PLACEHOLDER),
                )
            )
    return tuple(found)


def _older_tunnels(fields: Fields, root: Element) -> tuple[IpsecTunnel, ...]:
    """The tunnels of ``<ipsec>``: a phase 1 each, and a route-based phase 2."""
    children = {fields.text(item, "ikeid"): item for item in root.findall("ipsec/phase2")}
    found: list[IpsecTunnel] = []
    for phase1 in root.findall("ipsec/phase1"):
        phase2 = children.get(fields.text(phase1, "ikeid"))
        if phase2 is None or phase1.find("disabled") is not None or phase2.find("disabled") is not None:
            continue
        remote = fields.address(phase1, "remote-gateway")
        cipher = _cipher(fields, phase1, "encryption-algorithm")
        found.append(
            IpsecTunnel(
                name=fields.text(phase1, "descr"),
                local=None,
                remote=remote,
                local_id=fields.text(phase1, "myid_data") or None,
                remote_id=str(remote) if fields.text(phase1, "peerid_type") == "peeraddress" else None,
                inner_local=fields.address(phase2, "tunnel_local"),
                inner_remote=fields.address(phase2, "tunnel_remote"),
                ike_version=fields.number_of(phase1, "iketype", {"ikev1": 1, "ikev2": 2}),
                ike_proposals=tuple(
                    f"{cipher}-{digest}-{_DH_GROUPS.get(group, f'group{group}')}"
                    for digest in fields.listed(phase1, "hash-algorithm")
                    for group in fields.listed(phase1, "dhgroup")
                ),
                esp_proposals=_older_esp(fields, phase2),
                ike_seconds=fields.number(phase1, "lifetime"),
                esp_seconds=fields.number(phase2, "lifetime"),
                has_key=bool(fields.text(phase1, "pre-shared-key")),
            )
        )
    return tuple(found)


def _older_esp(fields: Fields, phase2: Element) -> tuple[str, ...]:
    group = fields.text(phase2, "pfsgroup")
    suffix = f"-{_DH_GROUPS.get(group, f'group{group}')}" if group not in ("", "0", "off") else ""
    ciphers = [_cipher(fields, item, ".") for item in phase2.findall("encryption-algorithm-option")]
    digests = [(item.text or "").removeprefix("hmac_") for item in phase2.findall("hash-algorithm-option")]
    return tuple(f"{cipher}-{digest}{suffix}" for cipher in ciphers for digest in digests)


def _cipher(fields: Fields, item: Element, path: str) -> str:
    """``aes`` with its key length, in one word or in two elements."""
    element = item.find(path)
    return "" if element is None else fields.text(element, "name") + fields.text(element, "keylen")
