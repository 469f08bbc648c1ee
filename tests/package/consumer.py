"""A program on the package of components, on the real engine and a simulated Azure."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.engine.workspace import Workspace
from tests.support.stacks import ROOT
from toolchain.simulated import provider_options

EXAMPLE = ROOT / "examples" / "plant" / "Pulumi.yaml"


class Consumer(Workspace):
    """A project of its own, whose program is a document in the shape of a YAML program."""

    @classmethod
    def of(cls, folder: Path, document: dict[str, Any]) -> Consumer:
        """The document run by ``program.py``, which needs no language host but Python's."""
        project = {
            "name": "plant",
            "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}},
            "plugins": {"providers": [{"name": "vpner", "path": str(ROOT / "components")}]},
        }
        shutil.copy(Path(__file__).with_name("program.py"), folder / "__main__.py")
        return cls._initialised(folder, project, document)

    @classmethod
    def in_yaml(cls, folder: Path, document: dict[str, Any]) -> Consumer:
        """The document as it is, run by YAML's own language host."""
        return cls._initialised(folder, {**document, "packages": {"vpner": str(ROOT / "components")}}, document)

    @classmethod
    def _initialised(cls, folder: Path, project: dict[str, Any], document: dict[str, Any]) -> Consumer:
        consumer = cls(folder, "dev")
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")
        consumer.write(document)
        consumer.run("pulumi", "stack", "init", "dev").succeeded()
        return consumer

    def write(self, document: dict[str, Any]) -> None:
        (self.folder / "program.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def provision(self) -> None:
        pair = yaml.safe_load((self.folder / "program.yaml").read_text(encoding="utf-8"))["resources"]["circuits"]
        for circuit in pair["properties"]["circuits"]:
            options = provider_options(circuit, pair["properties"]["routers"])
            self.simulate("provision", circuit["name"], *options).succeeded()

    def stage(self, name: str) -> None:
        self.run("pulumi", "config", "set", "stage", name, "--stack", "dev").succeeded()

    def urns(self) -> set[str]:
        return {item["urn"] for item in self.exported().get("resources") or []}


def example_document() -> dict[str, Any]:
    """The example, to be changed at will."""
    return yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
