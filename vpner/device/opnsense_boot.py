"""The script that turns a FreeBSD image into OPNsense on its first boot.

What the script itself fetches is pinned by content. OPNsense's own bootstrap then installs the newest packages of the
release, which has no finer pin.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from vpner.device.opnsense import RELEASE


@dataclass(frozen=True, slots=True)
class Image:
    """A marketplace image, by version."""

    publisher: str = "thefreebsdfoundation"
    offer: str = "freebsd-14_1"
    sku: str = "14_1-release-amd64-gen2-zfs"
    version: str = "14.1.0"


IMAGE = Image()
"""OPNsense 26.1 is built on FreeBSD 14; its bootstrap needs an image of the same major version."""

BOOTSTRAP_COMMIT = "7221e9bf306acc503ea556e1e488d99b59e8152b"
"""Commit of tag 26.1 in opnsense/update, 2026-01-27."""
BOOTSTRAP_SHA256 = "0289fb42845edfc4e4b5f29de5e3510f20065d4073f5c0c892cb698169f1e9c4"
AGENT_COMMIT = "a976115fd7254f4f9f54cc33528f0817b07b7976"
"""Commit of tag v2.15.0.1 of Azure's Linux agent, which runs on FreeBSD. A commit's id is that of its content."""


def boot_script(configuration: str) -> str:
    """The script as text. It embeds the configuration, and with it its secrets."""
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    template = environment.from_string(files("vpner.device").joinpath("opnsense_boot.sh.j2").read_text("utf-8"))
    return template.render(
        configuration=b64encode(configuration.encode()).decode(),
        release=RELEASE,
        commit=BOOTSTRAP_COMMIT,
        sha256=BOOTSTRAP_SHA256,
        agent=AGENT_COMMIT,
    )


def boot_command(configuration: str) -> str:
    """One command line for Azure's custom-script extension that runs the boot script."""
    return f"echo {b64encode(boot_script(configuration).encode()).decode()} | b64decode -r | sh"
