"""Both stacks, counted by hand from their files; and who prints what on which request."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from policies.crossguard import FOOTPRINT
from tests.cli.commands import vpner
from tests.engine.workspace import Workspace
from tests.footprint.test_costs import gateway
from tests.footprint.test_quotas import addresses, tunnels
from tests.policies.support import ArmMocks, judge, sent
from tests.policies.test_foreign import CONFIGURATION, hub
from tests.readers.stacks import snapshot
from tests.support.mocks import build
from tests.support.stacks import ROOT
from vpner.footprint import Outcome, footprint
from vpner.readers.resources import Snapshot

COUNTED: dict[str, dict[tuple[str, str], int]] = {
    "dev": {
        ("VPN gateway", "VpnGw1AZ"): 1,
        ("ExpressRoute gateway", "Standard"): 2,  # hub and branch
        ("ExpressRoute circuit", "Standard_MeteredData 50"): 2,
        ("Route Server", "Standard"): 1,
        ("Route Server's ip configuration", ""): 1,
        ("public IP address", "Standard"): 6,  # 2 of the VPN gateway, 2 ExpressRoute gateways, Route Server, appliance
        ("virtual machine", "Standard_B2s"): 1,  # the appliance
        ("virtual machine", "Standard_DS1_v2"): 4,  # hub, 2 spokes, branch
        ("peering", ""): 4,  # 2 spokes, both directions
        ("virtual network", ""): 4,
        ("subnet", ""): 10,  # 3 + 1 + 1 + 5
    },
    "prod": {
        ("VPN gateway", "VpnGw2AZ"): 1,
        ("ExpressRoute gateway", "ErGw1AZ"): 1,
        ("ExpressRoute circuit", "Standard_MeteredData 1000"): 2,
        ("Route Server", "Standard"): 1,
        ("Route Server's ip configuration", ""): 1,
        ("public IP address", "Standard"): 4,  # 2 of the VPN gateway, ExpressRoute gateway, Route Server
        ("peering", ""): 4,
        ("virtual network", ""): 3,
        ("subnet", ""): 6,  # 3 + 2 + 1
    },
}
USED: dict[str, set[tuple[str, str, int, int | None]]] = {
    "dev": {
        ("circuits-per-subscription", "", 2, 50),
        ("vpn-gateways-per-network", "az-hub-vnet", 1, 1),
        ("expressroute-gateways-per-network", "az-hub-vnet", 1, 1),
        ("expressroute-gateways-per-network", "branch-vnet", 1, 1),
        ("peerings-per-network", "az-hub-vnet", 2, 500),
        ("peerings-per-network", "az-spk1-vnet", 1, 500),
        ("peerings-per-network", "az-spk2-vnet", 1, 500),
        ("tunnels-per-vpn-gateway", "az-hub-vpngw", 1, 30),
        ("circuits-per-expressroute-gateway", "az-hub-ergw", 1, 4),
        ("circuits-per-expressroute-gateway", "branch-ergw", 1, 4),
        ("links-per-circuit", "azure-er-circuit", 1, 10),
        ("links-per-circuit", "branch-er-circuit", 1, 10),
    },
    "prod": {  # stage ordered: no connections yet
        ("circuits-per-subscription", "", 2, 50),
        ("vpn-gateways-per-network", "weu-hub-vnet", 1, 1),
        ("expressroute-gateways-per-network", "weu-hub-vnet", 1, 1),
        ("peerings-per-network", "weu-hub-vnet", 2, 500),
        ("peerings-per-network", "weu-erp-vnet", 1, 500),
        ("peerings-per-network", "weu-web-vnet", 1, 500),
    },
}
CHAIN = {"dev": ("az-hub-ergw", "az-hub-vpngw"), "prod": ("weu-hub-ergw", "weu-hub-vpngw")}
"""The gateways of one network, one after the other; then Route Server, 45 + 45 + 30 minutes. The branch's is beside."""


@pytest.mark.parametrize("stack", COUNTED)
def test_a_stack_has_what_its_file_says(stack: str) -> None:
    found = footprint(snapshot(stack, preview=True))
    assert {(cost.kind.name, cost.sku): len(cost.names) for cost in found.costs} == COUNTED[stack]
    assert all(cost.planned == len(cost.names) for cost in found.costs)


@pytest.mark.parametrize("stack", USED)
def test_a_stack_uses_what_its_file_says_of_each_limit(stack: str) -> None:
    found = footprint(snapshot(stack, preview=True))
    known = [item for item in found.quotas if item.where != "unknown"]  # mocks know no region
    assert {(item.limit.id, item.where, item.used, item.maximum) for item in known} == USED[stack]
    assert all(item.doubtful == 0 for item in known)
    assert found.outcome is Outcome.WITHIN


@pytest.mark.parametrize("stack", CHAIN)
def test_gateways_and_route_server_of_a_network_follow_one_another(stack: str) -> None:
    found = footprint(snapshot(stack, preview=True))
    names = [step.name.rpartition(" ")[2] for step in found.chain]
    assert (tuple(names), found.minutes) == ((*CHAIN[stack], "Default"), 120)


@pytest.mark.parametrize(("requested", "printed"), [(None, False), ("", False), ("1", True)])
def test_the_pack_prints_it_on_request_only(
    requested: str | None,
    printed: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv(FOOTPRINT, raising=False)
    if requested is not None:
        monkeypatch.setenv(FOOTPRINT, requested)
    resources = sent(build(hub(literal=False), ArmMocks(unknown=True))[0], preview=True)
    capsys.readouterr()
    assert judge(resources, CONFIGURATION).messages == ()
    output = capsys.readouterr().out
    assert "Encrypted ExpressRoute" in output
    assert ("What Azure bills" in output) is printed


CODES = [("dev", 0), ("beyond", 1), ("unknown", 2)]


@pytest.mark.parametrize(("network", "code"), CODES)
def test_the_command_ends_with_what_the_limits_say(network: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "dev": snapshot("dev", preview=True),
        "beyond": Snapshot([gateway("vpn-gw"), *tunnels(31)]),
        "unknown": Snapshot(addresses(11)),
    }
    monkeypatch.setattr(sys.modules["vpner.cli.footprint"], "stack_snapshot", lambda stack, folder: given[stack])
    shown = vpner("footprint", "--stack", network)
    assert shown.exit_code == code
    assert "What Azure bills" in shown.stdout
    document = json.loads(vpner("footprint", "--stack", network, "--json").stdout)
    assert document["outcome"] == {0: "within", 1: "beyond", 2: "unknown"}[code]


def test_the_command_needs_a_stack() -> None:
    assert vpner("footprint").exit_code == 3


@pytest.mark.engine
def test_the_engine_shows_it_with_regions_at_preview_and_nothing_to_wait_for_after_the_update(tmp_path: Path) -> None:
    dev = Workspace.create(tmp_path, "dev")
    dev.configure(stage="ordered")
    options = ("--stack", "dev", "--non-interactive", "--policy-pack", str(ROOT / "policies"))
    preview = dev.run("pulumi", "preview", *options, env={FOOTPRINT: "1"}).succeeded().output
    assert "About 120 minutes" in preview
    assert re.search(r"Standard public IP addresses +region southcentralus +6 +10 +4 +yes", preview)
    update = dev.run("pulumi", "up", "--yes", "--skip-preview", *options, env={FOOTPRINT: "1"}).succeeded().output
    assert "Nothing is to be created of which a page says how long it takes." in update
