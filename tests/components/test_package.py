"""The components as a Pulumi package for programs in other languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pulumi.provider.experimental.component import ComponentProvider

import components
from tests.support.golden import assert_golden

# Pulumi's SDK leaves the packages' plugin files open when it collects their versions.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

COMPONENTS = [
    components.BranchEmulation,
    components.ErCircuitPair,
    components.HubSpoke,
    components.IpsecOverEr,
    components.OpnsenseNva,
    components.RouteServerPreference,
]


def schema() -> dict[str, object]:
    return json.loads(ComponentProvider(COMPONENTS, "vpner", version="0.1.0").schema or "")


def test_the_schema_is_the_golden_one() -> None:
    golden = Path(__file__).parent / "golden" / "schema.json"
    assert_golden(golden, json.dumps(schema(), indent=1, sort_keys=True) + "\n")


def test_every_input_and_output_is_described() -> None:
    found = schema()
    described: dict[str, object] = {**found["types"], **found["resources"]}  # type: ignore[dict-item]
    missing = [
        f"{name}.{key}"
        for name, kind in described.items()
        for group in ("properties", "inputProperties")
        for key, value in kind.get(group, {}).items()  # type: ignore[attr-defined]
        if not value.get("description")
    ]
    assert missing == []


def test_every_component_is_exported() -> None:
    assert set(schema()["resources"]) == {f"vpner:index:{item.__name__}" for item in COMPONENTS}  # type: ignore[arg-type]
