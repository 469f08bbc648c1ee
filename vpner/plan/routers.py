"""Routers at the far end of the circuits: the provider's, or the customer's edge. Azure runs none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.plan.addressing import overlaps
from vpner.plan.bgp import MSEE_ASN, router_asn
from vpner.problems import Problem

PATHS = ("primary", "secondary")


@dataclass(frozen=True, slots=True)
class Link:
    """One path of a circuit: a /30 between the router (first usable address) and Microsoft's edge (second)."""

    circuit: str
    path: str
    prefix: IPv4Network

    @property
    def router_address(self) -> IPv4Address:
        return self.prefix.network_address + 1

    @property
    def msee_address(self) -> IPv4Address:
        return self.prefix.network_address + 2


@dataclass(frozen=True, slots=True)
class Static:
    """A static route of the router towards a circuit, announced over its other links."""

    prefix: IPv4Network
    circuit: str


@dataclass(frozen=True, slots=True)
class Router:
    """A router with its links, its static routes and the networks that it originates over every link."""

    name: str
    asn: int
    links: tuple[Link, ...]
    statics: tuple[Static, ...] = ()
    networks: tuple[IPv4Network, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    """Circuit and path of links whose prefix could not be read: they are there, and reported already."""

    @property
    def circuits(self) -> tuple[str, ...]:
        """Circuits that end here, in the links' order."""
        return tuple(dict.fromkeys(link.circuit for link in self.links))

    def lines(self, circuit: str) -> Iterator[str]:
        """What to configure on this router for one circuit, a sentence each, for whoever runs it."""
        for link in self.links:
            if link.circuit == circuit:
                yield (
                    f"{self.name}: {link.path} path, {link.prefix}: {link.router_address} (AS {self.asn}) to "
                    f"{link.msee_address} (AS {MSEE_ASN})"
                )
        for static in self.statics:
            if static.circuit == circuit:
                yield f"{self.name}: static route {static.prefix} towards this circuit, announced over the others"
            elif circuit in self.circuits:
                yield f"{self.name}: announce {static.prefix}, a static route towards {static.circuit}"
        if circuit in self.circuits:
            yield from (f"{self.name}: announce {network}" for network in self.networks)

    def contract(self) -> dict[str, object]:
        """The plan as a component registers it: camelCase and plain values."""
        return {
            "name": self.name,
            "asn": self.asn,
            "links": [
                {
                    "circuit": link.circuit,
                    "path": link.path,
                    "prefix": str(link.prefix),
                    "routerAddress": str(link.router_address),
                    "mseeAddress": str(link.msee_address),
                    "mseeAsn": MSEE_ASN,
                }
                for link in self.links
            ],
            "statics": [
                {
                    "prefix": str(static.prefix),
                    "circuit": static.circuit,
                    "nextHops": [str(link.msee_address) for link in self.links if link.circuit == static.circuit],
                    "redistribute": True,
                }
                for static in self.statics
            ],
            "networks": [str(network) for network in self.networks],
        }


def router_problems(routers: Sequence[Router], circuits: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with the routers of a set of circuits; ``where`` starts with the router's index, ``[0]``."""
    links = [(f"[{i}].links[{j}]", link) for i, router in enumerate(routers) for j, link in enumerate(router.links)]
    for index, router in enumerate(routers):
        yield from router_asn(f"[{index}].asn", router.asn)
        for position, static in enumerate(router.statics):
            if static.circuit not in router.circuits:
                yield Problem(
                    f"[{index}].statics[{position}].circuit",
                    f"router {router.name} has no link to circuit {static.circuit!r}",
                    "A static route points to the far end of one of the router's own links",
                    f"name one of {', '.join(router.circuits) or '(no circuit is linked)'}, or add the link",
                    "static-without-link",
                )
    seen: dict[tuple[str, str], str] = {}
    for where, link in links:
        if link.circuit not in circuits:
            yield Problem(
                f"{where}.circuit",
                f"circuit {link.circuit!r} is unknown",
                "A link ends at one of the circuits",
                f"name one of {', '.join(circuits)}" if circuits else "describe the circuit, or remove the link",
                "unknown-circuit",
            )
        if link.path not in PATHS:
            yield Problem(
                f"{where}.path",
                f"path {link.path!r} is unknown",
                "Every circuit has a primary and a secondary path",
                "write primary or secondary",
                "unknown-path",
            )
        if link.prefix.prefixlen != 30:
            yield Problem(
                f"{where}.prefix",
                f"{link.prefix} is not a /30",
                "Each path of a private peering has a /30: its first address is the router's, its second Microsoft's",
                f"write {IPv4Network((link.prefix.network_address, 30), strict=False)}",
                "link-not-30",
                "Learn: Create and modify peering for an ExpressRoute circuit",
            )
        other = seen.setdefault((link.circuit, link.path), where)
        if other != where:
            yield Problem(
                where,
                f"the {link.path} path of {link.circuit} has a link already, {other}",
                "A path of a circuit ends at one router",
                "remove one of them, or use the other path",
                "path-linked-twice",
            )
    yield from overlaps([(f"{where}.prefix", link.prefix) for where, link in links])
