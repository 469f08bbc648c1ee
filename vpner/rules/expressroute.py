"""Rules on ExpressRoute: circuits that are ready, enough of them, and keys that are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from vpner.readers.resources import UNKNOWN, Elsewhere, Resource, Unknown, Value
from vpner.rules.declared import POLICY, Resilience
from vpner.rules.network import Network, Reference, same_word
from vpner.rules.registry import (
    DECLARED,
    MADE_FROM,
    Edit,
    Example,
    Severity,
    Verdict,
    inconclusive,
    passed,
    rule,
    violation,
)

_WORKFLOWS = "Learn: ExpressRoute workflows for circuit provisioning and circuit states, 2025"
_RESILIENCE = "Learn: Design and architect Azure ExpressRoute for resiliency, 2025"
_STATE = "serviceProviderProvisioningState"
_LOCATION = "serviceProviderProperties.peeringLocation"


def planned(*locations: Value) -> tuple[Edit, Edit]:
    """Further circuits of the example's gateway, as a component plans them."""
    circuits = [
        {"name": f"planned{index}", "gateway": "hub-ergw", "peeringLocation": location}
        for index, location in enumerate(locations)
    ]
    return Edit("component", "stage", "ordered"), Edit("component", "circuits", circuits)


@dataclass(frozen=True, slots=True)
class Link:
    """A connection of a gateway to a circuit, built or planned."""

    circuit: str
    """What tells circuits apart."""
    location: str | Unknown


@dataclass(slots=True)
class ConnectedGateway:
    """An ExpressRoute gateway with what leads to it. ``doubtful``: connections of which too little is known."""

    resource: Resource | None
    name: str
    links: dict[str, Link] = field(default_factory=dict[str, Link])
    doubtful: int = 0

    @property
    def locations(self) -> Counter[str]:
        """How many circuits come from each peering location that is known."""
        return Counter(item.location.casefold() for item in self.links.values() if isinstance(item.location, str))

    @property
    def unplaced(self) -> int:
        return sum(item.location is UNKNOWN for item in self.links.values())


def _connections(network: Network) -> Iterator[tuple[Resource, Reference, Reference]]:
    """Connections to circuits, with gateway and circuit. One whose type is unknown counts if it has a circuit."""
    for item in network.snapshot.of_kind("VirtualNetworkGatewayConnection"):
        kind = same_word(item.get("connectionType"), "ExpressRoute")
        if kind is True or (kind is UNKNOWN and item.get("peer") is not None):
            gateway = network.snapshot.referred(item, "virtualNetworkGateway1.id", "VirtualNetworkGateway")
            circuit = network.snapshot.referred(item, "peer.id", "ExpressRouteCircuit")
            yield item, gateway, circuit


def connected_gateways(network: Network) -> list[ConnectedGateway]:
    """Gateways that connections lead to, with those that components plan."""
    found: dict[str, ConnectedGateway] = {}
    for connection, gateway, circuit in _connections(network):
        if isinstance(gateway, Resource):
            entry = found.setdefault(gateway.urn, ConnectedGateway(gateway, gateway.physical_name or gateway.name))
        elif isinstance(gateway, Elsewhere):
            entry = found.setdefault(gateway.id.casefold(), ConnectedGateway(None, gateway.id.rpartition("/")[2]))
        else:
            continue  # `network-known` asks for it
        certain = connection.get("connectionType") is not UNKNOWN
        if certain and isinstance(circuit, Resource):
            location = circuit.get(_LOCATION)
            known = location if isinstance(location, str) else UNKNOWN
            entry.links[circuit.urn] = Link(circuit.urn, known)
        elif certain and isinstance(circuit, Elsewhere):
            entry.links[circuit.id.casefold()] = Link(circuit.id.casefold(), UNKNOWN)
        else:
            entry.doubtful += 1
    for component, circuit in network.snapshot.registered("circuits"):
        name = circuit.get("gateway")
        built = [item for item in network.gateways("ExpressRoute") if item.physical_name == name]
        if component.properties.get("stage") == "ordered" and len(built) == 1:
            entry = found.setdefault(built[0].urn, ConnectedGateway(built[0], str(name)))
            location = circuit.get("peeringLocation")
            key = f"{component.urn} {circuit.get('name')}"
            entry.links[key] = Link(key, location if isinstance(location, str) else UNKNOWN)
    return list(found.values())


