"""Writes docs/routing.md from what the model predicts: ``python docs/generate_routing.py``.

The prose stands in routing.md.j2. A test compares the result with the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import IPv4Network, collapse_addresses
from pathlib import Path

import jinja2

from vpner.readers.case import read_case
from vpner.render.az import address_text
from vpner.render.grid import Grid
from vpner.replay import Score, score_file
from vpner.routing import DEFAULT, SWITCHES, BgpRoute, EffectiveRoute, FlowVerdict, Solution, Verdict, judge, solve
from vpner.routing.facts import Fact, facts
from vpner.routing.solution import RouteState, Source
from vpner.topology import GATEWAY_SUBNET, Preference, Topology

DOCS = Path(__file__).resolve().parent
EXAMPLES = DOCS.parent / "examples"
CASES = DOCS.parent / "tests" / "cases"
DAY = date(2026, 11, 25)
"""The lab exempts nothing, so no verdict depends on the day."""
MAX_PREPENDS = 4
BRANCH = "10.100.0.0/24"


@dataclass(frozen=True, slots=True)
class Section:
    """The predicted tables of one state of the lab."""

    title: str
    tables: tuple[tuple[str, str], ...]
    """Captions and Markdown tables."""
    verdicts: str


def page() -> str:
    """The text of docs/routing.md."""
    lab = example("reference-lab")
    used: set[str] = set()
    without = _section("ExpressRoute only", example("reference-lab-expressroute-only"), used)
    preferences = [_section(f"Preference `{value}`", prefer(lab, value), used) for value in Preference]
    common = [table for table in preferences[0].tables if all(table in section.tables for section in preferences)]
    paths = sorted(CASES.glob("*.yaml"))
    scores = [score_file(path) for path in paths]
    later = [score_file(path) for path in sorted((CASES / "later").glob("*.yaml"))]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(DOCS),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template("routing.md.j2").render(
        without=without,
        preferences=[
            replace(section, tables=tuple(table for table in section.tables if table not in common))
            for section in preferences
        ],
        common=common,
        prepends=_prepends(lab).markdown(),
        kinds=_kinds(scores).markdown(),
        scores=_total(scores),
        later=_total(later),
        misses=[(score.name, miss) for score in scores for miss in score.misses],
        switches=_switches(paths, scores).markdown(),
        facts=[fact for name, fact in sorted(facts().items()) if name in used],
        assumptions=_assumptions(),
    )


def example(name: str) -> Topology:
    """One of the networks in examples/."""
    path = EXAMPLES / f"{name}.yaml"
    return read_case(path.read_text(encoding="utf-8"), path.name).topology


def prefer(lab: Topology, preference: Preference) -> Topology:
    """The lab with another hub routing preference."""
    return replace(lab, route_servers=tuple(replace(item, preference=preference) for item in lab.route_servers))


def _section(title: str, network: Topology, used: set[str]) -> Section:
    solution = solve(network)
    tables = tuple(_tables(network, solution, used))
    return Section(title, tables, _verdicts(judge(network, solution, DAY)).markdown())


def _verdicts(found: Iterable[FlowVerdict]) -> Grid:
    """A line for all flows that share their verdict and what carries them; the tunnel's own traffic is left out."""
    sources: dict[tuple[Verdict, str, tuple[IPv4Network, ...]], list[str]] = {}
    for item in found:
        if item.verdict is not Verdict.TRANSPORT:
            over = ", ".join(carrier.value for carrier in item.underlay)
            sources.setdefault((item.verdict, over, item.flow.destination.prefixes), []).append(str(item.flow.source))
    lines: dict[tuple[Verdict, str, str], list[IPv4Network]] = {}
    for (verdict, over, destination), names in sources.items():
        lines.setdefault((verdict, ", ".join(dict.fromkeys(names)), over), []).extend(destination)
    return Grid(
        ("verdict", "from", "to", "over"),
        tuple(
            (verdict.value, names, ", ".join(map(str, collapse_addresses(to))), over)
            for (verdict, names, over), to in lines.items()
        ),
    )


def _tables(network: Topology, solution: Solution, used: set[str]) -> Iterator[tuple[str, str]]:
    tables = solution.tables
    alike: dict[tuple[EffectiveRoute, ...], list[str]] = {}
    places = [(nic.name, (nic.vnet, nic.subnet)) for nic in network.nics]
    places += [(f"{vnet}/{subnet}", (vnet, subnet)) for vnet, subnet in tables.effective if subnet == GATEWAY_SUBNET]
    for name, place in places:
        rows = tuple(row for row in tables.effective[place] if row.source is not Source.DEFAULT)
        alike.setdefault(rows, []).append(name)
    for rows, names in alike.items():
        if rows:
            yield "Effective routes of " + ", ".join(f"`{name}`" for name in names), _effective(rows, used)
    for router in network.routers:
        rows = tables.router_routes.get(router.name, ())
        if rows:
            yield f"BGP table of `{router.name}`", _router(rows, used)


