"""Case files: a network with the tables that it printed, or just the network (topology format 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, cast

import yaml
from pydantic import ValidationError

from vpner.problems import Problem, Problems, refuse
from vpner.readers.checks import meaning
from vpner.readers.convert import Converter
from vpner.readers.shape import CaseShape, ExpectShape, Shape, TopologyShape, known_keys
from vpner.topology import Topology


@dataclass(frozen=True, slots=True)
class Case:
    """A network and what it printed. A bare topology has no name and expects nothing."""

    topology: Topology
    name: str = ""
    title: str = ""
    source: str = ""
    evidence: str = ""
    expect: ExpectShape = field(default_factory=ExpectShape)
    gaps: tuple[str, ...] = ()


def read_case(text: str, origin: str = "case") -> Case:
    """A case file or a bare topology, from its YAML text. ``origin`` names it in errors.

    Raises :class:`Problems` with everything that is wrong: unknown keys and references, malformed or overlapping
    prefixes, IPv6 where it is not modelled.
    """
    return read_document(_load(text, origin), origin)


def read_document(document: Mapping[str, Any], origin: str = "case") -> Case:
    """As :func:`read_case`, from the plain values of the file."""
    whole = "topology" in document and "vnets" not in document
    shape = CaseShape if whole else TopologyShape
    try:
        shaped = shape.model_validate(document)
    except ValidationError as error:
        raise Problems(f"cannot read {origin}", _shape_problems(error, shape)) from None
    where = "topology." if whole else ""
    network = shaped.topology if isinstance(shaped, CaseShape) else shaped
    converter = Converter(network)
    topology = converter.topology()
    problems = [*converter.problems, *meaning(network, topology)]
    refuse(
        f"cannot read {origin}", sorted({problem.at(where.rstrip(".")) if where else problem for problem in problems})
    )
    if not isinstance(shaped, CaseShape):
        return Case(topology)
    refuse(f"cannot read {origin}", _expectation_problems(shaped.expect, topology))
    gaps = tuple(shaped.gaps)
    return Case(topology, shaped.name, shaped.title, shaped.source, shaped.evidence, shaped.expect, gaps)


def fragment_problems(document: Mapping[str, Any]) -> list[Problem]:
    """What is wrong in the shape of a part of a topology, in which keys may be missing that a whole one needs."""
    try:
        TopologyShape.model_validate(document)
    except ValidationError as error:
        return [item for item in _shape_problems(error, TopologyShape) if item.code != "missing-key"]
    return []


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice, which YAML readers otherwise drop silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                what = f"key {key_node.value!r} stands twice"
                raise yaml.MarkedYAMLError(problem=what, problem_mark=key_node.start_mark)
            seen.add(str(key_node.value))
        return super().construct_mapping(node, deep=deep)


def _load(text: str, origin: str) -> Mapping[str, Any]:
    try:
        document = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
        what = (error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)) or "malformed"
        problem = Problem(place, what, "The file is not YAML", "correct the syntax", "yaml")
        raise Problems(f"cannot read {origin}", [problem]) from None
    if not isinstance(document, dict):
        what = f"a {type(document).__name__} stands where a mapping should"
        remedy = "write a topology (vnets: ...) or a whole case"
        raise Problems(f"cannot read {origin}", [Problem("file", what, "A network is a mapping", remedy, "yaml")])
    return cast(Mapping[str, Any], document)


def _shape_problems(error: ValidationError, shape: type[Shape]) -> list[Problem]:
    problems: list[Problem] = []
    for found in error.errors(include_url=False):
        location = tuple(step for step in found["loc"] if step != "[key]")
        where = _path(location)
        if found["type"] == "extra_forbidden":
            key, known = str(location[-1]), known_keys(shape, location[:-1])
            near = get_close_matches(key, known, 1)
            remedy = f"write {near[0]}" if near else f"use one of {', '.join(known)}"
            problems.append(Problem(where, f"unknown key {key!r}", "Format 1 has no such key", remedy, "unknown-key"))
        elif found["type"] == "missing":
            what = f"{location[-1]!r} is missing"
            problems.append(Problem(where, what, "Format 1 needs it", "add it", "missing-key"))
        else:
            value = found["input"]
            shown = repr(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
            problems.append(Problem(where, f"{shown} is not allowed here", found["msg"], "correct it", "wrong-type"))
    return problems


def _path(location: tuple[Any, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")


def _expectation_problems(expect: ExpectShape, topology: Topology) -> list[Problem]:
    """Tables of things that the topology does not have."""
    nics = {nic.name for nic in topology.nics}
    gateways = {gateway.name for gateway in (*topology.vpn_gateways, *topology.er_gateways)}
    servers = {server.name for server in topology.route_servers}
    paths = {f"{circuit.name}/{path.name}" for circuit in topology.circuits for path in circuit.paths}
    routers = {router.name for router in topology.routers}
    known = {
        "effective_routes": (expect.effective_routes, nics, False),
        "gateway_learned": (expect.gateway_learned, gateways, True),
        "gateway_advertised": (expect.gateway_advertised, gateways, True),
        "route_server_learned": (expect.route_server_learned, servers, True),
        "route_server_advertised": (expect.route_server_advertised, servers, True),
        "circuit_routes": (expect.circuit_routes, paths, False),
        "router_routes": (expect.router_routes, routers, False),
    }
    problems: list[Problem] = []
    for kind, (tables, names, has_peer) in known.items():
        for key in tables:
            name = key.rpartition("/")[0] if has_peer and key not in names else key
            if name not in names:
                what, remedy = f"a table of {key!r}, which the topology does not have", f"use one of {sorted(names)}"
                why = "A table belongs to something in the topology"
                problems.append(Problem(f"expect.{kind}", what, why, remedy, "unknown-reference"))
    return problems
