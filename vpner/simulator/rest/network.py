"""The simulated network as the routing model sees it: what the store holds, and what lies outside Azure.

Azure's part is read from the stored resources. The provider's router and the devices are in no resource; a program's
components register them, and the simulation's own Pulumi backend keeps that beside the store. A network that was built
without components declares them in ``outside.yaml`` in the same folder, as a part of a topology of format 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

import yaml

from vpner.arm import parse_arm_id
from vpner.problems import Problem, Problems
from vpner.readers.compare import bind
from vpner.readers.resources import Resource, Snapshot, is_read, of_arm
from vpner.readers.stack import read_stack
from vpner.readers.stack.draft import Draft
from vpner.readers.state import read_state
from vpner.routing.solution import Solution, Tables
from vpner.routing.solve import solve
from vpner.simulator.answers import response
from vpner.simulator.kinds import KINDS
from vpner.simulator.store import STATE_FILE, Record, Store
from vpner.simulator.store import Snapshot as Cloud
from vpner.topology import Symbol, Topology

OUTSIDE_FILE = "outside.yaml"
_STACKS = "pulumi/.pulumi/stacks"
_EDGES = 10 << 24 | 3 << 16
"""10.3.0.0: from where the simulated Azure takes the addresses of Microsoft's edges, outside the customer's plan. The
reference lab's NICs show 10.3.129.58."""

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Network:
    """The topology at one moment, with the names that it has for resources."""

    cloud: Cloud
    topology: Topology
    labels: Mapping[str, str]
    """By lower-case id."""

    def label(self, record: Record) -> str:
        """The topology's name for a resource."""
        return self.labels[record.key]

    @cached_property
    def solution(self) -> Solution:
        """Raises :class:`~vpner.routing.converge.Unsettled` where the model finds no answer."""
        return solve(self.topology)

    @property
    def tables(self) -> Tables:
        """Of a network that oscillates those of the first phase: a question is asked at one moment."""
        return self.solution.tables


class Networks:
    """Reads the network when something in the folder has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: tuple[Stamp, Network] | None = None

    def now(self) -> Network:
        """Raises :class:`Problems` with what is to be declared, if the resources alone do not say where packets go."""
        stamp = self._stamp()
        last = self._last  # one read: another thread may replace it
        if last is None or last[0] != stamp:
            last = stamp, self._read()
            self._last = last
        return last[1]

    def _stamp(self) -> Stamp:
        folder = self._store.folder
        files = [folder / STATE_FILE, folder / OUTSIDE_FILE, *_stack_files(folder)]
        return tuple(
            (str(file), status.st_mtime_ns, status.st_size) for file in files if (status := _status(file)) is not None
        )

    def _read(self) -> Network:
        folder = self._store.folder
        cloud = self._store.snapshot()
        resources = [_resource(cloud, record) for record in cloud.all() if is_read(KINDS[record.type].type.token)]
        snapshot = Snapshot([*resources, *_components(folder)])
        topology = read_stack(snapshot, _outside(folder), "the simulated subscriptions")
        draft = Draft(snapshot, {})
        labels = {item.urn.lower(): draft.label(item) for item in resources}
        return Network(cloud, bind(topology, dict(_edge_addresses(topology))), labels)


def _status(file: Path) -> Any:
    try:
        return file.stat()
    except FileNotFoundError:
        return None


def _resource(cloud: Cloud, record: Record) -> Resource:
    kind, identity = KINDS[record.type], parse_arm_id(record.id)
    assert identity is not None
    return of_arm(identity, kind.type, response(cloud, kind, record))


def _stack_files(folder: Path) -> list[Path]:
    return sorted((folder / _STACKS).rglob("*.json"))


def _components(folder: Path) -> Iterator[Resource]:
    """What the components of deployed stacks have registered, from the simulation's own Pulumi backend."""
    for file in _stack_files(folder):
        document: Any = json.loads(file.read_text(encoding="utf-8"))
        latest: Any = document["checkpoint"].get("latest")  # absent before the first update
        listed: Any = {"deployment": {"resources": latest.get("resources", []) if latest else []}}
        for resource in read_state(json.dumps(listed), str(file)).resources:
            if resource.arm_type is None:
                yield resource


def _outside(folder: Path) -> Mapping[str, Any]:
    file = folder / OUTSIDE_FILE
    if not file.exists():
        return {}
    try:
        document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        document, said = None, str(error)
    else:
        said = f"a {type(document).__name__} stands where a mapping should"
    if isinstance(document, dict):
        return cast("Mapping[str, Any]", document)
    remedy = "write what lies outside Azure as in a topology file, for example routers: {...}"
    problem = Problem(str(file), said, "It is a part of a topology of format 1", remedy, "outside-unreadable")
    raise Problems("Simulated Azure", [problem])


def _edge_addresses(topology: Topology) -> Iterator[tuple[Symbol, IPv4Address]]:
    """Addresses for the edges of which nobody has declared one. The simulated Azure chooses, as Azure does."""
    for circuit in topology.circuits:
        for path in circuit.paths:
            if isinstance(path.msee, Symbol):
                offset = int.from_bytes(sha256(f"{circuit.name}/{path.name}".lower().encode()).digest()[:2])
                yield path.msee, IPv4Address(_EDGES + offset)
