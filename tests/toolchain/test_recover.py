"""The repair of a killed run, on exports as the engine writes them (recorded from 3.259, shortened)."""

from __future__ import annotations

import copy
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain import recover
from toolchain.recover import CannotRecover, Finding, Outcome, State, repair

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
STACK = "urn:pulumi:dev::vpner::pulumi:pulumi:Stack::vpner-dev"
PROVIDER = "urn:pulumi:dev::vpner::pulumi:providers:azure-native::default"
REFERENCE = f"{PROVIDER}::f7b08cc8"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:hsyw8C3y"}


def urn(name: str, kind: str = "azure-native:network:VirtualNetwork") -> str:
    return f"urn:pulumi:dev::vpner::{kind}::{name}"


def network(name: str, **more: Any) -> State:
    """A virtual network as a pending creation has it: no id, no outputs."""
    inputs = {"resourceGroupName": "lab", "virtualNetworkName": name, **more.pop("inputs", {})}
    return {
        "urn": urn(name),
        "custom": True,
        "type": "azure-native:network:VirtualNetwork",
        "inputs": inputs,
        "parent": STACK,
        "provider": REFERENCE,
        **more,
    }


def arm(name: str, subscription: str = SUBSCRIPTION) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/lab/providers/Microsoft.Network/virtualNetworks/{name}"


def created(name: str, **more: Any) -> State:
    return network(name, id=arm(name), outputs={"name": name}, **more)


