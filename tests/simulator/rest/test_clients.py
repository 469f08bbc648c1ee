"""What a command that runs with the simulation is told, and what it may do with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.simulator.rest.deployed import GROUP, Deployed
from tests.simulator.test_command import SHOW, VPNER, environment, vpner
from vpner.simulator.rest.identity import Identity
from vpner.simulator.rest.messages import Request

LIST = f"""
import os
from azure.identity import DefaultAzureCredential
from azure.mgmt.network import NetworkManagementClient
endpoint = os.environ["VPNER_ARM_ENDPOINT"]
client = NetworkManagementClient(
    DefaultAzureCredential(), "00000000-0000-0000-0000-000000000000",
    base_url=endpoint, credential_scopes=[endpoint + "/.default"],
)
print([nic.name for nic in client.network_interfaces.list("{GROUP}")])
"""


def test_the_command_finds_arm_and_an_identity_and_both_end_with_it(tmp_path: Path) -> None:
    seen = json.loads(vpner(tmp_path, "simulate", "--", sys.executable, "-c", SHOW, NO_PROXY="example.org").stdout)
    assert seen["VPNER_ARM_ENDPOINT"].startswith("https://localhost:")
    assert seen["IDENTITY_ENDPOINT"].startswith("http://127.0.0.1:")
    assert seen["AZURE_TOKEN_CREDENTIALS"] == "ManagedIdentityCredential"
    assert seen["NO_PROXY"].split(",") == ["example.org", "localhost", "127.0.0.1"]
    assert not Path(seen["AZURE_CONFIG_DIR"]).exists()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(seen["IDENTITY_ENDPOINT"], timeout=5)


def test_certificates_that_were_trusted_stay_trusted(tmp_path: Path) -> None:
    mine = tmp_path / "mine.pem"
    mine.write_text("what I trust\n")
    show = "import os; print(open(os.environ['REQUESTS_CA_BUNDLE']).read())"
    shown = vpner(tmp_path, "simulate", "--", sys.executable, "-c", show, REQUESTS_CA_BUNDLE=str(mine)).stdout
    assert shown.startswith("what I trust\n")
    assert shown.count("BEGIN CERTIFICATE") == 1


def test_the_unmodified_sdk_works_with_what_it_finds(lab: Deployed) -> None:
    account = {"AZURE_CLIENT_ID": "me", "AZURE_TENANT_ID": "mine", "AZURE_CLIENT_SECRET": "must not be used"}
    done = subprocess.run(
        [*VPNER, "simulate", "--state", str(lab.folder), "--", sys.executable, "-c", LIST],
        env=environment(VPNER_SIMULATOR_THROTTLE="2", **account),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "az-hub-lxvm-nic" in done.stdout


@pytest.mark.parametrize(
    ("method", "path", "header", "status"),
    [
        ("GET", "/msi/token", "right", 200),
        ("GET", "/msi/token", "wrong", 401),
        ("GET", "/msi/token", "", 401),
        ("POST", "/msi/token", "right", 401),
        ("GET", "/", "right", 401),
    ],
)
def test_only_who_knows_the_header_gets_the_token(method: str, path: str, header: str, status: int) -> None:
    identity = Identity(header="right")
    answer = identity.answer(Request(method, path, headers={"x-identity-header": header}))
    assert answer.status == status
    assert (identity.token in json.dumps(answer.body)) == (status == 200)


def test_every_run_has_secrets_of_its_own_and_shows_none() -> None:
    first, second = Identity(), Identity()
    assert (first.header, first.token) != (second.header, second.token)
    assert first.header not in repr(first)
    assert first.token not in repr(first)


def test_a_throttle_that_nobody_can_pass_is_bad_input(tmp_path: Path) -> None:
    done = vpner(tmp_path, "simulate", "--", "true", VPNER_SIMULATOR_THROTTLE="1")
    assert done.returncode == 3
    assert "simulator-throttle" in done.stderr


def test_the_users_own_azure_configuration_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "azure"
    mine.mkdir()
    show = "import os; print(os.environ['AZURE_CONFIG_DIR'])"
    done = vpner(tmp_path, "simulate", "--", sys.executable, "-c", show, AZURE_CONFIG_DIR=str(mine))
    assert done.stdout.strip() != str(mine)
    assert os.listdir(mine) == []
