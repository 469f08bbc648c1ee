"""Runs ARM's REST beside a command, and tells the command's clients where it is.

The Azure CLI reads a configuration of its own: a cloud whose endpoints are the simulation's, and a subscription in it.
``az cloud register``, ``az cloud set`` and ``az login --identity`` would write the same files, in half a minute. The
SDKs take a token from the managed identity, and trust the certificate through ``REQUESTS_CA_BUNDLE``.
"""

from __future__ import annotations

import configparser
import json
import ssl
import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path

from vpner.arm import ENDPOINT_VARIABLE
from vpner.simulator.provider import DEFAULT_SUBSCRIPTION, SUBSCRIPTION
from vpner.simulator.rest.arm import Arm
from vpner.simulator.rest.identity import TENANT, Identity
from vpner.simulator.rest.messages import Request, Response
from vpner.simulator.rest.server import Endpoints, listening
from vpner.simulator.rest.throttle import Throttle
from vpner.simulator.store import Store

_TRUST = "REQUESTS_CA_BUNDLE"
_CLOUD = "VpnerSimulation"


@contextmanager
def reachable(store: Store, environment: Mapping[str, str]) -> Generator[dict[str, str]]:
    """Serve ARM until the block ends; gives what is to be set in a client's environment.

    Credentials of the user's are not used: the only one is the simulation's managed identity.
    """
    identity = Identity()
    subscription = environment.get(SUBSCRIPTION, DEFAULT_SUBSCRIPTION)
    arm = Arm(store, identity.token, subscription)
    throttle = Throttle.from_environment(environment)

    def answer(request: Request) -> Response:
        return throttle.refusal(subscription) or arm.answer(request)

    with (
        listening(answer, identity) as endpoints,
        tempfile.TemporaryDirectory(prefix="vpner-azure-") as scratch,  # mode 0700
    ):
        folder = Path(scratch)
        _configure_cli(folder / "cli", endpoints, arm.subscriptions())
        direct = [environment.get("no_proxy") or environment.get("NO_PROXY"), "localhost", "127.0.0.1"]
        no_proxy = ",".join(item for item in direct if item)
        yield {
            ENDPOINT_VARIABLE: endpoints.arm,
            _TRUST: str(_trust(folder, endpoints, environment.get(_TRUST))),
            "AZURE_CONFIG_DIR": str(folder / "cli"),
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            "IDENTITY_ENDPOINT": endpoints.token,
            "IDENTITY_HEADER": identity.header,
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
        }


def _trust(folder: Path, endpoints: Endpoints, others: str | None) -> Path:
    """A bundle that trusts this run's server beside what was trusted before: what the user names, or the system's."""
    before = Path(others or ssl.get_default_verify_paths().openssl_cafile)
    file = folder / "trust.pem"
    file.write_bytes((before.read_bytes() if before.is_file() else b"") + b"\n" + endpoints.authority)
    return file


def _configure_cli(folder: Path, endpoints: Endpoints, subscriptions: Iterable[str]) -> None:
    """The first subscription is the default one."""
    folder.mkdir()
    clouds = configparser.ConfigParser()
    clouds[_CLOUD] = {
        "endpoint_resource_manager": endpoints.arm,
        "endpoint_management": endpoints.arm,
        "endpoint_active_directory": endpoints.arm,
        "endpoint_active_directory_resource_id": endpoints.arm,
        "endpoint_active_directory_graph_resource_id": endpoints.arm,
    }
    settings = configparser.ConfigParser()
    settings["cloud"] = {"name": _CLOUD}
    settings["core"] = {"collect_telemetry": "no", "survey_message": "no", "no_color": "yes"}
    for name, parser in (("clouds.config", clouds), ("config", settings)):
        with (folder / name).open("w", encoding="utf-8") as file:
            parser.write(file)
    profile: dict[str, object] = {
        "installationId": "00000000-0000-0000-0000-000000000000",
        "subscriptions": [
            {
                "id": subscription,
                "name": "simulated",
                "state": "Enabled",
                "isDefault": index == 0,
                "tenantId": TENANT,
                "homeTenantId": TENANT,
                "environmentName": _CLOUD,
                "user": {"name": "systemAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": "MSI"},
            }
            for index, subscription in enumerate(subscriptions)
        ],
    }
    (folder / "azureProfile.json").write_text(json.dumps(profile), encoding="utf-8")
