"""Speakers talk about one prefix until nothing changes, or until they repeat themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vpner.routing.bgp import Announced, Kind, Origin, Path
from vpner.routing.exchange import Offer, announce, tell
from vpner.routing.fabric import Fabric, SessionKey
from vpner.routing.steps import Steps, equals, rank
from vpner.topology import Prefix

MAX_ROUNDS = 1000


class Unsettled(RuntimeError):
    """The speakers neither settle nor repeat themselves."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What every speaker holds of a prefix, best path first. One speaker each, in the fabric's order."""

    held: tuple[tuple[Path, ...], ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What speakers held of a prefix before something changed: paths by session, and the selected one's session."""

    held: Mapping[SessionKey, Path]
    selected: frozenset[SessionKey]


def remember(fabric: Fabric, settled: Settled) -> Remembered:
    """A settled state, to start from when something has failed or been repaired."""
    keys = fabric.session_keys
    held = {keys[path.session]: path for paths in settled.held for path in paths if path.session >= 0}
    first = [paths[0] for paths in settled.held if paths]
    return Remembered(held, frozenset(keys[path.session] for path in first if path.session >= 0))


def converge(
    fabric: Fabric,
    prefix: Prefix,
    steps: Sequence[Steps],
    before: Remembered | None = None,
    routers_first: bool = True,
) -> tuple[Settled, ...]:
    """The state in which the speakers settle, or the states that they go round in, in their order.

    Speakers talk one after the other, each with what it has heard so far. That order stands for delays that nobody
    knows; it is the same in every run. With ``before`` they start from what they held then, and of equal paths the one
    that was selected stays selected (tie-oldest-path).
    """
    talk = _Talk(fabric, prefix, steps, fabric.order if routers_first else fabric.order[::-1])
    if before is not None:
        talk.recall(before)
    seen: dict[tuple[frozenset[tuple[int, Path]], ...], int] = {}
    history: list[Settled] = []
    for _ in range(MAX_ROUNDS):
        talk.round()
        if not talk.dirty:
            return (talk.settled(),)
        state = tuple(frozenset(paths.items()) for paths in talk.held)
        if state in seen:
            return tuple(history[seen[state] :])
        seen[state] = len(history)
        history.append(talk.settled())
    raise Unsettled(f"{prefix} neither settles nor repeats within {MAX_ROUNDS} rounds")


class _Talk:
    """What every speaker holds of one prefix while they talk. Own paths have negative keys, others their session's."""

    def __init__(self, fabric: Fabric, prefix: Prefix, steps: Sequence[Steps], order: Sequence[int]) -> None:
        self.fabric = fabric
        self.order = order
        self.prefix = prefix
        self.steps = steps
        self.held: list[dict[int, Path]] = [{} for _ in fabric.speakers]
        for index, (speaker, path) in enumerate(fabric.origins.get(prefix, ())):
            self.held[speaker][-1 - index] = path
        self.announced: dict[int, list[Announced]] = {}
        for speaker, item in fabric.announced.get(prefix, ()):
            self.announced.setdefault(speaker, []).append(item)
        self.dirty = {speaker for speaker, paths in enumerate(self.held) if paths} | set(self.announced)
        self.incumbents: dict[int, int] = {}

    def recall(self, before: Remembered) -> None:
        for session, key in zip(self.fabric.sessions, self.fabric.session_keys, strict=True):
            if key in before.held:
                path = before.held[key]
                path = path if path.session == session.index else replace(path, session=session.index)
                self.held[session.receiver][session.index] = path
            if key in before.selected:
                self.incumbents[session.receiver] = session.index
        self.dirty = set(range(len(self.fabric.speakers)))

    def round(self) -> None:
        for speaker in self.order:
            if speaker in self.dirty:
                self.dirty.discard(speaker)
                self.dirty |= self._speak(speaker)

    def settled(self) -> Settled:
        return Settled(tuple(tuple(self._ranked(speaker)) for speaker in range(len(self.fabric.speakers))))

    def _ranked(self, speaker: int) -> list[Path]:
        """Best first; a path that has stayed selected stays before its equals."""
        mine, steps = self.held[speaker], self.steps[speaker]
        ranked = rank(steps, mine.values())
        incumbent = mine.get(self.incumbents[speaker]) if speaker in self.incumbents else None
        if incumbent is None:
            self.incumbents.pop(speaker, None)
        elif incumbent in equals(steps, ranked):
            ranked.remove(incumbent)
            ranked.insert(0, incumbent)
        return ranked

    def _speak(self, speaker: int) -> set[int]:
        """Let a speaker tell all its neighbours; returns those that heard something new."""
        mine, steps = self.held[speaker], self.steps[speaker]
        best = next(iter(self._ranked(speaker)), None)
        changed: set[int] = set()
        for session in self.fabric.outgoing[speaker]:
            path: Path | None = None
            fixed = next((item for item in self.announced.get(speaker, ()) if session.index in item.sessions), None)
            if fixed is not None:
                some = best or Path((), None, Origin.NETWORK, Kind.EXTERNAL)
                offer = Offer(self.fabric, session, self.prefix, some, mine, steps)
                path = announce(offer, fixed.as_path, fixed.next_hop, fixed.med)
            elif best is not None:
                path = tell(Offer(self.fabric, session, self.prefix, best, mine, steps))
            theirs = self.held[session.receiver]
            if theirs.get(session.index) != path:
                changed.add(session.receiver)
                if path is None:
                    del theirs[session.index]
                else:
                    theirs[session.index] = path
        return changed
