"""A charon for each end of each tunnel: real IKEv2 and ESP, without the kernel's IPsec.

The plugin kernel-libipsec does ESP in user space, in UDP (``encap``); it cannot keep two tunnels with equal selectors
apart in one daemon, so every end has its own, in a helper node. Its key exists in memory only, given over vici.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol, cast

import vici  # pyright: ignore[reportMissingTypeStubs]
from vici.exception import CommandException  # pyright: ignore[reportMissingTypeStubs]

from vpner.emulation.cradle import CHARON, Cradle
from vpner.emulation.nodes import TUNNEL_MTU, TunnelEnd
from vpner.plan.crypto import CryptoProfile

_CONFIG = """charon {
  load = random nonce aes sha1 sha2 hmac gcm openssl kdf kernel-libipsec kernel-netlink socket-default vici
  install_routes = no
  install_virtual_ip = no
  retransmit_tries = 3
  retransmit_timeout = 1.0
  retransmit_base = 1.2
  make_before_break = no
  filelog {
    log { path = /run/charon.log\n default = 1\n ike = 2\n cfg = 2\n time_format = %H:%M:%S }
  }
}
"""
DPD_SECONDS = 2


class _Daemon(Protocol):
    """What is used of vici's session, which has no types."""

    def load_shared(self, secret: Mapping[str, Any]) -> None: ...

    def load_conn(self, connection: Mapping[str, Any]) -> None: ...

    def initiate(self, sa: Mapping[str, str]) -> Iterator[Any]: ...

    def terminate(self, sa: Mapping[str, str]) -> Iterator[Any]: ...

    def rekey(self, sa: Mapping[str, str]) -> Mapping[str, Any]: ...

    def list_sas(self) -> Iterator[Mapping[str, Mapping[str, Any]]]: ...


_START = 10.0


def start_charon(cradle: Cradle, end: TunnelEnd) -> None:
    """Start the daemon of one end. Its ``/run`` is a directory of its own."""
    home = cradle.run_dir / end.helper
    cradle.write({f"{end.helper}/strongswan.conf": _CONFIG})
    hide = f"mount --bind {home} /run && exec env STRONGSWAN_CONF=/run/strongswan.conf {CHARON}"
    cradle.start("sh", "-c", hide, netns=end.helper)


def configure(cradle: Cradle, end: TunnelEnd, profile: CryptoProfile, key: str) -> None:
    """Give an end its connection and its key, and the routes into its TUN device."""
    child: dict[str, Any] = {
        "local_ts": ["0.0.0.0/0"],
        "remote_ts": ["0.0.0.0/0"],
        "esp_proposals": [profile.esp_proposal],
        "dpd_action": "restart" if end.initiates else "clear",
        "close_action": "start" if end.initiates else "none",
        "start_action": "start" if end.initiates else "none",
        **end.child,
    }
    connection: dict[str, Any] = {
        "version": "2",
        "remote_addrs": [str(end.remote)],
        "proposals": [profile.ike_proposal],
        "encap": "yes",
        "mobike": "no",
        "keyingtries": "0",
        "dpd_delay": f"{DPD_SECONDS}s",
        "unique": "replace",
        "local": {"auth": "psk", "id": str(end.local)},
        "remote": {"auth": "psk", "id": str(end.remote)},
        "children": {"inner": child},
        **end.connection,
    }
    with _session(cradle, end) as daemon:  # it has made its TUN device by now
        commands = [
            "while ip rule del lookup 220 2>/dev/null; do :; done",
            f"ip link set ipsec0 mtu {TUNNEL_MTU} up",
            "ip route replace default dev ipsec0 table 50",
        ]
        cradle.run("sh", "-e", netns=end.helper, text="\n".join(commands))
        _load_key(daemon, end, key)
        daemon.load_conn({"tunnel": connection})


def load_key(cradle: Cradle, end: TunnelEnd, key: str) -> None:
    """Give an end another key in place of the one it has. Associations that are up are left alone."""
    with _session(cradle, end) as daemon:
        _load_key(daemon, end, key)


def _load_key(daemon: _Daemon, end: TunnelEnd, key: str) -> None:
    owners = [str(end.local), str(end.remote)]
    daemon.load_shared({"id": "key", "type": "IKE", "data": key, "owners": owners})


def associations(cradle: Cradle, end: TunnelEnd) -> list[Mapping[str, Any]]:
    """The IKE associations of an end, as vici gives them."""
    with _session(cradle, end) as daemon:
        return [found for item in daemon.list_sas() for found in item.values()]


def child_of(cradle: Cradle, end: TunnelEnd) -> Mapping[str, Any] | None:
    """The newest child association of an end that is installed."""
    found = [
        child
        for item in associations(cradle, end)
        for child in item.get("child-sas", {}).values()
        if child.get("state") == b"INSTALLED"
    ]
    return max(found, key=lambda child: int(child["uniqueid"]), default=None)


def established(cradle: Cradle, end: TunnelEnd) -> bool:
    """An end has a child association."""
    return child_of(cradle, end) is not None


def initiate(cradle: Cradle, end: TunnelEnd) -> None:
    """Bring the tunnel up, or try to: what has become of it is in :func:`associations`."""
    _ask(cradle, end, lambda daemon: daemon.initiate({"child": "inner", "timeout": "3000"}))


def terminate(cradle: Cradle, end: TunnelEnd) -> None:
    """Forget every association of an end, without a word to the other."""
    _ask(cradle, end, lambda daemon: daemon.terminate({"ike": "tunnel", "force": "yes", "timeout": "-1"}))


def rekey(cradle: Cradle, end: TunnelEnd) -> None:
    """Begin a new child association in place of the present one."""
    with _session(cradle, end) as daemon:
        daemon.rekey({"child": "inner"})


def renew(cradle: Cradle, end: TunnelEnd, *, authenticate: bool) -> None:
    """Begin a new IKE association in place of the present one: from its keys, or by authenticating anew."""
    with _session(cradle, end) as daemon:
        daemon.rekey({"ike": "tunnel", "reauth": "yes" if authenticate else "no"})


def _ask(cradle: Cradle, end: TunnelEnd, what: Callable[[_Daemon], Iterator[Any]]) -> None:
    """A command that reports how it goes, and may fail."""
    with _session(cradle, end) as daemon, suppress(CommandException):
        for _ in what(daemon):
            pass


@contextmanager
def _session(cradle: Cradle, end: TunnelEnd) -> Generator[_Daemon]:
    """A connection to the daemon of an end, which may have to start first."""
    path, until = str(cradle.files / end.helper / "charon.vici"), time.monotonic() + _START
    while True:
        with socket.socket(socket.AF_UNIX) as connected:
            try:
                connected.connect(path)
            except OSError:
                if time.monotonic() > until:
                    raise
            else:
                yield cast(_Daemon, vici.Session(connected))
                return
        time.sleep(0.1)
