"""Repair a stack whose `pulumi up` was killed (SIGKILL, a lost machine). For a person to run, when nothing else runs.

What such a run leaves behind: a lock; and operations without a result, of which the engine cannot know whether they
reached Azure. The next `up` then stops at the lock, or at `cannot create already existing resource`. The repair:

1. In a file backend, empty files of attributes are removed: a kill while one is written leaves it empty, and the CLI
   then says `failed to load checkpoint: EOF`, though the state beside it is whole. `pulumi cancel` removes the lock.
2. Every interrupted creation whose id follows from its inputs (`vpner.arm.arm_id`) becomes a resource of the state. Any
   other (a random value) is dropped: the next `up` creates another. Interrupted updates and deletions need nothing, the
   state has those resources. The state before is kept in a file that only the user can read; secrets stay encrypted.
3. `pulumi refresh` reads everything from the provider and drops what does not exist. It also forgets which operations
   failed; so whatever Azure shows in provisioningState Failed is marked again, and the next `up` puts it right.

It works through the CLI alone, so a simulated Azure is no different from a real one. Without pending operations it
changes nothing; interrupted, it can be run again. `pulumi refresh --import-pending-creates` would be the tool for step
2, but the engine forgets what it was told (executed with 3.259).

    python -m toolchain.recover --stack dev
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vpner.arm import arm_id
from vpner.marks import SECRET, SIGNATURE

State = dict[str, Any]
"""A resource as the state has it, or the whole export: JSON objects of Pulumi's deployment format, version 3 or 4."""

_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)/")


class Outcome(Enum):
    """What the repair does with an interrupted operation."""

    ADOPTED = "adopted"
    """It becomes a resource of the state, until refresh finds out whether it exists."""
    DROPPED = "dropped"
    """It is forgotten."""
    LEFT = "left to refresh"
    """The state has the resource already."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One interrupted operation."""

    urn: str
    operation: str
    outcome: Outcome
    reason: str
    id: str = ""

    def __str__(self) -> str:
        return f"{self.urn}\n    interrupted while {self.operation}: {self.outcome.value}, {self.reason}"


class CannotRecover(Exception):
    """The stack was left as it is, and why."""


def repair(export: State, subscription: str | None) -> tuple[State, tuple[Finding, ...]]:
    """The export without pending operations, with the adopted resources in their place, and what was found.

    ``subscription`` is for resources whose provider names none. Raises :class:`CannotRecover` if one is needed.
    """
    repaired = copy.deepcopy(export)
    deployment = repaired["deployment"]
    resources: list[State] = deployment.get("resources") or []
    findings: list[Finding] = []
    for operation in deployment.pop("pending_operations", None) or []:
        resource: State = operation["resource"]
        if operation["type"] != "creating":
            finding = Finding(resource["urn"], operation["type"], Outcome.LEFT, "the state has it")
        else:
            finding = _adopt(resource, resources, subscription)
        findings.append(finding)
    deployment["resources"] = in_order(resources)
    return repaired, tuple(findings)


def _adopt(resource: State, resources: list[State], subscription: str | None) -> Finding:
    """Add the interrupted creation to ``resources``, if its id can be told and its dependencies are there."""
    urn = resource["urn"]

    def finding(outcome: Outcome, reason: str, found: str = "") -> Finding:
        return Finding(urn, "creating", outcome, reason, found)

    subscription = _subscription_of(resource, resources) or subscription
    inputs: Mapping[str, object] = resource.get("inputs") or {}
    resource_id = arm_id(resource["type"], inputs, subscription or "")
    if resource_id is None:
        return finding(Outcome.DROPPED, "its id does not follow from its inputs")
    if subscription is None:
        raise CannotRecover(f"{urn} names no subscription, nor does its provider. Set ARM_SUBSCRIPTION_ID")
    if missing := dependencies(resource) - names(resources):
        return finding(Outcome.DROPPED, f"it depends on what the state does not have: {', '.join(sorted(missing))}")
    before = next((other for other in resources if other["urn"] == urn and not other.get("delete")), None)
    if before is not None and before.get("pendingReplacement"):
        resources.remove(before)  # deleted before its replacement was created
    elif before is not None and before.get("id") == resource_id:
        return finding(Outcome.LEFT, "the state has it", resource_id)
    elif before is not None:
        before["delete"] = True  # as the engine does when the replacement has been created
    secrets = {key for key, value in inputs.items() if has_secret(value)}
    adopted = {**resource, "id": resource_id}
    if secrets:
        adopted["additionalSecretOutputs"] = sorted({*resource.get("additionalSecretOutputs", ()), *secrets})
    resources.append(adopted)
    return finding(Outcome.ADOPTED, f"as {resource_id}", resource_id)


