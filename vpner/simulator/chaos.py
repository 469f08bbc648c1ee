"""Random faults of Azure, the same for the same seed, for tests of what a deployment survives.

``VPNER_SIMULATOR_CHAOS`` asks for them: ``seed=7 rate=0.2 faults=busy,failed``. ``rate`` is how likely a request goes
wrong (0.1 unless given), ``faults`` which of :class:`Fault` are used (all unless given). What happens to a request
follows from the seed, the operation, the resource's name in the program and how often that was asked for before, and
not from the order in which an engine works. What was decided is written to :data:`JOURNAL_FILE` in the simulation's
folder, before it happens: so the count goes on in the next command, also after a kill.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from threading import Lock
from typing import cast

from pydantic import TypeAdapter

from vpner.problems import Problem, Problems

VARIABLE = "VPNER_SIMULATOR_CHAOS"
JOURNAL_FILE = "chaos.jsonl"

_RATE = 0.1
_LONGEST = 5
"""Tries that a refusal lasts at most."""


class Fault(StrEnum):
    """What can go wrong with one request. What the provider makes of it is in ``client``."""

    THROTTLED = "throttled"
    """429 SubscriptionRequestsThrottled, for one to five tries. [Learn: Request limits and throttling]"""
    BUSY = "busy"
    """409 AnotherOperationInProgress, for one to five tries. [Azure/terraform-provider-azapi#503]"""
    NOT_PROVISIONED = "not-provisioned"
    """429 RetryableError, because a resource that the body refers to is still Updating (its detail is
    ReferencedResourceNotProvisioned), for one to five tries. [hashicorp/terraform#7986]"""
    FAILED = "failed"
    """The operation is accepted and fails; the resource stays, in provisioningState Failed, until it is saved again.
    [Azure/azure-powershell#2419, Azure/azure-sdk-for-ruby#739]"""
    NOTHING_LEFT = "nothing-left"
    """The creation is accepted and fails, and there is no resource. [pulumi/pulumi-azure-native#1126, the error of
    hashicorp/terraform-provider-azurerm#30197]"""
    TIMED_OUT = "timed-out"
    """The operation takes longer than the provider waits, and succeeds later. [Azure/Azure-Landing-Zones#1507]"""
    KILLED_BEFORE = "killed-before"
    """The engine is killed with SIGKILL before the request reaches Azure."""
    KILLED_AFTER = "killed-after"
    """The engine is killed when Azure has done it, and before it hears of it."""


REFUSALS = frozenset({Fault.THROTTLED, Fault.BUSY, Fault.NOT_PROVISIONED})
"""Faults after which nothing has changed, and which pass."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A request, and what was decided about it."""

    operation: str
    """create, update or delete."""
    name: str
    """Of the resource in the program."""
    attempt: int
    """How often this was asked for, from 1; the provider's own tries count as one."""
    fault: Fault | None
    lasts: int = 0
    """How many tries are refused; 0 for what is no refusal."""


_ENTRY = TypeAdapter(Entry)


@dataclass(frozen=True, slots=True)
class Dice:
    """What is thrown for every request."""

    seed: int
    rate: float = _RATE
    """Between 0 and 1."""
    faults: tuple[Fault, ...] = tuple(Fault)

    def throw(self, operation: str, name: str, attempt: int, possible: Collection[Fault]) -> Entry:
        """What happens to a request, out of the faults that are possible for it."""
        random = Random(f"{self.seed}/{operation}/{name}/{attempt}")
        goes_wrong = random.random() < self.rate
        faults = [fault for fault in self.faults if fault in possible]
        if not goes_wrong or not faults:
            return Entry(operation, name, attempt, None)
        fault = random.choice(faults)
        lasts = random.randint(1, _LONGEST) if fault in REFUSALS else 0
        return Entry(operation, name, attempt, fault, lasts)


class Chaos:
    """Decides about every request of one simulation, and writes it down. Without dice nothing goes wrong."""

    def __init__(self, dice: Dice | None = None, folder: Path = Path()) -> None:
        self._dice = dice
        self._file = folder / JOURNAL_FILE
        self._lock = Lock()
        past = journal(folder) if dice else ()
        self._asked = Counter((entry.operation, entry.name) for entry in past)

    def decide(self, operation: str, name: str, possible: Collection[Fault]) -> Entry | None:
        """What happens to the next request of this kind; None without dice."""
        if self._dice is None:
            return None
        with self._lock:
            self._asked[operation, name] += 1
            entry = self._dice.throw(operation, name, self._asked[operation, name], possible)
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(self._file, "ab") as file:
                file.write(_ENTRY.dump_json(entry) + b"\n")
        return entry


def journal(folder: Path) -> Iterator[Entry]:
    """What has been decided in a simulation so far."""
    try:
        lines = (folder / JOURNAL_FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return
    yield from map(_ENTRY.validate_json, lines)


def parse(text: str | None) -> Dice | None:
    """The dice that the variable's text describes; None if there is no text. Raises :class:`Problems`."""
    if not text:
        return None
    given = dict(cast("tuple[str, str]", item.partition("=")[::2]) for item in text.split())
    names = [name for name in given.pop("faults", "").split(",") if name]
    seed, rate = given.pop("seed", ""), given.pop("rate", str(_RATE))
    wrong = [
        *(f"{name!r} is none of seed, rate and faults" for name in given),
        *(f"there is no fault {name!r}" for name in names if name not in list(Fault)),
        *([] if seed.isdecimal() else [f"the seed is {seed!r}, not a whole number"]),
        *([] if _is_rate(rate) else [f"the rate is {rate!r}, not a number between 0 and 1"]),
    ]
    if wrong:
        remedy = f"write it like: seed=7 rate=0.2 faults=busy,failed; faults are {', '.join(Fault)}"
        why = "It is written as seed=NUMBER [rate=NUMBER] [faults=NAME,...]"
        raise Problems("Simulated Azure", [Problem(VARIABLE, what, why, remedy, "simulator-chaos") for what in wrong])
    return Dice(int(seed), float(rate), tuple(Fault(name) for name in names) or tuple(Fault))


def _is_rate(text: str) -> bool:
    try:
        return 0 <= float(text) < 1
    except ValueError:
        return False


def from_environment(folder: Path) -> Chaos:
    """What the environment asks for, in the simulation of the folder. Raises :class:`Problems`."""
    return Chaos(parse(os.environ.get(VARIABLE)), folder)
