"""Random passwords, over gRPC as the engine asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from tests.simulator.client import Engine, connected
from tests.simulator.lab import Lab
from vpner.simulator.protocol import UNKNOWN

PASSWORD = "random:index/randomPassword:RandomPassword"


@pytest.fixture
def random(ports: Mapping[str, str]) -> Iterator[Engine]:
    with connected(ports["random"]) as engine:
        yield engine


def test_a_random_password_is_random_and_as_asked(random: Engine) -> None:
    news = {"length": 64, "special": False, "minNumeric": 3}
    resource_id, _, outputs = random.build(PASSWORD, "p", news)
    _, _, again = random.build(PASSWORD, "p", news)
    assert resource_id == "none"
    assert len(outputs["result"]) == 64
    assert outputs["result"].isalnum()
    assert sum(character.isdigit() for character in outputs["result"]) >= 3
    assert outputs["result"] != again["result"]
    assert outputs["bcryptHash"].startswith("$2b$10$")


@pytest.mark.parametrize(
    ("news", "failure"),
    [
        ({"length": 0}, "length must be a whole number of at least 1, not 0"),
        ({}, "length must be a whole number of at least 1, not None"),
        ({"length": 2, "minLower": 3}, "the minima of the classes of characters exceed length"),
        (
            {"length": 2, "lower": False, "upper": False, "numeric": False, "special": False},
            "at least one of lower, upper, numeric and special must be true",
        ),
    ],
)
def test_a_password_that_cannot_be_made_fails_the_check(random: Engine, news: dict[str, object], failure: str) -> None:
    assert random.check(PASSWORD, "p", news)[1] == [failure]


def test_a_password_is_unknown_before_and_replaced_by_every_change(random: Engine) -> None:
    inputs = random.checked(PASSWORD, "p", {"length": 16, "keepers": {"a": "1"}, "overrideSpecial": "_"})
    _, outputs = random.create(PASSWORD, "p", inputs, preview=True)
    assert outputs["result"] == outputs["bcryptHash"] == UNKNOWN
    assert list(random.diff(PASSWORD, inputs, {**inputs, "keepers": {"a": "2"}}).replaces) == ["keepers"]
    assert list(random.diff(PASSWORD, inputs, {**inputs, "length": 17}).replaces) == ["length"]
    assert random.diff(PASSWORD, inputs, {**inputs, "special": True}).changes == pb.DiffResponse.DIFF_NONE
    assert random.diff(PASSWORD, inputs, inputs).changes == pb.DiffResponse.DIFF_NONE


def test_other_random_resources_are_not_simulated(random: Engine) -> None:
    _, failures = random.check("random:index/randomPet:RandomPet", "p", {})
    assert failures == ["not simulated: random:index/randomPet:RandomPet"]


def test_the_state_of_random_passwords_is_kept_nowhere(random: Engine, lab: Lab) -> None:
    random.build(PASSWORD, "p", {"length": 20})
    assert not lab.store.folder.exists()
