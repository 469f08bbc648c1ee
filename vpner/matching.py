"""Observed tables beside predicted ones, row by row: what is the same, what is missing, what nobody expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vpner.readers.addresses import masked_text
from vpner.readers.shape import BgpRowShape, EffectiveRowShape, ExpectShape, RouterRowShape
from vpner.routing.solution import BgpRoute, EffectiveRoute, RouteState, Solution, Source, Tables
from vpner.topology import NextHopType, Symbol, Topology

Row = dict[str, Any]
"""A row in the format's words; an address that nobody knows is None and matches any."""

_Same = Callable[[Row, Row], bool]
_Candidates = Callable[[str], list[list[Row]]]


@dataclass(frozen=True, slots=True)
class Fit:
    """One observed table beside the predicted one that fits it best."""

    kind: str
    """Key of ``expect`` in topology format 1, ``effective_routes``."""
    key: str
    """Key of the table in it."""
    matched: int
    """Checks that hold: rows, and absent prefixes."""
    total: int
    unpredicted: tuple[Row, ...]
    """Observed rows without an equal predicted one."""
    unmatched: tuple[Row, ...]
    """Predicted rows without an equal observed one."""
    complete: bool
    """The whole table was observed, so that a predicted row that is not in it is missing."""
    present: Mapping[str, tuple[Row, ...]]
    """Rows that are predicted for prefixes which were observed to be absent."""
    predicted: tuple[Row, ...]

    @property
    def unobserved(self) -> tuple[Row, ...]:
        """Predicted rows that a complete table lacks; rows that outputs of Azure's differ on are left out."""
        return tuple(row for row in self.unmatched if self.complete and not varies(row))

    @property
    def table(self) -> str:
        return f"{self.kind} {self.key}"


def fits(topology: Topology, solution: Solution, expect: ExpectShape) -> Iterator[Fit]:
    """Every observed table with its best fit. Routes only: pings are not tables."""
    tables = solution.tables
    kinds: list[tuple[str, Mapping[str, Any], _Candidates, _Same]] = [
        ("effective_routes", expect.effective_routes, _effective(topology, solution), _same_effective),
        ("gateway_learned", expect.gateway_learned, _gateway_learned(solution), _same_bgp),
        ("gateway_advertised", expect.gateway_advertised, _sent(tables.gateway_advertised), _same_bgp),
        ("route_server_learned", expect.route_server_learned, _received(solution), _same_bgp),
        ("route_server_advertised", expect.route_server_advertised, _sent(tables.route_server_advertised), _same_bgp),
        ("circuit_routes", expect.circuit_routes, _circuit(solution), _same_bgp),
        ("router_routes", expect.router_routes, _router(solution), _same_router),
    ]
    for kind, observed, candidates, same in kinds:
        for key, table in observed.items():
            # Authors printed one instance's table, or both instances': the best of the candidates counts.
            found = [_fit(kind, key, table, predicted, same) for predicted in candidates(key) or [[]]]
            yield max(found, key=lambda fit: (fit.matched, -len(fit.unobserved)))


def _fit(kind: str, key: str, table: Any, predicted: list[Row], same: _Same) -> Fit:
    rows = [_printed_row(row) for row in table.rows]
    pairs = match(rows, predicted, same)
    present: dict[str, tuple[Row, ...]] = {}
    for prefix in table.absent:
        there = [row for row in predicted if row["prefix"] == prefix and row.get("state") != RouteState.INVALID]
        if there:
            present[prefix] = tuple(there)
    used = set(pairs.values())
    return Fit(
        kind=kind,
        key=key,
        matched=len(pairs) + len(table.absent) - len(present),
        total=len(rows) + len(table.absent),
        unpredicted=tuple(row for index, row in enumerate(rows) if index not in pairs),
        unmatched=tuple(row for index, row in enumerate(predicted) if index not in used),
        complete=table.complete,
        present=present,
        predicted=tuple(predicted),
    )


def match(rows: Sequence[Row], predicted: Sequence[Row], same: Callable[[Row, Row], bool]) -> dict[int, int]:
    """The largest set of pairs of equal rows, one to one (augmenting paths): printed index to predicted index."""
    choices = [
        [j for j, row in enumerate(predicted) if row["prefix"] == want["prefix"] and same(want, row)] for want in rows
    ]
    taken: dict[int, int] = {}

    def place(i: int, tried: set[int]) -> bool:
        for j in choices[i]:
            if j not in tried:
                tried.add(j)
                if j not in taken or place(taken[j], tried):
                    taken[j] = i
                    return True
        return False

    for i in range(len(rows)):
        place(i, set())
    return {i: j for j, i in taken.items()}


def _printed_row(row: EffectiveRowShape | BgpRowShape | RouterRowShape) -> Row:
    return row.model_dump(exclude_unset=True)


def row_text(row: Row) -> str:
    """A row on one line."""
    return ", ".join(f"{key} {value}" for key, value in row.items())


def varies(row: Row) -> bool:
    """Rows that outputs of one network have and those of another do not."""
    return row.get("source") == Source.DEFAULT and row.get("type") in {NextHopType.NONE, NextHopType.INTERNET}


