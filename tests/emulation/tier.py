"""How much is run: a tier on every submission, everything with ``make emulate-all``."""

from __future__ import annotations

import os

EVERYTHING = os.environ.get("VPNER_EMULATION") == "all"


def count(always: int, everything: int) -> int:
    """How many random networks are tried."""
    return everything if EVERYTHING else always
