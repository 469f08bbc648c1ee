"""From one network to another without a moment in which protected traffic is in clear, or lost; without I/O.

``plan`` finds the phases, ``rehearse`` says what could happen without them. A state between is an ideal of the order
that references impose on the single changes (``changes``, ``order``), judged by the routing model (``states``).
"""

from vpner.cutover.changes import Change, Kind, Party, differences
from vpner.cutover.order import Order
from vpner.cutover.plan import Phase, Plan, Rehearsal, Stage, plan, rehearse
from vpner.cutover.states import Fate, FlowKey, FlowState, Harm, State, States, Window

__all__ = [
    "Change",
    "Fate",
    "FlowKey",
    "FlowState",
    "Harm",
    "Kind",
    "Order",
    "Party",
    "Phase",
    "Plan",
    "Rehearsal",
    "Stage",
    "State",
    "States",
    "Window",
    "differences",
    "plan",
    "rehearse",
]
