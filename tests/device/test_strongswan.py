"""The predicted suites against those that strongSwan itself negotiates, for every pair of proposals."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.device.negotiations import CHARON, IN_NAMESPACES
from tests.device.plans import LAB
from tests.device.test_crypto import PROFILES
from tests.support.stacks import ROOT
from vpner.device.crypto import negotiate
from vpner.device.linux import linux_files
from vpner.device.mtu import Encapsulation, outer_size, tunnel_mtu
from vpner.plan.crypto import CryptoProfile

LINK = 1300
Pair = tuple[CryptoProfile, CryptoProfile]


def pairs() -> list[Pair]:
    """Every pair of IKE proposals, and every pair of ESP proposals.

    What one exchange negotiates does not depend on the other one's proposals: so all pairs of profiles are covered.
    """
    default = CryptoProfile()
    ike = {p.ike_proposal: p for p in PROFILES if p.esp_proposal == default.esp_proposal}.values()
    esp = {p.esp_proposal: p for p in PROFILES if p.ike_proposal == default.ike_proposal}.values()
    return [*product(ike, ike), *product(esp, esp)]


pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(
        not Path(CHARON).exists() or shutil.which("swanctl") is None,
        reason="strongSwan (Debian: strongswan-swanctl, libcharon-extra-plugins) is not installed",
    ),
]


def test_strongswan_negotiates_what_is_predicted_for_every_pair_of_proposals() -> None:
    chosen = pairs()
    asked = [[(end.ike_proposal, end.esp_proposal) for end in pair] for pair in chosen]
    done = subprocess.run(
        [*IN_NAMESPACES, sys.executable, "-m", "tests.device.negotiations", "negotiate"],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    predicted = [negotiate(*pair).document() for pair in chosen]
    wrong = [(a, p, f) for a, p, f in zip(asked, predicted, found, strict=True) if p != f]
    assert wrong == []
    assert len(found) == 2 * 18 * 18


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")
@pytest.mark.parametrize(
    "profile", [CryptoProfile(), CryptoProfile(ipsec_encryption="AES256", ipsec_integrity="SHA256")]
)
def test_outer_packets_in_udp_have_the_predicted_sizes_and_the_largest_ones_pass_whole(profile: CryptoProfile) -> None:
    # A smaller link than Ethernet: strongSwan's ESP in user space reads no more than 1400 bytes.
    largest = tunnel_mtu(profile, Encapsulation.UDP, LINK)
    sizes = [*range(60, 100), 576, 1000, largest, largest + 1]
    asked = {"end": (profile.ike_proposal, profile.esp_proposal), "link": LINK, "sizes": sizes}
    done = subprocess.run(
        [*IN_NAMESPACES, sys.executable, "-m", "tests.device.negotiations", "measure"],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole, fragments = json.loads(done.stdout)[:-1], json.loads(done.stdout)[-1]
    assert whole == [[outer_size(profile, size, Encapsulation.UDP)] for size in sizes[:-1]]
    assert len(fragments) == 2


LOAD = f"""
mount -t tmpfs tmpfs /run
{CHARON} >/dev/null 2>&1 &
until [ -S /run/charon.vici ]; do sleep 0.05; done
exec swanctl --load-all --noprompt --file "$1"
"""


@pytest.mark.parametrize("key", ["recognisable", 'quote " and \\ backslash', "brace } = # $ { end"])
def test_strongswan_loads_every_connection_and_key_of_a_linux_device(key: str, tmp_path: Path) -> None:
    file = tmp_path / "azure.conf"
    (text,) = [f.text for f in linux_files(LAB, pre_shared_key=key) if f.path.endswith("azure.conf")]
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [*IN_NAMESPACES, "sh", "-eu", "-c", LOAD, "load", file],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for index in range(2):
        assert f"loaded connection 'azure{index}'" in done.stdout
        assert f"loaded ike secret 'ike-azure{index}'" in done.stdout
