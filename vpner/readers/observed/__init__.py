"""What Azure shows of a network, in the JSON of ARM, the SDKs or the Azure CLI, as typed tables and states.

Each document has a key: what it is, of which thing, and for a table that is kept per peer, of which peer.

=============================================  =====================================================================
``effective_routes/NIC``                       ``az network nic show-effective-route-table``
``gateway_learned/GATEWAY``                    ``az network vnet-gateway list-learned-routes``
``gateway_advertised/GATEWAY/PEER``            ``az network vnet-gateway list-advertised-routes --peer``
``route_server_learned/SERVER/PEER``           ``az network routeserver peering list-learned-routes``
``route_server_advertised/SERVER/PEER``        ``az network routeserver peering list-advertised-routes``
``circuit_routes/CIRCUIT/PATH``                ``az network express-route list-route-tables``
``bgp_peers/GATEWAY``                          ``az network vnet-gateway list-bgp-peer-status``
``connections/NAME``                           ``az network vpn-connection show``
``gateways/NAME``                              ``az network vnet-gateway show``
``bgp_connections/SERVER/NAME``                ``az network routeserver peering show``
=============================================  =====================================================================

Names are those of the topology; PEER is a name, or the address that the peer has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from vpner.problems import Problem, refuse
from vpner.readers.observed import rows, states
from vpner.readers.observed.names import Names
from vpner.readers.shape import BgpTableShape, EffectiveTableShape, ExpectShape
from vpner.topology import Topology

KINDS = (
    "effective_routes",
    "gateway_learned",
    "gateway_advertised",
    "route_server_learned",
    "route_server_advertised",
    "circuit_routes",
    "bgp_peers",
    "connections",
    "gateways",
    "bgp_connections",
)


@dataclass(frozen=True, slots=True)
class Document:
    """One answer of Azure's."""

    body: Any = None
    """Its JSON; None if the thing does not exist."""
    complete: bool = True
    """False for an answer of which somebody kept only some rows."""
    failed: str = ""
    """Why there is no answer, if it could not be had."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was observed, under the topology's names."""

    tables: ExpectShape
    connections: tuple[states.Connection, ...] = ()
    peers: Mapping[str, tuple[states.Peer, ...]] = field(default_factory=dict[str, "tuple[states.Peer, ...]"])
    """By gateway."""
    gateways: tuple[states.Gateway, ...] = ()
    absent: tuple[str, ...] = ()
    """Keys of what does not exist in Azure."""
    strangers: tuple[str, ...] = ()
    """Connections of the topology's gateways and Route Servers that the topology does not have."""
    left_out: tuple[str, ...] = ()
    """What no model predicts, and is not compared."""
    unclear: tuple[str, ...] = ()
    """What should be compared, and could not be observed."""


def read_observed(documents: Mapping[str, Document], topology: Topology) -> Observed:
    """Read documents by key. Raises :class:`Problems` for keys that name nothing and bodies that are something else."""
    reader = _Reader(topology)
    for key, document in sorted(documents.items()):
        reader.read(key, document)
    refuse("cannot read the observations", reader.problems)
    return reader.observed()


