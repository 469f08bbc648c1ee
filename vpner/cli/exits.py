"""How a command ends: one table of exit codes for all of them, and bad input in one form."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from vpner.problems import Problems
from vpner.routing.converge import Unsettled


class Code(IntEnum):
    """Exit codes."""

    AS_INTENDED = 0
    """Also: the question was answered."""
    VIOLATED = 1
    INCONCLUSIVE = 2
    BAD_INPUT = 3


_USAGE = 2
"""What the command line library ends with when the arguments are wrong; here this means bad input."""


class Commands(TyperGroup):
    """The root of the command line, which turns errors into exit codes."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        with _as_codes():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _as_codes():
            return super().invoke(ctx)


@contextmanager
def _as_codes() -> Generator[None]:
    try:
        yield
    except Problems as problems:
        typer.echo(str(problems), err=True)
        raise typer.Exit(Code.BAD_INPUT) from None
    except Unsettled as error:
        typer.echo(f"Inconclusive: {error}", err=True)
        raise typer.Exit(Code.INCONCLUSIVE) from None
    except typer.Exit:
        raise
    except Exception as error:
        if getattr(error, "exit_code", None) == _USAGE:
            error.exit_code = Code.BAD_INPUT  # type: ignore[attr-defined]
        raise
