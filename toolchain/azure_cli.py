"""Install the Azure CLI into an environment of its own in the cache, and print the directory to put on PATH.

It is asked for, never installed by itself: 733 MB, one to two minutes. Only the tests marked `az` use it.

    PATH="$(python3 -m toolchain.azure_cli):$PATH" vpner simulate -- az network nic list -o table
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from toolchain.pulumi_cli import cache_folder

VERSION = "2.91.0"


def cache() -> Path:
    """Where it is installed: `${XDG_CACHE_HOME:-~/.cache}/vpner`."""
    return cache_folder() / f"azure-cli-{VERSION}"


def installed() -> Path | None:
    """The directory of `az`: the cache's, else the one on PATH; None if there is none."""
    if (cache() / "ready").exists():
        return cache() / "bin"
    found = shutil.which("az")
    return Path(found).parent if found else None


def install() -> Path:
    """Install it, if it is not there yet. Two may do so at once; one that was interrupted is begun again."""
    folder = cache()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            print(f"Installing the Azure CLI {VERSION} in {folder} (733 MB, one to two minutes) ...", file=sys.stderr)
            venv.create(folder, clear=True, with_pip=True)
            pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, f"azure-cli=={VERSION}"], check=True, stdout=sys.stderr)
            (folder / "ready").touch()
    return folder / "bin"


if __name__ == "__main__":
    print(install())
