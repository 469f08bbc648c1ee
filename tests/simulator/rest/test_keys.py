"""Pre-shared keys through ARM: read, set and reset by the unmodified client, refused as Azure does."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from tests.simulator.rest.deployed import GROUP, Deployed
from tests.simulator.rest.serving import Served, served
from tests.support.mocks import SUBSCRIPTION
from vpner.simulator.rest.arm import Arm
from vpner.simulator.rest.messages import Request
from vpner.simulator.store import STATE_FILE

NAME = "az-hub-to-branch-opnnva-conn"
KEY = "a-key-that-this-test-sets"
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network"
CONNECTION = f"{NETWORK}/connections/{NAME}"
CIRCUITS = f"{NETWORK}/connections/azure-er-circuit-conn-az-hub"
TOKEN = "a-token-of-this-test"


def key_of(arm: Served) -> str:
    with arm.client() as client:
        return client.virtual_network_gateway_connections.get_shared_key(GROUP, NAME).value


def set_key(arm: Served, key: str) -> str:
    with arm.client() as client:
        poller = client.virtual_network_gateway_connections.begin_set_shared_key(GROUP, NAME, {"value": key})
        return poller.result().value


@pytest.mark.parametrize("pending", [0, 2])
def test_a_key_is_set_by_the_unmodified_client_and_read_back(lab: Deployed, pending: int) -> None:
    with served(lab.store, pending=pending) as arm:
        before = key_of(arm)
        assert before not in ("", KEY)
        assert set_key(arm, KEY) == KEY
        assert key_of(arm) == KEY
    with served(lab.store) as another:
        assert key_of(another) == KEY, "it is in the store, not in the server"


def test_a_put_of_the_connection_leaves_the_key_alone(lab: Deployed, arm: Served) -> None:
    """github.com/hashicorp/terraform-provider-azurerm/pull/11742: PUT does not update the key."""
    before = key_of(arm)
    lab.change(f"connections/{NAME}", sharedKey=KEY, routingWeight=5)
    assert key_of(arm) == before
    assert lab.azure.get(lab.id(f"connections/{NAME}"))["routingWeight"] == 5
    set_key(arm, KEY)
    lab.change(f"connections/{NAME}", sharedKey=before, routingWeight=6)
    assert key_of(arm) == KEY


def test_a_connection_made_without_a_key_gets_one_of_azures(lab: Deployed, arm: Served) -> None:
    path = lab.id(f"connections/{NAME}")
    body = {**lab.azure.get(path)}
    lab.azure.delete(path)
    lab.azure.put(path, body)
    made = key_of(arm)
    assert len(made) >= 16
    assert made.isalnum()


def test_after_the_operation_the_connection_is_updating_for_a_while(arm: Served) -> None:
    """github.com/Azure/azure-rest-api-specs/issues/26660."""
    with arm.client() as client:
        connections = client.virtual_network_gateway_connections
        connections.begin_set_shared_key(GROUP, NAME, {"value": KEY}).result()
        seen = [connections.get(GROUP, NAME).provisioning_state for _ in range(2)]
        assert seen == ["Updating", "Succeeded"]
        connections.begin_set_shared_key(GROUP, NAME, {"value": KEY}).result()
        connections.begin_set_shared_key(GROUP, NAME, {"value": f"{KEY}-2"}).result()
        assert connections.get_shared_key(GROUP, NAME).value == f"{KEY}-2", "the client tries again when told to"


def test_reset_has_azure_make_a_key_of_the_length_asked_for(arm: Served) -> None:
    before = key_of(arm)
    with arm.client() as client:
        poller = client.virtual_network_gateway_connections.begin_reset_shared_key(GROUP, NAME, {"keyLength": 48})
        assert poller.result().key_length == 48
    after = key_of(arm)
    assert (len(after), after != before) == (48, True)


REFUSED: list[tuple[str, str, str, Any, int, str]] = [
    ("a connection of no name", "PUT", f"{CONNECTION}-2/sharedkey", {"value": KEY}, 404, "ResourceNotFound"),
    ("a connection of a circuit", "PUT", f"{CIRCUITS}/sharedkey", {"value": KEY}, 400, "SimNoSharedKey"),
    ("the key of a circuit's connection", "GET", f"{CIRCUITS}/sharedkey", None, 400, "SimNoSharedKey"),
    ("no JSON", "PUT", f"{CONNECTION}/sharedkey", None, 400, "InvalidRequestFormat"),
    ("no value", "PUT", f"{CONNECTION}/sharedkey", {"key": KEY}, 400, "InvalidRequestFormat"),
    ("an empty key", "PUT", f"{CONNECTION}/sharedkey", {"value": ""}, 400, "SimSharedKey"),
    ("a key that is too long", "PUT", f"{CONNECTION}/sharedkey", {"value": "k" * 129}, 400, "SimSharedKey"),
    ("an umlaut", "PUT", f"{CONNECTION}/sharedkey", {"value": f"{KEY}ä"}, 400, "SimSharedKey"),
    ("a reset to nothing", "POST", f"{CONNECTION}/sharedkey/reset", {"keyLength": 0}, 400, "InvalidRequestFormat"),
    ("a deletion", "DELETE", f"{CONNECTION}/sharedkey", None, 405, "SimMethodNotAllowed"),
    ("a change of the connection", "PUT", CONNECTION, {"value": KEY}, 405, "SimMethodNotAllowed"),
]


def ask(lab: Deployed, method: str, path: str, body: Any, token: str = TOKEN) -> Any:
    headers = {"authorization": f"Bearer {token}"}
    content = b"" if body is None else json.dumps(body).encode()
    request = Request(method, path, {"api-version": "2024-05-01"}, headers, body=content)
    return Arm(lab.store, TOKEN, SUBSCRIPTION).answer(request)


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused_changes_nothing_and_says_no_key(
    lab: Deployed, row: tuple[str, str, str, Any, int, str]
) -> None:
    _, method, path, body, status, code = row
    before = (lab.folder / STATE_FILE).read_bytes()
    answer = ask(lab, method, path, body)
    assert (answer.status, answer.body["error"]["code"]) == (status, code)
    assert KEY not in json.dumps(answer.body)
    assert (lab.folder / STATE_FILE).read_bytes() == before


def test_without_the_token_no_key_is_read_or_set(lab: Deployed) -> None:
    for method in ("GET", "PUT"):
        assert ask(lab, method, f"{CONNECTION}/sharedkey", {"value": KEY}, "another").status == 401


def test_a_key_is_in_no_answer_but_its_own_and_in_a_file_of_its_owners(lab: Deployed) -> None:
    assert ask(lab, "PUT", f"{CONNECTION}/sharedkey", {"value": KEY}).status == 201
    shown = [ask(lab, "GET", path, None).body for path in (CONNECTION, f"{NETWORK}/connections")]
    assert KEY not in json.dumps(shown)
    assert KEY not in json.dumps([lab.azure.get(item.id) for item in lab.store.snapshot().all()])
    holding = [file for file in lab.folder.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]
    assert [file.name for file in holding] == [STATE_FILE]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    assert KEY not in repr(Request("PUT", CONNECTION, body=KEY.encode()))
