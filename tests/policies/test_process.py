"""The pack as Pulumi starts it: a process of its own in its own folder, spoken to over gRPC."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import proto
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from tests.policies.support import ArmMocks, Sent, analyze_requests, configure_request, sent, stack_request
from tests.policies.test_foreign import CONFIGURATION, hub
from tests.support.mocks import build
from tests.support.stacks import ROOT
from vpner.rules import RULES, Severity
from vpner.rules.declared import POLICY

ALL = {"resource-inputs", POLICY, *RULES, "verdicts"}


@pytest.fixture(scope="module")
def pack() -> Iterator[AnalyzerStub]:
    folder = ROOT / "policies"
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()  # anything else before the port would break the engine's handshake
        with grpc.insecure_channel(f"127.0.0.1:{int(port)}") as channel:
            yield AnalyzerStub(channel)
        process.kill()


def analyze(pack: AnalyzerStub, resources: list[Sent]) -> list[Any]:
    found: list[Any] = []
    for request in analyze_requests(resources):
        found += pack.Analyze(request).diagnostics
    return [*found, *pack.AnalyzeStack(stack_request(resources)).diagnostics]


def test_every_rule_is_a_policy_with_severity_and_remedy_and_all_but_advice_is_mandatory(pack: AnalyzerStub) -> None:
    info = pack.GetAnalyzerInfo(Empty())
    assert info.name == "vpner"
    assert {item.name for item in info.policies} == ALL
    advice = {rule.id for rule in RULES.values() if rule.severity is Severity.MEDIUM} | {"verdicts"}
    assert {item.name for item in info.policies if item.enforcementLevel != proto.MANDATORY} == advice
    assert all(item.remediation_steps and item.severity for item in info.policies if item.name in RULES)


def test_one_process_judges_a_good_stack_a_bad_one_and_the_good_one_again(pack: AnalyzerStub) -> None:
    pack.Configure(configure_request(CONFIGURATION))
    good = sent(build(hub(literal=False), ArmMocks(unknown=True))[0], preview=True)
    bad = sent(build(hub(literal=False, crypto=False), ArmMocks(unknown=True))[0], preview=True)
    assert analyze(pack, good) == []
    (message,) = analyze(pack, bad)
    assert message.policyName == "explicit-ipsec-policy"
    assert message.enforcementLevel == proto.MANDATORY
    assert message.severity == proto.POLICY_SEVERITY_HIGH
    assert "s2s" in message.urn
    assert analyze(pack, good) == []
    pack.Configure(configure_request({}))
    assert [item.policyName for item in analyze(pack, good)] == ["network-known", "network-known"]
