"""Any topology as format 1, so that reading it gives the same topology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Any

import yaml

from vpner.readers.addresses import MASKED, masked_text
from vpner.topology import ANYWHERE, Symbol, Topology

_BY_NAME = {
    "vnets",
    "subnets",
    "route_tables",
    "nics",
    "vpn_gateways",
    "er_gateways",
    "route_servers",
    "circuits",
    "paths",
    "routers",
}
"""Collections of named things that the format writes as mappings; ``nics`` of a router have no names."""

_RENAMED = {"is_global": "global", "sources": "from", "destinations": "to"}


def write_topology(topology: Topology) -> str:
    """The YAML text of a bare topology."""
    return yaml.safe_dump(topology_document(topology), sort_keys=False, width=120, allow_unicode=True)


def topology_document(topology: Topology) -> dict[str, Any]:
    """The topology as plain values in the format's words; what has its default is left out."""
    return _Writer({subnet.prefix for vnet in topology.vnets for subnet in vnet.subnets}).fields(topology, "")


class _Writer:
    def __init__(self, subnets: set[IPv4Network]) -> None:
        self._nothing_known = subnets | {ANYWHERE}

    def fields(self, item: Any, owner: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field in fields(item):
            value = getattr(item, field.name)
            if value == field.default or (field.name == "name" and owner):
                continue
            key = _RENAMED.get(field.name, field.name)
            if field.name == "next_hops":
                found[key] = {path: self._value(address, owner) for path, address in value}
            elif field.name in _BY_NAME and all(hasattr(part, "name") for part in value):
                found[key] = {part.name: self.fields(part, owner or part.name) for part in value}
            else:
                found[key] = self._value(value, owner)
        return found

    def _value(self, value: Any, owner: str) -> Any:
        if isinstance(value, Symbol):
            return self._symbol(value, owner)
        if isinstance(value, StrEnum):
            return value.value
        if isinstance(value, tuple):
            return [self._value(part, owner) for part in value]  # pyright: ignore[reportUnknownVariableType]
        if is_dataclass(value):
            return self.fields(value, owner)
        if value is None or isinstance(value, bool | int | str | date | Mapping):
            return value  # pyright: ignore[reportUnknownVariableType]
        return str(value)

    def _symbol(self, symbol: Symbol, owner: str) -> str | None:
        if symbol.attribute == MASKED:
            return symbol.owner
        if symbol.owner == owner or symbol.within == ANYWHERE:
            return None if symbol.within in self._nothing_known else masked_text(symbol)
        return str(symbol)