def _hops_equal(printed: Iterable[str | None], predicted: Iterable[str | None]) -> bool:
    """Equal as sets; a hop that nobody knows stands for any one."""
    left, right = set(printed), list(predicted)
    unknown = sum(hop is None for hop in right)
    known = {hop for hop in right if hop is not None}
    if None in left:
        return len(left) == len(right)
    return known <= left and len(left - known) == unknown


def _same_effective(want: Row, row: Row) -> bool:
    for key in ("type", "state", "source"):
        if key in want and want[key] not in {None, row[key], "Unknown"}:
            return False
    return want.get("next_hops") is None or _hops_equal(want["next_hops"], row["next_hops"])


def _same_bgp(want: Row, row: Row) -> bool:
    if want.get("as_path") is not None and want["as_path"] != row["as_path"]:
        return False
    for key in ("origin", "weight"):
        if want.get(key) is not None and want[key] != row[key]:
            return False
    hop = want.get("next_hop")
    return hop is None or row["next_hop"] is None or hop == row["next_hop"]


def _same_router(want: Row, row: Row) -> bool:
    if want.get("as_path") is not None and want["as_path"] != row["as_path"]:
        return False
    return want.get("next_hops") is None or _hops_equal(want["next_hops"], row["next_hops"])


def address_text(address: Any) -> str | None:
    """As printed; None for what nobody knows."""
    return masked_text(address) if isinstance(address, Symbol) else None if address is None else str(address)


def _bgp_row(row: BgpRoute) -> Row:
    return {
        "prefix": str(row.prefix),
        "as_path": list(row.as_path),
        "origin": row.origin.value,
        "next_hop": address_text(row.next_hop),
        "weight": row.weight,
    }


def _effective(topology: Topology, solution: Solution) -> Callable[[str], list[list[Row]]]:
    def predict(nic: str) -> list[list[Row]]:
        place = next((item.vnet, item.subnet) for item in topology.nics if item.name == nic)
        return [[_effective_row(row) for row in solution.tables.effective[place]]]

    return predict


def _effective_row(row: EffectiveRoute) -> Row:
    return {
        "prefix": str(row.prefix),
        "type": row.type.value,
        "next_hops": [address_text(hop) for hop in row.next_hops],
        "source": row.source.value,
        "state": row.state.value,
    }


def _gateway_learned(solution: Solution) -> Callable[[str], list[list[Row]]]:
    def predict(key: str) -> list[list[Row]]:
        tables = solution.tables.gateway_learned
        names = [key] if key in tables else [name for name in tables if name.rpartition("/")[0] == key]
        return [[_bgp_row(row) for row in tables[name]] for name in names]

    return predict


def _sent(tables: Mapping[tuple[str, str], tuple[BgpRoute, ...]]) -> Callable[[str], list[list[Row]]]:
    def predict(key: str) -> list[list[Row]]:
        owner, _, peer = key.rpartition("/")
        found = [rows for (name, to), rows in tables.items() if to == peer and owner in {name, name.rpartition("/")[0]}]
        single = [[_bgp_row(row) for row in _once(rows)] for rows in found]
        both = [_bgp_row(row) for row in _once(row for rows in found for row in rows)]
        return [*single, both]

    return predict


def _once(rows: Iterable[BgpRoute]) -> list[BgpRoute]:
    """Rows that print alike stand once."""
    return list({(row.prefix, row.as_path, row.next_hop): row for row in rows}.values())


def _received(solution: Solution) -> Callable[[str], list[list[Row]]]:
    def predict(key: str) -> list[list[Row]]:
        owner, _, peer = key.rpartition("/")
        tables = solution.tables.route_server_learned
        found = [rows for (name, to), rows in tables.items() if to == peer and owner in {name, name.rpartition("/")[0]}]
        return [[_bgp_row(row) for row in _once(row for rows in found for row in rows)]]

    return predict


def _circuit(solution: Solution) -> Callable[[str], list[list[Row]]]:
    def predict(key: str) -> list[list[Row]]:
        rows: list[Row] = [{**_bgp_row(row), "weight": 0} for row in solution.tables.circuit_routes.get(key, ())]
        return [[row for row in rows if ":" not in row["prefix"]] + _once_a_prefix(rows)]

    return predict


def _once_a_prefix(rows: Iterable[Row]) -> list[Row]:
    """IPv6 rows, of which the format keeps one for every prefix and AS path."""
    return list({(row["prefix"], str(row["as_path"])): row for row in rows if ":" in row["prefix"]}.values())


def _router(solution: Solution) -> Callable[[str], list[list[Row]]]:
    def predict(key: str) -> list[list[Row]]:
        return [list(_router_rows(solution.tables, key))]

    return predict


def _router_rows(tables: Tables, router: str) -> Iterator[Row]:
    grouped: dict[tuple[str, tuple[int, ...]], list[str | None]] = {}
    for row in tables.router_routes.get(router, ()):
        hops = grouped.setdefault((str(row.prefix), row.as_path), [])
        if row.next_hop is not None:
            hops.append(address_text(row.next_hop))
    for (prefix, as_path), hops in grouped.items():
        known = sorted({hop for hop in hops if hop is not None})
        yield {"prefix": prefix, "as_path": list(as_path), "next_hops": [*known, *(hop for hop in hops if hop is None)]}
