"""The boot script: valid, pinned, and with the configuration exactly as it was rendered."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.device.plans import HASH, KEY, LAB
from vpner.device.opnsense import RELEASE, render
from vpner.device.opnsense_boot import (
    AGENT_COMMIT,
    BOOTSTRAP_COMMIT,
    BOOTSTRAP_SHA256,
    IMAGE,
    boot_command,
    boot_script,
)

CONFIGURATION = render(LAB, pre_shared_key=KEY, root_password_hash=HASH)
SCRIPT = boot_script(CONFIGURATION)
# Azure, "Custom Script Extension for Linux": commandToExecute and script together are limited to 256 KB.
LIMIT = 256 * 1024


def embedded(script: str) -> str:
    (body,) = re.findall(r"<<'CONFIGURATION'\n(.*?)\nCONFIGURATION\n", script, re.DOTALL)
    return b64decode(body, validate=True).decode()


def check_syntax(script: str) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_is_valid_shell_and_has_no_template_left() -> None:
    check_syntax(SCRIPT)
    assert SCRIPT.startswith("#!/bin/sh\n")
    assert not re.search(r"{{|}}|{%", SCRIPT)


def test_the_script_stops_at_the_first_failure_and_keeps_its_files_to_itself() -> None:
    lines = SCRIPT.splitlines()
    assert (
        lines.index("set -eu") < lines.index("umask 077") < lines.index("b64decode -r > config.xml <<'CONFIGURATION'")
    )


def test_the_script_embeds_the_configuration_exactly() -> None:
    assert embedded(SCRIPT) == CONFIGURATION


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_configuration_is_embedded_exactly(configuration: str) -> None:
    assert embedded(boot_script(configuration)) == configuration


@pytest.mark.parametrize("configuration", ["", "CONFIGURATION\nreboot\n", "{{ agent }}{% for %}", "'\"`$(reboot)`\\"])
def test_no_configuration_escapes_from_its_place(configuration: str) -> None:
    script = boot_script(configuration)
    check_syntax(script)
    assert embedded(script) == configuration
    assert re.sub("(?s)<<'CONFIGURATION'.*?\nCONFIGURATION\n", "", script) == re.sub(
        "(?s)<<'CONFIGURATION'.*?\nCONFIGURATION\n", "", SCRIPT
    )


def test_no_secret_stands_in_the_script_or_command_in_plain_text() -> None:
    for text in (SCRIPT, boot_command(CONFIGURATION)):
        assert KEY not in text
        assert HASH not in text


def test_the_bootstrap_is_pinned_by_commit_and_checksum() -> None:
    assert re.fullmatch("[0-9a-f]{40}", BOOTSTRAP_COMMIT)
    assert re.fullmatch("[0-9a-f]{64}", BOOTSTRAP_SHA256)
    lines = SCRIPT.splitlines()
    (fetch,) = [line for line in lines if "opnsense-bootstrap" in line]
    assert f"/opnsense/update/{BOOTSTRAP_COMMIT}/" in fetch
    # Checked before it is changed or run.
    check = lines.index(f'test "$(sha256 -q bootstrap.sh)" = "{BOOTSTRAP_SHA256}"')
    assert lines.index(fetch) < check
    assert check < lines.index(f"sh ./bootstrap.sh -y -r {RELEASE}")
    assert all(
        index > check for index, line in enumerate(lines) if "bootstrap.sh" in line and line != fetch and index != check
    )


def test_everything_that_is_fetched_is_pinned_and_comes_over_tls() -> None:
    urls = re.findall(r"[a-z]+://\S+", SCRIPT)
    assert len(urls) == 2
    assert all(url.startswith("https://") for url in urls)
    # By commit: a tag can be moved, the id of a commit is that of its content.
    assert all(BOOTSTRAP_COMMIT in url or AGENT_COMMIT in url for url in urls)
    assert re.fullmatch("[0-9a-f]{40}", AGENT_COMMIT)


def test_the_image_is_one_version_of_the_releases_freebsd() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", IMAGE.version)  # never "latest"
    # opnsense-bootstrap wants the same FreeBSD major version; OPNsense 26.1 is built on FreeBSD 14.
    assert (RELEASE, IMAGE.version.partition(".")[0]) == ("26.1", "14")


def test_the_command_runs_the_script() -> None:
    command = boot_command(CONFIGURATION)
    match = re.fullmatch(r"echo ([A-Za-z0-9+/=]+) \| b64decode -r \| sh", command)
    assert match is not None
    assert b64decode(match[1]).decode() == SCRIPT
    assert "\n" not in command
    assert len(command) < LIMIT


def test_the_appliance_reboots_after_the_script_not_during_it() -> None:
    # As the pinned bootstrap has them: "set -e" at the start of a line, "reboot" inside its last if, a word elsewhere.
    edits = re.findall(r"-e '([^']+)'", next(line for line in SCRIPT.splitlines() if line.startswith("sed -i")))
    source = 'set -e\necho "will automatically reboot."\nif true; then\n\treboot\nfi\n'
    arguments = [argument for edit in edits for argument in ("-e", edit)]
    done = subprocess.run(["sed", *arguments], input=source, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ':\necho "will automatically reboot."\nif true; then\n\tshutdown -r +1\nfi\n'
