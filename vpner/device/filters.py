"""Which routes a device takes from inside its tunnels, and which it announces there: the same for every kind of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.plan.device import DevicePlan
from vpner.topology import ANYWHERE

IMPORTS, EXPORTS, PREPEND = "FROM-AZURE", "TO-AZURE", "PREPEND"
"""Names of the prefix lists and of the route map, on every kind of device."""


@dataclass(frozen=True, slots=True)
class PrefixRule:
    """An entry of a prefix list. What no entry matches is denied."""

    permit: bool
    prefix: IPv4Network
    longer: bool = False
    """Also every longer prefix inside it."""

    @property
    def action(self) -> str:
        return "permit" if self.permit else "deny"

    @property
    def match(self) -> str:
        """FRR's words for what it matches: ``10.0.0.0/24``, ``0.0.0.0/0 le 32``."""
        return f"{self.prefix} le 32" if self.longer else str(self.prefix)


def imports(plan: DevicePlan) -> tuple[PrefixRule, ...]:
    """What the device accepts from Azure: exactly Azure's prefixes, where they are known.

    Through Route Server with branch-to-branch, Azure also offers what it has learned over ExpressRoute, the device's
    own endpoint and networks among it. Where Azure's prefixes are not known, at least these are denied.
    """
    if plan.accepts:
        return tuple(PrefixRule(True, prefix) for prefix in plan.accepts)
    denied = (ANYWHERE, *_hosts(_ends(plan)), *plan.advertises)
    return (*(PrefixRule(False, prefix) for prefix in dict.fromkeys(denied)), PrefixRule(True, ANYWHERE, longer=True))


def exports(plan: DevicePlan) -> tuple[PrefixRule, ...]:
    """What the device announces to Azure: its networks, and never an end of a tunnel.

    An endpoint that is announced inside a tunnel would draw the tunnel's own packets into it.
    """
    denied = (PrefixRule(False, prefix) for prefix in dict.fromkeys(_hosts(_ends(plan))))
    return (*denied, *(PrefixRule(True, prefix) for prefix in plan.advertises))


def prepend(plan: DevicePlan) -> str:
    """FRR's ``set`` of the prepending route map, empty if there is nothing to prepend."""
    return "as-path prepend " + " ".join([str(plan.asn)] * plan.prepend) if plan.prepend else ""


def _ends(plan: DevicePlan) -> Iterator[IPv4Address]:
    """Outer addresses of every tunnel, as far as they are known."""
    yield from (plan.endpoint, plan.inside, *plan.endpoints)
    yield from (tunnel.remote for tunnel in plan.tunnels if isinstance(tunnel.remote, IPv4Address))


def _hosts(addresses: Iterator[IPv4Address]) -> Iterator[IPv4Network]:
    return (IPv4Network(address) for address in addresses)
