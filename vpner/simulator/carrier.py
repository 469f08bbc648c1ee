"""The connectivity provider's part of a circuit's life: what no program can do through Azure.

Azure gives a service key; with it the provider builds the circuit, which takes days, and sets it to Provisioned. A
layer 3 provider also configures the private peering: Megaport's cloud router, of the reference lab, does so when its
connection to the circuit is made. A layer 2 provider leaves the peering to the customer. [Learn: ExpressRoute circuit
workflows]
"""

from __future__ import annotations

from dataclasses import dataclass

from vpner.problems import Problem, Problems
from vpner.simulator.errors import AzureError
from vpner.simulator.kinds.base import users
from vpner.simulator.kinds.circuits import (
    BY_PROVIDER,
    CIRCUIT,
    CIRCUIT_PEERING,
    LINKS,
    PRIVATE_PEERING,
    PROVISIONING,
    check_links,
    private_peering,
)
from vpner.simulator.kinds.gateway_addresses import CONNECTION
from vpner.simulator.store import Body, Record, Store, Transaction

_PROVISIONED, _NOT_PROVISIONED = "Provisioned", "NotProvisioned"

PROVIDER_VLAN = 100
"""VLAN that the simulated layer 3 provider takes if it is told none."""


@dataclass(frozen=True, slots=True)
class PrivatePeering:
    """What a layer 3 provider configures."""

    vlan: int
    """VLAN of the circuit's private peering, 1 to 4094."""
    peer_asn: int
    """ASN of the provider's router."""
    primary: str
    """/30 of the primary link."""
    secondary: str | None = None
    """/30 of the secondary link; None where only the primary one is built, as in the reference lab."""

    @property
    def links(self) -> list[str]:
        """The links that are built, primary first."""
        return [self.primary, *([self.secondary] if self.secondary else [])]

    def body(self) -> Body:
        """The peering as Azure keeps it."""
        named = dict(zip(LINKS, self.links, strict=False))
        return {
            "peeringType": PRIVATE_PEERING,
            "state": "Enabled",
            "vlanId": self.vlan,
            "peerASN": self.peer_asn,
            **named,
        }


def provision(store: Store, circuit: str, peering: PrivatePeering | None) -> str:
    """Set a circuit, given by name or id, to Provisioned, with the provider's private peering if there is one.

    Returns the circuit's id. Doing it again changes nothing. Raises :class:`Problems`.
    """
    with store.transaction() as cloud:
        record = _find(cloud, circuit)
        if peering is not None:
            _configure(cloud, record, peering)
        if record.chosen.get(PROVISIONING) != _PROVISIONED:
            cloud.put(record.with_chosen(**{PROVISIONING: _PROVISIONED}))
    return record.id


def deprovision(store: Store, circuit: str) -> str:
    """Set a circuit back to NotProvisioned, and remove the peering that the provider configured. As above."""
    with store.transaction() as cloud:
        record = _find(cloud, circuit)
        peering = private_peering(cloud, record)
        blockers = [user.id for user in users(cloud, record) if user.type == CONNECTION]
        if peering is not None and BY_PROVIDER not in peering.chosen:
            blockers.append(peering.id)
        if blockers:
            problem = Problem(
                record.id,
                f"the circuit is still used by {', '.join(blockers)}",
                "A provider takes a circuit down when nothing uses it any more",
                "delete the connections, and the private peering if it was configured by the customer",
                "circuit-in-use",
                "Learn: Deprovision and delete an ExpressRoute circuit",
            )
            raise Problems("Provider", [problem])
        if peering is not None:
            cloud.delete(peering.id)
        if record.chosen.get(PROVISIONING) != _NOT_PROVISIONED:
            cloud.put(record.with_chosen(**{PROVISIONING: _NOT_PROVISIONED}))
    return record.id


def _configure(cloud: Transaction, circuit: Record, peering: PrivatePeering) -> None:
    try:
        check_links(peering.vlan, peering.peer_asn, peering.links)
    except AzureError as error:
        problem = Problem(
            circuit.id, error.message, "Azure refuses such a peering", "correct the option", "circuit-peering-refused"
        )
        raise Problems("Provider", [problem]) from error
    before = private_peering(cloud, circuit)
    if before is not None and BY_PROVIDER not in before.chosen:
        problem = Problem(
            before.id,
            "the customer has configured the private peering",
            "A circuit has one private peering, and who made it configures it",
            "provision the circuit without options for a peering",
            "circuit-peering-of-customer",
        )
        raise Problems("Provider", [problem])
    if before is None or before.body != peering.body():
        revision = 1 if before is None else before.revision + 1
        peering_id = f"{circuit.id}/peerings/{PRIVATE_PEERING}"
        cloud.put(Record(peering_id, CIRCUIT_PEERING, peering.body(), {BY_PROVIDER: "Provider"}, revision))


def _find(cloud: Transaction, circuit: str) -> Record:
    candidates = list(cloud.all(CIRCUIT))
    wanted = circuit.lower()
    found = [record for record in candidates if wanted in (record.key, record.name.lower())]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(record.id for record in (found or candidates))
    problem = Problem(
        circuit,
        "more than one circuit has this name" if found else "there is no such circuit in the simulated subscriptions",
        "The provider needs to know which circuit is meant",
        f"give the id: {listed}" if listed else "deploy the circuit first; vpner simulate list shows what exists",
        "circuit-ambiguous" if found else "circuit-unknown",
    )
    raise Problems("Provider", [problem])
