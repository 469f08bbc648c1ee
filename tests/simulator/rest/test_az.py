"""The real Azure CLI on the simulated Azure: the reference lab's own validation commands, word for word.

github.com/dmauser/azure-hub-spoke, vpner-hub-spoke: README.md and 4-validation.azcli. The CLI is 733 MB and is not
among the packages that make installs; these tests run where it is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.rest.deployed import GROUP, Deployed, deploy
from tests.simulator.test_command import VPNER, environment
from toolchain.azure_cli import installed

FOLDER = installed()
pytestmark = [
    pytest.mark.az,
    pytest.mark.skipif(FOLDER is None, reason="no Azure CLI: python -m toolchain.azure_cli installs it (733 MB)"),
]

LOOP = """
for vmnic in $(az network nic list -g $rg --query "[?contains(name,'vm')].name" -o tsv); do
    echo $vmnic
    az network nic show-effective-route-table -g $rg -n $vmnic -o table | grep VirtualNetworkGateway
done
"""

PUBLISHED = """
az-hub-lxvm-nic
VirtualNetworkGateway  Active   10.100.0.0/24     VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.100.0.4/32     VirtualNetworkGateway  10.3.129.58
az-spk1-lxvm-nic
VirtualNetworkGateway  Active   10.100.0.0/24     VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.100.0.4/32     VirtualNetworkGateway  10.3.129.58
az-spk2-lxvm-nic
VirtualNetworkGateway  Active   10.100.0.0/24     VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.100.0.4/32     VirtualNetworkGateway  10.3.129.58
branch-vm1VMNic
VirtualNetworkGateway  Active   10.0.0.0/24       VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.0.2.0/24       VirtualNetworkGateway  10.3.129.58
VirtualNetworkGateway  Active   10.0.1.0/24       VirtualNetworkGateway  10.3.129.58
"""


def run(lab: Deployed, script: str, home: Path) -> str:
    """A shell script under ``vpner simulate``, with the CLI on PATH; what it printed."""
    path = f"{FOLDER}:{os.environ['PATH']}"
    done = subprocess.run(
        [*VPNER, "simulate", "--state", str(lab.folder), "--", "bash", "-c", script],
        env=environment(PATH=path, rg=GROUP, HOME=str(home)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answer(lab: Deployed, command: str, home: Path) -> Any:
    return json.loads(run(lab, f"{command} -g $rg -o json", home))


def test_the_loop_of_the_lab_prints_the_listing_of_the_lab(tmp_path: Path) -> None:
    tunnel = {"enabled": False, "sku": "VpnGw1AZ", "apipa": [["169.254.21.1"], ["169.254.21.2"]]}
    lab = deploy(tmp_path / "azure", tunnel=tunnel)
    blocks = [run(lab, LOOP, tmp_path).strip(), PUBLISHED.strip()]
    printed, published = ([sorted(block.split("\n")) for block in _by_nic(text)] for text in blocks)
    assert printed == published, "in the lab, the branch's routes stand in another order"


def _by_nic(text: str) -> list[str]:
    """The text in blocks, each of a network interface."""
    return text.replace("\naz-", "\n\naz-").replace("\nbranch-", "\n\nbranch-").split("\n\n")


@pytest.mark.parametrize("preference", ["ExpressRoute", "VpnGateway", "ASPath"])
def test_read_commands_of_the_lab_answer_in_every_preference(lab: Deployed, tmp_path: Path, preference: str) -> None:
    lab.change("virtualHubs/az-hub-rs", hubRoutingPreference=preference)
    servers = answer(lab, "az network routeserver list", tmp_path)
    assert [(item["name"], item["hubRoutingPreference"]) for item in servers] == [("az-hub-rs", preference)]
    routes = answer(lab, "az network nic show-effective-route-table -n az-spk1-lxvm-nic", tmp_path)["value"]
    (row,) = [item for item in routes if item["addressPrefix"] == ["10.100.0.0/24"]]
    vpn = ["10.0.0.46", "10.0.0.47"]
    assert row["nextHopIpAddress"] == (["10.3.129.58"] if preference == "ExpressRoute" else vpn)
    learned = answer(lab, "az network vnet-gateway list-learned-routes -n az-hub-vpngw", tmp_path)["value"]
    assert ("10.100.0.0/24", "65510") in {(item["network"], item["asPath"]) for item in learned}
    peers = answer(lab, "az network vnet-gateway list-bgp-peer-status -n az-hub-vpngw", tmp_path)["value"]
    assert ("169.254.0.1", "Connected") in {(item["neighbor"], item["state"]) for item in peers}
    sent = answer(lab, "az network vnet-gateway list-advertised-routes -n az-hub-vpngw --peer 169.254.0.1", tmp_path)
    assert {"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"} <= {item["network"] for item in sent["value"]}
    assert answer(lab, "az network routeserver peering list --routeserver az-hub-rs", tmp_path) == []
    shown = answer(lab, "az network vpn-connection show -n az-hub-to-branch-opnnva-conn", tmp_path)
    assert shown["connectionStatus"] == "Connected"
    table = "az network express-route list-route-tables -n azure-er-circuit --peering-name AzurePrivatePeering"
    circuit = answer(lab, f"{table} --path primary", tmp_path)["value"]
    assert "10.100.0.4/32" in {item["network"] for item in circuit}


def test_errors_of_the_simulation_are_the_clis_own(lab: Deployed, tmp_path: Path) -> None:
    said = run(lab, "az network nic show -g $rg -n nothing 2>&1 || true", tmp_path)
    assert "(ResourceNotFound)" in said


def test_the_users_own_login_is_not_touched(lab: Deployed, tmp_path: Path) -> None:
    run(lab, "az account show", tmp_path)
    assert not (tmp_path / ".azure").exists()


def test_a_pre_shared_key_is_read_set_and_made_anew(lab: Deployed, tmp_path: Path) -> None:
    keys = "az network vpn-connection shared-key"
    which = "--connection-name az-hub-to-branch-opnnva-conn"
    before = answer(lab, f"{keys} show {which}", tmp_path)["value"]
    assert answer(lab, f"{keys} update {which} --value a-key-of-this-test", tmp_path)["value"] == "a-key-of-this-test"
    assert answer(lab, f"{keys} show {which}", tmp_path)["value"] == "a-key-of-this-test" != before
    run(lab, f"{keys} reset {which} -g $rg --key-length 40", tmp_path)
    assert len(answer(lab, f"{keys} show {which}", tmp_path)["value"]) == 40
