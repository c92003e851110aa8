"""``--query``: JMESPath expressions on results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from optiga.cli.support.options import result_in_full
from optiga.cli.support.query_errors import why_invalid, why_unfit
from optiga.cli.support.query_names import find_wrong_name
from optiga.cli.support.samples import sample_of
from optiga.errors import ConfigurationError
from optiga.files.problems import describe_kind
from optiga.results import to_json
from optiga.suggestions import suggest

_LONGEST = 10_000
"""Most characters of an expression; the parser takes far longer for one of several times as many."""
_STEPS = ("subexpression", "index_expression", "pipe")
"""Parts of an expression of which each is applied to what the one before finds."""
_PROJECTIONS = ("projection", "value_projection", "filter_projection", "flatten")
"""Parts that go through what their first part finds."""
_UNTOLD = "…"
_STARS = {"projection": "[*]", "value_projection": "*", "filter_projection": f"[?{_UNTOLD}]", "flatten": "[]"}
"""How each of these is written behind what it goes through."""
_EITHER = ("or_expression", "and_expression")
_ANSWERS = ("literal", "function_expression")
"""Parts whose null is no lack of anything: somebody wrote it, or it was worked out."""


def compile_query(expression: str) -> Any:
    """A JMESPath expression, parsed.

    :raises ConfigurationError: if it is none.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        if len(expression) > _LONGEST:
            raise ValueError(f"it has {len(expression)} characters, at most {_LONGEST} are allowed")  # noqa: TRY301
        return jmespath.compile(expression)
    except (JMESPathError, ValueError, RecursionError) as error:
        wrong = why_invalid(error, expression)
        raise ConfigurationError(f"--query {expression!r} is not valid: {wrong.reason}", hint=wrong.hint) from None


def fields_of(expression: str) -> frozenset[str] | None:
    """The fields of a result that a query looks at; None if it may look at any of them."""
    return _fields_of(compile_query(expression).parsed)


def _fields_of(node: Mapping[str, Any]) -> frozenset[str] | None:
    kind, children = node["type"], node["children"]
    if kind == "field":
        return frozenset({node["value"]})
    if kind == "key_val_pair" or kind in _STEPS or kind in _PROJECTIONS:
        return _fields_of(children[0])  # the others are applied to what this one finds
    if kind in ("multi_select_list", "multi_select_dict"):
        found = [_fields_of(child) for child in children]
        known = [one for one in found if one is not None]
        return frozenset[str]().union(*known) if len(known) == len(found) else None
    return None


def find(expression: str, result: object) -> Any:
    """What a query finds in the result of a command.

    :param result: a dataclass; a document is a mapping, whose fields no type tells.
    :raises ConfigurationError: if the query finds nothing, cannot be applied, or has a name that is wrong.
    """
    kind = type(result) if hasattr(result, "__dataclass_fields__") else None
    value = search(expression, result_in_full(to_json(result)), kind)
    if kind is not None:  # what lies behind a null is known from the type alone
        (check if value is None else check_names)(expression, kind)
    return value


def check(expression: str, result: object) -> None:
    """Refuse a query that finds nothing in a result that is still to be.

    :param result: its type, or the result itself where it is known.
    :raises ConfigurationError: if it finds nothing there.
    """
    if not isinstance(result, type):
        search(expression, to_json(result))
        return
    search(expression, sample_of(result))
    check_names(expression, result)


def check_names(expression: str, kind: type) -> None:
    """Refuse a query with a name that no result of a type has, also where JMESPath would pass over it.

    :raises ConfigurationError: if it has one.
    """
    if wrong := find_wrong_name(compile_query(expression).parsed, sample_of(kind)):
        raise ConfigurationError(f"--query {expression!r} asks for what the result does not have", hint=wrong)


