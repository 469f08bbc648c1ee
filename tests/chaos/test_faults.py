"""Each fault through the provider's protocol: what the engine hears, and what is in Azure then."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2, status_pb2

from tests.simulator.client import Engine, connected, plain
from tests.simulator.lab import GROUP, LOCATION, Lab, public_address, resource, vnet
from tests.simulator.test_engine import NETWORK as PROGRAM
from tests.simulator.test_engine import PROJECT, Project
from vpner.problems import Problems
from vpner.simulator.chaos import REFUSALS, Chaos, Dice, Entry, Fault, journal, parse
from vpner.simulator.client import retries, surfaces
from vpner.simulator.faults import Faults
from vpner.simulator.serve import serving

GROUP_TOKEN = "azure-native:resources:ResourceGroup"
NETWORK = "azure-native:network:VirtualNetwork"
SUBNET = "azure-native:network:Subnet"
HUB = resource("virtualNetworks/hub")
INPUTS = {"resourceGroupName": "lab", "virtualNetworkName": "hub", **vnet("10.0.0.0/24")}


@contextmanager
def failing(lab: Lab, *faults: Fault, rate: float = 1.0) -> Iterator[Engine]:
    """A provider on the lab's Azure, in which something goes wrong with every request."""
    chaos = Chaos(Dice(1, rate, faults), lab.store.folder)
    with serving(lab.azure, Faults(chaos=chaos)) as attached:
        ports = dict(item.split(":") for item in attached.split(","))
        with connected(ports["azure-native"], location="westeurope") as engine:
            yield engine


@dataclass
class Heard:
    """An error as the engine gets it."""

    text: str
    kept: provider_pb2.ErrorResourceInitFailed | None
    """What the engine puts into the state; None if nothing."""


def heard(call: grpc.RpcError) -> Heard:
    assert isinstance(call, grpc.Call)
    found = [item.value for item in call.trailing_metadata() or () if item.key == "grpc-status-details-bin"]
    if not found:
        return Heard(call.details() or "", None)
    (details,) = found
    assert isinstance(details, bytes)
    status = status_pb2.Status.FromString(details)
    kept = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(kept)
    return Heard(call.details() or "", kept)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "azure").group()


def create(lab: Lab, fault: Fault) -> Heard:
    with failing(lab, fault) as engine, pytest.raises(grpc.RpcError) as error:
        engine.create(NETWORK, "hub", INPUTS)
    return heard(error.value)


def test_a_creation_that_fails_leaves_a_failed_resource_which_the_engine_keeps(lab: Lab) -> None:
    error = create(lab, Fault.FAILED)
    assert error.text == 'Status=200 Code="InternalServerError" Message="An error occurred."'
    assert error.kept is not None
    assert error.kept.id == HUB
    assert list(error.kept.reasons) == [error.text]
    assert plain(error.kept.properties)["provisioningState"] == "Failed"
    assert lab.get("virtualNetworks/hub")["provisioningState"] == "Failed"


def test_a_resource_that_has_failed_cannot_be_referred_to_until_it_is_saved_again(lab: Lab) -> None:
    lab.put("publicIPAddresses/pip", public_address())
    lab.azure.fail(resource("publicIPAddresses/pip"))
    hub = lab.put("virtualNetworks/hub", vnet("10.0.0.0/24"))
    assert hub["provisioningState"] == "Succeeded"
    lab.put("virtualNetworks/hub/subnets/s", {"addressPrefix": "10.0.0.0/27"})
    nic = {
        **LOCATION,
        "ipConfigurations": [
            {
                "name": "i",
                "subnet": {"id": f"{HUB}/subnets/s"},
                "publicIPAddress": {"id": resource("publicIPAddresses/pip")},
            }
        ],
    }
    with pytest.raises(Exception, match="ReferencedResourceNotProvisioned") as error:
        lab.put("networkInterfaces/n", nic)
    # The message as kubernetes-sigs/cloud-provider-azure expects it in its tests.
    assert (
        "is not in Succeeded state. Resource is in Failed state and the last operation that updated/is updating the "
        in str(error.value)
    )
    assert lab.put("publicIPAddresses/pip", public_address())["provisioningState"] == "Succeeded"
    lab.put("networkInterfaces/n", nic)