@rule(
    "circuit-provisioned-before-connection",
    Severity.HIGH,
    needs=(
        "VirtualNetworkGatewayConnection.connectionType",
        "VirtualNetworkGatewayConnection.peer.id",
        f"ExpressRouteCircuit.{_STATE}",
        "ExpressRouteCircuit.expressRoutePort",
        "component.stage",
    ),
    facts=(_WORKFLOWS,),
    why="Azure refuses a connection to a circuit that the connectivity provider has not provisioned, which takes days; "
    "a new circuit never is",
    remedy="take the connection out of the program, deploy, give the circuit's service key to the provider and wait; "
    "run `pulumi refresh` when it is ready, and add the connection then",
    fails=(
        Example("the circuit and its connection are created at once", (Edit("hub-er", _STATE, None),)),
        Example("the provider is still at work", (Edit("hub-er", _STATE, "Provisioning"),)),
        Example("the provider has begun to give it up", (Edit("hub-er", _STATE, "Deprovisioning"),)),
    ),
    passes=(
        Example("the provider has provisioned the circuit"),
        Example(
            "the circuit is on ports of one's own, without a provider",
            (Edit("hub-er", _STATE, None), Edit("hub-er", "expressRoutePort", {"id": UNKNOWN})),
        ),
    ),
    unknown=(Example("the state is unknown", (Edit("hub-er", _STATE, UNKNOWN),)),),
)
def circuit_provisioned_before_connection(network: Network) -> Iterator[Verdict]:
    """A circuit is provisioned by its provider before a connection uses it.

    A circuit outside the stack is not concerned. Nor is a connection whose component registers a `stage`: its guard
    reads the circuit itself as it is now, which is newer than what the stack remembers.
    """
    if not network.concerned:
        return
    staged = {item.urn for item in network.components if isinstance(item.properties.get("stage"), str)}
    using: dict[str, tuple[Resource, list[str]]] = {}
    for connection, _, circuit in _connections(network):
        if isinstance(circuit, Resource) and connection.parent not in staged:
            using.setdefault(circuit.urn, (circuit, []))[1].append(connection.name)
        elif isinstance(circuit, Resource):
            yield passed(circuit)
    for circuit, names in using.values():
        yield _ready(circuit, ", ".join(names))


def _ready(circuit: Resource, connections: str) -> Verdict:
    state = circuit.get(_STATE)
    if circuit.get("expressRoutePort") is not None or same_word(state, "Provisioned") is True:
        return passed(circuit)
    if state is UNKNOWN:
        return inconclusive(
            circuit,
            f"{_STATE} is unknown, and {connections} uses the circuit",
            f"leave {_STATE} out of the program: Azure fills it, and `pulumi refresh` reads it",
        )
    known = f"is {state}" if isinstance(state, str) else "cannot be Provisioned yet: this update creates the circuit"
    return violation(circuit, f"{_STATE} {known}, and {connections} uses the circuit")


