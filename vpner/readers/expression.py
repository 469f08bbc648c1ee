"""The template language of Azure Resource Manager, as far as exported templates use it.

An expression is a text in brackets, ``[concat(parameters('vnet'), '/GatewaySubnet')]``. ``concat``, ``parameters``,
``resourceId`` and ``variables`` are evaluated; every other function is :class:`Unevaluated`, because its value depends
on a deployment. Names ignore case, as Azure does.
[Learn: ARM templates, syntax and expressions; template functions for resources and strings]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from vpner.arm import ArmId
from vpner.readers.resources import SECRET, Value

_GRAMMAR = Lark(
    r"""
    ?expression: call | text | number | member | element
    call: NAME "(" [expression ("," expression)*] ")"
    member: expression "." NAME
    element: expression "[" expression "]"
    text: TEXT
    number: NUMBER
    TEXT: /'(?:[^']|'')*'/
    NUMBER: /-?\d+/
    NAME: /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*(?=\())?/
    %ignore /\s+/
    """,
    start="expression",
    parser="lalr",
    maybe_placeholders=False,
)


class Unevaluated(ValueError):
    """An expression whose value the template alone does not tell; the text says what of it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can refer to."""

    subscription: str
    resource_group: str
    """Where the template's own resources are."""
    parameter: Callable[[str], Value]
    """The value of a parameter. Raises :class:`Unevaluated`."""
    variable: Callable[[str], Value]


def is_expression(value: Value) -> bool:
    """Whether Azure evaluates the value; ``[[`` at the beginning stands for a bracket."""
    return isinstance(value, str) and value.startswith("[") and value.endswith("]") and not value.startswith("[[")


def evaluate(text: str, scope: Scope) -> Value:
    """The value of an expression, given with its brackets.

    Raises :class:`Unevaluated` if it is none, or if the template does not tell the value.
    """
    try:
        tree = _GRAMMAR.parse(text[1:-1])  # pyright: ignore[reportUnknownMemberType]
    except LarkError as error:
        raise Unevaluated(f"it cannot be parsed ({str(error).splitlines()[0]})") from None
    return _value(tree, scope)


def _value(tree: Tree[Token], scope: Scope) -> Value:
    first = tree.children[0]
    match tree.data:
        case "text":
            return str(first)[1:-1].replace("''", "'")
        case "number":
            return int(str(first))
        case "call":
            return _call(str(first), [_value(item, scope) for item in _trees(tree, 1)], scope)
        case "member":
            return _part(_value(_trees(tree)[0], scope), str(tree.children[1]))
        case _:
            whole, key = (_value(item, scope) for item in _trees(tree))
            return _part(whole, key)


def _trees(tree: Tree[Token], start: int = 0) -> list[Tree[Token]]:
    return [item for item in tree.children[start:] if isinstance(item, Tree)]


def _call(name: str, arguments: list[Value], scope: Scope) -> Value:
    match name.lower(), arguments:
        case "parameters", [str() as wanted]:
            return scope.parameter(wanted)
        case "variables", [str() as wanted]:
            return scope.variable(wanted)
        case "concat", [_, *_]:
            return _concat(arguments)
        case "resourceid", [_, _, *_]:
            return _resource_id(arguments, scope)
        case _:
            raise Unevaluated(f"{name} with {len(arguments)} arguments is not evaluated")


def _concat(arguments: list[Value]) -> Value:
    if all(isinstance(item, list) for item in arguments):
        return [each for item in arguments for each in cast("list[Value]", item)]
    if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in arguments):
        raise Unevaluated("concat joins texts and numbers, or lists")
    return SECRET if SECRET in arguments else "".join(str(item) for item in arguments)


def _resource_id(arguments: list[Value], scope: Scope) -> str:
    """``resourceId([subscription], [resource group], type, name, ...)``: the type is the first with a slash."""
    texts = [item for item in arguments if isinstance(item, str) and item]
    index = next((index for index, item in enumerate(texts) if "/" in item), 0)
    before, kind, names = texts[:index], texts[index], texts[index + 1 :]
    if len(texts) != len(arguments) or index > 2 or kind.count("/") != len(names) or SECRET in texts:
        raise Unevaluated("resourceId takes a type, and a name for each part of it")
    subscription, group = [scope.subscription, scope.resource_group][: 2 - index] + before
    return str(ArmId(subscription, group, kind, tuple(names)))


def _part(whole: Value, key: Value) -> Value:
    if isinstance(whole, list) and isinstance(key, int) and 0 <= key < len(cast("list[Value]", whole)):
        return cast("list[Value]", whole)[key]
    if isinstance(whole, Mapping) and isinstance(key, str):
        for name, item in cast("Mapping[str, Value]", whole).items():
            if name.casefold() == key.casefold():
                return item
    raise Unevaluated(f"there is no {key!r} in it")