def test_a_creation_that_fails_and_leaves_nothing_is_kept_by_the_engine_all_the_same(lab: Lab) -> None:
    error = create(lab, Fault.NOTHING_LEFT)
    assert "resource created but read failed Status=404" in error.text
    assert error.kept is not None
    assert error.kept.id == HUB
    assert not error.kept.HasField("properties")
    assert not lab.exists("virtualNetworks/hub")
    with failing(lab, Fault.BUSY, rate=0.0) as engine, pytest.raises(grpc.RpcError) as again:
        engine.update(NETWORK, HUB, {}, INPUTS)
    assert (
        "failed maintaining unset sub-resource properties: reading cloud state: Status=404" in heard(again.value).text
    )


def test_a_creation_that_takes_too_long_is_done_later_and_kept_without_outputs(lab: Lab) -> None:
    error = create(lab, Fault.TIMED_OUT)
    assert "context deadline exceeded" in error.text
    assert error.kept is not None
    assert not error.kept.HasField("properties")
    assert lab.get("virtualNetworks/hub")["provisioningState"] == "Succeeded"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.THROTTLED, 'Status=429 Code="SubscriptionRequestsThrottled"'),
        (Fault.BUSY, 'Status=409 Code="AnotherOperationInProgress"'),
        (Fault.NOT_PROVISIONED, 'Status=429 Code="RetryableError"'),
    ],
)
def test_a_refusal_passes_or_is_an_error_after_four_tries_and_nothing_is_kept(
    lab: Lab, fault: Fault, code: str
) -> None:
    lab.put("virtualNetworks/hub", vnet("10.0.0.0/24"))
    lab.put("networkSecurityGroups/nsg", LOCATION)
    errors: dict[str, Heard] = {}
    with failing(lab, fault) as engine:
        for number in range(20):
            name = f"s{number}"
            inputs = {
                "resourceGroupName": "lab",
                "virtualNetworkName": "hub",
                "subnetName": name,
                "addressPrefix": f"10.0.0.{8 * number}/29",
                "networkSecurityGroup": {"id": resource("networkSecurityGroups/nsg")},
            }
            try:
                engine.create(SUBNET, name, inputs)
            except grpc.RpcError as error:
                errors[name] = heard(error)
            assert lab.exists(f"virtualNetworks/hub/subnets/{name}") == (name not in errors)
    assert all(code in error.text and error.kept is None for error in errors.values())
    entries = list(journal(lab.store.folder))
    assert {entry.fault for entry in entries} == {fault}
    assert errors.keys() == {entry.name for entry in entries if entry.lasts >= 4}
    assert 0 < len(errors) < len(entries)


def test_a_deletion_fails_and_the_resource_stays_or_it_takes_too_long_and_is_done(lab: Lab) -> None:
    lab.put("virtualNetworks/hub", vnet("10.0.0.0/24"))
    with failing(lab, Fault.FAILED) as engine, pytest.raises(grpc.RpcError, match="InternalServerError"):
        engine.delete(NETWORK, HUB)
    assert lab.get("virtualNetworks/hub")["provisioningState"] == "Failed"
    with failing(lab, Fault.TIMED_OUT) as engine, pytest.raises(grpc.RpcError, match="context deadline exceeded"):
        engine.delete(NETWORK, HUB)
    assert not lab.exists("virtualNetworks/hub")
    with failing(lab, Fault.FAILED) as engine:
        engine.delete(NETWORK, HUB)  # Azure says 404, which is done


def test_a_resource_group_is_made_at_once_and_cannot_fail_later(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "empty")
    with failing(lab, Fault.FAILED, Fault.NOTHING_LEFT, Fault.TIMED_OUT) as engine:
        engine.create(GROUP_TOKEN, "group", {"resourceGroupName": "lab", **LOCATION})
    assert lab.azure.exists(GROUP)


def test_a_resource_that_refers_to_nothing_does_not_wait_for_another(lab: Lab) -> None:
    with failing(lab, Fault.NOT_PROVISIONED) as engine:
        engine.create(NETWORK, "hub", INPUTS)
    (entry,) = journal(lab.store.folder)
    assert entry.fault is None


