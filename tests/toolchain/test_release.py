"""What a release consists of: equal bytes of equal commits, and it works where the sources are not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.components.test_package import schema
from tests.package.consumer import Consumer, example_document
from tests.support.stacks import ROOT
from toolchain.release import problems_of_tag, release, version_in

VERSION = version_in(ROOT)
NAMES = [
    f"pulumi-resource-vpner-v{VERSION}.tar.gz",
    f"vpner-{VERSION}-py3-none-any.whl",
    f"vpner-{VERSION}.tar.gz",
    f"vpner-policies-v{VERSION}.tar.gz",
]
TIME = "2026-01-02T03:04:05+00:00"


def commit(folder: Path) -> Path:
    """The sources at hand as the one commit of a repository of its own."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    for name in listing.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    dates = {"GIT_AUTHOR_DATE": TIME, "GIT_COMMITTER_DATE": TIME}
    for command in ("init -q", "add -A", "-c user.name=x -c user.email=x@example.com commit -q -m x"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True, env={**os.environ, **dates})
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    release(commit(folder), folder / "dist")
    return folder / "dist"


@pytest.fixture(scope="module")
def clean(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; what it needs is that of the tests' environment, without the project."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(built / NAMES[1])], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "needed.pth").write_text(f"{Path(pytest.__file__).parent.parent}\n")
    return folder


def run(clean: Path, *command: str) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL", "COV"))}
    done = subprocess.run(
        [str(clean / "bin" / command[0]), *command[1:]],
        cwd=clean,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unpacked(archive: Path, clean: Path, target: Path) -> Path:
    """As Pulumi unpacks it, with an environment that is there already."""
    with tarfile.open(archive) as tree:
        tree.extractall(target, filter="data")
    (target / "venv").symlink_to(clean)
    return target


def test_equal_commits_give_equal_bytes_in_any_folder_at_any_time(built: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        again = release(commit(tmp_path), tmp_path / "elsewhere")
    finally:
        os.umask(before)
    assert [file.name for file in again] == NAMES
    for file in again:
        assert file.read_bytes() == (built / file.name).read_bytes(), file.name


def test_the_wheel_has_the_license_and_every_file_of_its_packages(built: Path) -> None:
    names = zipfile.ZipFile(built / NAMES[1]).namelist()
    assert f"vpner-{VERSION}.dist-info/licenses/LICENSE" in names
    sources = {
        path.relative_to(ROOT).as_posix()
        for folder in ("vpner", "components", "policies")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    of_folders = {"components/PulumiPlugin.yaml", "components/requirements.txt", "policies/PulumiPolicy.yaml"}
    assert {name for name in names if ".dist-info/" not in name} == sources - of_folders


def test_the_command_works_where_the_sources_are_not(clean: Path) -> None:
    assert str(clean) in run(clean, "python", "-c", "import vpner; print(vpner.__file__)")
    assert "handoff" in run(clean, "vpner", "--help")
    example = str(ROOT / "examples" / "reference-lab.yaml")
    assert "AS INTENDED (predicted)" in run(clean, "vpner", "check", "--topology", example)
    assert run(clean, "vpner", "handoff", "--topology", example)


def test_the_package_and_the_policies_work_where_the_sources_are_not(clean: Path) -> None:
    shown = run(clean, "python", "-c", "from components.package import Package; print(Package().schema)")
    assert json.loads(shown) == schema()
    counted = run(clean, "python", "-c", "from policies.crossguard import policies; print(len(policies()))")
    assert int(counted) > 20


@pytest.mark.engine
def test_pulumi_runs_the_plugin_and_the_policy_pack_of_the_release(built: Path, clean: Path, tmp_path: Path) -> None:
    plugin = unpacked(built / NAMES[0], clean, tmp_path / "plugin")
    pack = unpacked(built / NAMES[3], clean, tmp_path / "pack")
    assert (plugin / NAMES[1]).read_bytes() == (built / NAMES[1]).read_bytes()
    assert (plugin / "requirements.txt").read_text() == f"-c constraints.txt\n./{NAMES[1]}\n"
    (tmp_path / "program").mkdir()
    consumer = Consumer.of(tmp_path / "program", example_document())
    project = yaml.safe_load((consumer.folder / "Pulumi.yaml").read_text())
    project["plugins"]["providers"][0]["path"] = str(plugin)
    (consumer.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    previewed = consumer.pulumi("preview", "--policy-pack", str(pack), policies=False).succeeded().output
    assert "ENCRYPTED  plant-hub-vnet/shared" in previewed
    assert re.search(r"✅ vpner@v[\d.]+ \(local: .*pack\)", previewed)


def test_the_version_stands_in_one_place_and_the_copies_agree() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert yaml.safe_load((ROOT / "policies" / "PulumiPolicy.yaml").read_text())["version"] == VERSION
    assert schema()["version"] == VERSION
    top = next(line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## "))
    assert top == "## Unreleased" or top.startswith(f"## {VERSION} (")


@pytest.mark.parametrize("file", ["requirements-dev.txt", "toolchain/constraints.txt"])
def test_the_builder_is_the_one_that_the_project_names(file: str) -> None:
    assert "setuptools==84.2.1" in (ROOT / file).read_text().splitlines()
    assert 'requires = ["setuptools==84.2.1"]' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("tag", "changelog", "codes"),
    [
        ("v0.2.0", "# Changelog\n\n## 0.2.0 (2026-12-01)\n- x\n", []),
        ("v0.2.0", "## Unreleased\n", ["release-changelog"]),
        ("v0.2.0", "## 0.2.0\n", ["release-changelog"]),
        ("0.2.0", "## 0.2.0 (2026-12-01)\n", ["release-version"]),
        ("v0.3.0", "## 0.1.0 (2026-12-01)\n", ["release-version", "release-changelog"]),
    ],
)
def test_a_tag_is_refused_that_is_not_the_release_of_the_version(tag: str, changelog: str, codes: list[str]) -> None:
    assert [problem.code for problem in problems_of_tag(tag, "0.2.0", changelog)] == codes
