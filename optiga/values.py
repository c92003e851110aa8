"""Frozen dataclasses that every start of a program makes: equal by their fields, and printed without their secrets.

A subclass of :class:`Value` is made with :func:`frozen`. What is written here once, ``@dataclass(frozen=True)`` would
generate and compile for each of them, which takes longer than the rest of the import of their modules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: object) -> Any:
        """Tell type checkers that what is decorated makes dataclasses (PEP 681), which no program needs to know."""
        return lambda decorated: decorated


T = TypeVar("T", bound="Value")

_IDENTIFIERS = ("oid", "key_oid", "session", "key", "message")
"""Fields whose integers are identifiers of objects."""
_SHOWN = 32
"""Most bytes of a value that are printed."""


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def frozen(kind: type[T]) -> type[T]:
    """Make a subclass of :class:`Value` a dataclass with slots, as ``@dataclass(frozen=True, slots=True)`` would."""
    return dataclass(init=False, repr=False, eq=False, slots=True)(kind)


class NotCopied:
    """What holds something open, or a secret, and stays in the process that made it."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be pickled or copied: it holds an open connection, an open file or a "
            "secret. Make another one in the process that needs it"
        )


class Value:
    """What the methods of a frozen dataclass do, for each of them."""

    __slots__ = ()

    __match_args__: ClassVar[tuple[str, ...]]
    """Names of the fields."""

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.__match_args__
        if named or len(values) != len(names):
            values = _complete(type(self), values, named)
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)
        self.__post_init__()
        if named:
            self._check_named()

    def __post_init__(self) -> None:
        """Check the values, in a subclass."""

    def _check_named(self) -> None:
        """Check values given by the names of their fields, as by :func:`dataclasses.replace`, in a subclass."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return type(self), _content(self)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the fields that nothing may print."""
        return ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _content(self) == _content(other)

    def __hash__(self) -> int:
        return hash((type(self), _content(self)))

    def __repr__(self) -> str:
        named = zip(self.__match_args__, _content(self), strict=True)
        shown = (f"{name}={_text(name, value, name in self.secrets)}" for name, value in named)
        return f"{type(self).__name__}({', '.join(shown)})"


def _complete(kind: type[Any], values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The values of all fields, with the defaults of those that are not given.

    :raises TypeError: if a field without default is not given, one is given twice, or there is no such field.
    """
    names = kind.__match_args__
    given = {**named, **dict(zip(names, values, strict=False))}
    if len(given) != len(values) + len(named) or not given.keys() <= set(names):
        raise TypeError(f"{kind.__name__} takes {', '.join(names)}, each of them once")
    for one in fields(kind):
        if one.name in given:
            continue
        if one.default is MISSING and one.default_factory is MISSING:
            raise TypeError(f"{kind.__name__} needs {one.name}")
        given[one.name] = one.default if one.default_factory is MISSING else one.default_factory()
    return tuple(given[name] for name in names)


def _content(value: Value) -> tuple[Any, ...]:
    return tuple([getattr(value, name) for name in value.__match_args__])


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
