"""A network and its observations as a case of format 1 that does not say whose they are.

Names become ``vnet1``, ``nic2`` and so on. Addresses keep their first bits (which tell private from public), their last
byte, and which of them lie in one prefix; everything between is scrambled, with a key that nobody keeps. Public AS
numbers become numbers that are reserved for documentation. What is left is the plan's shape.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from secrets import token_bytes
from typing import Any, cast

import yaml

from vpner.matching import fits
from vpner.problems import Problem, Problems
from vpner.readers.case import Case, read_case
from vpner.readers.shape import ExpectShape
from vpner.readers.write import topology_document
from vpner.routing.solve import solve
from vpner.topology import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, Topology

_KEPT_BITS = tuple(IPv4Network(p) for p in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
"""Private blocks: an address stays in its block."""
_LINK_LOCAL = IPv4Network("169.254.0.0/16")
_LAST_BYTE = 24
_MICROSOFT = frozenset({8074, 8075, 12076, 65515})
_PRIVATE_ASNS = (range(64512, 65535), range(4_200_000_000, 4_294_967_295))
_DOCUMENTATION_ASNS = (*range(64496, 64512), *range(65536, 65552))
"""RFC 5398."""
_SYMBOL = re.compile(r"(?P<owner>.+?)(?P<rest>\.\w+\[.*)")
_COLLECTIONS = {
    "vnets": "vnet",
    "route_tables": "rt",
    "nics": "nic",
    "vpn_gateways": "vpngw",
    "er_gateways": "ergw",
    "route_servers": "rs",
    "circuits": "circuit",
    "routers": "router",
}
_LISTS = {"er_connections": "erconn", "vpn_connections": "vpnconn", "bgp_sessions": "session", "intent": "intent"}
_REFERENCES = frozenset(
    {"vnet", "remote", "route_table", "name", "gateway", "circuit", "router", "subnet", "region", "a", "b"}
)
"""Keys whose value is a name."""
_ASNS = frozenset({"asn", "as_path", "prepend"})
_TRIES = 20


def anonymous_case(topology: Topology, tables: ExpectShape, name: str) -> str:
    """The YAML text of the case, without pings. As many of its rows are predicted as before: that is checked.

    Raises :class:`Problems` if no scrambling of the addresses leaves the routing as it is.
    """
    original = _score(Case(topology, expect=tables))
    document = {
        "format": 1,
        "name": name,
        "title": "A network and what Azure printed of it.",
        "source": "vpner compare, anonymised",
        "evidence": "json",
        "topology": topology_document(topology),
        "expect": tables.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"reach"}),
        "gaps": ["Names, public AS numbers and addresses are not the network's own."],
    }
    for _ in range(_TRIES):
        text = yaml.safe_dump(_Veil(document).case(), sort_keys=False, width=120, allow_unicode=True)
        if _score(read_case(text, name)) == original:
            return text
    why = "Azure's choice between equal routes depends on addresses, and a case must route as the network does"
    problem = Problem(name, "no anonymous network routes alike", why, "save the topology and the files", "anonymise")
    raise Problems("cannot save the case", [problem])


def _score(case: Case) -> list[tuple[str, int, int, int]]:
    found = fits(case.topology, solve(case.topology), case.expect)
    return sorted((fit.kind, fit.matched, fit.total, len(fit.unobserved)) for fit in found)


class _Veil:
    """Replaces what is recognisable in a case's document, the same everywhere."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._key = token_bytes(32)
        self._names = dict(_names(document["topology"]))
        self._asns: dict[int, int] = {}

    def case(self) -> dict[str, Any]:
        topology: dict[str, Any] = {
            key: self._collection(value) if key in _COLLECTIONS else self._value(value, key)
            for key, value in self._document["topology"].items()
        }
        expect = {
            kind: {self._table_key(key): self._value(table, "") for key, table in tables.items()}
            for kind, tables in self._document["expect"].items()
        }
        return {**self._document, "topology": topology, "expect": expect}

    def _collection(self, items: Mapping[str, Any]) -> dict[str, Any]:
        return {self._name(name): self._value(item, "") for name, item in items.items()}

    def _value(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            entries = cast("dict[str, Any]", value)
            if key == "subnets":
                return self._collection(entries)
            return {name: self._value(item, name) for name, item in entries.items()}
        if isinstance(value, list):
            return [self._value(item, key) for item in cast("list[Any]", value)]
        if isinstance(value, int) and key in _ASNS:
            return self._asn(value)
        return self._text(value, key) if isinstance(value, str) else value

    def _text(self, text: str, key: str) -> str:
        if key in _REFERENCES or key == "global_reach":
            return self._name(text)
        if key == "reason":
            return "not published"
        try:
            return self._prefix(ip_network(text)) if "/" in text else str(self._address(ip_address(text)))
        except ValueError:
            pass
        symbol = _SYMBOL.fullmatch(text)
        if symbol is not None and symbol["owner"] in self._names:
            return f"{self._names[symbol['owner']]}{symbol['rest']}"
        return self._table_key(text) if key == "to" else text

    def _name(self, name: str) -> str:
        return self._names.get(name, name)

    def _table_key(self, key: str) -> str:
        """``GATEWAY``, ``GATEWAY/PEER``, ``GATEWAY/INDEX``, ``CIRCUIT/PATH``."""
        if key in self._names:
            return self._names[key]
        owner, _, rest = key.rpartition("/")
        return f"{self._name(owner)}/{self._name(rest)}" if owner else key

    def _asn(self, asn: int) -> int:
        if asn in _MICROSOFT or any(asn in block for block in _PRIVATE_ASNS):
            return asn
        return self._asns.setdefault(asn, _DOCUMENTATION_ASNS[len(self._asns) % len(_DOCUMENTATION_ASNS)])

    def _prefix(self, prefix: IPv4Network | IPv6Network) -> str:
        return f"{self._address(prefix.network_address, prefix.prefixlen)}/{prefix.prefixlen}"

    def _address(self, address: IPv4Address | IPv6Address, length: int | None = None) -> IPv4Address | IPv6Address:
        """The address with some bits flipped, each by the bits before it: equal beginnings stay equal."""
        bits = address.max_prefixlen
        first, last = (16, 64) if bits == 128 else (_first_bit(IPv4Address(int(address))), _LAST_BYTE)
        value = int(address)
        for index in range(first, min(last, bits if length is None else length)):
            before = int(address) >> (bits - index)
            digest = blake2b(f"{bits}/{index}/{before}".encode(), key=self._key, digest_size=1).digest()
            value ^= (digest[0] & 1) << (bits - index - 1)
        return type(address)(value)


def _first_bit(address: IPv4Address) -> int:
    """How many bits say what kind of address it is."""
    if address in _LINK_LOCAL:
        return _LAST_BYTE
    return next((block.prefixlen for block in _KEPT_BITS if address in block), 8)


def _names(topology: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What every name becomes. Names that Azure prescribes stay."""
    seen: set[str] = {GATEWAY_SUBNET, ROUTE_SERVER_SUBNET}
    counted: Counter[str] = Counter()

    def numbered(names: list[str], word: str) -> Iterator[tuple[str, str]]:
        for name in names:
            if name not in seen:
                seen.add(name)
                counted[word] += 1
                yield name, f"{word}{counted[word]}"

    for key, word in _COLLECTIONS.items():
        yield from numbered(list(topology.get(key, {})), word)
    for vnet in topology.get("vnets", {}).values():
        yield from numbered(list(vnet.get("subnets", {})), "subnet")
        yield from numbered([vnet["region"]] if vnet.get("region") else [], "region")
    for key, word in _LISTS.items():
        yield from numbered([item["name"] for item in topology.get(key, []) if item.get("name")], word)
