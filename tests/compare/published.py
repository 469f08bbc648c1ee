"""Published tables in the JSON that Azure's commands print, written from the rows of a case and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vpner.readers.case import Case
from vpner.readers.observed import Document
from vpner.readers.shape import BgpRowShape, EffectiveRowShape

Json = dict[str, Any]


def effective(rows: Iterable[EffectiveRowShape]) -> Json:
    return {
        "value": [
            {
                "name": None,
                "addressPrefix": [row.prefix],
                "nextHopType": row.type,
                "nextHopIpAddress": row.next_hops,
                "source": row.source,
                "state": row.state,
                "disableBgpRoutePropagation": False,
            }
            for row in rows
        ]
    }


def bgp(rows: Iterable[BgpRowShape], local: str | None = None) -> Json:
    return {
        "value": [
            {
                "asPath": None if row.as_path is None else "-".join(map(str, row.as_path)),
                "localAddress": local,
                "network": row.prefix,
                "nextHop": row.next_hop,
                "origin": row.origin,
                "sourcePeer": row.peer,
                "weight": row.weight,
            }
            for row in rows
        ]
    }


def circuit(rows: Iterable[BgpRowShape]) -> Json:
    return {
        "value": [
            {
                "locPrf": "",
                "network": row.prefix,
                "nextHop": row.next_hop,
                "path": None if row.as_path is None else " ".join(map(str, row.as_path)),
                "weight": row.weight,
            }
            for row in rows
        ]
    }


def documents(case: Case) -> dict[str, Document]:
    """Everything that a case printed and that a command of Azure's prints. A gateway's instances print together."""
    expect = case.expect
    found: dict[str, Document] = {}
    for name, table in expect.effective_routes.items():
        found[f"effective_routes/{name}"] = Document(effective(table.rows), table.complete)
    for key, table in expect.gateway_learned.items():
        owner, _, index = key.rpartition("/")
        if index.isdigit() and owner:
            rows: list[Any] = bgp(table.rows, _address(case, owner, int(index)))["value"]
            before = found.get(f"gateway_learned/{owner}", Document({"value": []}))
            complete = before.complete and table.complete
            found[f"gateway_learned/{owner}"] = Document({"value": [*before.body["value"], *rows]}, complete)
        else:
            found[f"gateway_learned/{key}"] = Document(bgp(table.rows), table.complete)
    for kind in ("gateway_advertised", "route_server_learned", "route_server_advertised"):
        for key, table in getattr(expect, kind).items():
            found[f"{kind}/{key}"] = Document(bgp(table.rows), table.complete)
    for key, table in expect.circuit_routes.items():
        found[f"circuit_routes/{key}"] = Document(circuit(table.rows), table.complete)
    return found


def _address(case: Case, owner: str, index: int) -> str:
    topology = case.topology
    for vpn in topology.vpn_gateways:
        if vpn.name == owner:
            return str(vpn.instances[index].bgp)
    return str(next(er.instances[index] for er in topology.er_gateways if er.name == owner))