class _Reader:
    def __init__(self, topology: Topology) -> None:
        self.names = Names(topology)
        self.problems: list[Problem] = []
        self._effective: dict[str, EffectiveTableShape] = {}
        self._bgp: dict[str, dict[str, BgpTableShape]] = {kind: {} for kind in KINDS[1:6]}
        self._connections: list[states.Connection] = []
        self._peers: dict[str, tuple[states.Peer, ...]] = {}
        self._gateways: list[states.Gateway] = []
        self._absent: list[str] = []
        self._strangers: list[str] = []
        self._left_out: list[str] = []
        self._unclear: list[str] = []

    def observed(self) -> Observed:
        return Observed(
            ExpectShape(
                effective_routes=self._effective,
                gateway_learned=self._bgp["gateway_learned"],
                gateway_advertised=self._bgp["gateway_advertised"],
                route_server_learned=self._bgp["route_server_learned"],
                route_server_advertised=self._bgp["route_server_advertised"],
                circuit_routes=self._bgp["circuit_routes"],
            ),
            tuple(self._connections),
            self._peers,
            tuple(self._gateways),
            tuple(self._absent),
            tuple(self._strangers),
            tuple(self._left_out),
            tuple(self._unclear),
        )

    def read(self, key: str, document: Document) -> None:
        kind, _, rest = key.partition("/")
        if kind not in KINDS:
            self._unknown(key, f"{kind!r} is no kind of observation", kind, KINDS)
            return
        if document.failed:
            self._unclear.append(f"{key}: {document.failed}")
            return
        if kind == "connections" and rest not in self.names.of("connections"):
            self._stranger(rest, document)
            return
        name, peer = self.names.split(kind, rest)
        if name is None:
            self._unknown(key, f"the topology has no {rest!r}", rest, self.names.of(kind))
        elif document.body is None:
            self._absent.append(key)
        else:
            try:
                self._add(kind, name, peer, document, key)
            except rows.Unreadable as error:
                why = "It is read as the JSON of the Azure CLI, of ARM or of an SDK"
                remedy = "save the command's output with -o json, without --query"
                self.problems.append(Problem(key, str(error), why, remedy, "observed-unreadable"))

    def _add(self, kind: str, name: str, peer: str, document: Document, key: str) -> None:
        body = document.body
        match kind:
            case "connections":
                self._connections.append(states.connection(name, body))
            case "gateways":
                self._gateways.append(states.gateway(name, body))
            case "bgp_connections":
                if self.names.peer(name, states.peer_address(body)) is None:
                    self._strangers.append(f"bgp_connections {name}/{peer}")
            case "bgp_peers":
                self._peers[name] = tuple(states.peers(body))
            case "effective_routes":
                found, others = rows.effective(body)
                self._effective[name] = EffectiveTableShape(complete=document.complete, rows=found)
                self._left_out += [f"{key}: {text}" for text in others]
            case "gateway_learned":
                self._learned(name, rows.bgp(body), document, key)
            case "circuit_routes":
                self._bgp[kind][f"{name}/{peer}"] = _table(rows.circuit(body), document)
            case _:
                owner = self.names.peer(name, peer)
                if owner is None:
                    self._unknown(key, f"{name} has no peer {peer!r}", peer, self.names.peers(name))
                    return
                kept = rows.once(rows.without_own(rows.bgp(body)))
                self._bgp[kind][f"{name}/{owner}"] = _table(kept, document)

    def _learned(self, name: str, found: list[rows.Learned], document: Document, key: str) -> None:
        """Rows of several instances are told apart by the local address."""
        by_instance = rows.by_instance(found)
        if len(by_instance) == 1 and None in by_instance:
            self._bgp["gateway_learned"][name] = _table(found, document)
            return
        for local, some in by_instance.items():
            index = self.names.instance(name, local)
            if index is not None:
                self._bgp["gateway_learned"][f"{name}/{index}"] = _table(some, document)
            elif len(by_instance) == 1:
                self._bgp["gateway_learned"][name] = _table(some, document)
            else:
                self._unclear.append(f"{key}: which instance of {name} has {local} is not in the topology")

    def _stranger(self, name: str, document: Document) -> None:
        if document.body is None:
            return
        gateway = states.gateway_of(document.body)
        if gateway in self.names.of("gateways"):
            self._strangers.append(f"connections {name}")
        else:
            self._left_out.append(f"connections/{name}: its gateway is not in the topology")

    def _unknown(self, key: str, what: str, given: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(given, names, 1)
        remedy = f"write {near[0]}" if near else f"use one of {', '.join(names) or '(there is none)'}"
        why = "An observation is compared with the prediction for the same thing"
        self.problems.append(Problem(key, what, why, remedy, "observed-unknown"))


def _table(found: list[rows.Learned], document: Document) -> BgpTableShape:
    return BgpTableShape(complete=document.complete, rows=[item.row for item in found])
