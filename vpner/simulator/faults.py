"""Faults on demand, for tests of what happens to a deployment. Random ones are in ``chaos``.

``VPNER_SIMULATOR_KILL`` names a point, as ``OPERATION WHEN TYPE[/NAME] [NUMBER]``: for example
``create after azure-native:network:VirtualHub`` or ``update before azure-native:network:Subnet/hub-app 2``. OPERATION
is create, update or delete; WHEN is before or after Azure's part; NAME is the resource's name in the program; NUMBER
counts from 1. When the point is reached, the command that runs with the simulator is killed with SIGKILL, and the call
is never answered.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from vpner.problems import Problem, Problems
from vpner.simulator import chaos
from vpner.simulator.chaos import Chaos
from vpner.simulator.protocol import ProviderError, Resource

VARIABLE = "VPNER_SIMULATOR_KILL"
_OPERATIONS = ("create", "update", "delete")
_MOMENTS = ("before", "after")


@dataclass(frozen=True, slots=True)
class Point:
    """A moment in the life of a deployment."""

    operation: str
    when: str
    token: str
    name: str | None
    number: int

    def matches(self, operation: str, when: str, resource: Resource) -> bool:
        """Whether the moment is this one, its number aside."""
        named = self.name is None or self.name == resource.name
        return (self.operation, self.when, self.token) == (operation, when, resource.token) and named


class Faults:
    """What goes wrong: at one point the engine is killed, and at random whatever ``chaos`` decides."""

    def __init__(
        self, point: Point | None = None, kill: Callable[[], None] = lambda: None, chaos: Chaos | None = None
    ) -> None:
        self.chaos = chaos or Chaos()
        self._point = point
        self._kill = kill
        self._over = threading.Event()
        self._seen = 0
        self._lock = threading.Lock()

    def reach(self, operation: str, when: str, resource: Resource) -> None:
        """Say that a moment has come. Does not return if it is the one that was waited for."""
        if self._point is None or not self._point.matches(operation, when, resource):
            return
        with self._lock:
            self._seen += 1
            if self._seen != self._point.number:
                return
        self.kill(f"{when} {operation} of {resource.name}")

    def kill(self, moment: str) -> NoReturn:
        """Kill the engine."""
        self._kill()
        self._over.wait()  # the caller is dead; nobody wants an answer
        raise ProviderError(f"the engine was killed {moment}")

    def release(self) -> None:
        """Let the threads that wait here end."""
        self._over.set()


def parse(text: str | None) -> Point | None:
    """The point that the variable's text names; None if there is no text. Raises :class:`Problems`."""
    if not text:
        return None
    match text.split():
        case [operation, when, what, *number] if operation in _OPERATIONS and when in _MOMENTS and len(number) < 2:
            token, _, name = what.partition("/")
            if all(item.isdecimal() for item in number):
                return Point(operation, when, token, name or None, int(number[0]) if number else 1)
        case _:
            pass
    problem = Problem(
        VARIABLE,
        f"{text!r} names no point",
        "It is written as OPERATION WHEN TYPE[/NAME] [NUMBER]",
        "write it like: create after azure-native:network:VirtualHub",
        "simulator-kill-point",
    )
    raise Problems("Simulated Azure", [problem])


def from_environment(kill: Callable[[], None], folder: Path) -> Faults:
    """What the environment asks for, in the simulation of the folder."""
    return Faults(parse(os.environ.get(VARIABLE)), kill, chaos.from_environment(folder))
