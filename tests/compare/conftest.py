from __future__ import annotations

from tests.simulator.rest.conftest import lab, lab_once

__all__ = ["lab", "lab_once"]
