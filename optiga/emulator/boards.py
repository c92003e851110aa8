"""The kinds of boards that an emulated chip can be on, for programs that are not this one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from optiga.emulator.board import Board, bus_server
from optiga.emulator.board.faulty import FaultyBoard, FaultySlave, take_delay_s
from optiga.emulator.board.ft260 import Ft260Board
from optiga.emulator.board.i2c_slave import SHORT_STARTUP_S, I2cSlave
from optiga.emulator.chip import EmulatedChip
from optiga.emulator.controls import Controls
from optiga.emulator.server import Announce, Stop, serve_pty, serve_tcp
from optiga.emulator.shims import HIDRAW, I2CDEV, LIBUSB, build_shims
from optiga.emulator.timing import work_on_i2c_s
from optiga.errors import BoardError, ConfigurationError
from optiga.link.i2c.registers import STARTUP_S

Report = Callable[[BoardError], None]
Serve = Callable[[Announce, Stop], None]
"""Serves a board until it is stopped, and announces once where it is."""

RESET_PIN, SUPPLY_PIN = 17, 27
"""GPIO numbers of a Raspberry Pi with Infineon's shield: the chip's reset, and the switch of its supply."""
_SEPARATORS = " :"
"""What separates the libraries in ``LD_PRELOAD``."""


class Chip(NamedTuple):
    """A chip that is to be served.

    :param execute: what answers behind a UART: the chip, in its time, and whoever looks on.
    :param is_slow: whether commands take as long as the manual says.
    :param report: is told why the chip did not answer.
    :param controls: by which others disturb its line, and reset it with its bus; None if nobody does.
    """

    chip: EmulatedChip
    execute: Callable[[bytes], bytes]
    is_slow: bool
    report: Report
    controls: Controls | None = None


class Place(NamedTuple):
    """Where a program finds a board.

    :param port: as this tool names it.
    :param variables: of the program's environment.
    """

    port: str
    variables: Mapping[str, str]


def serve_uart(chip: Chip) -> Serve:
    """Serve a chip on a board with a UART: as a serial device, on Windows behind a TCP port of this computer."""
    return serve_uart_on_tcp(chip, "127.0.0.1", 0) if sys.platform == "win32" else serve_uart_on_pty(chip)


def serve_uart_on_pty(chip: Chip, link: Path | None = None) -> Serve:
    """Serve a chip on a board with a UART that is a serial device, as :func:`~optiga.emulator.server.serve_pty`."""
    board = _board(chip)
    return lambda announce, stop: serve_pty(board, link, announce=announce, stop=stop)


def serve_uart_on_tcp(chip: Chip, host: str, port: int) -> Serve:
    """Serve a chip on a board with a UART behind a TCP port, as :func:`~optiga.emulator.server.serve_tcp`."""
    board = _board(chip)
    return lambda announce, stop: serve_tcp(board, host, port, announce=announce, stop=stop)


def serve_i2c(chip: Chip, socket: Path) -> Serve:
    """Serve a chip on an I2C bus behind a Unix socket. POSIX only.

    GPIO17 and GPIO27, where a program sets them, reset the chip as on Infineon's shield.
    """
    slave = _slave(chip)

    def set_pin(number: int, is_high: bool) -> None:
        if number in (RESET_PIN, SUPPLY_PIN) and is_high:
            slave.reset()

    def serve(announce: Announce, stop: Stop) -> None:
        bus_server.serve_i2c(slave, socket, announce=announce, stop=stop, on_pin=set_pin, report=chip.report)

    return serve


def serve_ft260(chip: Chip, socket: Path) -> Serve:
    """Serve a chip behind an FT260 USB board on a Unix socket. Linux only."""
    slave = _slave(chip)
    board = Ft260Board(slave, on_reset=lambda _: slave.reset(), report=chip.report)

    def serve(announce: Announce, stop: Stop) -> None:
        bus_server.serve_ft260(board, socket, announce=announce, stop=stop)

    return serve


def uart_place(announced: str) -> Place:
    """Where a program finds a board with a UART."""
    return Place(announced, {})


def i2c_place(announced: str) -> Place:
    """Where a program finds an I2C bus that is served on a socket.

    :raises ConfigurationError: if it cannot be shown one.
    """
    return Place("/dev/i2c-1", {"I2C_SHIM": announced, "I2C_SHIM_GPIO": "1", **_preload(build_shims(I2CDEV))})


def ft260_place(announced: str) -> Place:
    """Where a program finds an FT260 that is served on a socket.

    :raises ConfigurationError: if it cannot be shown one.
    """
    return Place("ft260", {"FT260_SHIM": announced, **_preload(build_shims(HIDRAW, LIBUSB))})


def _board(chip: Chip) -> Board:
    """The board with a UART of a chip."""
    if chip.controls is None:
        return Board(chip.execute, report=chip.report)
    return FaultyBoard(chip.execute, chip.controls.faults, wait=time.sleep, report=chip.report)


def _slave(chip: Chip) -> I2cSlave | FaultySlave:
    """A chip on a bus."""
    controls = chip.controls

    def work_s(command: bytes, answer: bytes) -> float:
        late_s = 0.0 if controls is None else take_delay_s(controls.faults)
        return late_s + (work_on_i2c_s(command, answer) if chip.is_slow else 0.0)

    slave = I2cSlave(
        chip.chip,
        work_s=work_s,
        is_delayed=chip.is_slow,
        startup_s=STARTUP_S if chip.is_slow else SHORT_STARTUP_S,
        report=chip.report,
    )
    if controls is None:
        return slave
    controls.bus = FaultySlave(slave, controls.faults)
    return controls.bus


def _preload(libraries: list[Path]) -> dict[str, str]:
    """The variable that has a program loaded with libraries in front of the system's.

    :raises ConfigurationError: if their paths cannot stand in it.
    """
    words = [str(library) for library in libraries]
    if any(separator in word for word in words for separator in _SEPARATORS):
        raise ConfigurationError(
            f"{libraries[0].parent}: libraries cannot be loaded from a folder with a space or a colon in its name",
            hint="Set XDG_CACHE_HOME to another folder",
        )
    before = os.environ.get("LD_PRELOAD", "")
    return {"LD_PRELOAD": ":".join([*words, before] if before else words)}
