"""Pulumi's own commands on the package, from its folder and from what a wheel installs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.components.test_package import schema
from tests.package.consumer import Consumer
from tests.support.stacks import ROOT

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("source", [ROOT / "components", Path(sys.prefix, "bin", "pulumi-resource-vpner")])
def test_pulumi_reads_the_schema(source: Path, plant: Consumer) -> None:
    shown = plant.run("pulumi", "package", "get-schema", str(source)).succeeded().output
    document, _ = json.JSONDecoder().raw_decode(shown[shown.index("\n{") + 1 :])
    assert document["version"] == schema()["version"]
    assert document["resources"].keys() == schema()["resources"].keys()
    assert "deprecated" not in shown
