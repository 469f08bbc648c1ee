"""What a subscription shows of a network, asked through the Azure SDK with rights to read.

``pip install vpner[azure]`` brings the SDK. The credential is the one that azure-identity finds: a managed identity,
environment variables, or ``az login``. Route tables are long-running operations of Azure's; some run at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from vpner.arm import ENDPOINT_VARIABLE
from vpner.problems import Problem, Problems
from vpner.readers.observed import Document
from vpner.topology import PATHS, Topology

if TYPE_CHECKING:
    from azure.mgmt.network import NetworkManagementClient

_PUBLIC = "https://management.azure.com"
_AT_ONCE = 8
_PRIVATE_PEERING = "AzurePrivatePeering"
_POLL_SECONDS = 2

Question = Callable[[], Any]


def observe(subscription: str, groups: Iterable[str], topology: Topology) -> dict[str, Document]:
    """Documents of what the topology has, from the groups. Raises :class:`Problems` if Azure is not reached."""
    try:
        from azure.core.exceptions import AzureError  # noqa: PLC0415
    except ImportError:
        why, remedy = "A subscription is asked through the Azure SDK", "pip install 'vpner[azure]', or use --observed"
        problem = Problem("--subscription", "the Azure SDK is not installed", why, remedy, "azure-sdk")
        raise Problems("cannot ask Azure", [problem]) from None
    try:
        with client(subscription) as found:
            return Subscription(found, groups, topology).documents()
    except AzureError as error:
        why, remedy = "The subscription's resource groups are listed first", "check the ids, and that you may read them"
        problem = Problem(f"subscription {subscription}", _said(error), why, remedy, "azure-unreachable")
        raise Problems("cannot ask Azure", [problem]) from None


def client(subscription: str, **settings: Any) -> NetworkManagementClient:
    """The SDK's client for the cloud that the environment names."""
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415
    from azure.mgmt.network import NetworkManagementClient  # noqa: PLC0415

    endpoint = os.environ.get(ENDPOINT_VARIABLE, _PUBLIC).rstrip("/")
    options: dict[str, Any] = {
        "polling_interval": _POLL_SECONDS,
        "credential_scopes": [f"{endpoint}/.default"],
        **settings,
    }
    return NetworkManagementClient(DefaultAzureCredential(), subscription, base_url=endpoint, **options)


class Subscription:
    """Asks for everything in the topology, under the topology's names."""

    def __init__(self, found: NetworkManagementClient, groups: Iterable[str], topology: Topology) -> None:
        self._client = found
        self._groups = tuple(groups)
        self._topology = topology

    def documents(self) -> dict[str, Document]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            first = _answers(pool, self._first())
            return first | _answers(pool, self._second(first))

    def _first(self) -> Iterator[tuple[str, Question]]:
        """Everything but what needs the peers' addresses."""
        network, topology = self._client, self._topology
        nics = self._named(network.network_interfaces.list)
        for nic in topology.nics:
            yield (
                f"effective_routes/{nic.name}",
                _table(nics, nic.name, network.network_interfaces.begin_get_effective_route_table),
            )
        gateways = self._gateways
        operations = network.virtual_network_gateways
        for gateway in (*topology.vpn_gateways, *topology.er_gateways):
            yield f"gateways/{gateway.name}", _shown(gateways, gateway.name, operations.get)
            if gateway.name.lower() in gateways:
                yield (
                    f"gateway_learned/{gateway.name}",
                    _table(gateways, gateway.name, operations.begin_get_learned_routes),
                )
                yield f"bgp_peers/{gateway.name}", _table(gateways, gateway.name, operations.begin_get_bgp_peer_status)
        connections = self._named(network.virtual_network_gateway_connections.list)
        names = {item.name for item in (*topology.vpn_connections, *topology.er_connections)}
        known = {connections.get(name.lower()) for name in names}
        others = {place[1] for place in connections.values() if place not in known}
        for name in sorted({*names, *others}):
            yield f"connections/{name}", _shown(connections, name, network.virtual_network_gateway_connections.get)
        yield from self._circuits()
        yield from self._route_servers()

    def _circuits(self) -> Iterator[tuple[str, Question]]:
        circuits = self._named(self._client.express_route_circuits.list)
        ask = self._client.express_route_circuits.begin_list_routes_table
        for circuit in self._topology.circuits:
            for path in PATHS:
                key = f"circuit_routes/{circuit.name}/{path}"
                yield key, _table(circuits, circuit.name, ask, _PRIVATE_PEERING, path)

    def _route_servers(self) -> Iterator[tuple[str, Question]]:
        servers = self._topology.route_servers
        hubs = self._named(self._client.virtual_hubs.list_by_resource_group) if servers else {}
        for server in servers:
            place = hubs.get(server.name.lower())
            if place is None:
                continue
            connections = self._client.virtual_hub_bgp_connections
            wanted = {str(item.b_ip) for item in self._topology.bgp_sessions if item.a == server.name}
            for item in connections.list(*place):
                body = item.as_dict()
                peer = body["properties"].get("peerIp")
                yield f"bgp_connections/{server.name}/{item.name}", _given(body)
                if peer not in wanted:
                    continue
                wanted.remove(peer)
                for kind, ask in (
                    ("route_server_learned", connections.begin_list_learned_routes),
                    ("route_server_advertised", connections.begin_list_advertised_routes),
                ):
                    yield f"{kind}/{server.name}/{peer}", _table(hubs, server.name, ask, str(item.name))
            for peer in wanted:
                yield f"route_server_learned/{server.name}/{peer}", _nothing

    def _second(self, first: Mapping[str, Document]) -> Iterator[tuple[str, Question]]:
        """What gateways advertise to each of their connected peers that the topology knows."""
        gateways = self._gateways
        operations = self._client.virtual_network_gateways
        for gateway in (*self._topology.vpn_gateways, *self._topology.er_gateways):
            status = first.get(f"bgp_peers/{gateway.name}")
            if status is None or not status.body:
                continue
            for name, address in _known_peers(self._topology, gateway.name, status.body["value"]):
                yield (
                    f"gateway_advertised/{gateway.name}/{name}",
                    _table(gateways, gateway.name, operations.begin_get_advertised_routes, peer=address),
                )

    @cached_property
    def _gateways(self) -> dict[str, tuple[str, str]]:
        return self._named(self._client.virtual_network_gateways.list)

    def _named(self, listing: Callable[[str], Iterable[Any]]) -> dict[str, tuple[str, str]]:
        """Group and name of the groups' resources by lower-case name, and by ``GROUP/NAME`` too: names may be equal."""
        places = [(group, str(item.name)) for group in self._groups for item in listing(group)]
        return {key.lower(): place for place in places for key in (place[1], "/".join(place))}