def export(*resources: State, pending: list[tuple[str, State]], provider: State | None = None) -> State:
    base: list[State] = [
        {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"},
        {
            "urn": PROVIDER,
            "custom": True,
            "id": "f7b08cc8",
            "type": "pulumi:providers:azure-native",
            "inputs": provider or {},
        },
    ]
    operations = [{"type": kind, "resource": resource} for kind, resource in pending]
    return {
        "version": 3,
        "deployment": {"manifest": {}, "resources": [*base, *resources], "pending_operations": operations},
    }


def refusal(export: State) -> str | None:
    """Why `pulumi stack import` would refuse the resources: the rules of VerifyIntegrity, restated."""
    seen: set[str] = set()
    live: list[str] = []
    for resource in export["deployment"]["resources"]:
        needed = {resource.get("parent", STACK), *resource.get("dependencies", [])} - {resource["urn"]}
        needed |= {dependency for urns in resource.get("propertyDependencies", {}).values() for dependency in urns}
        if resource["urn"] != STACK and not needed <= seen:
            return f"{resource['urn']} comes before {needed - seen}"
        if resource.get("provider") and resource["provider"] not in seen:
            return f"{resource['urn']} comes before its provider"
        seen |= {resource["urn"], f"{resource['urn']}::{resource.get('id')}"}
        if not resource.get("delete"):
            live.append(resource["urn"])
    return None if len(live) == len(set(live)) else "duplicate resource"


def resources_of(export: State) -> dict[str, State]:
    return {resource["urn"]: resource for resource in export["deployment"]["resources"]}


RANDOM = {
    "urn": urn("psk", "random:index/randomPassword:RandomPassword"),
    "type": "random:index/randomPassword:RandomPassword",
}


@pytest.mark.parametrize(
    ("state", "outcome", "kept"),
    [
        pytest.param(export(pending=[("creating", network("hub"))]), Outcome.ADOPTED, arm("hub"), id="creation"),
        pytest.param(
            export(pending=[("creating", RANDOM)]), Outcome.DROPPED, None, id="creation of what is not in Azure"
        ),
        pytest.param(
            export(pending=[("creating", network("hub", inputs={"virtualNetworkName": SECRET}))]),
            Outcome.DROPPED,
            None,
            id="creation with a name that cannot be read",
        ),
        pytest.param(
            export(pending=[("creating", network("hub", dependencies=[urn("gone")]))]),
            Outcome.DROPPED,
            None,
            id="creation that depends on what is not there",
        ),
        pytest.param(
            export(created("hub"), pending=[("creating", network("hub"))]), Outcome.LEFT, arm("hub"), id="had ended"
        ),
        pytest.param(
            export(created("hub"), pending=[("updating", created("hub"))]), Outcome.LEFT, arm("hub"), id="update"
        ),
        pytest.param(
            export(created("hub"), pending=[("deleting", created("hub"))]), Outcome.LEFT, arm("hub"), id="deletion"
        ),
        pytest.param(export(pending=[("reading", network("hub"))]), Outcome.LEFT, None, id="reading"),
    ],
)
def test_what_becomes_of_an_interrupted_operation(state: State, outcome: Outcome, kept: str | None) -> None:
    repaired, (finding,) = repair(state, SUBSCRIPTION)
    assert finding.outcome is outcome
    assert "pending_operations" not in repaired["deployment"]
    assert resources_of(repaired).get(finding.urn, {}).get("id") == kept
    assert refusal(repaired) is None


def test_the_recorded_state_stays_as_it_is() -> None:
    state = export(created("hub", inputs={"sharedKey": SECRET}), pending=[("creating", network("spoke"))])
    before = copy.deepcopy(state)
    repaired, _ = repair(state, SUBSCRIPTION)
    assert state == before
    assert repaired["deployment"]["resources"][:3] == before["deployment"]["resources"]


def test_nothing_pending_changes_nothing() -> None:
    state = export(created("hub"), pending=[])
    repaired, findings = repair(state, None)
    assert findings == ()
    assert repaired["deployment"]["resources"] == state["deployment"]["resources"]
    assert recover.unread(repaired) == []


@pytest.mark.parametrize(
    ("provider", "environment", "expected"),
    [
        ({"subscriptionId": OTHER}, SUBSCRIPTION, OTHER),
        ({"subscriptionId": OTHER}, None, OTHER),
        ({}, SUBSCRIPTION, SUBSCRIPTION),
        ({"subscriptionId": SECRET}, SUBSCRIPTION, SUBSCRIPTION),
    ],
)
def test_the_provider_says_which_subscription_and_else_the_environment(
    provider: State, environment: str | None, expected: str
) -> None:
    state = export(pending=[("creating", network("hub"))], provider=provider)
    _, (finding,) = repair(state, environment)
    assert finding.id == arm("hub", expected)


def test_an_unknown_subscription_is_an_error_that_says_what_to_set() -> None:
    with pytest.raises(CannotRecover, match="ARM_SUBSCRIPTION_ID"):
        repair(export(pending=[("creating", network("hub"))]), None)


def test_no_subscription_is_needed_where_nothing_is_adopted() -> None:
    _, (finding,) = repair(export(pending=[("creating", RANDOM)]), None)
    assert finding.outcome is Outcome.DROPPED


def test_a_replacement_leaves_its_predecessor_marked_for_deletion() -> None:
    state = export(created("hub"), pending=[("creating", network("hub", inputs={"virtualNetworkName": "hub-new"}))])
    repaired, _ = repair(state, SUBSCRIPTION)
    both = [resource for resource in repaired["deployment"]["resources"] if resource["urn"] == urn("hub")]
    assert [(resource["id"], resource.get("delete", False)) for resource in both] == [
        (arm("hub"), True),
        (arm("hub-new"), False),
    ]
    assert refusal(repaired) is None


def test_a_replacement_takes_the_place_of_what_was_deleted_before_it() -> None:
    dependant = created("spoke", dependencies=[urn("hub")])
    state = export(created("hub", pendingReplacement=True), dependant, pending=[("creating", network("hub"))])
    repaired, _ = repair(state, SUBSCRIPTION)
    assert "pendingReplacement" not in resources_of(repaired)[urn("hub")]
    assert refusal(repaired) is None


def test_two_interrupted_creations_of_one_resource_are_adopted_once() -> None:
    state = export(pending=[("creating", network("hub")), ("creating", network("hub"))])
    repaired, findings = repair(state, SUBSCRIPTION)
    assert [finding.outcome for finding in findings] == [Outcome.ADOPTED, Outcome.LEFT]
    assert refusal(repaired) is None


def test_outputs_of_the_name_of_a_secret_input_will_be_secret() -> None:
    resource = network("hub", inputs={"sharedKey": SECRET, "tags": {"a": SECRET}}, additionalSecretOutputs=["token"])
    repaired, _ = repair(export(pending=[("creating", resource)]), SUBSCRIPTION)
    assert resources_of(repaired)[urn("hub")]["additionalSecretOutputs"] == ["sharedKey", "tags", "token"]


def test_a_secret_input_that_a_provider_returned_in_plain_text_is_sealed_again() -> None:
    adopted = network("hub", id=arm("hub"), inputs={"sharedKey": SECRET, "gone": SECRET})
    read = network("hub", id=arm("hub"), inputs={"sharedKey": "plain", "location": "westeurope"})
    other = created("spoke", inputs={"sharedKey": "not ours"})
    result = recover.sealed(export(read, other, pending=[]), [adopted])
    inputs = resources_of(result)[urn("hub")]["inputs"]
    assert inputs["sharedKey"] == SECRET
    assert inputs["location"] == "westeurope"
    assert "gone" not in inputs
    assert resources_of(result)[urn("spoke")] == other


def test_what_is_read_for_the_first_time_and_will_be_secret_has_a_secret_in_its_place() -> None:
    known = created("spoke", additionalSecretOutputs=["serviceKey"])
    adopted = network(
        "hub", id=arm("hub"), inputs={"sharedKey": SECRET}, additionalSecretOutputs=["serviceKey", "sharedKey"]
    )
    result = resources_of(recover.shielded(export(known, adopted, pending=[])))
    assert result[urn("spoke")] == known
    assert result[urn("hub")]["inputs"]["sharedKey"] == SECRET
    assert recover.has_secret(result[urn("hub")]["inputs"]["serviceKey"])


def test_what_azure_shows_as_failed_is_marked_as_not_finished() -> None:
    states = {"hub": "Failed", "spoke": "Succeeded"}
    resources = [network(name, id=arm(name), outputs={"provisioningState": state}) for name, state in states.items()]
    result = resources_of(recover.marked(export(*resources, pending=[])))
    assert "initErrors" in result[urn("hub")]
    assert "initErrors" not in result[urn("spoke")]


def test_adopted_resources_are_recognised_until_they_have_been_read() -> None:
    repaired, _ = repair(export(created("spoke"), pending=[("creating", network("hub"))]), SUBSCRIPTION)
    assert [resource["urn"] for resource in recover.unread(repaired)] == [urn("hub")]
    again, findings = repair(repaired, SUBSCRIPTION)
    assert findings == ()
    assert recover.unread(again) == recover.unread(repaired)


def test_the_backup_is_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    state = export(created("hub"), pending=[])
    path = recover.keep(state)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert json.loads(Path(path).read_text()) == state


@st.composite
def killed_runs(draw: st.DrawFn) -> State:
    """A valid state, in which each resource depends on some before it, and creations that were pending beside it."""
    count = draw(st.integers(0, 6))
    resources: list[State] = []
    for index in range(count):
        earlier = [resource["urn"] for resource in resources]
        dependencies = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        flags = draw(st.sampled_from([{}, {"pendingReplacement": True}, {"delete": True}]))
        resources.append(created(f"n{index}", dependencies=dependencies, **flags))
    known = [urn(f"n{index}") for index in range(8)]
    pending: list[tuple[str, State]] = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["creating", "creating", "updating", "deleting"]))
        name = draw(st.sampled_from([f"n{index}" for index in range(8)]))
        # A dependency on oneself cannot be; one on what depends on it neither.
        after = [other for other in known if other < urn(name)]
        dependencies = draw(st.lists(st.sampled_from(after), unique=True)) if after else []
        physical = draw(st.sampled_from([name, f"{name}-auto"]))
        resource = network(name, dependencies=dependencies, inputs={"virtualNetworkName": physical})
        pending.append((kind, resource))
    return export(*resources, pending=pending)


@given(killed_runs())
def test_whatever_was_killed_the_repaired_state_can_be_imported_and_loses_nothing(state: State) -> None:
    assert refusal(state) is None
    repaired, findings = repair(state, SUBSCRIPTION)
    assert refusal(repaired) is None
    assert len(findings) == len(state["deployment"]["pending_operations"])

    def ids(export: State) -> set[str]:
        return {resource["id"] for resource in export["deployment"]["resources"] if resource.get("id")}

    deleted = {
        resource["id"] for resource in state["deployment"]["resources"] if resource.get("pendingReplacement")
    }  # Azure has them no more
    assert ids(state) - deleted <= ids(repaired)
    assert ids(repaired) - ids(state) <= {finding.id for finding in findings if finding.outcome is Outcome.ADOPTED}
    assert repair(repaired, SUBSCRIPTION) == (repaired, ())


def test_a_finding_names_the_resource_what_was_interrupted_and_what_is_done() -> None:
    text = str(Finding(urn("hub"), "creating", Outcome.ADOPTED, f"as {arm('hub')}", arm("hub")))
    assert text.splitlines()[0] == urn("hub")
    assert "interrupted while creating: adopted, as /subscriptions/" in text
