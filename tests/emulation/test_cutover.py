"""A cutover played on real routers: traffic runs, the phases are made one after another, and every packet is counted.

The gateway, the device and its tunnel are there from the beginning, which is what the first phase of the lab's cutover
prepares. The connection comes into being by being let through, the branch's route table by being put on its subnet.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.cutover.walks import ASSOCIATION, CONNECTION, ENCRYPTED, EXPRESSROUTE_ONLY, TODAY
from vpner.cutover import Phase, Stage, plan
from vpner.emulation.lab import Lab
from vpner.emulation.traffic import Meanwhile, Watch, populate
from vpner.emulation.wires import plan_wires
from vpner.topology import Topology

pytestmark = [pytest.mark.root, pytest.mark.timeout(900)]

DEVICE = "routers/branch-opnnva"
BRANCH, SPOKE = "branch-vm1VMNic", "az-spk1-lxvm-nic"
_PACKETS = 250
"""Of each direction: five seconds."""
_NOTICED = 14.0
"""Seconds until BGP and IKE have noticed that a tunnel is gone."""


class Played:
    """The lab while it is changed. Before anything is, the tunnel is down and the branch has no route table."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.watch = Watch(lab)
        lab.settle()
        self.without_connection()

    def connection(self) -> None:
        self.lab.repair(CONNECTION)
        self.lab.settle()

    def without_connection(self) -> None:
        self.lab.fail(CONNECTION)
        time.sleep(_NOTICED)
        self.lab.settle(failed=True)

    def route_tables_of(self, topology: Topology) -> None:
        """Azure programs the subnets' interfaces anew."""
        self.lab.plan = replace(self.lab.plan, control=replace(self.lab.plan.control, topology=populate(topology)))
        self.lab.settle(failed=True)

    def traffic(self) -> dict[str, Meanwhile]:
        """What becomes of packets of both directions now, by their source."""
        return {item.source: item for item in self.watch.ended(self.watch.begin(self._pairs(), _PACKETS))}

    def _pairs(self) -> list[tuple[str, IPv4Address, IPv4Address]]:
        at = {nic.name: nic.ip for nic in self.lab.plan.topology.nics if isinstance(nic.ip, IPv4Address)}
        return [(BRANCH, at[BRANCH], at[SPOKE]), (SPOKE, at[SPOKE], at[BRANCH])]


@contextmanager
def playing(topology: Topology) -> Iterator[Played]:
    with Lab(plan_wires(populate(topology))) as lab:
        yield Played(lab)


def fates(seen: dict[str, Meanwhile]) -> dict[str, str]:
    """In one word what became of the packets of each source; several words if not of all the same."""
    words = {"encrypted": "encrypted", "clear": "in clear", "lost": "lost"}
    return {
        source: " and ".join(word for attribute, word in words.items() if getattr(item, attribute))
        for source, item in seen.items()
    }


def phases() -> tuple[Phase, Phase]:
    """Connecting and switching, and that they are what is played here."""
    _, connect, switch = plan(EXPRESSROUTE_ONLY, ENCRYPTED, TODAY).phases
    assert (connect.stage, switch.stage) == (Stage.CONNECT, Stage.SWITCH)
    assert [change.key for change in connect.changes] == [CONNECTION]
    assert [change.key for change in switch.changes] == [ASSOCIATION]
    return connect, switch


def test_the_phases_encrypt_one_direction_after_the_other_and_nothing_is_read_or_lost_from_there() -> None:
    connect, switch = phases()
    with playing(connect.topology) as lab:
        assert fates(lab.traffic()) == {BRANCH: "in clear", SPOKE: "in clear"}
        lab.connection()
        assert fates(lab.traffic()) == {BRANCH: "in clear", SPOKE: "encrypted"}
        lab.route_tables_of(switch.topology)  # encrypted from here
        for _ in range(4):
            assert fates(lab.traffic()) == {BRANCH: "encrypted", SPOKE: "encrypted"}
        lab.route_tables_of(connect.topology)  # and the way back
        assert fates(lab.traffic()) == {BRANCH: "in clear", SPOKE: "encrypted"}
        lab.without_connection()
        assert fates(lab.traffic()) == {BRANCH: "in clear", SPOKE: "in clear"}


def test_a_route_table_before_its_tunnel_is_no_help_and_before_its_appliance_it_loses_the_branch() -> None:
    """What the program refuses: an appliance without a tunnel sends it on in clear, and none sends it nowhere."""
    connect, switch = phases()
    with playing(connect.topology) as lab:
        lab.route_tables_of(switch.topology)
        assert fates(lab.traffic())[BRANCH] == "in clear"
        lab.lab.fail(DEVICE)
        assert fates(lab.traffic())[BRANCH] == "lost"