def _known_peers(topology: Topology, gateway: str, listed: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Connected peers by name, each with the first of its addresses.

    Microsoft's edges are known by their AS number only, so of several circuits none can be told apart.
    """
    known = {
        str(item.remote_ip): item.remote for item in topology.vpn_connections if item.gateway == gateway and item.bgp
    }
    for server in topology.route_servers:
        known |= {str(address): server.name for address in server.instances}
    circuits = [item.circuit for item in topology.er_connections if item.gateway == gateway]
    edges = {circuit.asn for circuit in topology.circuits if circuit.name in circuits}
    seen: set[str] = set()
    for peer in listed:
        address = str(peer.get("neighbor"))
        name = known.get(address)
        if name is None and len(circuits) == 1 and peer.get("asn") in edges:
            name = circuits[0]
        if name is not None and name not in seen and peer.get("state") == "Connected":
            seen.add(name)
            yield name, address


def _table(
    places: Mapping[str, tuple[str, str]], name: str, begin: Callable[..., Any], *more: str, **options: str
) -> Question:
    """A long-running question; its answer is the JSON that Azure sent."""
    place = places.get(name.lower())
    if place is None:
        return _nothing
    return lambda: begin(*place, *more, cls=_json, **options).result()


def _shown(places: Mapping[str, tuple[str, str]], name: str, get: Callable[..., Any]) -> Question:
    place = places.get(name.lower())
    return _nothing if place is None else lambda: get(*place, cls=_json)


def _json(response: Any, _model: Any, _headers: Any) -> Any:
    return response.http_response.json()


def _answers(pool: ThreadPoolExecutor, questions: Iterable[tuple[str, Question]]) -> dict[str, Document]:
    asked = {key: pool.submit(_answer, question) for key, question in questions}
    return {key: future.result() for key, future in asked.items()}


def _given(body: Any) -> Question:
    return lambda: body


def _nothing() -> None:
    return None


def _answer(question: Question) -> Document:
    """The answer, or why there is none."""
    from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415

    try:
        return Document(question())
    except ResourceNotFoundError:
        return Document(None)
    except AzureError as error:
        return Document(failed=_said(error))


def _said(error: Exception) -> str:
    """Azure's code and the first line of its message."""
    code = getattr(cast("Any", getattr(error, "error", None)), "code", None)
    text = str(error).strip().splitlines() or [type(error).__name__]
    return text[0] if code is None or code in text[0] else f"{code}: {text[0]}"
