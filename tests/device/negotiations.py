"""Two strongSwan daemons with a tunnel between them; ``test_strongswan.py`` runs it.

It runs in network, mount and process namespaces of its own, which vanish with it. ``negotiate``: pairs of ends come as
JSON on stdin, each end as its IKE and its ESP proposal; what was negotiated goes to stdout, as
:meth:`Negotiated.document` has it. ``measure``: one end, the link's MTU, and sizes of inner packets; the outer packets'
sizes come back, those of fragments as a list.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import vici  # pyright: ignore[reportMissingTypeStubs]
from vici.exception import CommandException  # pyright: ignore[reportMissingTypeStubs]

CHARON = "/usr/lib/ipsec/charon"
IN_NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

_NOTHING = "NO_PROPOSAL_CHOSEN"
_HOME = Path("/mnt")
_OUTER = {"a": "10.9.0.1", "b": "10.9.0.2"}
_INNER = {"a": "10.1.0.0/24", "b": "10.2.0.0/24"}
_OTHER = {"a": "b", "b": "a"}
_CONFIG = """charon {{
  load = random nonce aes gcm sha1 sha2 hmac kdf openssl kernel-libipsec kernel-netlink socket-default vici
  plugins {{
    vici {{
      socket = unix://{home}/vici
    }}
  }}
  filelog {{
    log {{
      path = {home}/log
      flush_line = yes
    }}
  }}
}}
"""


def main() -> None:
    """Do what the first argument says."""
    for folder in ("/run", _HOME):
        _run("mount", "-t", "tmpfs", "tmpfs", str(folder))
    for end in "ab":
        _run("ip", "netns", "add", end)
    _run("ip", "link", "add", "veth", "netns", "a", "type", "veth", "peer", "name", "veth", "netns", "b")
    daemons = {end: _daemon(end) for end in "ab"}
    asked = json.load(sys.stdin)
    if sys.argv[1] == "negotiate":
        json.dump([_negotiate(daemons, *pair) for pair in asked], sys.stdout)
    else:
        json.dump(_measure(daemons, asked["end"], asked["link"], asked["sizes"]), sys.stdout)


def _daemon(end: str) -> Any:
    """A charon on its own address, with an inner network to protect; returns vici's session."""
    for command in (
        ["address", "add", f"{_OUTER[end]}/24", "dev", "veth"],
        ["address", "add", _INNER[end].replace(".0/", ".1/"), "dev", "lo"],
        ["link", "set", "lo", "up"],
        ["link", "set", "veth", "up"],
        ["route", "add", "default", "via", _OUTER[_OTHER[end]]],
    ):
        _run("ip", "-n", end, *command)
    home = _HOME / end
    home.mkdir()
    (home / "strongswan.conf").write_text(_CONFIG.format(home=home), encoding="utf-8")
    # In a /run of its own: a daemon refuses to start beside another one's pid file.
    subprocess.Popen(
        ["ip", "netns", "exec", end, "sh", "-c", f"mount -t tmpfs tmpfs /run && exec {CHARON}"],
        env={**os.environ, "STRONGSWAN_CONF": str(home / "strongswan.conf")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def connected() -> Any:
        try:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(home / "vici"))
        except OSError:
            return None
        return vici.Session(connection)

    session = _until(connected)
    session.load_shared({"type": "IKE", "data": "a key of this test"})
    return session


def _negotiate(daemons: Mapping[str, Any], one: tuple[str, str], other: tuple[str, str]) -> dict[str, str]:
    """What ``one``, the initiator, and ``other`` agree on."""
    found: dict[str, str] = {"ike": _NOTHING, "child": _NOTHING, "rekeyed": _NOTHING}
    for end, (ike, esp) in zip("ab", (one, other), strict=True):
        daemons[end].load_conn({"tunnel": _connection(end, ike, esp)})
    a = daemons["a"]
    with suppress(CommandException):  # what there is, the list shows
        deque(a.initiate({"child": "tunnel", "timeout": "10000", "loglevel": "-1"}))
    for sa in _listed(a):
        found["ike"] = _suite(sa)
        for first in _children(sa):
            found["child"] = _suite(first)
            found["rekeyed"] = _rekeyed(a, first["uniqueid"])
    for daemon in daemons.values():
        with suppress(CommandException):  # the other end may have deleted it already
            deque(daemon.terminate({"ike": "tunnel", "force": "yes", "timeout": "-1", "loglevel": "-1"}))
        _until(lambda daemon=daemon: not _listed(daemon))
    return found


def _measure(daemons: Mapping[str, Any], end: tuple[str, str], link: int, sizes: list[int]) -> list[list[int]]:
    """Sizes of the outer packets of one ping each, by the length of the frames that leave ``a``."""
    for name, daemon in daemons.items():
        daemon.load_conn({"tunnel": _connection(name, *end)})
    deque(daemons["a"].initiate({"child": "tunnel", "timeout": "10000", "loglevel": "-1"}))
    for name in "ab":
        _run("ip", "-n", name, "link", "set", "veth", "mtu", str(link))
    capture = subprocess.Popen(
        ["ip", "netns", "exec", "b", "tcpdump", "-n", "-l", "-i", "veth", "-Q", "in", "-v", "ip and not arp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert capture.stderr is not None
    assert capture.stdout is not None
    capture.stderr.readline()
    for size in sizes:
        payload = str(size - 20 - 8)
        _run("ip", "netns", "exec", "a", "ping", "-c", "1", "-W", "5", "-I", "10.1.0.1", "-s", payload, "10.2.0.1")
    time.sleep(0.3)
    capture.terminate()
    outer: list[list[int]] = []
    for packet in re.finditer(r"id (\d+), offset (\d+), .*?length (\d+)\)", capture.stdout.read()):
        if packet[2] == "0":
            outer.append([])
        outer[-1].append(int(packet[3]))
    return outer


def _rekeyed(session: Any, first: bytes) -> str:
    """The suite of the child that follows the first one, if one does."""
    log = _HOME / "a" / "log"
    before = log.read_text().count(_NOTHING)
    session.rekey({"child": "tunnel"})

    def ended() -> str:
        new = [child for sa in _listed(session) for child in _children(sa) if child["uniqueid"] != first]
        if new:
            return _suite(new[0])
        return _NOTHING if log.read_text().count(_NOTHING) > before else ""

    return _until(ended)


def _connection(end: str, ike: str, esp: str) -> dict[str, Any]:
    mine, theirs = _OUTER[end], _OUTER[_OTHER[end]]
    child = {"esp_proposals": [esp], "local_ts": [_INNER[end]], "remote_ts": [_INNER[_OTHER[end]]]}
    return {
        "version": "2",
        "encap": "yes",
        "mobike": "no",
        "local_addrs": [mine],
        "remote_addrs": [theirs],
        "proposals": [ike],
        "local": {"auth": "psk", "id": mine},
        "remote": {"auth": "psk", "id": theirs},
        "children": {"tunnel": child},
    }


def _listed(session: Any) -> list[Mapping[str, Any]]:
    listed = (sa["tunnel"] for sa in session.list_sas())
    return [sa for sa in listed if sa["state"] == b"ESTABLISHED"]


def _children(sa: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [child for child in sa["child-sas"].values() if child["state"] == b"INSTALLED"]


def _suite(sa: Mapping[str, Any]) -> str:
    parts = [sa.get(key, b"").decode() for key in ("integ-alg", "prf-alg", "dh-group")]
    return "/".join(part for part in (f"{sa['encr-alg'].decode()}_{sa['encr-keysize'].decode()}", *parts) if part)


def _until(ready: Callable[[], Any], seconds: float = 15) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := ready()):
        if time.monotonic() > deadline:
            raise TimeoutError("\n".join(log.read_text()[-2000:] for log in _HOME.glob("*/log")))
        time.sleep(0.01)
    return value


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
