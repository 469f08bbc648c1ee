"""What a user declares to the rules: the network outside the stack, what must be encrypted, and exceptions.

The configuration of the policy ``declared-network``, the same in a policy pack's configuration file and for ``vpner
check``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpner.problems import Problem
from vpner.readers.case import fragment_problems
from vpner.settings.shape_problems import shape_problems

POLICY = "declared-network"


class Resilience(StrEnum):
    """How many circuits must lead to each site."""

    SINGLE_CIRCUIT = "single-circuit"
    TWO_CIRCUITS = "two-circuits"
    TWO_LOCATIONS = "two-locations"


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class RuleException(_Shape):
    """A finding that somebody answers for, until a day."""

    rule: str = Field(description="Id of the rule")
    resource: str = Field(description="Logical name of the resource, or the place that the finding names")
    reason: str = Field(min_length=1, description="Why it is acceptable")
    owner: str = Field(min_length=1, description="Who answers for it")
    expiry: date = Field(strict=False, description="Last day on which it counts, YYYY-MM-DD")


class Declarations(_Shape):
    """Configuration of the policy ``declared-network``."""

    topology: dict[str, Any] = Field(
        {},
        description="Part of a topology in format 1, for what the stack does not tell: it completes what is read from "
        "the resources, and wins where both say something",
    )
    intent: list[dict[str, Any]] | None = Field(
        None, description="What must be encrypted, as in topology format 1; an empty list: nothing"
    )
    resilience: Resilience | None = Field(
        None,
        strict=False,
        description="How many circuits must lead to each network: single-circuit, two-circuits, two-locations",
    )
    exceptions: list[RuleException] = Field([], description="Findings that somebody answers for")


@dataclass(frozen=True, slots=True)
class Declared:
    """The declarations, read."""

    topology: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """With ``intent`` in it, if that was declared."""
    resilience: Resilience | None = None
    exceptions: tuple[RuleException, ...] = ()


NOTHING = Declared()


def read_declared(configuration: Mapping[str, Any]) -> tuple[Declared, list[Problem]]:
    """The policy's configuration, or every problem with its key path. Unknown keys are problems at any depth."""
    try:
        parsed = Declarations.model_validate(dict(configuration))
    except ValidationError as error:
        return NOTHING, list(shape_problems(POLICY, Declarations, error))
    topology = parsed.topology if parsed.intent is None else {**parsed.topology, "intent": parsed.intent}
    problems = [item.at(f"{POLICY}:topology") for item in fragment_problems(topology)]
    problems += _misplaced(parsed)
    if problems:
        return NOTHING, problems
    return Declared(topology, parsed.resilience, tuple(parsed.exceptions)), []


def _misplaced(parsed: Declarations) -> Iterator[Problem]:
    if "intent" in parsed.topology:
        yield Problem(
            f"{POLICY}:topology.intent",
            "the intent stands inside the topology",
            "It is a key of its own here, so that a network without one can be told from one that protects nothing",
            f"move it to {POLICY}:intent",
            "misplaced-key",
        )


def configuration_schema() -> dict[str, dict[str, Any]]:
    """JSON schema of each key of the configuration, for the policy engine. Definitions are written in place."""
    schema = Declarations.model_json_schema()
    return {key: _in_place(value, schema.get("$defs", {})) for key, value in schema["properties"].items()}


def _in_place(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        node = cast("dict[str, Any]", schema)
        if "$ref" in node:
            return _in_place(definitions[node["$ref"].rpartition("/")[2]], definitions)
        alternatives = [item for item in node.get("anyOf", ()) if item != {"type": "null"}]
        if len(alternatives) == 1:  # the engine's schema knows no alternatives; absent is what null would mean
            rest = {key: value for key, value in node.items() if key != "anyOf"}
            return _in_place({**alternatives[0], **rest}, definitions)
        return {key: _in_place(value, definitions) for key, value in node.items() if key not in ("title", "default")}
    if isinstance(schema, list):
        return [_in_place(item, definitions) for item in cast("list[Any]", schema)]
    return schema
