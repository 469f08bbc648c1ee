"""Two ExpressRoute circuits, their private peerings and their connections, in two stages."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_azure_native as azure_native
from pulumi import Input, InvokeOptions, Output, ResourceOptions
from pulumi_azure_native import network

from components.circuit_guard import refuse_going_back, require_provisioned
from components.inputs import Stage
from components.network import Place
from components.options import CONNECTION_TIMEOUTS, child_of
from vpner.plan import naming
from vpner.plan.addressing import parse_all, parse_prefix
from vpner.plan.circuits import Circuit, OwnedCircuit, circuit_id, circuit_problems
from vpner.plan.routers import Link, Router, Static, router_problems
from vpner.problems import Problem, refuse


class OwnedCircuitArgs(TypedDict):
    """A circuit that is ordered here. It costs money from the moment its service key exists."""

    provider: str
    """Connectivity provider, as Azure spells it."""
    peering_location: str
    """Peering location, as Azure spells it."""
    bandwidth_in_mbps: int
    """50, 100, 200, 500, 1000, 2000, 5000 or 10000. It can be raised later, never lowered."""
    sku: str
    """TIER_FAMILY: Standard, Premium or Local with MeteredData or UnlimitedData."""


class ExistingCircuitArgs(TypedDict):
    """A circuit that somebody else has ordered and had provisioned."""

    id: str
    """ARM id of the circuit."""
    authorization_key: NotRequired[pulumi.Input[str]]
    """Authorisation, where the circuit belongs to another subscription. A secret. Default: none."""


class MseeNextHopArgs(TypedDict):
    """The next hop that network interfaces show for the circuit: no ARM property, but an observation."""

    primary: NotRequired[str]
    """Address of Microsoft's edge on the primary path. Default: unknown."""
    secondary: NotRequired[str]
    """Address of Microsoft's edge on the secondary path. Default: unknown."""


class CircuitArgs(TypedDict):
    """One circuit and its connection."""

    name: str
    """Name of the circuit."""
    gateway: str
    """Name of the gateway that it is connected to, one of ``gateways``."""
    owned: NotRequired[OwnedCircuitArgs]
    """What to order. Exactly one of owned and existing. Default: none."""
    existing: NotRequired[ExistingCircuitArgs]
    """What to use. Exactly one of owned and existing. Default: none."""
    layer: int
    """3 if the provider configures the private peering, 2 if it is configured here."""
    vlan_id: NotRequired[int]
    """VLAN of the private peering; required with layer 2. Default: none."""
    weight: NotRequired[int]
    """Routing weight of the connection, 0 to 32000; the higher wins. Default 0."""
    msee_next_hop: NotRequired[MseeNextHopArgs]
    """Observed next hop of each path. Default: unknown."""
    authorize: NotRequired[bool]
    """The gateway is in another subscription than this owned circuit: create and use an authorisation. Default: no."""


class LinkArgs(TypedDict):
    """A router's link to one path of a circuit."""

    circuit: str
    """Name of the circuit."""
    path: str
    """primary or secondary."""
    prefix: str
    """/30 of the link; the router has its first usable address, Microsoft's edge the second."""


class StaticArgs(TypedDict):
    """A static route of a router towards a circuit, announced over its other links."""

    prefix: str
    """Destination, for example the /32 of the tunnel's endpoint."""
    circuit: str
    """Name of the circuit that it points to."""


class RouterArgs(TypedDict):
    """A router at the far end of the circuits. Azure does not run it: this is a plan to check against."""

    name: str
    """Name of the router."""
    asn: int
    """Its ASN."""
    links: list[LinkArgs]
    """Its links to the circuits."""
    statics: NotRequired[list[StaticArgs]]
    """Its static routes. Default: none."""
    networks: NotRequired[list[str]]
    """Prefixes that it originates over every link. Default: none."""


class ConnectedGatewayArgs(TypedDict):
    """An ExpressRoute gateway that circuits are connected to."""

    name: str
    """Name that circuits refer to."""
    owner: str
    """Name of the gateway's network, from which the connection's name is derived."""
    id: pulumi.Input[str]
    """ARM id of the gateway."""
    provider: NotRequired[azure_native.Provider]
    """Provider of the gateway's subscription; the connection is created there. Default: the component's."""


