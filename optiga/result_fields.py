"""What the fields of a result say of their form in JSON, where it is not simply the field's name and value.

A result is a frozen dataclass; its JSON has its fields, in their order and by their names. These go with a field as
``field(metadata=named("global"))``, together as ``field(metadata=named("global") | ABSENT)``.
"""

from __future__ import annotations

ABSENT: dict[str, object] = {"absent": True}
"""Left out of the JSON where its value is None or empty."""
HIDDEN: dict[str, object] = {"hidden": True}
"""For programs in Python alone: never in the JSON."""
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


def at_most(number: int) -> dict[str, object]:
    """How many elements there can be, for a ``--query`` that asks for one by its index."""
    return {"most": number}
