"""ExpressRoute circuits, their peerings and authorisations."""

from __future__ import annotations

from uuid import uuid4

from vpner.simulator.errors import AzureError, bad_request, conflict
from vpner.simulator.kinds.base import (
    Kind,
    Request,
    is_same,
    kind_type,
    number,
    parent_of,
    prefix,
    reference,
    text,
    users,
)
from vpner.simulator.kinds.gateway_addresses import CONNECTION
from vpner.simulator.kinds.networks import address_space, overlap
from vpner.simulator.store import Body, Record, Snapshot

CIRCUIT = "Microsoft.Network/expressRouteCircuits"
CIRCUIT_PEERING = "Microsoft.Network/expressRouteCircuits/peerings"
AUTHORIZATION = "Microsoft.Network/expressRouteCircuits/authorizations"
PRIVATE_PEERING = "AzurePrivatePeering"
PROVISIONING = "serviceProviderProvisioningState"
BY_PROVIDER = "configuredBy"
"""Marks a peering that the connectivity provider has configured."""
LINKS = ("primaryPeerAddressPrefix", "secondaryPeerAddressPrefix")

_BANDWIDTHS = (50, 100, 200, 500, 1000, 2000, 5000, 10000)
_LOCAL_MINIMUM = 1000
_MSEE_ASN = 12076
_RESERVED_PEER_ASNS = range(65515, 65521)
_LINK_PREFIX = 30


def _check_circuit(request: Request) -> None:
    body, name = request.body, request.name
    tier, family = text(body, "sku", "tier"), text(body, "sku", "family")
    if text(body, "sku", "name") != f"{tier}_{family}":
        raise bad_request("SimCircuitSku", f"{name}: sku.name must be {tier}_{family} with this tier and family.")
    if reference(body, "expressRoutePort"):
        raise bad_request("SimExpressRouteDirectNotSimulated", f"not simulated: ExpressRoute Direct ({name})")
    bandwidth = number(body, "serviceProviderProperties", "bandwidthInMbps")
    if not text(body, "serviceProviderProperties", "serviceProviderName") or not text(
        body, "serviceProviderProperties", "peeringLocation"
    ):
        raise bad_request("SimServiceProviderRequired", f"{name} names no service provider with its peering location.")
    if bandwidth not in _BANDWIDTHS:
        raise bad_request("SimCircuitBandwidth", f"{name}: {bandwidth} Mbps is not offered; {_BANDWIDTHS} are.")
    if tier == "Local" and (family != "UnlimitedData" or bandwidth < _LOCAL_MINIMUM):
        raise bad_request("SimLocalCircuit", f"{name}: tier Local needs UnlimitedData and 1000 Mbps or more.")
    if request.existing is None:
        return
    before = number(request.existing.body, "serviceProviderProperties", "bandwidthInMbps") or 0
    if bandwidth < before:
        raise AzureError(
            500, "InternalError", f"{name}: the bandwidth cannot be lowered from {before} to {bandwidth} Mbps."
        )
    if text(request.existing.body, "sku", "family") == "UnlimitedData" and family == "MeteredData":
        raise bad_request("SimCircuitBilling", f"{name}: UnlimitedData cannot be changed to MeteredData.")


def _choose_circuit(request: Request) -> Body:
    """The service key, with which billing starts. What the body says of keys and states is nothing to Azure."""
    if request.existing:
        return {}
    return {"serviceKey": str(uuid4()), PROVISIONING: "NotProvisioned", "circuitProvisioningState": "Enabled"}


def _circuit_view(_cloud: Snapshot, _record: Record) -> Body:
    return {"gatewayManagerEtag": "", "globalReachEnabled": False}


def _check_delete_circuit(cloud: Snapshot, record: Record) -> None:
    if record.chosen.get(PROVISIONING) != "NotProvisioned":
        raise conflict(
            "ConflictError",
            "The specified dedicated circuit is not in Deprovisioned state. Please initiate the deprovisioning process "
            f"with your service provider. ({record.id})",
        )


EXPRESS_ROUTE_CIRCUIT = Kind(
    kind_type("network:ExpressRouteCircuit"),
    defaults={"allowClassicOperations": False},
    immutable=("serviceProviderProperties.serviceProviderName", "serviceProviderProperties.peeringLocation"),
    check=_check_circuit,
    choose=_choose_circuit,
    view=_circuit_view,
    check_delete=_check_delete_circuit,
    in_use="SimCircuitInUse",
    inline={"peerings": CIRCUIT_PEERING, "authorizations": AUTHORIZATION},
)


def _check_peering(request: Request) -> None:
    body, name = request.body, request.name
    check_provisioned(parent_of(request.cloud, request.id), f"peering {name}")
    if name != text(body, "peeringType"):
        raise bad_request(
            "SimPeeringName", f"Peering {name} must be named after its peeringType {body.get('peeringType')}."
        )
    if name != PRIVATE_PEERING:
        raise bad_request("SimPeeringTypeNotSimulated", f"not simulated: peeringType {name}")
    links = [text(body, side) for side in LINKS]
    if not all(links) and request.chosen(BY_PROVIDER) is None:
        raise bad_request(
            "SimPeeringPrefixes", f"Peering {name} needs a /30 for the primary and for the secondary link."
        )
    check_links(number(body, "vlanId"), number(body, "peerASN"), [link for link in links if link])


