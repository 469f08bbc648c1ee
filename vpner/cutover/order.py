"""The orders that an update can take: a partial order of changes, its ideals and its linearizations.

A set of changes is a number, one bit a change, by position. An *ideal* is a set that holds whatever its members need:
exactly these are the states in which an update can be at some moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vpner.cutover.changes import Change
from vpner.problems import Problem, Problems

Done = int
"""A set of changes."""

MOST = 100_000
"""Sets that are listed at most."""


class Order:
    """Changes with what they need."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = tuple(changes)
        positions = {change.key: position for position, change in enumerate(self.changes)}
        self._needs = [sum(1 << positions[key] for key in change.needs) for change in self.changes]
        self.all: Done = (1 << len(self.changes)) - 1

    def steps(self, done: Done, until: Done) -> Iterator[tuple[int, Done]]:
        """What can come next on the way to a set: the position of the change, and the set after it."""
        for position, needs in enumerate(self._needs):
            bit = 1 << position
            if bit & until and not bit & done and needs & done == needs:
                yield position, done | bit

    def ideals(self, start: Done, until: Done, most: int = MOST) -> list[Done]:
        """Every set that an update from one set to another can pass through, both included, the smaller first.

        Raises :class:`Problems` if there are more than ``most``.
        """
        found = [start]
        seen = {start}
        for done in found:
            if len(found) > most:
                raise Problems("cannot judge every order", [_too_many(len(self.of(until & ~start)), most)])
            for _, following in self.steps(done, until):
                if following not in seen:
                    seen.add(following)
                    found.append(following)
        return found

    def linearizations(self, start: Done, until: Done) -> int:
        """In how many orders the changes between two sets can be made."""
        ways = {start: 1}
        for done in self.ideals(start, until):
            for _, following in self.steps(done, until):
                ways[following] = ways.get(following, 0) + ways[done]
        return ways[until]

    def of(self, done: Done) -> tuple[Change, ...]:
        """The changes of a set."""
        return tuple(change for position, change in enumerate(self.changes) if done >> position & 1)


def _too_many(changes: int, most: int) -> Problem:
    return Problem(
        "cutover",
        f"{changes} changes can pass through more than {most} states",
        "Every state is judged, and none is left out",
        "go in several cutovers: write the network in between as a topology of its own",
        "too-many-states",
    )