def _subscription_of(resource: State, resources: Sequence[State]) -> str | None:
    """The subscription that the resource's provider is configured with, or that others from it have in their ids."""
    reference = resource.get("provider")
    if not reference:
        return None
    for provider in resources:
        if reference == f"{provider['urn']}::{provider.get('id')}":
            value = (provider.get("inputs") or {}).get("subscriptionId")
            if isinstance(value, str) and value:
                return value
    siblings = [other.get("id") or "" for other in resources if other.get("provider") == reference]
    found = {match[1] for match in map(_SUBSCRIPTION.match, siblings) if match}
    return found.pop() if len(found) == 1 else None


def dependencies(resource: State) -> set[str]:
    """URNs that `pulumi stack import` demands earlier in the state, and the reference to the provider.

    Source: pulumi/pkg, resource/deploy/snapshot.go, VerifyIntegrity.
    """
    found = {*resource.get("dependencies", ()), *resource.get("replaceWith", ())}
    for urns in (resource.get("propertyDependencies") or {}).values():
        found.update(urns or ())
    found.update(resource.get(key, "") for key in ("parent", "deletedWith"))
    if not resource.get("pendingReplacement"):
        found.add(resource.get("provider", ""))
    return found - {""}


def names(resources: Iterable[State]) -> set[str]:
    """What others may refer to: URNs, and references to providers."""
    return {name for resource in resources for name in (resource["urn"], f"{resource['urn']}::{resource.get('id')}")}


def in_order(resources: Sequence[State]) -> list[State]:
    """Every resource after what it depends on, otherwise in the given order."""
    ordered: list[State] = []
    placed: set[str] = set()
    waiting = list(resources)
    while waiting:
        ready = next((index for index, resource in enumerate(waiting) if dependencies(resource) <= placed), None)
        if ready is None:
            return ordered + waiting  # it was not in order before; the CLI says what is wrong with it
        ordered.append(waiting.pop(ready))
        placed |= names(ordered[-1:])
    return ordered


def has_secret(value: object) -> bool:
    """Whether there is a secret in the value of a property."""
    if isinstance(value, dict):
        return value.get(SIGNATURE) == SECRET or any(map(has_secret, value.values()))
    return isinstance(value, list) and any(map(has_secret, value))


def unread(export: State) -> list[State]:
    """Resources that a repair has adopted and no refresh has read so far: they have an id and no output."""
    resources: list[State] = export["deployment"].get("resources") or []
    return [
        resource
        for resource in resources
        if resource.get("custom")
        and resource.get("id")
        and not resource.get("outputs")
        and not resource["type"].startswith("pulumi:")
    ]


def shielded(export: State) -> State:
    """The export with an empty secret as input for each secret output of what no refresh has read so far.

    The provider copies what it reads for the first time into the inputs, in plain text: a circuit's service key. The
    engine marks as secret what was secret there before. Source: pulumi/sdk, provider_plugin.go, annotateSecrets.
    """
    result = copy.deepcopy(export)
    for resource in unread(result):
        for name in resource.get("additionalSecretOutputs") or []:
            resource["inputs"].setdefault(name, {SIGNATURE: SECRET, "plaintext": '""'})
    return result


