"""What Azure's routing will be: from a topology to every table and to every flow's verdict, without I/O.

``solve`` makes the tables, ``judge`` and ``all_flows`` say what happens to flows in them, ``assess`` does all of it,
under failure too, and ``why`` explains. The rules stand in ``exchange`` (who tells whom what), ``steps`` (which path
wins), ``effective`` (what NICs get) and ``tunnels``; each cites a fact of ``facts.yaml``.
"""

from vpner.routing.assess import Assessment, Failures, FailureVerdict, Outcome, assess
from vpner.routing.assumptions import DEFAULT, SWITCHES, Assumptions
from vpner.routing.classes import AddressClass
from vpner.routing.contract import contract_findings
from vpner.routing.explain import Explanation, explain_lines, journey_lines, why
from vpner.routing.fabric import failable
from vpner.routing.failures import EVERY_TUNNEL, Reached, explore, failed_since, failing
from vpner.routing.flows import Flow, Source, SourceKind
from vpner.routing.journey import Carrier, End, Journey, Place, Step
from vpner.routing.judge import all_flows, flows_of, judge
from vpner.routing.lookup import Decision, describe
from vpner.routing.solution import BgpRoute, EffectiveRoute, Solution, Tables
from vpner.routing.solve import solve
from vpner.routing.verdicts import SEVERITY, Evidence, FlowVerdict, Verdict

__all__ = [
    "DEFAULT",
    "EVERY_TUNNEL",
    "SEVERITY",
    "SWITCHES",
    "AddressClass",
    "Assessment",
    "Assumptions",
    "BgpRoute",
    "Carrier",
    "Decision",
    "EffectiveRoute",
    "End",
    "Evidence",
    "Explanation",
    "FailureVerdict",
    "Failures",
    "Flow",
    "FlowVerdict",
    "Journey",
    "Outcome",
    "Place",
    "Reached",
    "Solution",
    "Source",
    "SourceKind",
    "Step",
    "Tables",
    "Verdict",
    "all_flows",
    "assess",
    "contract_findings",
    "describe",
    "explain_lines",
    "explore",
    "failable",
    "failed_since",
    "failing",
    "flows_of",
    "journey_lines",
    "judge",
    "solve",
    "why",
]
