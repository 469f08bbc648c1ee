"""The shape of a case file (format 1): keys, types and defaults. What the values mean is checked in ``case``."""

from __future__ import annotations

import json
from datetime import date
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

Text = str | None
StateText = Literal["up", "down", "absent"]


class Shape(BaseModel):
    """A mapping of the format: strict types, no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SubnetShape(Shape):
    prefix: str
    route_table: Text = None


class VNetShape(Shape):
    prefixes: list[str]
    subnets: dict[str, SubnetShape] = {}
    region: Text = None


class PeeringShape(Shape):
    vnet: str
    remote: str
    allow_gateway_transit: bool = False
    use_remote_gateways: bool = False
    allow_forwarded_traffic: bool = True
    is_global: bool = Field(default=False, alias="global")
    state: StateText = "up"


class UserRouteShape(Shape):
    prefix: str
    next_hop_type: Literal["VirtualAppliance", "VnetLocal", "Internet", "VirtualNetworkGateway", "None"]
    next_hop: Text = None


class RouteTableShape(Shape):
    propagate_gateway_routes: bool = True
    routes: list[UserRouteShape] = []


class NicShape(Shape):
    vnet: str
    subnet: str
    ip: Text = None


class VpnInstanceShape(Shape):
    bgp: Text = None
    tunnel: Text = None
    public: Text = None
    apipa: list[str] = []
    state: StateText = "up"


class VpnGatewayShape(Shape):
    vnet: str
    asn: int = 65515
    active_active: bool = False
    instances: list[VpnInstanceShape] | None = None


class ErGatewayShape(Shape):
    vnet: str
    asn: int = 65515
    instances: list[Text] = [None, None]
    allow_remote_vnet_traffic: bool = True


class RouteServerShape(Shape):
    vnet: str
    asn: int = 65515
    instances: list[Text] = [None, None]
    branch_to_branch: bool = False
    preference: Literal["ExpressRoute", "VpnGateway", "ASPath"] = "ExpressRoute"


class FilterShape(Shape):
    permit: list[str] | None = None
    deny: list[str] = []
    prepend: list[int] = []
    prepend_only: list[str] | None = None
    next_hop: Text = None
    as_override: bool = False
    local_preference: int | None = None


class CircuitPathShape(Shape):
    msee: Text = None
    router: Text = None
    msee_peer_ip: Text = None
    router_peer_ip: Text = None
    state: StateText = "up"
    to_router: FilterShape = FilterShape()
    from_router: FilterShape = FilterShape()


class CircuitShape(Shape):
    asn: int = 12076
    paths: dict[Literal["primary", "secondary"], CircuitPathShape]
    advertises_only: list[str] | None = None


class ErConnectionShape(Shape):
    name: str
    gateway: str
    circuit: str
    weight: int = 0
    next_hops: dict[Literal["primary", "secondary"], Text] = {}
    state: StateText = "up"


class RouterNicShape(Shape):
    vnet: str
    subnet: Text = None
    ip: Text


class StaticShape(Shape):
    prefix: str
    next_hop: Text = None
    redistribute: bool = False


class AnnouncementShape(Shape):
    prefix: str
    as_path: list[int]
    to: list[str] | None = None
    next_hop: Text = None
    med: int | None = None


class RouterShape(Shape):
    asn: int | None = None
    nics: list[RouterNicShape] = []
    addresses: list[Text] = []
    networks: list[str] = []
    statics: list[StaticShape] = []
    announces: list[AnnouncementShape] = []


class VpnConnectionShape(Shape):
    name: str
    gateway: str
    remote: str
    instances: list[int] | None = None
    remote_instances: list[int] | None = None
    remote_ip: Text = None
    remote_endpoint: Text = None
    over: Literal["internet", "expressroute"] = "internet"
    bgp: bool = True
    static_prefixes: list[str] = []
    remote_static_prefixes: list[str] = []
    exports: FilterShape = FilterShape()
    imports: FilterShape = FilterShape()
    state: StateText = "up"


class BgpSessionShape(Shape):
    name: str
    a: str
    b: str
    a_ip: Text = None
    b_ip: Text = None
    a_exports: FilterShape = FilterShape()
    b_exports: FilterShape = FilterShape()
    state: StateText = "up"


class ExemptionShape(Shape):
    reason: str
    expires: Annotated[date, Field(strict=False)]
    sources: list[str] = Field(default=[], alias="from")
    destinations: list[str] = Field(default=[], alias="to")
    protocol: Text = None
    port: int | None = None


class IntentShape(Shape):
    sources: list[str] = Field(alias="from")
    destinations: list[str] = Field(alias="to")
    mode: Literal["required", "preferred"]
    name: Text = None
    exempt: list[ExemptionShape] = []


class TopologyShape(Shape):
    vnets: dict[str, VNetShape]
    peerings: list[PeeringShape] = []
    route_tables: dict[str, RouteTableShape] = {}
    nics: dict[str, NicShape] = {}
    vpn_gateways: dict[str, VpnGatewayShape] = {}
    er_gateways: dict[str, ErGatewayShape] = {}
    route_servers: dict[str, RouteServerShape] = {}
    circuits: dict[str, CircuitShape] = {}
    er_connections: list[ErConnectionShape] = []
    global_reach: list[list[str]] = []
    routers: dict[str, RouterShape] = {}
    vpn_connections: list[VpnConnectionShape] = []
    bgp_sessions: list[BgpSessionShape] = []
    intent: list[IntentShape] = []


class EffectiveRowShape(Shape):
    prefix: str
    type: Literal[
        "VnetLocal",
        "VNetPeering",
        "VNetGlobalPeering",
        "VirtualNetworkGateway",
        "VirtualAppliance",
        "Internet",
        "None",
    ]
    next_hops: list[Text] | None = None
    source: Literal["Default", "User", "VirtualNetworkGateway", "Unknown"] | None = None
    state: Literal["Active", "Invalid"] | None = None


class BgpRowShape(Shape):
    prefix: str
    as_path: list[int] | None = None
    origin: Literal["Network", "EBgp", "IBgp"] | None = None
    next_hop: Text = None
    peer: Text = Field(default=None, alias="from")
    weight: int | None = None


class RouterRowShape(Shape):
    prefix: str
    next_hops: list[Text] | None = None
    as_path: list[int] | None = None


class EffectiveTableShape(Shape):
    complete: bool
    rows: list[EffectiveRowShape] = []
    absent: list[str] = []


class BgpTableShape(Shape):
    complete: bool
    rows: list[BgpRowShape] = []
    absent: list[str] = []


class RouterTableShape(Shape):
    complete: bool
    rows: list[RouterRowShape] = []
    absent: list[str] = []


class ReachShape(Shape):
    source: str = Field(alias="from")
    destination: str = Field(alias="to")
    works: bool
    via: list[Text] = []


class ExpectShape(Shape):
    """What was printed. Tables are keyed as the format says; every row holds only what the publication shows."""

    effective_routes: dict[str, EffectiveTableShape] = {}
    gateway_learned: dict[str, BgpTableShape] = {}
    gateway_advertised: dict[str, BgpTableShape] = {}
    route_server_learned: dict[str, BgpTableShape] = {}
    route_server_advertised: dict[str, BgpTableShape] = {}
    circuit_routes: dict[str, BgpTableShape] = {}
    router_routes: dict[str, RouterTableShape] = {}
    reach: list[ReachShape] = []


class CaseShape(Shape):
    format: Literal[1]
    name: str
    title: str
    source: str
    evidence: Literal["cli", "portal", "diagram", "json"]
    topology: TopologyShape
    expect: ExpectShape
    gaps: list[str]


def schema_text() -> str:
    """The JSON Schema of a case file, whose ``topology`` is also a file of its own."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **CaseShape.model_json_schema()}
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def known_keys(shape: type[Shape], location: tuple[Any, ...]) -> tuple[str, ...]:
    """The keys that a mapping at a location of a shape may have; none where the shape has free names."""
    found: Any = shape
    for step in location:
        if isinstance(found, type) and issubclass(found, Shape):
            field = next((f for name, f in found.model_fields.items() if step in {name, f.alias}), None)
            if field is None:
                return ()
            found = field.annotation
        elif get_origin(found) is not None:
            found = get_args(found)[-1]
        if get_origin(found) in (Union, UnionType):
            found = next((inner for inner in get_args(found) if inner is not type(None)), None)
    if isinstance(found, type) and issubclass(found, Shape):
        return tuple(field.alias or name for name, field in found.model_fields.items())
    return ()
