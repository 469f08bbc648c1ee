"""A rotation that is killed at any moment, and run again. Truth is what each end has in a small world."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rotation.worlds import BEGINNING, Killed, SmallWorld
from vpner.rotation import Key, Selection, Step, Stopped, Waiting, plan_work, rotate

DEVICES = ("fw1", "fw2", "fw3")
OLD_ONES = Selection((), BEGINNING + timedelta(hours=1))


def run(world: SmallWorld, selection: Selection = OLD_ONES, loaded: tuple[str, ...] = ()) -> None:
    """The command: look, plan, rotate."""
    connections = world.read()
    work = plan_work(connections, {item.name: world.in_azure(item) for item in connections}, selection, loaded)
    rotate(world, work, loaded, lambda _: None)


def run_with_operator(world: SmallWorld, selection: Selection = OLD_ONES) -> None:
    """The command, and a person who loads what it asks for."""
    loaded: tuple[str, ...] = ()
    while True:
        try:
            run(world, selection, loaded)
        except Waiting as waiting:
            world.load_by_hand(waiting.connection.device)
            loaded = (waiting.connection.device,)
        else:
            return


def at_most_one(world: SmallWorld) -> None:
    assert len(world.in_work()) <= 1
    assert set(world.differing()) <= set(world.in_work())


def interrupted(own: tuple[str, ...], kills: list[int]) -> SmallWorld:
    """A world after a rotation that was killed at these moments, one after the other, and then ran through."""
    world = SmallWorld(DEVICES, own)
    world.watch = at_most_one
    for moment in kills:
        world.killed_at, world.moments = moment, 0
        try:
            run_with_operator(world)
        except Killed:
            continue
    world.killed_at = None
    run_with_operator(world)
    return world


@pytest.mark.parametrize("own", [(), ("fw1",), DEVICES])
@pytest.mark.parametrize("moment", range(2 * len(Step) * len(DEVICES)))
def test_killed_at_any_moment_and_run_again_every_key_is_new_once(own: tuple[str, ...], moment: int) -> None:
    world = interrupted(own, [moment])
    assert world.in_work() == []
    assert world.made == len(DEVICES), "no key is generated twice"
    assert all(key != Key(f"{device}-0") for device, key in world.azure.items())


@settings(deadline=None)
@given(st.lists(st.integers(0, 24), max_size=8), st.sets(st.sampled_from(DEVICES)))
def test_killed_again_and_again_it_converges(kills: list[int], own: set[str]) -> None:
    world = interrupted(tuple(own), kills)
    assert world.in_work() == []
    assert world.made == len(DEVICES)


def test_without_a_time_an_interrupted_rotation_is_finished_and_no_other_is_begun() -> None:
    world = SmallWorld(DEVICES, DEVICES)
    world.killed_at = 3
    with pytest.raises(Killed):
        run(world, Selection())
    world.killed_at = None
    run(world, Selection())
    assert (world.in_work(), world.made) == ([], 1)
    run(world, Selection())
    assert world.made == 1 + len(DEVICES)


def test_a_device_that_is_said_to_have_loaded_one_key_is_asked_about_the_next() -> None:
    world = SmallWorld(["fw1"])
    with pytest.raises(Waiting):
        run(world, loaded=("fw1",))
    assert world.azure["fw1"] == world.devices["fw1"] == Key("fw1-0")


def test_azure_is_not_touched_before_the_device_has_the_key() -> None:
    world = SmallWorld(DEVICES)
    for _ in range(3):
        with pytest.raises(Waiting) as waiting:
            run(world)
        assert waiting.value.connection.device == "fw1"
    assert (world.made, world.differing()) == (1, [])


@pytest.mark.parametrize(("status", "unknown"), [("NotConnected", False), ("Connecting", False), ("Unknown", True)])
def test_the_next_connection_waits_until_the_former_is_up(status: str, unknown: bool) -> None:
    world = SmallWorld(DEVICES, DEVICES)
    world.statuses["fw1"] = status
    for _ in range(2):
        with pytest.raises(Stopped, match=status) as stopped:
            run(world)
        assert stopped.value.unknown == unknown
        assert (world.in_work(), world.made) == (["fw1"], 1)
    world.statuses.clear()
    run(world)
    assert (world.in_work(), world.made) == ([], 3)


def test_a_key_that_azure_does_not_take_stops_it() -> None:
    class Ignoring(SmallWorld):
        def set(self, connection: object) -> None:
            pass

    world = Ignoring(DEVICES, DEVICES)
    with pytest.raises(Stopped, match="rotation-not-taken") as stopped:
        run(world)
    assert world.made == 1
    assert not any(key.value in str(stopped.value) for key in [*world.azure.values(), *world.devices.values()])


def test_what_pulumi_up_claimed_and_azure_ignored_is_put_right_without_a_new_key() -> None:
    world = SmallWorld(DEVICES, DEVICES)
    world.make(world.state["fw2"])
    world.azure["fw2"] = world.state["fw2"].key
    world.record(world.state["fw2"])
    world.azure["fw2"] = Key("fw2-0")
    run(world, Selection())
    assert world.in_work() == []
    assert world.made == 1
