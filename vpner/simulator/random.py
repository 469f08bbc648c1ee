"""Stands in for pulumi-random: random passwords, which depend on nothing but themselves.

The SDK itself declares their results secret, so the engine encrypts them; nothing of them is kept here.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping

import bcrypt

from vpner.simulator.protocol import UNKNOWN, Difference, ProviderError, Resource, Servicer
from vpner.simulator.store import Body

PASSWORD = "random:index/randomPassword:RandomPassword"
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""Terraform's default special characters, which pulumi-random uses."""
_BCRYPT_BYTES = 72
_DEFAULTS: Mapping[str, object] = {
    "lower": True,
    "upper": True,
    "numeric": True,
    "number": True,
    "special": True,
    "minLower": 0,
    "minUpper": 0,
    "minNumeric": 0,
    "minSpecial": 0,
}
_INPUTS = (*_DEFAULTS, "length", "keepers", "overrideSpecial")


class Random(Servicer):
    """The provider protocol for ``random.RandomPassword``."""

    distribution = "pulumi-random"

    def check(self, resource: Resource, olds: Body, news: Body, seed: bytes) -> tuple[Body, list[str]]:
        if resource.token != PASSWORD:
            return news, [f"not simulated: {resource.token}"]
        inputs = {name: value for name, value in news.items() if name in _INPUTS}
        length = inputs.get("length")
        if length == UNKNOWN:
            return inputs, []
        if not isinstance(length, int) or length < 1:
            return inputs, [f"length must be a whole number of at least 1, not {length!r}"]
        if not _alphabets(inputs):
            return inputs, ["at least one of lower, upper, numeric and special must be true"]
        if sum(_minimum(inputs, name) for name in _CLASSES) > length:
            return inputs, ["the minima of the classes of characters exceed length"]
        return inputs, []

    def diff(self, resource: Resource, old_inputs: Body, inputs: Body) -> Difference:
        changed = {
            name: "UPDATE_REPLACE"
            for name in _INPUTS
            if old_inputs.get(name, _DEFAULTS.get(name)) != inputs.get(name, _DEFAULTS.get(name))
        }
        return Difference(changed)

    def preview(self, resource: Resource, inputs: Body, state: Body | None) -> Body:
        return {**_DEFAULTS, **inputs, "result": UNKNOWN, "bcryptHash": UNKNOWN}

    def create(self, resource: Resource, inputs: Body) -> tuple[str, Body]:
        return "none", _state(inputs, _generate(inputs))

    def read(self, resource: Resource, resource_id: str, state: Body, inputs: Body) -> tuple[Body, Body] | None:
        if state:
            return state, inputs
        imported: Body = {"length": len(resource_id)}  # imported by its value
        return _state(imported, resource_id), imported

    def update(self, resource: Resource, resource_id: str, inputs: Body) -> Body:
        raise ProviderError(f"{resource.name}: every change of a random password replaces it")

    def delete(self, resource: Resource, resource_id: str) -> None:
        return None


_CLASSES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "minLower": (("lower",), string.ascii_lowercase),
    "minUpper": (("upper",), string.ascii_uppercase),
    "minNumeric": (("numeric", "number"), string.digits),
    "minSpecial": (("special",), _SPECIAL),
}


def _alphabets(inputs: Body) -> dict[str, str]:
    """Characters of each class that is in use, by the name of the class's minimum."""
    found: dict[str, str] = {}
    for name, (switches, characters) in _CLASSES.items():
        if all(inputs.get(switch, True) for switch in switches):
            override = inputs.get("overrideSpecial")
            found[name] = override if name == "minSpecial" and isinstance(override, str) and override else characters
    return found


def _minimum(inputs: Body, name: str) -> int:
    value = inputs.get(name, 0)
    return int(value) if isinstance(value, int | float) else 0


def _generate(inputs: Body) -> str:
    length = inputs["length"]
    assert isinstance(length, int)
    alphabets = _alphabets(inputs)
    characters = [
        secrets.choice(alphabet) for name, alphabet in alphabets.items() for _ in range(_minimum(inputs, name))
    ]
    everything = "".join(alphabets.values())
    characters += [secrets.choice(everything) for _ in range(length - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def _state(inputs: Body, result: str) -> Body:
    hashed = bcrypt.hashpw(result.encode()[:_BCRYPT_BYTES], bcrypt.gensalt(10)).decode()
    return {**_DEFAULTS, **inputs, "result": result, "bcryptHash": hashed}
