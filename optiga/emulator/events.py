"""What an emulated chip has executed, for people and programs that look on: no data, no secrets."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from importlib import import_module
from queue import Full, Queue

from optiga.emulator import commands
from optiga.emulator.fields import AT_THE_BEGINNING
from optiga.emulator.shared_chip import Executed
from optiga.emulator.timing import work_s
from optiga.protocol import apdu, tlv
from optiga.protocol.codes import CommandCode
from optiga.protocol.commands import calc_hash
from optiga.protocol.objects import format_oid

MOST_KEPT = 1000
"""Events that are kept for who asks later."""
_MOST_WAITING = 10_000
"""Events that wait for somebody who looks on and does not take them."""
DONE = "done"
"""The result of a command that the chip has not refused."""
_OID_SIZE = 2
_STEPS = 0x07
"""Bits of a tag of CalcHash that say the step."""


@dataclass(frozen=True, slots=True)
class Event:
    """A command that a chip has executed.

    :param command: as the manual names it, for example ``GetDataObject``; its code in hex where there is none.
    :param object: identifier of the object that the command names first, for example ``0xE0F1``; None if it names
        none.
    :param result: ``done``, or the chip's error as ``0x07 access conditions not satisfied``; ``not executed`` if the
        file of the chip could not be written.
    :param milliseconds: how long the chip worked on it; with real timing as long as a real one.
    """

    command: str
    object: str | None
    result: str
    milliseconds: float


class Events:
    """The newest events, and who looks on.

    :param is_slow: whether the chip takes as long as a real one.
    """

    def __init__(self, *, is_slow: bool = False) -> None:
        self._is_slow = is_slow
        self._lock = threading.Lock()
        self._kept: deque[Event] = deque(maxlen=MOST_KEPT)
        self._followers: list[Queue[Event]] = []

    def record(self, executed: Executed) -> None:
        """Tell of a command; who takes no events for long is told of no more."""
        event = event_of(executed, is_slow=self._is_slow)
        with self._lock:
            self._kept.append(event)
            for follower in list(self._followers):
                try:
                    follower.put_nowait(event)
                except Full:
                    self._followers.remove(follower)

    def kept(self) -> list[Event]:
        """The newest, up to :data:`MOST_KEPT`, in their order."""
        with self._lock:
            return list(self._kept)

    def follow(self) -> Queue[Event]:
        """A queue with those that are kept, into which all that come are put; to be given to :meth:`leave`."""
        queue: Queue[Event] = Queue(_MOST_WAITING)
        with self._lock:
            for event in self._kept:
                queue.put_nowait(event)
            self._followers.append(queue)
        return queue

    def leave(self, queue: Queue[Event]) -> None:
        """Look on no more."""
        with self._lock:
            if queue in self._followers:
                self._followers.remove(queue)

    def is_followed_by(self, queue: Queue[Event]) -> bool:
        """Whether events still come into a queue: not if nobody has taken them for too long."""
        with self._lock:
            return queue in self._followers


def event_of(executed: Executed, *, is_slow: bool = False) -> Event:
    """What may be told of a command that was executed.

    :param is_slow: whether the time is that of a real chip.
    """
    command, answer = executed.command, executed.answer
    code = apdu.command_code(command) if command else 0
    known = code if code in list(CommandCode) else None
    seconds = work_s(command, answer) if is_slow and answer is not None and len(command) > 1 else executed.seconds
    result = DONE if executed.error is None else f"0x{executed.error:02X} {executed.error.title}"
    return Event(
        f"0x{code:02X}" if known is None else CommandCode(code).title,
        None if known is None else _object_of(CommandCode(code), command[apdu.HEADER_SIZE :]),
        "not executed" if answer is None else result,
        round(max(seconds, executed.seconds) * 1000, 3),
    )


def _object_of(code: CommandCode, data: bytes) -> str | None:
    """The identifier of the object that the data of a command name first."""
    tag: int | None = getattr(import_module(f"{commands.__name__}.{code.name.lower()}"), "OBJECT_TAG", None)
    if tag == AT_THE_BEGINNING:
        return _named(data[:_OID_SIZE])
    try:
        tags = dict(tlv.decode(data))
    except ValueError:
        return None
    if code is CommandCode.CALC_HASH:
        parts = (value for each, value in tags.items() if each & ~_STEPS == calc_hash.OBJECT_INPUT)
        return _named(next(parts, b"")[:_OID_SIZE])
    return None if tag is None else _named(tags.get(tag, b""))


def _named(oid: bytes) -> str | None:
    return format_oid(int.from_bytes(oid, "big")) if len(oid) == _OID_SIZE else None
