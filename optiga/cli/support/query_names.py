"""Names in a ``--query`` that a result cannot have: JMESPath passes over those within a projection or a filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from optiga.files.problems import describe_kind
from optiga.suggestions import suggest

_LITERALS: Final = ("true", "false", "null")
_UNKNOWN: Final = object()
"""What is worked out, which no sample tells."""


class _NoSuchNameError(Exception):
    """A name that is not there; its text says what is."""


def find_wrong_name(node: Mapping[str, Any], sample: Mapping[str, Any]) -> str:
    """What an expression asks for and no result has, as a hint for people; empty if it asks for nothing such.

    :param node: the expression, as JMESPath has parsed it.
    :param sample: a result with every field that there can be, and no null.
    """
    try:
        _follow(node, sample)
    except _NoSuchNameError as error:
        return str(error)
    return ""


def _follow(node: Mapping[str, Any], value: Any) -> Any:
    """What an expression finds in a sample, where a filter lets everything through.

    :raises _NoSuchNameError: if a name is not there.
    """
    kind, children = node["type"], node["children"]
    if value is _UNKNOWN:
        return _UNKNOWN
    if kind == "field":
        return _field(node["value"], value)
    if kind in ("subexpression", "index_expression", "pipe"):
        for child in children:
            value = _follow(child, value)
        return value
    if kind in ("or_expression", "and_expression"):
        return _first(children, [value] * len(children))
    if kind == "value_projection":
        base = _follow(children[0], value)
        members = list(base.values()) if isinstance(base, Mapping) else []
        return [_first([children[1]] * len(members), members)] if members else _UNKNOWN
    if kind in ("projection", "filter_projection"):
        return _project(children, _follow(children[0], value))
    if kind == "flatten":
        base = _follow(children[0], value)
        nested = isinstance(base, list) and base and isinstance(base[0], list)
        return base[0] if nested else base
    if kind == "multi_select_dict":
        return {child["value"]: _follow(child["children"][0], value) for child in children}
    return _leaf(kind, children, value)


def _leaf(kind: str, children: Sequence[Mapping[str, Any]], value: Any) -> Any:
    """The same for what leads no further down."""
    if kind in ("identity", "current"):
        return value
    if kind == "index":
        return value[0] if isinstance(value, list) and value else _UNKNOWN
    if kind == "slice":
        return value
    if kind == "multi_select_list":
        for child in children:
            _follow(child, value)
    if kind in ("comparator", "not_expression", "function_expression"):
        for child in children:
            if child["type"] != "expref":  # it is applied to what the function is given, and raises by itself
                _follow(child, value)
    return _UNKNOWN


def _field(name: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        is_list = isinstance(value, list)
        raise _NoSuchNameError(f"{name!r} is asked of {describe_kind(value)}" + (f": write '[].{name}'" * is_list))
    if name in _LITERALS and name not in value:
        if name == "null":  # which a name that is not there is, too
            return _UNKNOWN
        raise _NoSuchNameError(f"{name} is a name there; the value is written `{name}`")
    if name not in value:
        raise _NoSuchNameError(f"There is no {name!r} among {', '.join(value)}{suggest(name, value, {})}")
    return value[name]


def _project(children: Sequence[Mapping[str, Any]], base: Any) -> Any:
    if not isinstance(base, list) or not base:
        return _UNKNOWN
    for condition in children[2:]:
        _follow(condition, base[0])
    return [_follow(children[1], base[0])]


def _first(nodes: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> Any:
    """What the first of several alternatives finds that finds anything.

    :raises _NoSuchNameError: if none does.
    """
    problem = None
    for node, value in zip(nodes, values, strict=True):
        try:
            return _follow(node, value)
        except _NoSuchNameError as error:
            problem = error
    if problem is not None:
        raise problem
    return _UNKNOWN
