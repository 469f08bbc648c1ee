"""The resources of the simulated subscriptions: one JSON file, shared by threads and processes.

Whoever changes something does it in a transaction: it takes the lock, sees the newest state, and its changes are
written together or not at all. The file is replaced, never written in place, and only its owner can read it.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, cast

from vpner.arm import references
from vpner.problems import Problem, Problems

STATE_FILE = "azure.json"
_LOCK_FILE = "azure.lock"
_FORMAT = 1

Body = dict[str, object]
"""JSON object: text, numbers, booleans, lists and objects."""


@dataclass(frozen=True)
class Record:
    """One resource as it is stored."""

    id: str
    """Its ARM id in the spelling of its creation."""
    type: str
    """Azure's type."""
    body: Mapping[str, object]
    """What was last PUT, with secrets sealed."""
    chosen: Mapping[str, object] = field(default_factory=dict[str, object])
    """What Azure chose or others wrote: addresses, keys, states."""
    revision: int = 1
    """How often it was written; its etag derives from it."""

    @cached_property
    def key(self) -> str:
        """What it is found by: ids are not case-sensitive."""
        return self.id.lower()

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """What it refers to, in lower case."""
        return tuple(target.lower() for target in references(self.body))

    @cached_property
    def text(self) -> str:
        """As it is stored."""
        stored = {"id": self.id, "type": self.type, "body": self.body, "chosen": self.chosen, "revision": self.revision}
        return json.dumps(stored)

    @property
    def name(self) -> str:
        """Its own name."""
        return self.id.rpartition("/")[2]

    def with_chosen(self, **values: object) -> Record:
        """The same resource with other values of Azure's."""
        return replace(self, chosen={**self.chosen, **values}, revision=self.revision + 1)


class Snapshot:
    """All resources at one moment."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = dict(records)

    def get(self, resource_id: str) -> Record | None:
        """The resource with the id, if it exists."""
        return self._records.get(resource_id.lower())

    def all(self, arm_type: str | None = None) -> Iterator[Record]:
        """Resources in the order of their creation, of one type or of all."""
        for record in list(self._records.values()):
            if arm_type is None or record.type == arm_type:
                yield record

    def within(self, resource_id: str, arm_type: str | None = None) -> Iterator[Record]:
        """Resources whose id lies under another's: its parts at any depth."""
        prefix = f"{resource_id.lower()}/"
        return (record for record in self.all(arm_type) if record.key.startswith(prefix))


class Transaction(Snapshot):
    """A snapshot that can be changed. What is not committed did not happen."""

    def put(self, record: Record) -> None:
        """Write a resource."""
        self._records[record.key] = record

    def delete(self, resource_id: str) -> None:
        """Remove a resource."""
        self._records.pop(resource_id.lower(), None)

    def records(self) -> Mapping[str, Record]:
        """Everything, by key."""
        return self._records


class Store:
    """The store in one folder, which is created when it is first used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / STATE_FILE
        self._cache: tuple[tuple[int, int, int] | None, Mapping[str, Record]] = (None, {})
        self._guard = RLock()

    def snapshot(self) -> Snapshot:
        """What is there now. Needs no lock: the file is replaced as a whole."""
        return Snapshot(self._load())

    @contextmanager
    def transaction(self) -> Generator[Transaction]:
        """Change the store. An exception inside changes nothing."""
        with self._locked():
            change = Transaction(self._load())
            yield change
            self._save(change.records())

    def clear(self) -> int:
        """Remove every resource; returns how many there were."""
        with self.transaction() as change:
            doomed = [record.id for record in change.all()]
            for resource_id in doomed:
                change.delete(resource_id)
        return len(doomed)

    @contextmanager
    def _locked(self) -> Generator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Every holder opens the file anew, so that the lock also keeps threads of one process apart.
        with open(os.open(self.folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _load(self) -> Mapping[str, Record]:
        with self._guard:
            try:
                status = self._file.stat()
            except FileNotFoundError:
                return {}
            version = _version(status)
            if self._cache[0] != version:
                # Read after stat: if the file is replaced in between, the next call sees another version.
                self._cache = (version, _decode(self._file))
            return self._cache[1]

    def _save(self, records: Mapping[str, Record]) -> None:
        resources = ",\n".join(record.text for record in records.values())
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{STATE_FILE}.")  # mode 0600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(f'{{"format": {_FORMAT}, "resources": [\n{resources}\n]}}\n')
            status = os.stat(temporary)
            Path(temporary).replace(self._file)
            with self._guard:  # what was just written need not be read again
                self._cache = (_version(status), dict(records))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_ino, status.st_size


def _decode(file: Path) -> Mapping[str, Record]:
    try:
        document = json.loads(file.read_text())
        if document["format"] != _FORMAT:
            raise ValueError(f"format {document['format']}")
        records = [
            Record(entry["id"], entry["type"], entry["body"], entry["chosen"], entry["revision"])
            for entry in cast("list[dict[str, Any]]", document["resources"])
        ]
    except (ValueError, KeyError, TypeError) as error:
        problem = Problem(
            str(file),
            f"the simulated subscription cannot be read ({error})",
            f"It is a JSON document of format {_FORMAT} that only the simulator writes",
            "remove the file to start with an empty subscription, or name another folder with --state",
            "simulator-state-unreadable",
        )
        raise Problems("Simulated Azure", [problem]) from error
    return {record.key: record for record in records}
