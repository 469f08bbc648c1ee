"""Connections that components plan and will build when the circuits are provisioned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vpner.readers.resources import has_unknown, mappings
from vpner.readers.stack.draft import address, text
from vpner.readers.stack.outside import Outside, Registered, registered


def add_planned(outside: Outside) -> None:
    """As if they were built already: what would be wrong with them is to be known before the provider's weeks."""
    draft = outside.draft
    draft.entries("er_connections").extend(_circuits(outside))
    for gateway in _ordered(registered(draft, "gateway")):
        for connection in mappings(gateway.value.get("connections")):
            if (entry := _tunnel(outside, gateway, connection)) is not None:
                draft.entries("vpn_connections").append(entry)


def _ordered(items: Iterator[Registered]) -> Iterator[Registered]:
    return (item for item in items if item.resource.properties.get("stage") == "ordered")


def _circuits(outside: Outside) -> Iterator[dict[str, Any]]:
    draft = outside.draft
    for item in _ordered(iter(outside.circuits)):
        gateway, weight = text(item.value.get("gateway")), item.value.get("weight")
        if gateway not in draft.section("er_gateways"):
            remedy = f"register the name of an ExpressRoute gateway as gateway of circuit {item.name}"
            draft.unknown(item.resource, f"the gateway of circuit {item.name}", remedy)
            continue
        circuit = outside.circuit_name(item.name)
        draft.section("circuits").setdefault(circuit, {"paths": {}})
        yield {
            "name": f"{circuit} (planned)",
            "gateway": gateway,
            "circuit": circuit,
            "weight": weight if isinstance(weight, int) else 0,
        }


def _tunnel(outside: Outside, gateway: Registered, connection: Any) -> dict[str, Any] | None:
    draft = outside.draft
    endpoint = address(connection.get("endpoint"))
    device = outside.device_at(endpoint) if endpoint is not None else None
    if gateway.name not in draft.section("vpn_gateways"):
        draft.unknown(gateway.resource, "gateway.name", "register the name of a VPN gateway of this stack")
        return None
    if device is None or has_unknown(connection):
        remedy = f"register a device with the endpoint {endpoint}" if endpoint else "write the endpoint as a literal"
        draft.unknown(gateway.resource, f"the device of a planned connection (endpoint {endpoint})", remedy)
        return None
    if isinstance(connection.get("asn"), int):
        draft.section("routers").setdefault(device, {}).setdefault("asn", connection["asn"])
    prepend = outside.prepend_of(device)
    return {
        "name": f"{gateway.name} to {device} (planned)",
        "gateway": gateway.name,
        "remote": device,
        "remote_ip": text(connection.get("apipa")),
        "remote_endpoint": str(endpoint),
        "over": "expressroute",
        "imports": {"prepend": list(prepend)} if prepend else {},
    }
