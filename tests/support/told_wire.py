"""An emulated chip behind a wire that does to a command what it is told."""

from __future__ import annotations

from collections.abc import Callable

from optiga.emulator import EmulatedChip
from optiga.protocol import apdu
from optiga.protocol.request import Request


class Wire:
    """The wire.

    :ivar before: what happens in place of a command, by its code; it raises, or gives an answer.
    :ivar change: what becomes of a good answer.
    """

    def __init__(self) -> None:
        self.chip = EmulatedChip()
        self.sent: list[int] = []
        self.before: dict[int, Callable[[], bytes | None]] = {}
        self.change: dict[int, Callable[[bytes], bytes]] = {}

    def exchange(self, request: Request) -> bytes:
        code = request.apdu[0] & 0x7F
        self.sent.append(code)
        if code in self.before and (given := self.before[code]()) is not None:
            return given
        answer = self.chip.execute(request.apdu)
        if code in self.change:
            return apdu.encode_answer(self.change[code](apdu.decode_answer(answer).data))
        return answer

    def close(self) -> None:
        pass


def raising(error: BaseException) -> Callable[[], bytes | None]:
    def fail() -> bytes | None:
        raise error

    return fail
