"""A plain Linux device: what FRR and nftables themselves say of their files, and what the plan asks for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.device.plans import GATEWAY, KEY, LAB, TUNNEL_ADDRESSES, UNBOUND, lab
from tests.support.golden import assert_golden
from vpner.device.common import Unbound
from vpner.device.linux import linux_files
from vpner.plan.device import DevicePlan, plan_device
from vpner.problems import Problems

AZURE = tuple(IPv4Network(f"10.0.{index}.0/24") for index in range(3))
SITE = plan_device(
    name="hq-fw1",
    asn=65010,
    endpoint=IPv4Address("10.200.0.4"),
    inside=IPv4Address("192.168.100.4"),
    apipa=IPv4Address("169.254.21.1"),
    gateway=GATEWAY,
    expressroute=replace(LAB.expressroute, name="eth0"),
    lan=None,
    crypto=LAB.crypto,
    advertises=[IPv4Network("10.210.0.0/16")],
    prepend=2,
).bind(dict(zip(GATEWAY.tunnel_addresses, TUNNEL_ADDRESSES, strict=True)))
PLANS = {"the lab's appliance": lab(accepts=AZURE), "a device behind NAT, with prepend": SITE}


def files(plan: DevicePlan, key: str | None = KEY) -> dict[str, str]:
    return {Path(file.path).name: file.text for file in linux_files(plan, pre_shared_key=key)}


def frr(plan: DevicePlan) -> list[str]:
    return [line.strip() for line in files(plan)["frr.conf"].splitlines()]


def sections(text: str) -> dict[str, dict[str, str]]:
    """strongSwan's sections by path, each with its settings."""
    found: dict[str, dict[str, str]] = {}
    path: list[str] = []
    for line in (line.partition("#")[0].strip() for line in text.splitlines()):
        if line.endswith("{"):
            path.append(line[:-1].strip())
            assert found.setdefault(".".join(path), {}) == {}, f"{path} stands twice"
        elif line == "}":
            path.pop()
        elif line:
            key, _, value = line.partition("=")
            found[".".join(path)][key.strip()] = value.strip()
    assert path == []
    return found


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.skipif(shutil.which("vtysh") is None, reason="vtysh (Debian: frr) is not installed")
def test_frr_accepts_every_line(name: str, tmp_path: Path) -> None:
    file = tmp_path / "frr.conf"
    file.write_text(files(PLANS[name])["frr.conf"], encoding="utf-8")
    done = subprocess.run(["vtysh", "-C", "-f", file], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("nft") is None or os.geteuid() != 0, reason="needs nft (Debian: nftables) and root")
