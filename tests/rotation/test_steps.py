"""What is to be done, and to which connection first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.rotation.worlds import connection
from vpner.problems import Problems
from vpner.rotation import Connection, Key, Selection, Step, plan_work, unfinished

OLD, NEW, OTHER = Key("the-old-one"), Key("the-new-one"), Key("nobody-knows")
ALL = (Step.MAKE, Step.LOAD, Step.SET, Step.RECORD)
JANUARY, MARCH, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 5))

REMAINING: list[tuple[str, Key, Key | None, tuple[Step, ...]]] = [
    ("nothing was begun", NEW, NEW, ()),
    ("a key was made", OLD, OLD, (Step.LOAD, Step.SET, Step.RECORD)),
    ("Azure has it, the connection's state not", NEW, OLD, (Step.RECORD,)),
    ("pulumi up wrote into the state what Azure ignored", OLD, NEW, (Step.LOAD, Step.SET, Step.RECORD)),
    ("somebody set another key in Azure", OTHER, NEW, (Step.LOAD, Step.SET, Step.RECORD)),
    ("an imported connection has no key in the state", NEW, None, (Step.RECORD,)),
]


@pytest.mark.parametrize(("what", "in_azure", "recorded", "steps"), REMAINING, ids=[row[0] for row in REMAINING])
def test_what_remains_is_seen_in_state_and_azure(
    what: str, in_azure: Key, recorded: Key | None, steps: tuple[Step, ...]
) -> None:
    assert unfinished(connection("fw1", key=NEW, recorded=recorded), in_azure) == steps


SETTLED = [
    connection("fw1", key=OLD, recorded=OLD, made=JANUARY),
    connection("fw2", key=OLD, recorded=OLD, made=MARCH),
    connection("fw3", key=OLD, recorded=OLD, made=None),
]
BEGUN = connection("fw2", key=NEW, recorded=OLD, made=MAY)

ORDERS: list[tuple[str, list[Connection], Selection, list[tuple[str, tuple[Step, ...]]]]] = [
    ("all", SETTLED, Selection(), [("fw1", ALL), ("fw2", ALL), ("fw3", ALL)]),
    ("one", SETTLED, Selection(["fw2-conn"]), [("fw2", ALL)]),
    ("old keys, and those of unknown age", SETTLED, Selection((), MARCH), [("fw1", ALL), ("fw3", ALL)]),
    ("one that is new enough", SETTLED, Selection(["fw2-conn"], MARCH), []),
    ("what was left, and nothing else", [SETTLED[0], BEGUN], Selection(), [("fw2", ALL[1:])]),
    (
        "what was left, then the rest",
        [SETTLED[0], BEGUN, SETTLED[2]],
        Selection((), MAY),
        [("fw2", ALL[1:]), ("fw1", ALL), ("fw3", ALL)],
    ),
    ("what was left, by name", [SETTLED[0], BEGUN], Selection(["fw2-conn"]), [("fw2", ALL[1:])]),
]


@pytest.mark.parametrize(("what", "connections", "selection", "expected"), ORDERS, ids=[row[0] for row in ORDERS])
def test_what_was_left_comes_first(what: str, connections: Any, selection: Selection, expected: Any) -> None:
    work = plan_work(connections, dict.fromkeys((item.name for item in connections), OLD), selection)
    assert [(item.connection.device, item.steps) for item in work] == expected


def test_everything_wrong_is_said_at_once_and_no_key_is_in_it() -> None:
    connections = [BEGUN, connection("fw4", key=OTHER, recorded=OTHER, generated=False)]
    in_azure = {"fw2-conn": OLD, "fw4-conn": OTHER}
    with pytest.raises(Problems) as refused:
        plan_work(connections, in_azure, Selection(["fw4-conn", "nothing"], MAY), ["fw9"])
    assert [(item.where, item.code) for item in refused.value.problems] == [
        ("--connection", "rotation-name"),
        ("--loaded", "rotation-name"),
        ("fw2-conn", "rotation-unfinished"),
        ("fw4-conn", "rotation-configured"),
    ]
    assert not any(key.value in str(refused.value) + repr(connections) for key in (OLD, NEW, OTHER))
