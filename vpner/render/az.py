"""Tables in the columns of the Azure CLI's ``-o table``, and the bodies of its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address
from typing import Any

from vpner.render.grid import Grid
from vpner.routing.solution import BgpRoute, EffectiveRoute
from vpner.topology import Address, Symbol, Topology


def effective_table(rows: Iterable[EffectiveRoute]) -> Grid:
    """``az network nic show-effective-route-table -o table``: a row for every next hop."""
    return Grid(
        ("Source", "State", "Address Prefix", "Next Hop Type", "Next Hop IP"),
        tuple(
            (row.source.value, row.state.value, str(row.prefix), row.type.value, hop)
            for row in rows
            for hop in [address_text(address) for address in row.next_hops] or [""]
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
                "nextHopIpAddress": [address_text(address) for address in row.next_hops],
                "nextHopType": row.type.value,
                "source": row.source.value,
                "state": row.state.value,
            }
            for row in rows
        ]
    }


def learned_table(rows: Iterable[BgpRoute], holder: str, topology: Topology) -> Grid:
    """``az network vnet-gateway list-learned-routes -o table`` of the instance ``holder`` (``GATEWAY/INDEX``).

    ``list-advertised-routes`` has the same columns; there every route's source is the holder.
    """
    return Grid(
        ("Network", "NextHop", "Origin", "SourcePeer", "AsPath", "Weight"),
        tuple(
            (row["network"], row["nextHop"], row["origin"], row["sourcePeer"], row["asPath"], str(row["weight"]))
            for row in learned_json(rows, holder, topology)["value"]
        ),
    )


def learned_json(rows: Iterable[BgpRoute], holder: str, topology: Topology) -> dict[str, Any]:
    """The body of the same command's JSON."""
    addresses = _addresses(topology)
    return {
        "value": [
            {
                "asPath": "-".join(map(str, row.as_path)),
                "localAddress": address_text(addresses.get(holder)),
                "network": str(row.prefix),
                "nextHop": address_text(row.next_hop),
                "origin": row.origin.value,
                "sourcePeer": address_text(addresses.get(row.peer or holder, row.next_hop)),
                "weight": row.weight,
            }
            for row in rows
        ]
    }


def circuit_table(rows: Iterable[BgpRoute]) -> Grid:
    """``az network express-route list-route-tables -o table``."""
    return Grid(
        ("LocPrf", "Network", "NextHop", "Path", "Weight"),
        tuple(
            (row["locPrf"], row["network"], row["nextHop"], row["path"], str(row["weight"]))
            for row in circuit_json(rows)["value"]
        ),
    )


def circuit_json(rows: Iterable[BgpRoute]) -> dict[str, Any]:
    """The body of the same command's JSON."""
    return {
        "value": [
            {
                "locPrf": "",
                "network": str(row.prefix),
                "nextHop": address_text(row.next_hop),
                "path": " ".join(map(str, row.as_path)),
                "weight": 0,
            }
            for row in rows
        ]
    }


def router_table(rows: Iterable[BgpRoute]) -> Grid:
    """A router's BGP table; ``>`` marks the path in use."""
    return Grid(
        ("", "Network", "Next Hop", "Path"),
        tuple(
            (
                ">" if row.selected else "",
                str(row.prefix),
                address_text(row.next_hop),
                " ".join(map(str, row.as_path)),
            )
            for row in rows
        ),
    )


def router_json(rows: Iterable[BgpRoute]) -> dict[str, Any]:
    """The same as JSON, in the words of :func:`circuit_json`: no command of Azure's prints a router's table."""
    return {
        "value": [
            {
                "network": str(row.prefix),
                "nextHop": address_text(row.next_hop),
                "path": " ".join(map(str, row.as_path)),
                "selected": row.selected,
            }
            for row in rows
        ]
    }


def address_text(address: Address | IPv6Address | None) -> str:
    """Of an address; a name in angle brackets for one that only Azure will know."""
    if address is None:
        return ""
    return f"<{address}>" if isinstance(address, Symbol) else str(address)


def _addresses(topology: Topology) -> Mapping[str, Address]:
    """BGP addresses of gateway and Route Server instances by ``NAME/INDEX``."""
    found: dict[str, Address] = {}
    for vpn in topology.vpn_gateways:
        found |= {f"{vpn.name}/{index}": instance.bgp for index, instance in enumerate(vpn.instances)}
    for owner in (*topology.er_gateways, *topology.route_servers):
        found |= {f"{owner.name}/{index}": ip for index, ip in enumerate(owner.instances)}
    return found
