"""The serial ports there are, and which of them belong to a personalization board."""

from __future__ import annotations

from dataclasses import dataclass

from optiga.errors import BoardError

_USB_IDENTITIES = {
    (0x04B4, 0xF154): "KitProg3 of a PSOC 6 kit",
    (0x04B4, 0xF155): "KitProg3 of a PSOC 6 kit",
    (0x04B4, 0xF166): "KitProg3 of a PSOC 6 kit",
    (0x058B, 0x0058): "USB port of an XMC4700 kit (IFX CDC)",
}
"""Vendor and product of the kits that Infineon publishes bridge firmware for."""
_PRODUCTS = {"KitProg3": "KitProg3 by its name", "IFX CDC": "IFX CDC by its name"}
"""Names that Infineon's own host software goes by; they cover kits with other product numbers."""


@dataclass(frozen=True)
class SerialPort:
    """A serial port of this machine.

    :param device: the name to give as a port.
    :param is_board: whether its USB identity is that of a personalization board.
    :param why: what that judgement rests on.
    """

    device: str
    description: str
    usb_id: str
    serial_number: str
    is_board: bool
    why: str


def list_ports() -> list[SerialPort]:
    """Every serial port of this machine, boards first."""
    from serial.tools import list_ports as serial_ports

    ports = [
        _describe(
            info.device,
            info.product or info.description or "",
            None if info.vid is None or info.pid is None else (info.vid, info.pid),
            info.serial_number or "",
        )
        for info in serial_ports.comports()
    ]
    return sorted(ports, key=lambda port: (not port.is_board, port.device))


def find_board() -> str:
    """Device name of the one personalization board that is plugged in.

    :raises BoardError: if there is none, or more than one.
    """
    boards = [port for port in list_ports() if port.is_board]
    if not boards:
        raise BoardError(
            "no personalization board found",
            hint="Plug one in ('boards' shows what is there), name its port with --port PORT, or work on an emulated "
            "chip with --port emulator",
        )
    if len(boards) > 1:
        names = ", ".join(board.device for board in boards)
        raise BoardError(f"more than one board is plugged in: {names}", hint="Choose one with --port PORT")
    return boards[0].device


def _describe(device: str, description: str, usb_id: tuple[int, int] | None, serial_number: str) -> SerialPort:
    if usb_id is None:
        return SerialPort(device, description, "", serial_number, is_board=False, why="not a USB port")
    known = _USB_IDENTITIES.get(usb_id) or next(
        (why for name, why in _PRODUCTS.items() if name.lower() in description.lower()), None
    )
    text = f"{usb_id[0]:04x}:{usb_id[1]:04x}"
    why = known or f"USB identity {text} is of no known board"
    return SerialPort(device, description, text, serial_number, is_board=known is not None, why=why)
