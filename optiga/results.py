"""Results: frozen dataclasses, from which JSON, ``--query``, tables and text output are made.

The JSON of a result has its fields, in their order and by their names. What a field says of its form in JSON goes with
it as ``field(metadata=named("global"))``, several of these as ``field(metadata=named("global") | ABSENT)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from os import PathLike, fspath
from typing import Any, TypeVar

from optiga.files.shown import shown

T = TypeVar("T")
ABSENT: dict[str, object] = {"absent": True}
"""Left out of the JSON where its value is None or empty."""
HIDDEN: dict[str, object] = {"hidden": True}
"""For programs in Python alone: never in the JSON."""
OID: dict[str, object] = {"oid": True}
"""An object's identifier, a number that JSON has as ``"0xE0E1"``."""
ADDED: dict[str, object] = {"added": True}
"""Not in the Python literal, which the predecessor's users parse."""
SAID: dict[str, object] = {"said": True, "added": True}
"""Nothing for the form for people, who have read it on standard error, nor for the Python literal."""
MERGED: dict[str, object] = {"merged": True}
"""A result within the result, whose fields stand in the place of this one."""


def named(name: str) -> dict[str, object]:
    """The JSON calls it otherwise."""
    return {"name": name}


def there_with(other: str) -> dict[str, object]:
    """Left out of the JSON where another field of the same result is None."""
    return {"there_with": other}


def keyed(*keys: str) -> dict[str, object]:
    """The keys that a mapping may have, each of which can be asked for by ``--query``."""
    return {"keys": keys}


def to_json(value: object) -> Any:
    """A result, or a part of one, as JSON has it.

    :param value: a dataclass or named tuple becomes an object with its fields in their order, a mapping one with its
        keys, a tuple or list an array, bytes their hex digits, a time its ISO form, a path its text, an enumerated
        value its word; text, numbers, truth values and None stay.
    :raises TypeError: if it is anything else.
    """
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    if value is None or isinstance(value, (str, int, float)):
        return value
    if hasattr(value, "__dataclass_fields__"):
        return dict(_members(value))
    if hasattr(value, "_fields"):
        return {name: to_json(getattr(value, name)) for name in value._fields}
    if isinstance(value, Mapping):
        return {str(key): to_json(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(one) for one in value]
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if hasattr(value, "isoformat"):  # modules of times and paths are too slow to load for this
        return value.isoformat()
    if isinstance(value, PathLike):
        return fspath(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def to_literal(value: object) -> Any:
    """The same for the Python literal that the predecessor printed."""
    fields: Mapping[str, Any] = getattr(value, "__dataclass_fields__", {})
    added = {field.metadata.get("name", name) for name, field in fields.items() if "added" in field.metadata}
    json = to_json(value)
    return {name: one for name, one in json.items() if name not in added} if added else json


def _members(result: Any) -> Iterable[tuple[str, Any]]:
    """Name and value of each member that a dataclass has in JSON."""
    for name, field in result.__dataclass_fields__.items():
        said, value = field.metadata, getattr(result, name)
        if "hidden" in said or ("absent" in said and value in (None, ())):
            continue
        if "there_with" in said and getattr(result, said["there_with"]) is None:
            continue
        if "merged" in said:
            yield from _members(value)
        else:
            is_oid = "oid" in said and value is not None
            yield said.get("name", name), f"0x{value:04X}" if is_oid else to_json(value)


def lines(result: object, **texts: str) -> str:
    """A line for each field of a result; ``-`` for what is missing.

    :param texts: what stands there instead of the values of fields.
    """
    fields: Mapping[str, Any] = getattr(result, "__dataclass_fields__", {})
    said = {name for name, field in fields.items() if "said" in field.metadata}
    shown_as = {**to_json(result), **texts}
    return "\n".join(f"{name}: {cell(value)}" for name, value in shown_as.items() if name not in said)


def with_warnings(result: T, warned: Sequence[str]) -> T:
    """A result whose ``warnings`` are what people were warned of, if it has such a field (:data:`SAID`)."""
    fields: Mapping[str, Any] = getattr(result, "__dataclass_fields__", {})
    if "warnings" not in fields or "said" not in fields["warnings"].metadata:
        return result
    from dataclasses import replace

    told: Any = replace(result, warnings=tuple(warned))  # type: ignore[type-var]
    return told  # type: ignore[no-any-return]


def cell(value: object) -> str:
    """A value of JSON on a line for people; ``-`` for what is missing, and for an empty list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        value = [f"{key} {cell(one)}" for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return ", ".join(map(cell, value)) or "-"
    return "-" if value is None else shown(str(value))
