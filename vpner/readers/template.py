"""An exported ARM template as the resources that it describes, in ARM's shape.

``az group export`` and the portal's "Export template" write names and ids as expressions; they are evaluated here (see
:mod:`vpner.readers.expression`). A template does not say where it belongs: its resources get ids in a subscription and
resource group of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from vpner.arm import ArmId, by_arm
from vpner.problems import Problem
from vpner.readers.expression import Scope, Unevaluated, evaluate, is_expression
from vpner.readers.resources import SECRET, UNKNOWN, Value, is_read, is_secret, mappings

SUBSCRIPTION = "template"
"""Stands in ids for the subscription, which a template does not say."""
CODE = "template-not-evaluated"
_DEPLOYMENT = "microsoft.resources/deployments"
_NETWORK = "microsoft.network/"
_PARTS = ("subnets", "virtualNetworkPeerings", "peerings", "natRules")
"""Parts of a resource that may stand in its properties without an id of their own."""
_WHY = "What it stands for may decide routes"
_REMEDY = "write the value into a parameters file or the template, or export with az network ... list -o json instead"


def is_template(document: object) -> bool:
    """Whether a document is a template, of a resource group or of a larger scope."""
    return "deploymenttemplate.json" in _schema(document)


def is_parameters(document: object) -> bool:
    """Whether a document is a file of parameters for a template."""
    return "deploymentparameters.json" in _schema(document)


def _schema(document: object) -> str:
    return str(cast("Mapping[str, object]", document).get("$schema")).lower() if isinstance(document, Mapping) else ""


@dataclass
class Template:
    """A template, its parameters' values, and what of it cannot be evaluated."""

    name: str
    document: Mapping[str, Value]
    group: str
    """Name for the template's own resource group, different from that of every other template."""
    given: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """The entries of a parameters file, by name."""
    problems: list[Problem] = field(default_factory=list[Problem])

    def __post_init__(self) -> None:
        self._open: list[str] = []
        self._parameters = _folded(self.document.get("parameters"))
        self._variables = _folded(self.document.get("variables"))
        self._given = _folded(self.given)
        self._scope = Scope(SUBSCRIPTION, self.group, self._parameter, self._variable)

    def resources(self) -> list[dict[str, Value]]:
        """The resources with their ids, parts of others among them; expressions that cannot be evaluated are
        UNKNOWN, and problems if routes can depend on the resource."""
        if "/deploymenttemplate.json" not in _schema(self.document):
            self._report("$schema", "it is no template of a resource group", "export each resource group")
        for name in sorted(self._given.keys() - self._parameters.keys()):
            self._report(f"parameter {name}", "the template does not declare it", "give the template's own file")
        return list(self._resources(self.document.get("resources"), "resources", None))

    def _resources(self, listed: Value, where: str, owner: ArmId | None) -> Iterator[dict[str, Value]]:
        named = isinstance(listed, Mapping)  # as in templates with symbolic names
        for index, resource in enumerate(
            mappings(list(cast("Mapping[str, Value]", listed).values()) if named else listed)
        ):
            yield from self._resource(resource, f"{where}[{index}]", owner)

    def _resource(self, resource: Mapping[str, Value], where: str, owner: ArmId | None) -> Iterator[dict[str, Value]]:
        kind = str(resource.get("type"))
        if owner is not None and "/" not in kind:
            kind = f"{owner.type}/{kind}"
        asked = kind.lower().startswith(_NETWORK)
        condition = self._value(resource.get("condition", True), f"{where}.condition", asked=asked)
        if condition is False or resource.get("existing") is True:
            return
        names = self._value(resource.get("name"), f"{where}.name", asked=asked)
        if kind.lower() == _DEPLOYMENT:
            self._report(where, "a nested deployment is not read", "export the resource group that it has made")
        elif "copy" in resource:
            self._report(f"{where}.copy", "copies are not made", "export the resource group that the template has made")
        elif isinstance(names, str):
            path = names.split("/")
            if owner is not None and len(path) == 1:
                path = [*owner.names, *path]
            if len(path) != kind.count("/"):
                self._report(f"{where}.name", f"{names} is no name of a {kind}", "export the template anew")
                return
            identity = ArmId(SUBSCRIPTION, self.group, kind, tuple(path))
            yield self._body(resource, where, identity)
            yield from self._resources(resource.get("resources"), f"{where}.resources", identity)

    def _body(self, resource: Mapping[str, Value], where: str, identity: ArmId) -> dict[str, Value]:
        known = by_arm(identity.type)
        asked = known is not None and is_read(known.token)
        kept = {key: item for key, item in resource.items() if key in ("location", "sku", "properties")}
        body = cast("dict[str, Value]", self._value(kept, where, asked=asked))
        properties = body.get("properties")
        for part in _PARTS if isinstance(properties, dict) else ():
            for item in mappings(cast("dict[str, Value]", properties).get(part)):
                if isinstance(item, dict) and "id" not in item and isinstance(item.get("name"), str):
                    item["id"] = f"{identity}/{part}/{item['name']}"
        return {**body, "id": str(identity), "name": identity.name, "type": identity.type}

    # Values

    def _value(self, value: Value, where: str, *, asked: bool) -> Value:
        """The value with its expressions evaluated, at any depth. ``asked``: one that cannot be is a problem."""
        if isinstance(value, Mapping):
            items = cast("Mapping[str, Value]", value).items()
            return {
                key: SECRET if is_secret(key) else self._value(item, f"{where}.{key}", asked=asked)
                for key, item in items
            }
        if isinstance(value, list):
            listed = enumerate(cast("list[Value]", value))
            return [self._value(item, f"{where}[{index}]", asked=asked) for index, item in listed]
        try:
            return self._text(value)
        except Unevaluated as error:
            if asked:
                self._report(where, f"{value} is not known: {error}", _REMEDY)
            return UNKNOWN

    def _text(self, value: Value) -> Value:
        """A value that is no mapping and no list. Raises :class:`Unevaluated`."""
        if is_expression(value):
            return evaluate(cast("str", value), self._scope)
        return value[1:] if isinstance(value, str) and value.startswith("[[") and value.endswith("]") else value

    def _whole(self, value: Value) -> Value:
        """A parameter's or variable's value: all of it has to be known. Raises :class:`Unevaluated`."""
        if isinstance(value, Mapping):
            return {key: self._whole(item) for key, item in cast("Mapping[str, Value]", value).items()}
        if isinstance(value, list):
            return [self._whole(item) for item in cast("list[Value]", value)]
        return self._text(value)

    def _parameter(self, name: str) -> Value:
        declared = self._parameters.get(name.casefold())
        if not isinstance(declared, Mapping):
            raise Unevaluated(f"the template has no parameter {name}")
        shape = cast("Mapping[str, Value]", declared)
        if str(shape.get("type")).lower().startswith("secure"):
            return SECRET
        given = self._given.get(name.casefold())
        if isinstance(given, Mapping):
            entry = cast("Mapping[str, Value]", given)
            return entry.get("value", SECRET)  # otherwise it refers to a secret of a key vault
        if "defaultValue" not in shape:
            raise Unevaluated(f"parameter {name} has no value; give its parameters file with --arm too")
        return self._once(f"parameter {name}", shape["defaultValue"])

    def _variable(self, name: str) -> Value:
        if name.casefold() not in self._variables:
            raise Unevaluated(f"the template has no variable {name}")
        return self._once(f"variable {name}", self._variables[name.casefold()])

    def _once(self, name: str, value: Value) -> Value:
        if name.casefold() in self._open:
            raise Unevaluated(f"{name} is made of itself")
        self._open.append(name.casefold())
        try:
            return self._whole(value)
        finally:
            self._open.pop()

    def _report(self, where: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(f"{self.name}: {where}", what, _WHY, remedy, CODE))


def _folded(value: Value) -> dict[str, Value]:
    """A mapping by names without their case, as Azure compares them."""
    items = cast("Mapping[str, Value]", value).items() if isinstance(value, Mapping) else ()
    return {key.casefold(): item for key, item in items}