REQUESTS = st.lists(
    st.tuples(st.sampled_from(["create", "update", "delete"]), st.sampled_from(["a", "b", "c"])), max_size=30
)


@given(seed=st.integers(0, 1000), requests=REQUESTS, data=st.data())
def test_what_happens_follows_from_the_seed_and_not_from_the_order(
    seed: int, requests: list[tuple[str, str]], data: st.DataObject
) -> None:
    def decided(order: list[tuple[str, str]]) -> set[Entry]:
        dice = Dice(seed, 0.5)
        counts = dict.fromkeys(order, 0)
        entries: set[Entry] = set()
        for operation, name in order:
            counts[operation, name] += 1
            entries.add(dice.throw(operation, name, counts[operation, name], set(Fault)))
        return entries

    assert decided(requests) == decided(data.draw(st.permutations(requests)))


def test_the_rate_is_how_many_requests_go_wrong_and_every_fault_has_its_turn() -> None:
    entries = [Dice(7, 0.3).throw("create", f"r{number}", 1, set(Fault)) for number in range(4000)]
    wrong = [entry.fault for entry in entries if entry.fault]
    assert 0.27 < len(wrong) / len(entries) < 0.33
    for fault in Fault:
        assert 100 < wrong.count(fault) < 200
    assert {entry.lasts for entry in entries if entry.fault in REFUSALS} == {1, 2, 3, 4, 5}
    assert {entry.lasts for entry in entries if entry.fault not in REFUSALS} == {0}


def test_the_count_goes_on_in_the_next_command(tmp_path: Path) -> None:
    for attempt in (1, 2, 3):
        entry = Chaos(Dice(1), tmp_path).decide("create", "hub", set(Fault))
        assert entry is not None
        assert entry.attempt == attempt
    assert [entry.attempt for entry in journal(tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("entry", "asked_again", "is_error"),
    [
        (Entry("create", "r", 1, None), 0, False),
        (Entry("create", "r", 1, Fault.BUSY, 1), 1, False),
        (Entry("create", "r", 1, Fault.BUSY, 3), 3, False),
        (Entry("create", "r", 1, Fault.BUSY, 4), 3, True),
        (Entry("create", "r", 1, Fault.FAILED), 0, True),
    ],
)
def test_the_provider_asks_again_three_times(entry: Entry, asked_again: int, is_error: bool) -> None:
    assert (retries(entry), surfaces(entry)) == (asked_again, is_error)


@pytest.mark.parametrize(
    ("text", "dice"),
    [
        (None, None),
        ("", None),
        ("seed=7", Dice(7, 0.1, tuple(Fault))),
        ("seed=7 rate=0.2 faults=busy,killed-after", Dice(7, 0.2, (Fault.BUSY, Fault.KILLED_AFTER))),
    ],
)
def test_what_the_variable_asks_for(text: str | None, dice: Dice | None) -> None:
    assert parse(text) == dice


def test_everything_wrong_in_the_variable_is_said_at_once() -> None:
    with pytest.raises(Problems) as error:
        parse("seed=x rate=2 faults=busy,lazy colour=red")
    said = [problem.what for problem in error.value.problems]
    assert len(said) == 4
    for word, problem in zip(("colour", "lazy", "'x'", "'2'"), said, strict=True):
        assert word in problem


@pytest.mark.engine
def test_the_command_takes_the_variable_and_the_engine_keeps_what_failed(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT % sys.prefix)
    (tmp_path / "__main__.py").write_text(PROGRAM)
    project = Project(tmp_path)
    project.succeed("stack", "init", "dev")
    up = ("up", "--yes", "--skip-preview")
    failed = project.pulumi(*up, VPNER_SIMULATOR_CHAOS="seed=1 rate=0.99 faults=failed")
    assert failed.returncode != 0
    assert "An error occurred." in failed.stdout + failed.stderr
    assert {entry.fault for entry in journal(tmp_path / ".vpner")} == {None, Fault.FAILED}  # the group cannot fail
    project.succeed(*up)
    project.succeed(*up, "--expect-no-changes")
