"""The boards there are: serial ports, FT260 boards, I2C buses; which are one, and what it takes to use them."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import BoardError, ConfigurationError, Reason, capitalized, naming
from optiga.files.locks import PortLock, lock_path_for_port
from optiga.link.ft260.codes import PRODUCT, VENDOR
from optiga.link.i2c.registers import STATE_SIZE, Register, State
from optiga.transport.hid_boards import list_boards, obstacle
from optiga.transport.i2c_adapters import list_adapters
from optiga.transport.i2cdev import I2cDevice
from optiga.transport.linux_devices import LinuxDevices
from optiga.transport.permission import permission_hint

if TYPE_CHECKING:
    from optiga.transport.i2c_adapters import I2cAdapter

_USB_IDENTITIES = {
    (0x04B4, 0xF154): "KitProg3 of a PSOC 6 kit",
    (0x04B4, 0xF155): "KitProg3 of a PSOC 6 kit",
    (0x04B4, 0xF166): "KitProg3 of a PSOC 6 kit",
    (0x058B, 0x0058): "USB port of an XMC4700 kit (IFX CDC)",
}
"""Vendor and product of the kits that Infineon publishes bridge firmware for."""
_PRODUCTS = {"KitProg3": "KitProg3 by its name", "IFX CDC": "IFX CDC by its name"}
"""Names that Infineon's own host software goes by; they cover kits with other product numbers."""
PORT = "OPTIGA_PORT"
"""The variable from which the command line has its port."""
_LOOKS = 5
"""How often a chip is looked for: asleep, it does not acknowledge the first time."""
_LOOK_S = 0.005
_OTHERS_LOOK_S = 0.3
"""How long another process is given to look, in seconds; one that takes longer uses the bus."""


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A port of this machine, which may be that of a board.

    :param device: the name to give as a port.
    :param description: what the system calls it.
    :param usb_id: vendor and product on USB in hex, ``0403:6030``; empty where it is on no USB, or nobody knows.
    :param is_board: whether it is known to be that of a board: by its USB identity, or by a chip that answers there.
    :param why: what that judgement rests on.
    :param kind: ``serial``, ``ft260`` or ``i2c``.
    :param needs: what must be done before it can be used; empty if nothing is known.
    """

    device: str
    description: str
    usb_id: str
    serial_number: str
    is_board: bool
    why: str
    kind: str = "serial"
    needs: str = ""


def list_ports(devices: LinuxDevices | None = None, *, look: bool = True) -> list[FoundPort]:
    """Every port of this machine, boards first.

    An I2C bus is asked for a chip only where its adapter is known to be none that something else hangs on.

    :param devices: what Linux tells of its devices.
    :param look: whether a bus is asked at all; else nothing is opened.
    """
    system = devices or LinuxDevices()
    adapters = list_adapters(system)
    boards = dict(_ft260_boards(system, {adapter.device for adapter in adapters}))
    buses = (_describe_bus(adapter, look=look) for adapter in adapters if adapter.place not in boards)
    ports = [*_serial_ports(), *boards.values(), *buses]
    return sorted(ports, key=lambda port: (not port.is_board, port.kind != "serial", port.device))


def find_board() -> str:
    """The port of the one board that is plugged in and can be used.

    :raises BoardError: if there is none, or more than one.
    :raises ConfigurationError: if a package is missing for the one that there is.
    """
    boards = [port for port in list_ports() if port.is_board]
    usable = [board for board in boards if not board.needs]
    if len(usable) == 1:
        return usable[0].device
    if usable:
        names = ", ".join(board.device for board in usable)
        raise BoardError(
            f"more than one board is plugged in: {names}",
            hint=naming("Choose one with {port=PORT}{variable}", variable=_variable()),
            reason=Reason.AMBIGUOUS,
        )
    if boards:
        first = boards[0]
        if first.kind == "ft260":
            list_boards()  # what is not installed is the same mistake as where the port is named
        raise BoardError(
            "the board cannot be used yet", hint=capitalized(first.needs), port=first.device, reason=Reason.DENIED
        )
    raise BoardError(
        "no personalization board found",
        hint=naming(
            "Connect a board ('python -m optiga boards' lists the connected boards), give its port with {port=PORT}, "
            "or use an emulated chip with {port=emulator}{variable}",
            variable=_variable(),
        ),
        reason=Reason.NO_BOARD,
    )


def _variable() -> str:
    """How a program uses the port of a variable that only the command line reads, as the end of a hint."""
    said = f'. {PORT} is set, but programs do not read it: give os.environ["{PORT}"]'
    return said if os.environ.get(PORT) else ""


_NOT_KNOWN = "n/a"
"""What pyserial calls a port of which the system says nothing."""


def _serial_ports() -> Iterator[FoundPort]:
    from serial.tools import list_ports as serial_ports

    for info in serial_ports.comports():
        yield _describe(
            info.device,
            info.product or ("" if info.description == _NOT_KNOWN else info.description or ""),
            None if info.vid is None or info.pid is None else (info.vid, info.pid),
            info.serial_number or "",
        )


def _ft260_boards(system: LinuxDevices, buses: Collection[str]) -> Iterator[tuple[str, FoundPort]]:
    """FT260 boards by their names; also those that nothing but the kernel's list of USB devices shows.

    :param buses: the I2C buses that are listed. A board that can be used as one of them alone is left to it.
    """
    usb_id, missing = f"{VENDOR:04x}:{PRODUCT:04x}", ""
    try:
        boards = list_boards(devices=system)
    except ConfigurationError as error:
        missing = f"{error.message}. {error.hint}"
        boards = list_boards(modules=[], devices=system)
    for board in boards:
        seen = obstacle(board, system if sys.platform.startswith("linux") else None)
        needs = missing or ("" if seen is None else f"{seen.message}. {seen.hint}")
        if needs and board.i2c_bus in buses:
            continue
        device = "ft260" if len(boards) == 1 else f"ft260:{board.name}"
        why = f"FT260 on USB at {board.name}"
        yield board.name, FoundPort(device, "FT260", usb_id, "", True, why, "ft260", needs)


def _describe_bus(adapter: I2cAdapter, *, look: bool) -> FoundPort:
    if os.path.exists(adapter.device) and not os.access(adapter.device, os.R_OK | os.W_OK):  # noqa: PTH110
        needs = f"no permission to open it. {permission_hint(adapter.device, group='i2c')}"
        seen = _Seen(adapter.is_ft260, adapter.why, needs)
    else:
        seen = _look_for_chip(adapter) if look and adapter.may_be_probed else _Seen(False, adapter.why)
    return FoundPort(adapter.device, adapter.name, "", "", seen.is_board, seen.why, "i2c", seen.needs)


class _Seen(NamedTuple):
    """What is seen of a bus, as :class:`FoundPort` has it."""

    is_board: bool
    why: str
    needs: str = ""


def _look_for_chip(adapter: I2cAdapter) -> _Seen:
    """Whether a chip answers on a bus: I2C_STATE is looked at, and nothing else."""
    try:
        lock = PortLock(lock_path_for_port(adapter.lock), port=adapter.device, wait_s=_OTHERS_LOOK_S)
        lock.acquire()
    except BoardError as error:  # somebody has found a chip there
        return _Seen(True, error.message)
    try:
        bus = I2cDevice(adapter.device)
        try:
            for _ in range(_LOOKS):
                if bus.write(bytes([Register.I2C_STATE])) and (data := bus.read(STATE_SIZE)) is not None:
                    State.decode(data)
                    return _Seen(True, "a chip answers at 0x30")
                bus.wait(_LOOK_S)
        finally:
            bus.close()
    except BoardError as error:
        return _Seen(False, error.message, error.hint)
    except ValueError:
        return _Seen(False, "the device at 0x30 is not an OPTIGA Trust chip")
    finally:
        lock.release(done=not lock.was_left)  # whoever opens it must know, too
    return _Seen(False, "no chip answers at 0x30")


def _describe(device: str, description: str, usb_id: tuple[int, int] | None, serial_number: str) -> FoundPort:
    if usb_id is None:
        return FoundPort(device, description, "", serial_number, is_board=False, why="not a USB port")
    known = _USB_IDENTITIES.get(usb_id) or next(
        (why for name, why in _PRODUCTS.items() if name.lower() in description.lower()), None
    )
    text = f"{usb_id[0]:04x}:{usb_id[1]:04x}"
    why = known or f"USB identity {text} does not belong to a known board"
    return FoundPort(device, description, text, serial_number, is_board=known is not None, why=why)
