"""Runs the command line as a user does, and the networks that its tests look at."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from vpner.cli import app

ROOT = Path(__file__).parent.parent.parent
LAB = ROOT / "examples" / "reference-lab.yaml"
EXPRESSROUTE_ONLY = ROOT / "examples" / "reference-lab-expressroute-only.yaml"


def vpner(*arguments: str | Path, stdin: str | None = None) -> Result:
    """Run a command; its exit code is in the result, whatever happened."""
    return CliRunner().invoke(app, [str(item) for item in arguments], input=stdin)
