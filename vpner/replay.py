"""Scores the model against published networks: every printed row, absent prefix and ping is one check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from vpner.matching import Fit, address_text, fits, row_text
from vpner.problems import Problems
from vpner.readers.case import Case, read_case
from vpner.readers.shape import ReachShape
from vpner.routing.assumptions import DEFAULT, Assumptions
from vpner.routing.converge import Unsettled
from vpner.routing.solution import Solution
from vpner.routing.solve import solve
from vpner.routing.trace import reach
from vpner.topology import Topology


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
    result = _Tally()
    for fit in fits(case.topology, solution, case.expect):
        result.table(fit)
    for item in case.expect.reach:
        result.reach(item, case.topology, solution)
    return Score(case.name, result.matched, result.total, tuple(result.misses), tuple(result.extra), solution.assumed)


class _Tally:
    def __init__(self) -> None:
        self.matched: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.misses: list[Miss] = []
        self.extra: list[tuple[str, str]] = []

    def table(self, fit: Fit) -> None:
        self.matched[fit.kind] += fit.matched
        self.total[fit.kind] += fit.total
        for row in fit.unpredicted:
            near = tuple(row_text(other) for other in fit.predicted if other["prefix"] == row["prefix"])
            self.misses.append(Miss(fit.table, row_text(row), near))
        for prefix, there in fit.present.items():
            self.misses.append(Miss(fit.table, f"no row for {prefix}", tuple(map(row_text, there))))
        self.extra += [(fit.table, row_text(row)) for row in fit.unobserved]

    def reach(self, item: ReachShape, topology: Topology, solution: Solution) -> None:
        found = reach(topology, solution.tables, item.source, item.destination)
        hops = [address_text(hop) for hop in found.hops]
        ok = found.works == item.works and _in_order(item.via, hops)
        self.total["reach"] += 1
        self.matched["reach"] += ok
        if not ok:
            expected = f"{item.source} to {item.destination} works: {item.works} via {item.via}"
            self.misses.append(Miss("reach", expected, (f"{found.works} via {hops}: {found.why}",)))


def _in_order(wanted: Iterable[str | None], hops: Sequence[str | None]) -> bool:
    rest = iter(hops)
    return all(any(hop == want for hop in rest) for want in wanted)


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
