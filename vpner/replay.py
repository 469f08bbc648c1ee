"""Scores the model against published networks: every printed row, absent prefix and ping is one check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vpner.problems import Problems
from vpner.readers.addresses import masked_text
from vpner.readers.case import Case, read_case
from vpner.readers.shape import BgpRowShape, EffectiveRowShape, ReachShape, RouterRowShape
from vpner.routing.assumptions import DEFAULT, Assumptions
from vpner.routing.converge import Unsettled
from vpner.routing.solution import BgpRoute, EffectiveRoute, RouteState, Solution, Source, Tables
from vpner.routing.solve import solve
from vpner.routing.trace import reach
from vpner.topology import NextHopType, Symbol, Topology

Row = dict[str, Any]
"""A row in the format's words; an address that nobody knows is None and matches any."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A printed row, absent prefix or ping that the model does not predict, with what it has instead."""

    table: str
    expected: str
    predicted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Of one case. ``matched`` and ``total`` count checks by kind of table."""

    name: str
    matched: Counter[str] = field(default_factory=Counter[str])
    total: Counter[str] = field(default_factory=Counter[str])
    misses: tuple[Miss, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    """Predicted rows of complete tables that were not printed: table and row."""
    assumed: tuple[str, ...] = ()
    unsupported: str = ""
    """Why the model could not be asked at all."""

    @property
    def exact(self) -> bool:
        return not self.misses and not self.extra and not self.unsupported


def score_case(case: Case, assumptions: Assumptions = DEFAULT) -> Score:
    """How many of a case's checks the model predicts."""
    solution = solve(case.topology, assumptions)
    kinds: list[tuple[str, Mapping[str, Any], Callable[[str], list[list[Row]]], Callable[[Row, Row], bool]]] = [
        ("effective_routes", case.expect.effective_routes, _effective(case.topology, solution), _same_effective),
        ("gateway_learned", case.expect.gateway_learned, _gateway_learned(solution), _same_bgp),
        ("gateway_advertised", case.expect.gateway_advertised, _sent(solution.tables.gateway_advertised), _same_bgp),
        ("route_server_learned", case.expect.route_server_learned, _received(solution), _same_bgp),
        (
            "route_server_advertised",
            case.expect.route_server_advertised,
            _sent(solution.tables.route_server_advertised),
            _same_bgp,
        ),
        ("circuit_routes", case.expect.circuit_routes, _circuit(solution), _same_bgp),
        ("router_routes", case.expect.router_routes, _router(solution), _same_router),
    ]
    result = _Tally()
    for kind, tables, predict, same in kinds:
        for key, table in tables.items():
            rows = [_printed_row(row) for row in table.rows]
            result.table(kind, key, rows, table, predict(key), same)
    for item in case.expect.reach:
        result.reach(item, case.topology, solution)
    return Score(case.name, result.matched, result.total, tuple(result.misses), tuple(result.extra), solution.assumed)


class _Tally:
    def __init__(self) -> None:
        self.matched: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.misses: list[Miss] = []
        self.extra: list[tuple[str, str]] = []

    def table(
        self,
        kind: str,
        key: str,
        rows: list[Row],
        expected: Any,
        candidates: list[list[Row]],
        same: Callable[[Row, Row], bool],
    ) -> None:
        """The best of the candidate tables counts: authors printed one instance's, or both instances'."""
        best: tuple[int, int, list[Miss], list[str]] | None = None
        for predicted in candidates or [[]]:
            pairs = match(rows, predicted, same)
            found = len(pairs)
            misses = [
                Miss(f"{kind} {key}", _text(row), tuple(_text(p) for p in predicted if p["prefix"] == row["prefix"]))
                for index, row in enumerate(rows)
                if index not in pairs
            ]
            for prefix in expected.absent:
                there = [row for row in predicted if row["prefix"] == prefix and row.get("state") != RouteState.INVALID]
                found += not there
                if there:
                    misses.append(Miss(f"{kind} {key}", f"no row for {prefix}", tuple(map(_text, there))))
            used = set(pairs.values())
            extra = [
                _text(row)
                for index, row in enumerate(predicted)
                if expected.complete and index not in used and not _varies(row)
            ]
            if best is None or (found, -len(extra)) > (best[0], -best[1]):
                best = found, len(extra), misses, extra
        assert best is not None
        self.matched[kind] += best[0]
        self.total[kind] += len(rows) + len(expected.absent)
        self.misses += best[2]
        self.extra += [(f"{kind} {key}", text) for text in best[3]]

    def reach(self, item: ReachShape, topology: Topology, solution: Solution) -> None:
        found = reach(topology, solution.tables, item.source, item.destination)
        hops = [_address(hop) for hop in found.hops]
        ok = found.works == item.works and _in_order(item.via, hops)
        self.total["reach"] += 1
        self.matched["reach"] += ok
        if not ok:
            expected = f"{item.source} to {item.destination} works: {item.works} via {item.via}"
            self.misses.append(Miss("reach", expected, (f"{found.works} via {hops}: {found.why}",)))


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