def check_links(vlan: int | None, asn: int | None, links: list[str]) -> None:
    """Refuse settings of a private peering that Azure does not take."""
    if vlan is None or not 1 <= vlan <= 4094:
        raise bad_request("SimPeeringVlan", f"{PRIVATE_PEERING}: vlanId {vlan} is not within 1 to 4094.")
    if not asn or asn == _MSEE_ASN or asn in _RESERVED_PEER_ASNS:
        raise bad_request("SimPeeringAsn", f"{PRIVATE_PEERING}: peerASN {asn} is missing or reserved.")
    given = [prefix(link) for link in links]
    if any(link.prefixlen != _LINK_PREFIX for link in given):
        raise bad_request("SimPeeringPrefixes", f"{PRIVATE_PEERING}: {', '.join(links)} must be /30.")
    if len(given) > 1 and given[0].overlaps(given[1]):
        raise bad_request("SimPeeringPrefixesOverlap", f"{PRIVATE_PEERING}: {given[0]} and {given[1]} overlap.")


def _peering_view(_cloud: Snapshot, record: Record) -> Body:
    return {
        "azureASN": _MSEE_ASN,
        "primaryAzurePort": "",
        "secondaryAzurePort": "",
        "gatewayManagerEtag": "",
        "lastModifiedBy": record.chosen.get(BY_PROVIDER, "Customer"),
        "connections": [],
        "peeredConnections": [],
    }


def _check_delete_peering(cloud: Snapshot, record: Record) -> None:
    circuit = parent_of(cloud, record)
    connections = [user.id for user in users(cloud, circuit) if user.type == CONNECTION]
    if connections:
        raise bad_request("SimPeeringInUse", f"Peering {record.id} is in use by {', '.join(connections)}.")


EXPRESS_ROUTE_CIRCUIT_PEERING = Kind(
    kind_type("network:ExpressRouteCircuitPeering"),
    defaults={"state": "Enabled"},
    immutable=("peeringType",),
    check=_check_peering,
    view=_peering_view,
    check_delete=_check_delete_peering,
)


def _choose_authorization(request: Request) -> Body:
    return {} if request.existing else {"authorizationKey": str(uuid4())}


def _authorization_view(cloud: Snapshot, record: Record) -> Body:
    used_by = next((item.id for item in cloud.all(CONNECTION) if is_same(_authorization(item), record.id)), "")
    return {"authorizationUseStatus": "InUse" if used_by else "Available", "connectionResourceUri": used_by}


def _authorization(connection: Record) -> str | None:
    return text(connection.chosen, "authorization")


EXPRESS_ROUTE_CIRCUIT_AUTHORIZATION = Kind(
    kind_type("network:ExpressRouteCircuitAuthorization"),
    choose=_choose_authorization,
    view=_authorization_view,
)


def check_provisioned(circuit: Record, what: str) -> None:
    """Refuse what needs the provider's work. Azure's own code for it is not known."""
    state = circuit.chosen.get(PROVISIONING)
    if state != "Provisioned":
        raise bad_request(
            "SimExpressRouteCircuitNotProvisioned",
            f"{what}: circuit {circuit.id} has serviceProviderProvisioningState {state}; it must be Provisioned.",
        )


def private_peering(cloud: Snapshot, circuit: Record) -> Record | None:
    """The circuit's private peering, by whomever it was configured."""
    return cloud.get(f"{circuit.id}/peerings/{PRIVATE_PEERING}")


def is_connectable(cloud: Snapshot, circuit: Record) -> bool:
    """Whether traffic can go through the circuit: provisioned, with a private peering that is enabled."""
    peering = private_peering(cloud, circuit)
    enabled = peering is not None and text(peering.body, "state") == "Enabled"
    return circuit.chosen.get(PROVISIONING) == "Provisioned" and enabled


def check_connectable(cloud: Snapshot, circuit: Record, connection: str, network: Record) -> None:
    """Refuse a connection that the circuit is not ready for."""
    check_provisioned(circuit, connection)
    peering = private_peering(cloud, circuit)
    if peering is None:
        raise bad_request(
            "SimExpressRouteCircuitNotProvisioned", f"{connection}: circuit {circuit.id} has no {PRIVATE_PEERING}."
        )
    links = [text(peering.body, side) for side in LINKS]
    shared = overlap([prefix(link) for link in links if link], address_space(network))
    if shared:
        raise bad_request("SimPeeringOverlapsVnet", f"{connection}: link {shared[0]} overlaps with {network.id}.")


def authorization_for(request: Request, circuit: Record, key: str) -> str:
    """Id of the circuit's authorisation with the key. Raises if there is none, or another connection has it."""
    for record in request.cloud.within(circuit.id, AUTHORIZATION):
        if record.chosen.get("authorizationKey") != key:
            continue
        for connection in request.cloud.all(CONNECTION):
            if is_same(_authorization(connection), record.id) and connection.key != request.resource_id.lower():
                raise bad_request("SimAuthorizationInUse", f"{request.name}: {record.id} is used by {connection.id}.")
        return record.id
    raise bad_request(
        "SimAuthorizationInvalid", f"{request.name}: {circuit.id} has no authorisation with the given key."
    )
