"""An emulated chip on a board, served for programs that are not this one: firmware's host side, tools, libraries."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from optiga.emulator.board.bus_server import serve_ft260, serve_i2c
from optiga.emulator.board.ft260 import Ft260Board
from optiga.emulator.board.i2c_slave import I2cSlave
from optiga.emulator.boards import RESET_PIN, SUPPLY_PIN, Place, Serve, ft260_place, i2c_place, uart_place
from optiga.emulator.running import own_socket, served
from optiga.emulator.server import Announce, Stop, serve_pty, serve_tcp
from optiga.emulator.shims import HIDRAW, I2CDEV, LIBUSB, build_shims
from optiga.emulator.timing import work_on_i2c_s
from optiga.errors import ConfigurationError
from optiga.link.i2c.registers import STARTUP_S
from optiga.testing.benches import Bench, Snapshot, WatchedChip, open_watched
from optiga.testing.lines import FaultyBoard, FaultySlave, take_delay_s

BOARD_KINDS = ("uart", "pty", "tcp", "i2c", "ft260")
"""What a served board can be: the bridge firmware on a serial device (``pty``) or a TCP port, ``uart`` for the one that
the system has; an I2C bus; the FT260 USB board."""


class Board(Bench):
    """An emulated chip on a board that is served. Made by :func:`optiga.testing.served_board`.

    :ivar kind: one of :data:`BOARD_KINDS`.
    :ivar port: where a program finds the board, as ``--port`` and :func:`optiga.open_chip` take it. That of ``i2c``
        and ``ft260`` is there only for programs that are run with :attr:`environment`.
    """

    def __init__(self, chip: WatchedChip, kind: str, *, real_timing: bool = False) -> None:
        super().__init__(chip, real_timing=real_timing)
        self.kind: str = kind
        self._place = Place("", {})
        self._bus: FaultySlave | None = None

    def __repr__(self) -> str:
        return f"<Board {self.kind} at {self.port!r} with an emulated {self.model}, {len(self.commands)} commands>"

    @property
    def port(self) -> str:
        """Where a program finds the board."""
        return self._place.port

    @property
    def environment(self) -> dict[str, str]:
        """The environment to run a program with: this process's own, the port in ``OPTIGA_PORT``, and what shows a
        program the bus or the USB board.
        """
        return {**os.environ, "OPTIGA_PORT": self.port, **self._place.variables}

    def power_cycle(self) -> None:
        super().power_cycle()
        if self._bus is not None:
            self._bus.reset()

    def restore(self, snapshot: Snapshot) -> None:
        super().restore(snapshot)
        if self._bus is not None:
            self._bus.reset()

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve the board for as long as a context lasts."""
        with ExitStack() as stack:
            announced = stack.enter_context(served(self._serve(stack)))
            self._place = _PLACES.get(self.kind, uart_place)(announced)
            yield

    def _serve(self, stack: ExitStack) -> Serve:
        if self.kind in _PLACES:
            return self._serve_bus(stack.enter_context(own_socket()))
        board = FaultyBoard(self._execute, self.faults, wait=time.sleep, report=self.errors.append)
        if self.kind == "tcp" or (self.kind == "uart" and sys.platform == "win32"):
            return lambda announce, stop: serve_tcp(board, "127.0.0.1", 0, announce=announce, stop=stop)
        return lambda announce, stop: serve_pty(board, announce=announce, stop=stop)

    def _serve_bus(self, socket: Path) -> Serve:
        slave = I2cSlave(
            self._chip,
            work_s=self._work_s,
            is_delayed=self._is_slow,
            startup_s=STARTUP_S if self._is_slow else _SHORT_STARTUP_S,
            report=self.errors.append,
        )
        self._bus = bus = FaultySlave(slave, self.faults)

        def set_pin(number: int, is_high: bool) -> None:
            if number in (RESET_PIN, SUPPLY_PIN) and is_high:
                bus.reset()

        def serve(announce: Announce, stop: Stop) -> None:
            if self.kind == "i2c":
                serve_i2c(bus, socket, announce=announce, stop=stop, on_pin=set_pin, report=self.errors.append)
                return
            board = Ft260Board(bus, on_reset=lambda _: bus.reset(), report=self.errors.append)
            serve_ft260(board, socket, announce=announce, stop=stop)

        return serve

    def _work_s(self, command: bytes, answer: bytes) -> float:
        return take_delay_s(self.faults) + (work_on_i2c_s(command, answer) if self._is_slow else 0.0)


_SHORT_STARTUP_S = 0.002
_PLACES: dict[str, Callable[[str], Place]] = {"i2c": i2c_place, "ft260": ft260_place}
"""Of the kinds that a program is shown by a library."""


@contextmanager
def served_board(
    kind: str = "uart",
    model: str | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    state: Mapping[str, Any] | Snapshot | None = None,
    real_timing: bool = False,
) -> Iterator[Board]:
    """An emulated chip on a board that is served for as long as a context lasts.

    :param kind: one of :data:`BOARD_KINDS`. ``i2c`` and ``ft260`` need Linux and a C compiler, once.
    :raises ConfigurationError: if there is no such kind here; otherwise as :func:`optiga.testing.bench`.
    :raises BoardError: if it cannot be served.
    """
    if kind not in BOARD_KINDS:
        raise ConfigurationError(f"{kind!r} is no kind of board", hint=f"One of {', '.join(BOARD_KINDS)}")
    check_kind(kind)
    chip = open_watched(model, file=file, state=state)
    try:
        board = Board(chip, kind, real_timing=real_timing)
        with board.served():
            yield board
    finally:
        chip.close()


def check_kind(kind: str) -> None:
    """Make sure that this computer has what a kind of board needs.

    :raises ConfigurationError: if it has not.
    """
    if kind == "i2c":
        build_shims(I2CDEV)
    elif kind == "ft260":
        build_shims(HIDRAW, LIBUSB)
    elif kind == "pty" and sys.platform == "win32":
        raise ConfigurationError("there are no pseudo terminals on Windows", hint="Take tcp")
