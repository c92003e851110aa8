"""Samples of results, made from their types: what a ``--query`` can find is known before anything is done."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import reduce
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

_MOST = 32
"""How many elements a list of a sample has: a function may be applied to one that a query names by its index."""
_TEXT = "x"
"""For all that is text in JSON: no number, and not empty."""
_PLAIN: dict[type, object] = {bool: True, int: 1, float: 1.0, **dict.fromkeys((str, bytes, datetime, Path), _TEXT)}


def sample_of(kind: type) -> Mapping[str, Any]:
    """A result of a type as JSON has it, with every field that there can be and no null.

    :param kind: a dataclass or a named tuple.
    :raises TypeError: if a field's type has no form in JSON.
    """
    return dict(_members(kind))


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(kind)
    fields: Mapping[str, Any] = getattr(kind, "__dataclass_fields__", {})
    for name in fields or hints:
        said = fields[name].metadata if fields else {}
        if "hidden" in said:
            continue
        if "merged" in said:
            yield from _members(hints[name])
        else:
            yield said.get("name", name), _TEXT if "oid" in said else _value(hints[name], said)


def _value(hint: Any, said: Mapping[str, Any]) -> Any:
    """A value of a type.

    :param said: what its field says of it.
    """
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        there = [one for one in get_args(hint) if one is not type(None)]
        return reduce(_both, (_value(one, said) for one in there))
    if origin in (tuple, list):
        return [_value(get_args(hint)[0], {})] * _MOST
    if origin is not None and issubclass(origin, Mapping):
        return {key: _value(get_args(hint)[1], {}) for key in said["keys"]}
    if hasattr(hint, "__dataclass_fields__") or hasattr(hint, "_fields"):
        return sample_of(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _TEXT
    raise TypeError(f"{hint} has no form in JSON")


def _both(one: Any, other: Any) -> Any:
    """What finds all that is found in either of two values."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one if isinstance(one, (dict, list)) else other
    return {**one, **{name: _both(one[name], value) if name in one else value for name, value in other.items()}}
