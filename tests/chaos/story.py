"""One seeded run: a project's life under faults, driven as a person would, and what must be true of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.site import Site, SmallSite
from tests.chaos.small import PRE_SHARED_KEY
from tests.engine.workspace import Run
from toolchain.simulated import IN_USE
from vpner.simulator.chaos import JOURNAL_FILE, Dice, Entry, Fault
from vpner.simulator.client import surfaces
from vpner.simulator.kinds.circuits import BY_PROVIDER
from vpner.simulator.references import FAILED, STATE
from vpner.simulator.store import STATE_FILE

WITHDRAWN = "withdrawn"
"""Beside the faults of requests: the provider takes the circuits down while connections use them."""
EVERYTHING = "all together"
KINDS = (*Fault, WITHDRAWN)

LAB_EVERY = 50
"""Every so many seeds, the reference lab is taken instead of the small program."""
_RATE = 0.2
_LAB_RATE = 0.08
"""The lab has four times as many resources."""
_MOST = 40
"""Commands until one step must have succeeded."""


@dataclass(frozen=True)
class Plan:
    """What a seed stands for."""

    seed: int

    @property
    def kind(self) -> str:
        """What goes wrong: everything for every second seed, one thing for the others."""
        return EVERYTHING if self.seed % 2 else KINDS[self.seed // 2 % len(KINDS)]

    @property
    def lab(self) -> bool:
        return self.seed % LAB_EVERY == LAB_EVERY - 1

    @property
    def dice(self) -> Dice | None:
        if self.kind == WITHDRAWN:
            return None
        faults = tuple(Fault) if self.kind == EVERYTHING else (Fault(self.kind),)
        return Dice(self.seed, _LAB_RATE if self.lab else _RATE, faults)

    @property
    def withdraws(self) -> bool:
        """Whether the provider takes the circuits down: sometimes if everything goes wrong."""
        return self.kind == WITHDRAWN or (self.kind == EVERYTHING and Random(self.seed).random() < _RATE)

    @property
    def again(self) -> str:
        """The command that runs this seed alone."""
        return f"VPNER_CHAOS={self.seed} .venv/bin/python -m pytest tests/chaos/test_chaos.py -q -s"


class Lost(AssertionError):
    """What a run must not end in; it names the seed and how to run it again."""

    def __init__(self, plan: Plan, what: str, output: str = "") -> None:
        program = "lab" if plan.lab else "small program"
        super().__init__(f"seed {plan.seed} ({plan.kind}, {program}): {what}\nAgain: {plan.again}\n{output}")


@dataclass
class Told:
    """A run that has ended well."""

    plan: Plan
    entries: list[Entry]
    commands: list[str] = field(default_factory=list[str])
    """``up``, ``destroy``, ``recover`` in their order."""
    needed: int = 0
    """Of these, how many would have been needed without faults."""
    withdrawals: int = 0


@dataclass
class Person:
    """Runs a command again while a fault stops it, and repairs the stack when something else does."""

    plan: Plan
    site: Site
    commands: list[str] = field(default_factory=list[str])
    needed: int = 0

    def insist(self, verb: str, *arguments: str) -> Run:
        """Until the command succeeds."""
        self.needed += 1
        repaired = False
        for _ in range(_MOST):
            before = len(self.site.decided())
            run = self.site.pulumi(verb, *arguments, policies=False)
            self.commands.append(verb)
            if run.code == 0:
                return run
            if any(surfaces(entry) for entry in self.site.decided()[before:]):
                repaired = False
                continue
            if repaired:
                raise Lost(self.plan, f"a repair does not help {verb}", run.output)
            repair = self.site.recover()
            self.commands.append("recover")
            if repair.code:
                raise Lost(self.plan, f"the repair fails after {verb}", run.output + repair.output)
            if "nothing to repair" in repair.output and "locked" not in run.output:
                raise Lost(self.plan, f"{verb} stops without a fault, and nothing is to be repaired", run.output)
            repaired = True
        raise Lost(self.plan, f"{verb} does not come to an end", "\n".join(self.site.log[-3:]))


def tell(plan: Plan, folder: Path) -> Told:
    """Order, provision, connect, change, destroy. Raises :class:`Lost`."""
    site = Site.create(folder, "dev") if plan.lab else SmallSite.create(folder)
    assert isinstance(site, Site)
    person = Person(plan, site)
    site.dice = plan.dice

    site.configure(stage="ordered")
    person.insist("up")
    site.provision()
    site.configure(stage="provisioned")
    person.insist("up")
    withdrawals = _change(plan, person)
    _check_converged(plan, person)
    secrets = _secrets(site)

    targets = [part for urn in IN_USE for part in ("--target", urn)]
    person.insist("destroy", *targets, "--target-dependents")
    site.deprovision()
    person.insist("destroy")
    if left := [record.id for record in site.records()]:
        raise Lost(plan, f"destroyed, and still there: {', '.join(left)}")
    if left := site.resources():
        raise Lost(plan, f"destroyed, and still in the state: {', '.join(left)}")
    for where in _leaks(site, secrets):
        raise Lost(plan, f"a secret is in {where}")
    return Told(plan, site.decided(), person.commands, person.needed, withdrawals)


def _change(plan: Plan, person: Person) -> int:
    """Change the program, perhaps with circuits that are gone meanwhile: then Azure says what is missing."""
    site = person.site
    site.configure(preference="ASPath")
    if not plan.withdraws or plan.lab:  # the lab's change does not touch its connections
        person.insist("up")
        return 0
    site.withdraw()
    dice, site.dice = site.dice, None
    refused = site.pulumi("up", policies=False)
    person.commands.append("up")
    site.dice = dice
    if refused.code == 0 or "serviceProviderProvisioningState NotProvisioned; it must be" not in refused.output:
        raise Lost(plan, "nothing says that the circuit is not provisioned", refused.output)
    site.provision()
    person.insist("up")
    return 1


def _check_converged(plan: Plan, person: Person) -> None:
    """Another update changes nothing, state and Azure hold the same, and nothing is left half done."""
    site = person.site
    run = site.pulumi("up", "--expect-no-changes", policies=False)
    person.commands.append("up")
    person.needed += 1
    if run.code:
        raise Lost(plan, "another up changes something", run.output)
    deployment = site.exported()
    if deployment.get("pending_operations"):
        raise Lost(plan, "operations are pending")
    resources = site.resources().values()
    in_state = {str(item["id"]).lower() for item in resources if str(item["id"]).startswith("/")}
    # What others than the program make: the peerings that a layer 3 provider configures.
    made = {record.key for record in site.records() if BY_PROVIDER not in record.chosen}
    in_azure = {record.key for record in site.records()}
    if lost := made - in_state:
        raise Lost(plan, f"in Azure, and in no state: {', '.join(sorted(lost))}")
    if missing := in_state - in_azure:
        raise Lost(plan, f"in the state, and not in Azure: {', '.join(sorted(missing))}")
    if failed := [record.id for record in site.records() if record.chosen.get(STATE) == FAILED]:
        raise Lost(plan, f"left in provisioningState Failed: {', '.join(failed)}")
    if unfinished := [item["urn"] for item in resources if item.get("initErrors")]:
        raise Lost(plan, f"not finished, says the state: {', '.join(unfinished)}")


def _secrets(site: Site) -> set[str]:
    """What must not be seen: the pre-shared key, and the keys that Azure has made."""
    made = {
        str(record.chosen.get(name, "")) for record in site.records() for name in ("serviceKey", "authorizationKey")
    }
    return {PRE_SHARED_KEY, *made} - {""}


def _leaks(site: Site, secrets: set[str]) -> Iterator[str]:
    """Where a secret stands in plain text: in what was printed, or in a file other than Azure's own."""
    for secret in secrets:
        if any(secret in output for output in site.log):
            yield "what was printed"
    azures_own = (STATE_FILE, JOURNAL_FILE)
    for path in site.folder.rglob("*"):
        if path.is_file() and path.name not in azures_own:
            content = path.read_bytes()
            if any(secret.encode() in content for secret in secrets):
                yield str(path)
