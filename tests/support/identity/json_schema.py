"""As much of JSON Schema (draft 2020-12) as the schema of configurations uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TYPES = {"object": dict, "array": list, "string": str}
_SAID = {"$schema", "title", "description", "then", "else"}
"""Keywords that check nothing by themselves."""


def is_valid(schema: Mapping[str, Any] | bool, value: Any) -> bool:
    """Whether a value is as a schema says.

    :raises KeyError: for a keyword that is not known here.
    """
    if isinstance(schema, bool):
        return schema
    return all(_KEYWORDS[name](schema, value) for name in schema if name not in _SAID)


def _is_enumerated(schema, value):
    return any(type(one) is type(value) and one == value for one in schema["enum"])


def _goes_on(schema, value):
    return is_valid(schema.get("then" if is_valid(schema["if"], value) else "else", True), value)


def _has_no_other(schema, value):
    assert schema["additionalProperties"] is False
    return not isinstance(value, dict) or set(value) <= set(schema["properties"])


_KEYWORDS = {
    "type": lambda schema, value: isinstance(value, _TYPES[schema["type"]]),
    "enum": _is_enumerated,
    "pattern": lambda schema, value: not isinstance(value, str) or re.search(schema["pattern"], value) is not None,
    "maxLength": lambda schema, value: not isinstance(value, str) or len(value) <= schema["maxLength"],
    "not": lambda schema, value: not is_valid(schema["not"], value),
    "anyOf": lambda schema, value: any(is_valid(one, value) for one in schema["anyOf"]),
    "allOf": lambda schema, value: all(is_valid(one, value) for one in schema["allOf"]),
    "if": _goes_on,
    "properties": lambda schema, value: (
        not isinstance(value, dict)
        or all(is_valid(one, value[name]) for name, one in schema["properties"].items() if name in value)
    ),
    "required": lambda schema, value: not isinstance(value, dict) or set(schema["required"]) <= set(value),
    "minProperties": lambda schema, value: not isinstance(value, dict) or len(value) >= schema["minProperties"],
    "additionalProperties": _has_no_other,
    "items": lambda schema, value: not isinstance(value, list) or all(is_valid(schema["items"], one) for one in value),
    "minItems": lambda schema, value: not isinstance(value, list) or len(value) >= schema["minItems"],
    "contains": lambda schema, value: (
        not isinstance(value, list) or any(is_valid(schema["contains"], one) for one in value)
    ),
}
