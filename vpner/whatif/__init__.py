"""What if: a network with its settings turned one way and another, and which keep protected traffic encrypted."""

from vpner.whatif.matrix import Combination, matrix
from vpner.whatif.states import Space, State, Switch, space, states
from vpner.whatif.turns import TURNS, Turn

__all__ = ["TURNS", "Combination", "Space", "State", "Switch", "Turn", "matrix", "space", "states"]
