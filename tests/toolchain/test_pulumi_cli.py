"""Which Pulumi CLI is taken, and how one is provided where there is none."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from tests.support.stacks import ROOT
from toolchain import pulumi_cli
from toolchain.pulumi_cli import VERSION, CannotProvide

INSTALLER = """
while [ $# -gt 0 ]; do
    case "$1" in
        --version) version=$2; shift ;;
        --install-root) root=$2; shift ;;
        --no-edit-path) ;;
        *) exit 9 ;;
    esac
    shift
done
sleep 0.5
mkdir -p "$root/bin"
printf '#!/bin/sh\\necho v%s\\n' "$version" > "$root/bin/pulumi"
chmod +x "$root/bin/pulumi"
"""
"""Takes the options of Pulumi's installer, and installs something that knows its version."""


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a PATH without `pulumi`."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    return tmp_path / "cache"


class Site(HTTPServer):
    """A web site with one file, and the number of times that it was fetched."""

    content = b""
    fetched = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        self.server.fetched += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(("127.0.0.1", 0), Answer) as server:
        server.content = INSTALLER.encode()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def installer(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Pulumi's installer, from the local web site; nothing is built."""
    monkeypatch.setattr(pulumi_cli.install, "__defaults__", (site.url,))

    def build(partial: Path) -> None:
        raise CannotProvide("nothing is built in this test")

    monkeypatch.setattr(pulumi_cli, "build", build)
    return site


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.259.0", (3, 259, 0)),
        ("3.250.1-alpha.x2f", (3, 250, 1)),
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27 linux/arm64", (1, 27, 0)),
        ("warning: a new version is available", None),
        ("", None),
    ],
)
def test_the_first_version_in_a_text_is_read(text: str, version: tuple[int, ...] | None) -> None:
    assert pulumi_cli.version_in(text) == version


def test_the_required_version_is_the_one_of_the_project() -> None:
    required = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["requiredPulumiVersion"]
    assert required == f">={'.'.join(map(str, pulumi_cli.MINIMUM))}"
    provided = pulumi_cli.version_in(VERSION)
    assert provided is not None
    assert provided >= pulumi_cli.MINIMUM


def test_the_module_to_build_asks_for_the_provided_version_of_both_modules() -> None:
    required = re.findall(r"github.com/pulumi/pulumi/(pkg|sdk)/v3 v(\S+)", pulumi_cli.GO_MOD)
    assert required == [("pkg", VERSION), ("sdk", VERSION)]


@pytest.mark.parametrize(("version", "is_taken"), [("v3.250.0", True), ("v4.0.0", True), ("v3.249.9", False)])
def test_pulumi_on_path_is_taken_if_it_is_new_enough(
    version: str, is_taken: bool, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    executable(tmp_path / "path" / "pulumi", f"echo {version}")
    assert pulumi_cli.on_path(cache) == (tmp_path / "path" if is_taken else None)
    assert ("at least 3.250.0 is needed" in capsys.readouterr().err) is not is_taken


def test_pulumi_on_path_that_does_not_run_is_not_taken(cache: Path, tmp_path: Path) -> None:
    executable(tmp_path / "path" / "pulumi", "exit 1")
    assert pulumi_cli.on_path(cache) is None


def test_a_cached_pulumi_on_path_is_checked_like_any_cached_one(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(cache / "pulumi-1" / "bin" / "pulumi", "echo v9.9.9")
    monkeypatch.setenv("PATH", f"{cache / 'pulumi-1' / 'bin'}:{os.environ['PATH']}")
    assert pulumi_cli.on_path(cache) is None


def test_what_was_installed_once_is_there_for_every_clone(cache: Path, installer: Site) -> None:
    folder = pulumi_cli.provide(cache)
    assert folder.is_relative_to(cache)
    assert pulumi_cli.version_of(folder / "pulumi") == pulumi_cli.version_in(VERSION)
    assert pulumi_cli.provide(cache) == folder
    assert installer.fetched == 1


def test_two_runs_at_once_install_once(cache: Path, installer: Site) -> None:
    folders: list[Path] = []
    runs = [threading.Thread(target=lambda: folders.append(pulumi_cli.provide(cache))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(folders) == 2
    assert len(set(folders)) == 1
    assert installer.fetched == 1


def test_the_remains_of_an_interrupted_run_are_replaced(cache: Path, installer: Site) -> None:
    executable(cache / f"pulumi-{VERSION}.partial" / "bin" / "pulumi", "exit 1")
    executable(cache / f"pulumi-{VERSION}" / "bin" / "pulumi", "exit 1")
    assert pulumi_cli.version_of(pulumi_cli.provide(cache) / "pulumi") == pulumi_cli.version_in(VERSION)


def test_a_cached_language_host_without_its_interpreter_is_replaced(cache: Path, installer: Site) -> None:
    target = cache / f"pulumi-{VERSION}"
    executable(target / "bin" / "pulumi", f"echo v{VERSION}")
    python = target / "host" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/nowhere/python3")
    assert not pulumi_cli.is_complete(target)
    pulumi_cli.provide(cache)
    assert installer.fetched == 1


def test_an_installer_that_fails_leaves_nothing_and_shows_what_it_said(
    cache: Path, installer: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    installer.content = b"echo no space left; exit 3"
    with pytest.raises(CannotProvide):
        pulumi_cli.provide(cache)
    assert not (cache / f"pulumi-{VERSION}").exists()
    assert "no space left" in capsys.readouterr().err


def test_an_installer_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotProvide, match=r"http://127\.0\.0\.1:1, cannot be reached"):
        pulumi_cli.install(tmp_path, "http://127.0.0.1:1")


def test_the_language_host_of_this_clone_is_put_beside_a_cli_that_was_built(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    pulumi_cli.refresh_language_host(tmp_path)
    assert list((tmp_path / "bin").iterdir()) == []

    (tmp_path / "host").mkdir()
    for _ in range(2):
        pulumi_cli.refresh_language_host(tmp_path)
        wrapper = tmp_path / "bin" / "pulumi-language-python"
        assert os.access(wrapper, os.X_OK)
        source = ROOT / "toolchain" / "language_host.py"
        assert (tmp_path / "host" / "language_host.py").read_text() == source.read_text()
