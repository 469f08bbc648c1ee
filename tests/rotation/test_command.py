"""What the command refuses, and that no refusal shows a key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.cli.commands import vpner
from tests.rotation.worlds import connection
from vpner.cli import key_world
from vpner.problems import Problems
from vpner.rotation import Key

KEY = "a-key-that-nobody-may-read"


def test_a_time_that_is_none_is_bad_input_before_anything_is_asked() -> None:
    result = vpner("rotate-key", "--stack", "dev", "--made-before", "tomorrow")
    assert result.exit_code == 3
    assert "rotation-time" in result.stderr


def test_a_stack_is_needed() -> None:
    assert vpner("rotate-key").exit_code == 3


def test_what_pulumi_says_of_a_stack_that_is_not_there_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n", encoding="utf-8")
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\necho \"error: no stack named 'nope' found\" >&2\nexit 255\n", encoding="utf-8")
    pulumi.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    result = vpner("rotate-key", "--stack", "nope")
    assert result.exit_code == 3
    assert "no stack named 'nope' found" in result.stderr


class Refusing:
    """Azure's client, which repeats in an error what it was given, as ARM may."""

    def begin_set_shared_key(self, *place: Any) -> Any:
        raise HttpResponseError(f"(InvalidRequestFormat) cannot parse {place[-1]}")


def test_an_error_of_azures_is_shown_by_its_code_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_world, "configured_keys", lambda *_: {})
    network = SimpleNamespace(virtual_network_gateway_connections=Refusing())
    monkeypatch.setattr(key_world, "client", lambda _: network)
    world = key_world.DeployedKeys("dev", tmp_path, 0)
    found = connection("fw1", key=Key(KEY), recorded=None)
    arm_id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/connections/fw1-conn"
    with pytest.raises(Problems, match="azure-refused") as refused:
        world.set(replace(found, id=arm_id))
    assert KEY not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
