"""The reference lab on real routers: what its author published, and what he did not show."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulation.tier import EVERYTHING
from tests.routing.lab import (
    BRANCH,
    CONNECTION,
    TODAY,
    example,
    lab,
    without_endpoint_route,
    without_tunnel_statics,
)
from tests.routing.test_lab_traps import PREFERENCES
from vpner.emulation import Report, emulate, single_failures
from vpner.emulation.lab import Lab
from vpner.emulation.limits import prepare
from vpner.emulation.nodes import Use, WirePlan
from vpner.emulation.wires import plan_wires
from vpner.routing import Tables, Verdict, solve
from vpner.topology import Preference, Topology

pytestmark = [pytest.mark.root, pytest.mark.timeout(3600)]
everything = pytest.mark.skipif(not EVERYTHING, reason="long: make emulate-all runs it")

_TO_COME_UP = 60.0
SESSIONS = 2
"""Of the device: with both instances of the gateway."""
SPOKE, DEVICE, SERVER = "az-spk1-lxvm-nic", "branch-opnnva", "az-hub-rs/0"


def all_equal(report: Report) -> None:
    for state in report.states:
        assert [str(item) for item in state.differences] == [], state.failed
        assert [item for item in state.flows if not item.agrees] == [], state.failed
        assert sum(state.paths.values()) > 0


def test_expressroute_alone_carries_the_published_ping_and_page_in_clear() -> None:
    """reference lab, README: ping from az-spk1-lxvm to 10.100.0.100 answers, and curl prints branch-vm1."""
    report = emulate(example("reference-lab-expressroute-only"), TODAY)
    all_equal(report)
    [spoke] = [item for item in report.conversations if item.source == SPOKE]
    assert (spoke.destination, spoke.ping, spoke.page) == (BRANCH, 3, "branch-vm1")
    assert spoke.clear > 0
    assert report.states[0].udp == 0


def test_with_the_tunnel_the_provider_reads_nothing() -> None:
    report = emulate(lab(), TODAY)
    all_equal(report)
    [spoke] = [item for item in report.conversations if item.source == SPOKE]
    assert (spoke.destination, spoke.ping, spoke.page) == (BRANCH, 3, "branch-vm1")
    assert [item.clear for item in report.conversations] == [0] * len(report.conversations)
    assert len({item.source for item in report.conversations}) == 4
    assert report.states[0].udp > 0


def watched(
    topology: Topology, seconds: float, change: Callable[[WirePlan], None] = lambda _: None
) -> tuple[set[int], list[int], set[str]]:
    """Which of the model's phases Azure has been in, by Route Server's choice for the branch's prefix; how many BGP
    sessions of the device were up, moment for moment; and where its main table sends outer packets. All of it for so
    many seconds after one was up for the first time; ``change`` is done to the plan before it is built.

    Two tunnels that come and go need not do so together.
    """
    network = prepare(topology, wired=True)
    phases = [chosen(tables) for tables in solve(network).phases]
    plan = plan_wires(network)
    change(plan)
    inner = {wire.interface for wire, _, _ in plan.of(DEVICE, Use.INNER)}
    met, up, ways = set[int](), list[int](), set[str]()
    with Lab(plan) as running:
        until = time.monotonic() + _TO_COME_UP
        while time.monotonic() < until:
            down = [item for item in running.control.down() if DEVICE in item]
            way = running.inside(DEVICE, "ip", "route", "get", "10.0.0.36")
            rows = running.control.tables()[SERVER]
            now = next((row.as_path for row in rows if row.selected and str(row.prefix) == "10.100.0.0/24"), None)
            sessions = SESSIONS - len(down)
            if sessions and not up:
                until = time.monotonic() + seconds
            if up or sessions:
                up.append(sessions)
                ways.add("tunnel" if any(f"dev {name} " in way for name in inner) else "aside")
                met |= {index for index, path in enumerate(phases) if path == now}
            time.sleep(0.3)
    return met, up, ways


def comes_and_goes(up: list[int]) -> bool:
    """Every session is lost, and one returns."""
    return 0 in up and any(up[up.index(0) :])


def chosen(tables: Tables) -> tuple[int, ...]:
    """The AS path that the model's Route Server selects for the branch's prefix."""
    rows = [row for (name, _), table in tables.route_server_learned.items() if name == SERVER for row in table]
    [path] = {row.as_path for row in rows if row.selected and str(row.prefix) == "10.100.0.0/24"}
    return path


@everything
def test_without_the_endpoints_route_the_tunnel_comes_and_goes_through_the_phases_of_the_model() -> None:
    """The gateway's outer packets enter the tunnel, because 10.100.0.0/24 leads there and nothing is more specific."""
    met, up, ways = watched(without_endpoint_route(lab()), 90)
    assert met == {0, 1}
    assert comes_and_goes(up)
    assert ways == {"aside"}, "the device's own routes are right"


