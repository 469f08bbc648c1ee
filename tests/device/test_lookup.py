"""Where a Linux device looks a tunnel address up, asked of the kernel, with FRR's own daemons and the rendered file."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.device.negotiations import IN_NAMESPACES
from tests.device.plans import LAB, TUNNEL_ADDRESSES
from vpner.device.linux import frr_lines

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(not Path("/usr/lib/frr/zebra").exists(), reason="FRR (Debian: frr) is not installed"),
]

# The interfaces have the plan's names and addresses. The tunnel is a plain interface; what BGP brings through it stands
# in the kernel's table already. $1 is what the table has for a tunnel address while hn0 is down.
SCRIPT = """
for folder in /run /var/tmp; do mount -t tmpfs tmpfs $folder; done
mkdir /run/frr
cat > /run/frr/frr.conf
chown -R frr:frr /run/frr
for name in hn0 hn1 azure0; do
  ip link add $name type veth peer name p-$name
  ip link set p-$name up
done
ip address add 10.100.0.4/28 dev hn0
ip address add 10.100.0.20/28 dev hn1
for name in lo hn0 hn1 azure0; do ip link set $name up; done
ip route add 10.0.0.0/24 dev azure0
for daemon in zebra staticd; do
  /usr/lib/frr/$daemon -d -f /run/frr/frr.conf -i /run/frr/$daemon.pid -z /run/frr/zserv.api --vty_socket /run/frr
done
look() {
  for _ in $(seq 100); do ip route show 10.0.0.37 | grep -q "$2" && break; sleep 0.05; done
  for address in 10.0.0.36 10.0.0.37; do echo "$1 $address: $(ip route get $address 2>&1 | head -n 1)"; done
}
look before hn0
ip link set hn0 down
look while "$1"
ip link set hn0 up
look after hn0
"""


def looked_up(lines: list[str], meanwhile: str) -> dict[str, str]:
    """The kernel's answers by time and address."""
    done = subprocess.run(
        [*IN_NAMESPACES, "sh", "-eu", "-c", SCRIPT, "lookup", meanwhile],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = dict(re.findall(r"^(\w+ [0-9.]+): (.*)$", done.stdout, flags=re.MULTILINE))
    for address in TUNNEL_ADDRESSES:
        assert "via 10.100.0.1 dev hn0" in found[f"before {address}"]
        assert "via 10.100.0.1 dev hn0" in found[f"after {address}"]
    return {str(address): found[f"while {address}"] for address in TUNNEL_ADDRESSES}


def test_a_lost_expressroute_interface_never_lets_the_lookup_fall_into_the_tunnel() -> None:
    found = looked_up(list(frr_lines(LAB)), "blackhole")
    assert set(found.values()) == {"RTNETLINK answers: Invalid argument"}  # the kernel's word for a blackhole


def test_without_the_discards_it_would() -> None:
    found = looked_up([line for line in frr_lines(LAB) if "blackhole" not in line], "azure0")
    assert {"dev azure0" in answer for answer in found.values()} == {True}
