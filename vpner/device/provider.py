"""What the routers at the far end of the circuits are configured with: the provider's, or the customer's edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from vpner.plan.bgp import MSEE_ASN
from vpner.topology import Address, Filter, Router, Topology


@dataclass(frozen=True, slots=True)
class ProviderLink:
    """A path of a circuit that ends at the router. An address that nobody has named is None.

    ``announces`` is what the router sends to Microsoft's edge of its own routes; ``accepts`` what it takes from there
    (None: everything).
    """

    circuit: str
    path: str
    router_address: Address | None
    msee_address: Address | None
    announces: tuple[str, ...]
    accepts: tuple[str, ...] | None
    msee_asn: int = MSEE_ASN


@dataclass(frozen=True, slots=True)
class ProviderStatic:
    """A static route. ``circuit`` and ``path`` of the link that its next hop lies on; None where it is none of them."""

    prefix: str
    next_hop: Address | None
    circuit: str | None
    path: str | None
    announced: bool


@dataclass(frozen=True, slots=True)
class ProviderRouter:
    """A router with its BGP sessions to Microsoft's edge and its static routes."""

    name: str
    asn: int | None
    links: tuple[ProviderLink, ...]
    statics: tuple[ProviderStatic, ...]

    def lines(self) -> Iterator[str]:
        """What to configure, a line each."""
        yield f"Router {self.name}, AS {_or_open(self.asn)}"
        for link in self.links:
            yield (
                f"  {link.circuit}, {link.path}: {_or_open(link.router_address)} to {_or_open(link.msee_address)} "
                f"(AS {link.msee_asn}), BGP"
            )
            yield f"    announce of its own: {', '.join(link.announces) or 'nothing'}"
            if link.accepts is not None:
                yield f"    accept only: {', '.join(link.accepts) or 'nothing'}"
        for static in self.statics:
            over = f" on {static.circuit}, {static.path}" if static.circuit else ""
            yield f"  static route {static.prefix} to {_or_open(static.next_hop)}{over}"

    def document(self) -> dict[str, object]:
        """The same as plain values in camelCase."""
        return {
            "name": self.name,
            "asn": self.asn,
            "links": [
                {
                    "circuit": link.circuit,
                    "path": link.path,
                    "routerAddress": _text(link.router_address),
                    "mseeAddress": _text(link.msee_address),
                    "mseeAsn": link.msee_asn,
                    "announces": list(link.announces),
                    "accepts": None if link.accepts is None else list(link.accepts),
                }
                for link in self.links
            ],
            "statics": [
                {
                    "prefix": static.prefix,
                    "nextHop": _text(static.next_hop),
                    "circuit": static.circuit,
                    "path": static.path,
                    "announced": static.announced,
                }
                for static in self.statics
            ],
        }


def provider_routers(topology: Topology) -> tuple[ProviderRouter, ...]:
    """Every router that a path of a circuit ends at, by name."""
    found = [_router(topology, router) for router in topology.routers]
    return tuple(router for router in found if router.links)


def unannounced(routers: Iterable[ProviderRouter], endpoints: Iterable[IPv4Address]) -> tuple[IPv4Address, ...]:
    """Endpoints of devices that no router announces as a /32: Azure would look them up through the tunnel."""
    announced = {prefix for router in routers for link in router.links for prefix in link.announces}
    return tuple(endpoint for endpoint in endpoints if str(IPv4Network(endpoint)) not in announced)


def _router(topology: Topology, router: Router) -> ProviderRouter:
    paths = [(circuit, path) for circuit in topology.circuits for path in circuit.paths if path.router == router.name]
    by_hop = {path.msee_peer_ip: (circuit.name, path.name) for circuit, path in paths if path.msee_peer_ip is not None}
    statics = tuple(
        ProviderStatic(
            str(static.prefix),
            static.next_hop,
            *(by_hop.get(static.next_hop, (None, None)) if static.next_hop is not None else (None, None)),
            announced=static.redistribute,
        )
        for static in router.statics
    )
    links = tuple(
        ProviderLink(
            circuit.name,
            path.name,
            path.router_peer_ip,
            path.msee_peer_ip,
            tuple(_announced(router, statics, circuit.name, path.from_router)),
            None if path.to_router.permit is None else tuple(map(str, path.to_router.permit)),
            circuit.asn,
        )
        for circuit, path in paths
    )
    return ProviderRouter(router.name, router.asn, links, statics)


def _announced(router: Router, statics: tuple[ProviderStatic, ...], circuit: str, sent: Filter) -> Iterator[str]:
    """What the router originates, and the statics that it announces, except towards their own circuit."""
    permit = None if sent.permit is None else set(map(str, sent.permit))
    deny = set(map(str, sent.deny))
    own = [*map(str, router.networks), *(item.prefix for item in statics if item.announced and item.circuit != circuit)]
    return (prefix for prefix in own if prefix not in deny and (permit is None or prefix in permit))


def _text(value: Address | None) -> str | None:
    return None if value is None else str(value)


def _or_open(value: object) -> str:
    return "(to be agreed)" if value is None else str(value)
