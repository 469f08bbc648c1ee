"""The two ExpressRoute circuits: what was ordered, and how each is connected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vpner.plan.routers import PATHS, Router
from vpner.plan.skus import circuit_bandwidth, circuit_sku, unknown_choice
from vpner.problems import Problem

PAIR = 2
HIGHEST_WEIGHT = 32_000
"""Of ``routingWeight`` on an ExpressRoute connection; the higher wins."""
_CIRCUIT = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.Network/expressRouteCircuits/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_CIRCUIT_ID = "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Network/expressRouteCircuits/NAME"


@dataclass(frozen=True, slots=True)
class OwnedCircuit:
    """A circuit that is ordered here."""

    provider: str
    peering_location: str
    bandwidth_in_mbps: int
    sku: str
    """``TIER_FAMILY``, for example Standard_MeteredData."""

    @property
    def tier(self) -> str:
        return self.sku.partition("_")[0]

    @property
    def family(self) -> str:
        return self.sku.partition("_")[2]


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit and its connection. ``owned`` is None for one that exists already."""

    name: str
    gateway: str
    layer: int
    owned: OwnedCircuit | None
    weight: int = 0
    vlan_id: int | None = None


def circuit_problems(
    circuits: Sequence[Circuit], routers: Sequence[Router], gateways: Sequence[str]
) -> Iterator[Problem]:
    """What is wrong with the pair; ``where`` starts with the circuit's index, ``[0]``."""
    if len(circuits) != PAIR:
        yield Problem(
            "",
            f"{len(circuits)} circuits",
            "Both designs need a pair: two circuits of one gateway in different peering locations, or one circuit on "
            "each side of the provider's router",
            "describe exactly two circuits",
            "circuit-pair",
        )
    names = [circuit.name for circuit in circuits]
    for index, circuit in enumerate(circuits):
        if circuit.name in names[:index]:
            yield Problem(
                f"[{index}].name",
                f"{circuit.name!r} is the name of [{names.index(circuit.name)}] too",
                "Names of resources are derived from it and must differ",
                "choose another name",
                "name-taken",
            )
        for problem in _one(circuit, routers, gateways):
            yield problem.at(f"[{index}]")


def _one(circuit: Circuit, routers: Sequence[Router], gateways: Sequence[str]) -> Iterator[Problem]:
    if circuit.gateway not in gateways:
        yield unknown_choice("gateway", "gateway", circuit.gateway, list(gateways))
    if circuit.owned is not None:
        for problem in (*circuit_sku("sku", circuit.owned.sku),):
            yield problem.at("owned")
        for problem in circuit_bandwidth("bandwidthInMbps", circuit.owned.bandwidth_in_mbps):
            yield problem.at("owned")
    if not 0 <= circuit.weight <= HIGHEST_WEIGHT:
        yield Problem(
            "weight",
            f"{circuit.weight} is no routing weight",
            f"It is a number from 0 to {HIGHEST_WEIGHT}; the higher wins, before the AS path is looked at",
            "write 0 to leave the choice to the AS path",
            "weight-out-of-range",
            "Learn: Optimize ExpressRoute routing, 2025-01-31",
        )
    if circuit.layer not in (2, 3):
        yield unknown_choice("layer", "layer", str(circuit.layer), ("2", "3"))
    if circuit.layer == 2 and circuit.owned is not None:
        linked = {link.path for router in routers for link in router.links if link.circuit == circuit.name}
        linked |= {path for router in routers for name, path in router.unread if name == circuit.name}
        for path in PATHS:
            if path not in linked:
                yield Problem(
                    "layer",
                    f"the {path} path of {circuit.name} has no link to a router",
                    "With a layer 2 provider the private peering is configured here, and has two /30 links",
                    f"add a link {{circuit: {circuit.name}, path: {path}, prefix: A.B.C.D/30}} to a router, or write "
                    "layer: 3 if the provider configures the peering",
                    "layer2-without-link",
                    "Learn: Create and modify peering for an ExpressRoute circuit",
                )
        asns = {router.asn for router in routers if circuit.name in router.circuits}
        if len(asns) > 1:
            yield Problem(
                "layer",
                f"the links of {circuit.name} end at routers with ASNs {', '.join(map(str, sorted(asns)))}",
                "A private peering has one peer ASN",
                "let both paths end at one router, or at two with the same ASN",
                "peering-two-asns",
                "Learn: Create and modify peering for an ExpressRoute circuit",
            )
        if circuit.vlan_id is None:
            yield Problem(
                "vlanId",
                "there is no VLAN",
                "With a layer 2 provider the private peering is configured here, and has a VLAN",
                "write the VLAN that was agreed with the provider, 1 to 4094",
                "vlan-missing",
                "Learn: Create and modify peering for an ExpressRoute circuit",
            )
    if circuit.vlan_id is not None and not 1 <= circuit.vlan_id <= 4094:
        yield Problem(
            "vlanId",
            f"{circuit.vlan_id} is no VLAN",
            "A VLAN is a number from 1 to 4094",
            "write the VLAN that was agreed with the provider",
            "vlan-out-of-range",
        )


def circuit_id(where: str, value: str) -> tuple[str, str, str] | Problem:
    """Subscription, resource group and name in a circuit's ARM id, or what is wrong with it."""
    if match := _CIRCUIT.fullmatch(value):
        return match["subscription"], match["group"], match["name"]
    return Problem(
        where,
        f"{value!r} is not the id of an ExpressRoute circuit",
        "An existing circuit is named by its ARM id",
        f"write it like {_CIRCUIT_ID}",
        "circuit-id-malformed",
    )
