"""The project's stack files as the command line hands them to the program."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


def stack_config(stack: str) -> dict[str, str]:
    """``Pulumi.STACK.yaml`` over the defaults of ``Pulumi.yaml``; objects and lists as JSON, as in PULUMI_CONFIG."""
    project: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    values: dict[str, Any] = {
        f"{project['name']}:{key}": declared["default"]
        for key, declared in project["config"].items()
        if "default" in declared
    }
    values |= yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key: _text(value) for key, value in values.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def run_program() -> None:
    """The real program, fresh."""
    runpy.run_path(str(ROOT / "__main__.py"))
