"""Build Pulumi's language host of YAML for a Pulumi CLI that was built from its modules; an installed one has it.

It is asked for, never by itself: a minute or two. Tests of a program in YAML use it.

    python3 -m toolchain.yaml_host
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from toolchain.pulumi_cli import (
    CannotProvide,
    cache_folder,
    go_build,
    go_command,
    go_environment,
    locked,
    provide,
    run,
    say,
)

VERSION = "v1.25.0"
NAME = "pulumi-language-yaml"
MODULE = "github.com/pulumi/pulumi-yaml"
GO_MOD = f"""module vpner/toolchain

go 1.25

require {MODULE} {VERSION}

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
"""


def installed() -> bool:
    """Whether the CLI that the tests use finds it: beside itself, or on PATH."""
    return bool(shutil.which(NAME)) or (provide(cache_folder()) / NAME).is_file()


def install() -> Path:
    """The host beside the CLI, built if it is not there. Raises :class:`CannotProvide`."""
    if found := shutil.which(NAME):
        return Path(found)
    target = provide(cache_folder()) / NAME
    with locked(cache_folder() / f"{NAME}.lock"):
        if target.is_file():
            return target
        with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
            folder = Path(scratch)
            (folder / "go.mod").write_text(GO_MOD)
            built = folder / NAME
            command = [*go_build(str(go_command(folder))), "-o", str(built), f"{MODULE}/cmd/{NAME}"]
            run(f"Building {NAME} {VERSION}", command, folder / "build.log", folder, go_environment())
            built.replace(target)
    return target


def main() -> int:
    try:
        print(install())
    except CannotProvide as error:
        say(f"No {NAME}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
