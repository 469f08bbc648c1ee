"""Requests that ARM refuses, long-running operations, and throttling."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from tests.simulator.rest.deployed import GROUP, Deployed
from tests.simulator.rest.serving import Served, served
from tests.support.mocks import SUBSCRIPTION
from vpner.problems import Problems
from vpner.simulator.rest.arm import Arm
from vpner.simulator.rest.messages import Request
from vpner.simulator.rest.operations import Operations
from vpner.simulator.rest.throttle import VARIABLE, Throttle

IN_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
NETWORK = f"{IN_GROUP}/providers/Microsoft.Network"
VERSION = {"api-version": "2024-05-01"}
TOKEN = "a-token-of-this-test"
NIC = f"{NETWORK}/networkInterfaces/az-hub-lxvm-nic"

GATEWAY = f"{NETWORK}/virtualNetworkGateways/az-hub-vpngw"
PEERING = f"{NETWORK}/expressRouteCircuits/azure-er-circuit/peerings/AzurePrivatePeering"
OPERATION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/locations/x/operationResults/y"
NOBODY = "/subscriptions/11111111-1111-1111-1111-111111111111"

REFUSED: list[tuple[str, str, str, int, str]] = [
    ("another subscription", "GET", NOBODY, 404, "SubscriptionNotFound"),
    ("another resource group", "GET", NIC.replace(GROUP, "none"), 404, "ResourceGroupNotFound"),
    ("another resource", "GET", f"{NIC}-2", 404, "ResourceNotFound"),
    ("parts of no resource", "GET", f"{NETWORK}/virtualNetworks/none/subnets", 404, "ResourceNotFound"),
    ("a type that is not simulated", "GET", f"{NETWORK}/loadBalancers", 400, "SimTypeNotSimulated"),
    ("an action of no resource", "POST", f"{NIC}-2/effectiveRouteTable", 404, "ResourceNotFound"),
    ("an action that is not simulated", "POST", f"{NIC}/effectiveNetworkSecurityGroups", 400, "SimActionNotSimulated"),
    ("advertised routes to nobody", "POST", f"{GATEWAY}/getAdvertisedRoutes", 400, "SimParameterRequired"),
    ("a third path", "POST", f"{PEERING}/routeTables/third", 400, "SimDevicePath"),
    ("a change", "PUT", NIC, 405, "SimMethodNotAllowed"),
    ("a deletion", "DELETE", NIC, 405, "SimMethodNotAllowed"),
    ("nothing of Azure's", "GET", "/", 404, "NotFound"),
    ("an operation that nobody began", "GET", OPERATION, 404, "NotFound"),
]


def ask(lab: Deployed, method: str, path: str, query: dict[str, str], authorization: str = f"Bearer {TOKEN}") -> Any:
    return Arm(lab.store, TOKEN, SUBSCRIPTION).answer(Request(method, path, query, {"authorization": authorization}))


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_azure_refuses_is_refused_in_arms_form(lab_once: Deployed, row: tuple[str, str, str, int, str]) -> None:
    _, method, path, status, code = row
    answer = ask(lab_once, method, path, VERSION)
    assert (answer.status, answer.body["error"]["code"]) == (status, code)
    assert answer.body["error"]["message"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "MissingApiVersionParameter"),
        ({"api-version": ""}, "MissingApiVersionParameter"),
        ({"api-version": "latest"}, "InvalidApiVersionParameter"),
    ],
)
def test_every_request_needs_an_api_version(lab_once: Deployed, query: dict[str, str], code: str) -> None:
    assert ask(lab_once, "GET", NIC, query).body["error"]["code"] == code
    assert ask(lab_once, "GET", NIC, {"api-version": "2025-01-01-preview"}).status == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer another", f"Basic {TOKEN}", TOKEN])
def test_nothing_is_answered_without_the_token(lab_once: Deployed, header: str) -> None:
    answer = ask(lab_once, "GET", NIC, VERSION, header)
    assert answer.status == 401
    assert TOKEN not in json.dumps(answer.body)


def test_ids_are_not_case_sensitive_and_answers_have_the_spelling_of_the_creation(lab_once: Deployed) -> None:
    assert ask(lab_once, "GET", NIC.upper(), VERSION, f"bearer {TOKEN}").body["id"] == NIC


def test_an_existing_resource_is_told_from_a_missing_one_by_head(arm: Served) -> None:
    context = ssl.create_default_context(cafile=str(arm.trust))

    def status(path: str) -> int:
        request = urllib.request.Request(f"{arm.endpoints.arm}{path}?api-version=2024-05-01", method="HEAD")
        request.add_header("Authorization", f"Bearer {arm.identity.token}")
        try:
            with urllib.request.urlopen(request, context=context) as response:
                return response.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert (status(IN_GROUP), status(f"{IN_GROUP}-2")) == (204, 404)


def test_the_sdk_raises_its_own_errors(arm: Served) -> None:
    with arm.client() as client, pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
        client.network_interfaces.get(GROUP, "none")
    with arm.client("another") as client, pytest.raises(ClientAuthenticationError, match="InvalidAuthenticationToken"):
        client.network_interfaces.get(GROUP, "az-hub-lxvm-nic")


def test_an_operation_is_in_progress_until_its_result_can_be_fetched() -> None:
    operations = Operations(retry_after=7, pending=2)
    asked = Request("POST", NIC, VERSION, base="https://localhost:1")
    accepted = operations.accepted(asked, SUBSCRIPTION, {"value": []})
    assert (accepted.status, accepted.headers["Retry-After"]) == (202, "7")
    location = accepted.headers["Location"]
    assert location.startswith("https://localhost:1/subscriptions/")
    name = location.partition("?")[0].rpartition("/")[2]
    polls = [operations.result(asked, name) for _ in range(4)]
    assert [poll.status for poll in polls if poll] == [202, 202, 200, 200]


def test_the_sdk_waits_for_an_operation(lab: Deployed) -> None:
    with served(lab.store, pending=3) as arm, arm.client() as client:
        table = client.network_interfaces.begin_get_effective_route_table(GROUP, "az-hub-lxvm-nic").result()
    assert "10.100.0.0/24" in [row["addressPrefix"][0] for row in table.as_dict()["value"]]


def test_every_nth_request_is_refused_with_how_long_to_wait() -> None:
    throttle = Throttle.from_environment({VARIABLE: "3"})
    refusals = [throttle.refusal(SUBSCRIPTION) for _ in range(7)]
    assert [item is None for item in refusals] == [True, True, False, True, True, False, True]
    assert refusals[2] is not None
    assert (refusals[2].status, refusals[2].headers) == (429, {"Retry-After": "1"})
    assert all(Throttle.from_environment({}).refusal(SUBSCRIPTION) is None for _ in range(100))


@pytest.mark.parametrize("text", ["1", "-2", "often", ""])
def test_a_throttle_that_nobody_can_pass_is_refused(text: str) -> None:
    with pytest.raises(Problems, match="simulator-throttle"):
        Throttle.from_environment({VARIABLE: text})


def test_a_network_interface_without_a_machine_has_no_effective_routes(lab: Deployed) -> None:
    lab.azure.delete(lab.id("virtualMachines/az-hub-lxvm").replace("Microsoft.Network", "Microsoft.Compute"))
    with served(lab.store) as arm, arm.client() as client, pytest.raises(HttpResponseError, match="SimNicNotAttached"):
        client.network_interfaces.begin_get_effective_route_table(GROUP, "az-hub-lxvm-nic")
