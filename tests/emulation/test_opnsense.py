"""The written ``config.xml`` on real daemons: the device of the lab does what its file says, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tests.device.plans import KEY
from tests.emulation.appliance import configure_device
from tests.emulation.test_lab import DEVICE, comes_and_goes, everything, watched
from tests.routing.lab import TODAY, as_published, lab
from vpner.device.common import KEY_PLACEHOLDER
from vpner.device.opnsense import render
from vpner.device.opnsense.model import NULL4
from vpner.device.plans import device_plans
from vpner.emulation.lab import Lab
from vpner.emulation.limits import prepare
from vpner.emulation.nodes import WirePlan
from vpner.emulation.oracle import differences
from vpner.emulation.traffic import Watch, populate
from vpner.emulation.wires import plan_wires
from vpner.routing import Verdict, judge, solve
from vpner.topology import Filter, Preference, Topology

HOST_ROUTES = (("10.0.0.36/32", "WAN_GW"), ("10.0.0.37/32", "WAN_GW"))
_RETRIED = 240.0
"""Seconds. FRR tries a session again after 120, which the file does not change (bgpd: timers connect)."""
_LONG_UP_OTHERWISE = 30.0
"""Seconds; the tunnel of the whole file is up after some five."""

pytestmark = [pytest.mark.root, pytest.mark.timeout(3600)]


def written(topology: Topology) -> str:
    """The file that the hand-off writes for the device of the lab."""
    [plan] = device_plans(topology, interfaces="hn")
    return render(plan, pre_shared_key=KEY)


def filtered(topology: Topology) -> Topology:
    """The lab with the device's prefix lists (:mod:`vpner.device.filters`), of which its topology says nothing."""
    spaces = tuple(item.prefixes[0] for item in topology.vnets if item.name.startswith("az-"))
    connections = tuple(replace(item, exports=Filter(permit=spaces)) for item in topology.vpn_connections)
    return replace(topology, vpn_connections=connections)


def without(text: str, *lost: tuple[str, str]) -> str:
    """The file without some statics: prefix, and gateway by OPNsense's name."""
    root = ET.fromstring(text)
    [routes] = root.findall("staticroutes")
    for route in list(routes):
        if (route.findtext("network"), route.findtext("gateway")) in lost:
            routes.remove(route)
    return ET.tostring(root, encoding="unicode")


def as_file(text: str) -> Callable[[WirePlan], None]:
    return lambda plan: configure_device(plan, DEVICE, text)


def differing(text: str, azure: Topology, predicted: Topology) -> tuple[list[str], set[Verdict]]:
    """Paths and flows in which the lab with this file for its device differs from what is predicted, and the verdicts
    of flows towards the site. ``azure`` is what all others do."""
    network, modelled = (populate(item) for item in (azure, filtered(predicted)))
    plan = plan_wires(network)
    configure_device(plan, DEVICE, text)
    solution = solve(modelled)
    with Lab(plan) as running:
        tables = running.settle()
        flows = Watch(running).flows(judge(modelled, solution, TODAY))
    found = [str(item) for item in differences(plan.control, solution.tables, tables, remembered=True)]
    site = modelled.intent[0].destinations[0]
    return found + [str(item) for item in flows if not item.agrees], {
        item.expected for item in flows if item.destination in site
    }


@pytest.mark.parametrize(
    ("preference", "prepend", "verdict"),
    [
        (Preference.VPN_GATEWAY, 1, Verdict.ENCRYPTED),
        pytest.param(Preference.AS_PATH, 3, Verdict.CLEARTEXT, marks=everything),
    ],
)
def test_tables_and_packets_are_the_models_with_the_device_that_the_file_configures(
    preference: Preference, prepend: int, verdict: Verdict
) -> None:
    """Azure's side is told of no filter and no prepend: what the device takes and announces is its file's doing."""
    predicted = lab(preference, prepend)
    assert differing(written(predicted), lab(preference), predicted) == ([], {verdict})


@everything
def test_a_prefix_without_a_static_in_the_file_is_not_announced_and_expressroute_carries_it_in_clear() -> None:
    """``networkimportcheck``: FRR announces a network only if exactly this prefix is in the routing table."""
    text = without(written(lab()), ("10.100.0.0/24", "LAN_GW"))
    listed = f"{DEVICE}: only FRR has 10.100.0.0/24 via own path own"  # as not valid: neither selected nor announced
    assert differing(text, lab(), as_published(lab())) == ([listed], {Verdict.CLEARTEXT})


@everything
def test_without_host_routes_and_discards_in_the_file_the_tunnel_carries_itself_and_flaps() -> None:
    _, up, ways = watched(lab(), _RETRIED, as_file(without(written(lab()), *HOST_ROUTES, ("10.0.0.36/31", NULL4))))
    assert ways == {"tunnel", "aside"}
    assert comes_and_goes(up)


EDITS: dict[str, Callable[[str], str]] = {
    "without host routes, the discards keep outer packets out of the tunnel": lambda text: without(text, *HOST_ROUTES),
    "another proposal for IKE": lambda text: text.replace("<proposals>aes256-", "<proposals>aes128-"),
    "another proposal for ESP": lambda text: text.replace("<esp_proposals>aes256gcm16-", "<esp_proposals>aes128gcm16-"),
    "another identity": lambda text: text.replace("<id>10.100.0.4<", "<id>10.100.0.5<"),
    "no key": lambda text: text.replace(KEY, KEY_PLACEHOLDER),
    "another address inside the tunnels": lambda text: text.replace(
        "<tunnel_local>169.254.0.1<", "<tunnel_local>169.254.0.9<"
    ),
    "another ASN": lambda text: text.replace("<asnumber>65510<", "<asnumber>65511<"),
}


@everything
@pytest.mark.parametrize("edit", EDITS)
def test_what_is_wrong_in_the_file_keeps_bgp_down(edit: str) -> None:
    changed = EDITS[edit](written(lab()))
    assert changed != written(lab())
    plan = plan_wires(prepare(lab(), wired=True))
    configure_device(plan, DEVICE, changed)
    with Lab(plan) as running:
        until = time.monotonic() + _LONG_UP_OTHERWISE
        while time.monotonic() < until:
            assert len([item for item in running.control.down() if DEVICE in item]) == 2
            time.sleep(0.5)
