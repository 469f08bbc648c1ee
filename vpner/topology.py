"""Networks in neutral form. Imports nothing of the project."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """An address that only Azure will know, for example "instance 0 of the VPN gateway, somewhere in 10.0.0.32/27".

    Azure chooses addresses in GatewaySubnet, and the choice depends on the order of deployment: computing them would be
    guessing. Plans name them instead, and bind the names when the gateway exists.
    """

    owner: str
    """Name of the resource that will have the address."""
    attribute: str
    """Which of its addresses, in the words of the topology format: ``instances[0].tunnel``."""
    within: IPv4Network
    """The subnet that it will come from."""

    def __str__(self) -> str:
        return f"{self.owner}.{self.attribute}"


Address = IPv4Address | Symbol
"""An address that is known, or the name of one that will be. Unknown is a Symbol, never None."""