@rule(
    "circuit-resilience",
    Severity.HIGH,
    needs=(
        "declared.resilience",
        "VirtualNetworkGatewayConnection.connectionType",
        "VirtualNetworkGatewayConnection.virtualNetworkGateway1.id",
        "VirtualNetworkGatewayConnection.peer.id",
        f"ExpressRouteCircuit.{_LOCATION}",
        "component.circuits",
        "component.stage",
    ),
    facts=(_RESILIENCE,),
    why="A circuit, and all of a peering location, can fail or be under maintenance. This environment is declared to "
    "outlive that",
    remedy="connect the gateway to a second circuit in another peering location, or declare what is meant: resilience: "
    f"single-circuit in the configuration of policy {POLICY}",
    fails=(
        Example("two circuits are asked for, and there is one", (Edit(DECLARED, "resilience", "two-circuits"),)),
        Example(
            "two locations are asked for, and both circuits are in one",
            (Edit(DECLARED, "resilience", "two-locations"), *planned("Amsterdam")),
        ),
    ),
    passes=(
        Example("one circuit is asked for, and there is one"),
        Example("nobody asks for anything", (Edit(DECLARED, "resilience", None),)),
        Example(
            "two locations are asked for, and a component plans the second",
            (Edit(DECLARED, "resilience", "two-locations"), *planned("Frankfurt")),
        ),
    ),
    unknown=(
        Example(
            "where the second circuit is is unknown",
            (Edit(DECLARED, "resilience", "two-locations"), *planned(UNKNOWN)),
        ),
        Example(
            "whether the connection leads to a circuit is unknown",
            (Edit("hub-er-connection", "connectionType", UNKNOWN),),
        ),
    ),
)
def circuit_resilience(network: Network) -> Iterator[Verdict]:
    """As many circuits lead to each network, from as many peering locations, as is declared.

    Circuits of one location whose name differs (Amsterdam, Amsterdam2) are circuits of two: so Azure tells them apart.
    """
    wanted = network.declared.resilience
    if wanted is None or not network.concerned:
        return
    for gateway in connected_gateways(network):
        circuits, locations = len(gateway.links), len(gateway.locations)
        match wanted:
            case Resilience.SINGLE_CIRCUIT:
                enough, possible = circuits >= 1, circuits + gateway.doubtful >= 1
            case Resilience.TWO_CIRCUITS:
                enough, possible = circuits >= 2, circuits + gateway.doubtful >= 2
            case Resilience.TWO_LOCATIONS:
                unplaced = gateway.unplaced + gateway.doubtful
                enough, possible = locations >= 2, circuits + gateway.doubtful >= 2 and locations + unplaced >= 2
        shown = f"{_count(circuits, 'circuit')} in {_count(locations, 'peering location')}"
        where = f"ExpressRoute gateway {gateway.name}"
        if enough:
            yield passed(gateway.resource)
        elif possible:
            what = f"resilience {wanted} is declared; {shown} is known to lead to it, the rest is unknown"
            remedy = (
                "write peeringLocation, connectionType and peer as literals; read a circuit of somebody else's with "
                "ExpressRouteCircuit.get"
            )
            yield inconclusive(gateway.resource, what, remedy, where)
        else:
            yield violation(gateway.resource, f"resilience {wanted} is declared; {shown} leads to it", where=where)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_UNKNOWN_KEY = Edit("hub-er-connection", "authorizationKey", UNKNOWN)


@rule(
    "authorization-key-made",
    Severity.MEDIUM,
    needs=("VirtualNetworkGatewayConnection.authorizationKey",),
    facts=("Learn: Connect a virtual network in a different subscription to an ExpressRoute circuit, 2025",),
    why="Whoever holds an authorization key can connect a network of his own to the circuit. A key in the program is "
    "read by everybody who reads the program",
    remedy="take authorizationKey from an ExpressRouteCircuitAuthorization or another resource. A key from `pulumi "
    "config set --secret` cannot be told from a literal here: if it is one, declare an exception that says so",
    fails=(Example("no resource makes the key", (Edit("hub-er-connection", f"{MADE_FROM}authorizationKey", None),)),),
    passes=(
        Example("a resource makes the key"),
        Example("the key is not known before the update, and a resource makes it", (_UNKNOWN_KEY,)),
    ),
    unknown=(
        Example(
            "nobody knows where the key comes from",
            (_UNKNOWN_KEY, Edit("hub-er-connection", f"{MADE_FROM}authorizationKey", None)),
        ),
    ),
)
def authorization_key_made(network: Network) -> Iterator[Verdict]:
    """An authorization key comes from a resource, not from the program's text. Judged by dependency, never by value."""
    if not network.concerned:
        return
    for connection in network.snapshot.of_kind("VirtualNetworkGatewayConnection"):
        key = connection.get("authorizationKey")
        if key is None:
            continue
        if connection.references.get("authorizationKey"):
            yield passed(connection)
        elif key is UNKNOWN:
            yield inconclusive(connection, "where authorizationKey comes from is unknown")
        else:
            yield violation(connection, "authorizationKey is made by no resource")
