"""A transport that knows its answers beforehand."""

from __future__ import annotations

from optiga.protocol import apdu
from optiga.protocol.request import Request

OK = apdu.encode_answer()
REFUSED = apdu.encode_answer(ok=False)
ASK_LAST_ERROR = bytes.fromhex("01000006f1c200000001")


def answer(data: str | bytes) -> bytes:
    """An answer without error."""
    return apdu.encode_answer(bytes.fromhex(data) if isinstance(data, str) else data)


class ScriptedTransport:
    """Gives one answer after another; the first is to OpenApplication."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = [OK, *answers]
        self.sent: list[bytes] = []
        self.closed = False

    def exchange(self, request: Request) -> bytes:
        self.sent.append(request.apdu)
        return self.answers.pop(0)

    def close(self) -> None:
        self.closed = True
