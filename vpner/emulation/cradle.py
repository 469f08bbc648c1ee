"""Namespaces in which everything runs, and which take everything with them when they end.

One process holds a PID, a mount and a network namespace. Whatever is started in them, the files under ``/run`` and
every network namespace made there, is gone when that process is, and the kernel ends it when the one that made it ends,
by ``kill -9`` too. Nothing is ever changed in the machine's own namespaces.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from vpner.problems import Problem, refuse

BGPD, ZEBRA, STATICD = (Path("/usr/lib/frr") / name for name in ("bgpd", "zebra", "staticd"))
CHARON = Path("/usr/lib/ipsec/charon")
_TOOLS = {
    "ip": "iproute2",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "vtysh": "frr",
    str(BGPD): "frr",
    "nft": "nftables",
    "tcpdump": "tcpdump",
    "ping": "iputils-ping",
    "curl": "curl",
    str(CHARON): "strongswan-charon",
    "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so": "libcharon-extra-plugins",
    "/usr/lib/ipsec/plugins/libstrongswan-openssl.so": "libstrongswan-standard-plugins",
}
_TUN = Path("/dev/net/tun")
_HOLD = (
    "mount -t tmpfs -o mode=0755 tmpfs /run && mkdir -m 0755 /run/lab && ip link set lo up && echo ready && "
    "while read -r line; do :; done; exec sleep infinity"
)


def missing() -> list[Problem]:
    """What this machine lacks for an emulation."""
    found: list[Problem] = []
    if os.geteuid() != 0:
        why = "Network namespaces are made by root, who touches nothing outside them"
        found.append(Problem("user", "not root", why, "run it with sudo, or in a container of your own", "not-root"))
    packages = sorted({package for tool, package in _TOOLS.items() if shutil.which(tool) is None and not _there(tool)})
    if packages:
        what, why = f"not installed: {', '.join(packages)}", "The emulation runs real daemons"
        remedy = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
        found.append(Problem("machine", what, why, remedy, "not-installed"))
    if not found and not _TUN.exists():
        why = "strongSwan's ESP in user space takes packets from a TUN device"
        found.append(
            Problem(str(_TUN), "there is none", why, "load the module tun, or give it to the container", "tun")
        )
    if not found and subprocess.run(["unshare", "-mpn", "--fork", "true"], check=False, capture_output=True).returncode:
        why, remedy = "Everything runs in namespaces of its own", "give the container CAP_SYS_ADMIN and CAP_NET_ADMIN"
        found.append(Problem("machine", "root may not make namespaces", why, remedy, "namespaces"))
    return found


def _there(tool: str) -> bool:
    return tool.startswith("/") and Path(tool).exists()


class CommandFailed(RuntimeError):
    """A command inside the emulation ended with an error; the message has its output."""


class Cradle:
    """The namespaces of one emulation. A context manager: they live as long as it does."""

    run_dir = Path("/run/lab")
    """A directory of the emulation's own, in memory; only processes inside see it."""

    def __init__(self) -> None:
        refuse("this machine cannot run an emulation", missing())
        self._holder: subprocess.Popen[str] | None = None
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Cradle:
        tie = ["setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--kill-child"]
        command = [*tie, "--mount", "--pid", "--net", "--mount-proc", "sh", "-c", _HOLD]
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._holder.stdout is not None
        if self._holder.stdout.readline().strip() != "ready":
            self.close()
            raise CommandFailed("the kernel does not let root make namespaces here")
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text(encoding="ascii")
        self.pid = int(children.split()[0])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything inside."""
        if self._holder is not None:
            self._holder.send_signal(signal.SIGKILL)
            for stream in (self._holder.stdin, self._holder.stdout):
                if stream is not None:
                    stream.close()
            self._holder.wait()
            self._holder = None
        while self._started:
            self._started.pop().wait()

    @property
    def files(self) -> Path:
        """:attr:`run_dir`, as it is reached from outside."""
        return Path(f"/proc/{self.pid}/root") / str(self.run_dir).lstrip("/")

    def enter(self, netns: str = "") -> list[str]:
        """What goes in front of a command to run it inside."""
        command = ["nsenter", "-t", str(self.pid), "-m", "-p", "-n"]
        return [*command, "ip", "netns", "exec", netns] if netns else command

    def run(self, *command: str, netns: str = "", text: str | None = None, timeout: float = 60) -> str:
        """Run a command inside, and return its output. Raises :class:`CommandFailed`."""
        done = subprocess.run(
            [*self.enter(netns), *command], input=text, capture_output=True, text=True, timeout=timeout, check=False
        )
        if done.returncode:
            raise CommandFailed(f"{' '.join(command)[:300]}: {(done.stderr or done.stdout).strip()[:2000]}")
        return done.stdout

    def start(self, *command: str, netns: str = "") -> None:
        """Start a command inside that stays until the end."""
        nothing = subprocess.DEVNULL
        started = subprocess.Popen([*self.enter(netns), *command], stdin=nothing, stdout=nothing, stderr=nothing)
        self._started.append(started)

    def write(self, files: Mapping[str, str], owner: str = "root") -> None:
        """Write files below :attr:`run_dir`, readable by their owner only."""
        for name, content in files.items():
            path = self.run_dir / name
            command = f"mkdir -p {path.parent} && umask 077 && cat > {path} && chown {owner}: {path.parent} {path}"
            self.run("sh", "-c", command, text=content)

    def read(self, name: str) -> str:
        """A file below :attr:`run_dir`."""
        return self.run("cat", str(self.run_dir / name))

    def script(self, lines: Sequence[str]) -> None:
        """Run lines of shell inside, as one process; the first that fails ends it."""
        self.run("sh", "-e", text="\n".join([*lines, ""]))
