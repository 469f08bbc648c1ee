"""What a page looks up: every state's flows and tables as plain values, each value that recurs written once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from ipaddress import IPv4Address
from typing import Any

from vpner.drawing import Drawing, draw, failed_parts, way_parts
from vpner.drawing.names import row_key
from vpner.drawing.ways import step_part
from vpner.render.az import effective_table, learned_table
from vpner.render.grid import Grid
from vpner.render.verdicts import flow_json
from vpner.routing import SEVERITY, FlowVerdict, Solution, Tables
from vpner.routing.facts import facts
from vpner.topology import Topology
from vpner.whatif import Space, State, states

NOT_COMPUTED, NOT_THERE = -1, -2
"""In place of a state: nobody asked the model, and what fails is not built with these settings."""


class _Interned:
    """Values by number, equal ones once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[str, int] = {}

    def __call__(self, value: Any) -> int:
        key = json.dumps(value, sort_keys=True)
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]


def page_data(topology: Topology, drawing: Drawing, found: Space, today: date) -> dict[str, Any]:
    """A document in which numbers stand for places in its lists.

    ``settings`` has an entry for each combination of the switches' values, the last switch fastest: its ``states``, one
    for nothing failed and one for each failure, and how the drawing differs. Raises
    :class:`~vpner.routing.converge.Unsettled` where the model finds no answer.
    """
    return _Book(topology, drawing).document(found, today)


class _Book:
    def __init__(self, topology: Topology, drawing: Drawing) -> None:
        self.topology = topology
        self.drawing = drawing
        self.parts, self.flows, self.fates, self.rows, self.lists = (_Interned() for _ in range(5))
        self.ways, self.hops, self.routes, self.lines, self.tables, self.sets = (_Interned() for _ in range(6))
        self.states = _Interned()
        self._written: dict[int, tuple[State, int]] = {}

    def document(self, found: Space, today: date) -> dict[str, Any]:
        by_place = {(state.values, state.failed): self.state(state) for state in states(found, today)}
        settings = [self.setting(found, values, network, by_place) for values, network in found.networks]
        rules = sorted({route["rule"] for route in self.routes.values})
        return {
            "verdicts": [item.value for item in SEVERITY],
            "switches": [
                {"name": item.name, "values": list(item.values), "current": item.values.index(item.current)}
                for item in found.switches
            ],
            "failures": [
                {"name": name, "parts": [self.parts(part) for part in failed_parts(self.drawing, name)]}
                for name in found.failures
            ],
            "settings": settings,
            "current": [values for values, _ in found.networks].index(found.current),
            "states": self.states.values,
            "lists": self.lists.values,
            "rows": self.rows.values,
            "flows": self.flows.values,
            "fates": self.fates.values,
            "ways": self.ways.values,
            "hops": self.hops.values,
            "routes": self.routes.values,
            "facts": {
                name: {"statement": fact.statement, "source": fact.source, "grade": fact.grade.value}
                for name in rules
                if (fact := facts().get(name)) is not None
            },
            "sets": self.sets.values,
            "tables": self.tables.values,
            "lines": self.lines.values,
            "parts": self.parts.values,
        }

    def setting(
        self,
        found: Space,
        values: tuple[str, ...],
        network: Topology,
        by_place: Mapping[tuple[tuple[str, ...], str], int],
    ) -> dict[str, Any]:
        there = {"", *found.failures_of(values, network)}
        missing = NOT_THERE if found.full or values == found.current else NOT_COMPUTED
        changed = draw(network)
        links = {link.key for link in changed.links}
        before = {row.key: row.detail for card in self.drawing.cards for row in card.rows}
        return {
            "states": [by_place[values, name] if name in there else missing for name in ("", *found.failures)],
            "absent": [self.parts(link.key) for link in self.drawing.links if link.key not in links],
            "details": [
                [self.parts(row.key), row.detail]
                for card in changed.cards
                for row in card.rows
                if before.get(row.key, row.detail) != row.detail
            ],
        }

    def state(self, state: State) -> int:
        """Equal networks share their solution, and are written once."""
        key = id(state.solution)
        if key not in self._written:
            flows = [self.rows([self.flow(item), self.fate(item)]) for item in state.flows]
            tables = self.sets([self.tables(table) for table in self.every_table(state.topology, state.solution)])
            number = self.states([self.lists(flows), tables, len(state.solution.phases)])
            self._written[key] = state, number
        return self._written[key][1]

    def flow(self, item: FlowVerdict) -> int:
        document = flow_json(item)
        return self.flows({key: document[key] for key in ("intent", "mode", "from", "to", "prefixes", "except")})

    def fate(self, item: FlowVerdict) -> int:
        document = flow_json(item)
        kept = ("verdict", "beneath", "phases", "asymmetric", "underlay", "evidence", "why", "assumed")
        destination = self.place_of(item.flow.destination.sample)
        ways: list[int] = []
        for journey, written in zip(item.journeys, document["journeys"], strict=True):
            hops = [
                self.hop(hop, step_part(self.drawing, step))
                for hop, step in zip(written["hops"], journey.steps, strict=True)
            ]
            parts = [self.parts(part) for part in way_parts(self.drawing, journey, destination)]
            ways.append(self.ways({"end": written["end"], "why": written["why"], "hops": hops, "parts": parts}))
        return self.fates({**{key: document[key] for key in kept}, "ways": ways})

    def hop(self, hop: Mapping[str, Any], part: str | None) -> int:
        route = None if hop["route"] is None else self.routes(hop["route"])
        return self.hops({**hop, "route": route, "part": None if part is None else self.parts(part)})

    def place_of(self, address: IPv4Address) -> str:
        """The row of the subnet that an address is in; empty where none is drawn."""
        for vnet in self.topology.vnets:
            for subnet in vnet.subnets:
                if address in subnet.prefix:
                    return self.drawing.parts.get(row_key("subnet", f"{vnet.name}/{subnet.name}"), "")
        return ""

    def every_table(self, topology: Topology, solution: Solution) -> Iterator[list[Any]]:
        for number, tables in enumerate(solution.phases, 1):
            phase = f", phase {number} of {len(solution.phases)}" if solution.oscillates else ""
            yield from self.tables_of(topology, tables, phase)

    def tables_of(self, topology: Topology, tables: Tables, phase: str) -> Iterator[list[Any]]:
        """Effective routes of subnets, with the NICs in them, and what gateways' instances learned."""
        nics: dict[tuple[str, str], list[str]] = {}
        for nic in topology.nics:
            nics.setdefault((nic.vnet, nic.subnet), []).append(nic.name)
        for (vnet, subnet), rows in sorted(tables.effective.items()):
            those = nics.get((vnet, subnet), [])
            named = f" ({', '.join(those[:3])}{' …' if len(those) > 3 else ''})" if those else ""
            yield ["effective", f"{vnet}/{subnet}{named}{phase}", self.cells(rows, effective_table(rows))]
        for name, rows in sorted(tables.gateway_learned.items()):
            yield ["learned", f"{name}{phase}", self.cells(rows, learned_table(rows, name, topology))]

    def cells(self, rows: Iterable[object], grid: Grid) -> list[int]:
        """Lines of a table, its headers first."""
        return [self.lines(list(line)) for line in (grid.headers, *grid.rows)]
