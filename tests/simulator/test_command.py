"""The command ``vpner simulate``, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.lab import GROUP, Lab, resource
from vpner.problems import Problems
from vpner.simulator.faults import Point, parse
from vpner.simulator.run import default_folder, prepared

VPNER = [sys.executable, "-c", "from vpner.cli import main; main()"]
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def environment(**extra: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "ARM_", "VPNER_"))}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "200", **extra}


def vpner(folder: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*VPNER, *arguments],
        cwd=folder,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_sees_the_simulation_and_its_exit_code_is_passed_on(tmp_path: Path) -> None:
    done = vpner(tmp_path, "simulate", "--", sys.executable, "-c", f"{SHOW}; raise SystemExit(7)")
    assert done.returncode == 7
    seen = json.loads(done.stdout)
    assert [item.split(":")[0] for item in seen["PULUMI_DEBUG_PROVIDERS"].split(",")] == ["azure-native", "random"]
    assert seen["PULUMI_BACKEND_URL"] == f"{(tmp_path / '.vpner' / 'pulumi').as_uri()}?metadata=skip"
    assert Path(seen["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text()
    assert stat.S_IMODE(Path(seen["PULUMI_CONFIG_PASSPHRASE_FILE"]).stat().st_mode) == 0o600
    assert "PULUMI_CONFIG_PASSPHRASE" not in seen
    assert done.stderr.count("simulated") == 1


def test_what_the_user_has_set_stays(tmp_path: Path) -> None:
    mine = {"PULUMI_BACKEND_URL": "file:///elsewhere", "PULUMI_CONFIG_PASSPHRASE": "mine"}
    done = vpner(tmp_path, "simulate", "--", sys.executable, "-c", SHOW, **mine)
    seen = json.loads(done.stdout)
    assert {name: seen[name] for name in mine} == mine
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in seen
    assert not (tmp_path / ".vpner" / "passphrase").exists()


def test_an_empty_passphrase_is_one_too() -> None:
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in prepared(
        {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_BACKEND_URL": "file:///x"}, Path("/nowhere"), "random:1"
    )


def test_other_attached_providers_stay_attached() -> None:
    mine = {"PULUMI_DEBUG_PROVIDERS": "mine:7", "PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_BACKEND_URL": "file:///x"}
    assert prepared(mine, Path("/nowhere"), "random:1")["PULUMI_DEBUG_PROVIDERS"] == "mine:7,random:1"


def test_options_of_the_command_are_the_commands(tmp_path: Path) -> None:
    show = "import sys; print(sys.argv[1:])"
    done = vpner(tmp_path, "simulate", "--state", "s", "--", sys.executable, "-c", show, "--help", "--", "list", "-x")
    assert done.stdout.strip() == "['--help', '--', 'list', '-x']"
    assert (tmp_path / "s").is_dir()


def test_a_simulation_inside_another_is_refused(tmp_path: Path) -> None:
    inner = [*VPNER, "simulate", "--", "true"]
    done = vpner(tmp_path, "simulate", "--", *inner)
    assert done.returncode == 3
    assert "simulation-nested" in done.stderr
    done = vpner(tmp_path, "simulate", "--", "true", PULUMI_DEBUG_PROVIDERS="azure-native:1")
    assert done.returncode == 3


def test_a_command_that_does_not_exist_is_bad_input(tmp_path: Path) -> None:
    done = vpner(tmp_path, "simulate", "--", "no-such-command")
    assert done.returncode == 3
    assert "no-such-command [command-not-started]" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_state_is_beside_the_nearest_project(tmp_path: Path) -> None:
    inner = tmp_path / "project" / "src"
    inner.mkdir(parents=True)
    assert default_folder({}, inner) == inner / ".vpner"
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: p\n")
    assert default_folder({}, inner) == tmp_path / "project" / ".vpner"
    assert default_folder({"VPNER_SIMULATION": "/around"}, inner) == Path("/around")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 128 + 15), (signal.SIGINT, 128 + 2)])
def test_signals_reach_the_command_and_the_simulator_ends_quietly(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    wait = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL); print('up', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [*VPNER, "simulate", "--", sys.executable, "-c", wait],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert errors.count("\n") == 1, errors


def test_the_subscription_survives_between_commands_and_can_be_listed_and_emptied(tmp_path: Path) -> None:
    Lab(tmp_path / ".vpner").hub().ordered()
    listed = json.loads(vpner(tmp_path, "simulate", "list", "--json").stdout)
    assert {"id": GROUP, "state": "Succeeded"} in listed
    assert {"id": resource("expressRouteCircuits/circuit"), "state": "NotProvisioned"} in listed
    text = vpner(tmp_path, "simulate", "list")
    assert f"NotProvisioned  {resource('expressRouteCircuits/circuit')}" in text.stdout
    assert f"{len(listed)} resources" in text.stderr
    assert vpner(tmp_path, "simulate", "reset").returncode == 0
    assert json.loads(vpner(tmp_path, "simulate", "list", "--json").stdout) == []


def test_the_providers_step(tmp_path: Path) -> None:
    state = tmp_path / "elsewhere"
    lab = Lab(state).group().ordered()
    options = ("--primary", "169.254.98.60/30", "--peer-asn", "65001")
    done = vpner(tmp_path, "simulate", "provision", "circuit", *options, "--state", str(state))
    assert (done.returncode, done.stdout) == (0, f"Provisioned: {resource('expressRouteCircuits/circuit')}\n")
    assert lab.get("expressRouteCircuits/circuit/peerings/AzurePrivatePeering")["vlanId"] == 100
    done = vpner(tmp_path, "simulate", "--state", str(state), "provision", "--deprovision", "circuit")
    assert done.stdout.startswith("NotProvisioned: ")
    assert not lab.exists("expressRouteCircuits/circuit/peerings/AzurePrivatePeering")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("provision", "circus"), "circuit-unknown"),
        (("provision", "circuit", "--vlan", "7"), "provision-options"),
        (("provision", "circuit", "--deprovision", "--vlan", "7"), "provision-options"),
        (("provision", "circuit", "--primary", "10.0.0.0/29", "--peer-asn", "65001"), "circuit-peering-refused"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, arguments: tuple[str, ...], code: str) -> None:
    Lab(tmp_path / ".vpner").group().ordered()
    done = vpner(tmp_path, "simulate", *arguments)
    assert done.returncode == 3
    assert f"[{code}]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_state_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".vpner").mkdir()
    (tmp_path / ".vpner" / "azure.json").write_text("{")
    done = vpner(tmp_path, "simulate", "list")
    assert done.returncode == 3
    assert "simulator-state-unreadable" in done.stderr


def test_help_says_how_to_run_a_command(tmp_path: Path) -> None:
    assert "vpner simulate -- pulumi up" in vpner(tmp_path, "simulate", "--help").stdout
    assert "--peer-asn" in vpner(tmp_path, "simulate", "provision", "--help").stdout


VIRTUAL_HUB = "azure-native:network:VirtualHub"


@pytest.mark.parametrize(
    ("text", "point"),
    [
        (None, None),
        ("", None),
        (f"create after {VIRTUAL_HUB}", Point("create", "after", VIRTUAL_HUB, None, 1)),
        (f"delete before {VIRTUAL_HUB}/hub-rs 3", Point("delete", "before", VIRTUAL_HUB, "hub-rs", 3)),
    ],
)
def test_points_at_which_the_engine_dies(text: str | None, point: Point | None) -> None:
    assert parse(text) == point


@pytest.mark.parametrize(
    "text", ["create", f"create during {VIRTUAL_HUB}", f"read after {VIRTUAL_HUB}", "create after x y"]
)
def test_a_point_that_is_none_is_named(text: str) -> None:
    with pytest.raises(Problems, match="simulator-kill-point"):
        parse(text)
