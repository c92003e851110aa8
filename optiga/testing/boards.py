"""An emulated chip on a board that is served for other programs: firmware, tools, libraries."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from optiga.arguments import takes
from optiga.contexts import context
from optiga.emulator.boards import (
    Chip,
    Place,
    Serve,
    ft260_place,
    i2c_place,
    serve_ft260,
    serve_i2c,
    serve_uart,
    serve_uart_on_pty,
    serve_uart_on_tcp,
    uart_place,
)
from optiga.emulator.running import own_socket, served
from optiga.emulator.shims import HIDRAW, I2CDEV, LIBUSB, build_shims
from optiga.errors import ConfigurationError
from optiga.testing.benches import Bench, Snapshot, WatchedChip, open_watched

BOARD_KINDS = ("uart", "pty", "tcp", "i2c", "ft260")
"""What a served board can be: the bridge firmware on a serial device (``pty``) or a TCP port, ``uart`` for the one that
the system has; an I2C bus; the FT260 USB board."""


class Board(Bench):
    """An emulated chip on a served board. Made by :func:`optiga.testing.served_board`.

    :ivar kind: one of :data:`BOARD_KINDS`.
    :ivar port: port of the board, for ``--port`` and :func:`optiga.open_chip`. For ``i2c`` and ``ft260``, it exists
        only for programs that run with :attr:`environment`.
    """

    def __init__(self, chip: WatchedChip, kind: str, *, real_timing: bool = False) -> None:
        super().__init__(chip, real_timing=real_timing)
        self.kind: str = kind
        self._place = Place("", {})

    def __repr__(self) -> str:
        return f"<Board {self.kind} at {self.port!r} with an emulated {self.model}, {len(self.commands)} commands>"

    @property
    def port(self) -> str:
        """Port of the board."""
        return self._place.port

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for programs that use the board: those of this process, the port in ``OPTIGA_PORT``,
        and variables that make the bus or USB board visible.
        """
        return {**os.environ, "OPTIGA_PORT": self.port, **self._place.variables}

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve the board. A context manager."""
        with ExitStack() as stack:
            announced = stack.enter_context(served(self._serve(stack)))
            self._place = _PLACES.get(self.kind, uart_place)(announced)
            yield

    def _serve(self, stack: ExitStack) -> Serve:
        chip = Chip(self._chip, self._execute, self._is_slow, self.errors.append, self._controls)
        if self.kind == "i2c":
            return serve_i2c(chip, stack.enter_context(own_socket()))
        if self.kind == "ft260":
            return serve_ft260(chip, stack.enter_context(own_socket()))
        if self.kind == "tcp":
            return serve_uart_on_tcp(chip, "127.0.0.1", 0)
        return serve_uart(chip) if self.kind == "uart" else serve_uart_on_pty(chip)


_PLACES: dict[str, Callable[[str], Place]] = {"i2c": i2c_place, "ft260": ft260_place}
"""Of the kinds that a program is shown by a library."""


@takes
@context("served_board() as board")
def served_board(
    kind: str = "uart",
    model: str | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    state: Mapping[str, Any] | Snapshot | None = None,
    real_timing: bool = False,
) -> Iterator[Board]:
    """Serve an emulated chip on a board. A context manager.

    :param kind: one of :data:`BOARD_KINDS`. ``i2c`` and ``ft260`` need Linux and, the first time, a C compiler.
    :raises ConfigurationError: if this computer cannot serve this kind; otherwise as :func:`optiga.testing.bench`.
    :raises BoardError: if the board cannot be served.
    """
    if kind not in BOARD_KINDS:
        raise ConfigurationError(f"{kind!r} is not a kind of board", hint=f"Use one of {', '.join(BOARD_KINDS)}")
    check_kind(kind)
    chip = open_watched(model, file=file, state=state)
    try:
        board = Board(chip, kind, real_timing=real_timing)
        with board.served():
            yield board
    finally:
        chip.close()


def check_kind(kind: str) -> None:
    """Make sure that this computer can serve a kind of board.

    :raises ConfigurationError: if it cannot.
    """
    if kind == "i2c":
        build_shims(I2CDEV)
    elif kind == "ft260":
        build_shims(HIDRAW, LIBUSB)
    elif kind == "pty" and sys.platform == "win32":
        raise ConfigurationError("Windows has no pseudo terminals", hint="Take tcp")
