"""Build what a release consists of, in dist/: wheel, source, the package's plugin, the policy pack.

    python -m toolchain.release [--tag v0.2.0] [--into DIR]

It builds the commit that is checked out, from an export of it, so that equal commits give equal bytes: names are
sorted, and times are the commit's. The version is that of pyproject.toml; `--tag` refuses another one, and a CHANGELOG
that does not date it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from vpner.problems import Problem, Problems, refuse

ROOT = Path(__file__).resolve().parent.parent
NAME = "vpner"


def release(root: Path, into: Path, tag: str | None = None) -> list[Path]:
    """The files, built from the commit that is checked out in ``root``. Raises :class:`Problems`."""
    with tempfile.TemporaryDirectory() as scratch:
        source, built = Path(scratch, "source"), Path(scratch, "built")
        _export(root, source)
        version = version_in(source)
        if tag is not None:
            refuse(f"No release {tag}", problems_of_tag(tag, version, (source / "CHANGELOG.md").read_text("utf-8")))
        when = int(_git(root, "log", "-1", "--format=%ct"))
        built.mkdir()
        # First the source, then the wheel out of it, so that the source is enough.
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(built), str(source)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(when), "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, umask=0o022)
        (wheel,) = built.glob("*.whl")
        (sdist,) = built.glob("*.tar.gz")
        sdist.write_bytes(_archive(_contents(sdist), when))
        for manifest, folder, name in (
            ("PulumiPlugin.yaml", source / "components", f"pulumi-resource-{NAME}-v{version}.tar.gz"),
            ("PulumiPolicy.yaml", source / "policies", f"{NAME}-policies-v{version}.tar.gz"),
        ):
            files = installable(manifest, folder, wheel, source / "toolchain" / "constraints.txt")
            (built / name).write_bytes(_archive(files, when))
        into.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy(file, into / file.name)) for file in sorted(built.iterdir())]


def version_in(source: Path) -> str:
    """The version, from the one place where it stands."""
    return tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def problems_of_tag(tag: str, version: str, changelog: str) -> list[Problem]:
    """What keeps a tag from being the release of a version."""
    problems: list[Problem] = []
    if tag != f"v{version}":
        problems.append(
            Problem(
                "pyproject.toml: project.version",
                f"the version is {version}, and the tag {tag}",
                "What is built has the version of pyproject.toml, and is found by its tag",
                f"tag the commit v{version}, or set the version first",
                "release-version",
            )
        )
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changelog, re.MULTILINE):
        problems.append(
            Problem(
                "CHANGELOG.md",
                f"there is no release {version} with a date",
                "A release says what it changes, and an upgrade is tested from every one that is dated",
                f'write "## {version} (YYYY-MM-DD)" above its changes, as docs/releasing.md says',
                "release-changelog",
            )
        )
    return problems


def installable(manifest: str, folder: Path, wheel: Path, constraints: Path) -> Mapping[str, bytes]:
    """A folder that Pulumi runs, with the wheel in it: Pulumi installs that in an environment inside the folder."""
    document = yaml.safe_load((folder / manifest).read_text(encoding="utf-8"))
    document["runtime"]["options"]["virtualenv"] = "venv"
    return {
        manifest: yaml.safe_dump(document, sort_keys=False).encode(),
        "__main__.py": (folder / "__main__.py").read_bytes(),
        "constraints.txt": constraints.read_bytes(),
        "requirements.txt": f"-c constraints.txt\n./{wheel.name}\n".encode(),
        wheel.name: wheel.read_bytes(),
    }


def _export(root: Path, target: Path) -> None:
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=root, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tree:
        tree.extractall(target, filter="data")


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def _contents(archive: Path) -> Mapping[str, bytes]:
    with tarfile.open(archive) as tree:
        files = {member.name: tree.extractfile(member) for member in tree.getmembers() if member.isfile()}
        return {name: file.read() for name, file in files.items() if file is not None}


def _archive(files: Mapping[str, bytes], when: int) -> bytes:
    """A tar.gz that depends on nothing but the files and the time."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tree:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(files[name]), when, 0o644
            tree.addfile(member, io.BytesIO(files[name]))
    return gzip.compress(plain.getvalue(), mtime=when)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tag", help="refuse if this is not the release of the version")
    parser.add_argument("--into", type=Path, default=ROOT / "dist")
    options = parser.parse_args(arguments)
    try:
        files = release(ROOT, options.into, options.tag or None)
    except Problems as error:
        print(error, file=sys.stderr)
        return 3
    print(*files, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
