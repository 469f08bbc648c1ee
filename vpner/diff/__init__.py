"""What a change of a network does: to its intent, to protected flows, to findings and to routes. Pure.

The network after the change is judged against the intent of the one before it, so that a change cannot excuse itself;
what it adds to the intent counts too.
"""

from vpner.diff.compare import Diff, Outcome, diff
from vpner.diff.flows import FlowChange, Standing
from vpner.diff.intents import IntentChange
from vpner.diff.routes import RouteChange

__all__ = ["Diff", "FlowChange", "IntentChange", "Outcome", "RouteChange", "Standing", "diff"]
