"""Tables in the columns of the Azure CLI's ``-o table``, and effective routes as its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv6Address
from typing import Any

from vpner.routing.solution import BgpRoute, EffectiveRoute
from vpner.topology import Address, Symbol, Topology


def columns(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Left-aligned columns with a rule under the headers, as the Azure CLI prints them."""
    lines = [list(headers), *(list(row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(headers))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def effective_table(rows: Iterable[EffectiveRoute]) -> str:
    """``az network nic show-effective-route-table -o table``: a row for every next hop."""
    return columns(
        ("Source", "State", "Address Prefix", "Next Hop Type", "Next Hop IP"),
        (
            (row.source, row.state, str(row.prefix), row.type, hop)
            for row in rows
            for hop in [_text(address) for address in row.next_hops] or [""]
        ),
    )


def effective_json(rows: Iterable[EffectiveRoute]) -> dict[str, Any]:
    """The body of the same command's JSON."""
    return {
        "value": [
            {
                "addressPrefix": [str(row.prefix)],
                "disableBgpRoutePropagation": False,
                "name": None,
                "nextHopIpAddress": [_text(address) for address in row.next_hops],
                "nextHopType": row.type.value,
                "source": row.source.value,
                "state": row.state.value,
            }
            for row in rows
        ]
    }


def learned_table(rows: Iterable[BgpRoute], holder: str, topology: Topology) -> str:
    """``az network vnet-gateway list-learned-routes -o table`` of the instance ``holder`` (``GATEWAY/INDEX``)."""
    addresses = _addresses(topology)
    return columns(
        ("Network", "NextHop", "Origin", "SourcePeer", "AsPath", "Weight"),
        (
            (
                str(row.prefix),
                _text(row.next_hop),
                row.origin,
                _text(addresses.get(row.peer or holder, row.next_hop)),
                "-".join(map(str, row.as_path)),
                str(row.weight),
            )
            for row in rows
        ),
    )


def circuit_table(rows: Iterable[BgpRoute]) -> str:
    """``az network express-route list-route-tables -o table``."""
    return columns(
        ("LocPrf", "Network", "NextHop", "Path", "Weight"),
        (("", str(row.prefix), _text(row.next_hop), " ".join(map(str, row.as_path)), "0") for row in rows),
    )


def router_table(rows: Iterable[BgpRoute]) -> str:
    """A router's BGP table; ``>`` marks the path in use."""
    return columns(
        ("", "Network", "Next Hop", "Path"),
        (
            (">" if row.selected else "", str(row.prefix), _text(row.next_hop), " ".join(map(str, row.as_path)))
            for row in rows
        ),
    )


def _text(address: Address | IPv6Address | None) -> str:
    """Of an address; a name in angle brackets for one that only Azure will know."""
    if address is None:
        return ""
    return f"<{address}>" if isinstance(address, Symbol) else str(address)


def _addresses(topology: Topology) -> Mapping[str, Address]:
    """BGP addresses of gateway and Route Server instances by ``NAME/INDEX``, of routers by name."""
    found: dict[str, Address] = {}
    for vpn in topology.vpn_gateways:
        found |= {f"{vpn.name}/{index}": instance.bgp for index, instance in enumerate(vpn.instances)}
    for owner in (*topology.er_gateways, *topology.route_servers):
        found |= {f"{owner.name}/{index}": ip for index, ip in enumerate(owner.instances)}
    return found
