"""Somebody who does what a page says: in a clean copy of the project, one command after the other in one shell."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.docs.pages import LEAVE, SHELL, SLOW, Command
from tests.engine.workspace import pulumi_folder
from tests.support.stacks import ROOT
from toolchain.azure_cli import installed

SECONDS = 600
STEP = """
step() {
	eval "$3" >"$READER/$1" 2>&1 </dev/null
	local code=$?
	echo $code >"$READER/$1.code"
	[ $code = "$2" ] || exit 1
}
"""


def project(folder: Path) -> Path:
    """The tracked files, as a clone has them, and the environment that ``make`` would install there."""
    copy = folder / "vpner"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():  # deleted, and not committed yet
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    identity = ["-c", "user.name=reader", "-c", "user.email=reader@example.com"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "clone"]):
        subprocess.run(["git", *arguments], cwd=copy, check=True)
    return copy


def environment(folder: Path) -> dict[str, str]:
    """Of a machine with nothing but the tools: no account, no login, no settings."""
    ours = ("PULUMI_", "ARM_", "VPNER_", "MAKE", "MFLAGS")  # make prints more inside another make
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    azure_cli = installed()
    tools = [pulumi_folder(), str(ROOT / ".venv" / "bin"), *([str(azure_cli)] if azure_cli else [])]
    home = folder / "home"
    home.mkdir()
    return {
        **kept,
        "HOME": str(home),
        "PATH": ":".join([*tools, os.environ["PATH"]]),
        "PULUMI_HOME": str(home / ".pulumi"),
        "PULUMI_OPTION_COLOR": "never",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "COLUMNS": "120",
        "PYTHON": sys.executable,
    }


def read(folder: Path, found: Sequence[Command]) -> Iterator[str]:
    """Do what a page says; yields what went otherwise than it says."""
    copy, kept = project(folder), folder / "kept"
    kept.mkdir()
    steps = [item for item in found if not item.not_run and item.target not in SLOW]
    outer, inner, shell = [STEP], None, kept
    for number, item in enumerate(steps):
        lines = outer if inner is None else inner
        if item.file:
            lines.append(f"mkdir -p {Path(item.file).parent} && cp {kept}/{number}.file {item.file}")
            (kept / f"{number}.file").write_text(item.text, encoding="utf-8")
        elif item.words == shlex.split(SHELL):
            inner = [STEP]
            outer.append(_step(number, 0, f"vpner simulate -- bash {kept}/{number}.sh"))
            shell = kept / f"{number}.sh"
        elif item.words == [LEAVE]:
            assert inner is not None, f"{item}: exit from what?"
            shell.write_text("\n".join(inner), encoding="utf-8")
            inner = None
        else:
            lines.append(_step(number, item.code, item.text))
    assert inner is None, f"{found[0].page} does not end the shell in which Azure is simulated"
    (kept / "page.sh").write_text("\n".join(outer), encoding="utf-8")
    _run(["bash", str(kept / "page.sh")], copy, {**environment(folder), "READER": str(kept)})
    for number, item in enumerate(steps):
        if item.file or item.words == [LEAVE]:
            continue
        printed, code = kept / str(number), kept / f"{number}.code"
        if not code.exists():
            yield f"{item}\nwas not reached"
            return
        text = printed.read_text(encoding="utf-8", errors="replace")
        if item.words != shlex.split(SHELL):
            if code.read_text().strip() != str(item.code):
                yield f"{item}\nended with {code.read_text().strip()}:\n{text}"
                return
            if not item.expects(text):
                yield f"{item}\nprints something else than the page says:\n{text}"


def _step(number: int, code: int, text: str) -> str:
    return f"step {number} {code} {shlex.quote(text)}"


def _run(command: list[str], folder: Path, env: dict[str, str]) -> None:
    with subprocess.Popen(command, cwd=folder, env=env, start_new_session=True) as process:
        try:
            process.wait(timeout=SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