def _text(row: Row) -> str:
    return ", ".join(f"{key} {value}" for key, value in row.items())


def _varies(row: Row) -> bool:
    """Rows that outputs of one network have and those of another do not."""
    return row.get("source") == Source.DEFAULT and row.get("type") in {NextHopType.NONE, NextHopType.INTERNET}


def _in_order(wanted: Iterable[str | None], hops: Sequence[str | None]) -> bool:
    rest = iter(hops)
    return all(any(hop == want for hop in rest) for want in wanted)


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


def _address(address: Any) -> str | None:
    """As printed; None for what nobody knows."""
    return masked_text(address) if isinstance(address, Symbol) else None if address is None else str(address)


def _bgp_row(row: BgpRoute) -> Row:
    return {
        "prefix": str(row.prefix),
        "as_path": list(row.as_path),
        "origin": row.origin.value,
        "next_hop": _address(row.next_hop),
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
        "next_hops": [_address(hop) for hop in row.next_hops],
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
            hops.append(_address(row.next_hop))
    for (prefix, as_path), hops in grouped.items():
        known = sorted({hop for hop in hops if hop is not None})
        yield {"prefix": prefix, "as_path": list(as_path), "next_hops": [*known, *(hop for hop in hops if hop is None)]}


def report(scores: Sequence[Score]) -> str:
    """A line a case, every miss as expected against predicted, extra rows apart, the score by kind of table."""
    lines: list[str] = []
    matched: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for score in scores:
        matched += score.matched
        total += score.total
        hits, checks = score.matched.total(), score.total.total()
        state = score.unsupported or ("exact" if score.exact else f"{len(score.extra)} extra")
        lines.append(f"{score.name}: {hits}/{checks} {state}")
        for miss in score.misses:
            predicted = " | ".join(miss.predicted) or "nothing"
            lines += [f"  {miss.table}", f"    expected:  {miss.expected}", f"    predicted: {predicted}"]
        lines += [f"  extra in {table}: {row}" for table, row in score.extra]
    width = max((len(kind) for kind in total), default=0)
    lines += ["", *(f"{kind.ljust(width)}  {matched[kind]}/{total[kind]}" for kind in sorted(total))]
    hits, checks = matched.total(), total.total()
    lines.append(f"{hits}/{checks} checks ({100 * hits / max(checks, 1):.1f} %)")
    return "\n".join(lines)


def score_file(path: Path, assumptions: Assumptions = DEFAULT) -> Score:
    """Of one case file. A file that the model cannot read or solve misses all of its checks."""
    text = path.read_text(encoding="utf-8")
    try:
        return score_case(read_case(text, path.name), assumptions)
    except (Problems, Unsettled) as error:
        return Score(path.stem, total=Counter({"unsupported": count_checks(text)}), unsupported=str(error))


def count_checks(text: str) -> int:
    """Checks that a case file holds, as far as it can be read at all; at least one."""
    try:
        expect = yaml.safe_load(text)["expect"]
        tables = [table for kind, group in expect.items() if kind != "reach" for table in group.values()]
        rows = sum(len(table.get("rows", ())) + len(table.get("absent", ())) for table in tables)
        return max(1, rows + len(expect.get("reach", ())))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return 1
