"""Takes the steps, one connection at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from vpner.plan.tunnel import DOWN
from vpner.problems import Problem
from vpner.rotation.connections import Connection, Key
from vpner.rotation.steps import Step, Work, unfinished

Say = Callable[[str], None]


class World(Protocol):
    """Pulumi and Azure. Every action can be taken again when it was interrupted."""

    def read(self) -> list[Connection]:
        """The connections as they are in the stack's state now."""
        ...

    def in_azure(self, connection: Connection) -> Key:
        """The key that Azure returns."""
        ...

    def make(self, connection: Connection) -> None:
        """Generate a new key in the state, and touch nothing else."""
        ...

    def load(self, connection: Connection) -> None:
        """Give the state's key to a device of the stack's own."""
        ...

    def set(self, connection: Connection) -> None:
        """Give the state's key to Azure; returns when Azure has done its work."""
        ...

    def status(self, connection: Connection) -> str:
        """Azure's connectionStatus, once it stays Connected, or after a while."""
        ...

    def record(self, connection: Connection) -> None:
        """Write the state's key into the connection's own state. Azure has it, which is attested."""
        ...


class Waiting(Exception):
    """A person has to load a key before it goes on."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(f"{connection.device} has to load its new key")
        self.connection = connection


class Stopped(Exception):
    """A connection is not as it should be after its rotation; the others are left alone."""

    def __init__(self, problem: Problem, *, unknown: bool = False) -> None:
        super().__init__(str(problem))
        self.unknown = unknown
        """Nobody knows whether it is well."""


def rotate(world: World, work: Iterable[Work], loaded: Collection[str], say: Say) -> None:
    """Do the work, in its order. ``loaded``: devices that are said to have the key that the state has now.

    The next connection is begun when state and Azure have the same key and the connection is Connected. Raises
    :class:`Waiting` when a person's step comes next, and :class:`Stopped`.
    """
    confirmed = set(loaded)
    for item in work:
        connection = item.connection
        for index, step in enumerate(item.steps):
            say(f"{connection.name}: {step.value} ({index + 1} of {len(item.steps)})")
            if step is Step.MAKE:
                confirmed.discard(connection.device)  # what it has loaded is the key before
            _take(world, step, connection, confirmed)
            connection = _now(world, connection)
        left = unfinished(connection, world.in_azure(connection))
        if left:
            raise Stopped(_differs(connection))
        say(f"{connection.name}: done; state and Azure have the same new key")


def _take(world: World, step: Step, connection: Connection, confirmed: Collection[str]) -> None:
    match step:
        case Step.MAKE:
            world.make(connection)
        case Step.LOAD:
            if connection.loader is not None:
                world.load(connection)
            elif connection.device not in confirmed:
                raise Waiting(connection)
        case Step.SET:
            world.set(connection)
            if world.in_azure(connection) != connection.key:
                raise Stopped(_differs(connection))
        case Step.RECORD:
            # Last, so that a connection which is not up is seen again when the command is.
            status = world.status(connection)
            if status != "Connected":
                raise Stopped(_down(connection, status), unknown=status not in DOWN)
            world.record(connection)


def _now(world: World, connection: Connection) -> Connection:
    return next(item for item in world.read() if item.id == connection.id)


def _differs(connection: Connection) -> Problem:
    return Problem(
        connection.name,
        "the key that Azure returns is not the one in the stack's state",
        "Azure keeps the key that its sharedkey call was given last: somebody else has changed it meanwhile",
        "find out who, and run vpner rotate-key again",
        "rotation-not-taken",
    )


def _down(connection: Connection, status: str) -> Problem:
    return Problem(
        connection.name,
        f"its connectionStatus is {status} with the new key",
        "The next connection is touched only when this one is up: together they would take down what they carry",
        f"see whether {connection.device} has loaded the stack's key and reaches Azure, then run the command again",
        "rotation-not-connected",
    )