def test_nftables_accepts_the_clamp(tmp_path: Path) -> None:
    file = tmp_path / "mss.nft"
    file.write_text(files(LAB)["azure-mss.nft"], encoding="utf-8")
    done = subprocess.run(["nft", "-c", "-f", file], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_is_valid_shell() -> None:
    script = files(LAB)["azure-tunnels"]
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", PLANS)
def test_the_files_are_as_reviewed(name: str) -> None:
    text = "".join(f"### {file.path} {file.mode:o}\n{file.text}\n" for file in linux_files(PLANS[name]))
    assert_golden(Path(__file__).parent / "golden" / f"linux-{PLANS[name].name}.txt", text)


@pytest.mark.parametrize("plan", PLANS.values())
def test_each_tunnel_address_has_a_host_route_through_expressroute_and_a_worse_discard(plan: DevicePlan) -> None:
    lines = frr(plan)
    for address in TUNNEL_ADDRESSES:
        side = plan.expressroute
        assert f"ip route {address}/32 {side.default_gateway} {side.name}" in lines
        assert f"ip route {address}/32 blackhole 250" in lines


@pytest.mark.parametrize("plan", PLANS.values())
def test_every_announced_network_has_a_route_to_be_announced_from(plan: DevicePlan) -> None:
    routed = {line.split()[2] for line in frr(plan) if line.startswith("ip route ")}
    assert {line.split()[1] for line in frr(plan) if line.startswith("network ")} == set(map(str, plan.advertises))
    assert set(map(str, plan.advertises)) <= routed


def test_every_neighbour_is_filtered_in_both_directions() -> None:
    lines = frr(PLANS["the lab's appliance"])
    for peer in ("169.254.21.1", "169.254.21.2"):
        for wanted in ("remote-as 65515", "prefix-list FROM-AZURE in", "prefix-list TO-AZURE out", "activate"):
            assert f"neighbor {peer} {wanted}" in lines


def test_each_tunnel_has_its_own_interface_and_identities() -> None:
    found = sections(files(SITE)["azure.conf"])
    for index, address in enumerate(TUNNEL_ADDRESSES):
        connection = found[f"connections.azure{index}"]
        assert (connection["local_addrs"], connection["remote_addrs"]) == ("192.168.100.4", str(address))
        assert (connection["version"], connection["if_id_in"], connection["if_id_out"]) == ("2", *2 * (str(index + 1),))
        assert connection["proposals"] == SITE.crypto.ike_proposal
        assert found[f"connections.azure{index}.local"] == {"auth": "psk", "id": "10.200.0.4"}
        assert found[f"connections.azure{index}.remote"] == {"auth": "psk", "id": str(address)}
        child = found[f"connections.azure{index}.children.azure{index}"]
        assert child["esp_proposals"] == SITE.crypto.esp_proposal
        assert (child["local_ts"], child["remote_ts"], child["start_action"]) == ("0.0.0.0/0", "0.0.0.0/0", "start")
        assert int(child["rekey_time"][:-1]) < int(child["life_time"][:-1]) == SITE.crypto.sa_life_time_seconds
        assert f"azure{index} type xfrm if_id {index + 1}" in files(SITE)["azure-tunnels"]
        secret = found[f"secrets.ike-azure{index}"]
        assert (secret["id-local"], secret["id-remote"]) == ("10.200.0.4", str(address))


printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=128)


@given(printable)
def test_any_key_that_azure_takes_stands_quoted_once_a_tunnel(key: str) -> None:
    secrets = re.findall(r'^ {8}secret = "((?:[^"\\]|\\.)*)"$', files(LAB, key)["azure.conf"], flags=re.MULTILINE)
    assert [re.sub(r"\\(.)", r"\1", secret) for secret in secrets] == [key, key]


def test_the_key_is_in_one_file_that_only_root_reads_and_only_if_asked_for() -> None:
    holding = [file for file in linux_files(LAB, pre_shared_key=KEY) if KEY in file.text]
    assert [(file.path, file.mode) for file in holding] == [("/etc/swanctl/conf.d/azure.conf", 0o600)]
    assert files(LAB, None)["azure.conf"].count("PUT-THE-PRE-SHARED-KEY-HERE") == 2


@pytest.mark.parametrize("name", ["", "two words", "line\nbreak", "semi;colon", "brace{", "naïve"])
def test_a_name_that_is_no_plain_word_is_refused(name: str) -> None:
    with pytest.raises(Problems, match="no plain word"):
        linux_files(lab(name=name))
    with pytest.raises(Problems, match="no plain word"):
        linux_files(lab(tunnels=(replace(LAB.tunnels[0], name=name), LAB.tunnels[1])))


def test_a_key_that_cannot_be_written_is_refused_and_not_shown() -> None:
    with pytest.raises(Problems, match="not printable") as raised:
        linux_files(LAB, pre_shared_key=f"{KEY}\n}}")
    assert KEY not in str(raised.value)


def test_a_plan_with_a_symbol_is_not_rendered() -> None:
    with pytest.raises(Unbound, match=re.escape("az-hub-vpngw.instances[0].tunnel")):
        linux_files(UNBOUND)
