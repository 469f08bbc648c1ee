"""The BGP part of OPNsense's routing plugin (net/frr), written."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from vpner.device.filters import EXPORTS, IMPORTS, PREPEND, PrefixRule
from vpner.device.opnsense.elements import leaves, number, uuid_of
from vpner.device.opnsense.model import Bgp, Neighbour, OpnsenseConfig


def write_bgp(model: Element, config: OpnsenseConfig, bgp: Bgp) -> None:
    quagga = SubElement(model, "quagga")
    leaves(SubElement(quagga, "general"), {"enabled": "1", "profile": "traditional"})
    element = SubElement(quagga, "bgp")
    leaves(
        element,
        {
            "enabled": "1",
            "asnumber": str(bgp.asn),
            "routerid": "" if bgp.router_id is None else str(bgp.router_id),
            "networks": ",".join(str(prefix) for prefix in bgp.networks),
            "networkimportcheck": "1" if bgp.import_check else "0",
        },
    )
    neighbours = SubElement(element, "neighbors")
    lists = _PrefixLists(config, SubElement(element, "prefixlists"))
    maps = SubElement(element, "routemaps")
    prepends: dict[tuple[int, ...], str] = {}
    for neighbour in bgp.neighbours:
        if neighbour.prepend and neighbour.prepend not in prepends:
            prepends[neighbour.prepend] = _prepending(config, maps, neighbour.prepend, len(prepends))
        _neighbour(config, neighbours, neighbour, lists, prepends.get(neighbour.prepend, ""))


def _neighbour(
    config: OpnsenseConfig, neighbours: Element, neighbour: Neighbour, lists: _PrefixLists, prepend: str
) -> None:
    leaves(
        SubElement(neighbours, "neighbor", uuid=uuid_of(config, f"neighbour/{neighbour.address}")),
        {
            "enabled": "1",
            "address": str(neighbour.address),
            "remoteas": str(neighbour.asn),
            "updatesource": "",
            "multihop": "1" if neighbour.multihop else "0",
            "keepalive": number(neighbour.keepalive),
            "holddown": number(neighbour.hold),
            "linkedPrefixlistIn": lists.link(IMPORTS, neighbour.imports),
            "linkedPrefixlistOut": lists.link(EXPORTS, neighbour.exports),
            "linkedRoutemapOut": prepend,
            "description": str(neighbour.address),
        },
    )


def _prepending(config: OpnsenseConfig, maps: Element, prepend: tuple[int, ...], index: int) -> str:
    """A route map that prepends ASNs; returns its UUID."""
    name = _numbered(PREPEND, index)
    uuid = uuid_of(config, f"routemap/{name}")
    leaves(
        SubElement(maps, "routemap", uuid=uuid),
        {
            "enabled": "1",
            "name": name,
            "action": "permit",
            "id": "10",
            "set": "as-path prepend " + " ".join(map(str, prepend)),
        },
    )
    return uuid


class _PrefixLists:
    """Prefix lists, each written once. A neighbour is linked to one entry; OPNsense takes all entries of its name."""

    def __init__(self, config: OpnsenseConfig, parent: Element) -> None:
        self._config, self._parent = config, parent
        self._links: dict[tuple[str, tuple[PrefixRule, ...]], str] = {}

    def link(self, kind: str, rules: tuple[PrefixRule, ...] | None) -> str:
        if rules is None:
            return ""
        if (kind, rules) not in self._links:
            name = _numbered(kind, sum(1 for known, _ in self._links if known == kind))
            self._links[kind, rules] = self._write(name, rules)
        return self._links[kind, rules]

    def _write(self, name: str, rules: tuple[PrefixRule, ...]) -> str:
        if not rules:
            raise ValueError(f"prefix list {name} has no entry, and an empty one lets everything pass")
        uuids = [uuid_of(self._config, f"prefixlist/{name}/{index}") for index in range(len(rules))]
        for index, (rule, uuid) in enumerate(zip(rules, uuids, strict=True)):
            leaves(
                SubElement(self._parent, "prefixlist", uuid=uuid),
                {
                    "enabled": "1",
                    "name": name,
                    "version": "IPv4",
                    "seqnumber": str(10 * (index + 1)),
                    "action": rule.action,
                    "network": rule.match,
                },
            )
        return uuids[0]


def _numbered(name: str, index: int) -> str:
    return name if index == 0 else f"{name}-{index + 1}"
