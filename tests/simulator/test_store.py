from __future__ import annotations

import json
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vpner.problems import Problems
from vpner.simulator.store import STATE_FILE, Record, Store

INCREMENT = """
import sys
from pathlib import Path
from tests.simulator.test_store import increment
from vpner.simulator.store import Store
increment(Store(Path(sys.argv[1])), int(sys.argv[2]))
"""


def increment(store: Store, times: int) -> None:
    """Add one in a transaction of its own, again and again."""
    for _ in range(times):
        with store.transaction() as change:
            record = change.get("/counter")
            value = record.body["value"] if record else 0
            assert isinstance(value, int)
            change.put(Record("/counter", "test", {"value": value + 1}))


def fail_after_changes(store: Store) -> None:
    with store.transaction() as change:
        change.delete("/counter")
        change.put(Record("/other", "test", {}))
        raise RuntimeError


def test_changes_of_threads_and_processes_are_not_lost(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", INCREMENT, str(tmp_path), "20"], cwd=Path(__file__).parents[2])
        for _ in range(2)
    ]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: increment(Store(tmp_path), 20), range(4)))
    assert [process.wait() for process in processes] == [0, 0]
    record = Store(tmp_path).snapshot().get("/counter")
    assert record is not None
    assert record.body["value"] == 120


def test_one_store_sees_what_another_wrote(tmp_path: Path) -> None:
    reader, writer = Store(tmp_path), Store(tmp_path)
    assert reader.snapshot().get("/counter") is None
    increment(writer, 2)
    record = reader.snapshot().get("/COUNTER")
    assert record is not None
    assert record.body == {"value": 2}


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    increment(store, 1)
    with pytest.raises(RuntimeError):
        fail_after_changes(store)
    assert [record.id for record in Store(tmp_path).snapshot().all()] == ["/counter"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["azure.json", "azure.lock"]


def test_only_the_owner_can_read_the_state(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    increment(store, 1)
    assert stat.S_IMODE((store.folder / STATE_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "resources": []}', '{"format": 1, "resources": [{}]}'])
def test_a_state_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE_FILE).write_text(text)
    with pytest.raises(Problems, match="simulator-state-unreadable") as raised:
        Store(tmp_path).snapshot()
    assert str(tmp_path / STATE_FILE) in str(raised.value)


def test_clearing_empties_the_subscriptions(tmp_path: Path) -> None:
    store = Store(tmp_path)
    increment(store, 1)
    assert store.clear() == 1
    assert store.clear() == 0
    assert json.loads((tmp_path / STATE_FILE).read_text())["resources"] == []
