"""The components as a Pulumi package for programs in other languages."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pulumi import ComponentResource

import components
from tests.support.golden import assert_golden
from tests.support.stacks import ROOT

COMPONENTS = [
    name
    for name in components.__all__
    if isinstance(item := getattr(components, name), type) and issubclass(item, ComponentResource)
]
PROGRAM = "from components.package import Package; print(Package().schema)"


@cache
def schema() -> dict[str, Any]:
    """The package's schema, taken in a process of its own as Pulumi does."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_the_schema_is_the_golden_one() -> None:
    golden = Path(__file__).parent / "golden" / "schema.json"
    assert_golden(golden, json.dumps(schema(), indent=1, sort_keys=True) + "\n")


def test_every_input_and_output_is_described() -> None:
    found = schema()
    missing = [
        f"{name}.{key}"
        for name, kind in {**found["types"], **found["resources"]}.items()
        for group in ("properties", "inputProperties")
        for key, value in kind.get(group, {}).items()
        if not value.get("description")
    ]
    assert missing == []


def test_all_six_components_are_in_the_package() -> None:
    assert len(COMPONENTS) == 6
    assert set(schema()["resources"]) == {f"vpner:index:{name}" for name in COMPONENTS}