@everything
def test_without_the_devices_statics_its_main_table_sends_the_tunnel_into_itself() -> None:
    met, up, ways = watched(without_tunnel_statics(lab()), 90)
    assert met == {0, 1}
    assert comes_and_goes(up)
    assert ways == {"tunnel", "aside"}


@everything
def test_with_both_routes_the_tunnel_stays_up_for_a_minute() -> None:
    met, up, ways = watched(lab(), 60)
    assert met == {0}
    assert set(up[up.index(SESSIONS) :]) == {SESSIONS}, "once all are up, they stay up"
    assert len(up) > 10
    assert ways == {"aside"}


@everything
def test_every_single_failure_does_to_packets_what_the_model_says() -> None:
    report = emulate(lab(), TODAY, single_failures(lab()))
    all_equal(report)
    by_element = {state.failed: state for state in report.states}
    assert set(by_element) > {f"vpn_connections/{CONNECTION}", "edges/azure-er-circuit/primary"}
    fallback = by_element[f"vpn_connections/{CONNECTION}"]
    assert all(flow.expected is Verdict.CLEARTEXT and flow.clear > 0 for flow in fallback.flows)
    for item in fallback.meanwhile:
        assert item.encrypted + item.clear + item.lost == item.sent
        assert item.lost > 0, "until BGP notices"
        assert item.clear > 0, "then the fallback"


@everything
@pytest.mark.parametrize(("preference", "prepend", "to_branch"), PREFERENCES)
def test_hub_routing_preference_decides_what_the_provider_reads(
    preference: Preference, prepend: int, to_branch: Verdict
) -> None:
    """The truth is the documentation's, as in tests/routing; here packets are counted."""
    report = emulate(lab(preference, prepend), TODAY)
    all_equal(report)
    for item in report.conversations:
        from_azure = item.source != "branch-vm1VMNic"
        assert (item.clear > 0) == (to_branch is Verdict.CLEARTEXT), "one direction in clear is enough to read a talk"
        assert item.ping == 3
        assert from_azure or item.page


def test_nothing_is_left_of_an_emulation_that_is_killed(tmp_path: Path) -> None:
    """By kill -9, which nobody can catch."""
    example_file = Path(__file__).parents[2] / "examples" / "only-the-endpoint.yaml"
    command = [str(Path(sys.executable).with_name("vpner")), "emulate", "--topology", str(example_file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=tmp_path, text=True) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if "running" in line:
                break
        namespaces = {namespace(pid) for pid in descendants(run.pid)} - {namespace("self"), ""}
        assert len(namespaces) == 1
        assert inside(namespaces) > 5
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        until = time.monotonic() + 10
        while inside(namespaces) and time.monotonic() < until:
            time.sleep(0.1)
    assert inside(namespaces) == 0
    assert list(tmp_path.iterdir()) == []


def namespace(process: int | str) -> str:
    """The PID namespace of a process; empty if it has gone."""
    try:
        return os.readlink(f"/proc/{process}/ns/pid")
    except OSError:
        return ""


def descendants(process: int) -> Iterator[int]:
    for child in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split():
        yield int(child)
        yield from descendants(int(child))


def inside(namespaces: set[str]) -> int:
    """How many processes are in these namespaces."""
    return sum(namespace(process.name) in namespaces for process in Path("/proc").glob("[0-9]*"))
