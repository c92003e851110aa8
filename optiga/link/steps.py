"""The steps of a conversation, which a driver executes: send bytes, wait.

A conversation is a generator of steps. It is resumed with a :class:`Heard` behind each of them: the time, in seconds
from any start, and what has come meanwhile. It has no clock, no line and no log of its own.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Send(NamedTuple):
    """Send bytes.

    :param hides: whether they carry a secret, so that no log may show them.
    :param is_filler: whether they say nothing, so that no log need show them.
    """

    data: bytes
    hides: bool = False
    is_filler: bool = False


class Wait(NamedTuple):
    """Wait until bytes come.

    :param seconds: for so long at the most; 0 for what is there already.
    :param hides: whether what comes may carry a secret.
    """

    seconds: float
    hides: bool = False


class Note(NamedTuple):
    """Tell people who want to know what happened to the line. Takes no time."""

    text: str


class Heard(NamedTuple):
    """What a conversation learns behind each of its steps.

    :param now: the time.
    :param data: what has come; nothing where nothing came in time, or nothing was waited for.
    """

    now: float
    data: bytes = b""


Step = Send | Wait | Note
Conversation = Generator[Step, Heard, T]
