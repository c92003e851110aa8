"""How the values of a fact's fields are kept in JSON, each in one form."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple


class Codec(NamedTuple):
    """How the values of a type are kept in JSON.

    :param decode: raises :exc:`ValueError`, :exc:`TypeError` or :exc:`AttributeError` for what is no such value.
    """

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def text(value: object) -> str:
    """A text, as it is: nothing else, and no half of a pair of surrogates."""
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value


def _bytes(value: object) -> bytes:
    return base64.b64decode(text(value), validate=True)


def _time(value: object) -> datetime:
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment


def or_none(codec: Codec) -> Codec:
    """The same, or None."""
    return Codec(
        lambda value: None if value is None else codec.encode(value),
        lambda value: None if value is None else codec.decode(value),
    )


TEXT = Codec(text, text)
TIME = Codec(datetime.isoformat, _time)
BYTES = Codec(lambda value: base64.b64encode(value).decode("ascii"), _bytes)
