"""The network's parts as Pulumi components. Each can be used alone; none reads configuration."""

from components.branch_emulation import BranchEmulation, BranchEmulationArgs
from components.er_circuit_pair import ErCircuitPair, ErCircuitPairArgs
from components.hub_spoke import HubSpoke, HubSpokeArgs
from components.inputs import RoutePreference, Stage
from components.ipsec_over_er import IpsecOverEr, IpsecOverErArgs
from components.opnsense_nva import OpnsenseNva, OpnsenseNvaArgs
from components.route_server_preference import RouteServerPreference, RouteServerPreferenceArgs

__all__ = [
    "BranchEmulation",
    "BranchEmulationArgs",
    "ErCircuitPair",
    "ErCircuitPairArgs",
    "HubSpoke",
    "HubSpokeArgs",
    "IpsecOverEr",
    "IpsecOverErArgs",
    "OpnsenseNva",
    "OpnsenseNvaArgs",
    "RoutePreference",
    "RouteServerPreference",
    "RouteServerPreferenceArgs",
    "Stage",
]
