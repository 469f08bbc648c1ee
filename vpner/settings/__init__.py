"""The configuration of a stack, read once and checked whole before anything is registered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi import Output
from pulumi.runtime import config as pulumi_config
from pydantic import ValidationError

from vpner.problems import Problem, Problems, refuse
from vpner.settings.checks import problems
from vpner.settings.shape import Configuration
from vpner.settings.shape_problems import shape_problems

HEADING = "The stack's configuration cannot be used"
_TEXT_KEYS = ("resourceGroup", "protect", "stage", "preference")
"""Keys whose value is no JSON."""
_EMPTY_IS_NONE = ("branch", "routeServer", "testVms")
"""Keys whose default in Pulumi.yaml is ``{}``, which means that there is none."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A checked configuration, and the secrets that came with it."""

    configuration: Configuration
    pre_shared_keys: Mapping[str, Output[str]] = field(repr=False)
    """Pre-shared keys that are not to be generated, by device. Secrets."""


def read(project: str = "vpner") -> Settings:
    """The stack's settings. Raises :class:`Problems` with everything that is wrong."""
    prefix = f"{project}:"
    values = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
    given = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
    secret = frozenset(key for key in given if pulumi_config.is_config_secret(prefix + key))
    configuration = parse(given, secret, project)
    keys = {name: Output.secret(key) for name, key in configuration.pre_shared_keys.items()}
    return Settings(configuration, keys)


def parse(given: Mapping[str, str], secret_keys: frozenset[str] = frozenset(), project: str = "vpner") -> Configuration:
    """A configuration as Pulumi hands it over, checked: text by key, objects and lists as JSON."""
    decoded: dict[str, Any] = {}
    unreadable: list[Problem] = []
    for key, text in given.items():
        if key in _TEXT_KEYS:
            decoded[key] = text
            continue
        try:
            decoded[key] = json.loads(text)
        except ValueError:
            unreadable.append(
                Problem(
                    f"{project}:{key}",
                    "the value is plain text",
                    "This key takes an object or a list",
                    f"write it in the stack file as YAML, or set parts of it with pulumi config set --path '{key}.…'",
                    "wrong-kind",
                )
            )
    for key in _EMPTY_IS_NONE:
        if decoded.get(key) == {}:
            del decoded[key]
    try:
        configuration = Configuration.model_validate(decoded)
    except ValidationError as error:
        broken = {problem.where for problem in unreadable}
        found = [p for p in shape_problems(project, Configuration, error) if p.where not in broken]
        raise Problems(HEADING, unreadable + found) from None
    refuse(HEADING, unreadable)  # what stands in its place is a default, and not worth a judgement
    refuse(HEADING, problems(configuration, secret_keys))
    return configuration
