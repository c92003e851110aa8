"""What frozen dataclasses of the house have in common: equal by their fields, and printed without their secrets.

A subclass is made with ``@dataclass(frozen=True, slots=True, eq=False, repr=False)``. What is written here once would
be generated and compiled for each of them, which every start of a program would wait for.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

_IDENTIFIERS = ("oid", "key_oid", "session", "key", "message")
"""Fields whose integers are identifiers of objects."""
_SHOWN = 32
"""Most bytes of a value that are printed."""


class Value:
    """A frozen dataclass with slots."""

    __slots__ = ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the fields that nothing may print."""
        return ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _content(self) == _content(other)

    def __hash__(self) -> int:
        return hash((type(self), _content(self)))

    def __repr__(self) -> str:
        shown = (f"{name}={_text(name, value, name in self.secrets)}" for name, value in _named(self))
        return f"{type(self).__name__}({', '.join(shown)})"


def _named(value: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(value, field.name)) for field in fields(value)]


def _content(value: object) -> tuple[Any, ...]:
    return tuple(content for _, content in _named(value))


def _text(name: str, value: Any, is_secret: bool) -> str:
    """A value of a field for people."""
    if isinstance(value, bytes):
        if is_secret:
            return f"({len(value)} bytes hidden)"
        cut = "…" if len(value) > _SHOWN else ""
        return f"({len(value)} bytes {value[:_SHOWN].hex()}{cut})" if value else "(none)"
    if is_secret:
        return "(hidden)"
    if type(value) is int and name in _IDENTIFIERS:
        return f"0x{value:04X}"
    return str(getattr(value, "name", value))
