"""``vpner routes``: route tables as Azure would print them, and those that it cannot print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, NoReturn

import typer

from vpner.cli.inputs import ArmExport, AsJson, DeclaredFile, StackName, TopologyFile, read_network
from vpner.cli.output import predicted_note, show_json, show_table
from vpner.problems import Problem, Problems
from vpner.render import az
from vpner.render.grid import Grid
from vpner.routing.solution import BgpTable, Tables
from vpner.routing.solve import solve
from vpner.topology import GATEWAY_SUBNET, ROUTE_SERVER_SUBNET, State, Topology


class Kind(StrEnum):
    """Of a table."""

    EFFECTIVE = "effective"
    LEARNED = "learned"
    ADVERTISED = "advertised"
    CIRCUIT = "circuit"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class Printed:
    """A table of one thing. ``nodes`` are the names by which it can be asked for, the one that is shown first."""

    nodes: tuple[str, ...]
    grid: Grid
    body: dict[str, Any]
    listed: bool = True
    """Shown also when no name is given."""


def routes(
    topology: TopologyFile = None,
    stack: StackName = None,
    arm: ArmExport = None,
    declared: DeclaredFile = None,
    nic: Annotated[str | None, typer.Option(metavar="NAME", help="Only the effective routes of this NIC.")] = None,
    table: Annotated[
        Kind,
        typer.Option(
            help="effective: of NICs, GatewaySubnet and RouteServerSubnet (VNET/SUBNET for any other). learned, "
            "advertised: of gateways and Route Servers. circuit: of Microsoft's edges. router: of the other devices."
        ),
    ] = Kind.EFFECTIVE,
    node: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only of this NIC, subnet, gateway (or GATEWAY/INDEX), circuit or router."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict route tables, column for column as az prints them.

    vpner routes --topology examples/reference-lab.yaml --nic az-spk1-lxvm-nic

    An address in angle brackets is one that only Azure will know.
    """
    network = read_network(topology, stack, declared, arm)
    if nic is not None:
        node = _nic_node(network, nic, table, node)
    solution = solve(network)
    phases = [_chosen(list(printed(network, tables, table)), table, node) for tables in solution.phases]
    if as_json:
        show_json(
            {
                "predicted": True,
                "assumed": list(solution.assumed),
                "phases": [
                    {"tables": [{"table": table.value, "node": item.nodes[0], **item.body} for item in shown]}
                    for shown in phases
                ],
            }
        )
        return
    for number, shown in enumerate(phases, 1):
        phase = f", phase {number} of {len(phases)}" if solution.oscillates else ""
        for item in shown:
            show_table(item.grid, f"{item.nodes[0]} ({table.value}, predicted{phase})")
            typer.echo()
    typer.echo(predicted_note(solution.assumed), err=True)


def printed(topology: Topology, tables: Tables, kind: Kind) -> Iterator[Printed]:
    """Every table of a kind."""
    match kind:
        case Kind.EFFECTIVE:
            yield from _effective(topology, tables)
        case Kind.LEARNED:
            for name, rows in sorted(tables.gateway_learned.items()):
                body = az.learned_json(rows, name, topology)
                yield Printed((name, _owner(name)), az.learned_table(rows, name, topology), body)
            yield from _by_peer(topology, tables.route_server_learned, "from")
        case Kind.ADVERTISED:
            yield from _by_peer(topology, {**tables.gateway_advertised, **tables.route_server_advertised}, "to")
        case Kind.CIRCUIT:
            for circuit in topology.circuits:
                for path in circuit.paths:
                    name = f"{circuit.name}/{path.name}"
                    if path.state is not State.ABSENT:
                        rows = tables.circuit_routes[name]
                        yield Printed((name, circuit.name), az.circuit_table(rows), az.circuit_json(rows))
        case Kind.ROUTER:
            for name, rows in sorted(tables.router_routes.items()):
                yield Printed((name,), az.router_table(rows), az.router_json(rows))


def _effective(topology: Topology, tables: Tables) -> Iterator[Printed]:
    for nic in topology.nics:
        rows = tables.effective[nic.vnet, nic.subnet]
        yield Printed((nic.name,), az.effective_table(rows), az.effective_json(rows))
    for (vnet, subnet), rows in sorted(tables.effective.items()):
        listed = subnet in {GATEWAY_SUBNET, ROUTE_SERVER_SUBNET}
        yield Printed((f"{vnet}/{subnet}",), az.effective_table(rows), az.effective_json(rows), listed)


def _by_peer(topology: Topology, tables: Mapping[tuple[str, str], BgpTable], word: str) -> Iterator[Printed]:
    for (name, peer), rows in sorted(tables.items()):
        nodes = (f"{name} {word} {peer}", name, _owner(name), f"{name}/{peer}", f"{_owner(name)}/{peer}")
        yield Printed(nodes, az.learned_table(rows, name, topology), az.learned_json(rows, name, topology))


def _owner(name: str) -> str:
    return name.rpartition("/")[0]


def _chosen(items: list[Printed], kind: Kind, node: str | None) -> list[Printed]:
    """The tables of one node, or all that are listed without a name."""
    found = [item for item in items if (node in item.nodes if node is not None else item.listed)]
    if not found:
        refuse_name("table", f"{kind} table of {node}", node or "", (name for item in items for name in item.nodes))
    return found


def _nic_node(topology: Topology, nic: str, kind: Kind, node: str | None) -> str:
    """The node that ``--nic`` names; other options about the table contradict it."""
    if node is not None or kind is not Kind.EFFECTIVE:
        what, remedy = "--nic with --node or --table", "give --nic alone, or --table and --node"
        why = "--nic already says which table"
        raise Problems("command line", [Problem("--nic", what, why, remedy, "input")])
    names = [item.name for item in topology.nics]
    if nic not in names:
        refuse_name("--nic", f"NIC {nic}", nic, names)
    return nic


def refuse_name(where: str, what: str, name: str, known: Iterable[str]) -> NoReturn:
    """Raise :class:`Problems` for a name that the network does not have, with the nearest one that it has."""
    names = sorted(set(known))
    near = get_close_matches(name, names, 1)
    remedy = f"write {near[0]}" if near else f"use one of {', '.join(names) or '(there is none)'}"
    raise Problems("command line", [Problem(where, f"unknown {what}", "The network has none", remedy, "unknown-name")])