def sealed(export: State, adopted: Iterable[State]) -> State:
    """The export with the secret inputs of the adopted resources as they were recorded.

    A provider that reads a resource for the first time returns its inputs without knowing which are secret. Azure gives
    no shared or authorization key back; if a provider ever did, the backend's history of that refresh would keep it.
    """
    result = copy.deepcopy(export)
    recorded = {(resource["urn"], resource["id"]): resource.get("inputs") or {} for resource in adopted}
    for resource in result["deployment"].get("resources") or []:
        for key, value in recorded.get((resource["urn"], resource.get("id")), {}).items():
            if has_secret(value) and not has_secret(resource["inputs"].get(key)) and key in resource["inputs"]:
                resource["inputs"][key] = value
    return result


def marked(export: State) -> State:
    """The export with what Azure shows as Failed marked as not finished, so that the engine's next update is forced."""
    result = copy.deepcopy(export)
    for resource in result["deployment"].get("resources") or []:
        if (resource.get("outputs") or {}).get("provisioningState") == "Failed":
            resource["initErrors"] = ["provisioningState is Failed"]
    return result


def pulumi(*arguments: str, stack: str | None, given: State | None = None, show: bool = True) -> str:
    """Run the CLI; its output, shown as it comes or else returned. ``given`` goes to its standard input.

    Raises :class:`CannotRecover` if it fails.
    """
    command = ["pulumi", *arguments, "--non-interactive", *(("--stack", stack) if stack else ())]
    text = None if given is None else json.dumps(given)
    try:
        done = subprocess.run(
            command, input=text, stdout=None if show else subprocess.PIPE, text=True, encoding="utf-8", check=False
        )
    except FileNotFoundError:
        raise CannotRecover("pulumi is not on PATH; toolchain/pulumi_cli.py provides it") from None
    if done.returncode:
        raise CannotRecover(f"`pulumi {' '.join(arguments)}` failed with exit code {done.returncode}")
    return done.stdout or ""


def mend_backend() -> None:
    """Remove files of attributes that a kill has left empty. Source: gocloud.dev, fileblob, writes them in place."""
    backend = urlsplit(json.loads(pulumi("whoami", "--verbose", "--json", stack=None, show=False))["url"])
    if backend.scheme != "file":
        return
    for file in Path(backend.netloc + backend.path).expanduser().joinpath(".pulumi").rglob("*.attrs"):
        if file.stat().st_size == 0:
            file.unlink()
            print(f"{file}: was empty, removed")


def keep(export: State) -> str:
    """Write the state to a new file that only the user can read, and return its path."""
    descriptor, path = tempfile.mkstemp(prefix="vpner-state-", suffix=".json")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(export, file, indent=4)
    return path


def recover(stack: str | None) -> None:
    """Repair the stack. Raises :class:`CannotRecover`; run again, it goes on where it stopped."""
    mend_backend()
    try:
        pulumi("cancel", "--yes", stack=stack)
    except CannotRecover as error:
        print(f"{error}; going on: there may be no lock")
    export: State = json.loads(pulumi("stack", "export", stack=stack, show=False))
    if not export.get("deployment"):
        print("The stack has no state: nothing to repair.")
        return
    repaired, findings = repair(export, os.environ.get("ARM_SUBSCRIPTION_ID"))
    adopted = unread(repaired)
    if not findings and not adopted:
        print("No operation was interrupted: nothing to repair.")
        return
    for finding in findings:
        print(finding)
    if findings:
        print(f"The state as it was: {keep(export)}")
    if (prepared := shielded(repaired)) != export:
        pulumi("stack", "import", stack=stack, given=prepared)
    pulumi("refresh", "--yes", "--skip-preview", "--suppress-outputs", stack=stack)
    refreshed: State = json.loads(pulumi("stack", "export", stack=stack, show=False))
    if (result := marked(sealed(refreshed, adopted))) != refreshed:
        pulumi("stack", "import", stack=stack, given=result)
    existing = {resource["urn"] for resource in refreshed["deployment"].get("resources") or []}
    for resource in adopted:
        print(f"{resource['urn']}: {'exists' if resource['urn'] in existing else 'does not exist, dropped'}")
    print("Repaired. `pulumi up` goes on from here.")


def main() -> int:
    """Command line; exit code 0, or 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stack", help="the stack, if it is not the selected one")
    arguments = parser.parse_args()
    try:
        recover(arguments.stack)
    except CannotRecover as error:
        print(f"Not repaired: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
