"""Rows of Azure's route tables, in the words of topology format 1. A row holds only what was printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from vpner.readers.shape import BgpRowShape, EffectiveRowShape

_EDGE_ASN = 12076
_TYPES = {
    name.lower(): name for name in get_args(EffectiveRowShape.model_fields["type"].annotation) if isinstance(name, str)
}
_UNMODELLED = frozenset({"virtualnetworkserviceendpoint", "interfaceendpoint"})
"""Next hop types of platform services; no prefix of a site ever has them."""
_ORIGINS = frozenset({"Network", "EBgp", "IBgp"})


class Unreadable(ValueError):
    """The body is not what it should be."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A row of a BGP table, and the address of the instance that printed it."""

    row: BgpRowShape
    local: str | None = None


def effective(body: Any) -> tuple[list[EffectiveRowShape], list[str]]:
    """Rows of ``effectiveRouteTable``, equal ones joined to one with all next hops; and what is not compared."""
    joined: dict[tuple[Any, ...], list[str]] = {}
    given: dict[tuple[Any, ...], bool] = {}
    others: list[str] = []
    for item in _listed(body):
        kind = item.get("nextHopType")
        if not isinstance(kind, str):
            raise Unreadable("a row has no nextHopType, as every effective route has")
        if kind.lower() in _UNMODELLED:
            others.append(
                f"{', '.join(_texts(item, 'addressPrefix'))} of type {kind}, which no gateway or peer changes"
            )
            continue
        if kind.lower() not in _TYPES:
            raise Unreadable(f"{kind!r} is no next hop type of an effective route")
        for prefix in _texts(item, "addressPrefix"):
            key = (prefix, _TYPES[kind.lower()], item.get("source"), item.get("state"))
            joined.setdefault(key, []).extend(_texts(item, "nextHopIpAddress"))
            given[key] = item.get("nextHopIpAddress") is not None
    found = [
        _effective_row(prefix, kind, hops if given[prefix, kind, source, state] else None, source, state)
        for (prefix, kind, source, state), hops in joined.items()
    ]
    return found, others


def _effective_row(prefix: str, kind: Any, hops: list[str] | None, source: Any, state: Any) -> EffectiveRowShape:
    values: dict[str, Any] = {"prefix": prefix, "type": kind}
    values |= {"next_hops": list(dict.fromkeys(hops))} if hops is not None else {}
    values |= {name: value for name, value in (("source", source), ("state", state)) if value is not None}
    return _shaped(EffectiveRowShape, values)


def bgp(body: Any) -> list[Learned]:
    """Rows of learned and advertised routes, of a gateway or of the instances of a Route Server."""
    return [_learned(item) for item in _listed(body)]


def _learned(item: Mapping[str, Any]) -> Learned:
    path = _as_path(item.get("asPath"))
    values: dict[str, Any] = {"prefix": item.get("network")}
    if path is not None:
        values["as_path"] = path
    if item.get("origin") in _ORIGINS:
        values["origin"] = item["origin"]
    # A gateway prints Microsoft's edges with their addresses in GatewaySubnet, which no topology has.
    if item.get("nextHop") and (path or [])[:1] != [_EDGE_ASN]:
        values["next_hop"] = item["nextHop"]
    if item.get("sourcePeer"):
        values["from"] = item["sourcePeer"]
    if isinstance(item.get("weight"), int):
        values["weight"] = item["weight"]
    return Learned(_shaped(BgpRowShape, values), item.get("localAddress") or None)


def circuit(body: Any) -> list[Learned]:
    """Rows of a circuit's ``routeTables``."""
    found: list[Learned] = []
    for item in _listed(body):
        values: dict[str, Any] = {"prefix": item.get("network")}
        path = _as_path(item.get("path"))
        if path is not None:
            values["as_path"] = path
        if item.get("nextHop"):
            values["next_hop"] = item["nextHop"]
        if isinstance(item.get("weight"), int):
            values["weight"] = item["weight"]
        found.append(Learned(_shaped(BgpRowShape, values)))
    return found


def without_own(found: Iterable[Learned]) -> Iterator[Learned]:
    """Rows of what passes between two peers: without what only the holder gives them."""
    for item in found:
        kept = {name: getattr(item.row, name) for name in ("prefix", "as_path", "next_hop")}
        yield Learned(_shaped(BgpRowShape, {name: value for name, value in kept.items() if value is not None}))


def once(found: Iterable[Learned]) -> list[Learned]:
    """Rows that say the same, because two instances say it, stand once."""
    return list({(item.row.prefix, tuple(item.row.as_path or ()), item.row.next_hop): item for item in found}.values())


def by_instance(found: Iterable[Learned]) -> dict[str | None, list[Learned]]:
    """Rows by local address, in the order of the first row of each."""
    grouped: dict[str | None, list[Learned]] = {}
    for item in found:
        grouped.setdefault(item.local, []).append(item)
    return grouped or {None: []}


def _as_path(text: Any) -> list[int] | None:
    """``65001-12076`` as a gateway prints it, ``65001 12076`` as a circuit does; empty for routes of its own."""
    return None if text is None else [int(asn) for asn in re.findall(r"\d+", str(text))]


def _listed(body: Any) -> list[Mapping[str, Any]]:
    """Rows of ``{"value": [...]}``, of a bare list, or of a Route Server's instances (``RouteServiceRole_IN_0``)."""
    found: Any = body
    if isinstance(body, Mapping):
        groups = cast("Mapping[str, Any]", body)
        roles: list[list[Any]] = [rows or [] for name, rows in groups.items() if name.startswith("RouteServiceRole")]
        found = [row for rows in roles for row in rows] if roles else groups.get("value")
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in cast("list[Any]", found)):
        raise Unreadable("it has no list of rows under value")
    return cast("list[Mapping[str, Any]]", found)


def _texts(item: Mapping[str, Any], name: str) -> list[str]:
    value = item.get(name)
    listed = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [text for text in listed if isinstance(text, str) and text]


def _shaped(shape: Any, values: dict[str, Any]) -> Any:
    try:
        return shape.model_validate(values)
    except ValueError:
        raise Unreadable(f"a row is not one of such a table: {values}") from None
