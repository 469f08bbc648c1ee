"""Networks that reports are made of, and the same with settings turned, by edits of their text."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from tests.cli.commands import LAB, ROOT, vpner

NOW = "2026-11-29T08:00:00"
SITE = ROOT / "examples" / "production-site.yaml"
PREFERENCES = ("ExpressRoute", "VpnGateway", "ASPath")
STAGES = ("ordered", "provisioned")
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&{{7*7}}"
"""A name that breaks out of whatever does not escape it."""


def write_report(topology: Path, output: Path) -> Path:
    result = vpner("report", "--topology", topology, "-o", output, "--now", NOW)
    assert result.exit_code == 0, result.output
    return output


def document(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def turned(network: dict[str, Any], preference: int, prepends: int, stage: int) -> dict[str, Any]:
    """A network with other settings, as somebody would write them."""
    found = deepcopy(network)
    for server in found["route_servers"].values():
        server["preference"] = PREFERENCES[preference]
    for connection in found["vpn_connections"]:
        asn = found["routers"][connection["remote"]]["asn"]
        connection.setdefault("imports", {})["prepend"] = [asn] * prepends
    if STAGES[stage] == "ordered":
        found["vpn_connections"], found["er_connections"] = [], []
    return found


def told(path: Path, *options: str) -> list[dict[str, Any]] | None:
    """What ``vpner flows --json`` says; None where it knows no such element."""
    result = vpner("flows", "--topology", path, *options, "--json")
    if result.exit_code == 3 and "unknown element" in result.output:
        return None
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["flows"]


def hostile(tmp_path: Path) -> Path:
    """The lab, every name of it hostile."""
    found = document(LAB)
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    names = ["az-hub-vnet", "az-spk1-vnet", "provider-mcr", "branch-opnnva", "az-hub-vpngw", "az-hub-rs", "az-hub-to"]
    for name in (*names, "azure-er-circuit", "branch-workload"):
        text = text.replace(name, f"{name}@HOSTILE@")
    changed = yaml.safe_load(text)
    path = tmp_path / "hostile.yaml"
    path.write_text(yaml.safe_dump(_renamed(changed), sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def _renamed(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("@HOSTILE@", HOSTILE)
    if isinstance(value, dict):
        return {_renamed(key): _renamed(item) for key, item in value.items()}
    return [_renamed(item) for item in value] if isinstance(value, list) else value