def search(expression: str, result: Mapping[str, Any], kind: type | None = None) -> Any:
    """What a query finds in a result; None only where the result says null there or on the way there, where a list
    has fewer elements, or where only other results of its type have the field.

    :param kind: type of the result; None if it has only what it has.
    :raises ConfigurationError: if it finds nothing, or cannot be applied.
    """
    compiled = compile_query(expression)
    try:
        value = compiled.search(dict(result))
        json.dumps(value, allow_nan=False)
    # Of JMESPath's family, or what its functions raise at values of a type that they do not expect.
    except Exception as error:
        wrong = why_unfit(error, compiled.parsed, partial(_below, ""))
        raise ConfigurationError(
            f"--query {expression!r} {'does not fit the result' if wrong.is_valid else 'is not valid'}: {wrong.reason}",
            hint=wrong.hint or f"It has {', '.join(result)}",
        ) from None
    if value is None and not _says_null(compiled.parsed, dict(result)):
        if kind is not None:
            search(expression, sample_of(kind))  # which has every field of the type
            return None
        hint = _what_is_there(compiled.parsed, dict(result)) or f"It has {', '.join(result)}"
        raise ConfigurationError(f"--query {expression!r} finds nothing in the result", hint=hint)
    return value


def _what_is_there(node: Mapping[str, Any], value: Any, path: str = "") -> str:
    """What an expression could have found where it finds nothing; empty if that is not to be told.

    :param node: the expression, or a part of one, as JMESPath has parsed it.
    :param value: what it is applied to.
    :param path: where that is in the result.
    """
    kind, children = node["type"], node["children"]
    if kind in _STEPS:
        for child in children:
            found = _evaluate(child, value)
            if found is None:
                return _what_is_there(child, value, path)
            path = _below(path, child)
            value = found
        return ""
    if kind in _PROJECTIONS:
        return _what_is_there(children[0], value, path)
    if kind != "field":
        return ""
    name = node["value"]
    if isinstance(value, Mapping):
        return f"{repr(path) if path else 'It'} has {', '.join(value)}{suggest(name, value, {})}"
    if isinstance(value, list):
        where = f"'{path}[].{name}'" if path and _UNTOLD not in path else f"'[].{name}' behind it"
        return f"{repr(path) if path else 'It'} is a list: {where} is of each of its elements"
    return f"{path!r} is {describe_kind(value)}, with no fields"


def _below(path: str, node: Mapping[str, Any]) -> str:
    """Where a part of an expression leads; as it is for parts without a name."""
    kind, children = node["type"], node["children"]
    if kind in _STEPS:
        for child in children:
            path = _below(path, child)
    if kind in _PROJECTIONS:
        path = _below(path, children[0])
        nested = children[0]["type"] == "flatten"
        path += "" if nested else f".{_STARS[kind]}" if path and kind == "value_projection" else _STARS[kind]
        return _below(path, children[1]) if len(children) > 1 else path
    if kind == "field":
        return f"{path}.{node['value']}" if path else str(node["value"])
    return f"{path}[{node['value']}]" if kind == "index" else path


def _says_null(node: Mapping[str, Any], value: Any) -> bool:
    """Whether an expression gives null because of a null that is there or a list that is shorter, at its end or on its
    way, and not because of a wrong name.

    :param node: the expression, or a part of one, as JMESPath has parsed it.
    :param value: what it is applied to.
    """
    kind, children = node["type"], node["children"]
    if value is None:
        return True
    if kind == "field":
        return isinstance(value, Mapping) and node["value"] in value and value[node["value"]] is None
    if kind == "index":
        return isinstance(value, list)  # an element that is null or, as in JMESPath, none that is there
    if kind in _STEPS:
        for child in children:
            found = _evaluate(child, value)
            if found is None:
                return _says_null(child, value)
            value = found
        return False
    if kind in _PROJECTIONS:
        return _evaluate(children[0], value) is None and _says_null(children[0], value)
    if kind in _EITHER:
        return any(_says_null(child, value) for child in children)
    return kind in _ANSWERS


def _evaluate(node: Any, value: Any) -> Any:
    """What a part of an expression finds; an empty text where it cannot be applied, which is no null, and in which
    nothing is found: JMESPath does not come to each part.
    """
    from jmespath.visitor import TreeInterpreter

    try:
        return TreeInterpreter().visit(node, value)
    except Exception:
        return ""
