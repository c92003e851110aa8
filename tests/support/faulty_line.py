"""A line to an emulated board with a clock of its own, which loses, damages and delays bytes as it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from optiga.emulator import Board
from optiga.link import uart_frame as frame

BYTES_PER_S = 11520
PIECE = 62
"""Bytes that arrive together, as over a USB bridge."""


@dataclass
class Fault:
    """What happens to one exchange, or to it and all behind it.

    :param exchange: the exchange it happens to, counted from 0 by commands sent (a repeated command is a new one).
    """

    exchange: int
    persists: bool = False
    towards_board: Callable[[bytes], bytes] = lambda data: data
    from_board: Callable[[bytes], bytes] = lambda data: data
    delay_s: float = 0.0

    def concerns(self, exchange: int) -> bool:
        return exchange == self.exchange or (self.persists and exchange > self.exchange)


def lose_byte(position: int) -> Callable[[bytes], bytes]:
    """A byte of a frame is lost; negative positions count from its end."""

    def lose(data: bytes) -> bytes:
        kept = bytearray(data)
        del kept[position]
        return bytes(kept)

    return lose


def lose_last_byte(data: bytes) -> bytes:
    """The last byte of a frame is lost. The host's filler must not stand in for it, as it would for a zero."""
    return data[:-1] if data[-1] else data[:-2] + bytes([data[-2] ^ 0xFF])


def damage_crc(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 0xFF])


FAULTS: dict[str, Fault] = {
    "wrong CRC": Fault(0, from_board=damage_crc),
    "answer dropped": Fault(0, from_board=lambda _: b""),
    "half an answer": Fault(0, from_board=lambda data: data[: len(data) // 2]),
    "noise before": Fault(0, from_board=lambda data: b"\x00\xff\xbe\xef" + data),
    "noise with a start sequence before": Fault(0, from_board=lambda data: frame.START + b"\x00\x09no" + data),
    "ff ff": Fault(0, from_board=lambda _: frame.ERROR),
    "3 s late": Fault(0, delay_s=3.0),
    "byte of the start sequence lost": Fault(0, towards_board=lose_byte(1)),
    "first byte of the length lost": Fault(0, towards_board=lose_byte(4)),
    "second byte of the length lost": Fault(0, towards_board=lose_byte(5)),
    "byte of the APDU lost": Fault(0, towards_board=lose_byte(9)),
    "last byte lost": Fault(0, towards_board=lose_last_byte),
}
HARMLESS = ("noise before", "noise with a start sequence before", "3 s late")
"""Faults that a host lives with however often they happen."""


@dataclass
class FaultyLine:
    """A :class:`optiga.transport.line.Line` with an emulated board at its end.

    ``sent`` holds every command frame written, ``carried`` counts all bytes of both directions.
    """

    execute: Callable[[bytes], bytes]
    fault: Fault | None = None
    sent: list[bytes] = field(default_factory=list)
    carried: int = 0
    closed: bool = False

    def __post_init__(self) -> None:
        self._time = 0.0
        self._free_at = 0.0
        self._coming: list[tuple[float, bytes]] = []
        self._board = Board(self.execute)

    def write(self, data: bytes) -> None:
        self._time += len(data) / BYTES_PER_S
        self.carried += len(data)
        fault = None
        if data.startswith(frame.START):
            if self.fault and self.fault.concerns(len(self.sent)):
                fault = self.fault
            self.sent.append(data)
        answer = self._board.feed(fault.towards_board(data) if fault else data)
        if fault and answer:
            answer = fault.from_board(answer)
        if answer:
            self.carried += len(answer)
            self._free_at = max(self._free_at, self._time + (fault.delay_s if fault else 0.0))
            for start in range(0, len(answer), PIECE):
                piece = answer[start : start + PIECE]
                self._free_at += len(piece) / BYTES_PER_S
                self._coming.append((self._free_at, piece))

    def read(self, seconds: float) -> bytes:
        if self._coming and self._coming[0][0] <= self._time + seconds:
            when, data = self._coming.pop(0)
            self._time = max(self._time, when)
            return data
        self._time += seconds
        return b""

    def now(self) -> float:
        return self._time

    def close(self) -> None:
        self.closed = True