def _effective(rows: Iterable[EffectiveRoute], used: set[str]) -> str:
    def line(row: EffectiveRoute) -> tuple[str, ...]:
        used.add(row.decided_by)
        beaten = [item for item in row.beaten if isinstance(item, BgpRoute)]
        return (
            f"{row.prefix}{'' if row.state is RouteState.ACTIVE else ' (Invalid)'}",
            row.type.value,
            ", ".join(address_text(hop) for hop in row.next_hops),
            f"[{row.decided_by}](#{row.decided_by})",
            "; ".join(sorted({f"{address_text(item.next_hop)} path {_path(item)}" for item in beaten})),
        )

    return Grid(
        ("prefix", "next hop type", "next hop", "decided by", "beaten"), tuple(line(row) for row in rows)
    ).markdown()


def _router(rows: Iterable[BgpRoute], used: set[str]) -> str:
    def line(row: BgpRoute) -> tuple[str, ...]:
        used.add(row.decided_by)
        rule = f"[{row.decided_by}](#{row.decided_by})"
        return ("yes" if row.selected else "", str(row.prefix), address_text(row.next_hop), _path(row), rule)

    return Grid(("used", "prefix", "next hop", "AS path", "decided by"), tuple(line(row) for row in rows)).markdown()


def _path(row: BgpRoute) -> str:
    return " ".join(map(str, row.as_path)) or "(own)"


def _prepends(lab: Topology) -> Grid:
    """With preference ASPath: what the hub's NICs do with the branch's prefix when the device prepends its ASN."""

    def line(count: int) -> tuple[str, ...]:
        asns = {router.name: router.asn for router in lab.routers}
        connections = tuple(
            replace(item, imports=replace(item.imports, prepend=(asns[item.remote] or 0,) * count))
            for item in lab.vpn_connections
        )
        network = replace(prefer(lab, Preference.AS_PATH), vpn_connections=connections)
        server = lab.route_servers[0]
        rows = next(
            rows
            for (vnet, subnet), rows in solve(network).tables.effective.items()
            if (vnet, subnet) == _hub_place(lab, server.vnet)
        )
        row = next(row for row in rows if str(row.prefix) == BRANCH)
        return str(count), ", ".join(address_text(hop) for hop in row.next_hops), row.decided_by

    return Grid(("prepends", f"next hop of {BRANCH}", "decided by"), tuple(line(n) for n in range(MAX_PREPENDS + 1)))


def _hub_place(lab: Topology, hub: str) -> tuple[str, str]:
    return next((nic.vnet, nic.subnet) for nic in lab.nics if nic.vnet == hub)


def _total(scores: Sequence[Score]) -> str:
    return f"{sum(s.matched.total() for s in scores):,} of {sum(s.total.total() for s in scores):,}"


def _kinds(scores: Sequence[Score]) -> Grid:
    matched: Counter[str] = sum((score.matched for score in scores), Counter())
    total: Counter[str] = sum((score.total for score in scores), Counter())
    return Grid(
        ("table", "predicted", "printed"), tuple((kind, str(matched[kind]), str(total[kind])) for kind in sorted(total))
    )


def _switches(paths: Sequence[Path], scores: Sequence[Score]) -> Grid:
    """The score with one assumption the other way; only cases that name a switch can depend on it."""

    def line(switch: str) -> tuple[str, ...]:
        flipped = [
            score_file(path, DEFAULT.flipped(switch)) if switch in score.assumed else score
            for path, score in zip(paths, scores, strict=True)
        ]
        return (
            f"`{switch}`",
            str(sum(item.matched.total() for item in flipped)),
            str(sum(not item.exact for item in flipped)),
        )

    lines = sorted((line(switch) for switch in SWITCHES), key=lambda item: int(item[1]))
    return Grid(("switch", "checks predicted", "cases that are not exact"), tuple(lines))


def _assumptions() -> list[Fact]:
    return [facts()[switch.replace("_", "-")] for switch in SWITCHES]


if __name__ == "__main__":
    (DOCS / "routing.md").write_text(page(), encoding="utf-8")
