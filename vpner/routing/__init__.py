"""What Azure's routing will be: from a topology to every table, without I/O.

``solve`` is the entrance; its tables are read with ``lookup`` and ``trace``. The rules stand in ``exchange`` (who tells
whom what), ``steps`` (which path wins), ``effective`` (what NICs get) and ``tunnels``; each cites a fact of
``facts.yaml``.
"""

from vpner.routing.assumptions import DEFAULT, SWITCHES, Assumptions
from vpner.routing.fabric import failable
from vpner.routing.solution import BgpRoute, EffectiveRoute, Solution, Tables
from vpner.routing.solve import solve

__all__ = [
    "DEFAULT",
    "SWITCHES",
    "Assumptions",
    "BgpRoute",
    "EffectiveRoute",
    "Solution",
    "Tables",
    "failable",
    "solve",
]
