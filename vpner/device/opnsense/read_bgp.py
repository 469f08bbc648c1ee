"""The BGP part of OPNsense's routing plugin (net/frr), read."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from vpner.device.filters import PrefixRule
from vpner.device.opnsense.fields import Fields
from vpner.device.opnsense.model import Bgp, Neighbour

_BGP = "OPNsense/quagga/bgp"
_PREPEND = "as-path prepend "
_OR_LONGER = " le 32"


def read_bgp(fields: Fields, root: Element) -> Bgp | None:
    """None where BGP or the whole plugin is off."""
    bgp = root.find(_BGP)
    if bgp is None or fields.text(bgp, "enabled") != "1" or root.findtext("OPNsense/quagga/general/enabled") != "1":
        return None
    lists, maps = _prefix_lists(fields, bgp), _prepends(fields, bgp)
    return Bgp(
        asn=fields.number(bgp, "asnumber") or 0,
        router_id=fields.optional_address(bgp, "routerid"),
        networks=tuple(fields.network_of(bgp, "networks", text) for text in fields.listed(bgp, "networks")),
        import_check=fields.text(bgp, "networkimportcheck") != "0",
        neighbours=tuple(
            Neighbour(
                address=fields.address(item, "address"),
                asn=fields.number(item, "remoteas") or 0,
                multihop=fields.text(item, "multihop") == "1",
                keepalive=fields.number(item, "keepalive"),
                hold=fields.number(item, "holddown"),
                imports=lists.get(fields.text(item, "linkedPrefixlistIn")),
                exports=lists.get(fields.text(item, "linkedPrefixlistOut")),
                prepend=maps.get(fields.text(item, "linkedRoutemapOut"), ()),
            )
            for item in bgp.findall("neighbors/neighbor")
            if fields.enabled(item)
        ),
    )


def _prefix_lists(fields: Fields, bgp: Element) -> Mapping[str, tuple[PrefixRule, ...]]:
    """Each list by the UUIDs of its entries: a link to one entry means all of its name, in their sequence."""
    entries = [item for item in bgp.findall("prefixlists/prefixlist") if fields.enabled(item)]
    entries.sort(key=lambda item: fields.number(item, "seqnumber") or 0)
    by_name: dict[str, list[PrefixRule]] = {}
    for item in entries:
        text = fields.text(item, "network")
        prefix = fields.network_of(item, "network", text.removesuffix(_OR_LONGER))
        permit = fields.text(item, "action") == "permit"
        by_name.setdefault(fields.text(item, "name"), []).append(PrefixRule(permit, prefix, text.endswith(_OR_LONGER)))
    return {item.get("uuid", ""): tuple(by_name[fields.text(item, "name")]) for item in entries}


def _prepends(fields: Fields, bgp: Element) -> Mapping[str, tuple[int, ...]]:
    """ASNs that each route map prepends. A map that does anything else is a problem."""
    found: dict[str, tuple[int, ...]] = {}
    for item in bgp.findall("routemaps/routemap"):
        if not fields.enabled(item):
            continue
        action = fields.text(item, "set")
        asns = action.removeprefix(_PREPEND).split()
        if not action.startswith(_PREPEND) or not all(asn.isdigit() for asn in asns):
            fields.unread(item, "set", action, "a prepend", "as-path prepend 65510 65510")
            continue
        found[item.get("uuid", "")] = tuple(map(int, asns))
    return found
