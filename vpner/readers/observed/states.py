"""States that Azure shows: of connections with their tunnels, of BGP peers, and the addresses of gateways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from vpner.readers.observed.rows import Unreadable

CONNECTED = "Connected"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One tunnel of an IPsec connection. Bytes are those of its payload, as the gateway counts them."""

    name: str
    status: str
    ingress: int
    egress: int


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection of a gateway."""

    name: str
    type: str
    """``IPsec``, ``ExpressRoute``, ``Vnet2Vnet``."""
    status: str
    """``Connected``, ``NotConnected``, ``Connecting``, ``Unknown``; empty if Azure shows none."""
    private: bool | None
    """``useLocalAzureIpAddress``: the tunnel ends at private addresses. None if it is not shown."""
    ingress: int
    egress: int
    tunnels: tuple[Tunnel, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """A BGP session of a gateway's instance."""

    local: str
    address: str
    asn: int
    state: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway with the tunnel addresses of its instances, public and private."""

    name: str
    tunnel_addresses: tuple[str, ...]


def connection(name: str, body: Any) -> Connection:
    shown = _flat(body)
    return Connection(
        name=name,
        type=str(shown.get("connectionType") or ""),
        status=str(shown.get("connectionStatus") or ""),
        private=cast("bool | None", shown.get("useLocalAzureIpAddress")),
        ingress=_number(shown, "ingressBytesTransferred"),
        egress=_number(shown, "egressBytesTransferred"),
        tunnels=tuple(
            Tunnel(
                str(item.get("tunnel") or ""),
                str(item.get("connectionStatus") or ""),
                _number(item, "ingressBytesTransferred"),
                _number(item, "egressBytesTransferred"),
            )
            for item in _objects(shown.get("tunnelConnectionStatus"))
        ),
    )


def gateway(name: str, body: Any) -> Gateway:
    settings = cast("Mapping[str, Any]", _flat(body).get("bgpSettings") or {})
    addresses = [
        str(address)
        for item in _objects(settings.get("bgpPeeringAddresses"))
        for address in cast("list[Any]", item.get("tunnelIpAddresses") or [])
    ]
    return Gateway(name, tuple(addresses))


def peers(body: Any) -> list[Peer]:
    """Rows of ``getBgpPeerStatus``."""
    listed = cast("Mapping[str, Any]", body).get("value") if isinstance(body, Mapping) else body
    if not isinstance(listed, list):
        raise Unreadable("it has no list of peers under value")
    return [
        Peer(
            str(item.get("localAddress") or ""),
            str(item.get("neighbor") or ""),
            _number(item, "asn"),
            str(item.get("state") or ""),
        )
        for item in _objects(cast("list[Any]", listed))
    ]


def peer_address(body: Any) -> str:
    """Address of the appliance that a Route Server's BGP connection leads to."""
    return str(_flat(body).get("peerIp") or "")


def gateway_of(body: Any) -> str:
    """Name of the gateway that a connection belongs to."""
    reference = cast("Mapping[str, Any]", _flat(body).get("virtualNetworkGateway1") or {})
    return str(reference.get("id") or "").rpartition("/")[2]


def _flat(body: Any) -> Mapping[str, Any]:
    """ARM puts under ``properties`` what the Azure CLI shows beside ``name``."""
    if not isinstance(body, Mapping):
        raise Unreadable("it is no object")
    shown = cast("Mapping[str, Any]", body)
    return {**shown, **cast("Mapping[str, Any]", shown.get("properties") or {})}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        return []
    return [item for item in cast("list[Any]", value) if isinstance(item, Mapping)]


def _number(item: Mapping[str, Any], name: str) -> int:
    value = item.get(name)
    return value if isinstance(value, int) else 0
