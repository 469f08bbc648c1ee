"""Rotation of pre-shared keys: which connection needs which step, in which order. Pure, but for the world it is given.

- ``connections`` are the stack's VPN connections with their keys, read from its deployment;
- ``steps`` says what is still to be done to a connection, and to which connections in which order;
- ``rotate`` does it, one connection at a time, in a :class:`World` that acts on Pulumi and on Azure.

There is no journal: what is done is seen in the stack's state and in Azure.
"""

from vpner.rotation.connections import Connection, Key, read_connections
from vpner.rotation.rotate import Stopped, Waiting, World, rotate
from vpner.rotation.steps import Selection, Step, Work, plan_work, unfinished

__all__ = [
    "Connection",
    "Key",
    "Selection",
    "Step",
    "Stopped",
    "Waiting",
    "Work",
    "World",
    "plan_work",
    "read_connections",
    "rotate",
    "unfinished",
]