class ErCircuitPairArgs(TypedDict):
    """Inputs of :class:`ErCircuitPair`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of circuits and connections."""
    location: NotRequired[pulumi.Input[str]]
    """Azure region. Default: the provider's, else the resource group's."""
    stage: Stage
    """ordered: circuits only. provisioned: peerings and connections too; refused while the provider is not ready."""
    circuits: list[CircuitArgs]
    """The two circuits."""
    gateways: list[ConnectedGatewayArgs]
    """The gateways that they name."""
    routers: NotRequired[list[RouterArgs]]
    """Routers at the far end. Default: none is known."""
    protect: NotRequired[bool]
    """Protect owned circuits against deletion. Default false."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource. Default: none."""


def plan_circuits(args: ErCircuitPairArgs) -> tuple[list[Circuit], list[Router], list[Problem]]:
    """Circuits and routers as checked plans, and every problem with its path in the arguments."""
    problems: list[Problem] = []
    routers: list[Router] = []
    for index, router in enumerate(args.get("routers", [])):
        plan, found = _plan_router(router)
        problems += [problem.at(f"routers[{index}]") for problem in found]
        routers.append(plan)
    circuits: list[Circuit] = []
    for index, circuit in enumerate(args["circuits"]):
        owned = circuit.get("owned")
        if (owned is None) == ("existing" not in circuit):
            problems.append(
                Problem(
                    f"circuits[{index}]",
                    f"{circuit['name']} has {'neither owned nor existing' if owned is None else 'owned and existing'}",
                    "A circuit is either ordered here or exists already",
                    "describe what to order under owned, or give the id under existing",
                    "circuit-owned-or-existing",
                )
            )
        if "existing" in circuit:
            parsed = circuit_id(f"circuits[{index}].existing.id", circuit["existing"]["id"])
            if isinstance(parsed, Problem):
                problems.append(parsed)
        circuits.append(
            Circuit(
                circuit["name"],
                circuit["gateway"],
                circuit["layer"],
                OwnedCircuit(**owned) if owned else None,
                circuit.get("weight", 0),
                circuit.get("vlan_id"),
            )
        )
    gateways = [gateway["name"] for gateway in args["gateways"]]
    problems += [problem.at("circuits") for problem in circuit_problems(circuits, routers, gateways)]
    problems += [p.at("routers") for p in router_problems(routers, [circuit.name for circuit in circuits])]
    return circuits, routers, problems


def _plan_router(args: RouterArgs) -> tuple[Router, list[Problem]]:
    problems: list[Problem] = []
    links: list[Link] = []
    unread: list[tuple[str, str]] = []
    statics: list[Static] = []
    for index, link in enumerate(args["links"]):
        prefix = parse_prefix(f"links[{index}].prefix", link["prefix"])
        if isinstance(prefix, Problem):
            problems.append(prefix)
            unread.append((link["circuit"], link["path"]))
        else:
            links.append(Link(link["circuit"], link["path"], prefix))
    for index, static in enumerate(args.get("statics", [])):
        prefix = parse_prefix(f"statics[{index}].prefix", static["prefix"])
        if isinstance(prefix, Problem):
            problems.append(prefix)
        else:
            statics.append(Static(prefix, static["circuit"]))
    networks, unreadable = parse_all("networks", args.get("networks", []))
    router = Router(args["name"], args["asn"], tuple(links), tuple(statics), networks, tuple(unread))
    return router, problems + unreadable


class HandOff(TypedDict):
    """What to give to the provider of one owned circuit."""

    circuit: str
    """Name of the circuit."""
    provider: str
    """Connectivity provider."""
    peering_location: str
    """Peering location."""
    bandwidth_in_mbps: int
    """Bandwidth in Mbps."""
    service_key: str
    """Service key of the circuit."""
    routers: list[str]
    """Links, statics and networks of the routers at the far end, a line each."""


