"""The rules of encrypted ExpressRoute, for the policy pack and for ``vpner check`` alike."""

from vpner.rules import (
    announcements,
    attachments,
    crypto,
    devices,
    encryption,
    endpoint,
    expressroute,
    gateways,
    hygiene,
    keys,
    limits,
    remote_vnets,
    route_server,
    spaces,
    subnets,
    tunnel_bgp,
    tunnels,
    zones,
)
from vpner.rules.declared import Declared, RuleException, read_declared
from vpner.rules.network import Network
from vpner.rules.registry import RULES, Finding, Outcome, Rule, Severity
from vpner.rules.report import Report, evaluate

TOPICS = (
    encryption,
    endpoint,
    tunnels,
    gateways,
    remote_vnets,
    zones,
    subnets,
    attachments,
    tunnel_bgp,
    devices,
    announcements,
    crypto,
    keys,
    route_server,
    expressroute,
    limits,
    spaces,
    hygiene,
)
"""Importing a topic registers its rules."""

__all__ = [
    "RULES",
    "TOPICS",
    "Declared",
    "Finding",
    "Network",
    "Outcome",
    "Report",
    "Rule",
    "RuleException",
    "Severity",
    "evaluate",
    "read_declared",
]