class ErCircuitPair(pulumi.ComponentResource):
    """Two ExpressRoute circuits and their connections, with the routers at their far end as a plan."""

    circuit_ids: pulumi.Output[dict[str, str]]
    """ARM id of each circuit by name."""
    service_keys: pulumi.Output[dict[str, str]]
    """Service key of each owned circuit by name (secret): what the provider needs."""
    connection_ids: pulumi.Output[dict[str, str]]
    """ARM id of each connection by the circuit's name; empty in stage ordered."""
    hand_off: pulumi.Output[list[HandOff]]
    """What the provider needs for each owned circuit, with its links and statics (secret: it holds the service key)."""

    def __init__(self, name: str, args: ErCircuitPairArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpner:index:ErCircuitPair", name, None, opts)
        circuits, routers, problems = plan_circuits(args)
        refuse(f"ErCircuitPair {name!r}", problems)
        stage = Stage(args["stage"])
        gateways = {gateway["name"]: gateway for gateway in args["gateways"]}
        group: Input[str] = args["resource_group_name"]
        if stage is Stage.ORDERED:
            connections = {
                naming.express_route_connection(plan.name, gateways[plan.gateway]["owner"]): InvokeOptions(
                    parent=self, provider=gateways[plan.gateway].get("provider")
                )
                for plan in circuits
            }
            group = refuse_going_back(group, connections)
        place = Place(self, group, args.get("location"), args.get("tags", {}))

        ids: dict[str, Output[str]] = {}
        keys: dict[str, Output[str]] = {}
        links: dict[str, Output[str]] = {}
        for plan, circuit_args in zip(circuits, args["circuits"], strict=True):
            logical = f"{name}-{plan.name}"
            key: Input[str] | None = circuit_args.get("existing", {}).get("authorization_key")
            ready: list[pulumi.Resource] = []
            if plan.owned is None:
                ids[plan.name] = Output.from_input(circuit_args.get("existing", {}).get("id", ""))
            else:
                circuit = self._order(place, logical, plan, plan.owned, protect=args.get("protect", False))
                ids[plan.name] = circuit.id
                keys[plan.name] = Output.secret(circuit.service_key).apply(lambda value: value or "")
                if circuit_args.get("authorize", False):
                    key = self._authorize(place, logical, plan, circuit)
                if stage is Stage.PROVISIONED and plan.layer == 2:
                    ready = [self._peer(place, logical, plan, circuit, routers)]
            if stage is Stage.PROVISIONED:
                links[plan.name] = self._connect(
                    place, logical, plan, gateways[plan.gateway], ids[plan.name], key, ready
                ).id

        self.circuit_ids = Output.all(**ids)
        self.service_keys = Output.secret(Output.all(**keys))
        self.connection_ids = Output.all(**links)
        self.hand_off = Output.secret(Output.all(**keys).apply(lambda known: _hand_off(circuits, routers, known)))
        self.register_outputs(
            {
                "stage": stage.value,
                "circuits": [
                    _circuit_contract(plan, args["circuits"][index], gateways[plan.gateway]["owner"])
                    for index, plan in enumerate(circuits)
                ],
                "routers": [router.contract() for router in routers],
                "circuitIds": self.circuit_ids,
                "connectionIds": self.connection_ids,
                "serviceKeys": self.service_keys,
            }
        )

    def _order(
        self, place: Place, logical: str, plan: Circuit, owned: OwnedCircuit, *, protect: bool
    ) -> network.ExpressRouteCircuit:
        return network.ExpressRouteCircuit(
            logical,
            circuit_name=plan.name,
            resource_group_name=place.resource_group_name,
            location=place.location,
            sku={"name": owned.sku, "tier": owned.tier, "family": owned.family},
            service_provider_properties={
                "service_provider_name": owned.provider,
                "peering_location": owned.peering_location,
                "bandwidth_in_mbps": owned.bandwidth_in_mbps,
            },
            allow_classic_operations=False,
            tags=place.tags,
            # Azure and the provider write these during the circuit's life.
            opts=child_of(
                self,
                protect=protect,
                ignore_changes=WRITTEN_BY_OTHERS,
                secret_outputs=["service_key"],
            ),
        )

    def _authorize(
        self, place: Place, logical: str, plan: Circuit, circuit: network.ExpressRouteCircuit
    ) -> Output[str]:
        authorization = network.ExpressRouteCircuitAuthorization(
            f"{logical}-authorization",
            authorization_name=f"{plan.name}-for-{plan.gateway}",
            resource_group_name=place.resource_group_name,
            circuit_name=circuit.name,
            opts=child_of(
                self,
                secret_outputs=["authorization_key"],
                ignore_changes=["authorization_key", "authorization_use_status"],
                delete_before_replace=True,
            ),
        )
        return Output.secret(authorization.authorization_key).apply(lambda value: value or "")

    def _peer(
        self, place: Place, logical: str, plan: Circuit, circuit: network.ExpressRouteCircuit, routers: list[Router]
    ) -> network.ExpressRouteCircuitPeering:
        """The private peering, where the provider leaves it to the customer."""
        linked = {link.path: (router, link) for router in routers for link in router.links if link.circuit == plan.name}
        (router, primary), (_, secondary) = linked["primary"], linked["secondary"]
        return network.ExpressRouteCircuitPeering(
            f"{logical}-peering",
            peering_name="AzurePrivatePeering",
            resource_group_name=place.resource_group_name,
            circuit_name=circuit.name,
            peering_type="AzurePrivatePeering",
            peer_asn=router.asn,
            primary_peer_address_prefix=str(primary.prefix),
            secondary_peer_address_prefix=str(secondary.prefix),
            vlan_id=plan.vlan_id,
            opts=child_of(
                self,
                delete_before_replace=True,
                hooks=require_provisioned(f"{logical}-peering", InvokeOptions(parent=self), peering=False),
            ),
        )

    def _connect(
        self,
        place: Place,
        logical: str,
        plan: Circuit,
        gateway: ConnectedGatewayArgs,
        circuit: Output[str],
        key: Input[str] | None,
        ready: list[pulumi.Resource],
    ) -> network.VirtualNetworkGatewayConnection:
        # Somebody else's circuit, used by authorisation, cannot be read.
        hooks = None
        if key is None or plan.owned is not None:
            hooks = require_provisioned(f"{logical}-connection", InvokeOptions(parent=self), peering=plan.layer == 3)
        return network.VirtualNetworkGatewayConnection(
            f"{logical}-connection",
            virtual_network_gateway_connection_name=naming.express_route_connection(plan.name, gateway["owner"]),
            resource_group_name=place.resource_group_name,
            location=place.location,
            connection_type="ExpressRoute",
            virtual_network_gateway1={"id": gateway["id"]},
            peer={"id": circuit},
            authorization_key=None if key is None else Output.secret(key),
            routing_weight=plan.weight,
            tags=place.tags,
            opts=ResourceOptions.merge(
                child_of(
                    self,
                    depends_on=ready,
                    timeouts=CONNECTION_TIMEOUTS,
                    delete_before_replace=True,
                    hooks=hooks,
                ),
                ResourceOptions(provider=gateway.get("provider")),
            ),
        )


WRITTEN_BY_OTHERS = (
    "authorizations",
    "circuit_provisioning_state",
    "gateway_manager_etag",
    "global_reach_enabled",
    "peerings",
    "service_key",
    "service_provider_notes",
    "service_provider_provisioning_state",
)


def _hand_off(circuits: list[Circuit], routers: list[Router], keys: dict[str, str]) -> list[HandOff]:
    return [
        {
            "circuit": plan.name,
            "provider": plan.owned.provider,
            "peering_location": plan.owned.peering_location,
            "bandwidth_in_mbps": plan.owned.bandwidth_in_mbps,
            "service_key": keys[plan.name],
            "routers": [line for router in routers for line in router.lines(plan.name)],
        }
        for plan in circuits
        if plan.owned is not None
    ]


def _circuit_contract(plan: Circuit, args: CircuitArgs, owner: str) -> dict[str, object]:
    """What a reader of the routing needs and ARM does not say: camelCase, known at preview."""
    return {
        "name": plan.name,
        "gateway": naming.express_route_gateway(owner),
        "layer": plan.layer,
        "weight": plan.weight,
        "vlanId": plan.vlan_id,
        "owned": plan.owned is not None,
        "mseeNextHop": dict(args.get("msee_next_hop", {})),
        **(
            {
                "provider": plan.owned.provider,
                "peeringLocation": plan.owned.peering_location,
                "bandwidthInMbps": plan.owned.bandwidth_in_mbps,
            }
            if plan.owned
            else {}
        ),
    }
